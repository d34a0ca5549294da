// Elements, numbers and untrusted text.

// What hides itself or moves other text: controls, separators of lines, and all that Unicode says is not
// drawn (zero-width characters and joiners, fillers, bidirectional overrides, variation selectors, tags).
const HIDDEN = new RegExp(
  "[\\p{Cc}\\u2028\\u2029\\u2800\\ufff9-\\ufffb\\p{Default_Ignorable_Code_Point}]", "gu");

const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  // Strings become text nodes: markup in them stays text. One by one, since a call takes only so many.
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) element.append(child);
  }
  return element;
}

const el = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const codeName = (character) =>
  "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

// Text for attributes: nothing in it can hide.
const plain = (text) => text.replace(HIDDEN, (found) => `[${codeName(found)}]`);

// Text for elements: hidden characters by name, line ends as signs.
function visible(text) {
  const parts = [];
  let place = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > place) parts.push(text.slice(place, match.index));
    const sign = match[0] === "\n" ? "\u21b5" : match[0] === "\t" ? "\u21e5" : codeName(match[0]);
    parts.push(el("span", { class: "code" }, sign));
    place = match.index + match[0].length;
  }
  if (place < text.length) parts.push(text.slice(place));
  return parts;
}

// A name from a file: isolated, so that its direction stays its own.
const named = (text) => el("bdi", {}, visible(text));

const grouped = new Intl.NumberFormat("en-US");
const count = (value) => grouped.format(value);
const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
const minus = (text) => text.replace(/^-/, "\u2212");
const fixed = (value, digits) => (value === null ? "\u2013" : minus(value.toFixed(digits)));
// The largest of any number of values, and of 0.
const largest = (values) => values.reduce((most, value) => Math.max(most, value), 0);

const signed = (value, digits) => (value > 0 ? "+" : "") + fixed(value, digits);

// A share in percent, with the digits that small ones need.
function percent(share) {
  if (share === null || share === undefined) return "\u2013";
  const value = share * 100;
  const near = Math.min(value, 100 - value);
  if (near <= 0 || near >= 0.0995) return `${value.toFixed(1)} %`;
  if (value < 1e-4) return `${scientific(value)} %`;
  // Two digits of what is small: of the share, or of what it lacks of all.
  return `${value.toFixed(1 - Math.floor(Math.log10(near))).replace(/0+$/, "")} %`;
}

// A rate in words: 23 in 1,000, or 1 in 10,000.
function inMany(rate) {
  const many = 10 ** Math.max(3, Math.ceil(-Math.log10(rate) - 1e-9));
  return many > 1e15 ? probability(rate) + " of all" :
    `${count(Math.round(rate * many))} in ${count(many)}`;
}

const interval = (pair) => (pair === null || pair === undefined ? "\u2013" :
  `${percent(pair[0]).replace(" %", "")} to ${percent(pair[1])}`);

function probability(value) {
  if (value === null) return "\u2013";
  if (value > 0.995 && value < 1) return "> 0.99";
  if (value >= 0.0995) return value.toFixed(2);
  if (value >= 0.000995) return value.toPrecision(2);
  if (value === 0) return "0";
  return scientific(value);
}

function scientific(value) {
  const [digits, exponent] = value.toExponential(1).split("e");
  return `${digits} \u00d7 10${superscript(Number(exponent))}`;
}

function superscript(number) {
  return String(number).replace(/-/, "\u207b")
    .replace(/\d/g, (digit) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[digit]);
}

// Three significant digits, for scores of any size.
function short(value) {
  if (value === null) return "\u2013";
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4)) {
    return minus(value.toExponential(2));
  }
  return minus(String(Number(value.toPrecision(3))));
}

// `past-tense` as people write it.
const spoken = (name) => plain(name).replace(/[-_]+/g, " ");

function listed(names) {
  return names.length < 2 ? names.join("") :
    `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
