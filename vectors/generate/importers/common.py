"""What the generators of importer cases share: containers, the arrays of a case, the manifest.

Nothing of this package is used, and no torch: torch files are pickled by Python's own pickler, with
stand-ins for the names that torch writes.
"""

import argparse
import collections
import hashlib
import io
import json
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path

import numpy as np

VECTORS = Path(__file__).resolve().parents[2]
DATE = (1980, 1, 1, 0, 0, 0)
MARGIN = 1e-3


# ---- options of every generator ------------------------------------------------------------------

def arguments(**defaults):
    """--seed, --width, --features and --rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=defaults.get("seed", 0))
    parser.add_argument("--width", type=int, default=defaults.get("width", 16))
    parser.add_argument("--features", type=int, default=defaults.get("features", 40))
    parser.add_argument("--rows", type=int, default=defaults.get("rows", 8))
    return parser.parse_args()


# ---- torch ---------------------------------------------------------------------------------------

STORAGES = {"<f4": "FloatStorage", "<f8": "DoubleStorage", "<f2": "HalfStorage",
            "<i8": "LongStorage", "<i4": "IntStorage"}


def _module(name, **members):
    made = types.ModuleType(name)
    for key, value in members.items():
        value.__module__, value.__qualname__ = name, key
        setattr(made, key, value)
    sys.modules[name] = made
    return made


def _rebuild_tensor_v2(*_):
    raise AssertionError("only its name is written")


_TORCH = _module("torch", **{name: type(name, (), {})
                             for name in [*STORAGES.values(), "BFloat16Storage"]})
_UTILS = _module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2)


class BFloat16:
    """An array of bfloat16: the upper halves of f32, rounded to nearest even."""

    def __init__(self, values):
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
        self.bits = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")

    def floats(self):
        return (self.bits.astype(np.uint32) << 16).view(np.float32)


class Shared:
    """The same storage once more, as a module saves a weight that it uses twice."""

    def __init__(self, key):
        self.key = key


class _Storage:
    def __init__(self, identity):
        self.identity = identity


class _Tensor:
    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return _rebuild_tensor_v2, self.parts


class _Pickler(pickle._Pickler):
    def persistent_id(self, value):
        return value.identity if isinstance(value, _Storage) else None


def torch_file(value):
    """The bytes that torch.save would write: dictionaries of arrays and of plain values."""
    storages = {}
    made = {}

    def convert(key, item):
        if isinstance(item, dict):
            return type(item)((name, convert(name, member)) for name, member in item.items())
        if isinstance(item, Shared):
            return made[item.key]
        if not isinstance(item, (np.ndarray, np.generic, BFloat16)):
            return item
        if isinstance(item, BFloat16):
            kind, array = "BFloat16Storage", item.bits
        else:
            array = np.asarray(item)
            kind = STORAGES[array.dtype.str]
        base = array if array.flags.c_contiguous else array.T
        if not base.flags.c_contiguous:
            base = np.ascontiguousarray(array)
            array = base
        number = str(len(storages))
        storages[number] = base.tobytes()
        storage = _Storage(("storage", getattr(_TORCH, kind), number, "cpu", base.size))
        strides = tuple(step // array.itemsize for step in array.strides)
        made[key] = _Tensor(storage, 0, array.shape, strides, False, collections.OrderedDict())
        return made[key]

    out = io.BytesIO()
    _Pickler(out, 2).dump(convert("", value))
    contents = {"archive/data.pkl": out.getvalue(), "archive/byteorder": b"little"}
    contents.update({f"archive/data/{key}": data for key, data in storages.items()})
    contents["archive/version"] = b"3\n"
    return zipped(contents, zipfile.ZIP_STORED)


def npz_file(arrays, method=zipfile.ZIP_STORED):
    contents = {}
    for name, array in arrays.items():
        out = io.BytesIO()
        np.lib.format.write_array(out, array)
        contents[name + ".npy"] = out.getvalue()
    return zipped(contents, method)


def zipped(contents, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name, DATE), data, compress_type=method)
    return out.getvalue()


def safetensors_file(arrays):
    header, data = {}, b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


# ---- arrays --------------------------------------------------------------------------------------

def rows(generator, count, width):
    """Row 0 a high-norm sink, row 1 all zeros, then ordinary ones."""
    made = generator.standard_normal((count, width)).astype(np.float32)
    made[0] *= 60
    made[1] = 0
    return made


def dense(generator, width, features):
    """Encoder [features, width], decoder [width, features], and their biases, all f32."""
    encoder = (generator.standard_normal((features, width)) / np.sqrt(width)).astype(np.float32)
    decoder = generator.standard_normal((width, features)).astype(np.float32)
    encoder_bias = (0.3 * generator.standard_normal(features)).astype(np.float32)
    decoder_bias = (0.3 * generator.standard_normal(width)).astype(np.float32)
    return encoder, decoder, encoder_bias, decoder_bias


def top(pre, k):
    """Zero but for the k largest of each row."""
    order = np.argsort(-pre, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(pre)
    np.put_along_axis(kept, order, np.take_along_axis(pre, order, 1), 1)
    return kept


def margin(pre, k=None, threshold=0.0, gate=False):
    """The least distance of a pre-activation from where its feature would switch."""
    distance = np.abs(pre - threshold).min()
    if k is not None and k < pre.shape[1]:
        ordered = -np.sort(-pre, axis=1)
        distance = min(distance, (ordered[:, k - 1] - ordered[:, k]).min())
    return distance


def attempts(seed):
    """Generators, one after the other, for cases that must keep a margin."""
    for attempt in range(1000):
        yield np.random.default_rng([seed, attempt])
    raise SystemExit("no case with a margin; take fewer features or rows")


# ---- writing -------------------------------------------------------------------------------------

def write_case(publisher, name, files, inputs, features, decoded, note, **fields):
    """Writes the files, case.json and case.safetensors, and lists the case in the manifest."""
    folder = VECTORS / "importers" / publisher / name
    if folder.exists():
        raise SystemExit(f"{folder} exists: a case is never edited")
    folder.mkdir(parents=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)
    case = {"publisher": publisher, "note": note, "d_in": inputs.shape[1],
            "d_sae": features.shape[1], "tolerance_abs": 2e-5, "tolerance_rel": 2e-5,
            "library": "documented formula, float64", **fields}
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")
    (folder / "case.safetensors").write_bytes(
        safetensors_file({"input": inputs, "features": features, "decoded": decoded}))
    list_cases()


def list_cases():
    """Brings the entries of importers/ in manifest.json up to date; those that are there stay."""
    place = VECTORS / "manifest.json"
    manifest = json.loads(place.read_text())
    cases = manifest["cases"]
    for case in sorted((VECTORS / "importers").glob("*/*/case.json")):
        key = str(case.parent.relative_to(VECTORS))
        described = json.loads(case.read_text())
        cases.setdefault(key, {
            "library": described["library"],
            "pins": described["note"],
            "tolerance_abs": described["tolerance_abs"],
            "tolerance_rel": described["tolerance_rel"],
            "files": {str(file.relative_to(case.parent)):
                      hashlib.sha256(file.read_bytes()).hexdigest()
                      for file in sorted(case.parent.rglob("*")) if file.is_file()},
        })
    manifest["cases"] = dict(sorted(cases.items()))
    place.write_text(json.dumps(manifest, indent=1) + "\n")
