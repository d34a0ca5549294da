"""Sessions and batches: positions, states, buffers, failures."""

import numpy as np
import pytest

from steering import Intervention, Scope, SteeringError, batch_apply


@pytest.fixture
def plan(dictionary):
    return dictionary.plan(
        [Intervention(3, alpha=2.0), Intervention(8, "clamp", 1.0)], scope=Scope(skip_first=2)
    )


def edited(plan, rows, **options):
    copy = rows.copy()
    plan.session(**options).apply(copy)
    return copy


def test_rows_are_edited_where_they_are(plan, rows):
    before, address = rows.copy(), rows.ctypes.data
    session = plan.session()
    session.apply(rows)
    assert rows.ctypes.data == address
    assert (rows[:2] == before[:2]).all() and (rows[2:] != before[2:]).any(axis=1).all()
    info = session.info
    assert (info.position, info.rows, info.rows_in_scope, info.rows_edited) == (6, 6, 4, 4)
    assert repr(session) == "<Session at position 6: 4 of 6 rows edited>"


def test_one_by_one_gives_the_same_bits(plan, rows):
    together, session = edited(plan, rows), plan.session()
    for row in rows:
        session.apply(row)
    assert rows.tobytes() == together.tobytes()


def test_strided_rows_leave_the_gaps_alone(plan, rows):
    wide = np.full((6, 30), 7.0, np.float32)
    wide[:, 3:27] = rows
    plan.session().apply(wide[:, 3:27])
    assert (wide[:, 3:27] == edited(plan, rows)).all()
    assert (wide[:, :3] == 7).all() and (wide[:, 27:] == 7).all()
    every_other = np.repeat(rows, 2, axis=0)
    plan.session().apply(every_other[::2])
    assert (every_other[1::2] == rows).all() and (every_other[::2] == edited(plan, rows)).all()


def test_bfloat16_of_ml_dtypes_equals_its_bits(plan, rows):
    ml_dtypes = pytest.importorskip(
        "ml_dtypes", reason="ml_dtypes is not installed, so there is no numpy bfloat16 to pass"
    )
    named = rows.astype(ml_dtypes.bfloat16)
    bits = named.view(np.uint16).copy()
    plan.session().apply(named)
    plan.session().apply(bits, type="bf16")
    assert (named.view(np.uint16) == bits).all()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda r: r.astype(np.float64), "dtype float64, expected float32"),
        (lambda r: r.astype(">f4"), "foreign byte order"),
        (lambda r: r.astype(np.uint16), "expected type='bf16'"),
        (lambda r: r[:, :23], "width 23, expected 24, the plan's width"),
        (lambda r: r[None], "3 axes"),
        (lambda r: np.asfortranarray(r), "the last axis must be contiguous"),
        (
            lambda r: np.broadcast_to(r[0], (6, 24)).copy()[:, ::-1],
            "the last axis must be contiguous",
        ),
        (lambda r: np.lib.stride_tricks.as_strided(r, (5, 24), (8, 4)), "rows are 8 bytes apart"),
        (lambda r: r[::-1], "rows are -96 bytes apart"),
        (lambda r: r.tolist(), "of type list, expected a numpy array"),
        (lambda r: np.frombuffer(bytearray(97), np.uint8)[1:].view(np.float32), "not aligned"),
    ],
)
def test_what_would_need_a_copy_is_refused(plan, rows, make, message):
    session = plan.session()
    with pytest.raises(SteeringError, match=message):
        session.apply(make(rows))
    assert session.info.rows == 0


def test_read_only_rows_are_refused(plan, rows):
    rows.flags.writeable = False
    with pytest.raises(SteeringError, match="read-only, expected a writable array"):
        plan.session().apply(rows)


def test_a_declared_type_must_fit(plan, rows):
    with pytest.raises(SteeringError, match="dtype float32, expected type bf16"):
        plan.session().apply(rows, type="bf16")
    with pytest.raises(SteeringError, match="type is 'f64', expected one of"):
        plan.session().apply(rows, type="f64")


def test_a_bad_row_changes_nothing(plan, rows):
    rows[4, 5] = np.nan
    before, session = rows.copy(), plan.session()
    outcomes = np.full(6, -1, np.int32)
    with pytest.raises(SteeringError) as caught:
        session.apply(rows, outcomes=outcomes)
    assert caught.value.name == "STEER_ERR_NONFINITE" and caught.value.row == 4
    assert rows.tobytes() == before.tobytes() and (outcomes == -1).all()
    assert session.info.position == 0
    rows[4, 5] = 0
    session.apply(rows, outcomes=outcomes)
    assert outcomes.tolist() == [0, 0, 1, 1, 1, 1]


def test_outcomes_must_be_a_fitting_buffer(plan, rows):
    for wrong in (np.zeros(6, np.int64), np.zeros(5, np.int32), np.zeros((12,), np.int32)[::2], []):
        with pytest.raises(SteeringError, match="outcomes is"):
            plan.session().apply(rows, outcomes=wrong)


def test_no_rows_are_fine(plan):
    session = plan.session()
    session.apply(np.empty((0, 24), np.float32))
    assert session.info.rows == 0


def test_bound_rows(plan, rows):
    buffer, session = np.empty(24, np.float32), plan.session()
    apply = session.bind(buffer)
    expected = edited(plan, rows)
    for row, wanted in zip(rows, expected):
        buffer[:] = row
        apply()
        assert (buffer == wanted).all()
    buffer[0] = np.inf
    with pytest.raises(SteeringError):
        apply()
    session.close()
    with pytest.raises(SteeringError, match="the session is closed"):
        apply()


def test_seek_reset_fork_assign(plan, rows):
    session = plan.session()
    session.seek(2)
    first = rows[:1].copy()
    session.apply(first)
    assert (first != rows[:1]).any()
    copy = session.fork()
    assert copy.info == session.info and copy.info.position == 3
    session.reset()
    assert (session.info.position, session.info.rows) == (0, 0)
    session.assign(copy)
    session.assign(session)
    assert session.info.position == 3
    with pytest.raises(SteeringError, match="position is -1"):
        session.seek(-1)
    with pytest.raises(SteeringError, match="position is"):
        session.seek(2**63 - 1)
    with pytest.raises(SteeringError):
        session.assign(None)


def test_sessions_of_other_plans_are_not_assigned(plan, dictionary):
    other = dictionary.plan(Intervention(5, alpha=1.0)).session()
    with pytest.raises(SteeringError):
        plan.session().assign(other)


def test_phases_need_the_prompt_length(dictionary, rows):
    plan = dictionary.plan(Intervention(3, alpha=1.0), scope=Scope(phase="generated"))
    with pytest.raises(SteeringError) as caught:
        plan.session()
    assert caught.value.name == "STEER_ERR_ARGUMENT"
    after = edited(plan, rows, prompt_length=4)
    assert (after[:4] == rows[:4]).all() and (after[4:] != rows[4:]).any(axis=1).all()
    assert plan.session(4).info.prompt_length == 4
    assert dictionary.plan(Intervention(3, alpha=1.0)).session().info.prompt_length is None


def test_a_batch_equals_its_sessions(plan, dictionary, rows):
    other = dictionary.plan(Intervention(3, alpha=-1.0))
    a, b = plan.session(), other.session()
    batch = rows.copy()
    outcomes = np.zeros(6, np.int32)
    batch_apply([a, b, None, a, a, b], batch, outcomes=outcomes)
    assert (batch[[0, 3, 4]] == edited(plan, rows[[0, 3, 4]])).all()
    assert (batch[[1, 5]] == edited(other, rows[[1, 5]])).all()
    assert (batch[2] == rows[2]).all()
    assert outcomes.tolist() == [0, 1, 0, 0, 1, 1]
    assert (a.info.position, b.info.position) == (3, 2)


def test_a_batch_takes_positions(plan, rows):
    session = plan.session()
    batch = rows[:2].copy()
    batch_apply([session, None], batch, positions=[7, 0])
    assert (batch[0] != rows[0]).any() and (batch[1] == rows[1]).all()
    assert session.info.position == 8


def test_wrong_batches(plan, rows, tmp_path):
    from folders import Weights

    session = plan.session()
    with pytest.raises(SteeringError, match="6 rows come with 1 sessions"):
        batch_apply([session], rows)
    with pytest.raises(SteeringError, match="6 rows come with 2 positions"):
        batch_apply([session] * 6, rows, positions=[1, 2])
    with pytest.raises(SteeringError, match="expected Session or None"):
        batch_apply([1] * 6, rows)
    with pytest.raises(SteeringError, match="expected .n_rows, width"):
        batch_apply([session], rows[0])
    narrow = Weights(width=16).open(tmp_path / "narrow").plan(Intervention(0, alpha=1.0)).session()
    with pytest.raises(SteeringError, match="width 24 and 16, expected one"):
        batch_apply([session, narrow], rows[:2])
    assert session.info.rows == 0
    batch_apply([None] * 6, rows)
