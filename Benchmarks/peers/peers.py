"""The peers: the same operations in SAELens on PyTorch and in NumPy, on request.

    peers.py torch | numpy

reads one JSON object a line and answers with one, as `steering-bench serve` does:

    {"verb": "describe"}
    {"verb": "prepare", "slot", "operation": {"name", "dictionary", "rows", "batch", "threads", "type"}}
    {"verb": "measure", "slot", "seconds": 0.2, "minimum": 3}    -> {"samples": [seconds per call]}
    {"verb": "release"}

Every operation is what a user of the peer writes, in inference mode, with the peer's own result left as
the peer leaves it (SAELens' activations are dense).
"""

import contextlib
import json
import pathlib
import sys
import time

import numpy as np


def read_rows(path, width):
    return np.fromfile(path, np.float32).reshape(-1, width)


def batches(rows, size):
    return [rows[i : i + size] for i in range(0, len(rows) - size + 1, size)]


def steered_features(count, total):
    """The features that steering-bench steers."""
    return [i * 7919 % total for i in range(count)]


class Torch:
    """SAELens dictionaries; two are kept between operations: loading takes longer than measuring."""

    def __init__(self):
        import sae_lens
        import torch

        self.torch, self.SAE = torch, sae_lens.SAE
        self.loaded = {}
        self.versions = {
            "torch": torch.__version__,
            "sae-lens": sae_lens.__version__,
            "blas": "MKL" if torch.backends.mkl.is_available() else "not MKL",
        }

    def load(self, request):
        key = (request["dictionary"], request.get("type", "f32"))
        if key not in self.loaded:
            if len(self.loaded) == 2:
                del self.loaded[next(iter(self.loaded))]
            name = {"f32": "float32", "bf16": "bfloat16"}[key[1]]
            self.loaded[key] = self.SAE.load_from_disk(key[0], device="cpu", dtype=name)
        return self.loaded[key]

    def prepare(self, request):
        torch = self.torch
        torch.set_num_threads(request.get("threads", 1))
        name, batch = request["name"], request.get("batch", 1)
        if name == "open":
            return self.opening(request)
        if name == "matmul":
            a, b = torch.rand(batch, request["d"]), torch.rand(request["d"], request["n"])
            return lambda turn: a @ b, {}
        if name == "select":
            z = torch.randn(batch, request["n"])
            return lambda turn: z.topk(request["k"], dim=-1), {}
        sae = self.load(request)
        rows = torch.from_numpy(read_rows(request["rows"], sae.cfg.d_in)).to(sae.dtype)
        rows = batches(rows, batch)
        codes = sae.encode(rows[0])
        info = {
            "l0": float((codes != 0).sum()) / batch,
            "sum": float(codes.sum(dtype=torch.float64)) / batch,
            "threads": torch.get_num_threads(),
        }
        if name == "encode":
            return lambda turn: sae.encode(rows[turn % len(rows)]), info
        if name == "decode":  # other codes each time, as many as memory holds of these dense ones
            many = [codes, *(sae.encode(x) for x in rows[1 : max(1, (1 << 28) // codes.nbytes)])]
            return lambda turn: sae.decode(many[turn % len(many)]), info
        if name == "encode-decode":
            return lambda turn: sae.decode(sae.encode(rows[turn % len(rows)])), info
        features = steered_features(request.get("features", 3), sae.cfg.d_sae)
        if name == "hook":  # the error is that of the unedited reconstruction

            def hook(turn):
                x = rows[turn % len(rows)]
                codes = sae.encode(x)
                error = x - sae.decode(codes)
                codes[..., features] = 2.0
                return sae.decode(codes) + error

            return hook, info
        if name == "hook-once":  # without the error: as cheap as a full-width edit can be

            def hook_once(turn):
                codes = sae.encode(rows[turn % len(rows)])
                codes[..., features] = 2.0
                return sae.decode(codes)

            return hook_once, info
        raise ValueError(f"unknown operation '{name}'")

    def opening(self, request):
        name = {"f32": "float32", "bf16": "bfloat16"}[request.get("type", "f32")]
        rows = None

        def open_and_steer(turn):
            nonlocal rows
            sae = self.SAE.load_from_disk(request["dictionary"], device="cpu", dtype=name)
            if rows is None:
                rows = self.torch.from_numpy(read_rows(request["rows"], sae.cfg.d_in)[:1])
            x = rows.to(sae.dtype)
            codes = sae.encode(x)
            error = x - sae.decode(codes)
            codes[..., steered_features(request.get("features", 3), sae.cfg.d_sae)] = 2.0
            return sae.decode(codes) + error

        return open_and_steer, {}

    def release(self):
        self.loaded = {}

    def guard(self):
        return self.torch.inference_mode()


class NumPy:
    """Products by the BLAS in NumPy's wheel, selection by NumPy, sparse decoding by a gather."""

    def __init__(self):
        self.key = self.parts = None
        config = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
        self.versions = {
            "numpy": np.__version__,
            "blas": f"{config.get('name')} {config.get('version')}",
        }
        self.limit = self.thread_setter()

    @staticmethod
    def thread_setter():
        """Sets the threads of the BLAS that NumPy brought along."""
        import ctypes

        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if "openblas" in line}
        for path in paths:
            library = ctypes.CDLL(path)
            for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_",
                         "scipy_openblas_set_num_threads", "openblas_set_num_threads"):
                with contextlib.suppress(AttributeError):
                    return getattr(library, name)
        raise RuntimeError("NumPy has no OpenBLAS whose threads could be set")

    def load(self, folder):
        if folder != self.key:
            self.key = self.parts = None
            path = pathlib.Path(folder) / "sae_weights.safetensors"
            size = int.from_bytes(path.open("rb").read(8), "little")
            with path.open("rb") as file:
                file.seek(8)
                header = json.loads(file.read(size))
            parts = {}
            for name, entry in header.items():
                if name == "__metadata__":
                    continue
                kind = {"F32": np.float32, "BF16": np.uint16}[entry["dtype"]]
                values = np.fromfile(
                    path, kind, count=int(np.prod(entry["shape"])),
                    offset=8 + size + entry["data_offsets"][0],
                )
                if kind == np.uint16:  # NumPy has no bf16: widened, which is exact
                    values = (values.astype(np.uint32) << 16).view(np.float32)
                parts[name] = values.reshape(entry["shape"])
            parts["config"] = json.loads((pathlib.Path(folder) / "cfg.json").read_text())
            self.parts, self.key = parts, folder
        return self.parts

    def prepare(self, request):
        self.limit(request.get("threads", 1))
        name, batch = request["name"], request.get("batch", 1)
        if name == "matmul":
            rng = np.random.default_rng(1)
            a = rng.random((batch, request["d"]), np.float32)
            b = rng.random((request["d"], request["n"]), np.float32)
            out = np.empty((batch, request["n"]), np.float32)
            return lambda turn: np.matmul(a, b, out=out), {}
        if name == "select":
            z = np.random.default_rng(1).standard_normal((batch, request["n"]), np.float32)
            k = request["k"]
            return lambda turn: np.argpartition(z, -k, axis=1)[:, -k:], {}
        p = self.load(request["dictionary"])
        config, encoder, decoder = p["config"], p["W_enc"], p["W_dec"]
        rows = batches(read_rows(request["rows"], encoder.shape[0]), batch)
        subtracts = config["apply_b_dec_to_input"]

        def encode(x):
            z = (x - p["b_dec"] if subtracts else x) @ encoder
            z += p["b_enc"]
            if config["architecture"] == "topk":
                indices = np.argpartition(z, -config["k"], axis=1)[:, -config["k"] :]
                values = np.maximum(np.take_along_axis(z, indices, 1), 0)
                return [(i, v) for i, v in zip(indices, values)]
            level = p["threshold"] if "threshold" in p else 0
            found = [np.flatnonzero(row > level) for row in z]
            return [(i, row[i]) for i, row in zip(found, z)]

        def decode(codes):
            return np.stack([values @ decoder[indices] for indices, values in codes]) + p["b_dec"]

        codes = encode(rows[0])
        info = {
            "l0": sum(int((v != 0).sum()) for _, v in codes) / batch,
            "sum": float(sum(v.sum(dtype=np.float64) for _, v in codes)) / batch,
            "threads": request.get("threads", 1),
        }
        if name == "encode":
            return lambda turn: encode(rows[turn % len(rows)]), info
        if name == "decode":
            many = [codes, *(encode(x) for x in rows[1:])]
            return lambda turn: decode(many[turn % len(many)]), info
        if name == "encode-decode":
            return lambda turn: decode(encode(rows[turn % len(rows)])), info
        raise ValueError(f"unknown operation '{name}'")

    def release(self):
        self.key = self.parts = None

    def guard(self):
        return contextlib.nullcontext()


def measure(operation, seconds, minimum):
    samples, turn = [], 0
    end = time.perf_counter() + seconds
    while len(samples) < minimum or time.perf_counter() < end:
        start = time.perf_counter()
        operation(turn)
        samples.append(time.perf_counter() - start)
        turn += 1
    return samples


def main():
    replies = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is not an answer
    backend = {"torch": Torch, "numpy": NumPy}[sys.argv[1]]()
    operations = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = {"ok": True}
            with backend.guard():
                if request["verb"] == "describe":
                    reply["texts"] = backend.versions
                elif request["verb"] == "prepare":
                    operations.pop(request["slot"], None)
                    operation, reply["info"] = backend.prepare(request["operation"])
                    operation(0)
                    operations[request["slot"]] = operation
                elif request["verb"] == "measure":
                    reply["samples"] = measure(
                        operations[request["slot"]],
                        request.get("seconds", 0.1),
                        request.get("minimum", 1),
                    )
                else:
                    operations = {}
                    backend.release()
        except Exception as error:  # one peer that cannot do something must not end the run
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
