"""Readers and encoders beyond the values, which test_edits.py compares."""

import numpy as np
import pytest
from folders import Weights

import steering
from steering import SteeringError


def test_a_reader_equals_the_encoder(dictionary, rows):
    features = list(range(96))
    read = steering.Reader(dictionary, features).read(rows)
    codes = steering.Encoder(dictionary).encode(rows)
    dense = np.zeros((6, 96), np.float32)
    for row in range(6):
        part = slice(int(codes.offsets[row]), int(codes.offsets[row + 1]))
        dense[row, codes.indices[part]] = codes.values[part]
    assert (dense == read).all() and (read != 0).any() and not codes.undefined.any()


def test_shapes_and_buffers(dictionary, rows):
    reader = steering.Reader(dictionary, [3, 8])
    assert reader.features == (3, 8) and repr(reader) == "<Reader of 2 features, width 24>"
    assert reader.read(rows[0]).shape == (2,)
    out = np.zeros((6, 5), np.float32)
    assert reader.read(rows, out=out[:, 1:3]) is not None
    assert (out[:, 1:3] == reader.read(rows)).all() and not out[:, [0, 3, 4]].any()
    rows.flags.writeable = False
    assert reader.read(rows).shape == (6, 2)
    with pytest.raises(SteeringError, match="out has 5 rows, expected 6"):
        reader.read(rows, out=np.zeros((5, 2), np.float32))
    with pytest.raises(SteeringError, match="width 3, expected 2, the reader's width"):
        reader.read(rows, out=np.zeros((6, 3), np.float32))
    with pytest.raises(SteeringError, match="width 23, expected 24, the dictionary's width"):
        reader.read(rows[:, :23])


def test_out_must_lie_apart(dictionary):
    both = np.ones((2, 26), np.float32)
    with pytest.raises(SteeringError, match="share memory"):
        steering.Reader(dictionary, [3, 8]).read(both[:, :24], out=both[:, 24:])


def test_wrong_features(dictionary):
    for features, message in (([], "feature"), ([96], "96"), ([-1], "feature is -1")):
        with pytest.raises(SteeringError, match=message):
            steering.Reader(dictionary, features)


def test_a_bad_row_is_named(dictionary, rows):
    rows[3, 0] = np.inf
    with pytest.raises(SteeringError) as caught:
        steering.Reader(dictionary, [3]).read(rows)
    assert caught.value.row == 3
    with pytest.raises(SteeringError) as caught:
        steering.Encoder(dictionary).encode(rows)
    assert caught.value.row == 3


def test_more_codes_than_guessed(tmp_path):
    weights = Weights(architecture="standard", feature_count=700)
    weights.tensors["b_enc"] += 50
    opened = weights.open(tmp_path / "dense")
    codes = steering.Encoder(opened).encode(np.zeros((3, 24), np.float32))
    assert codes.offsets.tolist() == [0, 700, 1400, 2100] and len(codes.values) == 2100


# Weights enough (features * width >= 16,384) for bounds to be worth while.
@pytest.mark.parametrize("architecture", ("topk", "abstopk", "jumprelu", "gated"))
def test_every_choice_gives_the_same_codes(tmp_path, architecture):
    weights = Weights(architecture=architecture, width=48, feature_count=700, k=9, seed=3)
    if architecture == "jumprelu":
        weights.tensors["threshold"] += 3
    if architecture == "gated":
        weights.tensors["b_gate"] -= 3  # few entries: no call needs a second pass
    opened = weights.open(tmp_path / "large")
    rows = np.random.default_rng(8).standard_normal((40, 48)).astype(np.float32)
    plain = steering.Encoder(opened, plain=True)
    expected = [plain.encode(row) for row in rows]
    assert plain.info == steering.EncoderInfo(1, 40, 0, 0)
    for workers in (1, 2, 3):
        for is_plain in (False, True):
            encoder = steering.Encoder(opened, workers=workers, plain=is_plain)
            assert encoder.info == steering.EncoderInfo(workers, 0, 0, 0)
            codes = encoder.encode(rows)
            for name in ("indices", "values"):
                joined = np.concatenate([getattr(one, name) for one in expected])
                assert getattr(codes, name).tobytes() == joined.tobytes()
            ends = np.cumsum([len(one.indices) for one in expected])
            assert codes.offsets.tolist() == [0, *ends]
            info = encoder.info
            assert (info.workers, info.rows) == (workers, 40)
            if is_plain or architecture == "gated":
                assert (info.pruned_rows, info.rescored_features) == (0, 0)
            else:
                assert info.pruned_rows == 40
                assert len(codes.indices) <= info.rescored_features <= 40 * 350


def test_wrong_options(dictionary):
    for workers in (0, -1, 1025, 1.5, "2", None, True):
        with pytest.raises(SteeringError, match="workers is"):
            steering.Encoder(dictionary, workers=workers)
    with pytest.raises(TypeError):
        steering.Encoder(dictionary, 2)


def test_no_rows(dictionary):
    codes = steering.Encoder(dictionary).encode(np.empty((0, 24), np.float32))
    assert codes.offsets.tolist() == [0] and len(codes.indices) == 0
    assert steering.Reader(dictionary, [1]).read(np.empty((0, 24), np.float32)).shape == (0, 1)


def test_closed(dictionary, rows):
    reader, encoder = steering.Reader(dictionary, [1]), steering.Encoder(dictionary)
    with reader, encoder:
        pass
    for call in (lambda: reader.read(rows), lambda: encoder.encode(rows), lambda: encoder.info):
        with pytest.raises(SteeringError, match="is closed, expected an open one"):
            call()
