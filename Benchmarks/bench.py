#!/usr/bin/env python3
"""Measures the library, the machine's ceilings and the peers in turns, and reports.

    bench.py --steering-bench PATH --python VENV/bin/python --data FOLDER --output FOLDER
             [--which full|quick] [--only REGEX] [--limit SECONDS] [--list] [--swift COMMAND]

Results are saved after every case: OUTPUT/results.json, results.md and pictures. `make bench` calls this.
docs/performance.md describes the figures and the file.
"""

import argparse
import array
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import time

from driver import bars, cases, ceilings, machine, measuring, report
from driver.children import Children, Failure

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
# 1: {"schema", "which", "only", "machine", "versions", "ceilings", "cases": [...], "bars": [...]}.
SCHEMA = 1


def say(text):
    print(text, file=sys.stderr, flush=True)


def real_rows(path):
    """512 of the bundled rows, as a plain file of f32."""
    if not path.exists():
        content = (ROOT / "default" / "activations.safetensors").read_bytes()
        size = struct.unpack("<Q", content[:8])[0]
        entry = json.loads(content[8 : 8 + size])["activations"]
        if entry["dtype"] != "BF16":
            raise ValueError(f"the bundled rows are {entry['dtype']}, expected BF16")
        # The first is that of the beginning of the text, unlike any other.
        start = 8 + size + entry["data_offsets"][0] + 2 * entry["shape"][1]
        halves = array.array("H", content[start : start + 2 * 512 * entry["shape"][1]])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(array.array("I", (half << 16 for half in halves)).tobytes())
    return path


def places(case, data, bench):
    """The case's dictionary and rows."""
    if case.source == "real":
        folder = next((ROOT / "default").glob("*/cfg.json")).parent
        return folder, real_rows(data / "real" / "rows.f32")
    folder = data / case.shape / case.type / case.sigma
    if case.source == "native":
        folder, original = folder.with_name(f"{case.sigma}-native"), folder
        if not folder.exists():
            subprocess.run([bench, "convert", original, folder], check=True)
    return folder, data / case.shape / "rows.f32"


def memory_needed(case):
    """Bytes: the file, ours turned round, a peer's copy and what turning it round takes there."""
    return 3 * case.dictionary_bytes + case.batch * case.n * 16 + (2 << 30)


def make_dictionaries(python, data, wanted):
    """Makes what is missing; the shapes that could not be made are returned."""
    failed = set()
    for shape, argument in cases.dictionaries(wanted).items():
        done = subprocess.run([python, str(HERE / "make_dictionaries.py"), str(data), argument])
        if done.returncode != 0:
            failed.add(shape)
    return failed


def line(result):
    taken = result["participants"]
    parts = [f"{name} {report.duration(v['median'])}" for name, v in taken.items()]
    parts += [f"{name} FAILED" for name in result["failures"]]
    if "peak_bytes" in result:
        parts.append(f"{result['peak_bytes'] / 1e6:.1f} MB, without bounds "
                     f"{result['plain_peak_bytes'] / 1e6:.1f} MB; the int8 form "
                     f"{result['int8_bytes'] / 1e6:.1f} MB")
    return ", ".join(parts)


def failures_of_ours(document):
    return [f"{result['name']}: {name}: {text}" for result in document["cases"]
            for name, text in result["failures"].items() if name.startswith("ours")]


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steering-bench", required=True, type=pathlib.Path)
    parser.add_argument("--python", default=sys.executable, help="of the environment with the peers")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--which", choices=("full", "quick"), default="full")
    parser.add_argument("--only", default="", help="cases whose name matches this expression")
    parser.add_argument("--swift", default="swift", help="the compiler, for the description")
    parser.add_argument("--limit", type=float, default=780, help="seconds; bars are measured always")
    parser.add_argument("--list", action="store_true", help="print the names of cases and end")
    return parser.parse_args()


def main():
    given = options()
    chosen = [c for c in cases.cases(given.which) if re.search(given.only, c.name)]
    if given.list:
        print("\n".join(c.name for c in chosen))
        return 0
    given.output.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    say(f"{len(chosen)} cases; making dictionaries where they are missing")
    unmade = make_dictionaries(given.python, given.data, chosen)
    bench = str(given.steering_bench)
    peers = [given.python, str(HERE / "peers" / "peers.py")]
    children = Children({
        "ours": [bench, "serve"], "ceilings": [bench, "serve"],
        "torch": [*peers, "torch"], "numpy": [*peers, "numpy"],
    })
    document = {"schema": SCHEMA, "which": given.which, "only": given.only,
                "machine": machine.describe(ROOT, given.swift), "versions": {}, "ceilings": {},
                "cases": [], "skipped": {}, "bars": []}
    broken = []
    try:
        texts = children.get("ours").texts
        for name in ("ours", "torch", "numpy"):
            try:
                document["versions"][name] = children.get(name).texts
            except Failure as failure:
                document["versions"][name] = {"failed": str(failure)}
        try:
            document["versions"]["openblas"] = children.get("ceilings").ask("blas")["texts"]
        except Failure as failure:
            document["versions"]["openblas"] = {"failed": str(failure)}
        say("ceilings")
        document["ceilings"] = ceilings.measure(children, 0.3 if given.which == "full" else 0.1)
        begun_cases = time.monotonic()
        place = None
        for number, case in enumerate(chosen, 1):
            if place != (case.shape, case.source):
                children.release()
                place = (case.shape, case.source)
            reason = None
            if case.source != "real" and case.shape in unmade:
                reason = "its dictionary could not be made"
            elif memory_needed(case) > machine.memory_kibibytes("MemAvailable") << 10:
                reason = f"needs about {memory_needed(case) / 1e9:.0f} GB of memory"
            elif time.monotonic() - begun_cases > given.limit and not case.bar:
                reason = "time is up"
            if case.bar and case.shape in unmade and case.source != "real":
                broken.append(f"{case.name}: {reason}")
            if reason:
                document["skipped"][case.name] = reason
                say(f"[{number}/{len(chosen)}] {case.name}: skipped, {reason}")
                continue
            try:
                result = measuring.run(case, *places(case, given.data, bench), children, texts)
            except Exception as error:  # what is measured so far is worth more than this case
                document["skipped"][case.name] = f"{type(error).__name__}: {error}"
                say(f"[{number}/{len(chosen)}] {case.name}: {document['skipped'][case.name]}")
                if case.bar:
                    broken.append(f"{case.name}: {document['skipped'][case.name]}")
                continue
            for name, own in result["participants"].items():
                if name in ("ours", "ours-int8"):
                    own |= ceilings.reached(result, document["ceilings"], own["median"])
            document["cases"].append(result)
            say(f"[{number}/{len(chosen)}] {case.name}: {line(result)}")
            for warning in result.get("warnings", []):
                say(f"    not the same: {warning}")
            document["bars"] = bars.evaluate(document["cases"], document["skipped"])
            report.save(document, given.output)
    finally:
        children.end()
    document["machine"]["load_after"] = os.getloadavg()[0]
    document["seconds"] = time.monotonic() - begun
    document["bars"] = bars.evaluate(document["cases"], document["skipped"])
    report.save(document, given.output)
    for old in given.output.glob("performance-*.svg"):
        old.unlink()
    drawn = subprocess.run([given.python, str(HERE / "plots.py"), str(given.output / "results.json"),
                            str(given.output)])
    if drawn.returncode != 0:
        say("no pictures: see above")
    print((given.output / "results.md").read_text())
    # A machine without the memory for a case is no failure, nor is a peer that is not there.
    wrong = broken + failures_of_ours(document)
    for problem in wrong:
        say(f"FAILED: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
