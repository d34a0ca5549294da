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


def test_no_rows(dictionary):
    codes = steering.Encoder(dictionary).encode(np.empty((0, 24), np.float32))
    assert codes.offsets.tolist() == [0] and len(codes.indices) == 0
    assert steering.Reader(dictionary, [1]).read(np.empty((0, 24), np.float32)).shape == (0, 1)


def test_closed(dictionary, rows):
    reader, encoder = steering.Reader(dictionary, [1]), steering.Encoder(dictionary)
    with reader, encoder:
        pass
    for call in (lambda: reader.read(rows), lambda: encoder.encode(rows)):
        with pytest.raises(SteeringError, match="is closed, expected an open one"):
            call()
