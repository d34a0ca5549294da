"""Who keeps what alive, and threads."""

import gc
import threading
import weakref

import numpy as np
import pytest

import steering
from steering import Intervention, SteeringError


def test_views_outlive_everything_else(folder, weights):
    plan = steering.Dictionary(folder).plan([Intervention(3, "clamp", 1.0)])
    directions, rows = plan.arrays.directions, plan.arrays.encoder_rows
    plan.close()
    del plan
    gc.collect()
    # Churn, so that freed memory would be written over.
    for _ in range(50):
        steering.Dictionary(folder).plan([Intervention(5, "clamp", 1.0)]).arrays  # noqa: B018
    assert (directions[0] == weights.tensors["W_dec"][3]).all()
    assert (rows[0] == weights.tensors["W_enc"][:, 3]).all()


def test_the_last_view_ends_the_export(folder):
    plan = steering.Dictionary(folder).plan([Intervention(3, "clamp", 1.0)])
    view = plan.arrays.directions
    handle = weakref.ref(view.base._handle)
    assert view.base is not None and handle() is not None
    del plan
    gc.collect()
    assert handle() is not None
    part = view[0, 4:]
    del view
    gc.collect()
    assert handle() is not None and part.shape == (20,)
    del part
    gc.collect()
    assert handle() is None


def test_views_are_read_only(dictionary):
    arrays = dictionary.plan(Intervention(3, alpha=1.0)).arrays
    with pytest.raises(ValueError):
        arrays.directions[0, 0] = 1


def test_handles_end_in_any_order(folder):
    opened = steering.Dictionary(folder)
    plan = opened.plan(Intervention(3, alpha=1.0))
    session = plan.session()
    row = np.zeros(24, np.float32)
    opened.close()
    plan.close()
    session.apply(row)
    assert row.any()
    with pytest.raises(SteeringError, match="the plan is closed"):
        plan.session()
    assert repr(plan).startswith("<closed Plan")
    session.close()
    assert repr(session) == "<closed Session>"


def test_threads_share_a_plan(dictionary):
    plan = dictionary.plan([Intervention(3, "clamp", 1.0), Intervention(8, "ablate")])
    rows = np.random.default_rng(1).standard_normal((64, 24)).astype(np.float32)
    expected = rows.copy()
    plan.session().apply(expected)
    results = [rows.copy() for _ in range(8)]

    def work(mine: np.ndarray) -> None:
        with plan.session() as session:
            for start in range(0, 64, 4):
                session.apply(mine[start : start + 4])

    threads = [threading.Thread(target=work, args=(mine,)) for mine in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine.tobytes() == expected.tobytes() for mine in results)


def test_a_second_thread_is_refused(dictionary, rows):
    session = dictionary.plan(Intervention(3, alpha=1.0)).session()
    # Held as a call under way in another thread holds it.
    assert session._busy.acquire(blocking=False)
    for use in (
        lambda: session.apply(rows),
        lambda: session.seek(1),
        lambda: session.info,
        session.fork,
        session.bind(rows[0]),
        lambda: steering.batch_apply([session], rows[:1]),
    ):
        with pytest.raises(SteeringError, match="in use by another thread"):
            use()
    session._busy.release()
    session.apply(rows)
    assert session.info.rows == 6


def test_closing_during_calls_frees_nothing_in_use(folder):
    rows = np.random.default_rng(1).standard_normal((256, 24)).astype(np.float32)
    errors = []
    for _ in range(30):
        opened = steering.Dictionary(folder)
        encoder = steering.Encoder(opened)

        def work(encoder=encoder) -> None:
            try:
                while True:
                    encoder.encode(rows)
            except SteeringError as error:
                errors.append(error.message)

        thread = threading.Thread(target=work)
        thread.start()
        encoder.close()
        opened.close()
        thread.join()
    assert errors == ["the encoder is closed, expected an open one"] * 30
