"""The exported arrays hold the published numbers."""

import numpy as np
import pytest
from folders import Weights

import steering
from steering import Intervention, Scope

ITEMS = [
    Intervention(60, "clamp", 2.0, scope=Scope(1, [(4, 9), (12, 15)], "prompt")),
    Intervention(5, alpha=1.5, strength="relative"),
    Intervention(17, "ablate"),
]


def arrays_of(tmp_path, **choices):
    weights = Weights(**choices)
    return weights.tensors, weights.open(tmp_path / "sae").plan(ITEMS).arrays


def test_common_arrays(tmp_path):
    tensors, arrays = arrays_of(tmp_path, architecture="jumprelu")
    assert arrays.features.tolist() == [5, 17, 60] and arrays.readings.tolist() == [17, 60]
    assert (arrays.directions == tensors["W_dec"][[5, 17, 60]]).all()
    assert (arrays.encoder_rows == tensors["W_enc"].T[[17, 60]]).all()
    assert (arrays.encoder_bias == tensors["b_enc"][[17, 60]]).all()
    assert (arrays.threshold == tensors["threshold"][[17, 60]]).all()
    assert (arrays.decoder_bias == tensors["b_dec"]).all()
    norms = np.linalg.norm(tensors["W_dec"][[5, 17, 60]].astype(np.float64), axis=1)
    np.testing.assert_allclose(arrays.inverse_norms, 1 / norms, rtol=1e-6)
    assert (arrays.decode_scales == 1).all() and arrays.encoder_norms is None
    assert (arrays.selection, arrays.normalisation, arrays.k) == ("threshold", "none", 0)
    modes = [steering.MODES[mode] for mode in arrays.edit_modes]
    assert modes == ["add", "ablate", "clamp"]
    assert arrays.edit_slots.tolist() == [0, 1, 2] and arrays.edit_readings.tolist() == [-1, 0, 1]
    assert arrays.edit_amounts[[0, 2]].tolist() == [1.5, 2.0]
    assert steering.UNITS[arrays.edit_units[0]] == "fraction"
    place = arrays.edit_scopes[2]
    assert steering.PHASES[arrays.scope_phases[place]] == "prompt"
    assert arrays.scope_skip_first[place] == 1
    part = slice(*arrays.scope_range_offsets[place : place + 2].astype(int))
    assert arrays.scope_ranges[part].tolist() == [[4, 9], [12, 15]]
    assert repr(arrays) == (
        "<PlanArrays: 3 edits on 3 features, 2 read, threshold, normalisation none, width 24>"
    )


def test_gated_arrays(tmp_path):
    tensors, arrays = arrays_of(tmp_path, architecture="gated", subtracts_bias=False)
    assert arrays.selection == "gate" and arrays.threshold is None and arrays.decoder_bias is None
    assert (arrays.gate_bias == tensors["b_gate"][[17, 60]]).all()
    assert (arrays.magnitude_bias == tensors["b_mag"][[17, 60]]).all()
    np.testing.assert_allclose(arrays.gate_scale, np.exp(tensors["r_mag"][[17, 60]]), rtol=1e-6)


@pytest.mark.parametrize("architecture, selection", [("topk", "top-k"), ("abstopk", "abs-top-k")])
def test_ranking_arrays(tmp_path, architecture, selection):
    tensors, arrays = arrays_of(tmp_path, architecture=architecture, rescales=True)
    assert (arrays.selection, arrays.k) == (selection, 7)
    assert (arrays.rival_rows == tensors["W_enc"].T).all()
    assert (arrays.rival_bias == tensors["b_enc"]).all()
    norms = np.linalg.norm(tensors["W_dec"].astype(np.float64), axis=1)
    np.testing.assert_allclose(arrays.rival_norms, norms, rtol=1e-6)
    np.testing.assert_allclose(arrays.decode_scales, 1 / norms[[5, 17, 60]], rtol=1e-6)


@pytest.mark.parametrize(
    "published, name, value",
    [
        ("constant_norm_rescale", "root-width", 0),
        ("layer_norm", "layer-norm", 1e-5),
        ("expected_average_only_in", "constant", 0.5),
    ],
)
def test_normalisations(tmp_path, published, name, value):
    scale = 0.5 if name == "constant" else None
    _, arrays = arrays_of(tmp_path, normalisation=published, scale=scale)
    assert arrays.normalisation == name and arrays.normalisation_value == np.float32(value)


def test_what_does_not_apply_is_none(dictionary):
    plan = dictionary.plan(Intervention(3, alpha=1.0))
    assert plan.arrays.readings is None and plan.arrays.scope_ranges is None
    assert plan.arrays is plan.arrays
