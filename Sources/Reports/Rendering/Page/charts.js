// Drawings. All of them share one coordinate system per kind and take their colours from the style sheet.

// Documents with a p-value for the structure.
const tested = (structure) => structure.tested ?? structure.scored;

const density = (z) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);

// The standard normal's quantile (P. J. Acklam's approximation, relative error below 1.2e-9).
function quantile(p) {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269,
    -30.66479806614716, 2.506628277459239];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972,
    -13.28068155288572];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
    4.374664141464968, 2.938163982698783];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const tail = (q) => (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
    ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
    (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

const line = (points) =>
  points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");

const drawing = (width, height, label, ...children) =>
  svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, children);

const label = (x, y, text, anchor, kind) =>
  svg("text", { x, y, "text-anchor": anchor || "middle", class: kind || "tick" }, text);

// The bins that are worth showing: all that hold something, and at least z from -3.5 to 4.
function shownBins(histogram) {
  const { lower, width, counts } = histogram;
  const place = (z) => Math.round((z - lower) / width);
  let first = Math.max(0, place(-3.5));
  let last = Math.min(counts.length, place(4));
  counts.forEach((value, bin) => {
    if (value > 0) {
      first = Math.min(first, bin);
      last = Math.max(last, bin + 1);
    }
  });
  return first < last ? [first, last] : [0, counts.length];
}

// Bars of z against the curve that documents without the structure would follow.
function histogram(structure, critical, size) {
  const { lower, width, counts } = structure.z_histogram;
  const [first, last] = shownBins(structure.z_histogram);
  const isSmall = size === "small";
  const w = isSmall ? 200 : size === "wide" ? 470 : 312;
  const h = isSmall ? 56 : 250;
  const left = isSmall ? 0 : 44;
  const bottom = isSmall ? h - 1 : h - 40;
  const top = isSmall ? 3 : 26;
  const from = lower + first * width;
  const to = lower + last * width;
  const x = (z) => left + (z - from) / (to - from) * (w - left - (isSmall ? 0 : 8));
  const expected = tested(structure) * width;
  const highest = Math.max(expected * density(0), largest(counts), 1);
  const y = (value) => bottom - value / highest * (bottom - top);
  let ordinary = "";
  let above = "";
  for (let bin = first; bin < last; bin += 1) {
    if (!counts[bin]) continue;
    const z = lower + bin * width;
    const gap = isSmall ? 0 : 0.6;
    // The bin that holds the threshold is drawn in two colours.
    for (const [start, end, isAbove] of [
      [z, Math.min(z + width, Math.max(z, critical)), false],
      [Math.max(z, Math.min(z + width, critical)), z + width, true],
    ]) {
      if (end - start < 1e-9) continue;
      const path = `M${(x(start) + gap / 2).toFixed(2)} ${bottom}V${y(counts[bin]).toFixed(2)}` +
        `H${(x(end) - gap / 2).toFixed(2)}V${bottom}Z`;
      if (isAbove) above += path; else ordinary += path;
    }
  }
  const curve = [];
  for (let step = 0; step <= 120; step += 1) {
    const z = from + (to - from) * step / 120;
    curve.push([x(z), y(expected * density(z))]);
  }
  const parts = [
    svg("path", { d: ordinary, class: "bars" }),
    svg("path", { d: above, class: "bars above" }),
    svg("path", { d: line(curve), class: "null" }),
    svg("line", { x1: x(critical), x2: x(critical), y1: top - 2, y2: bottom, class: "threshold" }),
    svg("line", { x1: left, x2: w, y1: bottom, y2: bottom, class: "axis" }),
  ];
  if (!isSmall) {
    for (let z = Math.ceil(from); z <= to; z += to - from > 10 ? 2 : 1) {
      parts.push(label(x(z), bottom + 15, minus(String(z))));
    }
    const step = niceStep(highest);
    for (let value = step; value <= highest; value += step) {
      parts.push(svg("line", { x1: left, x2: w - 8, y1: y(value), y2: y(value), class: "grid" }));
      parts.push(label(left - 6, y(value) + 4, count(value), "end"));
    }
    parts.push(label((left + w) / 2, h - 6, "calibrated z", "middle", "name"));
    parts.push(label(4, 12, "documents per bin", "start", "name"));
    parts.push(label(w - 4, 12, `flagged from ${fixed(critical, 2)}`, "end", "mark"));
  }
  const text = `Histogram of calibrated z of ${spoken(structure.name)}: ` +
    `${count(structure.flagged)} of ${count(tested(structure))} documents lie at ` +
    `${fixed(critical, 2)} or above; without the structure, ` +
    `${count(Math.round(tested(structure) * structure.expected))} would.`;
  return drawing(w, h, text, parts);
}

// 1, 2 or 5 times a power of ten, for about four lines.
function niceStep(highest) {
  const rough = highest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  return Math.max(1, nice);
}

// The share with its interval, on the scale that all structures share.
function shareStrip(structure, highest) {
  const w = 200;
  const x = (share) => 4 + Math.min(1, share / highest) * (w - 8);
  return drawing(
    w, 20, `${percent(structure.share)}, interval ${interval(structure.interval)}, ` +
      `expected ${percent(structure.expected)}`,
    svg("line", { x1: 4, x2: w - 4, y1: 12, y2: 12, class: "grid" }),
    svg("line", {
      x1: x(structure.expected), x2: x(structure.expected), y1: 2, y2: 20, class: "null" }),
    structure.interval ? svg("line", {
      x1: x(structure.interval[0]), x2: x(structure.interval[1]), y1: 12, y2: 12,
      class: "whisker" }) : null,
    structure.interval ? svg("circle", { cx: x(structure.share), cy: 12, r: 4, class: "dot" }) : null);
}

function frame(title, ticks, x, y, names) {
  const parts = [];
  for (const tick of ticks) {
    parts.push(svg("line", { x1: x(tick), x2: x(tick), y1: 24, y2: 210, class: "grid" }));
    parts.push(svg("line", { x1: 44, x2: 290, y1: y(tick), y2: y(tick), class: "grid" }));
    parts.push(label(x(tick), 225, shareTick(tick)));
    parts.push(label(38, y(tick) + 4, shareTick(tick), "end"));
  }
  parts.push(label(167, 244, names[0], "middle", "name"));
  parts.push(label(4, 12, names[1], "start", "name"));
  return parts;
}

const shareTick = (share) => `${Number((share * 100).toFixed(2))} %`;

// The operating points of a table of rates, with their intervals.
function operatingPoints(rates, place) {
  return rates.flatMap((rate) => {
    const at = place(rate.fpr, rate.tpr);
    const low = place(rate.fpr, rate.interval[0]);
    const high = place(rate.fpr, rate.interval[1]);
    if (!at || !low || !high) return [];
    return [
      svg("line", { x1: low[0], x2: high[0], y1: low[1], y2: high[1], class: "whisker" }),
      svg("circle", { cx: at[0], cy: at[1], r: 4, class: "dot" }, svg("title", {},
        `at ${percent(rate.fpr)} false alarms: ${percent(rate.tpr)} found`)),
    ];
  });
}

function rocChart(structure) {
  const data = structure.labelled;
  const x = (value) => 44 + value * 246;
  const y = (value) => 210 - value * 186;
  return drawing(
    312, 250, `ROC curve of ${spoken(structure.name)}: area ${fixed(data.auroc, 3)}`,
    frame("ROC", [0, 0.25, 0.5, 0.75, 1], x, y, ["false alarms", "found"]),
    svg("path", { d: line([[x(0), y(0)], [x(1), y(1)]]), class: "null" }),
    svg("path", { d: line(data.roc.map(([f, t]) => [x(f), y(t)])), class: "curve" }),
    operatingPoints(data.tpr_at, (f, t) => [x(f), y(t)]));
}

// Detection error trade-off: both axes are probits, so that normal scores give a straight line.
function detChart(structure) {
  const data = structure.labelled;
  const low = quantile(0.0005);
  const high = quantile(0.9);
  const scale = (share) => {
    const z = quantile(Math.min(0.9, Math.max(0.0005, share)));
    return (z - low) / (high - low);
  };
  const x = (share) => 44 + scale(share) * 246;
  const y = (share) => 210 - scale(share) * 186;
  const inside = (share) => share >= 0.0005 && share <= 0.9;
  const points = data.roc.filter(([f, t]) => inside(f) && inside(1 - t))
    .map(([f, t]) => [x(f), y(1 - t)]);
  return drawing(
    312, 250, `Detection error trade-off of ${spoken(structure.name)}, misses against false alarms`,
    frame("DET", [0.001, 0.01, 0.05, 0.2, 0.5, 0.8], x, y, ["false alarms", "missed"]),
    svg("path", { d: line([[x(0.1), y(0.9)], [x(0.9), y(0.1)]]), class: "null" }),
    points.length > 1 ? svg("path", { d: line(points), class: "curve" }) : null,
    operatingPoints(data.tpr_at, (f, t) => (
      inside(f) && inside(1 - t) ? [x(f), y(1 - t)] : null)));
}

// One cell per structure, darker the further z is from 0; a dot where it is flagged.
function strip(values, flagged) {
  const width = Math.min(12, 150 / values.length);
  return svg("svg", { class: "strip", width: width * values.length, height: 20, "aria-hidden": "true" },
    values.map((z, place) => [
      svg("rect", { x: place * width, y: 3, width: Math.max(1, width - 1.5), height: 14, rx: 1.5,
        class: `c ${shade(z === null ? 0 : z / 3)}` }),
      flagged.includes(place) ?
        svg("circle", { cx: place * width + (width - 1.5) / 2, cy: 10, r: 2, class: "spot" }) : null,
    ]));
}

function zBar(z) {
  const bar = svg("svg", { class: "zbar", width: 44, height: 12, "aria-hidden": "true" },
    svg("line", { x1: 12, x2: 12, y1: 0, y2: 12, class: "axis" }));
  if (z !== null) {
    const end = 12 + Math.max(-12, Math.min(32, z * 8));
    bar.append(svg("rect", { x: Math.min(12, end), y: 2, width: Math.abs(end - 12), height: 8,
      class: `c ${z > 0 ? "p3" : "n3"}` }));
  }
  return bar;
}

// A class for a share from -1 to 1 of the strongest: p1 to p5, n1 to n5, or none near 0.
function shade(share) {
  const level = Math.min(5, Math.ceil(Math.abs(share) * 5 - 0.25));
  return level < 1 ? "c0" : (share > 0 ? "p" : "n") + level;
}
