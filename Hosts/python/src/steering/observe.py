"""Reading activations without changing rows."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from . import _rows
from . import _structs as s
from ._library import Exclusive, Handle, call, create
from .dictionary import Dictionary
from .errors import ARGUMENT, CAPACITY, SHAPE, SteeringError


class Codes(NamedTuple):
    """Sparse activations in compressed-row form, as ``scipy.sparse.csr_array`` takes them.

    Row r's active features are ``indices[offsets[r]:offsets[r + 1]]``, ascending, with their
    activations at the same places of ``values``; every value is non-zero.
    """

    offsets: np.ndarray  #: u64 [n_rows + 1]
    indices: np.ndarray  #: u32 [entries]
    values: np.ndarray  #: f32 [entries]
    undefined: np.ndarray  #: bool [n_rows], rows whose normalisation is undefined: no entries


class Reader(Exclusive):
    """Reads the activations of a few features; one thread at a time."""

    def __init__(self, dictionary: Dictionary, features: Sequence[int]) -> None:
        """Gathers what the features need.

        Args:
            dictionary: Whose features.
            features: Indices, at least one, in the order in which activations are wanted.
        """
        _check(dictionary)
        self._handle = None
        self._busy = threading.Lock()
        self._width = dictionary.info.model_width
        self._features = np.array(
            [_rows.count(feature, "feature", 2**32 - 1) for feature in features], np.uint32
        )
        self._handle = create(
            "steer_reader_create",
            "steer_reader_destroy",
            dictionary._live(),
            self._features.ctypes.data,
            len(self._features),
        )

    @property
    def features(self) -> tuple[int, ...]:
        """The features that are read, in order."""
        return tuple(int(feature) for feature in self._features)

    def read(
        self, rows: np.ndarray, *, type: str | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Reads activations: the same bits as a full encode gives.

        Args:
            rows: ``[width]`` or ``[n_rows, width]``, as for ``Session.apply``, but may be
            read-only. type: ``"bf16"`` or ``"f16"`` for uint16.
            out: Optional f32 ``[n_rows, n_features]`` to write to; the last axis contiguous.

        Returns:
            f32 ``[n_rows, n_features]``, or ``[n_features]`` for one row ``[width]``. NaN where a
            row's normalisation is undefined.
        """
        found = _rows.describe(rows, self._width, "the dictionary's", type=type)
        shape = (found.count, len(self._features))
        if out is None:
            target = np.empty(shape, np.float32)
        else:
            target = out
            if isinstance(out, np.ndarray) and out.ndim == 2 and out.shape[0] != found.count:
                raise SteeringError(SHAPE, f"out has {out.shape[0]} rows, expected {found.count}")
        place = _rows.describe(
            target, shape[1], "the reader's", type="f32", writable=True, name="out"
        )
        if place.count != found.count:
            raise SteeringError(SHAPE, f"out has {place.count} rows, expected {found.count}")
        if out is not None and np.may_share_memory(rows, out):
            raise SteeringError(ARGUMENT, "out may share memory with rows, expected apart")
        handle = self._start()
        try:
            call(
                "steer_reader_read",
                handle,
                found.address,
                found.type,
                found.count,
                found.stride,
                place.address,
                place.stride,
            )
        finally:
            self._busy.release()
        return target[0] if rows.ndim == 1 and out is None else target

    def __repr__(self) -> str:
        state = "closed " if self.closed else ""
        return f"<{state}Reader of {len(self._features)} features, width {self._width}>"


@dataclass(frozen=True)
class EncoderInfo:
    """What an encoder is and has done."""

    workers: int  #: threads that share a call, the caller's included
    rows: int  #: encoded so far, undefined ones left out; twice where entries took a second pass
    pruned_rows: int  #: of those, rows of which bounds ruled most features out
    rescored_features: int  #: encoder rows that were read for them, all together


class Encoder(Exclusive):
    """Encodes whole rows: every active feature; one thread at a time."""

    def __init__(self, dictionary: Dictionary, *, workers: int = 1, plain: bool = False) -> None:
        """Reads the dictionary's whole encoder at its first use.

        Args:
            dictionary: Whose features.
            workers: Threads that share a call, the caller's included, 1 to 1024. They sleep
                between calls and end with the encoder.
            plain: Read the whole encoder for every row, and keep no int8 form of it in memory.

        Codes have the same bits for every choice.
        """
        _check(dictionary)
        self._handle = None
        self._busy = threading.Lock()
        info = dictionary.info
        self._width, self._feature_count = info.model_width, info.feature_count
        self._sure = info.k or info.feature_count
        count = _rows.count(workers, "workers", s.MAX_WORKERS)
        if count == 0:
            raise SteeringError(ARGUMENT, f"workers is 0, expected 1 to {s.MAX_WORKERS}")
        options = s.sized(s.EncoderOptions, workers=count, plain=bool(plain))
        self._handle = create(
            "steer_encoder_create_with_options",
            "steer_encoder_destroy",
            dictionary._live(),
            ctypes.byref(options),
        )

    @property
    def info(self) -> EncoderInfo:
        """What it is and has done since it was made."""
        info = s.sized(s.EncoderInfo)
        handle = self._start()
        try:
            call("steer_encoder_inspect", handle, ctypes.byref(info))
        finally:
            self._busy.release()
        return EncoderInfo(
            workers=info.workers,
            rows=info.rows,
            pruned_rows=info.pruned_rows,
            rescored_features=info.rescored_features,
        )

    def encode(self, rows: np.ndarray, *, type: str | None = None) -> Codes:
        """Encodes rows ``[width]`` or ``[n_rows, width]``; they may be read-only.

        Raises:
            SteeringError: With the row.
        """
        found = _rows.describe(rows, self._width, "the dictionary's", type=type)
        # With k known this is always enough; otherwise a guess that a second pass corrects.
        capacity = found.count * min(self._sure, 256)
        handle = self._start()
        try:
            while True:
                try:
                    return self._encode(handle, found, capacity)
                except _TooSmall as needed:
                    capacity = needed.required
        finally:
            self._busy.release()

    def _encode(self, handle: Handle, found: _rows.Rows, capacity: int) -> Codes:
        offsets = np.zeros(found.count + 1, np.uint64)
        indices = np.empty(capacity, np.uint32)
        values = np.empty(capacity, np.float32)
        outcomes = np.zeros(found.count, np.int32)
        required = ctypes.c_size_t()
        try:
            call(
                "steer_encoder_encode",
                handle,
                found.address,
                found.type,
                found.count,
                found.stride,
                offsets.ctypes.data,
                indices.ctypes.data,
                values.ctypes.data,
                capacity,
                ctypes.byref(required),
                outcomes.ctypes.data,
            )
        except SteeringError as error:
            if error.status == CAPACITY and required.value > capacity:
                raise _TooSmall(required.value) from None
            raise
        count = required.value
        return Codes(offsets, indices[:count], values[:count], outcomes == s.UNDEFINED)

    def __repr__(self) -> str:
        state = "closed " if self.closed else ""
        return f"<{state}Encoder of {self._feature_count} features, width {self._width}>"


class _TooSmall(Exception):
    def __init__(self, required: int) -> None:
        super().__init__(required)
        self.required = required


def _check(dictionary: Dictionary) -> None:
    if not isinstance(dictionary, Dictionary):
        kind = dictionary.__class__.__name__
        raise SteeringError(ARGUMENT, f"dictionary is of type {kind}, expected a Dictionary")
