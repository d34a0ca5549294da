"""A plan's numbers as numpy arrays, for a host that applies it in a kernel of its own."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from . import _structs as s
from ._library import Handle, call, create

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True, repr=False, eq=False)
class PlanArrays:
    """Everything that decides what a plan does to a row x, all in f32::

        x~ = normalised x, minus decoder_bias if there is one; row_scale undoes the normalisation
        z  = (encoder_rows . x~ + encoder_bias) [* encoder_norms]        f = selected z
        c[slot] = sum of the coefficients of the edits of that slot whose scope holds
        x += sum over slots of c[slot] * directions[slot]

    Arrays are read-only views of the library's memory. Each keeps that memory alive by itself,
    so it outlives the plan, the dictionary and this object. An array that does not apply is None.
    Readings, slots, edits, scopes and ranges are the axes; steering.h says what they are.
    """

    normalisation: str  #: ``"none"``, ``"constant"``, ``"root-width"`` or ``"layer-norm"``
    normalisation_value: float  #: c of constant, eps of layer norm
    selection: str  #: ``"threshold"``, ``"gate"``, ``"top-k"``, ``"abs-top-k"`` or ``"signed-top-k"``
    k: int  #: of top-k, abs-top-k and signed-top-k
    model_width: int  #: of rows read
    width: int  #: of rows written

    decoder_bias: np.ndarray | None  #: f32 [model_width]
    readings: np.ndarray | None  #: u32 [readings], the features that are read
    encoder_rows: np.ndarray | None  #: f32 [readings, model_width]
    encoder_bias: np.ndarray | None  #: f32 [readings]
    encoder_norms: np.ndarray | None  #: f32 [readings], factor of z after the bias
    threshold: np.ndarray | None  #: f32 [readings]
    gate_bias: np.ndarray | None  #: f32 [readings]
    magnitude_bias: np.ndarray | None  #: f32 [readings]
    gate_scale: np.ndarray | None  #: f32 [readings]
    rival_rows: np.ndarray | None  #: f32 [rivals, model_width], every feature's encoder row
    rival_bias: np.ndarray | None  #: f32 [rivals]
    rival_norms: np.ndarray | None  #: f32 [rivals]

    features: np.ndarray  #: u32 [slots], the features that are steered, ascending
    directions: np.ndarray  #: f32 [slots, width], decoder rows as stored
    inverse_norms: np.ndarray  #: f32 [slots]
    decode_scales: np.ndarray  #: f32 [slots]

    edit_modes: np.ndarray  #: i32 [edits], places in ``MODES``
    edit_slots: np.ndarray  #: u32 [edits], ascending
    edit_readings: np.ndarray  #: i32 [edits], -1 for none
    edit_scopes: np.ndarray  #: u32 [edits]
    edit_units: np.ndarray  #: i32 [edits], places in ``UNITS``
    edit_amounts: np.ndarray  #: f32 [edits]

    scope_phases: np.ndarray  #: i32 [scopes], places in ``PHASES``
    scope_skip_first: np.ndarray  #: u64 [scopes]
    scope_range_offsets: np.ndarray  #: u64 [scopes + 1]
    scope_ranges: np.ndarray | None  #: u64 [ranges, 2], begin and end

    def __repr__(self) -> str:
        return (
            f"<PlanArrays: {len(self.edit_modes)} edits on {len(self.features)} features, "
            f"{0 if self.readings is None else len(self.readings)} read, {self.selection}, "
            f"normalisation {self.normalisation}, width {self.width}>"
        )


class _Memory:
    """A block of the library's memory: numpy keeps this object, and this object the handle."""

    def __init__(self, handle: Handle, address: int, shape: tuple[int, ...], dtype: str) -> None:
        self._handle = handle
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": np.dtype(dtype).str,
            "data": (address, True),
        }


def _shapes(view: s.PlanArrays) -> dict[str, tuple[tuple[int, ...], str]]:
    width, model_width = view.width, view.model_width
    readings, rivals, slots = (view.n_readings,), (view.n_rivals,), (view.n_slots,)
    edits, scopes = (view.n_edits,), (view.n_scopes,)
    return {
        "decoder_bias": ((model_width,), "f4"),
        "readings": (readings, "u4"),
        "encoder_rows": ((*readings, model_width), "f4"),
        "encoder_bias": (readings, "f4"),
        "encoder_norms": (readings, "f4"),
        "threshold": (readings, "f4"),
        "gate_bias": (readings, "f4"),
        "magnitude_bias": (readings, "f4"),
        "gate_scale": (readings, "f4"),
        "rival_rows": ((*rivals, model_width), "f4"),
        "rival_bias": (rivals, "f4"),
        "rival_norms": (rivals, "f4"),
        "features": (slots, "u4"),
        "directions": ((*slots, width), "f4"),
        "inverse_norms": (slots, "f4"),
        "decode_scales": (slots, "f4"),
        "edit_modes": (edits, "i4"),
        "edit_slots": (edits, "u4"),
        "edit_readings": (edits, "i4"),
        "edit_scopes": (edits, "u4"),
        "edit_units": (edits, "i4"),
        "edit_amounts": (edits, "f4"),
        "scope_phases": (scopes, "i4"),
        "scope_skip_first": (scopes, "u8"),
        "scope_range_offsets": ((view.n_scopes + 1,), "u8"),
        "scope_ranges": ((view.n_ranges, 2), "u8"),
    }


def export(plan: Plan) -> PlanArrays:
    """Exports a plan.

    Raises:
        SteeringError: The library refused.
    """
    owner = plan._live()
    handle = create("steer_arrays_create", "steer_arrays_destroy", owner)
    view = s.sized(s.PlanArrays)
    call("steer_arrays_view", handle, ctypes.byref(view))
    arrays: dict[str, np.ndarray | None] = {}
    for name, (shape, dtype) in _shapes(view).items():
        address = getattr(view, name)
        empty = address is None or 0 in shape
        arrays[name] = None if empty else np.asarray(_Memory(handle, address, shape, dtype))
    result = PlanArrays(
        normalisation=s.named(s.NORMALISATIONS, view.normalisation),
        normalisation_value=view.normalisation_value,
        selection=s.named(s.SELECTIONS, view.selection),
        k=view.k,
        model_width=view.model_width,
        width=view.width,
        **arrays,
    )
    return result


ARRAY_NAMES = tuple(field.name for field in fields(PlanArrays))[6:]
