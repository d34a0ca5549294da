"""Copies the results of a whole run into the documentation.

    publish.py RESULTS-FOLDER DOCS-FOLDER
"""

import json
import pathlib
import shutil
import sys


def main():
    results, docs = (pathlib.Path(argument) for argument in sys.argv[1:])
    document = json.loads((results / "results.json").read_text())
    if document["which"] != "full" or "seconds" not in document:
        sys.exit("publish: the last run was not a whole one: make bench, without BENCH or BENCH_ONLY")
    lines = ["## Pictures", "", "2,304 x 16,384, f32, 2 threads, where the axis says nothing else.", ""]
    for picture in sorted(results.glob("performance-*.svg")):
        shutil.copy(picture, docs / "pictures" / picture.name)
        axis = picture.stem.removeprefix("performance-")
        lines.append(f"![time by {axis}](pictures/{picture.name})")
    page = (results / "results.md").read_text()
    text = page.replace("## All cases", "\n".join([*lines, "", "## All cases"]), 1)
    (docs / "performance-results.md").write_text(text)


if __name__ == "__main__":
    main()
