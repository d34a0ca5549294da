"""Handles live as long as a call that uses them, and are never copied."""

import copy
import gc
import weakref

import numpy as np
import pytest

import steering
from steering import Intervention, SteeringError, _library

USES = {
    "steer_plan_fingerprint": ("plan", lambda plan: plan.fingerprint),
    "steer_session_create": ("plan", lambda plan: plan.session()),
    "steer_arrays_create": ("plan", lambda plan: plan.arrays),
    "steer_plan_control_vector": ("plan", lambda plan: plan.control_vector(1, 2)),
    "steer_plan_compile": ("dictionary", lambda opened: opened.plan(Intervention(3, alpha=1.0))),
    "steer_plan_compile_json": (
        "dictionary",
        lambda opened: opened.plan(
            {"version": 1, "interventions": [{"feature": 3, "mode": "add", "alpha": 1.0}]}
        ),
    ),
    "steer_reader_create": ("dictionary", lambda opened: steering.Reader(opened, [1])),
    "steer_encoder_create_with_options": ("dictionary", lambda opened: steering.Encoder(opened)),
    "steer_dictionary_text": ("dictionary", lambda opened: opened.name),
}


class Closing:
    """The library, with one function before which another thread, as it were, closes its owner."""

    def __init__(self, real, name, owner) -> None:
        self._real, self._name, self._owner = real, name, owner
        self.held = []

    def __getattr__(self, name):
        function = getattr(self._real, name)
        if name != self._name:
            return function

        def closing(*arguments):
            handle = self._owner._handle
            watch = None if handle is None else weakref.ref(handle)
            del handle
            self._owner.close()
            gc.collect()
            if watch is not None:
                self.held.append(watch() is not None)
                if not self.held[-1]:
                    return 1
            return function(*arguments)

        return closing


@pytest.mark.parametrize("name", USES)
def test_closing_before_the_library_is_entered_frees_nothing(name, folder, monkeypatch):
    kind, use = USES[name]
    opened = steering.Dictionary(folder)
    owner = opened if kind == "dictionary" else opened.plan(Intervention(3, alpha=1.0))
    proxy = Closing(_library.library(), name, owner)
    monkeypatch.setattr(_library, "_loaded", proxy)
    try:
        use(owner)
    except SteeringError as error:  # a later step may find its owner closed
        assert "is closed" in error.message
    assert proxy.held and all(proxy.held)
    assert owner.closed


def test_handles_are_not_copied(dictionary):
    plan = dictionary.plan(Intervention(3, alpha=1.0))
    for owner in (dictionary, plan, plan.session()):
        with pytest.raises(SteeringError, match="cannot be copied or pickled"):
            copy.deepcopy(owner._handle)
        with pytest.raises(SteeringError, match="cannot be copied or pickled"):
            copy.copy(owner._handle)


def test_a_handle_that_was_never_filled_ends_quietly():
    _library.Handle.__new__(_library.Handle).__del__()


def test_bind_keeps_its_arrays(dictionary):
    session = dictionary.plan(Intervention(3, alpha=1.0)).session()
    rows, outcomes = np.zeros((2, 24), np.float32), np.zeros(2, np.int32)
    watch = [weakref.ref(rows), weakref.ref(outcomes)]
    apply = session.bind(rows, outcomes=outcomes)
    del rows, outcomes
    gc.collect()
    assert all(entry() is not None for entry in watch)
    apply()
    assert watch[0]().any() and watch[1]().tolist() == [1, 1]
    del apply
    gc.collect()
    assert all(entry() is None for entry in watch)


def test_rows_of_nobody_are_checked_and_reported(dictionary):
    outcomes = np.full(2, -1, np.int32)
    rows = np.ones((2, 24), np.float32)
    steering.batch_apply([None, None], rows, outcomes=outcomes)
    assert outcomes.tolist() == [0, 0] and (rows == 1).all()
    with pytest.raises(SteeringError, match="rows are of type str"):
        steering.batch_apply([None] * 3, "text")
    with pytest.raises(SteeringError, match="2 rows come with 3 sessions"):
        steering.batch_apply([None] * 3, rows)


def test_odd_arguments_are_named(dictionary):
    plan = dictionary.plan(Intervention(3, alpha=1.0))
    for value in (np.array([1, 2]), 1.5, "4", None):
        with pytest.raises(SteeringError, match="expected an integer"):
            plan.session().seek(value)
    masked = np.ma.masked_array(np.zeros((2, 24), np.float32), mask=True)
    with pytest.raises(SteeringError, match="masked array"):
        plan.session().apply(masked)
    with pytest.raises(SteeringError, match="plan is not Unicode"):
        dictionary.plan("\ud800")
    reader, rows = steering.Reader(dictionary, [1, 2]), np.zeros((6, 24), np.float32)
    closed = np.zeros((6, 2), np.float32)
    closed.flags.writeable = False
    with pytest.raises(SteeringError, match="^out is read-only"):
        reader.read(rows, out=closed)
    with pytest.raises(SteeringError, match="^out has dtype float64"):
        reader.read(rows, out=np.zeros((6, 2)))


def test_constants_of_a_newer_library_are_unknown(folder, monkeypatch):
    monkeypatch.setattr(steering._structs, "ACTIVATIONS", ("relu",))
    assert steering.Dictionary(folder).info.activation == "unknown (1)"
