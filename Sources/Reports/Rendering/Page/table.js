// All documents: filtered, sorted, and only the rows in sight in the page.

// A row: name, shard, source, kept, special, sink, undefined, limit, combined p, flagged, z, p, score, labels.
const NAME = 0, SHARD = 1, SOURCE = 2, KEPT = 3, LIMIT = 7, COMBINED = 8, FLAGGED = 9, Z = 10, P = 11,
  SCORE = 12, LABELS = 13;
const ROW_HEIGHT = 36;

// A shared name by its place, or the name itself; empty for none.
const nameOf = (names, place) => (typeof place === "string" ? place : names[place] || "");

class DocumentTable {
  constructor(data, open) {
    this.data = data;
    this.open = open;
    this.structure = 0;
    this.sort = { key: "z", isDescending: true };
    this.active = 0;
    this.order = data.rows.map((_, place) => place);
    // Searched text, once.
    this.texts = data.rows.map((row) => [row[NAME], nameOf(data.names.shards, row[SHARD]),
      nameOf(data.names.sources, row[SOURCE])].join("\n").toLowerCase());
    const areTested = data.summary.structures.every(isTested);
    this.columns = [
      { key: "name", title: "Document", width: "", value: (row) => row[NAME] },
      { key: "source", title: "Source", width: "14%", kind: "wide",
        value: (row) => nameOf(data.names.sources, row[SOURCE]) },
      { key: "kept", title: "Tokens", width: "6.5rem", kind: "number wide", value: (row) => row[KEPT] },
      { key: "flags", title: "Flagged", width: "24%", kind: "middle", value: (row) => row[FLAGGED].length },
      { key: "all", title: "All structures", width: "10.5rem", kind: "wider", value: null },
      // Only where a structure has no p-values.
      { key: "score", title: "Score", width: "6.5rem", kind: "number",
        value: (row) => row[SCORE][this.structure] },
      { key: "z", title: "z", width: "8rem", kind: "number", value: (row) => row[Z][this.structure] },
      { key: "p", title: "p", width: "6.5rem", kind: "number middle",
        value: (row) => row[P][this.structure] },
      { key: "combined", title: "Together, p", width: "7.5rem", kind: "number wide",
        value: (row) => row[COMBINED] },
    ].filter(({ key }) => data.summary.structures.length > 1 || (key !== "all" && key !== "combined"))
      .filter(({ key }) => key !== "score" || !areTested)
      .filter(({ key }) => isCalibrated(data.summary) || !["all", "z", "p", "combined"].includes(key));
    this.writeHead();
    fill(byId("structure"), {}, data.summary.structures.map((one, place) =>
      el("option", { value: place }, spoken(one.name))));
    byId("find").addEventListener("input", () => this.refresh());
    byId("show").addEventListener("change", () => this.refresh());
    const scroller = byId("scroller");
    scroller.addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(scroller);
    byId("table").addEventListener("keydown", (event) => this.key(event));
    byId("body").addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-place]");
      if (!row) return;
      this.active = Number(row.dataset.place);
      this.draw();
      this.open(this.order[this.active]);
    });
  }

  writeHead() {
    byId("head").append(...this.columns.map((column) => {
      const head = el("th", { scope: "col", class: column.kind, "data-key": column.key });
      head.style.width = column.width;
      if (!column.value) {
        head.append(column.title);
        return head;
      }
      const button = el("button", { type: "button" }, el("span", {}, column.title),
        el("span", { class: "arrow", "aria-hidden": "true" }));
      button.addEventListener("click", () => {
        const isSame = this.sort.key === column.key;
        const isText = column.key === "name" || column.key === "source";
        const isSmall = column.key === "p" || column.key === "combined";
        this.isChosen = true;
        this.sort = {
          key: column.key, isDescending: isSame ? !this.sort.isDescending : !isText && !isSmall };
        this.refresh();
      });
      head.append(button);
      return head;
    }));
  }

  // The choices that make sense for the structure.
  writeChoices() {
    const show = byId("show");
    const before = show.value || "all";
    const name = spoken(this.data.summary.structures[this.structure].name);
    const choices = [["all", "all documents"], ["this", `flagged for ${name}`],
      ["any", "flagged for anything"], ["none", "not flagged"], ["unscored", "without a p-value"],
      ["shown", "with their tokens"]];
    if (this.data.summary.structures[this.structure].labelled) {
      choices.push(["with", `labelled with ${name}`], ["without", `labelled without ${name}`]);
    }
    show.replaceChildren(...choices.map(([value, text]) => el("option", { value }, text)));
    show.value = choices.some(([value]) => value === before) ? before : "all";
  }

  select(structure) {
    this.structure = structure;
    // The order that says most of this structure, unless another column was chosen.
    if (["z", "score"].includes(this.sort.key)) {
      const key = isTested(this.data.summary.structures[structure]) ? "z" : "score";
      if (key !== this.sort.key && !this.isChosen) this.sort = { key, isDescending: true };
    }
    byId("structure").value = String(structure);
    this.writeChoices();
    this.refresh();
  }

  labelOf(row) {
    const name = this.data.summary.structures[this.structure].name;
    const found = (row[LABELS] || []).find(([label]) => nameOf(this.data.names.labels, label) === name);
    return found ? found[1] : null;
  }

  accepts(row, place, kind) {
    switch (kind) {
      case "this": return row[FLAGGED].includes(this.structure);
      case "any": return row[FLAGGED].length > 0;
      case "none": return row[FLAGGED].length === 0;
      case "unscored": return row[Z].every((z) => z === null);
      case "shown": return this.data.samples.has(place);
      case "with": return this.labelOf(row) === 1;
      case "without": return this.labelOf(row) === 0;
      default: return true;
    }
  }

  refresh() {
    const { rows } = this.data;
    const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = byId("show").value;
    const { key, isDescending } = this.sort;
    const { value } = this.columns.find((column) => column.key === key);
    const values = rows.map(value);
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const sign = isDescending ? -1 : 1;
    this.order = [];
    rows.forEach((row, place) => {
      if (this.accepts(row, place, kind) && words.every((word) => this.texts[place].includes(word))) {
        this.order.push(place);
      }
    });
    // What has no value comes last in either direction; equals stay in the run's order.
    this.order.sort((one, other) => {
      const a = values[one];
      const b = values[other];
      if (a === b) return one - other;
      if (a === null) return 1;
      if (b === null) return -1;
      return sign * (typeof a === "string" ? compare(a, b) : a - b) || one - other;
    });
    this.active = 0;
    byId("scroller").scrollTop = 0;
    byId("count").textContent = this.order.length === rows.length ?
      plural(rows.length, "document") : `${count(this.order.length)} of ${plural(rows.length, "document")}`;
    for (const head of byId("head").children) {
      const isSorted = head.dataset.key === key;
      const column = this.columns.find((one) => one.key === head.dataset.key);
      if (column.value) {
        head.setAttribute("aria-sort", isSorted ? (isDescending ? "descending" : "ascending") : "none");
        head.querySelector(".arrow").textContent = isSorted ? (isDescending ? "\u25bc" : "\u25b2") : "";
      }
      if (["z", "p", "score"].includes(column.key)) {
        head.querySelector("button").title =
          `${column.key} of ${spoken(this.data.summary.structures[this.structure].name)}`;
      }
    }
    this.draw();
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.draw();
    });
  }

  // Browsers cut elements off at some height. Beyond the scroller's own limit the scroll bar stands for
  // the table in proportion: `factor` pixels of rows pass for each of its own.
  extent() {
    const scroller = byId("scroller");
    const whole = this.order.length * ROW_HEIGHT;
    const height = Math.min(whole, Number(scroller.dataset.mostHeight));
    const space = scroller.clientHeight - byId("head").offsetHeight;
    const factor = height < whole ? (whole - space) / Math.max(1, height - space) : 1;
    return { height, factor, position: Math.min(scroller.scrollTop * factor, Math.max(0, whole)) };
  }

  draw() {
    const scroller = byId("scroller");
    const total = this.order.length;
    const { height, position } = this.extent();
    const shift = scroller.scrollTop - position;
    // Rows are drawn where they are seen: the ones above take no more room than there is.
    const inSight = Math.min(total, Math.floor(position / ROW_HEIGHT));
    const first = Math.max(0, Math.min(inSight, Math.max(inSight - 6, Math.ceil(-shift / ROW_HEIGHT))));
    const above = Math.max(0, first * ROW_HEIGHT + shift);
    const last = Math.min(total, first + Math.ceil(scroller.clientHeight / ROW_HEIGHT) + 14,
      first + Math.floor((height - above) / ROW_HEIGHT + 0.01));
    const below = height - above - (last - first) * ROW_HEIGHT;
    const rows = [];
    const spacer = (height) => {
      const cell = el("td");
      cell.style.height = `${height}px`;
      return el("tr", { "aria-hidden": "true", class: "spacer" }, cell);
    };
    if (above > 0) rows.push(spacer(above));
    for (let place = first; place < last; place += 1) rows.push(this.row(place));
    if (last < total && below > 0) rows.push(spacer(below));
    if (total === 0) {
      // Columns that the window is too narrow for do not count.
      const columns = [...byId("head").children].filter((head) => head.offsetWidth > 0).length;
      rows.push(el("tr", {}, el("td", { colspan: columns, class: "nothing" }, "No document fits.")));
    }
    byId("body").replaceChildren(...rows);
    const table = byId("table");
    table.setAttribute("aria-rowcount", total + 1);
    // A row that is not drawn cannot be named.
    if (this.active >= first && this.active < last) {
      table.setAttribute("aria-activedescendant", `row-${this.active}`);
    } else {
      table.removeAttribute("aria-activedescendant");
    }
  }

  row(place) {
    const document = this.order[place];
    const row = this.data.rows[document];
    const isFlagged = row[FLAGGED].includes(this.structure);
    return el("tr", {
      id: `row-${place}`, "data-place": place, "data-document": document, "aria-rowindex": place + 2,
      "aria-selected": place === this.active ? "true" : "false",
      class: (place === this.active ? "active" : "") + (isFlagged ? " flagged" : ""),
    }, this.columns.map((column) => this.cell(column, row, document)));
  }

  cell(column, row, document) {
    const structures = this.data.summary.structures;
    switch (column.key) {
      case "name": {
        const isShown = this.data.samples.has(document);
        return el("td", { class: "name", title: plain(row[NAME]) },
          el("span", { class: "has", title: isShown ? "tokens are in this page" : null },
            isShown ? "\u25a4" : ""), named(row[NAME]));
      }
      case "source": return el("td", { class: column.kind }, named(nameOf(this.data.names.sources, row[SOURCE])));
      case "kept": return el("td", { class: column.kind }, count(row[KEPT]));
      case "flags": {
        const names = row[FLAGGED].map((one) => spoken(structures[one].name)).join(", ");
        const limit = nameOf(this.data.names.limits, row[LIMIT]);
        return el("td", { class: column.kind, title: names },
          names || (limit ? el("span", { class: "faint" }, spoken(limit)) : ""));
      }
      case "all": return el("td", { class: column.kind }, strip(row[Z], row[FLAGGED]));
      case "z": {
        const z = row[Z][this.structure];
        const mark = row[FLAGGED].includes(this.structure) ? "\u25b2" : "";
        return el("td", { class: `${column.kind} z` }, zBar(z),
          el("span", { class: "flag", title: mark ? "flagged" : null }, mark), fixed(z, 2));
      }
      case "score": return el("td", { class: column.kind }, short(row[SCORE][this.structure]));
      case "p": return el("td", { class: column.kind }, probability(row[P][this.structure]));
      default: return el("td", { class: column.kind }, probability(row[COMBINED]));
    }
  }

  key(event) {
    if (event.target !== byId("table") || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(byId("scroller").clientHeight / ROW_HEIGHT) - 2);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity,
      End: Infinity };
    if (event.key in moves) {
      event.preventDefault();
      this.move(this.active + moves[event.key]);
    } else if (event.key === "Enter" && this.order.length) {
      event.preventDefault();
      this.open(this.order[this.active]);
    }
  }

  // Makes a row the active one and brings it into sight.
  move(place) {
    this.active = Math.max(0, Math.min(this.order.length - 1, place));
    const scroller = byId("scroller");
    const head = byId("head").offsetHeight;
    const top = this.active * ROW_HEIGHT;
    const space = scroller.clientHeight - head - ROW_HEIGHT;
    const { factor, position } = this.extent();
    if (top < position) scroller.scrollTop = top / factor;
    if (top > position + space) scroller.scrollTop = Math.ceil((top - space) / factor);
    this.draw();
  }

  // The document before or after another one in the table's order; null at the ends.
  neighbour(document, step) {
    const place = this.order.indexOf(document) + step;
    return this.order.includes(document) && place >= 0 && place < this.order.length ?
      this.order[place] : null;
  }

  show(document) {
    const place = this.order.indexOf(document);
    if (place >= 0) this.move(place);
  }
}
