"""What a plan does to rows, in f64 straight from the published weights, with bounds on f32's error.

Independent of the library: it reads the tensors of the folder and the JSON form of the plan.

Bounds, with eps = 2**-23 and d the width. A sum of d products loses at most (d/2 + 3) eps times the
sum of their absolute values, in any order (docs/numerics.md). Everything else is a handful of
roundings; each is counted, generously, where it happens. Where a threshold, a gate or a rank is
nearer than these bounds, f32 may decide either way: such rows are reported as ambiguous.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from folders import Weights

EPS = 2.0**-23
# Half a unit in the last place of each type, relative; and the spacing of its subnormals.
UNIT = {"f32": 2.0**-24, "bf16": 2.0**-8, "f16": 2.0**-11}
TINY = {"f32": 2.0**-149, "bf16": 2.0**-133, "f16": 2.0**-24}


class Outcome(NamedTuple):
    rows: np.ndarray  # f64 [n, d]
    bound: np.ndarray  # f64 [n, d], before the last rounding
    edited: np.ndarray  # bool [n]
    undefined: np.ndarray  # bool [n]
    ambiguous: np.ndarray  # bool [n]


class Reference:
    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        t = {name: array.astype(np.float64) for name, array in weights.tensors.items()}
        self.encoder, self.decoder = t["W_enc"].T, t["W_dec"]
        self.t = t
        self.norms = np.linalg.norm(self.decoder, axis=1)
        self.chain = (weights.width / 2 + 3) * EPS
        self.scale = weights.scale or 1.0
        # SAELens folds the scale into W_dec before it takes norms.
        self.rescale_norms = self.norms / self.scale if weights.rescales else None

    def normalise(self, x: np.ndarray):
        """x~ without the bias, its error, the scale back, undefined rows."""
        d, kind = x.shape[1], self.weights.normalisation
        undefined = np.zeros(len(x), bool)
        back = np.ones(len(x))
        if kind == "none":
            return x, np.zeros_like(x), back, undefined
        if kind == "expected_average_only_in":
            factor = np.float64(np.float32(self.scale))
            return x * factor, 2 * EPS * np.abs(x * factor), back / factor, undefined
        if kind == "constant_norm_rescale":
            norm = np.linalg.norm(x, axis=1)
            undefined = norm == 0
            safe = np.where(undefined, 1, norm)
            out = x * (np.sqrt(d) / safe)[:, None]
            return out, 3 * EPS * np.abs(out), safe / np.sqrt(d), undefined
        mean = x.mean(axis=1, keepdims=True)
        deviation = x.std(axis=1, ddof=1, keepdims=True)
        divisor = deviation + 1e-5
        out = (x - mean) / divisor
        return out, EPS * (4 * np.abs(out) + 2 * np.abs(mean) / divisor), deviation[:, 0], undefined

    def pre_activations(self, x: np.ndarray):
        """z and its error bound, [n, features]; the scale back and undefined rows."""
        prepared, error, back, undefined = self.normalise(x)
        if self.weights.subtracts_bias:
            prepared = prepared - self.t["b_dec"]
            error = error + EPS * (np.abs(prepared) + np.abs(self.t["b_dec"]))
        bias = self.t.get("b_enc", 0.0)
        z = prepared @ self.encoder.T + bias
        size = np.abs(prepared) @ np.abs(self.encoder.T)
        bound = error @ np.abs(self.encoder.T) + self.chain * size + EPS * (size + np.abs(bias))
        if self.rescale_norms is not None:
            z = z * self.rescale_norms
            bound = bound * self.rescale_norms + (self.chain + 2 * EPS) * np.abs(z)
        return z, bound, back, undefined

    def activations(self, x: np.ndarray):
        """Activations, bounds and ambiguity, [n, features]; the scale back, undefined rows."""
        z, bound, back, undefined = self.pre_activations(x)
        kind = self.weights.architecture
        if kind in ("standard", "jumprelu"):
            threshold = np.maximum(self.t.get("threshold", 0.0), 0.0)
            return (
                np.where(z > threshold, z, 0),
                bound,
                np.abs(z - threshold) <= bound,
                back,
                undefined,
            )
        if kind == "gated":
            gain = np.exp(self.t["r_mag"])
            value = z * gain + self.t["b_mag"]
            error = bound * gain + 4 * EPS * (np.abs(z * gain) + np.abs(self.t["b_mag"]))
            gate = z + self.t["b_gate"]
            near = np.abs(gate) <= bound + EPS * np.abs(self.t["b_gate"])
            active = (gate > 0) & (value > 0)
            return (
                np.where(active, value, 0),
                error,
                near | (np.abs(value) <= error),
                back,
                undefined,
            )
        key = np.abs(z) if kind == "abstopk" else z
        gap = key[:, None, :] - key[:, :, None]  # rival minus feature
        slack = bound[:, None, :] + bound[:, :, None]
        index = np.arange(key.shape[1])
        lower = index[None, :] < index[:, None]
        beats = ((gap > 0) | ((gap == 0) & lower)).sum(axis=2)
        other = index[None, :] != index[:, None]
        surely = ((gap > slack) & other).sum(axis=2)
        possibly = ((gap >= -slack) & other).sum(axis=2)
        k = self.weights.k
        near = (surely < k) & (possibly >= k)
        wins = beats < k
        if kind == "topk":
            near |= (np.abs(z) <= bound) & (surely < k)
            wins &= z > 0
        return np.where(wins, z, 0), bound, near, back, undefined

    def apply(self, rows, plan: dict, positions=None, prompt_length=None) -> Outcome:
        """Applies the JSON form of a plan to f64 rows [n, d]."""
        x = np.asarray(rows, np.float64)
        n, d = x.shape
        positions = np.arange(n) if positions is None else np.asarray(positions)
        f, f_bound, near, back, undefined_rows = self.activations(x)
        # Activations and edits in activation units scale with the row, others do not.
        uses_rows = [
            self.needs_activation(item) or self.in_activation_units(item)
            for item in plan["interventions"]
        ]
        coefficients = np.zeros((n, len(self.decoder)))
        errors = np.zeros_like(coefficients)
        touched, ambiguous = np.zeros(n, bool), np.zeros(n, bool)
        for item in plan["interventions"]:
            scope = item.get("scope", plan.get("scope", {}))
            holds = covers(scope, positions, prompt_length)
            touched |= holds
            i = item["feature"]
            c, error = self.coefficient(item, x, f[:, i], f_bound[:, i], back)
            coefficients[:, i] += np.where(holds, c, 0)
            errors[:, i] += np.where(holds, error, 0)
            if self.needs_activation(item):
                ambiguous |= holds & near[:, i]
        undefined = touched & undefined_rows & any(uses_rows)
        coefficients[undefined] = 0
        edited = (coefficients != 0).any(axis=1)
        slots = len({item["feature"] for item in plan["interventions"]})
        errors += (slots + 3) * EPS * np.abs(coefficients)
        result = x + coefficients @ self.decoder
        bound = errors @ np.abs(self.decoder) + EPS * np.abs(result)
        return Outcome(result, bound, edited, undefined, ambiguous & ~undefined)

    @staticmethod
    def needs_activation(item: dict) -> bool:
        return item.get("mode", "add") in ("clamp", "floor", "ceiling", "scale", "ablate")

    @staticmethod
    def in_activation_units(item: dict) -> bool:
        return item.get("mode", "add") != "project-out" and item.get("strength", "decoder") in (
            "decoder",
            "max-activation",
        )

    def coefficient(self, item: dict, x, f, f_bound, back):
        """The coefficient of a stored decoder row for each row, and its error bound."""
        i, mode = item["feature"], item.get("mode", "add")
        strength = item.get("strength", "decoder")
        alpha = item.get("alpha", 0.0) * item.get("max_activation", 1.0)
        norm = self.norms[i]
        unit = back / (self.rescale_norms[i] if self.rescale_norms is not None else 1.0)
        loose = 2 * self.chain + 8 * EPS
        if mode == "project-out":
            c = -(x @ self.decoder[i]) / norm**2
            return c, loose * (np.abs(x) @ np.abs(self.decoder[i])) / norm**2
        if mode == "add" and strength in ("unit", "relative"):
            length = np.linalg.norm(x, axis=1) if strength == "relative" else np.ones(len(x))
            c = alpha * length / norm
            return c, loose * np.abs(c)
        target, own = {
            "add": (alpha, 0.0),
            "scale": (0.0, alpha - 1),
            "ablate": (0.0, -1.0),
        }.get(mode, (alpha, -1.0))
        c = (target + own * f) * unit
        error = unit * (np.abs(own) * f_bound + loose * (np.abs(target) + np.abs(own * f)))
        if mode in ("floor", "ceiling"):
            # Continuous where f = alpha, so the bound holds on both sides of it.
            c = np.where(f < alpha if mode == "floor" else f > alpha, c, 0)
        return c, error


def covers(scope: dict, positions: np.ndarray, prompt_length) -> np.ndarray:
    holds = positions >= scope.get("skip_first", 0)
    phase = scope.get("phase", "all")
    if phase == "prompt":
        holds &= positions < prompt_length
    elif phase == "generated":
        holds &= positions >= prompt_length
    ranges = scope.get("ranges", [])
    if ranges:
        holds &= np.any([(positions >= a) & (positions < b) for a, b in ranges], axis=0)
    return holds


def check(actual: np.ndarray, before: np.ndarray, expected: Outcome, type: str) -> int:
    """Compares rows of a type, as f64, with the reference; returns how many were ambiguous."""
    clear = ~expected.ambiguous
    size = np.abs(expected.rows) + expected.bound
    bound = expected.bound + UNIT[type] * size + TINY[type]
    wrong = (np.abs(actual - expected.rows) > bound) & expected.edited[:, None] & clear[:, None]
    assert not wrong.any(), (
        f"{np.argwhere(wrong)[:3]}: {actual[wrong][:3]}, expected {expected.rows[wrong][:3]} "
        f"within {bound[wrong][:3]}"
    )
    same = ~expected.edited & clear
    assert actual[same].tobytes() == before[same].tobytes(), "a row without an edit lost its bits"
    return int(expected.ambiguous.sum())


def plans(feature_count: int, features: list[int]) -> dict[str, dict]:
    """The JSON form of plans that cover every mode and strength, alone and together."""
    a, b, c = features[:3]

    def plan(*items: dict, **scope) -> dict:
        document = {"version": 1, "interventions": list(items)}
        if scope:
            document["scope"] = scope
        return document

    cases = {
        "add": plan({"feature": a, "alpha": 1.5}),
        "add-unit": plan({"feature": a, "alpha": -2.0, "strength": "unit"}),
        "add-relative": plan({"feature": a, "alpha": 0.3, "strength": "relative"}),
        "add-max": plan(
            {"feature": a, "alpha": 0.5, "strength": "max-activation", "max_activation": 3.0}
        ),
        "clamp": plan({"feature": a, "mode": "clamp", "alpha": 2.5}),
        "clamp-max": plan(
            {
                "feature": a,
                "mode": "clamp",
                "alpha": 0.5,
                "strength": "max-activation",
                "max_activation": 4.0,
            }
        ),
        "floor": plan({"feature": a, "mode": "floor", "alpha": 0.8}),
        "ceiling": plan({"feature": a, "mode": "ceiling", "alpha": 0.8}),
        "scale": plan({"feature": a, "mode": "scale", "alpha": -1.5}),
        "ablate": plan({"feature": a, "mode": "ablate"}),
        "project-out": plan({"feature": a, "mode": "project-out"}),
        "zero": plan({"feature": a, "alpha": 0.0}),
        "together": plan(
            {"feature": c, "mode": "ablate"},
            {"feature": a, "alpha": 0.7},
            {"feature": a, "alpha": 0.2, "strength": "relative"},
            {"feature": b, "mode": "floor", "alpha": 0.5},
            {"feature": b, "mode": "ceiling", "alpha": 1.5},
        ),
        "scopes": plan(
            {"feature": a, "mode": "clamp", "alpha": 3.0, "scope": {"phase": "prompt"}},
            {"feature": a, "mode": "ablate", "scope": {"phase": "generated"}},
            {"feature": b, "alpha": 1.0},
            {
                "feature": c,
                "alpha": 1.0,
                "strength": "unit",
                "scope": {"ranges": [[0, 2], [20, 25]], "skip_first": 1},
            },
            skip_first=3,
        ),
    }
    assert max(features) < feature_count
    return cases
