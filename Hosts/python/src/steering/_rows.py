"""Turns numpy arrays into addresses, and refuses whatever would need a silent copy."""

from __future__ import annotations

import operator
from typing import NamedTuple

import numpy as np

from . import _structs as s
from .errors import ARGUMENT, SHAPE, SteeringError

F32, BF16, F16 = range(3)
_TYPE_OF_NAME = {"f32": F32, "bf16": BF16, "f16": F16}
_TYPE_OF_DTYPE = {"float32": F32, "bfloat16": BF16, "float16": F16}


class Rows(NamedTuple):
    """Rows in memory, as the library takes them."""

    address: int | None
    type: int
    count: int
    stride: int  # in elements


def _row_type(array: np.ndarray, type: str | None) -> int:
    if type is not None and type not in _TYPE_OF_NAME:
        raise SteeringError(
            ARGUMENT, f"type is {type!r}, expected one of {', '.join(_TYPE_OF_NAME)}"
        )
    name = array.dtype.name
    if not array.dtype.isnative:
        raise SteeringError(
            ARGUMENT,
            f"rows have dtype {array.dtype.str} in foreign byte order, expected the native one",
        )
    if name == "uint16":
        if type not in ("bf16", "f16"):
            raise SteeringError(
                ARGUMENT,
                "rows have dtype uint16, expected type='bf16' or type='f16' to say what the bits "
                "are",
            )
        return _TYPE_OF_NAME[type]
    found = _TYPE_OF_DTYPE.get(name)
    if found is None:
        raise SteeringError(
            ARGUMENT,
            f"rows have dtype {name}, expected float32, float16, bfloat16 (of ml_dtypes), or "
            f"uint16 "
            "with type='bf16'; convert with rows.astype(numpy.float32)",
        )
    if type is not None and _TYPE_OF_NAME[type] != found:
        raise SteeringError(ARGUMENT, f"rows have dtype {name}, expected type {type}")
    return found


def describe(
    array: np.ndarray,
    width: int,
    whose: str,
    *,
    type: str | None = None,
    writable: bool = False,
    name: str = "rows",
) -> Rows:
    """Checks rows and says where they are.

    Args:
        array: ``[width]`` for one row, or ``[n_rows, width]``; the last axis contiguous, rows any
            non-overlapping distance apart.
        width: What their width must be.
        whose: What has that width, for messages, as in ``"the plan's"``.
        type: ``"f32"``, ``"bf16"`` or ``"f16"``; needed for uint16 only.
        writable: Whether they will be changed.
        name: What messages call them.

    Raises:
        SteeringError: They cannot be used where they are.
    """
    try:
        return _described(array, width, whose, type, writable)
    except SteeringError as error:
        if name == "rows":
            raise
        words = error.message.replace("rows are", f"{name} is", 1)
        message = words.replace("rows have", f"{name} has", 1)
        raise SteeringError(error.status, message) from None


def _described(array, width: int, whose: str, type: str | None, writable: bool) -> Rows:
    if not isinstance(array, np.ndarray):
        kind = array.__class__.__name__
        raise SteeringError(
            ARGUMENT, f"rows are of type {kind}, expected a numpy array (numpy.asarray makes one)"
        )
    if isinstance(array, np.ma.MaskedArray):
        raise SteeringError(
            ARGUMENT, "rows are a masked array, expected a plain one: masked rows would be edited"
        )
    row_type = _row_type(array, type)
    if array.ndim not in (1, 2):
        raise SteeringError(
            SHAPE, f"rows have {array.ndim} axes, expected [width] or [n_rows, width]"
        )
    if array.shape[-1] != width:
        raise SteeringError(
            SHAPE, f"rows have width {array.shape[-1]}, expected {width}, {whose} width"
        )
    if writable and not array.flags.writeable:
        raise SteeringError(
            ARGUMENT, "rows are read-only, expected a writable array: pass a copy of your own"
        )
    count = 1 if array.ndim == 1 else array.shape[0]
    if count == 0:
        return Rows(None, row_type, 0, width)
    if not array.flags.aligned:
        raise SteeringError(
            ARGUMENT, "rows are not aligned to their elements, expected aligned rows"
        )
    item = array.itemsize
    if array.strides[-1] != item and width > 1:
        raise SteeringError(
            SHAPE,
            f"elements of a row are {array.strides[-1]} bytes apart, expected {item}: the last "
            f"axis "
            "must be contiguous (numpy.ascontiguousarray makes a copy)",
        )
    stride = width if count == 1 else _stride(array, width)
    return Rows(array.ctypes.data, row_type, count, stride)


def _stride(array: np.ndarray, width: int) -> int:
    step, item = array.strides[0], array.itemsize
    if step < width * item or step % item != 0:
        raise SteeringError(
            SHAPE,
            f"rows are {step} bytes apart, expected a multiple of {item} that is at least "
            f"{width * item} (numpy.ascontiguousarray makes a copy)",
        )
    return step // item


def output(array: np.ndarray | None, shape: tuple[int, ...], dtype, name: str) -> int | None:
    """The address of an output array of the caller's, None for None."""
    if array is None:
        return None
    dtype = np.dtype(dtype)
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        found = (
            f"{array.dtype.name} {list(array.shape)}"
            if isinstance(array, np.ndarray)
            else array.__class__.__name__
        )
        raise SteeringError(
            SHAPE, f"{name} is {found}, expected a numpy array, {dtype.name} {list(shape)}"
        )
    if not (array.flags.c_contiguous and array.flags.writeable and array.flags.aligned):
        raise SteeringError(ARGUMENT, f"{name} is not contiguous and writable, expected both")
    return array.ctypes.data


def count(value, name: str, limit: int = s.MAX_POSITION) -> int:
    """An integer of the caller's, checked against 0 ... limit."""
    try:
        number = operator.index(value)
    except (TypeError, ValueError):
        raise SteeringError(ARGUMENT, f"{name} is {value!r}, expected an integer") from None
    if isinstance(value, bool) or not 0 <= number <= limit:
        raise SteeringError(ARGUMENT, f"{name} is {value!r}, expected 0 to {limit}")
    return number
