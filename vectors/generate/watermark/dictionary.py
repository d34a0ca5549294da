"""A dictionary in SAELens' layout, and what banks keep of one: the standard library alone.

Its fingerprint is over what makes the activations of the features that are read, its steering digest over the
decoder rows of those that are steered; Sources/Steering/Detecting/SparseDictionary+Detectors.swift and
docs/formats/watermark-bank.md define them.
"""

import array
import hashlib
import json
import math
import struct
import sys

assert sys.byteorder == "little"


class Fed:
    """SHA-256 of a run of values: numbers as 8 bytes, texts and rows behind their lengths."""

    def __init__(self, *values):
        self.state = hashlib.sha256()
        self.feed(*values)

    def feed(self, *values):
        for value in values:
            if isinstance(value, str):
                self.state.update(struct.pack("<q", len(value.encode())) + value.encode())
            elif isinstance(value, array.array):
                self.state.update(struct.pack("<q", len(value)) + value.tobytes())
            elif isinstance(value, float):
                self.state.update(struct.pack("<fI", value, 0))
            else:
                self.state.update(struct.pack("<q", value))

    def digits(self):
        return self.state.hexdigest()


class Dictionary:
    """Encoder and decoder rows of a folder that has one of the architectures `standard` and `topk`."""

    def __init__(self, folder):
        self.config = json.loads((folder / "cfg.json").read_text())
        data = (folder / "sae_weights.safetensors").read_bytes()
        length, = struct.unpack_from("<Q", data)
        header = json.loads(data[8:8 + length])
        self.tensors = {}
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            first, last = (8 + length + offset for offset in tensor["data_offsets"])
            if tensor["dtype"] == "F32":
                values = array.array("f", data[first:last])
            else:
                assert tensor["dtype"] == "BF16"
                halves = array.array("H", data[first:last])
                values = array.array("f", array.array("I", (half << 16 for half in halves)).tobytes())
            self.tensors[name] = values
        self.count, self.width = self.config["d_sae"], self.config["d_in"]
        assert self.config["normalize_activations"] == "none"
        assert not self.config.get("rescale_acts_by_decoder_norm")

    def fingerprint(self, features):
        features = sorted(set(features))
        subtracts = self.config["apply_b_dec_to_input"]
        fed = Fed("steering detector features 1", self.count, "none",
                  self.tensors["b_dec"] if subtracts else array.array("f"), len(features))
        for feature in features:
            fed.feed(feature, self.tensors["W_enc"][feature::self.count],
                     self.tensors["b_enc"][feature], 0.0)
        if self.config["architecture"] == "topk":
            fed.feed("topK", self.config["k"])
        else:
            assert self.config["architecture"] == "standard"
            fed.feed("relu")
        return fed.digits()

    def steering(self, features):
        features = sorted(set(features))
        fed = Fed("steering watermark steered features 1", len(features))
        for feature in features:
            start = feature * self.width
            fed.feed(feature, self.tensors["W_dec"][start:start + self.width])
        return fed.digits()

    def bind(self, bank):
        """The bank with what it has to say of this dictionary."""
        terms = [term for structure in bank["detector"]["structures"]
                 for term in structure["readout"]["terms"]]
        read = self.fingerprint([term["feature"] for term in terms])
        steered = self.steering([entry["feature"] for entry in bank["entries"]])
        detector = bank["detector"]
        reference = detector["dictionary"] | {"fingerprint": read}
        return bank | {"steering": steered, "detector": detector | {"dictionary": reference}}


def write(folder, count, width, rng):
    """A random dictionary of ReLUs."""
    def draw(number, scale):
        return array.array("f", (scale * rng.gauss(0, 1) for _ in range(number)))

    tensors = {
        "W_enc": ([width, count], draw(count * width, 1 / math.sqrt(width))),
        "W_dec": ([count, width], draw(count * width, 0.4)),
        "b_enc": ([count], draw(count, 0.2)), "b_dec": ([width], draw(width, 0.3))}
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        raw = values.tobytes()
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir()
    (folder / "sae_weights.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "cfg.json").write_text(json.dumps({
        "architecture": "standard", "d_in": width, "d_sae": count, "dtype": "float32",
        "device": "cpu", "apply_b_dec_to_input": True, "normalize_activations": "none",
        "reshape_activations": "none", "metadata": {
            "sae_lens_version": "6.54.12", "model_name": "probe",
            "hook_name": "blocks.3.hook_resid_post"}}, indent=1) + "\n")
