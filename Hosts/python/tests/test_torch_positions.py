"""Where the rows of a call stand: never guessed."""

import pytest
from torch_parts import Block, torch

import steering
from steering import Intervention, Scope, SteeringError

HIDDEN = torch.arange(2 * 5 * 24, dtype=torch.float32).reshape(2, 5, 24) / 100


@pytest.fixture
def skips(dictionary):
    return dictionary.plan(Intervention(3, alpha=1.0), scope=Scope(skip_first=2))


@pytest.fixture
def generated(dictionary):
    return dictionary.plan(Intervention(3, alpha=1.0), scope=Scope(phase="generated"))


def edited(block, hidden, **kwargs) -> list[list[int]]:
    """Which rows of a call are edited."""
    return (block(hidden, **kwargs) != hidden).any(dim=2).int().tolist()


def steered(plan, **options):
    block = Block()
    return block, steering.torch.hook(block, plan, **options)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
@pytest.mark.parametrize("name", ["position_ids", "cache_position"])
def test_positions_that_are_given(skips, backend, name):
    block, hook = steered(skips, backend=backend)
    with hook:
        assert edited(block, HIDDEN, **{name: torch.arange(5)}) == [[0, 0, 1, 1, 1]] * 2
        assert edited(block, HIDDEN[:, :1], **{name: torch.tensor([1])}) == [[0]] * 2
        assert edited(block, HIDDEN[:, :1], **{name: torch.tensor([2])}) == [[1]] * 2
        each = torch.tensor([[0, 1, 2], [7, 8, 9]])
        if name == "position_ids":
            assert edited(block, HIDDEN[:, :3], **{name: each}) == [[0, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    "given, message",
    [
        (torch.tensor([[0, 0, 0, 1, 2]]), "does not count up by one"),
        (torch.tensor([[0, 1, 2, 0, 1]]), "does not count up by one"),
        (torch.arange(4), r"shape \[1, 4\], expected \[2 or 1, 5\]"),
        (torch.arange(15).reshape(3, 5), r"shape \[3, 5\]"),
        (torch.arange(30).reshape(3, 2, 5), r"shape \[3, 2, 5\]"),
        (torch.arange(5) - 1, "outside 0 to"),
    ],
)
def test_positions_that_cannot_be_followed(skips, given, message):
    block, hook = steered(skips)
    with pytest.raises(SteeringError, match=message), hook:
        block(HIDDEN, position_ids=given)


def test_a_plan_for_every_row_asks_for_no_positions(dictionary):
    block, hook = steered(dictionary.plan(Intervention(3, alpha=1.0)))
    with hook:
        odd = torch.tensor([[0, 0, 0, 1, 2]])
        assert edited(block, HIDDEN, position_ids=odd) == [[1] * 5] * 2
        assert edited(block, HIDDEN) == edited(block, HIDDEN) == [[1] * 5] * 2


def test_counting_refuses_what_it_cannot_tell(skips):
    block, hook = steered(skips)
    with hook:
        assert edited(block, HIDDEN) == [[0, 0, 1, 1, 1]] * 2
        assert edited(block, HIDDEN[:, :1]) == [[1]] * 2
        with pytest.raises(SteeringError, match="5 more rows and no positions"):
            block(HIDDEN)
        with pytest.raises(SteeringError, match="1 sequences after 2"):
            block(HIDDEN[:1, :1])
        hook.reset()
        assert edited(block, HIDDEN[:1]) == [[0, 0, 1, 1, 1]]


def test_counting_on_request(skips):
    block, hook = steered(skips, positions="count")
    with hook:
        for expected in ([[0]], [[0]], [[1, 1]]):
            assert edited(block, HIDDEN[:1, : len(expected[0])]) == expected
        hook.reset()
        assert edited(block, HIDDEN[:1, :3]) == [[0, 0, 1]]


def test_flat_masks_say_what_is_padding(skips):
    block, hook = steered(skips)
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    with hook:
        assert edited(block, HIDDEN, attention_mask=mask) == [[0, 0, 0, 0, 1], [0, 0, 1, 1, 1]]
        assert hook.applied.rows == 8
        longer = torch.cat([mask, torch.ones(2, 1, dtype=torch.int64)], dim=1)
        assert edited(block, HIDDEN[:, :1], attention_mask=longer) == [[1], [1]]
        right = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
        assert edited(block, HIDDEN, attention_mask=right) == [[0, 0, 1, 0, 0], [0, 0, 1, 1, 1]]
        with pytest.raises(SteeringError, match=r"attention_mask has shape \[2, 4\]"):
            block(HIDDEN, attention_mask=mask[:, :4])


def block_mask(real, queries: int, dtype=torch.bool, fill=False):
    """A causal mask [batch, 1, queries, keys], as transformers hands it to blocks."""
    real = torch.tensor(real, dtype=torch.bool)
    keys = real.shape[1]
    causal = torch.ones(keys, keys, dtype=torch.bool).tril()[-queries:]
    seen = causal[None] & real[:, None, :]
    if fill:
        seen |= ~seen.any(dim=2, keepdim=True)
    if dtype != torch.bool:
        seen = torch.where(seen, 0.0, torch.finfo(dtype).min).to(dtype)
    return seen[:, None]


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize(
    "real",
    [
        [[0, 0, 1, 1, 1]],
        [[0, 0, 1, 1, 1]] * 2,
        [[0, 1, 1, 1, 1], [1] * 5],
        [[1, 1, 1, 1, 0]],
    ],
)
def test_block_masks_with_padding_are_refused(skips, real, fill, dtype):
    block, hook = steered(skips)
    mask = block_mask(real, 5, dtype, fill)
    with pytest.raises(SteeringError, match="hides tokens of some sequences, expected the model"):
        with hook:
            block(HIDDEN[: len(real)], attention_mask=mask, position_ids=torch.arange(5)[None])


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
def test_block_masks_without_padding_are_fine(skips, dtype):
    block, hook = steered(skips)
    whole, step = block_mask([[1] * 5] * 2, 5, dtype), block_mask([[1] * 6] * 2, 1, dtype)
    sliding = block_mask([[1] * 5] * 2, 5)
    sliding &= ~torch.ones(5, 5, dtype=torch.bool).tril(-2)  # two tokens of memory
    static = torch.cat([whole, torch.full_like(whole, False if dtype == torch.bool else -1e38)], 3)
    with hook:
        for mask in (whole, sliding, static, None):
            assert edited(block, HIDDEN, attention_mask=mask, position_ids=torch.arange(5)) == (
                [[0, 0, 1, 1, 1]] * 2
            )
        assert edited(
            block, HIDDEN[:, :1], attention_mask=step, position_ids=torch.tensor([[5]])
        ) == ([[1]] * 2)


def test_masks_that_cannot_be_read_are_refused(skips):
    block, hook = steered(skips)
    with pytest.raises(SteeringError, match="cannot be checked for padding"), hook:
        block(HIDDEN, attention_mask=object(), position_ids=torch.arange(5))


def test_the_prompt_length_is_asked_for(generated):
    with pytest.raises(SteeringError, match="expected prompt_length"):
        steered(generated)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
def test_prompt_lengths(generated, backend):
    places = torch.arange(5)
    for length, expected in (
        (3, [[0, 0, 0, 1, 1]] * 2),
        ([4, 1], [[0, 0, 0, 0, 1], [0, 1, 1, 1, 1]]),
        (torch.tensor([4, 9]), [[0, 0, 0, 0, 1], [0] * 5]),
        ("prefill", [[0] * 5] * 2),
    ):
        block, hook = steered(generated, prompt_length=length, backend=backend)
        with hook:
            assert edited(block, HIDDEN, position_ids=places) == expected
    block, hook = steered(generated, prompt_length=[1, 2, 3])
    with pytest.raises(SteeringError, match="3 entries, expected 2"), hook:
        block(HIDDEN, position_ids=places)


def test_prefill_sets_the_prompt_length(generated):
    block, hook = steered(generated, prompt_length="prefill")
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    with hook:
        assert edited(block, HIDDEN, attention_mask=mask) == [[0] * 5] * 2
        mask = torch.cat([mask, torch.ones(2, 1, dtype=torch.int64)], dim=1)
        assert edited(block, HIDDEN[:, :1], attention_mask=mask) == [[1], [1]]
        assert edited(block, HIDDEN[:, :3], position_ids=torch.arange(3)) == [[0] * 3] * 2
        assert edited(block, HIDDEN[:, :1], position_ids=torch.tensor([3])) == [[1]] * 2
        with pytest.raises(SteeringError, match="1 sequences after a prefill of 2"):
            block(HIDDEN[:1, :1], position_ids=torch.tensor([4]))
    block, hook = steered(generated, prompt_length="prefill")
    with pytest.raises(SteeringError, match="does not start all sequences at position 0"), hook:
        block(HIDDEN, position_ids=torch.arange(5) + 7)
