// The summary and the structures: what the run found, in words and drawings.

// Whether a share can be told from what chance gives.
function standing(structure) {
  if (!structure.interval) return { mark: "\u2013", text: "no p-values", kind: "same" };
  const ratio = structure.share / structure.expected;
  const times = ratio >= 9.95 ? Math.round(ratio) : ratio.toFixed(1);
  if (structure.interval[0] > structure.expected) {
    return { mark: "\u25b2", text: `${times} \u00d7 chance`, kind: "more" };
  }
  if (structure.interval[1] < structure.expected) {
    return { mark: "\u25bc", text: `${times} \u00d7 chance`, kind: "less" };
  }
  return { mark: "\u25cf", text: "as chance", kind: "same" };
}

// How far the share lies above what chance gives, at least.
const excess = (structure) =>
  (structure.interval ? structure.interval[0] / structure.expected : -1);

// Whether any document has a p-value.
const isCalibrated = (summary) => summary.structures.some(isTested);
const isTested = (structure) => Boolean(structure.interval);

function sentence(structure, rate) {
  const by = Math.round(tested(structure) * structure.expected);
  if (!structure.interval) {
    return [`No document has a p-value for ${spoken(structure.name)}: the detector is not calibrated, ` +
      "or no document has a length that it is calibrated for."];
  }
  return [
    el("strong", {}, `${count(structure.flagged)} of ${plural(tested(structure), "document")}`),
    ` ${structure.flagged === 1 ? "carries" : "carry"} more ${spoken(structure.name)} than ` +
    `${percent(1 - rate)} of ordinary text of ${structure.flagged === 1 ? "its" : "their"} length; ` +
    `${count(by)} expected by chance.`,
  ];
}

function writeSummary(summary, rows) {
  const { structures, rate } = summary;
  byId("title").append(named(document.title));
  const first = structures.reduce((best, one) => (excess(one) > excess(best) ? one : best));
  byId("lead").append(...sentence(first, rate));
  const names = (kind) => structures.filter((one) => standing(one).kind === kind)
    .map((one) => spoken(one.name));
  const more = names("more");
  const less = names("less");
  const parts = [];
  if (!first.interval) {
    parts.push("Scores can be compared with one another, not with ordinary text.");
  } else if (structures.length > 1) {
    parts.push(more.length === 0 ?
      `None of the ${structures.length} structures is flagged more often than chance explains.` :
      `Of ${structures.length} structures, ${listed(more)} ${more.length === 1 ? "is" : "are"} ` +
      "flagged more often than chance explains.");
  } else if (more.length === 0) {
    parts.push("That is not more than chance explains.");
  }
  if (less.length) {
    parts.push(`Less often than chance: ${listed(less)}.`);
  }
  if (summary.combined) {
    parts.push(`Taken together, the structures flag ${plural(summary.combined.flagged, "document")} ` +
      `(${percent(summary.combined.share)}).`);
  }
  byId("second").textContent = parts.join(" ");
  writeTiles(summary, rows);
  byId("says").textContent = !isCalibrated(summary) ?
    "This detector is not calibrated on ordinary text, so that no document is flagged: its scores only " +
    "put the documents of one run in an order." :
    `The document scores higher than ${percent(1 - rate)} of ordinary documents of its length did ` +
    "when the detector was calibrated. Of documents without the structure, about " +
    `${inMany(rate)} are flagged all the same.`;
  byId("says-not").textContent =
    "Not that a text was written in a certain way on purpose, by whom, or by what. One flagged " +
    "document proves little; a share far above the expected one says that the texts differ from the " +
    "calibration's, in this structure or in what goes with it.";
  writeFacts(summary);
}

function writeTiles(summary, rows) {
  const flagged = rows.reduce((sum, row) => sum + (row[9].length > 0), 0);
  const outside = isCalibrated(summary) ?
    Object.values(summary.limits || {}).reduce((sum, value) => sum + value, 0) : summary.documents;
  const tokens = summary.tokens;
  const masked = tokens.special + tokens.sink + tokens.undefined;
  const shards = summary.shards || [];
  const done = shards.filter((shard) => shard.status === "done").length;
  const tiles = [
    ["documents", count(summary.documents), `in ${plural(done, "shard")}`],
    ["flagged for something", count(flagged),
      summary.documents ? `${percent(flagged / summary.documents)} of all` : ""],
    ["tokens read", count(tokens.kept), `${count(masked)} more left out by rule`],
    ["without a p-value", count(outside), !isCalibrated(summary) ? "not calibrated" : outside ? limitText(summary.limits) : "all were scored"],
    ["shards skipped", count(summary.failed_shards), summary.failed_shards ? "listed below" : "none"],
  ];
  byId("tiles").append(...tiles.map(([name, value, note]) => el(
    "div", { class: "tile" + (name === "shards skipped" && summary.failed_shards ? " bad" : "") },
    el("span", { class: "tile-name" }, name), el("span", { class: "tile-value" }, value),
    el("span", { class: "tile-note" }, note))));
}

const limitText = (limits) =>
  Object.entries(limits).filter(([, value]) => value > 0)
    .map(([name, value]) => `${count(value)} ${spoken(name)}`).join(", ");

function writeFacts(summary) {
  const detector = summary.detector;
  const tokens = summary.tokens;
  const dictionary = typeof detector.dictionary === "object" && detector.dictionary ?
    detector.dictionary.name : detector.dictionary;
  const facts = [
    ["Detector", [named(detector.name), ` (${plain(detector.kind)})`]],
    ["Dictionary", [named(dictionary || "not named")]],
    ["False-alarm rate", [`${percent(summary.rate)} per structure and document`]],
    ["Structures together", [summary.combination ? plain(summary.combination) : "not combined"]],
    ["Left out by rule", [`${count(tokens.special)} special tokens, ${count(tokens.sink)} high-norm ` +
      `sinks, ${count(tokens.undefined)} rows that the dictionary cannot read`]],
    ["Without a p-value", [isCalibrated(summary) ? limitText(summary.limits || {}) || "no document" : "every document"]],
  ];
  byId("facts").append(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  const failed = (summary.shards || []).filter((shard) => shard.status !== "done");
  if (failed.length) {
    const list = byId("skipped");
    list.hidden = false;
    list.open = failed.length <= 5;
    list.querySelector("summary").textContent =
      `${plural(failed.length, "shard")} skipped: nothing of ${failed.length === 1 ? "it" : "them"} ` +
      "is counted here";
    fill(list.querySelector("ul"), {}, failed.map((shard) => el(
      "li", {}, named(shard.name), shard.error ? [": ", named(shard.error)] : null)));
  }
}

// Small multiples: one card per structure, which selects it.
function writeCards(summary, critical, select) {
  const highest = Math.max(largest(summary.structures.map((one) => (one.interval || [0, 0])[1])),
    0.01) * 1.05;
  byId("structures-hint").textContent =
    "Each card: share of documents flagged (dot) with its 95 % interval, the share that chance gives " +
    "(dashed), and how z is spread over the documents against the curve of ordinary text. " +
    "Choose a card to see more, and to look through the documents by it.";
  fill(byId("cards"), {}, summary.structures.map((structure, place) => {
    const { mark, text, kind } = standing(structure);
    const card = el(
      "button", { type: "button", class: "card", "aria-pressed": "false", "data-structure": place },
      el("span", { class: "card-name" }, spoken(structure.name)),
      el("span", { class: "card-share" }, percent(structure.share)),
      el("span", { class: `card-standing ${kind}` },
        el("span", { "aria-hidden": "true" }, `${mark} `), text),
      shareStrip(structure, highest), histogram(structure, critical, "small"));
    card.addEventListener("click", () => select(place));
    return card;
  }));
}

function figure(title, note, ...children) {
  return el("figure", {}, el("figcaption", {}, el("strong", {}, title), " ", note), children);
}

function writePanels(summary, critical) {
  fill(byId("panels"), {}, summary.structures.map((structure, place) => {
    const data = structure.labelled;
    const figures = [
      figure("Where documents lie.",
        "Bars: documents. Line: what ordinary text of the same lengths gives.",
        histogram(structure, critical, data ? "large" : "wide")),
    ];
    if (data) {
      figures.push(
        figure("ROC.", `Area ${fixed(data.auroc, 3)} (${fixed(data.interval[0], 3)} to ` +
          `${fixed(data.interval[1], 3)}), on ${plural(data.with, "document")} with the structure ` +
          `and ${count(data.without)} without.`, rocChart(structure)),
        figure("DET.", "Misses against false alarms on probit axes: further down and left is better.",
          detChart(structure)));
    }
    const { mark, text, kind } = standing(structure);
    return el(
      "article", { class: "panel", id: `panel-${place}`, hidden: true,
        "aria-label": spoken(structure.name) },
      el("h3", {}, spoken(structure.name), " ",
        el("span", { class: `card-standing ${kind}` },
          el("span", { "aria-hidden": "true" }, `${mark} `), text)),
      el("p", { class: "panel-text" }, sentence(structure, summary.rate)),
      el("div", { class: `figures${data ? "" : " alone"}` }, figures, numbers(structure)));
  }));
}

function numbers(structure) {
  const data = structure.labelled;
  const rows = [
    ["With a p-value", count(tested(structure))],
    ["Flagged", count(structure.flagged)],
    ["Share", percent(structure.share)],
    ["95 % interval", interval(structure.interval)],
    ["Expected by chance", percent(structure.expected)],
    ["Left after Benjamini\u2013Hochberg, q = 0.05", count(structure.flagged_bh)],
  ];
  if (data) {
    rows.push(["AUROC", `${fixed(data.auroc, 3)} (${fixed(data.interval[0], 3)} to ` +
      `${fixed(data.interval[1], 3)})`]);
    for (const rate of data.tpr_at) {
      rows.push([`Found at ${percent(rate.fpr)} false alarms`,
        `${percent(rate.tpr)} (${interval(rate.interval)})`]);
    }
  }
  const table = el("table", { class: "numbers" }, el("caption", {}, "Figures"), el("tbody", {},
    rows.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))));
  return el("div", { class: "numbers-box" }, table, data ? null : el("p", { class: "hint" },
    "No document says whether it has this structure: nothing is known of what is missed."));
}
