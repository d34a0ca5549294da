"""Draws the pictures of docs/performance.md from a results file. Needs Matplotlib.

    plots.py RESULTS.json FOLDER
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

# Text stays text, and the same input gives the same file.
plt.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "steering", "font.size": 9, "axes.grid": True,
    "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
})
COLOURS = {"ours": "#0b6e4f", "ours-int8": "#4fb286", "saelens-f32": "#c8553d", "rows": "#888888",
           "floor": "#888888"}
LABELS = {"ours": "Steering", "ours-int8": "Steering, int8 first", "saelens-f32": "SAELens (PyTorch)",
          "rows": "reading the rows", "floor": "reading the f32 encoder once"}


def is_main(result):
    return (result["d"], result["n"]) == (2304, 16384)


# Picture, axis, the size that varies, and which cases belong to it.
SWEEPS = {
    "n": ("features", lambda r: r["n"],
          lambda r: r["operation"] == "encode" and r["sigma"] == "topk" and r["d"] == 2304
          and r["batch"] == 1),
    "d": ("width of a row", lambda r: r["d"],
          lambda r: r["operation"] == "encode" and r["sigma"] == "topk" and r["n"] == 16384
          and r["batch"] == 1),
    "k": ("k", lambda r: int(r["sigma"].removeprefix("topk") or 64),
          lambda r: r["operation"] == "encode" and r["sigma"].startswith("topk") and is_main(r)
          and r["batch"] == 1),
    "batch": ("rows in one call", lambda r: r["batch"],
              lambda r: r["operation"] == "encode" and r["sigma"] == "topk" and is_main(r)),
    "features": ("features clamped", lambda r: r["features"],
                 lambda r: r["operation"] == "apply" and r["sigma"] == "jumprelu" and is_main(r)
                 and r["batch"] == 1 and r["plans"] == 1),
}


def floor(result, document):
    """The time that reading the f32 encoder once takes at the measured speed."""
    bytes_read = 4 * result["n"] * result["d"]
    level = "L3" if bytes_read <= document["ceilings"]["cache_bytes"]["L3"] else "memory"
    speed = document["ceilings"]["read"][level][str(result["threads"])]
    return bytes_read / speed if speed else None


def draw(name, document, folder):
    axis, size, belongs = SWEEPS[name]
    results = [r for r in document["cases"] if r["type"] == "f32" and r["threads"] == 2
               and r["source"] == "synthetic" and belongs(r)]
    lines = {}
    for result in results:
        for who, taken in result["participants"].items():
            if who in COLOURS:
                lines.setdefault(who, {})[size(result)] = taken["median"]
        if name in ("n", "d") and (least := floor(result, document)):
            lines.setdefault("floor", {})[size(result)] = least
    if len({s for points in lines.values() for s in points}) < 3:
        return
    figure, axes = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    for who, points in lines.items():
        sizes = sorted(points)
        axes.plot(sizes, [1e6 * points[s] for s in sizes], "--" if who in ("floor", "rows") else "-o",
                  color=COLOURS[who], label=LABELS[who], markersize=3.5, linewidth=1.4)
    axes.set(xscale="log", yscale="log", xlabel=axis, ylabel="µs for one call")
    sizes = sorted({s for points in lines.values() for s in points})
    axes.set_xticks(sizes, [f"{s:,}" for s in sizes], rotation=30 if len(sizes) > 7 else 0)
    axes.minorticks_off()
    axes.legend()
    figure.savefig(folder / f"performance-{name}.svg", metadata={"Date": None})
    plt.close(figure)


def main():
    document = json.loads(pathlib.Path(sys.argv[1]).read_text())
    for name in SWEEPS:
        draw(name, document, pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
