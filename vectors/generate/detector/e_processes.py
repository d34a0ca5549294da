"""Traces of wealth: the stake by root finding, the decreasing density by isotonic regression."""

import math

import numpy as np
from scipy.optimize import brentq
from sklearn.isotonic import IsotonicRegression

TINY = 2.0**-1022


def stake(past):
    """The maximiser over [0, 1/2] of the sum of ln(1 - eta + eta X)."""
    def slope(eta):
        return math.fsum((x - 1) / (1 + eta * (x - 1)) for x in past)

    if not past or slope(0) <= 0:
        return 0.0
    if slope(0.5) >= 0:
        return 0.5
    return brentq(slope, 0, 0.5, xtol=1e-17, rtol=4 * np.finfo(float).eps, maxiter=500)


def density(past, p):
    """The decreasing density fitted to past p-values, with half a point at 0 and at 1, at p."""
    inner = sorted({q for q in past if q < 1})
    ends = np.array(inner + [1.0])
    mass = np.array([float(past.count(q)) for q in inner] + [float(sum(q >= 1 for q in past))])
    mass[0] += 0.5
    mass[-1] += 0.5
    widths = np.diff(np.r_[0.0, ends])
    heights = mass / (len(past) + 1) / widths
    if len(heights) > 1:
        heights = IsotonicRegression(increasing=False).fit_transform(
            np.arange(len(heights)), heights, sample_weight=widths)
    return heights[np.searchsorted(ends, p, side="left")]


def trace(ps, capacity):
    ps = [min(max(p, TINY), 1.0) for p in ps]
    adaptive, grenander, both, stakes = [0.0], [0.0], [], []
    for index, p in enumerate(ps):
        past = ps[:min(index, capacity)]
        eta = stake([-math.log(q) for q in past])
        adaptive.append(adaptive[-1] + math.log(1 - eta - eta * math.log(p)))
        grenander.append(grenander[-1] + math.log(density(past, p)))
        both.append(float(np.logaddexp(adaptive[-1], grenander[-1]) - math.log(2)))
        stakes.append(eta)
    return {"p": ps, "capacity": capacity, "stakes": stakes, "adaptive": adaptive[1:],
            "grenander": grenander[1:], "both": both,
            "fixed": np.cumsum([math.log(0.75 - 0.25 * math.log(p)) for p in ps]).tolist()}


def traces(rng):
    grid = rng.integers(1, 22, 80) / 21
    mixed = np.where(rng.uniform(size=90) < 0.3, rng.uniform(size=90) ** 6, rng.uniform(size=90))
    hard = [1e-300, 1.0, 0.5, 1e-12, 1.0, 1.0, 0.999, 0.0, 0.25, 0.25, 0.25, 1e-300, 0.3, 1.0]
    streams = [(rng.uniform(size=120), 1024), (rng.uniform(size=120) ** 2, 1024), (grid, 1024),
               (mixed, 1024), (hard, 1024), (rng.uniform(size=60) ** 3, 16)]
    return [trace([float(p) for p in ps], capacity) for ps, capacity in streams]
