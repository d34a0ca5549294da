"""Files as torch.save lays them out, pickled by Python's own pickler; no torch is needed.

The modules below stand in for torch's names: the pickler writes a global's module and name, and never
looks at what it is. Files that torch itself wrote are in the cases `torch/publisher-*`.
"""

import collections
import io
import os
import pickle
import sys
import types

import numpy as np


def module(name, **members):
    made = types.ModuleType(name)
    for key, value in members.items():
        value.__module__ = name
        value.__qualname__ = key
        setattr(made, key, value)
    sys.modules[name] = made
    return made


STORAGES = {"f8": "DoubleStorage", "f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage",
            "i4": "IntStorage", "i2": "ShortStorage", "i1": "CharStorage", "u1": "ByteStorage",
            "b1": "BoolStorage"}


def function():
    def stand_in(*arguments):
        raise AssertionError("never called")
    return stand_in


NAMES = [*STORAGES.values(), "BFloat16Storage", "UntypedStorage", "Size", "device"]
TORCH = module("torch", **{name: type(name, (), {}) for name in NAMES})
UTILS = module("torch._utils", _rebuild_tensor_v2=function(), _rebuild_tensor_v3=function(),
               _rebuild_parameter=function())


class Dtype:
    """Pickles as the global `torch.<name>`, as torch's own element types do."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return self.name


for _name in ["float32", "bfloat16", "uint16", "float8_e4m3fn"]:
    setattr(TORCH, _name, Dtype(_name))


class Call:
    """Pickles as a call of `name` with `arguments`."""

    def __init__(self, name, *arguments, state=None):
        self.parts = (name, arguments, state)

    def __reduce__(self):
        name, arguments, state = self.parts
        return (name, arguments) if state is None else (name, arguments, state)


class Storage:
    def __init__(self, key, kind, count):
        self.id = ("storage", getattr(TORCH, kind), key, "cpu", count)


class Pickler(pickle._Pickler):
    dispatch = dict(pickle._Pickler.dispatch)

    def persistent_id(self, value):
        return value.id if isinstance(value, Storage) else None

    def save_dtype(self, value):
        if self.proto >= 4:
            self.save("torch")
            self.save(value.name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + b"torch\n" + value.name.encode() + b"\n")
        self.memoize(value)

    dispatch[Dtype] = save_dtype


def pickled(value, protocol=2):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


def view(storage, offset, shape, strides):
    return Call(UTILS._rebuild_tensor_v2, storage, offset, tuple(shape), tuple(strides), False,
                collections.OrderedDict())


def make_torch(write, zipped, tensor):
    def saved(value, storages, protocol=2, order=b"little", extra=None, folder="archive", method=0,
              raw=None):
        contents = {f"{folder}/data.pkl": pickled(value, protocol) if raw is None else raw}
        if order is not None:
            contents[f"{folder}/byteorder"] = order
        for key, data in storages.items():
            contents[f"{folder}/data/{key}"] = data
        contents[f"{folder}/version"] = b"3\n"
        contents.update(extra or {})
        return zipped(contents, method)

    base = ((np.arange(60) * 7 + 3) % 251).astype("<f4")
    floats = Storage("0", "FloatStorage", 60)
    stored = {"0": base.tobytes()}

    def strided(offset, shape, strides):
        return np.lib.stride_tricks.as_strided(base[offset:], shape, [4 * s for s in strides])

    views = {"plain": (0, (6, 10), (10, 1)), "transposed": (0, (10, 6), (1, 10)),
             "offset": (5, (3, 4), (10, 1)), "column": (2, (6,), (10,)), "expanded": (7, (3, 4), (0, 1)),
             "everywhere": (9, (2, 2, 2), (0, 0, 0)), "scalar": (11, (), ()), "empty": (0, (0, 5), (5, 1)),
             "one-long": (3, (1, 7), (999, 1)), "permuted": (0, (5, 3, 4), (1, 20, 5)),
             "overlapping": (0, (8, 3), (2, 1))}
    state = collections.OrderedDict(
        (name, view(floats, *place)) for name, place in views.items())
    members = [tensor(name, strided(*place)) for name, place in views.items()]
    files = {f"views-protocol-{protocol}.pt": (saved(state, stored, protocol), {"tensors": members})
             for protocol in [2, 3, 4, 5]}
    files["views-deflated.pt"] = (saved(state, stored, method=8), {"tensors": members})
    files["no-byteorder.pt"] = (saved(state, stored, order=None), {"tensors": members})

    kinds = {}
    expected = []
    data = {}
    for index, (code, kind) in enumerate(STORAGES.items()):
        array = np.arange(6).astype(code if code[1] == "1" else "<" + code)
        kinds[kind] = view(Storage(str(index), kind, 6), 0, (2, 3), (3, 1))
        data[str(index)] = array.tobytes()
        expected.append(tensor(kind, array.reshape(2, 3)))
    raw = bytes(range(24))
    data["bf"] = raw[:12]
    kinds["BFloat16Storage"] = view(Storage("bf", "BFloat16Storage", 6), 0, (3, 2), (1, 3))
    order = np.frombuffer(raw[:12], "<u2").reshape(2, 3).T
    expected.append(dict(tensor("BFloat16Storage", order), type="BF16"))
    data["raw"] = raw
    untyped = Storage("raw", "UntypedStorage", 24)
    for name, kind, dtype, count in [("uint16", "U16", "<u2", 12), ("float8_e4m3fn", "F8_E4M3", "u1", 24)]:
        kinds[name] = Call(UTILS._rebuild_tensor_v3, untyped, 0, (count,), (1,), False,
                           collections.OrderedDict(), getattr(TORCH, name))
        expected.append(dict(tensor(name, np.frombuffer(raw, dtype)), type=kind))
    files["types.pt"] = (saved(kinds, data), {"tensors": expected})
    files["types-protocol-4.pt"] = (saved(kinds, data, 4), {"tensors": expected})

    weight = view(floats, 0, (60,), (1,))
    shared = ["x", 1]
    tree = {
        "none": None, "true": True, "false": False, "small": 5, "byte": 255, "short": 65535,
        "negative": -7, "wide": -(1 << 40), "float": 0.1, "text": "caf\u00e9", "long": "z" * 300,
        "list": [1, [2, [3]], {}], "tuple": (1, (2,), ()), "pair": (1, 2), "four": (1, 2, 3, 4),
        "shared": [shared, shared], "size": Call(TORCH.Size, (2, 3)),
        "device": Call(TORCH.device, "cuda", 1), "dtype": TORCH.bfloat16, 3: "integer key",
        "parameter": Call(UTILS._rebuild_parameter, weight, True, collections.OrderedDict()),
        "nested": collections.OrderedDict(a=weight, b=collections.OrderedDict(c=2.5)),
    }

    def plain(value):
        if isinstance(value, dict):
            return {"dictionary": [[plain(key), plain(item)] for key, item in value.items()]}
        if isinstance(value, tuple):
            return {"tuple": [plain(item) for item in value]}
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, Dtype):
            return {"name": "torch." + value.name}
        if isinstance(value, Call):
            name, arguments, _ = value.parts
            if name is TORCH.Size:
                return plain(arguments[0])
            if name is TORCH.device:
                return {"name": "cuda:1"}
            return {"tensor": list(arguments[2]) if name is UTILS._rebuild_tensor_v2 else [60]}
        return value

    for protocol in [2, 4]:
        files[f"values-protocol-{protocol}.pt"] = (
            saved(tree, stored, protocol), {"tree": plain(tree)})
    metadata = Call(collections.OrderedDict, state={"_metadata": collections.OrderedDict(
        [("", {"version": 1})])})
    files["metadata.pt"] = (saved(metadata, {}), {"tensors": []})
    write("torch/valid", "views, types, plain values and protocols, laid out as torch.save does", files)

    def refused(name, at, member="data.pkl"):
        return f"'{name}' would be called, expected tensors and plain values only (at byte {at})"

    def invalid(text):
        return "not a valid pickle: " + text

    def v2(count=60, offset=0, shape=(2,), strides=(1,), data=None, kind="FloatStorage"):
        return saved({"w": view(Storage("0", kind, count), offset, shape, strides)}, data or stored)

    bad = {}

    def pkl(name, raw, message):
        bad[name] = saved(None, {}, raw=raw), message

    pkl("call-global", b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.", refused("posix.system", 2))
    pkl("call-os", pickled(Call(os.system, "ls")), refused("posix.system", 2))
    pkl("call-eval", pickled(Call(eval, "1")), refused("__builtin__.eval", 2))
    pkl("call-getattr-protocol-4", pickled(Call(getattr, 1, "a"), 4), refused("builtins.getattr", 32))
    pkl("call-stack-global", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.",
        refused("posix.system", 17))
    pkl("call-stack-global-from-memo", b"\x80\x04\x8c\x06system\x94\x8c\x05posix\x94\x86h\x01h\x00\x93.",
        refused("posix.system", 24))
    pkl("call-stack-global-computed", b"\x80\x04\x8c\x05torch]\x93.",
        refused("a global whose name is computed", 10))
    pkl("call-inst", b"\x80\x02(X\x02\x00\x00\x00lsiposix\nsystem\n.", refused("posix.system", 10))
    pkl("call-obj", b"\x80\x02(N)o.", refused("OBJ", 5))
    pkl("call-newobj", b"\x80\x02N)\x81.", refused("NEWOBJ", 4))
    pkl("call-newobj-ex", b"\x80\x04N)}\x92.", refused("NEWOBJ_EX", 5))
    pkl("call-extension", b"\x80\x02\x82\x01.", refused("EXT1 (a registered extension)", 2))
    pkl("call-copyreg", b"\x80\x02ccopy_reg\n_reconstructor\nN\x85R.",
        refused("copy_reg._reconstructor", 2))
    pkl("call-setstate", b"\x80\x02}}X\x01\x00\x00\x00aNsb.", refused("__setstate__ of a dictionary", 12))
    pkl("call-setstate-ordered", b"\x80\x02ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aNsb.",
        refused("__setstate__ of a dictionary", 38))
    pkl("call-setstate-tuple", b"\x80\x02)}b.", refused("__setstate__ of a tuple", 4))
    pkl("call-after-the-value", b"\x80\x02N.cposix\nsystem\n.", invalid("bytes follow its end (at byte 4)"))
    pkl("call-last", b"\x80\x02}X\x01\x00\x00\x00acos\nsystem\ns.", refused("os.system", 9))
    pkl("call-other-torch", b"\x80\x02ctorch.hub\nload\n)R.", refused("torch.hub.load", 2))
    pkl("call-storage", b"\x80\x02ctorch\nFloatStorage\nK\x01\x85R.",
        refused("a storage or element type", 25))
    pkl("call-value", b"\x80\x02K\x01)R.", refused("an integer", 5))
    pkl("call-builtins-in-torch", b"\x80\x02ctorch\nload\n)R.", refused("torch.load", 2))
    pkl("global-alone", b"\x80\x02ctorch\nFloatStorage\n.",
        invalid("a global stands alone, expected tensors and plain values only"))
    pkl("protocol-1", b"\x80\x01N.", invalid("protocol 1, expected 2 to 5 (at byte 0)"))
    pkl("protocol-6", b"\x80\x06N.", invalid("protocol 6, expected 2 to 5 (at byte 0)"))
    pkl("two-protocols", b"\x80\x02\x80\x02N.",
        invalid("a second protocol number after the start (at byte 2)"))
    pkl("instruction-unknown", b"\x80\x02\xff.", invalid("unknown instruction byte 0xff (at byte 2)"))
    pkl("instruction-pop", b"\x80\x02N0.",
        invalid("instruction POP, expected tensors and plain values only (at byte 3)"))
    pkl("instruction-set", b"\x80\x04\x8f.",
        invalid("instruction EMPTY_SET, expected tensors and plain values only (at byte 2)"))
    pkl("instruction-bytes", b"\x80\x04C\x01a.",
        invalid("instruction SHORT_BINBYTES, expected tensors and plain values only (at byte 2)"))
    pkl("persistent-line", b"\x80\x02Pa\n.",
        invalid("instruction PERSID, expected tensors and plain values only (at byte 2)"))
    pkl("empty", b"", "an instruction of the pickle is cut short: 0 bytes, expected 1 (at byte 0)")
    pkl("no-stop", b"\x80\x02N", "an instruction of the pickle is cut short: 0 bytes, expected 1 "
        "(at byte 3)")
    pkl("string-long", b"\x80\x02X\xff\xff\xff\xffa.",
        "a string of the pickle is cut short: 2 bytes, expected 4294967295 (at byte 2)")
    pkl("string-8-bytes-long", b"\x80\x04\x8d" + b"\xff" * 8 + b".",
        "length of a string is 18446744073709551615, which no file can have (at byte 2)")
    pkl("string-invalid", b"\x80\x02X\x01\x00\x00\x00\xff.",
        "a string of the pickle is not valid UTF-8 (at byte 7)")
    pkl("frame-long", b"\x80\x04\x95" + b"\xff" * 7 + b"\x00N.",
        "a frame of the pickle is cut short: 2 bytes, expected 72057594037927935 (at byte 2)")
    pkl("integer-wide", b"\x80\x02\x8a\x09" + b"\x01" * 9 + b".",
        invalid("an integer of 9 bytes, expected at most 8 (at byte 2)"))
    pkl("stack-empty", b"\x80\x02.", invalid("0 values are left at its end, expected one (at byte 2)"))
    pkl("stack-full", b"\x80\x02NN.", invalid("2 values are left at its end, expected one (at byte 4)"))
    pkl("stack-short", b"\x80\x02N\x86.", invalid("the stack has too few values (at byte 3)"))
    pkl("stack-below-mark", b"\x80\x02]N(a.", invalid("the stack has too few values (at byte 5)"))
    pkl("mark-missing", b"\x80\x02Nt.", invalid("no mark is on the stack (at byte 3)"))
    pkl("memo-missing", b"\x80\x02h\x07.", invalid("nothing is in the memo at 7 (at byte 2)"))
    pkl("append-to-dictionary", b"\x80\x02}Na.",
        invalid("values are appended to a dictionary, expected a list (at byte 4)"))
    pkl("set-in-list", b"\x80\x02]NNs.", invalid("keys are set in a list, expected a dictionary (at byte 5)"))
    pkl("key-without-value", b"\x80\x02}(Nu.", invalid("a key lacks its value (at byte 5)"))
    pkl("key-is-none", b"\x80\x02}NNs.",
        invalid("a key is None, expected a string or an integer (at byte 5)"))
    pkl("key-twice", b"\x80\x02}(K\x01NK\x01Nu.", "key '1' appears twice, expected once")
    pkl("cycle-list", b"\x80\x02]q\x00h\x00a.", "depth of the pickle: 65, expected at most 64")
    pkl("cycle-dictionary", b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",
        "depth of the pickle: 65, expected at most 64")
    pkl("deep", b"\x80\x02" + b"]" * 70 + b"a" * 69 + b".",
        "depth of the pickle: 65, expected at most 64")
    body = b"\x80\x02]q\x00\x85q\x01"
    for level in range(1, 30):
        body = body[:-2] + b"q" + bytes([level]) + b"h" + bytes([level]) + b"\x86q" + bytes([level + 1])
    pkl("billion-laughs", body + b".", "values of the pickle: 1000001, expected at most 1000000")
    pkl("persistent-short", b"\x80\x02X\x07\x00\x00\x00storage\x85Q.",
        invalid("a persistent id is a tuple, expected a tuple of 5 values (at byte 15)"))
    pkl("ordered-with-values", b"\x80\x02ccollections\nOrderedDict\n]\x85R.",
        invalid("an OrderedDict is made of values, expected none (at byte 29)"))

    outside = "tensor 'data/0' has shape [%s], expected offset %d and strides [%s] to stay inside a " \
              "storage of 60 elements"
    bad["view-beyond"] = v2(offset=59), outside % ("2", 59, "1")
    bad["view-stride-beyond"] = v2(strides=(60,)), outside % ("2", 0, "60")
    bad["view-overflow"] = v2(shape=(3,), strides=(1 << 62,)), outside % ("3", 0, str(1 << 62))
    bad["view-offset-overflow"] = (v2(offset=(1 << 63) - 1, strides=(1,)),
                                   outside % ("2", (1 << 63) - 1, "1"))
    bad["shape-overflow"] = (v2(shape=(1 << 62, 4), strides=(0, 0)),
                             f"tensor 'data/0' has shape [{1 << 62}, 4], whose byte count overflows 64 bits")
    bad["expanded-bomb"] = (v2(shape=(1 << 20, 1 << 20), strides=(0, 0)),
                            "bytes of strided tensors: 4398046511104, expected at most %d")
    # One long key in a dictionary that is met half a million times: costs what one comparison costs.
    key = b"k" * (8 << 20)
    raw = b"\x80\x02]}X" + len(key).to_bytes(4, "little") + key + b"Nsq\x00a"
    raw += (b"(" + b"h\x00" * 200_000 + b"e") * 3 + b"."
    bad["shared-key"] = (saved(None, {}, raw=raw, method=8),
                         "values of the pickle: 1000001, expected at most 1000000")
    # One list of arguments, made into a tensor again and again: five bytes of pickle each.
    raw = (b"\x80\x02]ctorch._utils\n_rebuild_tensor_v2\nq\x00((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
           b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x3ctQK\x00K\x02\x85K\x01\x85\x89"
           b"ccollections\nOrderedDict\n)Rtq\x01Ra(")
    at = len(raw) + 5 * 65_536 - 1
    raw += b"h\x00h\x01R" * 70_000 + b"e."
    bad["many-views"] = (saved(None, stored, raw=raw, method=8),
                         f"tensors of the pickle: 65537, expected at most 65536 (at byte {at})")
    lengths = "a tensor's %s holds -1, expected lengths of at least 0 (at byte 160)"
    bad["negative-stride"] = v2(strides=(-1,)), invalid(lengths % "strides")
    bad["negative-length"] = v2(shape=(-1,)), invalid(lengths % "shape")
    bad["strides-missing"] = (v2(shape=(2, 3)),
                              invalid("a tensor has 2 axes and 1 strides (at byte 159)"))
    bad["storage-short"] = (v2(count=61), "tensor 'data/0' has 240 bytes, expected 244 from its type and shape (at byte %d)")
    bad["storage-other-type"] = (v2(kind="DoubleStorage"), "tensor 'data/0' has 240 bytes, expected 480 "
                                 "from its type and shape (at byte %d)")
    bad["storage-missing"] = (saved({"w": view(Storage("9", "FloatStorage", 1), 0, (1,), (1,))}, {}),
                              "field 'data/9' is missing")
    bad["storage-outside"] = (saved({"w": view(Storage("../0", "FloatStorage", 60), 0, (1,), (1,))},
                                    stored), "field 'data/../0' is missing")
    bad["tensor-untyped"] = (v2(kind="UntypedStorage", count=240), invalid(
        "a tensor of untyped bytes lacks its element type (at byte 159)"))
    bad["big-endian"] = (saved({}, {}, order=b"big"),
                         "byte order 'big' is not supported; save the file again on a little-endian machine")
    bad["torchscript"] = (saved({}, {}, extra={"archive/code/m.py": b"", "archive/constants.pkl": b""}),
                          "a TorchScript archive is not supported; save the weights alone: "
                          "torch.save(model.state_dict(), path)")
    bad["two-folders"] = (saved({}, {}, extra={"other/data.pkl": b""}), "unknown format, expected a file "
                          "that torch.save wrote, with everything in one folder; write it with torch.save")
    bad["no-pickle"] = zipped({"archive/version": b"3\n"}), "field 'data.pkl' is missing"
    advice = "load it with torch and save it again, or convert it to safetensors"
    old = f"a torch file of before version 1.6 is not supported; {advice} (at byte 0)"
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    bad["before-1.6-pickle"] = magic + pickle.dumps(1001, 2) + pickle.dumps({}, 2), old
    bad["before-1.6-tar"] = b"\0" * 257 + b"ustar\0" + b"0" * 300, old
    bad["bare-pickle"] = (pickle.dumps({}, 2), "a bare pickle is not supported; "
                          "save tensors with torch.save or safetensors (at byte 0)")
    bad["text"] = b"hello", "unknown format, expected a file that torch.save wrote; " \
                            "write it with torch.save (at byte 0)"
    files = {}
    for name, (content, message) in bad.items():
        if name == "expanded-bomb":
            message = message % (8 * len(content) + (64 << 20))
        if name in ["storage-short", "storage-other-type"]:
            message = message % content.index(stored["0"])
        files[name + ".pt"] = content, {"message": message}
    write("torch/invalid", "calls of every kind, malformed pickles, views outside their storage", files)
