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
    shutil.copy(results / "results.md", docs / "performance-results.md")
    for picture in sorted(results.glob("performance-*.svg")):
        shutil.copy(picture, docs / "pictures" / picture.name)


if __name__ == "__main__":
    main()
