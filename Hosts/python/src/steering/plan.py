"""Plans compiled against a dictionary."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import _rows
from . import _structs as s
from ._library import Handle, Owner, call, create
from .dictionary import Dictionary
from .errors import ARGUMENT, PLAN, SHAPE, SteeringError
from .interventions import Intervention, Scope, intervention_struct, scope_struct

if TYPE_CHECKING:
    from .arrays import PlanArrays
    from .session import Session


class Plan(Owner):
    """What to do to rows, compiled: immutable, shared by all threads and sessions."""

    def __init__(
        self,
        dictionary: Dictionary,
        spec: Mapping | str | os.PathLike[str] | Sequence[Intervention] | Intervention,
        *,
        scope: Scope | None = None,
    ) -> None:
        """Compiles a plan.

        Args:
            dictionary: What it steers with.
            spec: The JSON form as a mapping or as text, the path (``pathlib.Path``) of a JSON file,
                or interventions.
            scope: The rows of interventions that have none of their own; not with the JSON form,
                which has its own.

        Raises:
            SteeringError: With the field, as the JSON form names it.
        """
        if not isinstance(dictionary, Dictionary):
            raise SteeringError(
                ARGUMENT,
                f"dictionary is of type {type(dictionary).__name__}, expected a Dictionary",
            )
        self._handle = None
        self._arrays: PlanArrays | None = None
        if isinstance(spec, Intervention):
            spec = [spec]
        if isinstance(spec, (Mapping, str, bytes, os.PathLike)):
            if scope is not None:
                raise SteeringError(
                    ARGUMENT, "scope is given beside the JSON form, expected it inside ('scope')"
                )
            self._handle = _compile_json(dictionary, json_bytes(spec, "plan"))
        elif isinstance(spec, Sequence):
            self._handle = _compile(dictionary, spec, scope)
        else:
            raise SteeringError(
                ARGUMENT,
                f"plan is of type {type(spec).__name__}, expected a mapping, JSON text, a "
                "pathlib.Path, or interventions",
            )
        self._inspect()

    @classmethod
    def _of(cls, handle: Handle) -> Plan:
        """A plan that the library made otherwise."""
        plan = cls.__new__(cls)
        plan._handle = handle
        plan._arrays = None
        plan._inspect()
        return plan

    def _inspect(self) -> None:
        info = s.sized(s.PlanInfo)
        call("steer_plan_inspect", self._live(), ctypes.byref(info))
        self._width, self._flags = info.width, info.flags
        self._counts = (info.n_interventions, info.n_features, info.n_readings)

    @property
    def width(self) -> int:
        """Width of the rows that it edits."""
        return self._width

    @property
    def intervention_count(self) -> int:
        """Number of interventions."""
        return self._counts[0]

    @property
    def feature_count(self) -> int:
        """Number of steered features, each counted once."""
        return self._counts[1]

    @property
    def reading_count(self) -> int:
        """Number of features whose activation is read from each row in scope."""
        return self._counts[2]

    @property
    def reads_activations(self) -> bool:
        """Whether some intervention needs an activation."""
        return bool(self._flags & s.PLAN_READS_ACTIVATIONS)

    @property
    def ranks(self) -> bool:
        """Whether activations need the whole encoder, to rank against."""
        return bool(self._flags & s.PLAN_RANKS)

    @property
    def needs_prompt_length(self) -> bool:
        """Whether some scope has a phase, so that sessions must be told the prompt's length."""
        return bool(self._flags & s.PLAN_NEEDS_PROMPT_LENGTH)

    @property
    def needs_positions(self) -> bool:
        """Whether some scope depends on where a row stands in its sequence."""
        return bool(self._flags & s.PLAN_NEEDS_POSITIONS)

    @property
    def is_constant(self) -> bool:
        """Whether it adds the same vector to every row, and so fits a control vector."""
        return bool(self._flags & s.PLAN_CONSTANT)

    @property
    def fingerprint(self) -> bytes:
        """32 bytes that are equal for plans that do the same to every row: a key for prefix caches.

        Equal in every process and on every machine. Plans that rank read the whole encoder once.
        """
        digest = (ctypes.c_uint8 * 32)()
        call("steer_plan_fingerprint", self._live(), ctypes.addressof(digest))
        return bytes(digest)

    @property
    def arrays(self) -> PlanArrays:
        """The plan's numbers, for a kernel of one's own; exported once."""
        if self._arrays is None:
            from .arrays import export

            self._arrays = export(self)
        return self._arrays

    def control_vector(self, layer: int, layer_count: int) -> np.ndarray:
        """A constant plan as llama.cpp's control vector; see :func:`control_vector`."""
        return control_vector([self], [layer], layer_count)

    def session(self, prompt_length: int | None = None) -> Session:
        """Starts a sequence; the same as ``Session(plan, prompt_length)``."""
        from .session import Session

        return Session(self, prompt_length)

    def __repr__(self) -> str:
        state = "closed " if self.closed else ""
        return (
            f"<{state}Plan: {self.intervention_count} interventions on {self.feature_count} "
            f"features, "
            f"{self.reading_count} read, width {self.width}>"
        )


def control_vector(plans: Sequence[Plan], layers: Sequence[int], layer_count: int) -> np.ndarray:
    """Constant plans as the buffer that llama.cpp's ``llama_set_adapter_cvec`` takes.

    Args:
        plans: All constant, all of one width. Plans on one layer add up.
        layers: The block after whose output each is added, at least 1.
        layer_count: Rows of the buffer: the model's block count minus one.

    Returns:
        f32 ``[layer_count, width]``, the vector for layer l in row l - 1.

    Raises:
        SteeringError: A plan is not constant, with the reason; or a layer has no place.
    """
    if len(plans) != len(layers):
        raise SteeringError(
            SHAPE, f"{len(plans)} plans come with {len(layers)} layers, expected one layer for each"
        )
    if not plans:
        raise SteeringError(ARGUMENT, "there are no plans, expected at least one")
    # The local list holds every handle until the calls are over.
    handles = [plan._live() for plan in plans]
    addresses = (ctypes.c_void_p * len(handles))(*[handle.address for handle in handles])
    numbers = (ctypes.c_int32 * len(layers))(
        *[_rows.count(layer, "layer", 2**31 - 1) for layer in layers]
    )
    rows = _rows.count(layer_count, "layer_count", 2**31 - 1)
    width = plans[0].width
    buffer = np.empty((rows, width), np.float32)
    required = ctypes.c_size_t()
    call(
        "steer_plan_control_vector",
        addresses,
        numbers,
        len(handles),
        rows,
        buffer.ctypes.data,
        buffer.size,
        ctypes.byref(required),
    )
    return buffer


def json_bytes(spec, what: str) -> bytes:
    """The UTF-8 of a JSON form given as a mapping, as text, or by its path; ``what`` names it."""
    status, page = (PLAN, "docs/plans.md") if what == "plan" else (ARGUMENT, "docs/detector.md")
    if isinstance(spec, bytes):
        return spec
    if isinstance(spec, str):
        try:
            return spec.encode()
        except UnicodeEncodeError as error:
            message = f"{what} is not Unicode ({error}), expected JSON text"
            raise SteeringError(status, message) from None
    if isinstance(spec, os.PathLike):
        try:
            return Path(spec).read_bytes()
        except OSError as error:
            raise SteeringError(
                10, f"{os.fspath(spec)}: {error.strerror}, expected a {what} in JSON"
            ) from None
    try:
        # NaN would be written as a word that is not JSON.
        return json.dumps(spec, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise SteeringError(
            status, f"{what} cannot be written as JSON ({error}), expected the form of {page}"
        ) from None


def _compile_json(dictionary: Dictionary, text: bytes) -> Handle:
    handle = dictionary._live()
    return create("steer_plan_compile_json", "steer_plan_destroy", handle, text, len(text))


def _compile(
    dictionary: Dictionary, interventions: Sequence[Intervention], scope: Scope | None
) -> Handle:
    handle = dictionary._live()
    structs = [
        intervention_struct(intervention, f"interventions[{index}]")
        for index, intervention in enumerate(interventions)
    ]
    return create(
        "steer_plan_compile",
        "steer_plan_destroy",
        handle,
        (s.Intervention * len(structs))(*structs),
        len(structs),
        scope_struct(scope, "scope"),
    )
