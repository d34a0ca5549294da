"""The project's own vectors, made with sae-lens itself: activations through Python are theirs."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

import steering
from steering import Intervention, SteeringError

VECTORS = Path(__file__).parents[3] / "vectors" / "importers" / "saelens"
CASES = sorted(path.name for path in VECTORS.glob("*") if (path / "case.json").is_file())

if not CASES:
    pytest.skip(f"{VECTORS} is not there: run in the source tree", allow_module_level=True)


def read(path: Path) -> dict[str, np.ndarray]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32"
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            found[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return found


@pytest.mark.parametrize("name", CASES)
def test_activations_are_those_of_sae_lens(name):
    case = json.loads((VECTORS / name / "case.json").read_text())
    tensors = read(VECTORS / name / "case.safetensors")
    with steering.Dictionary(VECTORS / name) as dictionary:
        codes = steering.Encoder(dictionary).encode(tensors["input"])
        found = np.zeros_like(tensors["features"])
        for row in range(len(found)):
            part = slice(int(codes.offsets[row]), int(codes.offsets[row + 1]))
            found[row, codes.indices[part]] = codes.values[part]
        # Rows whose normalisation is undefined are NaN or arbitrary in sae-lens.
        clear = ~codes.undefined
        assert clear.sum() >= len(clear) - 1
        np.testing.assert_allclose(
            found[clear],
            tensors["features"][clear],
            rtol=case["tolerance_rel"],
            atol=case["tolerance_abs"],
        )


def test_what_is_not_supported_is_refused(tmp_path):
    case = VECTORS / CASES[0]
    (tmp_path / "sae_weights.safetensors").write_bytes(
        (case / "sae_weights.safetensors").read_bytes()
    )
    config = json.loads((case / "cfg.json").read_text()) | {"architecture": "temporal"}
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    with pytest.raises(SteeringError, match="temporal") as caught:
        steering.Dictionary(tmp_path)
    assert caught.value.name == "STEER_ERR_UNSUPPORTED"


@pytest.mark.parametrize("name", [name for name in CASES if "transcoder" in name])
def test_transcoders_are_steered_where_they_write(name):
    decoder = read(VECTORS / name / "sae_weights.safetensors")["W_dec"]
    with steering.Dictionary(VECTORS / name) as dictionary:
        assert dictionary.info.kind == "transcoder"
        plan = dictionary.plan(Intervention(5, alpha=2.0))
        rows = np.zeros((2, 24), np.float32)
        plan.session().apply(rows)
        assert (rows == 2 * decoder[5]).all()
        assert (plan.arrays.normalisation, plan.arrays.readings) == ("none", None)
        with pytest.raises(SteeringError) as caught:
            dictionary.plan(Intervention(5, "clamp", 1.0))
        assert caught.value.name == "STEER_ERR_PLAN"
