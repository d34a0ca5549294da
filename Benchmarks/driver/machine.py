"""What the numbers were measured on, and with."""

import os
import pathlib
import platform
import re
import shlex
import subprocess


def output(*command):
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def memory_kibibytes(field):
    text = pathlib.Path("/proc/meminfo").read_text()
    return int(re.search(rf"^{field}: *(\d+)", text, re.M).group(1))


def cache_bytes(level):
    for index in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        if (index / "level").read_text().strip() == str(level) and (
            index / "type"
        ).read_text().strip() != "Instruction":
            size = (index / "size").read_text().strip()
            return int(size[:-1]) * {"K": 1 << 10, "M": 1 << 20}[size[-1]]
    return {1: 32 << 10, 2: 1 << 20, 3: 32 << 20}[level]


def describe(root, swift):
    fields = dict(
        (key.strip(), value.strip())
        for key, _, value in (line.partition(":") for line in output("lscpu").splitlines())
    )
    flags = set(fields.get("Flags", "").split())
    wanted = ("avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni",
              "avx512_bf16", "amx_int8", "amx_bf16")
    return {
        "processor": fields.get("Model name", platform.processor()),
        "family_model_stepping": "/".join(
            fields.get(f, "?") for f in ("CPU family", "Model", "Stepping")
        ),
        "cores": os.cpu_count(),
        "hypervisor": fields.get("Hypervisor vendor", "none"),
        "instruction_sets": [flag for flag in wanted if flag in flags],
        "caches": {k: fields[k] for k in ("L1d cache", "L2 cache", "L3 cache") if k in fields},
        "memory_gib": round(memory_kibibytes("MemTotal") / (1 << 20), 1),
        "kernel": platform.release(),
        "swift": output(*shlex.split(swift), "--version").splitlines()[:1],
        "revision": output("git", "-C", str(root), "describe", "--always", "--dirty"),
        "load_before": os.getloadavg()[0],
    }
