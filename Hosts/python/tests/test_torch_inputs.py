"""What a hook takes from the call of the whole model, and where it refuses."""

import copy
import threading

import numpy as np
import pytest
from torch_parts import Block, torch

import steering
from steering import Intervention, Scope, SteeringError

MASK = torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]])
HIDDEN = torch.arange(2 * 4 * 24, dtype=torch.float32).reshape(2, 4, 24) / 100


class Cache:
    def __init__(self, length) -> None:
        self.length = length

    def get_seq_length(self):
        return self.length


class Model(torch.nn.Module):
    """One block, called as often as asked, with a cache under the usual name."""

    def __init__(self) -> None:
        super().__init__()
        self.block, self.times = Block(), 1
        self.before = lambda: None

    def forward(self, hidden, attention_mask=None, past_key_values=None, position_ids=None):
        self.before()
        for _ in range(self.times):
            hidden = self.block(hidden)
        return hidden


class Recurrent(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = Block()

    def forward(self, hidden, attention_mask=None, cache_params=None):
        return self.block(hidden)


class Halves(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = Block()

    def forward(self, hidden, attention_mask=None, decoder_input_ids=None):
        return self.block(hidden)


@pytest.fixture
def every(dictionary):
    return dictionary.plan(Intervention(3, alpha=1.0))


@pytest.fixture
def skips(dictionary):
    return dictionary.plan(Intervention(3, alpha=1.0), scope=Scope(skip_first=1))


@pytest.fixture
def generated(dictionary):
    return dictionary.plan(Intervention(3, alpha=1.0), scope=Scope(phase="generated"))


def edited(model, hidden, *args, **kwargs):
    return (model(hidden, *args, **kwargs) != hidden).any(dim=2).int().tolist()


def steered(plan, model=None, **options):
    model = Model() if model is None else model
    return model, steering.torch.hook(model.block, plan, model=model, **options)


def test_the_cache_says_where_a_call_goes_on(skips):
    model, hook = steered(skips)
    with hook:
        assert edited(model, HIDDEN, None, None) == [[0, 1, 1, 1]] * 2
        assert edited(model, HIDDEN, None, Cache(4)) == [[1] * 4] * 2
        assert edited(model, HIDDEN, None, Cache(0)) == [[0, 1, 1, 1]] * 2
        for past in (2, 5):
            with pytest.raises(SteeringError, match=f"expected {past + 4}: {past} in the cache"):
                model(HIDDEN, torch.ones(2, 7), Cache(past))


def test_encoder_decoder_models_are_refused(every):
    model = Halves()
    with pytest.raises(SteeringError, match=r"model=model.get_decoder\(\)"):
        steering.torch.hook(model.block, every, model=model)


def test_recurrent_caches_do_not_start_at_zero_each_time(skips):
    model, hook = steered(skips, Recurrent())
    ones = torch.ones(2, 4)
    with hook:
        for _ in range(2):  # a second sequence starts again: its cache is None
            assert edited(model, HIDDEN, ones) == [[0, 1, 1, 1]] * 2
            for mask in (None, torch.ones(2, 1), None):
                step = HIDDEN[:, :1]
                assert edited(model, step, attention_mask=mask, cache_params=object()) == [[1]] * 2
        with pytest.raises(SteeringError, match="4 more rows and no positions"):
            model(HIDDEN, cache_params=object())
        model(HIDDEN, MASK)
        with pytest.raises(SteeringError, match="padding go on without an attention_mask"):
            model(HIDDEN[:, :1], cache_params=object())


def test_the_mask_lasts_for_the_call_and_no_longer(skips, every):
    model, hook = steered(skips)
    model.times = 2
    with hook:
        found = model(HIDDEN, MASK)
        once = every.arrays.directions[0]
        change = (found - HIDDEN)[0]
        assert not change[:3].any()
        assert np.allclose(change[3].numpy(), 2 * once, atol=1e-5)
        with pytest.raises(SteeringError, match="outside of a call of model="):
            model.block(HIDDEN)
        with pytest.raises(SteeringError, match="outside of a call of model="):
            model.forward(HIDDEN, MASK)
        model.before = lambda: 1 / 0
        with pytest.raises(ZeroDivisionError):
            model(HIDDEN, MASK)
        with pytest.raises(SteeringError, match="outside of a call of model="):
            model.block(HIDDEN)


@pytest.mark.parametrize("kind", [Model, Recurrent])
def test_a_block_that_is_used_twice_stands_where_it_stood(generated, kind):
    model = kind()
    forward, block = model.forward, model.block
    model.forward = lambda hidden, attention_mask=None, **rest: block(
        forward(hidden, attention_mask, **rest)
    )
    cache = "past_key_values" if kind is Model else "cache_params"
    _, hook = steered(generated, model, prompt_length="prefill")
    with hook:
        assert edited(model, HIDDEN, MASK, **{cache: None}) == [[0] * 4] * 2
        longer = torch.cat([MASK, torch.ones(2, 1, dtype=torch.int64)], dim=1)
        step = HIDDEN[:, :1]
        assert edited(model, step, longer, **{cache: Cache(4)}) == [[1]] * 2 or kind is Recurrent
        assert hook.applied == (4, 6 * 2 + 4, 0, 4)


def test_threads_have_their_own_masks(skips):
    model, hook = steered(skips)
    barrier, found = threading.Barrier(2), {}
    model.before = barrier.wait  # both calls are under way before either block runs
    masks = {0: MASK[:1], 1: MASK[1:]}

    def work(which):
        try:
            found[which] = edited(model, HIDDEN[:1], masks[which])
        except SteeringError as error:
            found[which] = error.message

    with hook:
        threads = [threading.Thread(target=work, args=(which,)) for which in masks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    right = {0: [[0, 0, 0, 1]], 1: [[0, 1, 1, 1]]}
    for which, rows in found.items():
        assert rows == right[which] or "in use by another thread" in rows


def test_checkpoints_are_refused_in_backward(skips):
    model, hook = steered(skips)
    weight = torch.nn.Parameter(torch.ones(24))
    model.block.answer = lambda h: (h * weight).tanh()
    hidden = HIDDEN.clone().requires_grad_()
    with hook:
        model.forward = lambda h, attention_mask=None: torch.utils.checkpoint.checkpoint(
            model.block, h, use_reentrant=True
        )
        output = model(hidden, attention_mask=MASK)
        with pytest.raises(SteeringError, match="again during backward"):
            output.sum().backward()


def test_masks_in_other_forms_are_checked(skips, every):
    causal = torch.ones(4, 4, dtype=torch.bool).tril()[None, None]
    padded = causal & MASK[:, None, None, :].bool()
    for plan in (skips, every):
        model, hook = steered(plan)

        def forward(hidden, attention_mask=None, past_key_values=None, block=model.block):
            return block(hidden, attention_mask=attention_mask)

        with hook:
            model.forward = forward
            expected = [[0, 1, 1, 1] if plan is skips else [1] * 4] * 2
            assert edited(model, HIDDEN, attention_mask=causal.expand(2, 1, 4, 4)) == expected
            with pytest.raises(SteeringError, match="a dynamic cache keeps it"):
                model(HIDDEN, attention_mask=padded)


def test_masks_and_positions_that_disagree(skips):
    model, hook = steered(skips)
    with hook:
        for places in (torch.tensor([[0, 1, 0, 1]]), torch.arange(4) + 100):
            with pytest.raises(SteeringError, match="position_ids and attention_mask disagree"):
                model(HIDDEN, torch.ones(2, 4), None, places)
        fine = (MASK.cumsum(1) - 1).clamp(0)
        assert edited(model, HIDDEN, MASK, None, fine) == [[0, 0, 0, 1], [0, 1, 1, 1]]
    block = Block()
    with steering.torch.hook(block, skips, unfired="ignore"):
        trimmed = torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1]])
        with pytest.raises(SteeringError, match="disagree"):
            block(HIDDEN[:, :1], attention_mask=trimmed, position_ids=torch.tensor([[2], [9]]))


def test_count_counts_whatever_the_mask_says(skips):
    block = Block()
    with steering.torch.hook(block, skips, positions="count"):
        ones = torch.ones(2, 4)
        assert edited(block, HIDDEN, attention_mask=ones) == [[0, 1, 1, 1]] * 2
        assert edited(block, HIDDEN, attention_mask=ones) == [[1] * 4] * 2
        with pytest.raises(SteeringError, match="positions='count' would count"):
            block(HIDDEN, attention_mask=MASK)


def test_prefill_refuses_what_does_not_simply_go_on(generated):
    model, hook = steered(generated, prompt_length="prefill")
    with hook:
        assert edited(model, HIDDEN) == [[0] * 4] * 2
        assert edited(model, HIDDEN[:, :1], None, Cache(4)) == [[1]] * 2
        with pytest.raises(SteeringError, match="goes on with 4 rows at once"):
            model(HIDDEN, None, Cache(5))
        with pytest.raises(SteeringError, match=r"at positions \[15, 15\], expected \[5, 5\]"):
            model(HIDDEN[:, :1], None, Cache(15))
        assert edited(model, HIDDEN[:, :1], None, Cache(5)) == [[1]] * 2
        assert edited(model, HIDDEN[:, :2]) == [[0] * 2] * 2
        assert edited(model, HIDDEN[:, :1], None, Cache(2)) == [[1]] * 2


def test_prompt_lengths_as_an_array(generated):
    model, hook = steered(generated, prompt_length=np.array([3, 1]))
    with hook:
        assert edited(model, HIDDEN) == [[0, 0, 0, 1], [0, 1, 1, 1]]


def test_a_second_use_that_never_fires_says_so(every):
    model, hook = steered(every)
    with hook:
        model(HIDDEN)
    with pytest.raises(SteeringError, match="never fired"), hook:
        pass


def test_hooked_modules_are_not_copied(every):
    model, hook = steered(every, unfired="ignore")
    for module in (model, model.block):
        with hook, pytest.raises(SteeringError, match="hooks to be removed before"):
            copy.deepcopy(module)
    copy.deepcopy(model)
