"""Writes the vectors of npy, npz, zip, torch and yaml, with NumPy, zipfile and pickle alone.

    python3 vectors/generate/formats/make.py

Files in `valid` come with what they hold, files in `invalid` with what must be said of them; both are
in the folder's case.json. Tests never run this. Everything is reproducible: no clock, no randomness.
"""

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2] / "formats"
DATE = (1980, 1, 1, 0, 0, 0)


def write(folder, pins, files):
    """files: name -> (bytes, fields of case.json)."""
    target = ROOT / folder
    target.mkdir(parents=True, exist_ok=True)
    for name, (data, _) in files.items():
        (target / name).write_bytes(data)
    case = {"pins": pins, "files": {name: fields for name, (_, fields) in files.items()}}
    (target / "case.json").write_text(json.dumps(case, indent=1) + "\n")


TYPES = {"b1": "BOOL", "u1": "U8", "i1": "I8", "u2": "U16", "i2": "I16", "f2": "F16", "u4": "U32",
         "i4": "I32", "f4": "F32", "u8": "U64", "i8": "I64", "f8": "F64"}


def tensor(name, array):
    return {"name": name, "type": TYPES[array.dtype.str[1:]], "shape": list(array.shape),
            "bytes": np.ascontiguousarray(array).tobytes().hex()}


def sample(shape, dtype="<f4"):
    count = int(np.prod(shape, dtype=int))
    values = (np.arange(count) * 7 + 3) % 251
    return values.reshape(shape).astype(dtype)


# ---- npy ----------------------------------------------------------------------------------------

def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version, allow_pickle=True)
    return out.getvalue()


def npy_text(text, data=b""):
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data


def make_npy():
    files = {}
    for code in TYPES:
        array = sample((2, 3), code if code[1] == "1" else "<" + code)
        files[f"c-order-{code}.npy"] = npy(array), {"tensors": [tensor("array", array)]}
    for shape in [(), (0,), (5,), (1, 4), (4, 1), (3, 5), (0, 3), (2, 3, 4), (2, 1, 3, 2), (33, 70)]:
        array = np.asfortranarray(sample(shape, "<i2"))
        name = "fortran-" + ("x".join(map(str, shape)) or "scalar") + ".npy"
        files[name] = npy(array), {"tensors": [tensor("array", array)]}
    for version in [(1, 0), (2, 0), (3, 0)]:
        array = np.asfortranarray(sample((2, 3), "<f8"))
        files[f"version-{version[0]}.npy"] = (
            npy(array, version), {"tensors": [tensor("array", array)]})
    write("npy/valid", "every element type, both orders, every version, as NumPy writes them", files)
    bad = {
        "big-endian.npy": (npy(sample((2,), ">f4")), "big-endian element type '>f4' is not supported; "
                           "save x.astype(x.dtype.newbyteorder('<'))"),
        "objects.npy": (npy(np.array([1, None], object)),
                        "an array of Python objects is not supported; save a numeric array"),
        "structured.npy": (npy(np.zeros(2, [("x", "<f4")])),
                           "a structured npy array is not supported; "
                           "save one field, as in numpy.save(path, x['f']) (at byte 20)"),
        "fortran-short.npy": (npy(np.asfortranarray(sample((2, 3))))[:-1],
                              "npy array is cut short: 23 bytes, expected 24 (at byte 128)"),
        "axes-65.npy": (npy_text("{'descr': '<f4', 'fortran_order': True, 'shape': (%s), }\n"
                                 % ("1, " * 65), b"\0" * 4),
                        "axes of the array: 65, expected at most 64"),
    }
    write("npy/invalid", "what NumPy writes and is not read, and a cut file",
          {name: (data, {"message": message}) for name, (data, message) in bad.items()})


# ---- zip ----------------------------------------------------------------------------------------

def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def entry(name, data, method=0, **changes):
    """One entry's fields; `local_*` and `central_*` override one of the two headers."""
    stored = deflate(data) if method == 8 else data
    fields = {"name": name.encode() if isinstance(name, str) else name, "flags": 0, "method": method,
              "crc": zlib.crc32(data), "stored": len(stored), "size": len(data), "extra": b"",
              "disk": 0, "comment": b""}
    own = {"raw": stored, "local": dict(fields), "central": dict(fields), "offset": None,
           "descriptor": b""}
    for key, value in changes.items():
        side, _, field = key.partition("_")
        if side in ("local", "central"):
            own[side][field] = value
        elif key in own:
            own[key] = value
        else:
            own["local"][key] = own["central"][key] = value
    return own


def archive(entries, comment=b"", count=None, disks=(0, 0), size=None, start=None, prefix=b"",
            zip64=False, directory_tail=b""):
    out = prefix
    central = b""
    for item in entries:
        offset = len(out) if item["offset"] is None else item["offset"]
        local = item["local"]
        out += struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, local["flags"], local["method"], 0, 33,
                           local["crc"], local["stored"], local["size"], len(local["name"]),
                           len(local["extra"])) + local["name"] + local["extra"]
        out += item["raw"] + item["descriptor"]
        c = item["central"]
        central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, c["flags"], c["method"], 0,
                               33, c["crc"], c["stored"], c["size"], len(c["name"]),
                               len(c["extra"]), len(c["comment"]), c["disk"], 0, 0, offset)
        central += c["name"] + c["extra"] + c["comment"]
    central += directory_tail
    begin = len(out) if start is None else start
    length = len(central) if size is None else size
    number = len(entries) if count is None else count
    out += central
    if zip64:
        where = len(out)
        out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, number, number, length, begin)
        out += struct.pack("<IIQI", 0x07064B50, 0, where, 1)
        number = length = begin = None
    out += struct.pack("<IHHHHIIH", 0x06054B50, *disks, 0xFFFF if number is None else number,
                       0xFFFF if number is None else number,
                       0xFFFFFFFF if length is None else length,
                       0xFFFFFFFF if begin is None else begin, len(comment)) + comment
    return out


class Pipe(io.RawIOBase):
    """A target that cannot seek: zipfile then writes sizes behind the data."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def zipped(contents, method=zipfile.ZIP_STORED, comment=b"", target=None, zip64=False):
    out = target or io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        made.comment = comment
        for name, data in contents.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = method
            with made.open(info, "w", force_zip64=zip64) as member:
                member.write(data)
    return bytes(out.data) if target else out.getvalue()


def make_zip():
    contents = {"a": b"hello" * 40, "b/c.bin": bytes(range(256)), "empty": b"",
                "zeros": b"\0" * 4000, "caf\u00e9": b"\xc3\xa9"}
    expected = {"entries": {name: data.hex() for name, data in contents.items()}}
    small = {name: data for name, data in contents.items() if name != "zeros"}
    less = {"entries": {name: data.hex() for name, data in small.items()}}
    two = [entry("a", b"xy"), entry("b", b"z" * 100, 8)]
    plain = {"entries": {"a": b"xy".hex(), "b": (b"z" * 100).hex()}}
    files = {
        "stored.zip": (zipped(small), less),
        "deflated.zip": (zipped(contents, zipfile.ZIP_DEFLATED), expected),
        "comment.zip": (zipped(small, comment=b"PK\x05\x06 a comment"), less),
        "streamed-stored.zip": (zipped(small, target=Pipe()), less),
        "streamed-deflated.zip": (zipped(small, zipfile.ZIP_DEFLATED, target=Pipe()), less),
        "zip64-sizes.zip": (zipped(small, zipfile.ZIP_DEFLATED, zip64=True), less),
        "zip64-end.zip": (archive(two, zip64=True), plain),
        "by-hand.zip": (archive(two), plain),
        "gap-before-entry.zip": (archive(two, prefix=b"#!/bin/sh\n"), plain),
        "extra-padding.zip": (archive([entry("a", b"xy", extra=b"FB\x01\x00\x00\x00\x00"), two[1]]),
                              plain),
        "no-entries.zip": (archive([]), {"entries": {}}),
    }
    write("zip/valid", "what zipfile writes: stored, deflated, streamed, zip64, with a comment", files)

    x = b"xy"
    crc = zlib.crc32(x)

    def one(**changes):
        return archive([entry("a", x, **changes)])

    bomb = entry("a", b"\0" * 5000, 8)
    longer = dict(bomb, central=dict(bomb["central"], size=4999), local=dict(bomb["local"], size=4999))
    shorter = dict(bomb, central=dict(bomb["central"], size=5001),
                   local=dict(bomb["local"], size=5001))
    declared = entry("a", b"\0" * 5000, 8, size=4_000_000)
    invalid = "not a valid zip archive: "
    advice = "; save the archive with stored or deflated entries"
    parts = "an archive in several parts is not supported; join the parts into one file"
    bad = {
        "encrypted": (one(flags=1),
                      "the encrypted entry 'a' is not supported; save the archive without a password"
                      " (at byte 33)"),
        "strongly-encrypted": (one(flags=0x41), "the encrypted entry 'a' is not supported; "
                               "save the archive without a password (at byte 33)"),
        "patch-data": (one(flags=0x20), "entry 'a' with flags 0x20 is not supported" + advice
                       + " (at byte 33)"),
        "method-bzip2": (one(method=12), "compression method 12 of entry 'a' is not supported"
                         + advice + " (at byte 33)"),
        "method-zstd": (one(method=93), "compression method 93 of entry 'a' is not supported"
                        + advice + " (at byte 33)"),
        "several-disks": (archive([entry("a", x)], disks=(1, 0)), parts + " (at byte 80)"),
        "entry-on-other-disk": (one(central_disk=1), parts + " (at byte 33)"),
        "two-names": (archive([entry("a", x), entry("a", x)]),
                      "key 'a' appears twice, expected once (at byte 113)"),
        "equivalent-names": (archive([entry("\u00e9", x), entry("e\u0301", x)]),
                             "key 'e\u0301' appears twice, expected once"),
        "name-absolute": (archive([entry("/a", x)]),
                          "file name '/a' is invalid, expected a plain name (at byte 80)"),
        "name-parent": (archive([entry("b/../a", x)]),
                        "file name 'b/../a' is invalid, expected a plain name (at byte 84)"),
        "name-backslash": (archive([entry("b\\a", x)]),
                           "file name 'b\\a' is invalid, expected a plain name (at byte 81)"),
        "name-empty": (archive([entry("", x)]),
                       "file name '' is invalid, expected a plain name (at byte 78)"),
        "name-nul": (archive([entry("a\0b", x)]),
                     "file name 'a\\u{0}b' is invalid, expected a plain name (at byte 81)"),
        "name-latin1": (archive([entry(b"caf\xe9", x)]),
                        "an entry's name is not valid UTF-8 (at byte 82)"),
        "name-long": (archive([entry("a" * 1025, x)]),
                      "bytes of an entry's name: 1025, expected at most 1024 (at byte 1103)"),
        "local-name-differs": (one(local_name=b"b"),
                               invalid + "entry 'a' has another name in its local header "
                               "(at byte 30)"),
        "local-method-differs": (one(local_method=8),
                                 invalid + "entry 'a' has another method in its local header "
                                 "(at byte 0)"),
        "local-size-differs": (one(local_size=1), invalid
                               + "entry 'a' has another size or CRC-32 in its local header "
                               "(at byte 0)"),
        "local-crc-differs": (one(local_crc=1), invalid
                              + "entry 'a' has another size or CRC-32 in its local header "
                              "(at byte 0)"),
        "local-encrypted": (one(local_flags=1), "the encrypted entry 'a' is not supported; "
                            "save the archive without a password (at byte 0)"),
        "local-missing": (one(offset=1),
                          invalid + "entry 'a' has no local header where it should be (at byte 1)"),
        "local-beyond": (one(offset=1000),
                         "local header of entry 'a' is cut short: 0 bytes, expected 30 (at byte 33)"),
        "data-beyond": (one(size=3, stored=3),
                        "entry 'a' is cut short: 2 bytes, expected 3 (at byte 31)"),
        "name-with-newline": (archive([entry("a\nb", x, size=3, stored=3)]),
                              "entry 'a\\u{a}b' is cut short: 2 bytes, expected 3 (at byte 33)"),
        "stored-sizes-differ": (one(size=1), invalid + "stored entry 'a' has 2 bytes, expected its "
                                "size 1 (at byte 0)"),
        "overlap": (archive([entry("a", archive([entry("b", x)])[:40]), entry("b", x, offset=31)]),
                    invalid + "entries 'a' and 'b' overlap (at byte 31)"),
        "bad-crc": (archive([entry("a", b"\0" * 5000, 8, crc=1)]),
                    "entry 'a' has CRC-32 0x%08x, expected 0x00000001: its bytes are damaged "
                    "(at byte 31)" % zlib.crc32(b"\0" * 5000)),
        "bad-crc-stored": (one(crc=1), "entry 'a' has CRC-32 0x%08x, expected 0x00000001: "
                           "its bytes are damaged (at byte 31)" % crc),
        "bomb-by-declared-size": (archive([declared]), invalid + "entry 'a' would inflate from %d "
                                  "bytes to 4000000, more than deflate can reach (at byte 0)"
                                  % len(bomb["raw"])),
        "bomb-by-actual-size": (archive([longer]),
                                invalid + "entry 'a' inflates to more than its size (at byte 31)"),
        "inflates-to-less": (archive([shorter]),
                             invalid + "entry 'a' inflates to 5000 bytes, expected 5001 (at byte 31)"),
        "deflate-cut": (archive([entry("a", b"z" * 100, 8, raw=deflate(b"z" * 100)[:-1],
                                       stored=len(deflate(b"z" * 100)) - 1)]),
                        invalid + "entry 'a' ends before its deflate data does (at byte 31)"),
        "deflate-trailing": (archive([entry("a", b"z" * 100, 8, raw=deflate(b"z" * 100) + b"!",
                                            stored=len(deflate(b"z" * 100)) + 1)]),
                             invalid + "entry 'a' has bytes after its deflate data (at byte 31)"),
        "deflate-garbage": (archive([entry("a", b"z" * 100, 8, raw=b"\xff" * 8, stored=8)]),
                            invalid + "entry 'a' is not valid deflate data (at byte 31)"),
        "count-too-small": (archive([entry("a", x), entry("b", x)], count=1), invalid
                            + "47 bytes follow the directory's 1 entries (at byte 113)"),
        "count-too-large": (archive([entry("a", x)], count=2), "an entry of the archive's directory "
                            "is cut short: 0 bytes, expected 46 (at byte 80)"),
        "directory-elsewhere": (archive([entry("a", x)], start=32), invalid + "its directory has 47 "
                                "bytes at 32, expected it to end at 80 (at byte 80)"),
        "directory-beyond": (archive([entry("a", x)], start=0x7FFFFFFF), invalid + "its directory "
                             "has 47 bytes at 2147483647, expected it to end at 80 (at byte 80)"),
        "directory-prefixed": (b"MZ" + archive([entry("a", x)]), invalid + "its directory has 47 "
                               "bytes at 33, expected it to end at 82 (at byte 82)"),
        "two-ends": (archive([], comment=archive([])), invalid + "it has 2 ends, expected one "
                     "(at byte 0)"),
        "trailing-bytes": (archive([entry("a", x)]) + b"!", "unknown format, expected a zip archive, "
                           "which ends with its directory; the file may be cut short: copy it again"),
        "zip64-missing-field": (archive([entry("a", x, stored=0xFFFFFFFF)]), invalid
                                + "entry 'a' lacks the zip64 field that its sizes announce "
                                "(at byte 80)"),
        "zip64-huge": (archive([entry("a", x, central_stored=0xFFFFFFFF,
                                      central_extra=struct.pack("<HHQ", 1, 8, 1 << 63))]),
                       "length of entry 'a' is 9223372036854775808, which no file can have "
                       "(at byte 33)"),
        "zip64-two-fields": (archive([entry("a", x, central_stored=0xFFFFFFFF,
                                            central_extra=struct.pack("<HHQ", 1, 8, 2) * 2)]),
                             invalid + "an entry has two zip64 fields (at byte 92)"),
        "extra-cut": (archive([entry("a", x, central_stored=0xFFFFFFFF,
                                     central_extra=struct.pack("<HH", 1, 8))]),
                      "an extra field is cut short: 0 bytes, expected 8 (at byte 80)"),
    }
    write("zip/invalid", "one way to be wrong each, by hand",
          {name + ".zip": (data, {"message": text}) for name, (data, text) in bad.items()})


# ---- npz ----------------------------------------------------------------------------------------

def make_npz():
    arrays = {"W_enc": sample((4, 6)), "W_dec": np.asfortranarray(sample((6, 4), "<f2")),
              "b": sample((6,), "<f8"), "scale": sample(()), "none": sample((0, 3)),
              "deep/name": sample((2,), "<i4")}
    members = [tensor(name, array) for name, array in arrays.items()]
    stored, packed = io.BytesIO(), io.BytesIO()
    np.savez(stored, **arrays)
    np.savez_compressed(packed, **arrays)
    streamed = {name + ".npy": npy(array) for name, array in arrays.items()}
    write("npz/valid", "what numpy.savez and numpy.savez_compressed write", {
        "stored.npz": (stored.getvalue(), {"tensors": members}),
        "compressed.npz": (packed.getvalue(), {"tensors": members}),
        "streamed.npz": (zipped(streamed, zipfile.ZIP_DEFLATED, target=Pipe()),
                         {"tensors": members}),
    })
    bad = {
        "other-entry.npz": (zipped({"a.npy": npy(sample((2,))), "readme.txt": b"hi"}),
                            "entry 'readme.txt' of an npz archive is not supported; "
                            "expected npy files alone, as numpy.savez writes them (at byte 171)"),
        "no-name.npz": (zipped({".npy": npy(sample((2,)))}),
                        "entry '.npy' of an npz archive is not supported; "
                        "expected npy files alone, as numpy.savez writes them (at byte 0)"),
        "objects.npz": (zipped({"a.npy": npy(np.array([None], object))}),
                        "an array of Python objects is not supported; save a numeric array"),
        "cut-member.npz": (zipped({"a.npy": npy(sample((2,)))[:-1]}),
                           "npy array is cut short: 7 bytes, expected 8 (at byte 128)"),
        "cut-member-deflated.npz": (zipped({"a.npy": npy(sample((2,)))[:-1]}, zipfile.ZIP_DEFLATED),
                                    "npy array is cut short: 7 bytes, expected 8 (at byte 128)"),
        "no-magic.npz": (zipped({"a.npy": b"0123456789"}), "unknown format, expected the npy magic "
                         "bytes; write it with numpy.save (at byte 0)"),
    }
    write("npz/invalid", "archives that are no lists of arrays",
          {name: (data, {"message": text}) for name, (data, text) in bad.items()})


if __name__ == "__main__":
    make_npy()
    make_zip()
    make_npz()
    from torch_files import make_torch
    from yaml_files import make_yaml
    make_torch(write, zipped, tensor)
    make_yaml(write)
    from manifest import update
    update(ROOT.parent)
