"""What to do to rows, as Python objects."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

from . import _structs as s
from ._rows import count
from .errors import PLAN, SteeringError

_UINT64 = 2**64 - 1


@dataclass(frozen=True)
class Scope:
    """The rows that are touched: all conditions must hold. Position 0 is the first token.

    Attributes:
        skip_first: Positions below this are left alone; 1 skips BOS.
        ranges: Pairs ``(start, end)`` of positions, end excluded; empty means everywhere.
        phase: ``"all"``, ``"prompt"`` or ``"generated"``.
    """

    skip_first: int = 0
    ranges: Sequence[tuple[int, int]] = ()
    phase: str = "all"


@dataclass(frozen=True)
class Intervention:
    """One wish about one feature; docs/plans.md has the formulas.

    Attributes:
        feature: Index in the dictionary, from 0.
        mode: ``"add"``, ``"clamp"``, ``"floor"``, ``"ceiling"``, ``"scale"``, ``"ablate"`` or
            ``"project-out"``.
        alpha: The amount, in the unit that ``strength`` names. Ablate and project-out take none.
        strength: ``"decoder"``, ``"unit"``, ``"relative"`` or ``"max-activation"``.
        max_activation: The feature's largest activation, for strength ``"max-activation"``.
        scope: The rows of this intervention, instead of the plan's.
    """

    feature: int
    mode: str = "add"
    alpha: float | None = None
    strength: str = "decoder"
    max_activation: float | None = None
    scope: Scope | None = None


def _choice(value, accepted: tuple[str, ...], field: str) -> int:
    if value not in accepted:
        raise SteeringError(
            PLAN, f"plan field '{field}' is {value!r}, expected one of {', '.join(accepted)}"
        )
    return accepted.index(value)


def _number(value, field: str) -> float:
    if isinstance(value, (str, bytes, bool)):
        raise SteeringError(PLAN, f"plan field '{field}' is {value!r}, expected a number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise SteeringError(PLAN, f"plan field '{field}' is {value!r}, expected a number") from None


def scope_struct(scope: Scope | None, field: str):
    """A pointer to the struct of a scope, which keeps what it points to; None for None."""
    if scope is None:
        return None
    if not isinstance(scope, Scope):
        raise SteeringError(PLAN, f"plan field '{field}' is {scope!r}, expected a Scope")
    pairs = []
    for index, pair in enumerate(scope.ranges):
        name = f"plan field '{field}.ranges[{index}]'"
        try:
            start, end = pair
        except (TypeError, ValueError):
            raise SteeringError(PLAN, f"{name} is {pair!r}, expected (start, end)") from None
        pairs.append(s.Range(count(start, name, _UINT64), count(end, name, _UINT64)))
    return ctypes.pointer(
        s.sized(
            s.Scope,
            phase=_choice(scope.phase, s.PHASES, f"{field}.phase"),
            skip_first=count(scope.skip_first, f"plan field '{field}.skip_first'", _UINT64),
            ranges=(s.Range * len(pairs))(*pairs) if pairs else None,
            n_ranges=len(pairs),
        )
    )


def intervention_struct(intervention: Intervention, field: str) -> s.Intervention:
    """The struct of one intervention, which keeps everything that it points to."""
    if not isinstance(intervention, Intervention):
        raise SteeringError(
            PLAN, f"plan field '{field}' is {intervention!r}, expected an Intervention"
        )
    mode = _choice(intervention.mode, s.MODES, f"{field}.mode")
    alpha = intervention.alpha
    if intervention.mode in ("ablate", "project-out"):
        if alpha is not None:
            raise SteeringError(
                PLAN,
                f"plan field '{field}.alpha' is {alpha!r}, expected no alpha with mode "
                f"{intervention.mode}",
            )
        alpha = 0.0
    elif alpha is None:
        raise SteeringError(PLAN, f"plan field '{field}.alpha' is missing, expected a number")
    maximum = intervention.max_activation
    if maximum is not None:
        maximum = _number(maximum, f"{field}.max_activation")
        if not maximum > 0:
            # Zero would mean "none" to the library, which is not what was said.
            raise SteeringError(
                PLAN,
                f"plan field '{field}.max_activation' is {maximum}, expected a positive number",
            )
    return s.sized(
        s.Intervention,
        feature=count(intervention.feature, f"plan field '{field}.feature'", 2**32 - 1),
        mode=mode,
        strength=_choice(intervention.strength, s.STRENGTHS, f"{field}.strength"),
        alpha=_number(alpha, f"{field}.alpha"),
        max_activation=maximum or 0.0,
        scope=scope_struct(intervention.scope, f"{field}.scope"),
    )
