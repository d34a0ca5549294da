"""Results as JSON, and as a page of Markdown."""

import json
import os


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{figures(seconds / size)} {unit}"
    return f"{figures(seconds / 1e-9)} ns"


def figures(value):
    """Three figures."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def machine_lines(document):
    m = document["machine"]
    versions = document["versions"]
    lines = [
        f"- {m['processor']} ({m['family_model_stepping']}, {m['hypervisor']}), {m['cores']} cores, "
        f"{', '.join(m['instruction_sets'])}",
        f"- caches: {', '.join(f'{k} {v}' for k, v in m['caches'].items())}; {m['memory_gib']} GiB of "
        f"memory; Linux {m['kernel']}",
        f"- {(m['swift'] or ['Swift unknown'])[0]}; revision {m['revision'] or 'unknown'}; "
        f"load {m['load_before']:.1f} before, {m.get('load_after', float('nan')):.1f} after",
    ]
    for name, texts in versions.items():
        lines.append(f"- {name}: " + ", ".join(f"{k} {v}" for k, v in sorted(texts.items())))
    return lines


def ceiling_rows(document):
    c = document["ceilings"]
    rows = []
    for level, speeds in c.get("read", {}).items():
        rows.append([f"reading, {level}"] + [
            f"{figures(speeds[t] / 1e9)} GB/s" if speeds.get(t) else "–" for t in ("1", "2")])
    for field, what in (("fma_f32", "f32 multiply-add"), ("dot_i8", "int8 dot product")):
        rows.append([what] + [
            f"{figures(c[field][t] / 1e9)} Gop/s" if c.get(field, {}).get(t) else "–"
            for t in ("1", "2")])
    return rows


def bar_rows(document):
    rows = []
    for bar in document["bars"]:
        sense = {">=": "≥", "<=": "≤"}[bar["sense"]]
        measured, verdict, how = "–", "**not measured**", f"`{bar['how']}`"
        if bar["measured"] is None:
            how += f": {bar['reason']}"
        else:
            measured = figures(bar["measured"])
            verdict = "pass" if bar["passes"] else "**fail**"
        for mark in bar["marks"]:
            how += f"; **mind:** {mark}"
        # A reason may be an error of several lines.
        how = " ".join(how.replace("|", "\\|").split())
        rows.append([bar["title"], measured, f"{sense} {bar['bar']}", verdict, how])
    return rows


def case_rows(document):
    rows = []
    for result in document["cases"]:
        for name in ("ours", "ours-int8", "ours-fresh", "ours-evicted"):
            own = result["participants"].get(name)
            if not own:
                continue
            speed = "–"
            if own.get("gb_per_s"):
                speed = f"{figures(own['gb_per_s'])} GB/s, {figures(own['gflop_per_s'])} GFLOP/s"
            fraction = f"{100 * own['fraction']:.0f} % of {own['of']}" if own.get("fraction") else "–"
            peers = [
                f"{key.rsplit('/', 1)[0]} ×{figures(r['ratio'])} ({figures(r['minimum'])}–"
                f"{figures(r['maximum'])})"
                for key, r in result["ratios"].items()
                if key.endswith("/" + name) and not key.startswith("ours")
                and ("evicted" in key.split("/")[0]) == ("evicted" in name)
            ]
            used = own.get("info", {}).get("threads", result["threads"])
            rescored = own.get("info", {}).get("rescored")
            notes = [f"{100 * rescored:.2f} % rescored"] if rescored is not None else []
            if used < result["threads"]:
                notes.append(f"ours on {used:.0f} of {result['threads']} threads")
            rows.append([f"`{result['name']}`" + ("" if name == "ours" else f" {name}"),
                         duration(own["median"]), speed, fraction, "; ".join(peers + notes) or "–"])
    return rows


def bar_summary(document):
    measured = [bar for bar in document["bars"] if bar["measured"] is not None]
    passed = sum(bar["passes"] for bar in measured)
    rest = len(document["bars"]) - len(measured)
    return f"{passed} of {len(measured)} passed" + (f"; {rest} not measured in this run." if rest else ".")


def page(document):
    lines = ["<!-- Written by Benchmarks/bench.py; do not edit. -->", "", "# Results", "",
             *machine_lines(document), "", "## Ceilings", "",
             table(["", "1 thread", "2 threads"], ceiling_rows(document)), "", "## Bars", "", bar_summary(document), "",
             table(["", "measured", "bar", "", "how"], bar_rows(document)), "", "## All cases", "",
             "Times are medians of one call. A peer's figure is its time over ours: the ratio of "
             "medians, and the range of that ratio over the rounds.", "",
             table(["case", "time", "speed", "of the ceiling", "peers"], case_rows(document)), ""]
    warnings = [f"- `{r['name']}`: {w}" for r in document["cases"] for w in r.get("warnings", [])]
    failures = [f"- `{r['name']}`: {name}: {text}" for r in document["cases"]
                for name, text in r["failures"].items()]
    skipped = [f"- `{name}`: {reason}" for name, reason in document["skipped"].items()]
    for title, part in (("Not the same computation", warnings), ("Failures", failures),
                        ("Skipped", skipped)):
        if part:
            lines += [f"## {title}", "", *part, ""]
    return "\n".join(lines)


def save(document, folder):
    """Both files, each whole or as it was."""
    for name, text in (("results.json", json.dumps(document, indent=1) + "\n"),
                       ("results.md", page(document))):
        partial = folder / (name + ".partial")
        partial.write_text(text)
        os.replace(partial, folder / name)
