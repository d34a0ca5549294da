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
    # "seconds" is written last: without it the run was broken off.
    whole = document["which"] == "full" and document.get("only") == "" and "seconds" in document
    if not whole:
        sys.exit("publish: the last run was not a whole one: make bench, without BENCH or BENCH_ONLY")
    lines = ["## Pictures", "", "2,304 x 16,384, f32, 2 threads, where the axis says nothing else.", ""]
    for old in (docs / "pictures").glob("performance-*.svg"):
        old.unlink()
    for picture in sorted(results.glob("performance-*.svg")):
        shutil.copy(picture, docs / "pictures" / picture.name)
        axis = picture.stem.removeprefix("performance-")
        lines.append(f"![time by {axis}](pictures/{picture.name})")
    page = (results / "results.md").read_text()
    text = page.replace("## All cases", "\n".join([*lines, "", "## All cases"]), 1)
    (docs / "performance-results.md").write_text(text)


if __name__ == "__main__":
    main()
