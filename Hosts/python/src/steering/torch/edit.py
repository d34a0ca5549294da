"""Applies exported plan arrays with torch operations, on any device.

Follows the algorithm of steering.h in f32; sums for norms, means and deviations are f64 where the
device has it. Selection (threshold, gate, rank) compares the same quantities as the library, so
a row
within rounding of a threshold may be decided differently; away from it results agree within f32
rounding. Differentiable in the rows, with the selection held fixed.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from .._structs import MODES, PHASES, UNITS
from ..arrays import ARRAY_NAMES, PlanArrays
from ..errors import ARGUMENT, NONFINITE, SteeringError

ADD, CLAMP, FLOOR, CEILING, SCALE, ABLATE, PROJECT_OUT = range(len(MODES))
ACTIVATION, LENGTH, FRACTION = range(len(UNITS))
PROMPT, GENERATED = PHASES.index("prompt"), PHASES.index("generated")
_INT64_MAX = 2**63 - 1
# Rivals are compared in blocks, so that readings x rivals never stands in memory whole.
_RIVAL_BLOCK = 4096


class Edited(NamedTuple):
    """What became of the rows."""

    rows: torch.Tensor  #: [n, width], of the type given
    edited: torch.Tensor  #: bool [n]
    undefined: torch.Tensor  #: bool [n]


class PlanTensors:
    """A plan's arrays on one device."""

    # They outlive the call that makes them: as inference tensors no gradient could pass later.
    @torch.inference_mode(False)
    def __init__(self, arrays: PlanArrays, device: torch.device) -> None:
        self.arrays = arrays
        self.device = device
        self.wide = torch.float32 if device.type == "mps" else torch.float64
        for name in ARRAY_NAMES:
            value = getattr(arrays, name)
            if value is None or value.dtype.kind != "f":
                continue
            setattr(self, name, torch.tensor(value, device=device))
        if arrays.readings is not None:
            self.readings = torch.tensor(arrays.readings.astype("int64"), device=device)
        self.edits = list(
            zip(
                arrays.edit_modes.tolist(),
                arrays.edit_slots.tolist(),
                arrays.edit_readings.tolist(),
                arrays.edit_scopes.tolist(),
                arrays.edit_units.tolist(),
                arrays.edit_amounts.tolist(),
            )
        )
        self.needs_scale = arrays.normalisation != "none" and (
            arrays.readings is not None
            or any(
                unit == ACTIVATION and mode != PROJECT_OUT for mode, _, _, _, unit, _ in self.edits
            )
        )
        self.needs_norm = any(unit == FRACTION for _, _, _, _, unit, _ in self.edits)


def scopes_hold(
    arrays: PlanArrays, positions: torch.Tensor, prompt_lengths: torch.Tensor
) -> torch.Tensor:
    """Which scopes cover which rows: bool [n, scopes], for int64 [n] positions and lengths."""
    columns = []
    offsets = arrays.scope_range_offsets.tolist()
    for index, phase in enumerate(arrays.scope_phases.tolist()):
        skip = min(int(arrays.scope_skip_first[index]), _INT64_MAX)
        holds = positions >= skip
        if phase == PROMPT:
            holds &= positions < prompt_lengths
        elif phase == GENERATED:
            holds &= positions >= prompt_lengths
        if offsets[index] < offsets[index + 1]:
            inside = torch.zeros_like(holds)
            for begin, end in arrays.scope_ranges[offsets[index] : offsets[index + 1]].tolist():
                inside |= (positions >= min(begin, _INT64_MAX)) & (positions < min(end, _INT64_MAX))
            holds &= inside
        columns.append(holds)
    return torch.stack(columns, dim=1)


def apply(
    plan: PlanTensors,
    rows: torch.Tensor,
    holds: torch.Tensor,
    *,
    numbers: torch.Tensor | None = None,
    check_finite: bool = True,
) -> Edited:
    """Applies a plan to rows and returns new ones.

    Args:
        plan: On the rows' device.
        rows: f32, bf16 or f16 [n, width]; unchanged.
        holds: bool [n, scopes], on any device; each row in at least one scope.
        numbers: Optional int64 [n], what to call each row in errors.
        check_finite: Whether to refuse rows and results that are not finite, as the library does;
            this waits for the device.

    Raises:
        SteeringError: A row is not finite or its edit would overflow, or matrix products on this
            device are set to be rounded below f32.
    """
    _check_precision(rows.device)
    holds = holds.to(rows.device)
    with torch.autocast(rows.device.type, enabled=False):
        x = rows.float()
        if check_finite:
            _refuse(~torch.isfinite(x), numbers, "the values are not finite, expected finite ones")
        normalised, scale, undefined = _normalise(plan, x)
        values, bad = _activations(plan, normalised, undefined)
        if check_finite and bad is not None:
            _refuse(bad, numbers, "a pre-activation overflows f32, expected smaller rows")
        coefficients = _coefficients(plan, x, values, scale, holds)
        coefficients = torch.where(undefined[:, None], 0.0, coefficients)
        edited = (coefficients != 0).any(dim=1)
        result = (x + coefficients @ plan.directions).to(rows.dtype)
        if check_finite:
            _refuse(
                edited[:, None] & ~torch.isfinite(result),
                numbers,
                f"the edited row does not fit into {str(rows.dtype).removeprefix('torch.')}, "
                f"expected "
                "a smaller alpha or float32 rows",
            )
        # Rows without an edit keep their bits: adding zero would lose the sign of a zero.
        return Edited(torch.where(edited[:, None], result, rows), edited, undefined)


def _refuse(bad: torch.Tensor, numbers: torch.Tensor | None, message: str) -> None:
    rows = bad.any(dim=1) if bad.dim() == 2 else bad
    if bool(rows.any()):
        row = int(rows.nonzero()[0])
        row = row if numbers is None else int(numbers[row])
        raise SteeringError(NONFINITE, f"row {row}: {message}", row=row)


def _check_precision(device: torch.device) -> None:
    if device.type == "cuda" and not _products_are_exact():
        raise SteeringError(
            ARGUMENT,
            "float32 matrix products are set to be rounded below f32, expected "
            "torch.set_float32_matmul_precision('highest'), or fp32_precision 'ieee' in "
            "torch.backends.cuda.matmul: features would be selected wrongly",
        )


def _products_are_exact() -> bool:
    """Whether f32 products on CUDA are f32: torch has two settings for that, and may mix them."""
    setting = getattr(torch.backends.cuda.matmul, "fp32_precision", None)
    if setting == "none":  # left to the setting for everything
        setting = getattr(torch.backends, "fp32_precision", "none")
    if setting not in (None, "none", "ieee"):
        return False
    try:
        return torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # only the newer setting was used, and the older one cannot express it
        return setting == "ieee"


def _normalise(plan: PlanTensors, x: torch.Tensor):
    """x~ without the decoder bias, the scale back to the row's units [n], undefined rows [n]."""
    arrays = plan.arrays
    undefined = torch.zeros(x.shape[0], dtype=torch.bool, device=x.device)
    one = torch.ones(x.shape[0], dtype=torch.float32, device=x.device)
    if not plan.needs_scale:
        return x, one, undefined
    kind, width = arrays.normalisation, x.shape[1]
    if kind == "constant":
        return x * arrays.normalisation_value, one / arrays.normalisation_value, undefined
    wide = x.to(plan.wide)
    if kind == "root-width":
        total = (wide * wide).sum(dim=1)
        # Where a root's gradient would be infinite the row is undefined, and not changed.
        safe = torch.where(total > 0, total, 1.0)
        factor = (width / safe).sqrt().float()
        inverse = (safe / width).sqrt().float()
        undefined = (
            (total <= 0) | ~torch.isfinite(factor) | ~torch.isfinite(inverse) | (inverse <= 0)
        )
        factor = torch.where(undefined, 0.0, factor)
        return x * factor[:, None], torch.where(undefined, 0.0, inverse), undefined
    mean = wide.mean(dim=1, keepdim=True)
    centred = wide - mean
    squares = (centred * centred).sum(dim=1) / (width - 1)
    positive = squares > 0
    deviation = torch.where(positive, torch.where(positive, squares, 1.0).sqrt(), 0.0).float()
    offset = mean.float()
    undefined = ~torch.isfinite(deviation) | ~torch.isfinite(offset[:, 0])
    normalised = (x - offset) / (deviation + arrays.normalisation_value)[:, None]
    return normalised, deviation, undefined


def _activations(plan: PlanTensors, normalised: torch.Tensor, undefined: torch.Tensor):
    """Activations of the features that are read [n, readings], and rows that overflowed [n]."""
    arrays = plan.arrays
    if arrays.readings is None:
        return None, None
    if arrays.decoder_bias is not None:
        normalised = normalised - plan.decoder_bias
    z = torch.addmm(plan.encoder_bias, normalised, plan.encoder_rows.T)
    if arrays.encoder_norms is not None:
        z = z * plan.encoder_norms
    bad = ~torch.isfinite(z).all(dim=1) & ~undefined
    if arrays.selection == "threshold":
        return torch.where(z > plan.threshold, z, 0.0), bad
    if arrays.selection == "gate":
        value = z * plan.gate_scale + plan.magnitude_bias
        active = z + plan.gate_bias > 0
        bad |= (active & ~torch.isfinite(value)).any(dim=1) & ~undefined
        return torch.where(active & (value > 0), value, 0.0), bad
    beaten, overflowed = _count_rivals(plan, z.detach(), normalised.detach())
    bad |= overflowed & ~undefined
    wins = beaten < arrays.k
    if arrays.selection == "top-k":
        wins &= z > 0
    return torch.where(wins, z, 0.0), bad


@torch.no_grad()
def _count_rivals(plan: PlanTensors, z: torch.Tensor, normalised: torch.Tensor):
    """How many rivals beat each value [n, readings]; among equals the lower index wins."""
    arrays = plan.arrays
    absolute = arrays.selection == "abs-top-k"
    every = torch.addmm(plan.rival_bias, normalised, plan.rival_rows.T)
    if arrays.rival_norms is not None:
        every = every * plan.rival_norms
    overflowed = ~torch.isfinite(every).all(dim=1)
    # A feature is its own rival: with its own value here it neither beats nor loses to itself by
    # the rounding of another product.
    every[:, plan.readings] = z
    keys = every.abs() if absolute else every
    mine = (z.abs() if absolute else z)[:, :, None]
    beaten = torch.zeros(z.shape, dtype=torch.int64, device=z.device)
    count = keys.shape[1]
    for start in range(0, count, _RIVAL_BLOCK):
        block = keys[:, None, start : start + _RIVAL_BLOCK]
        index = torch.arange(start, min(start + _RIVAL_BLOCK, count), device=z.device)
        lower = index[None, :] < plan.readings[:, None]
        beaten += ((block > mine) | ((block == mine) & lower)).sum(dim=2)
    return beaten, overflowed


def _coefficients(plan, x, values, scale, holds) -> torch.Tensor:
    """The coefficient of each stored decoder row [n, slots], in the units of the row."""
    columns: list[torch.Tensor | None] = [None] * plan.directions.shape[0]
    norm = None
    if plan.needs_norm:
        norm = torch.linalg.vector_norm(x.to(plan.wide), dim=1).float()
    for mode, slot, reading, scope, unit, amount in plan.edits:
        inverse = plan.inverse_norms[slot]
        per_activation = scale * plan.decode_scales[slot]
        value = None if reading < 0 else values[:, reading]
        if mode == ADD and amount == 0:
            continue
        if mode == ADD and unit == ACTIVATION:
            part = amount * per_activation
        elif mode == ADD and unit == LENGTH:
            part = (amount * inverse).expand(x.shape[0])
        elif mode == ADD:
            part = amount * norm * inverse
        elif mode == SCALE:
            part = (amount - 1) * value * per_activation
        elif mode == ABLATE:
            part = -value * per_activation
        elif mode == PROJECT_OUT:
            part = -(x @ plan.directions[slot]) * inverse * inverse
        else:
            part = (amount - value) * per_activation
            if mode == FLOOR:
                part = torch.where(value < amount, part, 0.0)
            elif mode == CEILING:
                part = torch.where(value > amount, part, 0.0)
            elif mode != CLAMP:
                raise SteeringError(
                    ARGUMENT, f"edit mode is {mode}, expected 0 to {len(MODES) - 1}"
                )
        # Selected, not multiplied: 0 times an overflow would be NaN.
        part = torch.where(holds[:, scope], part, 0.0)
        columns[slot] = part if columns[slot] is None else columns[slot] + part
    nothing = torch.zeros(x.shape[0], dtype=torch.float32, device=x.device)
    return torch.stack([nothing if column is None else column for column in columns], dim=1)
