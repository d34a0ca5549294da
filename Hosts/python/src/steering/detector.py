"""Watching streams of rows with a detector."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import _rows
from . import _structs as s
from ._library import Exclusive, Handle, Owner, call, create
from .dictionary import Dictionary
from .errors import ARGUMENT, CAPACITY, SHAPE, SteeringError
from .plan import json_bytes


@dataclass(frozen=True)
class DetectorInfo:
    """What a detector is."""

    structures: tuple[str, ...]  #: what it looks for, each with a finding of its own
    feature_count: int  #: features whose activation is read
    model_width: int  #: of the rows that it reads
    is_calibrated: bool  #: scores have p-values at `lengths`
    flags_streams: bool  #: streams have thresholds: findings can flag
    block_length: int  #: kept tokens per block of evidence; 0 without calibrated streams
    lengths: tuple[int, int] | None  #: kept tokens that have a p-value, both ends included


class Detector(Owner):
    """A fitted detector of streams, checked against its dictionary: immutable, shared by threads."""

    def __init__(
        self, dictionary: Dictionary, spec: Mapping | str | bytes | os.PathLike[str]
    ) -> None:
        """Reads a detector.

        Args:
            dictionary: The one whose features it reads.
            spec: The JSON form as a mapping or as text, or the path (``pathlib.Path``) of a JSON
                file, as ``steerctl fit`` and ``steerctl calibrate`` write it.

        Raises:
            SteeringError: With the field; for another dictionary; for readouts that need whole
                documents.
        """
        if not isinstance(dictionary, Dictionary):
            kind = dictionary.__class__.__name__
            raise SteeringError(ARGUMENT, f"dictionary is of type {kind}, expected a Dictionary")
        self._handle = None
        text = json_bytes(spec, "detector")
        self._handle = create(
            "steer_detector_open_json",
            "steer_detector_destroy",
            dictionary._live(),
            text,
            len(text),
        )
        self._inspect()

    @classmethod
    def _of(cls, handle: Handle) -> Detector:
        """A detector that the library made otherwise."""
        detector = cls.__new__(cls)
        detector._handle = handle
        detector._inspect()
        return detector

    def _inspect(self) -> None:
        info = s.sized(s.DetectorInfo)
        call("steer_detector_inspect", self._live(), ctypes.byref(info))
        calibrated = bool(info.flags & s.DETECTOR_CALIBRATED)
        self._info = DetectorInfo(
            structures=tuple(self._name(index) for index in range(info.n_structures)),
            feature_count=info.n_features,
            model_width=info.model_width,
            is_calibrated=calibrated,
            flags_streams=bool(info.flags & s.DETECTOR_CALIBRATED_STREAMS),
            block_length=info.block_length,
            lengths=(info.shortest_length, info.longest_length) if calibrated else None,
        )

    def _name(self, index: int) -> str:
        required = ctypes.c_size_t()
        handle = self._live()
        name = "steer_detector_structure_name"
        try:
            call(name, handle, index, None, 0, ctypes.byref(required))
        except SteeringError as error:
            if error.status != CAPACITY:
                raise
        buffer = ctypes.create_string_buffer(required.value)
        call(name, handle, index, ctypes.addressof(buffer), required.value, None)
        return buffer.value.decode()

    @property
    def info(self) -> DetectorInfo:
        """What it is."""
        return self._info

    def monitor(self) -> Monitor:
        """Starts a stream; the same as ``Monitor(detector)``."""
        return Monitor(self)

    def __repr__(self) -> str:
        state = "closed " if self.closed else ""
        return f"<{state}Detector of {', '.join(self._info.structures)}>"


@dataclass(frozen=True)
class Finding:
    """What a stream says of one structure so far."""

    structure: str  #: its name
    score: float | None  #: of all kept tokens, as of a whole document; None without any
    p: float | None  #: of that score, good for one look at the end; None where not calibrated
    log_wealth: float  #: ln of the evidence over complete blocks; 0 at the start
    anytime_p: float  #: min(1, 1/largest evidence): at any time, where blocks are independent
    threshold: float | None  #: log_wealth that flags; None without one for the rate or a smaller
    is_flagged: bool  #: the evidence reached the threshold after some block
    crossed_at: int | None  #: tokens of the stream when it did
    blocks: int  #: complete blocks
    beyond_calibration: bool  #: longer than every null stream: no new flag is raised


@dataclass(frozen=True)
class TokenCounts:
    """Tokens of a stream by their use; only kept ones enter scores."""

    kept: int
    special: int  #: BOS and its kind
    sink: int  #: rows of too large a norm
    undefined: int  #: rows whose normalisation is undefined


class Monitor(Exclusive):
    """A detector on its way through one stream of rows, in order; one thread at a time."""

    def __init__(self, detector: Detector) -> None:
        """Starts an empty stream."""
        if not isinstance(detector, Detector):
            kind = detector.__class__.__name__
            raise SteeringError(ARGUMENT, f"detector is of type {kind}, expected a Detector")
        self._setup(detector, None)
        self._handle = create("steer_monitor_create", "steer_monitor_destroy", detector._live())

    def _setup(self, detector: Detector, handle: Handle | None) -> None:
        self._handle = handle
        self._detector = detector
        self._busy = threading.Lock()

    @property
    def detector(self) -> Detector:
        """What it watches for."""
        return self._detector

    def observe(
        self,
        rows: np.ndarray,
        *,
        special: Sequence[bool] | np.ndarray | None = None,
        type: str | None = None,
    ) -> None:
        """Takes the next rows of the stream.

        Args:
            rows: ``[width]`` or ``[n_rows, width]``, as for ``Session.apply``, but may be
                read-only.
            special: Optional, one for each row: whether it is that of BOS or its kind; without it
                the first row of the stream is the special one.
            type: ``"bf16"`` or ``"f16"`` for uint16.

        Raises:
            SteeringError: With the row; the stream is as before.
        """
        width = self._detector.info.model_width
        found = _rows.describe(rows, width, "the detector's", type=type)
        marks = _marks(special, found.count)
        handle = self._start()
        try:
            call(
                "steer_monitor_observe",
                handle,
                found.address,
                found.type,
                found.count,
                found.stride,
                None if marks is None else marks.ctypes.data,
            )
        finally:
            self._busy.release()

    def findings(self, rate: float | None = None) -> dict[str, Finding]:
        """What the stream says so far, by structure.

        Args:
            rate: The false-alarm rate over the whole stream, however often it is looked at, above
                0 and below 1; None for the usual one, 1 - Phi(2) = 0.02275.
        """
        names = self._detector.info.structures
        return {name: _finding(name, self._verdict(i, rate)) for i, name in enumerate(names)}

    @property
    def tokens(self) -> TokenCounts:
        """Tokens so far, by their use."""
        found = self._verdict(0, None)
        return TokenCounts(
            kept=found.tokens_kept,
            special=found.tokens_special,
            sink=found.tokens_sink,
            undefined=found.tokens_undefined,
        )

    def _verdict(self, structure: int, rate: float | None) -> s.Verdict:
        if rate is not None and not 0 < rate < 1:
            raise SteeringError(ARGUMENT, f"rate is {rate!r}, expected above 0 and below 1")
        verdict = s.sized(s.Verdict)
        handle = self._start()
        try:
            call(
                "steer_monitor_verdict", handle, structure, rate or 0.0, ctypes.byref(verdict)
            )
        finally:
            self._busy.release()
        return verdict

    def reset(self) -> None:
        """Starts another stream."""
        handle = self._start()
        try:
            call("steer_monitor_reset", handle)
        finally:
            self._busy.release()

    def fork(self) -> Monitor:
        """A monitor in the same state, for a beam or a copied KV cache."""
        handle = self._start()
        try:
            made = create("steer_monitor_fork", "steer_monitor_destroy", handle)
        finally:
            self._busy.release()
        monitor = Monitor.__new__(Monitor)
        monitor._setup(self._detector, made)
        return monitor

    def assign(self, other: Monitor) -> None:
        """Takes over the state of another monitor of the same detector."""
        if not isinstance(other, Monitor):
            kind = other.__class__.__name__
            raise SteeringError(ARGUMENT, f"other is of type {kind}, expected a Monitor")
        if other is self:
            return
        source = other._start()
        try:
            handle = self._start()
            try:
                call("steer_monitor_assign", source, handle)
            finally:
                self._busy.release()
        finally:
            other._busy.release()

    def __repr__(self) -> str:
        if self.closed:
            return "<closed Monitor>"
        flagged = [name for name, finding in self.findings().items() if finding.is_flagged]
        return f"<Monitor of {self.tokens.kept} tokens: {', '.join(flagged) or 'nothing'} flagged>"


def observe_batch(
    monitors: Sequence[Monitor | None],
    rows: np.ndarray,
    *,
    special: Sequence[bool] | np.ndarray | None = None,
    type: str | None = None,
) -> None:
    """Shows each row to the monitor of its own stream: one batch of a server, many requests.

    Args:
        monitors: ``[n_rows]``; None for a row that nobody watches. A monitor may stand at several
            rows: they are the next rows of its stream, in order. All of one width.
        rows: ``[n_rows, width]``, as for :meth:`Monitor.observe`.
        special: As for :meth:`Monitor.observe`.
        type: ``"bf16"`` or ``"f16"`` for uint16.

    Raises:
        SteeringError: With the row; every stream is as before.
    """
    distinct = list({id(one): one for one in monitors if one is not None}.values())
    for monitor in distinct:
        if not isinstance(monitor, Monitor):
            kind = monitor.__class__.__name__
            raise SteeringError(ARGUMENT, f"monitors hold a {kind}, expected Monitor or None")
    if isinstance(rows, np.ndarray) and rows.ndim != 2:
        raise SteeringError(SHAPE, f"rows have {rows.ndim} axes, expected [n_rows, width]")
    # With None alone no detector says how wide rows are; they are checked all the same.
    width = (
        distinct[0].detector.info.model_width if distinct else getattr(rows, "shape", (0,))[-1]
    )
    found = _rows.describe(rows, width, "the detectors'", type=type)
    if found.count != len(monitors):
        raise SteeringError(
            SHAPE, f"{found.count} rows come with {len(monitors)} monitors, expected one for each"
        )
    marks = _marks(special, found.count)
    with ExitStack() as stack:
        handles = {}
        for monitor in distinct:
            handles[id(monitor)] = monitor._start()
            stack.callback(monitor._busy.release)
        addresses = np.array(
            [0 if one is None else handles[id(one)].address for one in monitors], np.uint64
        )
        call(
            "steer_monitor_observe_batch",
            addresses.ctypes.data,
            found.address,
            found.type,
            found.count,
            found.stride,
            None if marks is None else marks.ctypes.data,
        )


def _marks(special, count: int) -> np.ndarray | None:
    if special is None:
        return None
    marks = np.ascontiguousarray(np.asarray(special) != 0, np.uint8).reshape(-1)
    if len(marks) != count:
        raise SteeringError(
            SHAPE, f"{count} rows come with {len(marks)} special marks, expected one for each"
        )
    return marks


def _finding(name: str, found: s.Verdict) -> Finding:
    def has(flag: int) -> bool:
        return bool(found.flags & flag)

    return Finding(
        structure=name,
        score=found.score if has(s.VERDICT_HAS_SCORE) else None,
        p=found.p if has(s.VERDICT_HAS_P) else None,
        log_wealth=found.log_wealth,
        anytime_p=found.anytime_p,
        threshold=found.threshold if has(s.VERDICT_HAS_THRESHOLD) else None,
        is_flagged=has(s.VERDICT_FLAGGED),
        crossed_at=found.crossed_at if has(s.VERDICT_FLAGGED) else None,
        blocks=found.n_blocks,
        beyond_calibration=has(s.VERDICT_BEYOND_CALIBRATION),
    )
