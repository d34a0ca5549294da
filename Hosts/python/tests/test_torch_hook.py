"""The hook itself: outputs, widths, batches, counts, life."""

from collections import namedtuple

import pytest
from folders import Weights
from torch_parts import Block, run, torch

import steering
from steering import Intervention, Scope, SteeringError

Answer = namedtuple("Answer", "hidden cache")


@pytest.fixture
def plan(dictionary):
    return dictionary.plan(Intervention(3, alpha=1.0))


@pytest.fixture
def hidden(rows):
    return torch.from_numpy(rows).reshape(2, 3, 24)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
def test_tuples_keep_the_rest(plan, hidden, backend):
    plain, _ = run(hidden, plan)
    assert not torch.equal(plain, hidden)
    (steered, rest), _ = run(hidden, plan, answer=lambda h: (h, "cache"), backend=backend)
    assert torch.allclose(steered, plain, atol=1e-6) and rest == "cache"
    named, _ = run(hidden, plan, answer=lambda h: Answer(h, "cache"), backend=backend)
    assert isinstance(named, Answer) and named.cache == "cache"
    assert torch.equal(named.hidden, steered)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda h: {"hidden": h}, "of type dict, expected a tensor or a tuple"),
        (lambda h: [h], "of type list"),
        (lambda h: (), "of type tuple"),
        (lambda h: ("text", h), "of type tuple"),
        (lambda h: h[..., :23], "width 23, expected 24, the plan's width"),
        (lambda h: h[0], r"shape \[3, 24\], expected \[batch, sequence, width\]"),
        (lambda h: h.double(), "dtype torch.float64, expected torch.float32"),
    ],
)
def test_other_outputs_are_refused(plan, hidden, answer, message):
    with pytest.raises(SteeringError, match=message):
        run(hidden, plan, answer=answer)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
def test_each_sequence_has_its_own_plan(plan, dictionary, hidden, backend):
    other = dictionary.plan(Intervention(8, alpha=-2.0))
    first, _ = run(hidden, plan, backend=backend)
    second, _ = run(hidden, other, backend=backend)
    mixed, hook = run(hidden, [plan, other], backend=backend)
    assert torch.equal(mixed[0], first[0]) and torch.equal(mixed[1], second[1])
    assert hook.applied == (6, 6, 0, 1)
    alone, hook = run(hidden, [None, other], backend=backend)
    assert torch.equal(alone[0], hidden[0]) and torch.equal(alone[1], second[1])
    assert hook.applied.edited == 3
    nothing, hook = run(hidden, [None, None], backend=backend)
    assert torch.equal(nothing, hidden) and hook.applied == (0, 6, 0, 1)


def test_wrong_lists(plan, hidden, tmp_path):
    with pytest.raises(SteeringError, match="2 sequences, expected 3, one for each plan"):
        run(hidden, [plan] * 3)
    with pytest.raises(SteeringError, match="plan is of type str"):
        run(hidden, ["plan", None])
    narrow = Weights(width=16).open(tmp_path / "narrow").plan(Intervention(0, alpha=1.0))
    with pytest.raises(SteeringError, match=r"widths \[16, 24\], expected one width"):
        run(hidden, [plan, narrow])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"backend": "cuda"}, "backend is 'cuda', expected one of auto, abi, arrays"),
        ({"unfired": "log"}, "unfired is 'log'"),
        ({"positions": "guess"}, "positions is 'guess'"),
        ({"prompt_length": "all"}, "prompt_length is 'all'"),
        ({"prompt_length": -1}, "prompt_length is -1"),
        ({"model": 3}, "model is of type int"),
    ],
)
def test_wrong_options(plan, options, message):
    with pytest.raises(SteeringError, match=message):
        steering.torch.hook(Block(), plan, **options)
    with pytest.raises(SteeringError, match="module is of type int"):
        steering.torch.hook(3, plan)


def test_a_hook_that_never_fires_says_so(plan):
    with pytest.raises(SteeringError, match="the hook on Block never fired"):
        with steering.torch.hook(Block(), plan):
            pass
    with pytest.warns(UserWarning, match="never fired"):
        with steering.torch.hook(Block(), plan, unfired="warn"):
            pass
    with steering.torch.hook(Block(), plan, unfired="ignore") as hook:
        pass
    assert str(hook.applied) == "0 of 0 rows edited in 0 calls"
    with pytest.raises(KeyError):  # another error is not hidden
        with steering.torch.hook(Block(), plan):
            raise KeyError


def test_the_hook_leaves_with_the_block(plan, hidden):
    block = Block()
    hook = steering.torch.hook(block, plan)
    assert torch.equal(block(hidden), hidden)
    with hook:
        assert not torch.equal(block(hidden), hidden)
        assert repr(hook) == ("<SteeringHook on Block, installed: 6 of 6 rows edited in 1 calls>")
        with pytest.raises(SteeringError, match="expected to install it once"):
            hook.install()
    assert torch.equal(block(hidden), hidden)
    assert not block._forward_hooks and not block._forward_pre_hooks
    hook.remove()


def test_failure_leaves_the_output_alone(plan, hidden):
    seen = []
    hidden = hidden.clone()
    hidden[1, 1, 0] = float("nan")
    block = Block(lambda h: seen.append(h) or h)
    with pytest.raises(SteeringError):
        with steering.torch.hook(block, plan, backend="abi"):
            block(hidden)
    assert torch.equal(seen[0].nan_to_num(), hidden.nan_to_num())


def test_two_hooks_add_up(dictionary, hidden):
    first = dictionary.plan(Intervention(3, alpha=1.0))
    second = dictionary.plan(Intervention(8, alpha=2.0))
    both = dictionary.plan([Intervention(3, alpha=1.0), Intervention(8, alpha=2.0)])
    block = Block()
    with steering.torch.hook(block, first), steering.torch.hook(block, second):
        output = block(hidden)
    assert torch.allclose(output, run(hidden, both)[0], atol=1e-6)


def test_no_tokens(plan):
    output, hook = run(torch.zeros(2, 0, 24), plan)
    assert output.shape == (2, 0, 24) and hook.applied == (0, 0, 0, 1)


def test_undefined_rows_are_counted(tmp_path):
    dictionary = Weights(normalisation="constant_norm_rescale").open(tmp_path / "norm")
    plan = dictionary.plan(Intervention(3, alpha=1.0))
    hidden = torch.ones(1, 3, 24)
    hidden[0, 1] = 0
    for backend in ("abi", "arrays"):
        output, hook = run(hidden, plan, backend=backend)
        assert hook.applied == (2, 3, 1, 1) and not output[0, 1].any()
        assert str(hook.applied) == "2 of 3 rows edited in 1 calls, 1 undefined"


def test_another_thread_is_refused(plan, hidden):
    block = Block()
    with steering.torch.hook(block, plan) as hook:
        with hook._busy, pytest.raises(SteeringError, match="in use by another thread"):
            block(hidden)
        block(hidden)


def test_a_scope_that_never_holds_edits_nothing(dictionary, hidden):
    plan = dictionary.plan(Intervention(3, alpha=1.0), scope=Scope(ranges=[(50, 60)]))
    for backend in ("abi", "arrays"):
        output, hook = run(hidden, plan, backend=backend, positions="count")
        assert torch.equal(output, hidden) and hook.applied == (0, 6, 0, 1)


def test_inference_mode_and_ranking_plans(tmp_path):
    """The library's way does not export the whole encoder; both work in inference mode."""
    plan = Weights(architecture="topk").open(tmp_path / "topk").plan(Intervention(3, "clamp", 2.0))
    assert plan.ranks
    with torch.inference_mode():
        hidden = torch.ones(1, 2, 24)
        abi, _ = run(hidden, plan, backend="abi")
        assert plan._arrays is None
        arrays, _ = run(hidden, plan, backend="arrays")
    assert torch.allclose(abi, arrays, atol=1e-5) and not torch.equal(abi, hidden)
