#!/usr/bin/env python3
"""Lists the bundled default's files in its manifest.json again, with sizes and digests.

    Scripts/list-default.py default

What is said of a file's source and licence stays; a file that the manifest does not know yet needs a
line in KINDS. Run by hand after a file of the default was made again.
"""
import hashlib
import json
import pathlib
import sys

GEMMA = "derives from Gemma: Gemma Terms of Use, see NOTICE"
KINDS = {
    "activations.documents.jsonl": (
        "the texts of activations.safetensors, cut into Gemma's tokens",
        "texts: public domain (Jargon File) and WordNet licence, see NOTICE",
    ),
    "english.json": (
        "fitted and calibrated for this project on residual rows of Gemma 3 270M; see Banks/english",
        GEMMA,
    ),
    "english-watermark/bank.json": (
        "entries fitted and measured for this project with Gemma 3 270M; see"
        " Banks/watermark",
        GEMMA,
    ),
}
# A bank's null values have a name of their own each time.
NULLS = (
    "scores of unmarked texts, of people and of Gemma 3 270M, with no word of them; see Banks/watermark",
    GEMMA,
)


def main():
    folder = pathlib.Path(sys.argv[1])
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    known = {file["path"]: (file["source"], file["licence"]) for file in manifest["files"]}
    manifest["files"] = []
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        if not file.is_file() or name in ("manifest.json", "NOTICE"):
            continue
        data = file.read_bytes()
        is_null = name.startswith("english-watermark/null-")
        source, licence = known.get(name) or (NULLS if is_null else KINDS[name])
        manifest["files"].append({
            "path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
            "source": source, "licence": licence,
        })
    if (folder / "english.json").is_file():
        manifest["detector"] = "english.json"
    if (folder / "english-watermark").is_dir():
        manifest["watermark"] = "english-watermark"
    order = ("dictionary", "activations", "detector", "watermark", "files")
    path.write_text(
        json.dumps({key: manifest[key] for key in order if key in manifest}, indent=2) + "\n")


main()
