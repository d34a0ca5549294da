"""Watermarks against the vectors that another implementation made."""

import json
import math
import os
import shutil
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from folders import Weights

import steering
from steering import SteeringError
from steering.errors import ARGUMENT, FILE, IO, NONFINITE, SHAPE

VECTORS = Path(__file__).parents[3] / "vectors" / "watermark" / "host"
TIME = 1_700_000_123
STRENGTH = 1.5  # of the plans, and of the null texts of replays
DOCUMENTS = {
    "given": "report-7",
    "prompt": "Tell me a \u00e9 story.",
    "window": TIME,
    "constant": None,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    if not VECTORS.is_dir():
        pytest.skip(f"{VECTORS} is not there: the tests run outside the source tree")
    folder = tmp_path_factory.mktemp("watermark")
    for name in ("bank", "bare", "unbound"):
        (folder / name).mkdir()
        shutil.copy(VECTORS / f"{name}.json", folder / name / "bank.json")
    shutil.copy(VECTORS / "null.safetensors", folder / "bank")
    for key in VECTORS.glob("key-*.json"):
        shutil.copy(key, folder)
        os.chmod(folder / key.name, 0o600)
    return folder


@pytest.fixture(scope="module")
def small(files):
    with steering.Dictionary(VECTORS / "sae") as opened:
        yield opened


@pytest.fixture
def opened(small, files):
    def open_key(key="given", bank="bank"):
        return steering.Watermark(small, files / bank, files / f"key-{key}.json")

    return open_key


@pytest.mark.parametrize("scheme", DOCUMENTS)
def test_plans(small, opened, scheme):
    expected = small.plan(VECTORS / f"plan-{scheme}.json")
    document = DOCUMENTS[scheme]
    with opened(scheme) as watermark:
        plan = watermark.plan(document, strength=STRENGTH)
        assert plan.fingerprint == expected.fingerprint
        assert plan.needs_prompt_length and plan.intervention_count == 3
        read = small.plan(VECTORS / f"replay-plan-{scheme}.json").fingerprint
        assert watermark.replay_plan(document, strength=STRENGTH).fingerprint == read
        assert read != plan.fingerprint
        assert watermark.plan(document).fingerprint != plan.fingerprint
    rows = np.zeros((4, 20), np.float32)
    plan.session(2).apply(rows)  # lives on, and marks what is generated
    assert not rows[:2].any() and rows[2:].all()


@pytest.mark.parametrize("scheme", DOCUMENTS)
def test_detectors(small, opened, scheme):
    rows = np.random.default_rng(2).standard_normal((40, 20)).astype(np.float32)
    monitors = [
        opened(scheme).detector(DOCUMENTS[scheme]).monitor(),
        steering.Detector(small, VECTORS / f"detector-{scheme}.json").monitor(),
    ]
    for monitor in monitors:
        monitor.observe(rows)
    found, expected = (monitor.findings()["watermark"] for monitor in monitors)
    assert found.score == pytest.approx(expected.score, rel=1e-9)
    assert 0 < found.p <= 1 and found.blocks == 2 and expected.p is None
    info = monitors[0].detector.info
    assert info.is_calibrated and info.flags_streams and info.block_length == 16


def test_replays(opened):
    z, p = map(float, (VECTORS / "replay.txt").read_text().split())
    watermark = opened()

    def judge(*values, **options):
        return watermark.replay_verdict(*values, strength=STRENGTH, **options)

    found = judge(50, z * 2, 4.0, 0.75)
    assert found == steering.ReplayVerdict(z, p, False, False, 0.75, math.exp(-0.75))
    assert judge(50, z * 2, 4.0, 0.75, rate=0.5).is_flagged
    assert judge(50, 80.0, 4.0, -1.0) == steering.ReplayVerdict(
        40.0, 1 / 401, True, False, -1.0, 1.0
    )
    assert judge(10**6, 1.0, 1.0, 0.0).beyond_calibration
    assert judge(0, 0.0, 0.0, 0.0).z is None
    for rate in (0, 1, -0.5, math.nan):
        with pytest.raises(SteeringError, match="rate is"):
            judge(50, 1.0, 1.0, 1.0, rate=rate)
    with pytest.raises(SteeringError, match="expected a finite number") as caught:
        judge(50, math.inf, 1.0, 1.0)
    assert caught.value.status == NONFINITE
    with pytest.raises(SteeringError, match="tokens is -1"):
        judge(-1, 1.0, 1.0, 1.0)
    with pytest.raises(SteeringError, match="no null texts of replays"):
        opened(bank="bare").replay_verdict(50, 1.0, 1.0, 1.0)
    # z of unmarked text depends on it.
    for values in ({}, {"strength": 2.5}):
        with pytest.raises(SteeringError, match="expected 1.5, at which the bank") as caught:
            watermark.replay_verdict(50, 1.0, 1.0, 1.0, **values)
        assert caught.value.status == ARGUMENT
    with pytest.raises(SteeringError, match="strength is 0"):
        watermark.replay_verdict(50, 1.0, 1.0, 1.0, strength=0)


def test_info(opened):
    info = opened("window").info
    assert info == steering.WatermarkInfo(
        "host.window", 6, 3, "window", 86_400, 1_700_000_000, None, True, True, True, STRENGTH
    )
    assert opened("retired").info.retired == 1_750_000_000
    bare = opened(bank="bare").info
    assert not (bare.is_calibrated or bare.flags_streams or bare.judges_replays)
    assert bare.replay_strength is None
    watermark = opened()
    assert "host.given" in repr(watermark) and "3 of 6" in repr(watermark)
    watermark.close()
    with pytest.raises(SteeringError, match="watermark is closed"):
        watermark.plan("report-7")


def test_windows(opened):
    watermark = opened("window")
    plan = watermark.plan(TIME).fingerprint
    there = timezone(timedelta(hours=5))
    assert watermark.plan(datetime.fromtimestamp(TIME + 0.5, there)).fingerprint == plan
    assert watermark.plan(TIME // 86_400 * 86_400).fingerprint == plan
    assert watermark.plan(TIME + 86_400).fingerprint != plan
    for document in (1.5, True, "now", None, datetime(2024, 1, 1)):
        with pytest.raises(SteeringError, match="expected seconds since 1970"):
            watermark.plan(document)
    with pytest.raises(SteeringError, match="64 bits"):
        watermark.plan(2**63)


def test_retired_keys_detect_and_plan_no_more(opened):
    retired = opened("retired")
    with pytest.raises(SteeringError, match="retired"):
        retired.plan("report-7")
    expected = opened().replay_plan("report-7").fingerprint
    assert retired.replay_plan("report-7").fingerprint == expected
    assert retired.detector("report-7").info.structures == ("watermark",)


def test_refusals(small, opened, files, tmp_path):
    secret = json.loads((files / "key-given.json").read_text())["secret"]

    def refused(status, words, dictionary=small, bank="bank", key="key-given.json"):
        with pytest.raises(SteeringError, match=words) as caught:
            steering.Watermark(dictionary, files / bank, files / key)
        assert caught.value.status == status
        assert not any(secret[i : i + 8] in str(caught.value) for i in range(57))

    refused(ARGUMENT, "key 'other' is for bank", key="key-other.json")
    refused(FILE, "'check'", key="key-tampered.json")
    refused(FILE, "key-truncated.json", key="key-truncated.json")
    refused(IO, "none.json", key="none.json")
    refused(IO, "none", bank="none")
    with Weights().open(tmp_path / "other") as other:
        refused(SHAPE, "expected 48", dictionary=other)
    with Weights(width=20, feature_count=48).open(tmp_path / "alike") as alike:
        refused(ARGUMENT, "has fingerprint", dictionary=alike)
    refused(ARGUMENT, "bound to no dictionary", bank="unbound")
    os.chmod(files / "key-given.json", 0o644)
    try:
        refused(IO, "chmod")
    finally:
        os.chmod(files / "key-given.json", 0o600)
    with pytest.raises(SteeringError, match="expected a Dictionary"):
        steering.Watermark("sae", files / "bank", files / "key-given.json")
    with pytest.raises(SteeringError, match="bank is of type int"):
        steering.Watermark(small, 3, files / "key-given.json")
    for path in ("a\0b", b"a\0b"):
        with pytest.raises(SteeringError, match="bank contains NUL"):
            steering.Watermark(small, path, files / "key-given.json")
        with pytest.raises(SteeringError, match="key contains NUL"):
            steering.Watermark(small, files / "bank", path)
    with pytest.raises(SteeringError, match="key is empty"):
        steering.Watermark(small, files / "bank", "")
    for key in ("given", "prompt"):
        with pytest.raises(SteeringError, match="document is empty"):
            opened(key).plan("")
    for document in (None, 3, b"report-7"):
        with pytest.raises(SteeringError, match="expected a name"):
            opened().plan(document)
    with pytest.raises(SteeringError, match="expected the prompt"):
        opened("prompt").detector(None)
    with pytest.raises(SteeringError, match="expected None"):
        opened("constant").plan("a")
    with pytest.raises(SteeringError, match="not Unicode"):
        opened().plan("\ud800")
    for strength in (0, -1.0, math.nan, math.inf):
        with pytest.raises(SteeringError, match="strength is"):
            opened().plan("report-7", strength=strength)
    with pytest.raises(SteeringError, match="no null scores"):
        opened(bank="bare").detector("report-7")


def test_types(opened):
    watermark = opened()
    for strength in ("1", None, True, [1.0]):
        with pytest.raises(SteeringError, match="strength is of type") as caught:
            watermark.plan("report-7", strength=strength)
        assert caught.value.status == ARGUMENT
    for place, name in enumerate(("tokens", "innovation", "variance", "log_ratio")):
        for value in ("1", None, True):
            values = [50, 1.0, 1.0, 0.0]
            values[place] = value
            with pytest.raises(SteeringError, match=f"{name} is of type"):
                watermark.replay_verdict(*values)
    with pytest.raises(SteeringError, match="tokens is of type float"):
        watermark.replay_verdict(50.0, 1.0, 1.0, 0.0)
    with pytest.raises(SteeringError, match="rate is of type str"):
        watermark.replay_verdict(50, 1.0, 1.0, 0.0, rate="0.5")
    found = watermark.replay_verdict(
        np.int64(50), np.float32(1), 1, np.float64(0), rate=0.5, strength=np.float32(STRENGTH)
    )
    assert found == watermark.replay_verdict(50, 1.0, 1.0, 0.0, rate=0.5, strength=STRENGTH)
    with pytest.raises(SteeringError, match="strength is of type str"):
        watermark.replay_verdict(50, 1.0, 1.0, 0.0, strength="1.5")
    window = opened("window")
    assert window.plan(np.int64(TIME)).fingerprint == window.plan(TIME).fingerprint


def test_threads(opened):
    watermark, found = opened(), []

    def work():
        plans = [watermark.plan(f"document {index}").fingerprint for index in range(20)]
        found.append((plans, watermark.replay_verdict(50, 1.0, 1.0, 0.0, strength=STRENGTH)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(one == found[0] for one in found)
    assert len(set(found[0][0])) > 10
