"""Describes a file that torch wrote: publisher.py FILE FOLDER-OF-THE-CASE PINS

Reads the archive with zipfile, pickle and NumPy's as_strided; torch itself is not needed.
"""

import collections
import io
import json
import pickle
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np

STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8", "IntStorage": "<i4"}
NAMES = {"<f4": "F32", "<i8": "I64", "<i4": "I32"}


def view(storage, offset, shape, strides, requires_grad, hooks):
    return np.lib.stride_tricks.as_strided(
        storage[offset:], shape, [step * storage.itemsize for step in strides])


class Unpickler(pickle.Unpickler):
    def __init__(self, archive, folder):
        super().__init__(io.BytesIO(archive.read(folder + "/data.pkl")))
        self.archive, self.folder = archive, folder

    def find_class(self, module, name):
        return {"OrderedDict": collections.OrderedDict, "_rebuild_tensor_v2": view}.get(name, name)

    def persistent_load(self, identity):
        _, kind, key, _, _ = identity
        return np.frombuffer(self.archive.read(f"{self.folder}/data/{key}"), STORAGES[kind])


source, target, pins = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
with zipfile.ZipFile(source) as archive:
    folder = next(name for name in archive.namelist() if name.endswith("/data.pkl")).split("/")[0]
    values = Unpickler(archive, folder).load()
tensors = [{"name": name, "type": NAMES[value.dtype.str], "shape": list(value.shape),
            "bytes": np.ascontiguousarray(value).tobytes().hex()}
           for name, value in values.items() if isinstance(value, np.ndarray)]
target.mkdir(parents=True, exist_ok=True)
shutil.copyfile(source, target / source.name)
case = {"library": "torch, in a release that aligns storages", "pins": pins,
        "files": {source.name: {"tensors": tensors}}}
(target / "case.json").write_text(json.dumps(case, indent=1) + "\n")
