"""What the machine can do at best, and what fraction of it a case reaches."""

from . import machine
from .cases import SIZES
from .children import Failure


def measure(children, seconds):
    """{"read": {level: {threads: bytes/s}}, "fma_f32", "dot_i8": {threads: operations/s}}."""
    child = children.get("ceilings")

    def best(operation):
        try:
            child.ask("prepare", slot="ceiling", operation=operation)
            return min(child.ask("measure", slot="ceiling", seconds=seconds)["samples"])
        except Failure:
            return None

    found = {"read": {}, "fma_f32": {}, "dot_i8": {}, "cache_bytes": {}}
    for level in (1, 2, 3):
        found["cache_bytes"][f"L{level}"] = machine.cache_bytes(level)
    # Half of a cache, so that it is that cache that is read; of all threads for those that each has.
    sizes = {"L1": 0.5, "L2": 0.5, "L3": 0.5}
    for threads in (1, 2):
        for level, part in sizes.items():
            shared = 1 if level == "L3" else threads
            size = int(found["cache_bytes"][level] * part) * shared // 65536 * 65536 or 16384 * shared
            time = best({"name": "stream", "bytes": size, "threads": threads})
            found["read"].setdefault(level, {})[str(threads)] = size / time if time else None
        time = best({"name": "stream", "bytes": 512 << 20, "threads": threads})
        found["read"].setdefault("memory", {})[str(threads)] = (512 << 20) / time if time else None
        for name, field in (("fma", "fma_f32"), ("dot", "dot_i8")):
            time = best({"name": name, "threads": threads})
            found[field][str(threads)] = 1e9 / time if time else None
    return found


def work(result):
    """Bytes of weights that a call must read, and f32 operations that it means; None: not defined."""
    size, d, n, batch = SIZES[result["type"]], result["d"], result["n"], result["batch"]
    own = result["participants"].get("ours", {}).get("info", {})
    active = own.get("l0")
    encode = (n * d * size, 2 * n * d * batch)
    decode = (active * batch * d * size, 2 * active * batch * d) if active else None
    operation = result["operation"]
    if operation == "encode":
        return encode
    if operation == "decode":
        return decode
    if operation == "encode-decode" and decode:
        return (encode[0] + decode[0], encode[1] + decode[1])
    if operation in ("apply", "read") and result["sigma"] == "jumprelu":
        rows = result["features"] * (2 if operation == "apply" else 1)
        return (rows * d * size, 2 * rows * d * batch)
    return None


def reached(result, ceilings, median):
    """{"gb_per_s", "gflop_per_s", "fraction", "of"}: the nearer of the two ceilings."""
    amount = work(result)
    if not amount:
        return {}
    threads = str(result["threads"])
    bytes_read, operations = amount
    level = "memory"
    if result["plans"] == 1:
        for name in ("L3", "L2", "L1"):
            if bytes_read <= ceilings["cache_bytes"][name]:
                level = name
    fractions = {}
    if result["operation"] in ("apply", "read"):
        threads = "1"
    bandwidth = ceilings["read"][level].get(threads)
    if bandwidth:
        fractions[f"read {level}"] = bytes_read / median / bandwidth
    if ceilings["fma_f32"].get(threads):
        fractions["f32"] = operations / median / ceilings["fma_f32"][threads]
    of = max(fractions, key=fractions.get, default=None)
    return {
        "gb_per_s": bytes_read / median / 1e9,
        "gflop_per_s": operations / median / 1e9,
        "fraction": fractions.get(of),
        "of": of,
    }
