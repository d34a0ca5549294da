"""Whole models, small and randomly initialised: prefill, cached decoding, batches, padding."""

import numpy as np
import pytest
from folders import Weights
from torch_parts import torch

transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install transformers"
)

import steering  # noqa: E402
from steering import Intervention, Scope, SteeringError  # noqa: E402

COMMON = dict(
    vocab_size=97,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=None,
    pad_token_id=0,
)
LAYER = 1


def build(kind: str, dtype=torch.float32):
    torch.manual_seed(7)
    if kind == "llama":
        config = transformers.LlamaConfig(**COMMON)
    elif kind == "gemma3":
        config = transformers.Gemma3TextConfig(**COMMON, head_dim=16, sliding_window=4)
    else:
        config = transformers.GPT2Config(
            vocab_size=97,
            n_embd=64,
            n_layer=3,
            n_head=4,
            n_positions=128,
            bos_token_id=1,
            eos_token_id=None,
            pad_token_id=0,
        )
    return transformers.AutoModelForCausalLM.from_config(config, dtype=dtype).eval()


def block_of(model):
    return (model.transformer.h if hasattr(model, "transformer") else model.model.layers)[LAYER]


@pytest.fixture(scope="module", params=["llama", "gemma3", "gpt2"])
def model(request):
    return build(request.param)


@pytest.fixture(scope="module")
def sae(tmp_path_factory):
    return Weights(width=64, feature_count=128, seed=2).open(tmp_path_factory.mktemp("sae") / "one")


@pytest.fixture
def mixed(sae):
    return sae.plan(
        [Intervention(3, alpha=2.0), Intervention(8, "clamp", 3.0), Intervention(40, "ablate")],
        scope=Scope(skip_first=1),
    )


@pytest.fixture
def tokens():
    torch.manual_seed(3)
    return torch.randint(2, 97, (2, 9))


@torch.no_grad()
def logits(model, tokens, **options):
    return model(tokens, **options).logits


@torch.no_grad()
def steered(network, plan, tokens, inputs=None, **options):
    with steering.torch.hook(block_of(network), plan, **options) as hook:
        return network(tokens, **(inputs or {})).logits, hook.applied


@pytest.mark.parametrize("backend", ["abi", "arrays"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_strength_zero_is_bit_identical(sae, tokens, backend, dtype):
    model = build("llama", dtype)
    plan = sae.plan([Intervention(3, alpha=0.0), Intervention(5, "scale", 1.0)])
    base = logits(model, tokens)
    found, applied = steered(model, plan, tokens, backend=backend)
    assert torch.equal(found, base) and applied == (0, 18, 0, 1)
    changed, _ = steered(model, sae.plan(Intervention(3, alpha=1.0)), tokens, backend=backend)
    assert not torch.equal(changed, base)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
def test_the_other_sequence_is_bit_identical(model, mixed, tokens, backend):
    base = logits(model, tokens)
    found, applied = steered(model, [None, mixed], tokens, backend=backend)
    assert torch.equal(found[0], base[0]) and not torch.equal(found[1], base[1])
    # Position 0 is out of scope, and attention looks back only.
    assert torch.equal(found[1, 0], base[1, 0])
    assert applied == (8, 18, 0, 1)


def test_backends_agree(model, mixed, tokens):
    base = logits(model, tokens)
    abi, _ = steered(model, mixed, tokens, backend="abi")
    arrays, _ = steered(model, mixed, tokens, backend="arrays")
    effect = (abi - base).abs().max()
    # The rows differ by f32 rounding (test_torch_backends.py); two more layers carry that on.
    assert (abi - arrays).abs().max() <= 2e-4 * effect and effect > 1e-3


def test_other_hooks_of_the_block_see_the_edit(model, sae, tokens):
    plan = sae.plan(Intervention(3, alpha=2.0))
    seen = []
    keep = block_of(model).register_forward_hook(
        lambda module, args, output: seen.append(
            (output[0] if isinstance(output, tuple) else output).clone()
        )
    )
    try:
        logits(model, tokens)
        steered(model, plan, tokens, backend="abi")
        steered(model, plan, tokens, backend="arrays")
    finally:
        keep.remove()
    direction = torch.from_numpy(np.array(plan.arrays.directions[0]))
    for edited in seen[1:]:
        assert torch.allclose(edited, seen[0] + 2 * direction, atol=1e-5)
    assert len(seen) == 3


def greedy(model, tokens, count):
    """A manual loop with a cache, one token at a time after the prompt."""
    cache, scores = None, []
    for _ in range(count):
        with torch.no_grad():
            out = model(
                tokens if cache is None else tokens[:, -1:],
                past_key_values=cache,
                use_cache=True,
                attention_mask=torch.ones_like(tokens),
                logits_to_keep=1,
            )
        cache = out.past_key_values
        scores.append(out.logits[:, -1])
        tokens = torch.cat([tokens, out.logits[:, -1:].argmax(-1)], dim=1)
    return tokens, torch.stack(scores, dim=1)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
@pytest.mark.parametrize("phase", ["all", "prompt", "generated"])
def test_generate_equals_the_manual_loop(model, sae, tokens, backend, phase):
    plan = sae.plan(
        [Intervention(3, alpha=3.0), Intervention(8, "clamp", 4.0)],
        scope=Scope(skip_first=1, phase=phase),
    )
    options = dict(backend=backend, prompt_length="prefill")
    with steering.torch.hook(block_of(model), plan, **options) as hook:
        made = model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=6,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
        first = hook.applied
    with steering.torch.hook(block_of(model), plan, **options) as hook:
        manual, scores = greedy(model, tokens, 6)
        assert hook.applied == first
    rows = {"all": 2 * 13, "prompt": 2 * 8, "generated": 2 * 5}[phase]
    assert first == (rows, 2 * 14, 0, 6)
    assert torch.equal(made.sequences, manual)
    assert torch.equal(torch.stack(made.logits, dim=1), scores)
    # And the same as one pass over everything, within the model's own rounding.
    with (
        torch.no_grad(),
        steering.torch.hook(block_of(model), plan, backend=backend, prompt_length=9) as hook,
    ):
        whole = model(manual[:, :-1]).logits[:, 8:]
        assert hook.applied.edited == rows
    assert torch.allclose(whole, scores, atol=1e-4)
    plain, _ = greedy(model, tokens, 6)
    assert not torch.equal(plain, manual) or phase != "all"


@pytest.mark.parametrize("backend", ["abi", "arrays"])
def test_left_padding_with_the_model(model, mixed, tokens, backend):
    """A padded sequence is steered as it is alone; without the model it is refused."""
    padded = tokens.clone()
    padded[0, :4] = 0
    mask = torch.ones_like(padded)
    mask[0, :4] = 0
    alone, applied = steered(model, mixed, padded[:1, 4:], backend=backend, model=model)
    assert applied == (4, 5, 0, 1)
    found, applied = steered(
        model,
        mixed,
        padded,
        {"attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp(0)},
        backend=backend,
        model=model,
    )
    assert applied == (4 + 8, 5 + 9, 0, 1)
    assert torch.allclose(found[0, 4:], alone[0], atol=1e-4)
    for inputs in (
        {"attention_mask": mask},
        {"attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp(0)},
    ):
        with pytest.raises(SteeringError, match="expected the model itself"):
            steered(model, mixed, padded, inputs, backend=backend)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
def test_left_padding_while_generating(model, sae, tokens, backend):
    plan = sae.plan(Intervention(3, alpha=3.0), scope=Scope(skip_first=2, phase="prompt"))
    padded, mask = tokens.clone(), torch.ones_like(tokens)
    padded[0, :4], mask[0, :4] = 0, 0
    options = dict(backend=backend, prompt_length="prefill", model=model)
    with steering.torch.hook(block_of(model), plan, **options) as hook:
        both = model.generate(padded, attention_mask=mask, max_new_tokens=5, do_sample=False)
        assert hook.applied == (3 + 7, 5 + 9 + 2 * 4, 0, 5)
    with steering.torch.hook(block_of(model), plan, **options) as hook:
        alone = model.generate(
            padded[:1, 4:], attention_mask=mask[:1, 4:], max_new_tokens=5, do_sample=False
        )
        assert hook.applied == (3, 5 + 4, 0, 5)
    assert torch.equal(both[0, 9:], alone[0, 5:])


def test_beams_share_the_plan(model, mixed, tokens):
    with steering.torch.hook(block_of(model), mixed, model=model) as hook:
        model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=4,
            num_beams=3,
            do_sample=False,
        )
        assert hook.applied.rows == 6 * (9 + 3) and hook.applied.edited == 6 * (8 + 3)


def test_a_second_generation_starts_again(model, sae, tokens):
    plan = sae.plan(Intervention(3, alpha=3.0), scope=Scope(ranges=[(0, 1)]))
    with steering.torch.hook(block_of(model), plan) as hook:
        for count in (1, 2, 3):
            model.generate(
                tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=3, do_sample=False
            )
            assert hook.applied.edited == 2 * count


def test_hidden_states_show_the_edit_one_place_later(sae, tokens):
    """hidden_states[0] is the embedding, so hidden_states[N + 1] is the output of block N."""
    model = build("llama")
    plan = sae.plan(Intervention(3, alpha=2.0))
    with torch.no_grad():
        plain = model(tokens, output_hidden_states=True).hidden_states
        for backend in ("abi", "arrays"):
            with steering.torch.hook(block_of(model), plan, backend=backend):
                found = model(tokens, output_hidden_states=True).hidden_states
            same = [torch.equal(a, b) for a, b in zip(plain, found)]
            assert same[: LAYER + 1] == [True] * (LAYER + 1), backend
            assert not same[LAYER + 1], backend


def test_gradients_reach_the_embedding(model, mixed, tokens):
    embedding = model.get_input_embeddings().weight
    for backend in ("auto", "arrays"):
        model.zero_grad()
        with steering.torch.hook(block_of(model), mixed, backend=backend):
            model(tokens).logits.sum().backward()
        assert embedding.grad.abs().sum() > 0
    with pytest.raises(SteeringError, match="requires a gradient"):
        with steering.torch.hook(block_of(model), mixed, backend="abi"):
            model(tokens)
    model.zero_grad()


def test_another_width_is_refused(model, tokens, tmp_path):
    narrow = Weights().open(tmp_path / "narrow").plan(Intervention(3, alpha=1.0))
    with pytest.raises(SteeringError, match="width 64, expected 24, the plan's width"):
        steered(model, narrow, tokens)
