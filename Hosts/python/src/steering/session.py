"""Sessions: a plan on its way through one sequence."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import _rows
from . import _structs as s
from ._library import Exclusive, Handle, call, create, failure, library, new_error
from .errors import ARGUMENT, SHAPE, SteeringError
from .plan import Plan

if TYPE_CHECKING:
    from .detector import Monitor


@dataclass(frozen=True)
class SessionInfo:
    """Where a session stands, and what it has done since creation or reset."""

    position: int  #: of the next row
    prompt_length: int | None
    rows: int  #: given so far
    rows_in_scope: int  #: of those, rows that some intervention covers
    rows_edited: int  #: of those, rows that were changed
    rows_undefined: int  #: of those, rows whose normalisation is undefined: left alone


class Session(Exclusive):
    """Applies a plan to the rows of one sequence, in order, in place.

    One thread at a time; another gets an error. The interpreter's lock is released during calls.
    """

    def __init__(self, plan: Plan, prompt_length: int | None = None) -> None:
        """Starts a sequence at position 0.

        Args:
            plan: What to do.
            prompt_length: Positions from here on are generated ones; needed by plans with a phase.
        """
        if not isinstance(plan, Plan):
            raise SteeringError(ARGUMENT, f"plan is of type {type(plan).__name__}, expected a Plan")
        self._setup(plan, None)
        self._handle = create(
            "steer_session_create",
            "steer_session_destroy",
            plan._live(),
            _prompt_length(prompt_length),
        )

    def _setup(self, plan: Plan, handle: Handle | None) -> None:
        self._handle = handle
        self._plan = plan
        self._monitor: Monitor | None = None  # changes only while the session is busy
        self._busy = threading.Lock()
        self._error = new_error()
        self._error_address = ctypes.byref(self._error)

    @property
    def plan(self) -> Plan:
        """What it applies."""
        return self._plan

    def _begin(self) -> Handle:
        """Claims the session and the monitor that watches it for this thread."""
        handle = self._start()
        if self._monitor is not None and not self._monitor._busy.acquire(blocking=False):
            self._busy.release()
            raise SteeringError(
                ARGUMENT,
                "the session's monitor is in use by another thread, expected one thread at a time",
            )
        return handle

    def _end(self) -> None:
        if self._monitor is not None:
            self._monitor._busy.release()
        self._busy.release()

    def _run(self, name: str, *arguments, watched: bool = False) -> None:
        handle = self._begin() if watched else self._start()
        try:
            status = getattr(library(), name)(handle.address, *arguments, self._error_address)
            if status != 0:
                raise failure(status, self._error)
        finally:
            if watched:
                self._end()
            else:
                self._busy.release()

    def covers(self, position: int) -> bool:
        """Whether some intervention covers the row at ``position``; the session does not move."""
        covered = ctypes.c_int32()
        self._run(
            "steer_session_covers", _rows.count(position, "position"), ctypes.byref(covered)
        )
        return bool(covered.value)

    def apply(
        self,
        rows: np.ndarray,
        *,
        type: str | None = None,
        outcomes: np.ndarray | None = None,
    ) -> None:
        """Edits the next rows of the sequence, in place, and moves on by as many positions.

        Args:
            rows: ``[width]`` or ``[n_rows, width]``; float32, float16, ml_dtypes' bfloat16, or
                uint16 with ``type``. The last axis must be contiguous.
            type: ``"bf16"`` or ``"f16"`` for uint16.
            outcomes: Optional int32 ``[n_rows]``, receives what happened to each row: places in
                ``OUTCOMES``.

        Raises:
            SteeringError: Nothing is changed and the position stays.
        """
        found = _rows.describe(rows, self._plan._width, "the plan's", type=type, writable=True)
        given = _rows.output(outcomes, (found.count,), np.int32, "outcomes")
        self._run(
            "steer_session_apply",
            found.address,
            found.type,
            found.count,
            found.stride,
            given,
            watched=True,
        )

    def bind(
        self,
        rows: np.ndarray,
        *,
        type: str | None = None,
        outcomes: np.ndarray | None = None,
    ) -> Callable[[], None]:
        """A function that applies to these same rows each time it is called.

        For a loop that fills one buffer again and again: checks and addresses are settled here, a
        call costs about a third of ``apply``. The function keeps the arrays alive. Do not resize
        the arrays in place.
        """
        found = _rows.describe(rows, self._plan._width, "the plan's", type=type, writable=True)
        given = _rows.output(outcomes, (found.count,), np.int32, "outcomes")
        function = library().steer_session_apply
        error, address = self._error, self._error_address
        keep = (rows, outcomes)

        def apply() -> None:
            handle = self._begin()
            try:
                status = function(
                    handle.address,
                    found.address,
                    found.type,
                    found.count,
                    found.stride,
                    given,
                    address,
                )
                if status != 0:
                    raise failure(status, error)
            finally:
                self._end()

        apply.arrays = keep
        return apply

    def seek(self, position: int) -> None:
        """Moves the position of the next row: after a rollback, a cache hit, or rejected drafts."""
        self._run("steer_session_seek", _rows.count(position, "position"))

    def reset(self, prompt_length: int | None = None) -> None:
        """Starts another sequence at position 0, with all counts at zero."""
        self._run("steer_session_reset", _prompt_length(prompt_length), watched=True)

    def watch(self, monitor: Monitor | None) -> None:
        """Shows every row that is applied to a monitor, as it came, before edits; None for nobody.

        Position 0 is the special one. Seeking does not take rows back, ``reset`` resets the monitor
        too, and ``fork`` and ``assign`` leave monitors alone. The monitor reads every row: one that
        is not finite is then refused out of scope too. Applying claims the monitor with the
        session: another thread that uses it meanwhile gets an error.

        Raises:
            SteeringError: For a monitor of another session, until that one lets go of it or is
                closed; for one of rows of another width or place. What watched before still does.
        """
        from .detector import Monitor

        if monitor is not None and not isinstance(monitor, Monitor):
            kind = monitor.__class__.__name__
            raise SteeringError(ARGUMENT, f"monitor is of type {kind}, expected a Monitor or None")
        with ExitStack() as stack:
            handle = self._begin()
            stack.callback(self._busy.release)
            if self._monitor is not None:
                stack.callback(self._monitor._busy.release)
            if monitor is None or monitor is self._monitor:
                given = None if monitor is None else monitor._live()
            else:
                given = monitor._start()
                stack.callback(monitor._busy.release)
            call("steer_session_set_monitor", handle, given)
            self._monitor = monitor

    def fork(self) -> Session:
        """A session in the same state, for a beam or a copied KV cache."""
        handle = self._start()
        try:
            made = create("steer_session_fork", "steer_session_destroy", handle)
        finally:
            self._busy.release()
        session = Session.__new__(Session)
        session._setup(self._plan, made)
        return session

    def assign(self, other: Session) -> None:
        """Takes over the state of another session of the same plan."""
        if not isinstance(other, Session):
            kind = other.__class__.__name__
            raise SteeringError(ARGUMENT, f"other is of type {kind}, expected a Session")
        if other is self:
            return
        with _started([other]) as (source,):
            handle = self._start()
            try:
                call("steer_session_assign", source, handle)
            finally:
                self._busy.release()

    @property
    def info(self) -> SessionInfo:
        """Where it stands; the counts are of rows."""
        info = s.sized(s.SessionInfo)
        self._run("steer_session_inspect", ctypes.byref(info))
        prompt = info.prompt_length
        return SessionInfo(
            position=info.position,
            prompt_length=None if prompt == s.PROMPT_LENGTH_UNKNOWN else prompt,
            rows=info.rows,
            rows_in_scope=info.rows_in_scope,
            rows_edited=info.rows_edited,
            rows_undefined=info.rows_undefined,
        )

    def __repr__(self) -> str:
        if self.closed:
            return "<closed Session>"
        info = self.info
        return (
            f"<Session at position {info.position}: {info.rows_edited} of {info.rows} rows edited>"
        )


def batch_apply(
    sessions: Sequence[Session | None],
    rows: np.ndarray,
    *,
    positions: Sequence[int] | np.ndarray | None = None,
    type: str | None = None,
    outcomes: np.ndarray | None = None,
) -> None:
    """Applies to each row the plan of its own session: one batch of a server, many requests.

    Args:
        sessions: ``[n_rows]``; None leaves that row alone. A session may stand at several rows,
            which are then consecutive rows of its sequence, in order. All plans of one width.
        rows: ``[n_rows, width]``, as for :meth:`Session.apply`.
        positions: Optional ``[n_rows]``, the position of each row; without it each session's count.
        type: ``"bf16"`` or ``"f16"`` for uint16.
        outcomes: Optional int32 ``[n_rows]``, receives what happened to each row.

    Raises:
        SteeringError: No row is changed and no session moved.
    """
    distinct = list({id(session): session for session in sessions if session is not None}.values())
    for session in distinct:
        if not isinstance(session, Session):
            kind = session.__class__.__name__
            raise SteeringError(ARGUMENT, f"sessions hold a {kind}, expected Session or None")
    if isinstance(rows, np.ndarray) and rows.ndim != 2:
        raise SteeringError(SHAPE, f"rows have {rows.ndim} axes, expected [n_rows, width]")
    # With None alone no plan says how wide rows are; they are checked all the same.
    width = distinct[0].plan.width if distinct else getattr(rows, "shape", (0,))[-1]
    for session in distinct:
        if session.plan.width != width:
            raise SteeringError(
                SHAPE,
                f"sessions have plans of width {width} and {session.plan.width}, expected one",
            )
    found = _rows.describe(rows, width, "the plans'", type=type, writable=True)
    if found.count != len(sessions):
        raise SteeringError(
            SHAPE, f"{found.count} rows come with {len(sessions)} sessions, expected one for each"
        )
    given = _rows.output(outcomes, (found.count,), np.int32, "outcomes")
    places = None
    if positions is not None:
        if len(positions) != found.count:
            raise SteeringError(
                SHAPE,
                f"{found.count} rows come with {len(positions)} positions, expected one for each",
            )
        places = np.array([_rows.count(place, "position") for place in positions], np.uint64)
    if not distinct and outcomes is not None:
        outcomes[:] = s.UNTOUCHED
    if not distinct:
        return
    with _started(distinct) as handles:
        address_of = {id(session): handle.address for session, handle in zip(distinct, handles)}
        addresses = np.array(
            [0 if session is None else address_of[id(session)] for session in sessions], np.uint64
        )
        call(
            "steer_batch_apply",
            addresses.ctypes.data,
            None if places is None else places.ctypes.data,
            found.address,
            found.type,
            found.count,
            found.stride,
            given,
        )


class _started:
    """Claims sessions for this thread; ends with their handles released."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = sessions
        self._stack = ExitStack()

    def __enter__(self) -> list[Handle]:
        handles = []
        try:
            for session in self._sessions:
                handles.append(session._begin())
                self._stack.callback(session._end)
        except BaseException:
            self._stack.close()
            raise
        return handles

    def __exit__(self, *exception) -> None:
        self._stack.close()


def _prompt_length(value: int | None) -> int:
    return s.PROMPT_LENGTH_UNKNOWN if value is None else _rows.count(value, "prompt_length")
