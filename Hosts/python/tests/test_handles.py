"""Handles live as long as a call that uses them, and are never copied."""

import copy
import ctypes
import gc
import re
import weakref

import numpy as np
import pytest
from test_library import header

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
    "steer_encoder_create": ("dictionary", lambda opened: steering.Encoder(opened)),
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


# What each C type of the header may be in ctypes; addresses that are passed as plain integers too.
def kinds(written: str) -> set:
    pointer, word = "*" in written or "[" in written, written.replace("const ", "").split()[0]
    s = steering._structs
    plain = {
        "int32_t": ctypes.c_int32,
        "uint32_t": ctypes.c_uint32,
        "uint64_t": ctypes.c_uint64,
        "size_t": ctypes.c_size_t,
    }
    if not pointer:
        return {plain[word] if word in plain else ctypes.c_int32}
    structs = {
        "steer_error_t": s.Error,
        "steer_capabilities_t": s.Capabilities,
        "steer_open_options_t": s.OpenOptions,
        "steer_dictionary_info_t": s.DictionaryInfo,
        "steer_scope_t": s.Scope,
        "steer_intervention_t": s.Intervention,
        "steer_plan_info_t": s.PlanInfo,
        "steer_session_info_t": s.SessionInfo,
        "steer_plan_arrays_t": s.PlanArrays,
    }
    if word in structs:
        return {ctypes.POINTER(structs[word])}
    found = {ctypes.c_void_p}
    if word == "char":
        found.add(ctypes.c_char_p)
    elif word in plain:
        found.add(ctypes.POINTER(plain[word]))
    elif written.count("*") == 2 or "*const *" in written or "[]" in written:
        found.add(ctypes.POINTER(ctypes.c_void_p))
    return found


def test_argument_types_are_those_of_the_header():
    text = re.sub(r"/\*.*?\*/", "", header(), flags=re.S)
    compared = 0
    for name, arguments in re.findall(r"STEER_API[^;(]*?(steer_\w+)\(([^;]*)\);", text):
        written = [] if arguments.strip() == "void" else arguments.split(",")
        for place, (words, found) in enumerate(
            zip(written, steering._structs.PROTOTYPES[name][1], strict=True)
        ):
            assert found in kinds(" ".join(words.split())), (name, place, words, found)
            compared += 1
    assert compared > 80
