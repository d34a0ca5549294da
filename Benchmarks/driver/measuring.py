"""Runs one case: prepares its participants and lets them take turns."""

import ctypes
import mmap
import os
import pathlib
import statistics
import subprocess
import time

from .cases import SIZES
from .children import Child, Failure

# Some peers' threads wait busily for a while after a call (OpenBLAS' for a tenth of a second); the
# next participant must not feel it.
SETTLE = {"numpy": 0.13, "sgemm": 0.13, "torch": 0.03, "saelens": 0.03}


def requests(case, folder, rows, texts):
    """{participant: (child, operation)}, ours first."""
    common = {
        "name": case.operation, "dictionary": str(folder), "rows": str(rows), "type": case.type,
        "batch": case.batch, "threads": case.threads, "features": case.features,
        "plans": case.plans, "n": case.n, "d": case.d, "k": 64,
    }
    ours = common | ({"name": "encode"} if case.operation == "select" else {})
    # A new way of doing the same is a line here: another participant of the same child.
    found = {"ours": ("ours", ours)}
    if case.operation in ("encode", "encode-decode"):
        found["ours-int8"] = ("ours", ours | {"accelerate": True})
    rows_read = case.features * (1 if case.operation == "read" else 2)
    peers = {
        "read": ("ceilings", {"name": "stream", "bytes": 4 * case.n * case.d}),
        "rows": ("ceilings", {"name": "rows", "batch": rows_read,
                              "bytes": case.d * SIZES[case.type]}),
        "sgemm": ("ceilings", {"name": "sgemm"}),
        "saelens-f32": ("torch", {"type": "f32"}),
        "saelens-bf16": ("torch", {"type": "bf16"}),
        "saelens-hook": ("torch", {"type": "f32", "name": "hook"}),
        "saelens-hook-once": ("torch", {"type": "f32", "name": "hook-once"}),
        "torch-sgemm": ("torch", {"name": "matmul"}),
        "torch-select": ("torch", {"name": "select"}),
        "numpy": ("numpy", {}),
        "numpy-sgemm": ("numpy", {"name": "matmul"}),
        "numpy-select": ("numpy", {"name": "select"}),
    }
    for name in case.peers:
        child, changes = peers[name]
        found[name] = (child, common | changes)
    return found


def evict(folder):
    """Takes a folder's files out of the page cache, and looks whether they are."""
    for file in pathlib.Path(folder).iterdir():
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # what is not written yet cannot leave
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            pages = resident_pages(descriptor)
        finally:
            os.close(descriptor)
        if pages:
            raise Failure(f"{pages} pages of {file.name} stay in the page cache")


def warm(folder):
    """Puts all of a folder's files into the page cache."""
    for file in pathlib.Path(folder).iterdir():
        with file.open("rb", buffering=0) as content:
            while content.read(1 << 24):
                pass


LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


def resident_pages(descriptor):
    """Pages of a file that are in the page cache. Mapping it reads none."""
    size = os.fstat(descriptor).st_size
    if size == 0:
        return 0
    base = LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    if base == ctypes.c_void_p(-1).value:
        raise Failure(f"mmap: {os.strerror(ctypes.get_errno())}")
    try:
        pages = ctypes.create_string_buffer(-(-size // mmap.PAGESIZE))
        if LIBC.mincore(base, size, pages) != 0:
            raise Failure(f"mincore: {os.strerror(ctypes.get_errno())}")
        return sum(page & 1 for page in pages.raw)
    finally:
        LIBC.munmap(base, size)


def summary(rounds):
    """Of rounds of samples: the median of all, and the medians of the rounds."""
    samples = [sample for one in rounds for sample in one]
    if not samples:
        return None
    return {
        "median": statistics.median(samples),
        "minimum": min(samples),
        "maximum": max(samples),
        "samples": len(samples),
        "rounds": [statistics.median(one) for one in rounds],
    }


def ratios(participants):
    """Each peer's time over each of ours: the ratio of medians, and the range over the rounds."""
    found = {}
    for name, own in participants.items():
        if not name.startswith("ours"):
            continue
        for other, peer in participants.items():
            if other == name:
                continue
            pairs = [b / a for a, b in zip(own["rounds"], peer["rounds"])]
            found[f"{other}/{name}"] = {
                "ratio": peer["median"] / own["median"], "minimum": min(pairs), "maximum": max(pairs),
            }
    return found


def run(case, folder, rows, children, texts):
    """Measures a case; what fails is told in its result and left out."""
    result = {
        "name": case.name, "operation": case.operation, "sigma": case.sigma, "type": case.type,
        "d": case.d, "n": case.n, "batch": case.batch, "threads": case.threads,
        "features": case.features, "plans": case.plans, "source": case.source,
        "participants": {}, "failures": {},
    }
    if case.operation == "peak":
        return result | peak(case, folder, rows, children)
    wanted = requests(case, folder, rows, texts)
    infos = {}
    for name, (child, operation) in list(wanted.items()):
        try:
            reply = children.get(child).ask("prepare", slot=name, operation=operation)
            infos[name] = reply.get("info") or {}
        except Failure as failure:
            result["failures"][name] = str(failure)
            del wanted[name]
    rounds = {name: [] for name in wanted}
    for turn in range(case.rounds):
        names = list(wanted)
        for name in names[turn % len(names) :] + names[: turn % len(names)] if names else []:
            child = wanted[name][0]
            try:
                reply = children.get(child).ask(
                    "measure", slot=name, seconds=case.seconds, minimum=1)
                rounds[name].append(reply["samples"])
            except Failure as failure:
                result["failures"][name] = str(failure)
                del wanted[name]
                rounds.pop(name)
            time.sleep(SETTLE.get(name.split("-")[0], 0))
    for name, taken in rounds.items():
        result["participants"][name] = summary(taken) | {"info": infos[name]}
    if case.operation == "open":
        result["participants"] |= fresh(case, folder, children, wanted, result["failures"])
    result["ratios"] = ratios(result["participants"])
    result["warnings"] = disagreements(infos)
    return result


def fresh(case, folder, children, wanted, failures):
    """Opening in processes that do nothing else, with the file in the page cache and without; and the
    peers without, whose processes go on: importing them takes far longer than that. What fails goes into
    `failures`, with its reason."""
    command = [*children.commands["ours"][:-1], "first-row", str(folder)]

    def own():
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise Failure(done.stderr.strip())
        return [float(done.stdout)]

    def peer(name):
        child = children.get(wanted[name][0])
        return child.ask("measure", slot=name, seconds=0, minimum=1)["samples"]

    ways = {"ours-fresh": (own, False), "ours-evicted": (own, True)}
    children.release()  # a file that anyone maps stays in memory
    for name, (child, operation) in wanted.items():
        if name.startswith("ours"):
            continue
        try:
            children.get(child).ask("prepare", slot=name, operation=operation)
            ways[f"{name}-evicted"] = (lambda name=name: peer(name), True)
        except Failure as failure:
            failures[f"{name}-evicted"] = str(failure)
    samples = {name: [] for name in ways}
    for _ in range(2 * case.rounds + 1):
        for name, (way, evicts) in list(ways.items()):
            try:
                (evict if evicts else warm)(folder)
                samples[name].append(way())
            except (Failure, OSError, subprocess.SubprocessError, ValueError) as failure:
                failures[name] = str(failure)
                del ways[name]
    # One that failed in between has too few samples to be believed.
    return {name: summary(samples[name]) for name in ways}


def peak(case, folder, rows, children):
    """Memory of one call above what is resident before it, with bounds and without, each in a process of
    its own; and how much more creating the encoder with them left resident."""
    operation = requests(case, folder, rows, {})["ours"][1] | {"name": "encode"}
    replies = []
    for accelerate in (False, True):
        child = Child("peak", children.commands["ours"])
        try:
            replies.append(child.ask("peak", operation=operation | {"accelerate": accelerate}))
        except Failure as failure:
            return {"failures": {"ours": str(failure)}}
        finally:
            child.end()
    plain, bounded = replies
    return {"peak_bytes": max(plain["bytes"], bounded["bytes"]), "plain_peak_bytes": plain["bytes"],
            "int8_bytes": int(bounded["info"]["created"] - plain["info"]["created"])}


def disagreements(infos):
    """Participants that compute something else than ours do must not be compared with it."""
    found = []
    own = infos.get("ours", {})
    for name, info in infos.items():
        # Products in bf16 decide otherwise near a threshold.
        tolerance = 0.1 if "bf16" in name else 1e-3
        for field in ("l0", "sum"):
            if field in own and field in info and own[field]:
                if abs(info[field] / own[field] - 1) > tolerance:
                    found.append(f"{name}: {field} is {info[field]:.6g}, ours {own[field]:.6g}")
    return found
