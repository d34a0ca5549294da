#!/usr/bin/env python3
"""Compares the instructions of the key calls with Benchmarks/thresholds/instructions.json.

    instructions.py [--update] [--strict] [--swift COMMAND] LIBRARY-FOLDER BUILD-FOLDER

Unlike time, instructions are the same in every run, so that they can be a gate on any machine: more than
the tolerance above the threshold is a failure, as is a call without one. They do depend on the compiler,
the C library and the kernels; where one of these is another than that of the thresholds, nothing is
compared; with --strict that is a failure, for a machine that is meant to be that of the thresholds.
--update takes what was counted as the thresholds. COMMAND is what the library was built with.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
THRESHOLDS = ROOT / "Benchmarks" / "thresholds" / "instructions.json"
PROBE = ROOT / "Tests" / "ABIProbe"
TOLERANCE = 0.03


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def conditions(kernels, swift):
    """Everything that decides how many instructions the same source takes."""
    return {
        "compiler": output(*shlex.split(swift), "--version").splitlines()[0],
        "c_library": os.confstr("CS_GNU_LIBC_VERSION"),
        "valgrind": output("valgrind", "--version"),
        "kernels": kernels,
    }


def build(library, folder):
    compiler = shutil.which("gcc") or "clang"
    sources = [PROBE / f"{name}.c" for name in ("probe", "numbers", "fixture", "scene")]
    subprocess.run(
        [compiler, "-std=gnu99", "-O1", "-g", "-Wall", "-Wextra", f"-I{PROBE}",
         f"-I{library / 'include'}", str(ROOT / "Benchmarks" / "instructions" / "count.c"),
         *map(str, sources), str(library / "lib" / "libsteering.a"), "-lstdc++", "-lm", "-lpthread",
         "-ldl", "-o", str(folder / "count")],
        check=True,
    )


def count(folder):
    """({name: instructions}, kernels)"""
    for old in folder.glob("callgrind.*"):
        old.unlink()
    # A short name that is the same everywhere: opening a file takes instructions for each letter.
    (folder / "tmp").mkdir(exist_ok=True)
    # Swift's sets and dictionaries have another order in every run, unless told otherwise. The C
    # library must not copy by the instruction that is counted once for each byte.
    environment = {"PATH": os.environ["PATH"], "SWIFT_DETERMINISTIC_HASHING": "1",
                   "TMPDIR": "tmp", "SWIFT_BACKTRACE": "enable=no",
                   "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-ERMS,-FSRM"}
    done = subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--combine-dumps=no",
         f"--callgrind-out-file={folder / 'callgrind.out'}", str(folder / "count")],
        capture_output=True, text=True, env=environment, cwd=folder)
    if done.returncode != 0:
        sys.exit(f"instructions: {done.stdout}{done.stderr}")
    found = {}
    for dump in folder.glob("callgrind.out.*"):
        text = dump.read_text()
        name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
        total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
        if name and total:
            found[name.group(1)] = int(total.group(1))
    return found, done.stdout.split()[0]


def compare(found, known):
    """Prints old, new and ratio; returns what is wrong."""
    wrong = []
    print(f"{'':50} {'threshold':>12} {'counted':>12}  ratio")
    for name in [*known, *(n for n in found if n not in known)]:
        old, new = known.get(name), found.get(name)
        if new is None:
            wrong.append(f"'{name}' has a threshold, and nothing counts it")
            continue
        if old is None:
            wrong.append(f"'{name}' has no threshold: make bench-instructions-update")
            print(f"{name:50} {'':>12} {new:12,}")
            continue
        ratio = new / old
        print(f"{name:50} {old:12,} {new:12,}  {ratio:.3f}")
        if ratio > 1 + TOLERANCE:
            wrong.append(f"'{name}' takes {100 * (ratio - 1):.1f} % more instructions")
        elif ratio < 1 - TOLERANCE:
            print("    better: make bench-instructions-update keeps it so")
    return wrong


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--strict", action="store_true", help="fail where nothing can be compared")
    parser.add_argument("--swift", default="swift", metavar="COMMAND")
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    return parser.parse_args()


def main():
    given = options()
    library, folder = given.library.resolve(), given.build.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    build(library, folder)
    found, kernels = count(folder)
    here = conditions(kernels, given.swift)
    order = re.findall(r'^        \{ "([^"]+)", \w+, (?:\{|[A-Z_]+, )', (
        ROOT / "Benchmarks" / "instructions" / "count.c").read_text(), re.M)
    missing = [name for name in order if name not in found]
    if missing:
        sys.exit(f"instructions: not counted: {missing}")
    found = {name: found[name] for name in order}
    if given.update:
        document = {"conditions": here, "operations": found}
        THRESHOLDS.write_text(json.dumps(document, indent=2) + "\n")
    known = json.loads(THRESHOLDS.read_text())
    different = [k for k, v in here.items() if known["conditions"].get(k) != v]
    wrong = [] if different else compare(found, known["operations"])
    if different:
        for name, number in found.items():
            print(f"{name:50} {number:12,}")
        for key in different:
            print(f"different {key}, not compared: {here[key]}, thresholds are for "
                  f"{known['conditions'].get(key)}")
        if given.strict:
            wrong.append("the conditions are not those of the thresholds")
    for problem in wrong:
        print(f"FAILED: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
