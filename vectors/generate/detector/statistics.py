"""Writes vectors/detector/statistics: statistics by SciPy, scikit-learn and mpmath.

    pip install scipy==1.17.1 scikit-learn==1.8.0 mpmath==1.3.0
    python3 vectors/generate/detector/statistics.py [--out vectors/detector/statistics]

Nothing here is shared with the package: tails come from mpmath with 60 digits, combinations and intervals
from SciPy, ROC curves from scikit-learn, DeLong from the matrix of all pairs, the e-processes from a root
finder and an isotonic regression.
"""

import sys

sys.path.append(sys.path.pop(0))  # last: this file has the name of a module that others import

import argparse
import hashlib
import json
import pathlib

import e_processes
import mpmath as mp
import numpy as np
import scipy.stats as stats
from sklearn.metrics import roc_auc_score, roc_curve

mp.mp.dps = 60
VECTORS = pathlib.Path(__file__).resolve().parents[2]


def normal():
    xs = [-37.0, -12.5, -6.1, -3.0, -1.959963984540054, -0.5, -1e-9, 0.0, 1e-12, 0.3, 1.0, 2.0, 2.5,
          4.75, 8.3, 15.0, 26.7, 33.3, 37.0]
    ps = [1e-300, 3e-250, 1e-120, 7e-45, 1e-20, 1e-12, 2.866515718791939e-07, 1e-5, 0.00135, 0.0228, 0.05,
          0.074, 0.076, 0.2, 0.31, 0.4999999, 0.5, 0.5 + 1e-12, 0.63, 0.924, 0.926, 0.975, 0.9999,
          1 - 1e-9, 1 - 2.0**-53]
    return {
        "tails": [{"x": x, "density": float(mp.npdf(x)), "cdf": float(mp.ncdf(x)),
                   "survival": float(mp.ncdf(-mp.mpf(x)))} for x in xs],
        "quantiles": [{"p": p, "z": float(mp.sqrt(2) * mp.erfinv(2 * mp.mpf(p) - 1))
                       if 0.01 < p else float(lower_quantile(p))} for p in ps],
    }


def lower_quantile(p):
    """The root of ln Phi(x) = ln p by Newton's method from the asymptotic value."""
    x = -mp.sqrt(-2 * mp.log(p))
    for _ in range(60):
        x -= (mp.log(mp.ncdf(x)) - mp.log(mp.mpf(p))) * mp.ncdf(x) / mp.npdf(x)
    return x


def chi_squared():
    cases = [(1, x) for x in (1e-8, 0.4, 1.0, 3.84, 30.0, 900.0, 1300.0)]
    cases += [(2, x) for x in (1e-6, 1.0, 5.99, 100.0, 1300.0)]
    cases += [(3, x) for x in (0.01, 2.9, 3.1, 40.0, 1200.0)]
    cases += [(7, 6.0), (7, 7.5), (14, 3.0), (14, 14.0), (14, 80.0), (31, 30.0), (31, 33.0), (31, 400.0),
              (40, 10.0), (40, 1400.0), (200, 150.0), (200, 199.0), (200, 201.0), (200, 420.0),
              (201, 201.5), (2000, 1800.0), (2000, 2000.0), (2000, 2300.0), (2000, 4000.0),
              (100_000, 99_000.0), (100_000, 101_500.0)]
    return [{"degrees": k, "x": x,
             "survival": float(mp.gammainc(mp.mpf(k) / 2, mp.mpf(x) / 2, regularized=True))}
            for k, x in cases]


def beta():
    cdfs = [(0.5, 0.5, 0.2), (0.5, 1.0, 1e-30), (1.0, 1.0, 0.3), (2.0, 5.0, 0.01), (2.0, 5.0, 0.9),
            (100.0, 1.0, 0.963), (100.0, 1.0, 0.001), (7.0, 94.0, 0.02), (7.0, 94.0, 0.07),
            (7.0, 94.0, 0.3), (500.0, 501.0, 0.4), (500.0, 501.0, 0.5), (500.0, 501.0, 0.6),
            (30.5, 0.25, 0.99), (1e-3, 4.0, 1e-10), (3000.0, 7001.0, 0.25), (3000.0, 7001.0, 0.3)]
    quantiles = [(1.0, 100.0, 0.025), (100.0, 1.0, 0.025), (0.5, 1.0, 1e-12), (3.0, 8.0, 0.5),
                 (3.0, 8.0, 1e-9), (24.0, 977.0, 0.975), (977.0, 24.0, 0.025), (0.1, 0.1, 0.2),
                 (1000.0, 9001.0, 0.005), (5.0, 5.0, 0.9999)]
    return {
        "cdf": [{"a": a, "b": b, "x": x, "cdf": float(beta_cdf(a, b, mp.mpf(x)))}
                for a, b, x in cdfs],
        "quantile": [{"a": a, "b": b, "p": p, "x": float(stats.beta.ppf(p, a, b))}
                     for a, b, p in quantiles],
    }


def beta_cdf(a, b, x):
    """By the hypergeometric function, or as a binomial tail where both arguments are whole."""
    if a < 1 or b < 1 or a % 1 or b % 1:
        return mp.betainc(a, b, 0, x, regularized=True)
    a, n = int(a), int(a + b) - 1
    term = mp.binomial(n, a) * x**a * (1 - x)**(n - a)
    total = mp.mpf(0)
    for j in range(a, n + 1):
        total += term
        term *= (n - j) * x / ((j + 1) * (1 - x))
    return total


def intervals():
    cases = [(0, 1), (1, 1), (0, 100), (100, 100), (1, 3), (3, 100), (23, 1000), (500, 1000), (977, 1000),
             (12345, 100_000), (1, 1_000_000)]
    rows = []
    for s, n in cases:
        for confidence in (0.95, 0.99, 0.5):
            test = stats.binomtest(s, n)
            wilson = test.proportion_ci(confidence, method="wilson")
            # Not proportion_ci(method="exact"): its root finder stops at 2e-12, absolute.
            tail = (1 - confidence) / 2
            exact = (stats.beta.ppf(tail, s, n - s + 1) if s else 0,
                     stats.beta.ppf(1 - tail, s + 1, n - s) if s < n else 1)
            loose = test.proportion_ci(confidence, method="exact")
            assert np.allclose(exact, loose, rtol=0, atol=1e-11)
            rows.append({"successes": s, "trials": n, "confidence": confidence,
                         "wilson": [float(end) for end in wilson],
                         "exact": [float(end) for end in exact]})
    return rows


def cauchy(ps, weights):
    with mp.workdps(400):  # one half less 1e-300 is not one half
        ps = [mp.mpf(p) for p in ps]
        weights = [mp.mpf(w) for w in weights]
        t = sum(w * mp.tan((mp.mpf(1) / 2 - p) * mp.pi) for p, w in zip(ps, weights)) / sum(weights)
        return float(mp.mpf(1) / 2 - mp.atan(t) / mp.pi)


def combinations(rng):
    lists = [[0.03], [0.5, 0.5], [0.01, 0.2, 0.7], [1e-300, 0.9], [1e-180, 1e-200, 1e-150], [1.0, 0.02, 0.4],
             [1 - 1e-12, 0.3], [1 - 2.0**-53, 0.3], [1e-16, 1e-17, 0.99], list(rng.uniform(size=7)),
             list(rng.uniform(size=104) ** 2), list(np.arange(1, 41) / 41)]
    rows = []
    for ps in lists:
        weights = [float(w) for w in rng.uniform(0.5, 2, len(ps))]
        one = 1.0 in ps
        rows.append({
            "p": [float(p) for p in ps], "weights": weights,
            "fisher": float(stats.combine_pvalues(ps, "fisher").pvalue),
            "cauchy": 1.0 if one else cauchy(ps, [1] * len(ps)),
            "cauchyWeighted": 1.0 if one else cauchy(ps, weights),
            "bonferroni": float(min(1, len(ps) * min(ps))),
            "adjusted": [float(p) for p in stats.false_discovery_control(ps, method="bh")],
        })
    ties = [0.01, 0.04, 0.04, 0.04, 0.2, 0.9, 0.9, 0.005, 0.01]
    rows.append({"p": ties, "weights": [1.0] * 9,
                 "fisher": float(stats.combine_pvalues(ties, "fisher").pvalue),
                 "cauchy": cauchy(ties, [1] * 9), "cauchyWeighted": cauchy(ties, [1] * 9),
                 "bonferroni": 9 * 0.005,
                 "adjusted": [float(p) for p in stats.false_discovery_control(ties, method="bh")]})
    z_rows = []
    for k in (1, 2, 7, 20):
        z = rng.normal(0.7, 1, k)
        weights = rng.uniform(0.2, 3, k)
        factors = rng.normal(size=(k, k + 2)) + 0.5
        covariance = factors @ factors.T
        scale = np.sqrt(np.diag(covariance))
        correlation = covariance / np.outer(scale, scale)
        correlation = (correlation + correlation.T) / 2
        np.fill_diagonal(correlation, 1)
        ones = np.ones(k)
        p = stats.combine_pvalues(stats.norm.sf(z), "stouffer", weights=weights)
        z_rows.append({
            "z": z.tolist(), "weights": weights.tolist(), "correlation": correlation.ravel().tolist(),
            "plain": float(z.sum() / np.sqrt(k)),
            "weighted": float(p.statistic),
            "correlated": float(z.sum() / np.sqrt(ones @ correlation @ ones)),
            "both": float(weights @ z / np.sqrt(weights @ correlation @ weights)),
        })
    return {"p": rows, "z": z_rows}


def delong(positives, negatives):
    """Kernel matrix of all pairs, and the placements of both sides."""
    x, y = np.asarray(positives)[:, None], np.asarray(negatives)[None, :]
    psi = (x > y) + 0.5 * (x == y)
    return psi.mean(), psi.mean(axis=1), psi.mean(axis=0)


def roc(rng):
    rows = []
    for name, m, n, round_to in (("plain", 23, 41, None), ("ties", 60, 35, 0), ("few", 3, 2, None),
                                 ("near-one", 40, 50, None), ("below-half", 12, 15, 1)):
        shift = {"near-one": 3.2, "below-half": -0.8}.get(name, 1.0)
        positives, negatives = rng.normal(shift, 1.2, m), rng.normal(0, 1, n)
        second_p = 0.6 * positives + rng.normal(0.2, 1, m)
        second_n = 0.6 * negatives + rng.normal(0, 1, n)
        if round_to is not None:
            positives, negatives, second_p, second_n = (
                np.round(v * 2, round_to) + 0.0 for v in (positives, negatives, second_p, second_n))
        labels = np.r_[np.ones(m), np.zeros(n)]
        scores = np.r_[positives, negatives]
        area = roc_auc_score(labels, scores)
        a, v10, v01 = delong(positives, negatives)
        assert abs(a - area) < 1e-14
        variance = np.var(v10, ddof=1) / m + np.var(v01, ddof=1) / n
        b, w10, w01 = delong(second_p, second_n)
        s10, s01 = np.cov(v10, w10), np.cov(v01, w01)
        s = s10 / m + s01 / n
        contrast = np.array([1, -1])
        spread = np.sqrt(contrast @ s @ contrast)
        z = (a - b) / spread
        fpr, tpr, thresholds = roc_curve(labels, scores, drop_intermediate=False)
        limits = (0.0, 0.01, 0.0228, 0.1, 0.25, 1.0)
        at_fpr = []
        for limit in limits:
            inside = fpr <= limit
            best = tpr[inside].max()
            index = np.flatnonzero(inside & (tpr == best))[0]
            at_fpr.append({"limit": limit, "rate": float(best), "successes": int(round(best * m)),
                           "threshold": None if np.isinf(thresholds[index])
                           else float(thresholds[index])})
        at_tpr = []
        for wanted in (0.5, 0.9, 0.95, 1.0):
            index = np.flatnonzero(tpr >= wanted)[0]
            at_tpr.append({"wanted": wanted, "rate": float(fpr[index]),
                           "successes": int(round(fpr[index] * n)),
                           "threshold": float(thresholds[index])})
        j = np.round(tpr - fpr, 12)
        best = int(np.argmax(j))
        wide, logit = stats.norm.ppf(0.975) * np.sqrt(variance), np.log(area / (1 - area))
        half = wide / (area * (1 - area))
        rows.append({
            "name": name, "positives": positives.tolist(), "negatives": negatives.tolist(),
            "secondPositives": second_p.tolist(), "secondNegatives": second_n.tolist(),
            "area": float(area), "secondArea": float(roc_auc_score(labels, np.r_[second_p, second_n])),
            "variance": float(variance),
            "interval": [float(max(area - wide, 0)), float(min(area + wide, 1))],
            "logitInterval": [float(1 / (1 + np.exp(half - logit))),
                              float(1 / (1 + np.exp(-half - logit)))],
            "comparison": {"difference": float(a - b), "standardError": float(spread), "z": float(z),
                           "p": float(2 * stats.norm.sf(abs(z)))},
            "fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": thresholds[1:].tolist(),
            "atFPR": at_fpr, "atTPR": at_tpr,
            "youden": {"threshold": float(thresholds[best]), "j": float((tpr - fpr)[best]),
                       "tpr": float(tpr[best]), "fpr": float(fpr[best])},
        })
    return rows


def correlations(rng):
    columns = rng.normal(size=(5, 30))
    columns[1] = np.round(columns[0] + 0.5 * columns[1], 0) + 0.0
    columns[2] = np.maximum(columns[0] - 0.4, 0)
    columns[3] = 1e6 + 1e-3 * columns[3]
    return {
        "columns": columns.tolist(),
        "pearson": np.array([[stats.pearsonr(a, b).statistic for b in columns] for a in columns])
        .ravel().tolist(),
        "spearman": np.array([[stats.spearmanr(a, b).statistic for b in columns] for a in columns])
        .ravel().tolist(),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "detector" / "statistics")
    parser.add_argument("--seed", type=int, default=20260101)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    options.out.mkdir(parents=True)
    case = {
        "library": "SciPy 1.17.1, scikit-learn 1.8.0, mpmath 1.3.0, NumPy 2.4.6",
        "pins": "tails, intervals, combined p-values, ROC curves with ties, DeLong, e-processes",
        "tolerance_abs": 0,
        "tolerance_rel": 1e-10,
    }
    contents = {
        "case": case, "normal": normal(), "chi-squared": chi_squared(), "beta": beta(),
        "binomial": intervals(), "combinations": combinations(rng), "roc": roc(rng),
        "correlation": correlations(rng), "e-processes": e_processes.traces(rng),
    }
    for name, content in contents.items():
        text = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("},{", "},\n{")
        (options.out / f"{name}.json").write_text(text + "\n")
    if options.out.resolve().is_relative_to(VECTORS):
        place = VECTORS / "manifest.json"
        manifest = json.loads(place.read_text())
        manifest["cases"]["detector/statistics"] = {**case, "files": {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(options.out.iterdir())}}
        manifest["cases"] = dict(sorted(manifest["cases"].items()))
        place.write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
