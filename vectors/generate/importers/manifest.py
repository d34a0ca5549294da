"""Lists new cases under vectors/importers in vectors/manifest.json; says which listed ones changed."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    path = ROOT / "manifest.json"
    text = path.read_text()
    manifest = json.loads(text)
    for case in sorted(ROOT.glob("importers/**/case.json")):
        folder = case.parent
        about = json.loads(case.read_text())
        files = {
            str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*")) if file.is_file()
        }
        name = str(folder.relative_to(ROOT))
        entry = {
            "library": about["library"], "pins": about["note"],
            "tolerance_abs": about["tolerance_abs"], "tolerance_rel": about["tolerance_rel"],
            "files": files,
        }
        known = manifest["cases"].get(name)
        if known is None:
            print("added", name)
            manifest["cases"][name] = entry
        elif known["files"] != files:
            print("changed, left as it was:", name)
    manifest["cases"] = dict(sorted(manifest["cases"].items()))
    end = "\n" if text.endswith("\n") else ""
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + end)


if __name__ == "__main__":
    main()
