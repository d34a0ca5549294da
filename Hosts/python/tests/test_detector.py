"""Detectors and monitors against the definitions in NumPy."""

import copy
import json
import threading

import numpy as np
import pytest

import steering
from steering import SteeringError

FEATURES, WEIGHTS, CENTRES, SCALES = (3, 8, 40), (1.0, -0.5, 2.0), (0.25, 0.0, 0.5), (2.0, 1.0, 0.5)
NULLS = (np.arange(120) * 0.03 - 1.5).tolist()


def spec(calibrated: bool = True, sink_norm: float | None = None, threshold: float = 0.2) -> dict:
    terms = [
        {"feature": f, "reading": "positive", "weight": w, "centre": c, "scale": s}
        for f, w, c, s in zip(FEATURES, WEIGHTS, CENTRES, SCALES)
    ]
    structures = [
        {
            "name": f"höchst-{pooling}",
            "pooling": pooling,
            "readout": {"type": "linear", "intercept": 0.125, "terms": terms},
        }
        for pooling in ("mean", "max", "rate", "last")
    ]
    masking = {"skips_special": True}
    if sink_norm:
        masking["sink_norm"] = sink_norm
    found = {
        "format": "steering-detector/1",
        "name": "tiny",
        "kind": "bank",
        "dictionary": {
            "name": "tiny",
            "fingerprint": "",
            "feature_count": 96,
            "model_width": 24,
        },
        "masking": masking,
        "structures": structures,
        "selection": [],
    }
    if calibrated:
        found["calibration"] = {
            "combination": "smallest",
            "documents": [],
            "correlation": np.eye(4).tolist(),
            "buckets": [{"lengths": [3, 50], "nulls": [NULLS] * 4, "combined": NULLS}],
            "sequential": {
                "block_length": 4,
                "blocks": [NULLS] * 4,
                "streams": 50,
                "longest_stream": 100,
                "thresholds": [{"alpha": 0.9, "log_wealth": [threshold] * 4}],
            },
        }
    return found


def scores(dictionary, rows: np.ndarray, kept: np.ndarray) -> list[float]:
    read = steering.Reader(dictionary, FEATURES).read(rows).astype(np.float64)[kept]
    pooled = (read.mean(0), read.max(0), (read > 0).mean(0), read[-1])
    w, c, s = np.array(WEIGHTS), np.array(CENTRES), np.array(SCALES)
    return [float(0.125 + (w * (p - c) / s).sum()) for p in pooled]


@pytest.fixture
def stream() -> np.ndarray:
    return np.random.default_rng(21).standard_normal((33, 24)).astype(np.float32)


def test_scores_and_p_values(dictionary, stream):
    norms = np.linalg.norm(stream.astype(np.float64), axis=1)
    sink = float(np.sort(norms)[-3]) - 1e-6
    kept = (norms < sink) & (np.arange(33) > 0)
    detector = steering.Detector(dictionary, spec(sink_norm=sink))
    monitor = detector.monitor()
    monitor.observe(stream[:10])
    for row in stream[10:]:
        monitor.observe(row)
    sinks = int((norms[1:] >= sink).sum())
    assert monitor.tokens == steering.TokenCounts(int(kept.sum()), 1, sinks, 0)
    expected = scores(dictionary, stream, kept)
    for finding, score in zip(monitor.findings().values(), expected):
        assert finding.score == pytest.approx(score, rel=1e-12)
        assert finding.p == (1 + sum(null >= finding.score for null in NULLS)) / 121
        assert finding.blocks == kept.sum() // 4


def test_special_marks_and_types(dictionary, stream):
    detector = steering.Detector(dictionary, spec())
    special = np.zeros(33, bool)
    special[[2, 7]] = True
    half = stream.astype(np.float16)
    monitors = [detector.monitor() for _ in range(3)]
    monitors[0].observe(half, special=special)
    monitors[1].observe(half.view(np.uint16), type="f16", special=special.tolist())
    monitors[2].observe(half.astype(np.float32), special=special)
    assert monitors[0].tokens.special == 2
    assert monitors[0].findings() == monitors[1].findings() == monitors[2].findings()
    wide = half.astype(np.float32)
    for finding, score in zip(
        monitors[0].findings().values(), scores(dictionary, wide, ~special)
    ):
        assert finding.score == pytest.approx(score, rel=1e-12)


def test_flags_at_the_rate(dictionary, stream):
    low = steering.Detector(dictionary, spec(threshold=0.11)).monitor()
    high = steering.Detector(dictionary, spec(threshold=1e9)).monitor()
    for monitor in (low, high):
        monitor.observe(np.concatenate([stream, stream, stream]))
    found = low.findings(rate=0.95)
    assert any(one.is_flagged and one.crossed_at % 4 == 1 for one in found.values())
    for one in found.values():
        assert one.threshold == 0.11 and one.is_flagged == (one.crossed_at is not None)
        assert one.anytime_p <= 1 and not one.beyond_calibration
    assert not any(one.is_flagged for one in high.findings(rate=0.95).values())
    assert all(one.threshold is None for one in low.findings(rate=0.01).values())
    for rate in (0, 1, -0.5, float("nan")):
        with pytest.raises(SteeringError, match="rate is"):
            low.findings(rate=rate)


def test_state(dictionary, stream):
    detector = steering.Detector(dictionary, spec())
    monitor = detector.monitor()
    monitor.observe(stream[:20])
    fork = monitor.fork()
    fork.observe(stream[20:])
    assert fork.findings() != monitor.findings()
    monitor.assign(fork)
    assert fork.findings() == monitor.findings()
    monitor.reset()
    assert monitor.findings() == detector.monitor().findings()
    other = steering.Detector(dictionary, spec()).monitor()
    with pytest.raises(SteeringError, match="different detectors"):
        monitor.assign(other)


def test_batches(dictionary, stream):
    detector = steering.Detector(dictionary, spec())
    batched, single = ([detector.monitor() for _ in range(2)] for _ in range(2))
    owners = [None if i % 5 == 4 else i % 2 for i in range(33)]
    steering.observe_batch([None if o is None else batched[o] for o in owners], stream)
    for row, owner in zip(stream, owners):
        if owner is not None:
            single[owner].observe(row)
    assert [one.findings() for one in batched] == [one.findings() for one in single]
    bad = stream.copy()
    bad[7, 3] = np.nan
    with pytest.raises(SteeringError) as caught:
        steering.observe_batch([batched[i % 2] for i in range(33)], bad)
    assert caught.value.row == 7
    assert [one.findings() for one in batched] == [one.findings() for one in single]
    with pytest.raises(SteeringError, match="33 rows come with 2 monitors"):
        steering.observe_batch(batched, stream)
    with pytest.raises(SteeringError, match="33 rows come with 2 special marks"):
        steering.observe_batch([None] * 33, stream, special=[0, 1])


def test_sessions_show_rows_before_their_edits(dictionary, stream):
    detector = steering.Detector(dictionary, spec())
    plan = dictionary.plan([steering.Intervention(feature=3, alpha=4.0)])
    alone, watching = detector.monitor(), detector.monitor()
    alone.observe(stream)
    with plan.session() as session:
        session.watch(watching)
        edited = stream.copy()
        session.apply(edited)
        assert not np.array_equal(edited, stream)
        assert watching.findings() == alone.findings()
        edited[5, 0] = np.inf
        with pytest.raises(SteeringError):
            session.apply(edited)
        assert watching.findings() == alone.findings()
        session.watch(None)
        session.apply(stream)
        assert watching.tokens == alone.tokens
        with pytest.raises(SteeringError, match="expected a Monitor or None"):
            session.watch(detector)


def test_info_and_forms(dictionary, tmp_path):
    path = tmp_path / "detector.json"
    path.write_text(json.dumps(spec()))
    for form in (spec(), json.dumps(spec()), json.dumps(spec()).encode(), path):
        detector = steering.Detector(dictionary, form)
        assert detector.info == steering.DetectorInfo(
            structures=("höchst-mean", "höchst-max", "höchst-rate", "höchst-last"),
            feature_count=3,
            model_width=24,
            is_calibrated=True,
            flags_streams=True,
            block_length=4,
            lengths=(3, 50),
        )
    bare = steering.Detector(dictionary, spec(calibrated=False))
    assert not bare.info.is_calibrated and bare.info.lengths is None
    finding = next(iter(bare.monitor().findings().values()))
    assert finding.score is None and finding.p is None and finding.anytime_p == 1


def test_refusals(dictionary):
    wrong = spec()
    wrong["structures"][1]["readout"]["terms"][0]["scale"] = 0
    with pytest.raises(SteeringError, match="scale"):
        steering.Detector(dictionary, wrong)
    for name in ("a\0b", "a\nb", "\x7f"):
        wrong = spec()
        wrong["structures"][1]["name"] = name
        with pytest.raises(SteeringError, match=r"structures\[1\].name' is a text with U\+00"):
            steering.Detector(dictionary, wrong)
    wrong = spec()
    wrong["structures"][1]["readout"]["terms"][0] |= {"weight": 1e308, "scale": 1e-300}
    with pytest.raises(SteeringError, match="expected a score that stays finite"):
        steering.Detector(dictionary, wrong)
    profile = spec(calibrated=False)
    profile["structures"][0]["readout"] = {"type": "profile", "features": [1], "shares": [1.0]}
    with pytest.raises(SteeringError, match="expected linear readouts"):
        steering.Detector(dictionary, profile)
    with pytest.raises(SteeringError, match="expected a Dictionary"):
        steering.Detector(spec(), spec())
    with pytest.raises(SteeringError, match="expected a Detector"):
        steering.Monitor(dictionary)
    with pytest.raises(SteeringError, match="docs/detector.md"):
        steering.Detector(dictionary, {"a": {1, 2}})


def test_one_thread_at_a_time_and_closing(dictionary, stream):
    monitor = steering.Detector(dictionary, spec()).monitor()
    with pytest.raises(SteeringError, match="cannot be copied"):
        copy.deepcopy(monitor)
    caught = []

    def observe():
        try:
            monitor.observe(stream)
        except SteeringError as error:
            caught.append(str(error))

    with monitor._busy:
        thread = threading.Thread(target=observe)
        thread.start()
        thread.join()
    assert len(caught) == 1 and "in use by another thread" in caught[0]
    monitor.close()
    with pytest.raises(SteeringError, match="is closed, expected an open one"):
        monitor.observe(stream)


def test_monitors_belong_to_one_session(dictionary, stream):
    detector = steering.Detector(dictionary, spec())
    plan = dictionary.plan([steering.Intervention(feature=3, alpha=4.0)])
    first, second = plan.session(), plan.session()
    monitor, other = detector.monitor(), detector.monitor()
    first.watch(monitor)
    first.watch(monitor)
    second.watch(other)
    with pytest.raises(SteeringError, match="another session's"):
        second.watch(monitor)
    second.apply(stream[:5].copy())
    assert (monitor.tokens.kept, other.tokens.kept) == (0, 4)
    first.watch(other.fork())
    second.watch(monitor)
    second.close()
    first.watch(monitor)
    first.apply(stream[:3].copy())
    assert monitor.tokens.kept == 2
    # One that is closed goes on watching, as long as its session has it.
    monitor.close()
    first.apply(stream[:3].copy())
    first.watch(None)


def test_watching_claims_the_monitor(dictionary, stream):
    """While a session applies, its monitor is in use; and the other way round."""
    detector = steering.Detector(dictionary, spec())
    plan = dictionary.plan([steering.Intervention(feature=3, alpha=4.0)])
    session, monitor, rows = plan.session(), detector.monitor(), stream.copy()
    session.watch(monitor)
    bound = session.bind(rows)
    calls = (
        lambda: session.apply(rows),
        bound,
        session.reset,
        lambda: steering.batch_apply([session] * 33, rows),
        lambda: session.watch(None),
    )
    caught = []

    def attempt(call):
        try:
            call()
        except SteeringError as error:
            caught.append(str(error))

    def in_a_thread(call):
        thread = threading.Thread(target=attempt, args=(call,))
        thread.start()
        thread.join()

    with monitor._busy:
        for call in calls:
            in_a_thread(call)
        session.seek(session.info.position)  # neither needs it
    assert len(caught) == len(calls) and all("session's monitor is in use" in one for one in caught)
    assert session.info.position == 0 and np.array_equal(rows, stream)
    caught.clear()
    handle = session._begin()
    in_a_thread(lambda: monitor.observe(stream))
    session._end()
    del handle
    assert len(caught) == 1 and "the monitor is in use by another thread" in caught[0]
    for call in calls:
        call()
    assert not session._busy.locked() and not monitor._busy.locked()
    # Refusals let go of everything, too.
    session.watch(monitor)
    rows[2, 1] = np.nan
    with pytest.raises(SteeringError):
        session.apply(rows)
    with pytest.raises(SteeringError, match="another session's"):
        plan.session().watch(monitor)
    assert not session._busy.locked() and not monitor._busy.locked()


def test_threads_that_share_a_monitor_lose_no_row(dictionary, stream):
    """Every row is either taken or refused, whoever brings it."""
    monitor = steering.Detector(dictionary, spec()).monitor()
    session = dictionary.plan([steering.Intervention(feature=3, alpha=4.0)]).session()
    session.watch(monitor)
    taken = [0, 0]

    def bring(place, call):
        for _ in range(300):
            try:
                call()
                taken[place] += 1
            except SteeringError as error:
                assert "in use by another thread" in str(error)

    threads = [
        threading.Thread(target=bring, args=(0, lambda: session.apply(stream.copy()))),
        threading.Thread(target=bring, args=(1, lambda: monitor.observe(stream))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tokens = monitor.tokens
    assert tokens.kept + tokens.special == 33 * sum(taken) and sum(taken) > 0
