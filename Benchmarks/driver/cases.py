"""What is measured. A case is one operation on one dictionary; its participants take turns at it."""

import dataclasses

SIZES = {"f32": 4, "bf16": 2}


@dataclasses.dataclass
class Case:
    operation: str  # encode, decode, encode-decode, apply, read, open, peak, select
    sigma: str
    type: str  # of the stored weights
    d: int
    n: int
    batch: int = 1
    threads: int = 2
    features: int = 3  # steered or read
    plans: int = 1
    peers: tuple = ()
    source: str = "synthetic"  # native: the same in the native form; real: the bundled one
    rounds: int = 3
    seconds: float = 0.08  # each participant's in each round
    bar: bool = False  # measured first, and longest

    @property
    def shape(self):
        return f"{self.d}x{self.n}"

    @property
    def name(self):
        parts = [self.operation, self.sigma, self.type, self.shape, f"b{self.batch}"]
        parts.append(f"t{self.threads}")
        if self.operation in ("apply", "read"):
            parts.append(f"f{self.features}")
        if self.plans > 1:
            parts.append("cold")
        if self.source != "synthetic":
            parts.append(self.source)
        return "/".join(parts)

    @property
    def dictionary_bytes(self):
        return 2 * self.n * self.d * SIZES[self.type]


COLD = 2500  # plans: three f32 rows of 2,304 in each direction make 138 MB, more than a cache holds

MAIN = (2304, 16384)
WIDE = (2304, 65536)
SMALL = (768, 24576)
HUGE = (3584, 131072)


def barred():
    """What acceptance depends on: few cases, every peer, long enough."""
    long = {"bar": True, "rounds": 5, "seconds": 0.2}
    every = ("read", "saelens-f32", "saelens-bf16", "numpy")
    yield Case("apply", "jumprelu", "f32", *MAIN,
               peers=("rows", "saelens-hook", "saelens-hook-once"), **long)
    yield Case("apply", "jumprelu", "f32", *MAIN, plans=COLD, peers=("rows",), **long)
    for shape in (MAIN, WIDE):
        for sigma in ("topk", "jumprelu"):
            for operation in ("encode", "encode-decode"):
                yield Case(operation, sigma, "f32", *shape, peers=every, **long)
                yield Case(operation, sigma, "bf16", *shape, peers=("read", "saelens-bf16"), **long)
    for operation in ("encode", "encode-decode"):
        yield Case(operation, "topk", "bf16", 640, 4096, peers=every, source="real", **long)
    for batch in (2, 4, 8, 16, 32):
        yield Case("encode", "topk", "f32", *MAIN, batch=batch,
                   peers=("saelens-f32", "sgemm", "numpy-sgemm"), **long)
    yield Case("encode", "topk", "f32", *MAIN, batch=512,
               peers=("saelens-f32", "sgemm", "numpy-sgemm", "torch-sgemm"), bar=True, rounds=4,
               seconds=0.3)
    yield Case("peak", "topk", "f32", *MAIN, batch=512, bar=True, rounds=1)
    yield Case("open", "jumprelu", "bf16", *MAIN, peers=("saelens-bf16",), bar=True, rounds=5)
    yield Case("open", "jumprelu", "bf16", *MAIN, source="native", bar=True, rounds=5)


def sweeps():
    """The lines of the pictures: one size varies at a time, about the main shape."""
    one = {"peers": ("saelens-f32",), "rounds": 3}
    for n in (1024, 4096, 16384, 65536):
        yield Case("encode", "topk", "f32", 2304, n, **one)
    for d in (256, 768, 2304, 3584):
        yield Case("encode", "topk", "f32", d, 16384, **one)
    for k in (8, 16, 32, 64, 128, 256, 512):
        yield Case("encode", f"topk{k}" if k != 64 else "topk", "f32", *MAIN, **one)
    for batch in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        yield Case("encode", "topk", "f32", *MAIN, batch=batch, **one)
    for features in (1, 3, 10, 30, 100, 300, 1000):
        yield Case("apply", "jumprelu", "f32", *MAIN, features=features, peers=("rows",))
        yield Case("read", "jumprelu", "f32", *MAIN, features=features, peers=("rows",))


def grid():
    """Every operation, type and shape, with the peer that computes the same."""
    for shape in (MAIN, SMALL, WIDE, HUGE):
        size = shape[0] * shape[1]
        for element in ("f32", "bf16"):
            if shape == HUGE and element == "f32":
                continue  # 3.8 GB, and as much again in the peer: the bf16 form says the same
            peer = (f"saelens-{element}",)
            brief = {"rounds": 2, "seconds": 0.06}
            for sigma in ("topk", "jumprelu", "relu"):
                if sigma == "relu" and size > MAIN[0] * MAIN[1]:
                    continue
                for threads in (2, 1):
                    for batch in (1, 8, 32, 64, 512):
                        # One call of the peer stays below about a second.
                        if size * batch > 6e10 / (1 if element == "f32" else 4):
                            continue
                        if sigma == "relu" and batch > 32:
                            continue
                        if threads == 1 and (batch not in (1, 32, 512) or sigma == "relu"):
                            continue
                        yield Case("encode", sigma, element, *shape, batch=batch, threads=threads,
                                   peers=peer, **brief)
            for batch in (1, 8, 64):
                if size <= WIDE[0] * WIDE[1]:
                    numpy = ("numpy",) if element == "f32" else ()
                    yield Case("decode", "topk", element, *shape, batch=batch,
                               peers=peer + numpy, **brief)
            for sigma in ("topk", "jumprelu"):
                yield Case("apply", sigma, element, *shape, peers=("rows",), **brief)
            yield Case("apply", "jumprelu", element, *shape, batch=32, **brief)
            yield Case("open", "jumprelu", element, *shape,
                       peers=peer if size <= MAIN[0] * MAIN[1] else (), rounds=2)
    for n in (16384, 65536, 131072):
        yield Case("select", "topk", "f32", 16, n, peers=("numpy-select", "torch-select"))


def quick():
    """Two minutes: the bars on the main shape, briefly."""
    for case in barred():
        if case.shape != "2304x65536" and case.batch in (1, 8, 512):
            yield dataclasses.replace(
                case, rounds=min(case.rounds, 3), seconds=min(case.seconds, 0.1),
                peers=tuple(p for p in case.peers if not p.endswith("hook-once")))


def unique(cases):
    """Without cases that an earlier one measures already; by dictionary, as opening takes long."""
    seen = {}
    for case in cases:
        seen.setdefault(case.name, case)
    order = {}
    for case in seen.values():
        order.setdefault((not case.bar, case.source, case.shape), len(order))
    key = lambda c: (order[(not c.bar, c.source, c.shape)], c.type, c.sigma, c.operation, c.batch)
    return sorted(seen.values(), key=key)


def cases(which):
    if which == "quick":
        return unique(quick())
    return unique([*barred(), *sweeps(), *grid()])


def dictionaries(cases):
    """What make_dictionaries.py has to make: {shape: "SHAPE:TYPES:KINDS"}."""
    kinds, types = {}, {}
    for case in cases:
        if case.source != "real":
            kinds.setdefault(case.shape, {})[case.sigma] = None
            types.setdefault(case.shape, {})[case.type] = None
    return {shape: f"{shape}:{'+'.join(types[shape])}:{'+'.join(kinds[shape])}" for shape in kinds}
