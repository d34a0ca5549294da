"""Brings the entries of formats/{npy,npz,torch,yaml,zip} in manifest.json up to date."""

import hashlib
import json


def update(vectors):
    place = vectors / "manifest.json"
    manifest = json.loads(place.read_text())
    cases = manifest["cases"]
    for kind in ["npy", "npz", "torch", "yaml", "zip"]:
        for case in sorted((vectors / "formats" / kind).glob("*/case.json")):
            folder = case.parent
            described = json.loads(case.read_text())
            cases[str(folder.relative_to(vectors))] = {
                "library": described.get("library", "Python 3.11, NumPy 2.4.6"),
                "pins": described["pins"],
                "tolerance_abs": 0,
                "tolerance_rel": 0,
                "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest()
                          for file in sorted(folder.iterdir())},
            }
    manifest["cases"] = dict(sorted(cases.items()))
    place.write_text(json.dumps(manifest, indent=1) + "\n")
