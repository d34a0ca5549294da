#!/usr/bin/env python3
"""Opens a report's page in a headless browser and checks that it shows what the run's files say.

    Scripts/check-page.py PAGE RUN [--pictures FOLDER] [--most-seconds 2] [--most-bytes 10000000]
    Scripts/check-page.py PAGE RUN --long DOCUMENT TOKENS

PAGE is what `steerctl report RUN` wrote, RUN the folder with summary.json and verdicts.jsonl. Needs
Chromium and nothing else: the browser is driven through a pipe, with Python's standard library alone.
"""
import argparse
import base64
import json
import math
import pathlib
import sys
import time

from headless import Browser

WIDTHS = (400, 900, 1600)


class Check:
    def __init__(self, browser, summary, verdicts):
        self.browser, self.summary, self.verdicts = browser, summary, verdicts
        self.names = [one["name"] for one in summary["structures"]]
        self.failures, self.count = [], 0

    def equal(self, found, expected, what):
        self.count += 1
        if found != expected:
            self.failures.append(f"{what}: found {found!r}, expected {expected!r}")

    def true(self, condition, what):
        self.equal(bool(condition), True, what)

    def texts(self, selector):
        return self.browser.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent)")

    def text(self, selector):
        return (self.texts(selector) or [""])[0]

    # What the page says against what the files say, by other code than the page's.

    def z_of(self, verdict, structure):
        """What orders documents: z, or the score where no document has a z."""
        key = "z" if self.is_calibrated else "score"
        return next((f[key] for f in verdict["findings"] if f["structure"] == structure), None)

    @property
    def is_calibrated(self):
        return any(one["interval"] for one in self.summary["structures"])

    def selected(self):
        return self.names[int(self.browser.evaluate("document.getElementById('structure').value"))]

    def summary_is_shown(self):
        structures = self.summary["structures"]
        lead, says = self.text("#lead"), self.text("#says")
        rate = self.summary["rate"]
        if self.is_calibrated:
            top = max(structures, key=lambda one: one["interval"][0] / one["expected"])
            name = top["name"].replace("-", " ").replace("_", " ")
            self.true(lead.startswith(
                f"{top['flagged']:,} of {top['tested']:,} document"), f"lead: {lead}")
            self.true(f"more {name} than {percent(1 - rate)} of ordinary" in lead, f"lead: {lead}")
            self.true(f"; {half_up(top['tested'] * top['expected']):,} expected by chance" in lead,
                      f"lead: {lead}")
            many = next(10 ** k for k in range(3, 12) if rate * 10 ** k > 0.999)
            self.true(f"about {half_up(rate * many):,} in {many:,} are flagged" in says, f"says: {says}")
            outside = sum(self.summary["limits"].values())
        else:
            self.true("is not calibrated" in lead, f"lead: {lead}")
            self.true("not calibrated" in says and " in 1,000" not in says, f"says: {says}")
            outside = self.summary["documents"]
        tiles = dict(zip(self.texts(".tile-name"), self.texts(".tile-value")))
        self.equal(tiles["documents"], f"{self.summary['documents']:,}", "tile of documents")
        self.equal(tiles["flagged for something"],
                   f"{sum(bool(v['flagged']) for v in self.verdicts):,}", "tile of flags")
        self.equal(tiles["tokens read"], f"{self.summary['tokens']['kept']:,}", "tile of tokens")
        self.equal(tiles["without a p-value"], f"{outside:,}", "tile of limits")
        self.equal(tiles["shards skipped"], f"{self.summary['failed_shards']}", "tile of shards")
        facts = self.text("#facts")
        self.true(self.summary["detector"]["name"] in facts, "the detector is named")
        dictionary = self.summary["detector"]["dictionary"]
        self.true((dictionary if isinstance(dictionary, str) else dictionary["name"]) in facts,
                  "the dictionary is named")
        for shard in self.summary["shards"]:
            if shard["status"] != "done":
                self.true(shard["error"] in self.text("#skipped"), f"why {shard['name']} was skipped")

    def structures_are_shown(self):
        structures = self.summary["structures"]
        self.equal(self.texts(".card-name"), [n.replace("-", " ").replace("_", " ") for n in self.names], "cards")
        self.equal(self.texts(".card-share"), [percent(s["share"]) for s in structures], "shares")
        for place, structure in enumerate(structures):
            figures = dict(zip(self.texts(f"#panel-{place} .numbers th"),
                               self.texts(f"#panel-{place} .numbers td")))
            name = structure["name"]
            self.equal(figures["With a p-value"], f"{structure['tested']:,}", f"{name}: tested")
            self.equal(figures["Flagged"], f"{structure['flagged']:,}", f"{name}: flagged")
            self.equal(figures["Share"], percent(structure["share"]), f"{name}: share")
            self.equal(figures["Left after Benjamini\u2013Hochberg, q = 0.05"],
                       f"{structure['flagged_bh']:,}", f"{name}: after correction")
            data = structure["labelled"]
            svgs = self.browser.evaluate(
                f"document.querySelectorAll('#panel-{place} figure svg').length")
            self.equal(svgs, 3 if data else 1, f"{name}: drawings")
            if data:
                self.equal(figures["AUROC"], f"{data['auroc']:.3f} ({data['interval'][0]:.3f} to "
                           f"{data['interval'][1]:.3f})", f"{name}: AUROC")
                curve = self.browser.evaluate(
                    f"document.querySelectorAll('#panel-{place} figure svg .curve')[0].getAttribute('d')")
                points = [[float(part) for part in step.split()] for step in curve[1:].split("L")]
                drawn = [[(x - 44) / 246, (210 - y) / 186] for x, y in points]
                self.equal(len(drawn), len(data["roc"]), f"{name}: points of the ROC curve")
                gap = max(max(abs(a[0] - b[0]), abs(a[1] - b[1])) for a, b in zip(drawn, data["roc"]))
                self.true(gap < 1e-3, f"{name}: the ROC curve is {gap} away from the file's")
            self.bars_are_shown(place, structure)

    def bars_are_shown(self, place, structure):
        paths = self.browser.evaluate(
            f"[...document.querySelectorAll('#panel-{place} figure:first-child .bars')]"
            ".map((one) => one.getAttribute('d'))")
        heights = []
        for path in paths:
            for bar in path.split("Z")[:-1]:
                start, rest = bar[1:].split("V", 1)
                top, right = rest.split("V", 1)[0].split("H")
                heights.append((float(start.split()[0]), 210 - float(top)))
        counts = [c for c in structure["z_histogram"]["counts"] if c]
        heights.sort()
        # The bin with the threshold has two parts.
        self.true(len(heights) - len(counts) in (0, 1), f"{structure['name']}: bars")
        if counts and max(counts) >= structure["tested"] * 0.25 * 0.4:
            ratio = max(h for _, h in heights) / (210 - 26)
            self.true(abs(ratio - 1) < 0.01, f"{structure['name']}: highest bar at {ratio}")

    def rows_in_sight(self):
        return self.browser.evaluate("""[...document.querySelectorAll("#body tr[data-place]")].map((row) =>
            ({place: Number(row.dataset.place), document: Number(row.dataset.document)}))""")

    def table_is_sorted(self):
        name = self.selected()

        def order(key, descending):
            known = [i for i, v in enumerate(self.verdicts) if key(v) is not None]
            rest = [i for i, v in enumerate(self.verdicts) if key(v) is None]
            known.sort(key=lambda i: ((-key(self.verdicts[i]) if descending else key(self.verdicts[i])), i))
            return known + rest

        def expect(expected, what):
            rows = self.rows_in_sight()
            self.true(len(rows) > 5 or len(rows) == len(self.verdicts), f"{what}: rows are drawn")
            self.equal([r["document"] for r in rows], [expected[r["place"]] for r in rows], what)

        def click(key):
            self.browser.evaluate(f"document.querySelector('#head [data-key={key}] button').click()")

        key = "z" if self.is_calibrated else "score"
        rounded = lambda x: None if x is None else float(f"{x:.4g}")
        z = lambda v: rounded(self.z_of(v, name))
        expect(order(z, True), f"highest {key} first")
        sort = lambda: self.browser.evaluate(
            f"document.querySelector('#head [data-key={key}]').getAttribute('aria-sort')")
        self.equal(sort(), "descending", "aria-sort")
        click(key)
        expect(order(z, False), f"lowest {key} first")
        heads = self.browser.evaluate(
            "[...document.querySelectorAll('#head th')].map((one) => one.dataset.key)")
        self.equal([h for h in heads if h in ("z", "p", "score")],
                   ["z", "p"] if self.is_calibrated else ["score"], "columns")
        click("kept")
        expect(order(lambda v: v["tokens"]["kept"], True), "longest first")
        self.equal(sort(), "none", f"aria-sort of {key}")
        click("flags")
        expect(order(lambda v: len(v["flagged"]), True), "most flags first")
        click(key)
        # Far down, where rows are drawn only when they come into sight.
        self.browser.evaluate("document.getElementById('scroller').scrollTop = 36 * "
                              f"{len(self.verdicts) // 2}")
        time.sleep(0.2)
        expect(order(z, True), "the middle of the table")
        active = self.browser.evaluate(
            "document.getElementById('table').getAttribute('aria-activedescendant')")
        drawn = [row["place"] for row in self.rows_in_sight()]
        self.equal(active, "row-0" if 0 in drawn else None, "the active row, which is not drawn")
        self.far_rows_are_reached(order(z, True), expect)
        self.browser.evaluate("document.getElementById('scroller').scrollTop = 0")
        drawn = self.browser.evaluate("document.querySelectorAll('#body tr').length")
        self.true(drawn < 100, f"{drawn} rows are in the page at once")

    def far_rows_are_reached(self, expected, expect):
        """A table higher than an element may be: its scroll bar stands for it in proportion."""
        if len(self.verdicts) < 200:
            return
        self.browser.evaluate("document.getElementById('scroller').dataset.mostHeight = 4000")
        for share in (0, 0.01, 0.3, 0.5, 0.99, 1):
            self.browser.evaluate(f"""(() => {{ const one = document.getElementById('scroller');
                one.dispatchEvent(new Event('scroll')); one.scrollTop = 0;
                one.scrollTop = {share} * 4000; }})()""")
            time.sleep(0.2)
            found = self.browser.evaluate("""(() => {
                const scroller = document.getElementById('scroller');
                const box = scroller.getBoundingClientRect();
                const head = document.getElementById('head').offsetHeight;
                const seen = [...document.querySelectorAll('#body tr[data-place]')].filter((row) => {
                    const own = row.getBoundingClientRect();
                    return own.bottom > box.top + head + 1 && own.top < box.top + scroller.clientHeight - 1;
                });
                const last = seen[seen.length - 1].getBoundingClientRect();
                return { first: Number(seen[0].dataset.place),
                    last: Number(seen[seen.length - 1].dataset.place),
                    gap: Math.max(seen[0].getBoundingClientRect().top - box.top - head,
                        box.top + scroller.clientHeight - last.bottom),
                    height: scroller.scrollHeight }; })()""")
            total = len(self.verdicts)
            space = found["last"] - found["first"]
            self.true(found["height"] < 4100, f"a table of at most 4,000: {found}")
            self.true(found["gap"] < 3, f"no gap at {share}: {found}")
            middle = share * 4000 / (4000 - 36 * (space - 1)) * (total - space)
            middle = min(total - 1 - space, middle)
            self.true(abs(found["first"] - middle) < 0.02 * total + 3, f"rows at {share}: {found}, {middle}")
            if share == 1:
                self.equal(found["last"], total - 1, "the last row of a long table")
            if share == 0:
                self.equal(found["first"], 0, "the first row of a long table")
            expect(expected, f"a long table at {share}")
        self.browser.evaluate("document.getElementById('scroller').dataset.mostHeight = 15000000")

    def paper_has_the_highest(self):
        name = self.selected()
        ranked = [v for v in self.verdicts if self.z_of(v, name) is not None]
        shown = self.texts("#printed tbody tr td:first-child")
        self.equal(len(shown), min(20, len(ranked)), "rows on paper")
        best = max(self.z_of(v, name) for v in ranked)
        self.true(shown[0] in [visible(v["document"]) for v in ranked
                               if abs(self.z_of(v, name) - best) <= 1e-3 * abs(best)], "the first on paper")
        heads = self.texts("#printed thead th")
        self.equal(heads[3:-1], ["z", "p"] if self.is_calibrated else ["Score"], "columns on paper")

    def long_document_is_shown(self, index, expected):
        self.open_document(index)
        self.equal(self.browser.evaluate("document.querySelectorAll('#viewer .tokens .t').length"),
                   expected, "tokens of a long document")
        self.true(f"The first {expected:,} of {len(self.verdicts[index]['pieces']):,} tokens."
                  in self.text("#viewer-body"), "the cut is named")
        segments = self.verdicts[index]["findings"][0]["segments"]
        self.equal(len(self.texts("#viewer .segments tbody th")),
                   sum(s["first_token"] < expected for s in segments), "segments of a long document")

    def table_is_filtered(self):
        def set_value(identifier, value, event):
            self.browser.evaluate(f"""(() => {{ const one = document.getElementById('{identifier}');
                one.value = {json.dumps(value)}; one.dispatchEvent(new Event('{event}')); }})()""")

        name = self.selected()
        set_value("show", "this", "change")
        expected = sum(name in v["flagged"] for v in self.verdicts)
        self.equal(self.text("#count"), self.counted(expected), "flagged ones")
        set_value("show", "unscored", "change")
        expected = sum(all(f["z"] is None for f in v["findings"]) for v in self.verdicts)
        self.equal(self.text("#count"), self.counted(expected), "unscored ones")
        set_value("show", "all", "change")
        middle = self.verdicts[len(self.verdicts) // 2]
        words = (middle["shard"] + " " + (middle["source"] or "")).lower().split()
        set_value("find", " ".join(words), "input")
        expected = sum(all(word in "\n".join([v["document"], v["shard"], v["source"] or ""]).lower()
                           for word in words) for v in self.verdicts)
        self.equal(self.text("#count"), self.counted(expected), "found ones")
        set_value("find", "", "input")
        if len(self.names) > 1:
            other = (self.names.index(name) + 1) % len(self.names)
            self.browser.evaluate(f"document.querySelectorAll('.card')[{other}].click()")
            self.equal(self.selected(), self.names[other], "the structure of a card")
            first = self.rows_in_sight()[0]["document"]
            best = max((self.z_of(v, self.names[other]) for v in self.verdicts
                        if self.z_of(v, self.names[other]) is not None))
            self.equal(self.z_of(self.verdicts[first], self.names[other]), best, "highest of another structure")
            self.browser.evaluate(f"document.querySelectorAll('.card')[{self.names.index(name)}].click()")

    def counted(self, found):
        total = f"{len(self.verdicts):,} documents"
        return total if found == len(self.verdicts) else f"{found:,} of {total}"

    def keyboard_works(self):
        browser = self.browser
        browser.open(self.url)
        focus = "document.activeElement.id || document.activeElement.className"
        browser.key("Tab")
        self.equal(browser.evaluate(focus), "skip", "the first stop")
        self.true(browser.evaluate("document.activeElement.getBoundingClientRect().left >= 0"),
                  "the skip link can be seen")
        stops = []
        for _ in range(60):
            browser.key("Tab")
            stops.append(browser.evaluate(focus))
            if stops[-1] == "table":
                break
        for needed in ("card", "find", "structure", "show", "table"):
            self.true(needed in stops, f"Tab reaches {needed}")
        self.true(browser.evaluate("matches = document.getElementById('table').matches(':focus-visible')"),
                  "the table shows its focus")
        active = lambda: browser.evaluate(
            "document.getElementById('table').getAttribute('aria-activedescendant')")
        selected = lambda: browser.evaluate(
            "document.getElementById(document.getElementById('table')"
            ".getAttribute('aria-activedescendant')).getAttribute('aria-selected')")
        browser.key("ArrowDown")
        browser.key("ArrowDown")
        browser.key("ArrowUp")
        self.equal(active(), "row-1", "arrows move")
        self.equal(selected(), "true", "the active row")
        browser.key("End")
        self.equal(active(), f"row-{len(self.verdicts) - 1}", "End")
        self.equal(selected(), "true", "the last row is drawn")
        browser.key("Home")
        browser.key("Enter")
        self.true(browser.evaluate("document.getElementById('viewer').open"), "Enter opens")
        title = self.text("#viewer-title")
        browser.key("ArrowRight")
        self.true(self.text("#viewer-title") != title, "the next document")
        browser.key("ArrowLeft")
        self.equal(self.text("#viewer-title"), title, "the document before")
        for _ in range(40):
            browser.key("Tab")
            self.true(browser.evaluate("document.getElementById('viewer').contains(document.activeElement)"
                                       " || document.activeElement === document.body"),
                      "focus stays in the open document")
        browser.key("Escape")
        self.true(not browser.evaluate("document.getElementById('viewer').open"), "Escape closes")
        self.equal(browser.evaluate(focus), "table", "focus comes back")

    def open_document(self, index):
        """Opens a document through the table's own search, as a person would."""
        self.browser.evaluate(f"""(() => {{ const one = document.getElementById('find');
            one.value = ''; one.dispatchEvent(new Event('input')); }})()""")
        place = self.browser.evaluate(f"""(async () => {{
            const scroller = document.getElementById('scroller');
            for (let top = 0; ; top += scroller.clientHeight / 2) {{
                scroller.scrollTop = top;
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                const row = document.querySelector('#body tr[data-document="{index}"]');
                if (row) {{ row.click(); return Number(row.dataset.place); }}
                if (top > scroller.scrollHeight) return null;
            }}
        }})()""")
        self.true(place is not None, f"document {index} is in the table")

    def tokens_are_shaded(self):
        shown = self.browser.evaluate(
            "JSON.parse(document.getElementById('samples-data').textContent).map((one) => one.row)")
        self.true(len(shown) > 0, "some documents have tokens")
        self.true(all("pieces" in self.verdicts[i] for i in shown), "only localised ones have tokens")
        name = self.selected()
        ranked = sorted((i for i in shown if self.z_of(self.verdicts[i], name) is not None),
                        key=lambda i: -self.z_of(self.verdicts[i], name))
        best = max((self.z_of(v, name) for v in self.verdicts if "pieces" in v
                    and self.z_of(v, name) is not None))
        self.equal(self.z_of(self.verdicts[ranked[0]], name), best, "the highest document is shown")
        hostile = [i for i in shown if "<" in self.verdicts[i]["document"]
                   or "\u202e" in self.verdicts[i]["document"]
                   or any("\u3164" in piece for piece in self.verdicts[i]["pieces"])]
        for index in ranked[:2] + hostile:
            self.document_is_shown(index, name)

    def document_is_shown(self, index, name):
        verdict = self.verdicts[index]
        self.open_document(index)
        found = self.browser.evaluate("""[...document.querySelectorAll('#viewer .tokens .t')].map((one) =>
            ({text: one.textContent, kind: one.className, title: one.title,
              color: getComputedStyle(one.querySelector(".s")).backgroundColor,
              line: getComputedStyle(one.querySelector(".s")).borderBottomStyle}))""")
        title = self.text("#viewer-title")
        self.equal(title, visible(verdict["document"]), "title of the document")
        self.equal([one["text"] for one in found], [visible(p) for p in verdict["pieces"]],
                   f"tokens of {title}")
        values = verdict["contributions"].get(name, [0] * len(verdict["pieces"]))
        strongest = max(map(abs, values), default=0)
        for one, value in zip(found, values):
            sign = "p" if value > 0 else "n" if value < 0 else ""
            self.equal(one["kind"][2:3], sign, f"sign of {one['text']!r}")
            self.equal(one["line"], {"p": "solid", "n": "dotted", "": "none"}[sign],
                       f"line under {one['text']!r}")
            if abs(value) == strongest > 0:
                self.equal(one["kind"], f"t {sign}5", f"strongest token {one['text']!r}")
            self.equal(one["color"] == "rgba(0, 0, 0, 0)", value == 0, f"shade of {one['text']!r}")
        finding = next((f for f in verdict["findings"] if f["structure"] == name), None)
        if finding and finding["segments"]:
            self.equal([int(text) for text in self.texts("#viewer .segments tbody th")],
                       [s["segment"] for s in finding["segments"]], f"segments of {title}")
        self.browser.key("Escape")

    def nothing_overlaps(self, width):
        wide = self.browser.evaluate("document.documentElement.scrollWidth")
        self.true(wide <= width, f"the page is {wide} wide in a window of {width}")
        clipped = self.browser.evaluate("""[...document.querySelectorAll(
            "h1, h2, h3, p, dd, dt, .tile, .card, .panel:not([hidden]) figcaption, button, label, select")]
            .filter((one) => one.offsetParent && !one.closest("#scroller, .skip") &&
                one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")
            .map((one) => one.className + one.id + one.textContent.slice(0, 40))""")
        self.equal(clipped, [], f"text that is cut off at {width}")
        table = self.browser.evaluate("""(() => {
            const wide = (selector) => document.querySelector(selector).getBoundingClientRect().width;
            return [wide("#table"), wide("#head"), wide("#body td.name")]; })()""")
        self.true(abs(table[0] - table[1]) < 3, f"the columns fill the table at {width}: {table}")
        self.true(table[2] > 150, f"names have {table[2]} pixels at {width}")

    def contrast_is_enough(self, scheme):
        poor = self.browser.evaluate(CONTRAST)
        self.equal(poor, [], f"text with little contrast, {scheme}")

    def quiet(self):
        for event in self.browser.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                self.failures.append(f"exception: {parameters['exceptionDetails']}")
            elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                self.failures.append(f"console: {parameters['args']}")
            elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                self.failures.append(f"log: {parameters['entry']}")
            elif method == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                self.count += 1
                if url != self.url and not url.startswith("about:"):
                    self.failures.append(f"request of {url[:200]}")
            elif method == "Page.javascriptDialogOpening":
                self.failures.append("text of a document has run")


# Contrast of every visible text with what is behind it (WCAG 2.2: 4.5, or 3 for large text).
CONTRAST = """(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (one) => {
    for (let up = one; up; up = up.parentElement) {
      const color = parse(getComputedStyle(up).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || ["SCRIPT", "STYLE", "OPTION", "NOSCRIPT"].includes(one.tagName)) continue;
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || one.closest(".skip, :disabled")) continue;
    const style = getComputedStyle(one);
    const front = parse(one.ownerSVGElement ? style.fill : style.color);
    const [a, b] = [luminance(front), luminance(behind(one))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 24;
    if (ratio < (isLarge ? 3 : 4.5)) {
      poor.push(`${ratio.toFixed(2)}: ${one.className.baseVal ?? one.className} ${one.textContent.slice(0, 30)}`);
    }
  }
  return poor.slice(0, 10);
})()"""


def half_up(value):
    return math.floor(value + 0.5)


def percent(share):
    if share is None:
        return "\u2013"
    value = share * 100
    near = min(value, 100 - value)
    if near <= 0 or near >= 0.0995:
        return f"{value:.1f} %"
    for digits in range(2, 20):
        if near * 10 ** digits >= 10:
            return f"{value:.{digits}f}".rstrip("0") + " %"
    return "0 %"


# What Unicode calls Default_Ignorable_Code_Point, and separators of lines, an empty pattern and marks.
INVISIBLE = ((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160),
             (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F),
             (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
             (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF))


def visible(text):
    """Text as the page shows it: what could hide is named."""
    out = []
    for c in text:
        o = ord(c)
        hidden = any(first <= o <= last for first, last in INVISIBLE)
        out.append("\u21b5" if c == "\n" else "\u21e5" if c == "\t" else f"U+{o:04X}" if hidden else c)
    return "".join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--most-seconds", type=float, help="of a processor, until the first frame")
    parser.add_argument("--most-bytes", type=int)
    parser.add_argument("--long", type=int, nargs=2, help="only open DOCUMENT, of which TOKENS are shown")
    parser.add_argument("--only-load", action="store_true", help="measure, and check the first view")
    arguments = parser.parse_args()
    summary = json.loads((arguments.run / "summary.json").read_text(encoding="utf-8"))
    with open(arguments.run / "verdicts.jsonl", encoding="utf-8") as lines:
        verdicts = [json.loads(line) for line in lines]
    size = arguments.page.stat().st_size
    url = arguments.page.resolve().as_uri()
    browser = Browser()
    check = Check(browser, summary, verdicts)
    check.url = url
    try:
        browser.attach()
        times = []
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                if arguments.long and (width, scheme) != (1600, "light"):
                    continue
                if arguments.only_load and (width, scheme) not in ((1600, "light"), (900, "light")):
                    continue
                browser.send("Emulation.setDeviceMetricsOverride", width=width,
                             height={400: 860, 900: 1000, 1600: 1000}[width], deviceScaleFactor=1,
                             mobile=width == 400)
                browser.send("Emulation.setEmulatedMedia", features=[
                    {"name": "prefers-color-scheme", "value": scheme},
                    {"name": "prefers-reduced-motion", "value": "reduce"}])
                times.append(browser.open(url))
                check.summary_is_shown()
                check.nothing_overlaps(width)
                check.contrast_is_enough(f"{scheme}, {width}")
                if arguments.pictures:
                    take_pictures(browser, arguments.pictures, f"{width}-{scheme}")
        check.structures_are_shown()
        check.paper_has_the_highest()
        check.table_is_sorted()
        if arguments.long:
            check.long_document_is_shown(*arguments.long)
        elif not arguments.only_load:
            check.table_is_filtered()
            check.keyboard_works()
            check.tokens_are_shaded()
            check.browser.evaluate("document.querySelector('input[value=dark]').click()")
            check.equal(browser.evaluate("getComputedStyle(document.body).backgroundColor"),
                        "rgb(20, 22, 27)", "the switch to dark")
            check.browser.evaluate("document.querySelector('input[value=light]').click()")
            check.equal(browser.evaluate("getComputedStyle(document.body).backgroundColor"),
                        "rgb(251, 250, 247)", "the switch to light")
        paper = base64.b64decode(browser.send("Page.printToPDF", printBackground=False)["data"])
        check.true(paper.startswith(b"%PDF-") and len(paper) > 20_000, "the page prints")
        if arguments.pictures:
            (arguments.pictures / "print.pdf").write_bytes(paper)
        browser.evaluate("0")
        check.quiet()
    finally:
        browser.close()
    best = min(elapsed for elapsed, _ in times)
    work = min(work for _, work in times)
    print(f"{arguments.page.name}: {len(verdicts):,} documents, {len(check.names)} structures, "
          f"{size / 1e6:.2f} MB; loaded and drawn in {best:.2f} s, {work:.2f} s of a "
          f"processor (best of {len(times)}); "
          f"{check.count:,} checks, {len(check.failures)} failed")
    if arguments.most_bytes and size > arguments.most_bytes:
        check.failures.append(f"the page has {size} bytes, expected at most {arguments.most_bytes}")
    if arguments.most_seconds and work > arguments.most_seconds:
        check.failures.append(f"the page took {work:.2f} s, expected at most {arguments.most_seconds}")
    for failure in check.failures[:30]:
        print("  " + failure)
    sys.exit(1 if check.failures else 0)


def take_pictures(browser, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("summary", "structures", "documents"):
        browser.evaluate(f"document.getElementById('{part}').scrollIntoView()")
        time.sleep(0.15)
        browser.picture(folder / f"{name}-{part}.png")
    browser.evaluate("document.querySelector('#body tr[data-place=\"0\"]').click()")
    time.sleep(0.15)
    browser.picture(folder / f"{name}-document.png")
    browser.evaluate("document.getElementById('viewer').close()")
    if name == "1600-light":
        browser.send("Emulation.setEmulatedMedia", media="print")
        browser.evaluate("window.scrollTo(0, 0)")
        data = browser.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        (folder / "print.png").write_bytes(base64.b64decode(data))
        browser.send("Emulation.setEmulatedMedia", media="screen")


main()
