"""Rows edited through the library agree with an independent reference, for every combination."""

import json

import numpy as np
import pytest
from folders import every_kind
from reference import Reference, check, plans

import steering

CASES = every_kind()
ROW_COUNT, PROMPT_LENGTH = 40, 17


def make_rows(reference: Reference, features: list[int], undefined: bool) -> np.ndarray:
    """Random rows, some towards the steered features so that these fire; zero rows on request."""
    random = np.random.default_rng(99)
    rows = random.standard_normal((ROW_COUNT, reference.weights.width))
    for index in range(0, ROW_COUNT, 2):
        rows[index] += 2.5 * reference.decoder[features[index // 2 % len(features)]]
    # Zeros with a sign show whether a row without an edit keeps its bits.
    rows[1::4, 3] = -0.0
    if undefined:
        rows[[9, 21]] = 0
    return rows.astype(np.float32)


@pytest.fixture(scope="module", params=range(len(CASES)), ids=[name for name, _ in CASES])
def case(request, tmp_path_factory):
    name, weights = CASES[request.param]
    dictionary = weights.open(tmp_path_factory.mktemp("edits") / name)
    features = [5, 17, 60]
    reference = Reference(weights)
    undefined = weights.normalisation == "constant_norm_rescale"
    yield dictionary, reference, make_rows(reference, features, undefined), plans(96, features)
    dictionary.close()


def as_type(rows: np.ndarray, type: str) -> np.ndarray:
    if type == "bf16":
        bits = rows.astype(np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return rows.astype(np.float16 if type == "f16" else np.float32)


def widen(rows: np.ndarray, type: str) -> np.ndarray:
    if type == "bf16":
        return (rows.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return rows.astype(np.float64)


@pytest.mark.parametrize("type", ["f32", "bf16", "f16"])
def test_edits_match_the_reference(case, type):
    dictionary, reference, rows, documents = case
    edited = ambiguous = 0
    for name, document in documents.items():
        plan = steering.Plan(dictionary, document)
        given = as_type(rows, type)
        before = widen(given, type)
        expected = reference.apply(before, document, prompt_length=PROMPT_LENGTH)
        outcomes = np.full(ROW_COUNT, -1, np.int32)
        with plan.session(PROMPT_LENGTH) as session:
            session.apply(given, type=type, outcomes=outcomes)
            info = session.info
        ambiguous += check(widen(given, type), before, expected, type)
        clear = ~expected.ambiguous
        wanted = np.where(expected.undefined, 2, np.where(expected.edited, 1, 0))
        assert (outcomes == wanted)[clear].all(), name
        assert info.rows == ROW_COUNT and info.position == ROW_COUNT
        assert info.rows_edited == (outcomes == 1).sum()
        edited += expected.edited.sum()
    assert edited > 5 * ROW_COUNT, "the plans hardly edit anything"
    assert ambiguous <= 0.02 * ROW_COUNT * len(documents)


def test_structs_and_json_compile_to_the_same_plan(case):
    dictionary, _, _, documents = case
    for document in documents.values():

        def scope(value):
            return None if value is None else steering.Scope(**value)

        items = [
            steering.Intervention(**{**item, "scope": scope(item.get("scope"))})
            for item in document["interventions"]
        ]
        made = steering.Plan(dictionary, items, scope=scope(document.get("scope")))
        read = steering.Plan(dictionary, json.dumps(document))
        assert made.fingerprint == read.fingerprint
        assert len(made.fingerprint) == 32


def test_codes_match_the_reference(case):
    dictionary, reference, rows, _ = case
    values, bound, near, _, undefined = reference.activations(rows.astype(np.float64))
    codes = steering.Encoder(dictionary).encode(rows)
    assert (codes.undefined == undefined).all()
    dense = np.zeros_like(values)
    for row in range(len(rows)):
        part = slice(int(codes.offsets[row]), int(codes.offsets[row + 1]))
        assert (np.diff(codes.indices[part].astype(int)) > 0).all()
        dense[row, codes.indices[part]] = codes.values[part]
    clear = ~near & ~undefined[:, None]
    assert near.mean() < 0.01
    assert ((dense != 0) == (values != 0))[clear].all()
    assert (np.abs(dense - values) <= bound + 1e-30)[clear].all()
    features = [5, 95, 17]
    read = steering.Reader(dictionary, features).read(rows)
    assert np.isnan(read[undefined]).all()
    assert (read[~undefined] == dense[~undefined][:, features].astype(np.float32)).all()
