"""Marking what a model writes, and finding the mark again."""

from __future__ import annotations

import ctypes
import math
import operator
import os
from dataclasses import dataclass
from datetime import datetime

from . import _structs as s
from ._library import Owner, call, create
from .detector import Detector
from .dictionary import Dictionary
from .errors import ARGUMENT, CAPACITY, SteeringError
from .plan import Plan


@dataclass(frozen=True)
class WatermarkInfo:
    """A key and its bank; nothing of the secret."""

    key: str  #: its name
    entry_count: int  #: structures of the bank
    count: int  #: of them, steered in each text
    scheme: str  #: how texts are told apart: given, prompt, window or constant
    window_seconds: int | None  #: of the scheme window
    created: int  #: of the key, in seconds since 1970 UTC
    retired: int | None  #: from then on it plans no more
    is_calibrated: bool  #: the bank has null scores: it can detect
    flags_streams: bool  #: of blocks too: monitors can flag
    judges_replays: bool  #: the bank has null texts of replays: they have p-values
    replay_strength: float | None  #: of those null texts: replays of no other one have p-values


@dataclass(frozen=True)
class ReplayVerdict:
    """What the replay of one text shows; the p-value is good for one look at one text."""

    z: float | None  #: innovation/sqrt(variance); None for a text without tokens
    p: float | None  #: rank among null texts of similar length; None outside their lengths
    is_flagged: bool  #: p is at most the rate
    beyond_calibration: bool  #: longer than every null text
    log_ratio: float  #: evidence against "written by the plain model at temperature 1", in nats
    anytime_p: float  #: min(1, exp(-log_ratio)): good at any time for that question alone


class Watermark(Owner):
    """A bank with one key of it, checked against its dictionary: immutable, shared by threads."""

    def __init__(
        self,
        dictionary: Dictionary,
        bank: str | os.PathLike[str],
        key: str | os.PathLike[str],
    ) -> None:
        """Opens a bank's folder and a key's file.

        Args:
            dictionary: The one that the bank was made for, and is bound to.
            bank: The bank's folder.
            key: A key of this bank: a regular file that only its owner may use.

        Raises:
            SteeringError: With the file and the field; for another dictionary or bank.
        """
        if not isinstance(dictionary, Dictionary):
            kind = dictionary.__class__.__name__
            raise SteeringError(ARGUMENT, f"dictionary is of type {kind}, expected a Dictionary")
        self._handle = None
        self._handle = create(
            "steer_watermark_open",
            "steer_watermark_destroy",
            dictionary._live(),
            _path(bank, "bank"),
            _path(key, "key"),
        )
        info = s.sized(s.WatermarkInfo)
        call("steer_watermark_inspect", self._live(), ctypes.byref(info))
        self._scheme = info.scheme
        window = info.scheme == s.DOCUMENT_WINDOW
        judges_replays = bool(info.flags & s.WATERMARK_CALIBRATED_REPLAY)
        self._info = WatermarkInfo(
            key=self._key(),
            entry_count=info.n_entries,
            count=info.count,
            scheme=s.named(s.DOCUMENT_SCHEMES, info.scheme - 1),
            window_seconds=info.window_seconds if window else None,
            created=info.created,
            retired=info.retired if info.flags & s.WATERMARK_RETIRED else None,
            is_calibrated=bool(info.flags & s.WATERMARK_CALIBRATED),
            flags_streams=bool(info.flags & s.WATERMARK_CALIBRATED_STREAMS),
            judges_replays=judges_replays,
            replay_strength=info.replay_strength if judges_replays else None,
        )

    def _key(self) -> str:
        required = ctypes.c_size_t()
        name, handle = "steer_watermark_key_id", self._live()
        try:
            call(name, handle, None, 0, ctypes.byref(required))
        except SteeringError as error:
            if error.status != CAPACITY:
                raise
        buffer = ctypes.create_string_buffer(required.value)
        call(name, handle, ctypes.addressof(buffer), required.value, None)
        return buffer.value.decode()

    @property
    def info(self) -> WatermarkInfo:
        """What it is."""
        return self._info

    def plan(
        self, document: str | int | datetime | None = None, *, strength: float = 1.0
    ) -> Plan:
        """The plan that marks a text; sessions must be told the prompt's length.

        Args:
            document: What the text is called, as the key's scheme names it: a name (given), the
                exact prompt (prompt), a time in seconds since 1970 or with a time zone (window), or
                nothing (constant).
            strength: Times the bank's own amounts.

        Raises:
            SteeringError: For a retired key, and a document of another scheme.
        """
        return self._plan("steer_watermark_plan", document, strength)

    def replay_plan(
        self, document: str | int | datetime | None = None, *, strength: float = 1.0
    ) -> Plan:
        """The plan to read a text with again, by a retired key too; see `replay_verdict`.

        That of the mark, less what the marks of all keys of the bank have in common.
        """
        return self._plan("steer_watermark_replay_plan", document, strength)

    def _plan(
        self, function: str, document: str | int | datetime | None, strength: float
    ) -> Plan:
        strength = _strength(strength)
        handle = self._live()
        named, _text = self._document(document)
        return Plan._of(
            create(function, "steer_plan_destroy", handle, ctypes.byref(named), strength)
        )

    def detector(self, document: str | int | datetime | None = None) -> Detector:
        """The calibrated detector of a text's mark, its one structure ``watermark``.

        Its monitors read the rows of a model that is not steered. A retired key detects.
        """
        handle = self._live()
        named, _text = self._document(document)
        return Detector._of(
            create(
                "steer_watermark_detector",
                "steer_detector_destroy",
                handle,
                ctypes.byref(named),
            )
        )

    def replay_verdict(
        self,
        tokens: int,
        innovation: float,
        variance: float,
        log_ratio: float,
        *,
        strength: float = 1.0,
        rate: float | None = None,
    ) -> ReplayVerdict:
        """What a replay shows.

        A text's tokens x are read by the plain model, with probabilities p, and by the one that
        `replay_plan` steers, with q; l(v) = ln q(v) - ln p(v).

        Args:
            tokens: How many were read.
            innovation: Their sum of l(x) - E_p l.
            variance: Their sum of Var_p l.
            log_ratio: Their sum of l(x).
            strength: That of the plan, as `replay_plan` took it.
            rate: The false-alarm rate, above 0 and below 1; None for the usual one, 0.02275.

        Raises:
            SteeringError: For a bank without null texts of replays, or with those of another
                strength.
        """
        strength = _strength(strength)
        if rate is not None:
            rate = _number(rate, "rate", "a number above 0 and below 1")
            if not 0 < rate < 1:
                raise SteeringError(ARGUMENT, f"rate is {rate!r}, expected above 0 and below 1")
        tokens = _integer(tokens, "tokens", "an int")
        if not 0 <= tokens < 2**63:
            raise SteeringError(ARGUMENT, f"tokens is {tokens!r}, expected 0 or more")
        reading = s.sized(
            s.Replay,
            n_tokens=tokens,
            innovation=_number(innovation, "innovation", "a number"),
            variance=_number(variance, "variance", "a number"),
            log_ratio=_number(log_ratio, "log_ratio", "a number"),
            strength=strength,
        )
        found = s.sized(s.Verdict)
        call(
            "steer_watermark_replay_verdict",
            self._live(),
            ctypes.byref(reading),
            rate or 0.0,
            ctypes.byref(found),
        )
        return ReplayVerdict(
            z=found.score if found.flags & s.VERDICT_HAS_SCORE else None,
            p=found.p if found.flags & s.VERDICT_HAS_P else None,
            is_flagged=bool(found.flags & s.VERDICT_FLAGGED),
            beyond_calibration=bool(found.flags & s.VERDICT_BEYOND_CALIBRATION),
            log_ratio=found.log_wealth,
            anytime_p=found.anytime_p,
        )

    def _document(
        self, document: str | int | datetime | None
    ) -> tuple[s.Document, bytes | None]:
        """The struct, and the bytes that it points at, to be held until the call is over."""
        scheme = self._info.scheme
        named = s.sized(s.Document, scheme=self._scheme)
        kind = type(document).__name__
        if scheme in ("given", "prompt"):
            if not isinstance(document, str):
                what = "a name" if scheme == "given" else "the prompt"
                raise SteeringError(ARGUMENT, f"document is of type {kind}, expected {what}")
            try:
                text = document.encode()
            except UnicodeEncodeError as error:
                raise SteeringError(
                    ARGUMENT, f"document is not Unicode ({error}), expected text"
                ) from None
            if not text:
                raise SteeringError(ARGUMENT, "document is empty, expected a character or more")
            named.text, named.length = text, len(text)
            return named, text
        if scheme == "window":
            if isinstance(document, datetime) and document.tzinfo is not None:
                document = int(document.timestamp() // 1)
            document = _integer(
                document,
                "document",
                "seconds since 1970 as an int, or a datetime with a time zone",
            )
            if not -(2**63) <= document < 2**63:
                raise SteeringError(ARGUMENT, "document is no time of 64 bits, expected one")
            named.time = document
        elif document is not None:
            raise SteeringError(
                ARGUMENT, f"document is of type {kind}, expected None with the scheme {scheme}"
            )
        return named, None

    def __repr__(self) -> str:
        state = "closed " if self.closed else ""
        info = self._info
        return (
            f"<{state}Watermark of key {info.key}: {info.count} of {info.entry_count} entries, "
            f"documents {info.scheme}>"
        )


def _integer(value: object, name: str, expected: str) -> int:
    """An int, or what stands for one, such as NumPy's; a bool does not."""
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    kind = type(value).__name__
    raise SteeringError(ARGUMENT, f"{name} is of type {kind}, expected {expected}")


def _number(value: object, name: str, expected: str) -> float:
    """A float, or what stands for one; neither a bool nor text does."""
    if not isinstance(value, (bool, str, bytes, bytearray)):
        try:
            return float(value)
        except TypeError:
            pass
        except (OverflowError, ValueError) as error:
            raise SteeringError(ARGUMENT, f"{name} is no float ({error})") from None
    kind = type(value).__name__
    raise SteeringError(ARGUMENT, f"{name} is of type {kind}, expected {expected}")


def _strength(value: object) -> float:
    """What the bank's amounts are multiplied by."""
    strength = _number(value, "strength", "a number above 0")
    if not (strength > 0 and math.isfinite(strength)):
        raise SteeringError(ARGUMENT, f"strength is {strength!r}, expected a number above 0")
    return strength


def _path(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        encoded = os.fsencode(path)
    except TypeError:
        kind = type(path).__name__
        raise SteeringError(ARGUMENT, f"{name} is of type {kind}, expected a path") from None
    if not encoded:
        raise SteeringError(ARGUMENT, f"{name} is empty, expected a path")
    if b"\0" in encoded:
        raise SteeringError(ARGUMENT, f"{name} contains NUL, expected a path")
    return encoded
