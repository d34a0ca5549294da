"""False alarms of the streaming detector on null documents, each watched token by token.

    python3 streams.py --detector english.json --sae FOLDER ROWS.safetensors ...

Every document of the shards is one stream. Prints, per structure, the share of streams that were
ever flagged at each calibrated rate, with its 95 % Clopper-Pearson interval, and where they stopped.
Needs numpy, scipy and the package `steering` (Hosts/python).
"""

import argparse
import json
import pathlib
import struct

import numpy as np
from scipy.stats import beta

import steering

TYPES = {"F32": "<f4", "I32": "<i4", "I64": "<i8", "U8": "u1"}


def read(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def interval(count, of):
    lower = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    upper = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return lower, upper


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", required=True)
    parser.add_argument("--sae", required=True)
    parser.add_argument("shards", nargs="+")
    given = parser.parse_args()
    text = pathlib.Path(given.detector).read_text(encoding="utf-8")
    rates = [each["alpha"] for each in json.loads(text)["calibration"]["sequential"]["thresholds"]]
    detector = steering.Detector(steering.Dictionary(given.sae), text)
    monitor = detector.monitor()
    names = detector.info.structures
    flagged = {rate: dict.fromkeys(names, 0) for rate in rates}
    streams = tokens = 0
    for shard in given.shards:
        tensors = read(shard)
        starts = np.flatnonzero(np.diff(tensors["documents"], prepend=-1))
        for begin, end in zip(starts, [*starts[1:], len(tensors["documents"])]):
            monitor.reset()
            monitor.observe(
                tensors["activations"][begin:end], special=tensors["special"][begin:end] != 0)
            streams += 1
            tokens += end - begin
            for rate in rates:
                for name, finding in monitor.findings(rate).items():
                    flagged[rate][name] += finding.is_flagged
    print(f"{streams} streams, {tokens} tokens")
    for rate in rates:
        print(f"\never flagged at {rate:.5f}:")
        for name in names:
            count = flagged[rate][name]
            lower, upper = interval(count, streams)
            print(f"  {name:<18}{count / streams:.4f}  [{lower:.4f}, {upper:.4f}]")
        share = sum(flagged[rate].values()) / streams / len(names)
        print(f"  {'mean':<18}{share:.4f}")


if __name__ == "__main__":
    main()
