// Puts the parts together around one chosen structure.

// What is printed instead of the table: the highest documents, and the text of the first few.
function writePrinted(data, place) {
  const structure = data.summary.structures[place];
  // By z, or by score where nothing has a z.
  const by = isTested(structure) ? Z : SCORE;
  const order = data.rows.map((_, document) => document)
    .filter((document) => data.rows[document][by][place] !== null)
    .sort((one, other) => data.rows[other][by][place] - data.rows[one][by][place] || one - other);
  const top = order.slice(0, 20);
  const rows = top.map((document) => {
    const row = data.rows[document];
    return el("tr", {}, el("td", {}, named(row[NAME])),
      el("td", {}, named(nameOf(data.names.sources, row[SOURCE]))),
      el("td", { class: "number" }, count(row[KEPT])),
      by === Z ? [el("td", { class: "number" }, fixed(row[Z][place], 2)),
        el("td", { class: "number" }, probability(row[P][place]))] :
        el("td", { class: "number" }, short(row[SCORE][place])),
      el("td", {}, row[FLAGGED].map((one) => spoken(data.summary.structures[one].name)).join(", ")));
  });
  const texts = top.filter((document) => data.samples.has(document)).slice(0, 3).map((document) => {
    const sample = data.samples.get(document);
    const cut = { ...sample, pieces: sample.pieces.slice(0, 160) };
    const values = contributionsOf(sample.parts[place], sample.pieces.length);
    const strongest = values ? largest(values.map(Math.abs)) : 0;
    return el("div", { class: "printed-text" }, el("h4", {}, named(data.rows[document][NAME])),
      tokens(cut, sample.parts[place], values, strongest, structure),
      cut.pieces.length < sample.tokens ? el("p", { class: "hint" },
        `The first ${count(cut.pieces.length)} of ${count(sample.tokens)} tokens.`) : null);
  });
  byId("printed").replaceChildren(
    el("h3", {}, `Highest in ${spoken(structure.name)}`),
    el("table", {}, el("thead", {}, el("tr", {},
      ["Document", "Source", "Tokens", ...(by === Z ? ["z", "p"] : ["Score"]), "Flagged"].map((text) =>
        el("th", { scope: "col", class: ["Tokens", "z", "p", "Score"].includes(text) ? "number" : null },
          text)))),
    el("tbody", {}, rows)),
    ...texts);
}

function start() {
  const read = (name) => JSON.parse(byId(name).textContent);
  const data = {
    summary: read("summary-data"), rows: read("rows-data"), names: read("names-data"),
    samples: new Map(read("samples-data").map((sample) => [sample.row, sample])),
  };
  const { summary } = data;
  const critical = data.names.critical_z;
  let viewer = null;
  const table = new DocumentTable(data, (document) => viewer.open(document));

  function select(place) {
    for (const card of byId("cards").children) {
      card.setAttribute("aria-pressed", String(Number(card.dataset.structure) === place));
    }
    [...byId("panels").children].forEach((panel, index) => { panel.hidden = index !== place; });
    table.select(place);
    writePrinted(data, place);
  }

  viewer = new DocumentView(data, table, select);
  writeSummary(summary, data.rows);
  writeCards(summary, critical, select);
  writePanels(summary, critical);
  byId("documents-hint").textContent =
    "Every document of the run. Arrow keys move through the table, Enter opens a document, Escape " +
    "closes it. The tokens of " +
    `${plural(data.samples.size, "document")} are in this page (\u25a4).`;
  byId("structure").addEventListener("change", (event) => select(Number(event.target.value)));
  byId("foot").textContent =
    `Intervals hold with 95 % confidence. z is \u2212\u03a6\u207b\u00b9(p), p the rank of a document's ` +
    "score among ordinary documents of its length; its largest value is set by how many of them there " +
    "are.";
  for (const choice of document.querySelectorAll("input[name=theme]")) {
    choice.addEventListener("change", () => {
      if (choice.value === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = choice.value;
    });
  }
  // The structure that stands out most comes first.
  let first = 0;
  summary.structures.forEach((one, place) => {
    if (excess(one) > excess(summary.structures[first])) first = place;
  });
  select(first);
  document.documentElement.dataset.ready = "yes";
}

start();
