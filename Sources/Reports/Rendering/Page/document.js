// One document: its tokens shaded by what they add, and the scores of its segments.

const REASONS = ["among the highest of a structure", "near a threshold", "chosen by chance"];

class DocumentView {
  constructor(data, table, select) {
    this.data = data;
    this.table = table;
    this.select = select;
    this.dialog = byId("viewer");
    byId("close").addEventListener("click", () => this.dialog.close());
    byId("previous").addEventListener("click", () => this.step(-1));
    byId("next").addEventListener("click", () => this.step(1));
    this.dialog.addEventListener("close", () => byId("table").focus());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) {
        event.preventDefault();
        this.step(step);
      }
    });
  }

  get isOpen() { return this.dialog.open; }

  open(document) {
    this.document = document;
    this.draw();
    if (!this.dialog.open) this.dialog.showModal();
    byId("viewer-title").focus();
    this.dialog.scrollTop = 0;
  }

  step(by) {
    const next = this.table.neighbour(this.document, by);
    if (next === null) return;
    this.table.show(next);
    this.document = next;
    this.draw();
  }

  draw() {
    const { rows, samples, names } = this.data;
    const row = rows[this.document];
    const sample = samples.get(this.document);
    byId("viewer-title").replaceChildren(named(row[NAME]));
    byId("previous").disabled = this.table.neighbour(this.document, -1) === null;
    byId("next").disabled = this.table.neighbour(this.document, 1) === null;
    const masked = row[4] + row[5] + row[6];
    const limit = nameOf(names.limits, row[LIMIT]);
    const source = nameOf(names.sources, row[SOURCE]);
    const facts = [
      `shard ${plain(nameOf(names.shards, row[SHARD]))}`,
      source ? `source ${plain(source)}` : null,
      `${plural(row[KEPT], "token")} read, ${count(masked)} left out`,
      row[COMBINED] === null ? null : `all structures together p = ${probability(row[COMBINED])}`,
      limit ? `no p-values: ${spoken(limit)}` : null,
      sample ? REASONS[sample.why] : null,
    ].filter(Boolean);
    byId("viewer-body").replaceChildren(
      el("p", { class: "viewer-facts" }, facts.join(" \u00b7 ")),
      this.chips(row), ...this.structurePart(row, sample));
  }

  chips(row) {
    const { structures } = this.data.summary;
    return el("div", { class: "chips", role: "group", "aria-label": "Structure that is shown" },
      structures.map((structure, place) => {
        const isFlagged = row[FLAGGED].includes(place);
        const chip = el("button", {
          type: "button", class: `chip${isFlagged ? " flagged" : ""}`, "data-structure": place,
          "aria-pressed": place === this.table.structure ? "true" : "false",
        }, isFlagged ? el("span", { class: "flag", "aria-label": "flagged:" }, "\u25b2 ") : null,
        spoken(structure.name), " ", el("span", { class: "chip-z" },
          isTested(structure) ? fixed(row[Z][place], 1) : short(row[SCORE][place])));
        chip.addEventListener("click", () => {
          this.select(place);
          this.draw();
          this.dialog.querySelector(`.chip[data-structure="${place}"]`).focus();
        });
        return chip;
      }));
  }

  structurePart(row, sample) {
    const place = this.table.structure;
    const structure = this.data.summary.structures[place];
    const label = this.table.labelOf(row);
    const part = sample ? sample.parts[place] : null;
    const figures = [
      ["score", short(row[SCORE][place])],
      ["flagged from", part ? short(part[0]) : null],
      ["z", fixed(row[Z][place], 2)],
      ["p", probability(row[P][place])],
      ["flagged", row[FLAGGED].includes(place) ? "\u25b2 yes" : "no"],
      ["label", label === null ? null : label ? "with" : "without"],
    ].filter(([, value]) => value !== null);
    const head = el("dl", { class: "viewer-figures", "aria-label": spoken(structure.name) },
      figures.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
    if (!sample) {
      return [head, el("p", { class: "hint" },
        `The tokens of this document are not in the page, which has those of ` +
        `${count(this.data.samples.size)} of ${plural(this.data.rows.length, "document")}. ` +
        "Write it again with a larger --documents, for a run that localised more of them.")];
    }
    const values = contributionsOf(part, sample.pieces.length);
    const strongest = values ? largest(values.map(Math.abs)) : 0;
    return [
      head,
      values ? legend(strongest) : el("p", { class: "hint" },
        "This score is no sum over tokens: no token has a part of it."),
      tokens(sample, part, values, strongest, structure),
      sample.tokens > sample.pieces.length ? el("p", { class: "hint" },
        `The first ${count(sample.pieces.length)} of ${count(sample.tokens)} tokens.`) : null,
      values && strongest > 0 ? strongestTokens(sample, values) : null,
      part[2].length ? segmentTable(sample, part[2]) : null,
    ].filter(Boolean);
  }
}

// All contributions of a structure, zeros included; null where there are none.
function contributionsOf(part, length) {
  if (!part[1]) return null;
  const values = new Array(length).fill(0);
  part[1][0].forEach((token, place) => { values[token] = part[1][1][place]; });
  return values;
}

function tokens(sample, part, values, strongest, structure) {
  const starts = new Map(part[2].map(([segment, first]) => [first, segment]));
  return el("div", { class: "tokens", tabindex: "0", role: "group",
    "aria-label": `Text, shaded by ${spoken(structure.name)}` },
  sample.pieces.map((piece, place) => {
    const value = values ? values[place] : 0;
    const kind = value && strongest ? shade(value / strongest) : "";
    return [
      starts.has(place) ? el("sup", { class: "segment" }, String(starts.get(place))) : null,
      shadedToken(piece, kind === "c0" ? (value > 0 ? "p1" : "n1") : kind, {
        "data-token": place, title: value ? signed(value, digitsFor(strongest)) : null,
      }),
      piece.includes("\n") ? el("br") : null,
    ];
  }));
}

// A token; the space before it is not shaded, so that lines can break there.
function shadedToken(piece, kind, attributes) {
  const text = piece.trim() === "" ? piece : piece.replace(/^ +/, "");
  return el("bdi", { class: `t ${kind}`.trim(), ...attributes },
    piece.slice(0, piece.length - text.length), el("span", { class: "s" }, visible(text)));
}

const digitsFor = (strongest) =>
  strongest > 0 ? Math.max(0, Math.min(8, 2 - Math.floor(Math.log10(strongest)))) : 2;

function legend(strongest) {
  const steps = ["n5", "n3", "n1", "", "p1", "p3", "p5"];
  const digits = digitsFor(strongest);
  return el("div", { class: "legend", role: "note" },
    el("span", {}, "lowers the score, dotted "),
    el("span", { class: "end" }, strongest ? fixed(-strongest, digits) : ""),
    el("span", { class: "steps", "aria-hidden": "true" },
      steps.map((kind) => shadedToken("ab", kind))),
    el("span", { class: "end" }, strongest ? signed(strongest, digits) : ""),
    el("span", {}, " raises it, underlined"));
}

function strongestTokens(sample, values) {
  const digits = digitsFor(largest(values.map(Math.abs)));
  const order = values.map((_, place) => place).filter((place) => values[place] !== 0)
    .sort((one, other) => Math.abs(values[other]) - Math.abs(values[one]) || one - other).slice(0, 8);
  return el("section", { class: "strongest", "aria-label": "Strongest tokens" },
    el("h3", {}, "Strongest tokens"),
    el("ol", {}, order.map((place) => el("li", {},
      shadedToken(sample.pieces[place].trim(), values[place] > 0 ? "p3" : "n3"),
      el("span", {}, `${signed(values[place], digits)}`)))));
}

function segmentTable(sample, segments) {
  const strongest = largest(segments.map(([, , , score]) => Math.abs(score || 0))) || 1e-300;
  return el("section", { class: "segments", "aria-label": "Segments" }, el("h3", {}, "Segments"),
    el("table", {},
      el("thead", {}, el("tr", {}, ["", "Begins", "Tokens", "Score", ""].map((text) =>
        el("th", { scope: "col" }, text)))),
      el("tbody", {}, segments.map(([segment, first, length, score]) => {
        const width = Math.abs(score || 0) / strongest * 60;
        return el("tr", {}, el("th", { scope: "row" }, String(segment)),
          el("td", { class: "begin" }, el("bdi", {},
            visible(sample.pieces.slice(first, first + Math.min(length, 9)).join("").trim()),
            length > 9 ? "\u2026" : "")),
          el("td", { class: "number" }, count(length)),
          el("td", { class: "number" }, short(score)),
          el("td", {}, svg("svg", { width: 124, height: 12, "aria-hidden": "true" },
            svg("line", { x1: 62, x2: 62, y1: 0, y2: 12, class: "axis" }),
            svg("rect", { x: score > 0 ? 62 : 62 - width, y: 2, width, height: 8,
              class: `c ${score > 0 ? "p3" : "n3"}` }))));
      }))));
}
