"""How scores of structures behave on text that was not made for it (arguments as explore.py).

Null calibration documents give p = (1 + #{null >= score}) / (1 + N), within eighths of length;
null evaluation documents, of other sections, are counted. Then dependence: between structures, on
length, between blocks of one text; and what it does to Stouffer sums and to an e-process
prod(1/2 - ln(p) / 2) over blocks.
"""

import glob
import os

import numpy
from scipy import stats

import explore

METHODS = ("FRC 3", "logistic 16, paired")
NAMES = explore.STRUCTURES


def probabilities(null, values, ties=1.0):
    """p with the +1 rule; `ties` is the share of equal null scores that counts (mid-p: 1/2)."""
    null = numpy.sort(null)
    above = len(null) - numpy.searchsorted(null, values, side="right")
    equal = len(null) - above - numpy.searchsorted(null, values)
    return (ties + above + ties * equal) / (1 + len(null))


class Texts:
    """Scores [methods][structures, texts] of one split and of its blocks, with sources."""

    def __init__(self, split, detectors, options):
        paths = sorted(glob.glob(os.path.join(options.rows, f"null-{split}-*.documents.jsonl")))
        texts, blocks, lengths, owners, sources = [], [], [], [], []
        for path in paths:
            shard = explore.Shard(os.path.basename(path)[:-len(".documents.jsonl")], options)
            owner, text = shard.blocks()
            pooled = (shard.pooled("max"),
                      shard.pooled("max", owner, len(text), numpy.ones(len(text))))
            for values, target in zip(pooled, (texts, blocks)):
                target.append(numpy.array([[explore.scores(values, detectors[name][method])
                                            for name in NAMES] for method in METHODS]))
            owners.append(text + sum(map(len, lengths)))
            lengths.append(shard.lengths)
            sources += [each["source"] for each in shard.documents]
        self.texts, self.blocks = numpy.concatenate(texts, 2), numpy.concatenate(blocks, 2)
        self.lengths, self.owners = numpy.concatenate(lengths), numpy.concatenate(owners)
        self.sources = numpy.array(sources)


def in_buckets(calibration, evaluation, edges, method, ties=1.0):
    """p of evaluation texts among calibration texts of their own eighth of length."""
    here, there = (numpy.digitize(each.lengths, edges) for each in (calibration, evaluation))
    found = numpy.ones(evaluation.texts[method].shape)
    for row in range(len(NAMES)):
        for number in range(len(edges) + 1):
            found[row, there == number] = probabilities(
                calibration.texts[method][row, here == number],
                evaluation.texts[method][row, there == number], ties)
    return found


def rates(calibration, evaluation, method):
    edges = numpy.quantile(calibration.lengths, numpy.arange(1, 8) / 8)
    p = in_buckets(calibration, evaluation, edges, method)
    plain = numpy.array([probabilities(*rows) for rows in
                         zip(calibration.texts[method], evaluation.texts[method])])
    for level in (0.05, 0.0228, 0.01):
        flagged = (p <= level).mean(1)
        print(f"p <= {level}: {flagged.mean():.4f} of texts, by structure {flagged.min():.4f} "
              f"({NAMES[flagged.argmin()]}) to {flagged.max():.4f} ({NAMES[flagged.argmax()]})")
    bucket = numpy.digitize(evaluation.lengths, edges)
    for name, number in (("shortest", 0), ("longest", 7)):
        at = bucket == number
        print(f"p <= 0.05, {name} eighth: {(p[:, at] <= 0.05).mean():.3f}, without regard to "
              f"length {(plain[:, at] <= 0.05).mean():.3f}")
    for source in numpy.unique(evaluation.sources):
        flagged = (p[:, evaluation.sources == source] <= 0.05).mean(1)
        print(f"p <= 0.05, {source}: {flagged.mean():.3f}, most {flagged.max():.3f} "
              f"({NAMES[flagged.argmax()]})")
    z = numpy.clip(-stats.norm.ppf(p), -5, 15)
    own = numpy.clip(-stats.norm.ppf(in_buckets(calibration, calibration, edges, method)), -5, 15)
    for name, spread in (("independent", len(NAMES)), ("correlated", numpy.corrcoef(own).sum())):
        total = z.sum(0) / numpy.sqrt(spread)
        print(f"Stouffer of all, taken as {name}: deviation {total.std():.3f}, above 2 "
              f"{(total > 2).mean():.4f} (normal: 0.0228)")
    total = -stats.norm.ppf(in_buckets(calibration, evaluation, edges, method, 0.5)).sum(0)
    total /= numpy.sqrt(len(NAMES))
    print(f"Stouffer of all, mid-p, taken as independent: deviation {total.std():.3f}, above 2 "
          f"{(total > 2).mean():.4f}")
    rng = numpy.random.default_rng(0)
    above = [(z[rng.choice(len(NAMES), 7, replace=False)].sum(0) / numpy.sqrt(7) > 2).mean()
             for _ in range(300)]
    print(f"Stouffer of 7, taken as independent: above 2 {numpy.mean(above):.4f}, largest of 300 "
          f"choices {max(above):.4f}")


def dependence(calibration, method):
    texts = calibration.texts[method]
    print("Spearman correlation of score and length: " + ", ".join(
        f"{name} {stats.spearmanr(row, calibration.lengths)[0]:+.2f}"
        for name, row in zip(NAMES, texts)))
    bucket = numpy.digitize(calibration.lengths,
                            numpy.quantile(calibration.lengths, numpy.arange(1, 8) / 8))
    normal = numpy.zeros(texts.shape)
    for number in range(8):
        part = texts[:, bucket == number]
        normal[:, bucket == number] = stats.norm.ppf(
            stats.rankdata(part, axis=1) / (part.shape[1] + 1))
    between = numpy.corrcoef(normal)[numpy.triu_indices(len(NAMES), 1)]
    pairs = numpy.transpose(numpy.triu_indices(len(NAMES), 1))
    print(f"Between structures, ranks within eighths of length: mean |r| "
          f"{numpy.abs(between).mean():.3f}; " + ", ".join(
              f"{NAMES[pairs[k][0]]} / {NAMES[pairs[k][1]]} {between[k]:+.2f}"
              for k in explore.best(numpy.abs(between), 5)))
    blocks = calibration.blocks[method]
    standard = (blocks - blocks.mean(1)[:, None]) / blocks.std(1)[:, None]
    for lag in (1, 2, 4):
        same = calibration.owners[:-lag] == calibration.owners[lag:]
        r = (standard[:, :-lag] * standard[:, lag:])[:, same].mean(1)
        print(f"Blocks of {explore.BLOCK} tokens, {lag} apart: correlation {r.mean():.3f}, most "
              f"{r.max():.3f} ({NAMES[r.argmax()]})")


def streams(calibration, evaluation, method, length=200, count=60):
    null, values = calibration.blocks[method], evaluation.blocks[method]
    p = numpy.array([probabilities(*rows) for rows in zip(null, values)])
    source = evaluation.sources[evaluation.owners]
    null_source = calibration.sources[calibration.owners]
    matched = numpy.ones(p.shape)
    for each in numpy.unique(source):
        matched[:, source == each] = [probabilities(*rows) for rows in zip(
            null[:, null_source == each], values[:, source == each])]
    print(f"Blocks with p <= 0.05: {(p <= 0.05).mean():.4f}")
    place = numpy.arange(p.shape[1]) - numpy.searchsorted(evaluation.owners, evaluation.owners)
    for name, at in (("first", place == 0), ("second", place == 1), ("later", place > 1)):
        flagged = (p[:, at] <= 0.05).mean(1)
        print(f"{name} block of a text: {flagged.mean():.4f}, most {flagged.max():.4f} "
              f"({NAMES[flagged.argmax()]})")

    def count_alarms(name, p, pick):
        alarms = []
        for seed in range(count):
            chosen = pick(numpy.random.default_rng(seed))[:length]
            wealth = numpy.log(0.5 - 0.5 * numpy.log(p[:, chosen])).cumsum(1).max(1)
            alarms.append([wealth >= numpy.log(20), wealth >= numpy.log(100)])
        reached = numpy.array(alarms).mean((0, 2))
        print(f"{length} blocks, {name}: {reached[0]:.4f} reach 20 (bound 0.05), "
              f"{reached[1]:.4f} reach 100 (0.01)")

    def whole(rng, within=None):
        texts = numpy.unique(evaluation.owners)
        if within is not None:
            texts = texts[evaluation.sources[texts] == rng.choice(within)]
        return numpy.concatenate([numpy.flatnonzero(evaluation.owners == text)
                                  for text in rng.permutation(texts)[:length]])
    count_alarms("any, shuffled", p, lambda rng: rng.permutation(p.shape[1]))
    count_alarms("whole texts", p, whole)
    every = numpy.unique(evaluation.sources)
    count_alarms("whole texts of one source", p, lambda rng: whole(rng, every))
    count_alarms("the same, null of that source", matched, lambda rng: whole(rng, every))


def main():
    options = explore.parsed(__doc__)
    detectors = {}
    for structure in NAMES:
        pairs, is_present, choosing = explore.pairs_of(structure, options)
        values = pairs.pooled("max")
        detectors[structure] = explore.detectors(
            values[choosing & is_present], values[choosing & ~is_present])
    calibration, evaluation = (Texts(split, detectors, options)
                               for split in ("calibration", "evaluation"))
    print(f"{len(calibration.lengths)} calibration and {len(evaluation.lengths)} evaluation texts, "
          f"{calibration.lengths.sum() + evaluation.lengths.sum()} tokens")
    for number, method in enumerate(METHODS):
        print(f"\n{method}, max pooling")
        dependence(calibration, number)
        rates(calibration, evaluation, number)
        streams(calibration, evaluation, number)


if __name__ == "__main__":
    main()
