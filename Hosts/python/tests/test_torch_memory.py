"""What a hook must not touch: shared memory, graphs, defaults of the process."""

import pytest
from torch_parts import Block, run, torch

import steering
from steering import Intervention, Scope, SteeringError


@pytest.fixture
def plan(dictionary):
    return dictionary.plan(Intervention(3, alpha=1.0))


@pytest.fixture
def mixed(dictionary):
    return dictionary.plan(
        [Intervention(3, alpha=2.37), Intervention(8, "clamp", 3.003)], scope=Scope(skip_first=1)
    )


class Keeper(torch.nn.Module):
    """Returns memory that it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.parameter = torch.nn.Parameter(torch.zeros(1, 2, 24))
        self.register_buffer("buffer", torch.zeros(1, 2, 24))
        self.plain = torch.zeros(1, 2, 24)

    def forward(self, which):
        return getattr(self, which)


class Through(torch.nn.Module):
    def forward(self, pair):
        return pair[0]["hidden"]


def refused_and_avoided(module, plan, message, *args, before):
    """Refused by abi; auto and copy=True leave the memory alone."""
    with torch.no_grad():
        with pytest.raises(SteeringError, match=message):
            with steering.torch.hook(module, plan, backend="abi"):
                module(*args)
        for options in ({}, {"backend": "abi", "copy": True}):
            with steering.torch.hook(module, plan, **options) as hook:
                output = module(*args)
            first = output[0] if isinstance(output, tuple) else output
            assert first.any() and hook.applied.edited == 2
            assert not before(output).any()


@pytest.mark.parametrize("which", ["parameter", "buffer", "plain"])
def test_what_the_module_keeps(plan, which):
    keeper = Keeper()
    refused_and_avoided(
        keeper, plan, "what the module keeps", which, before=lambda _: getattr(keeper, which)
    )


def test_nested_inputs(plan):
    hidden = torch.zeros(1, 2, 24)
    pair = ({"hidden": hidden}, 1)
    refused_and_avoided(
        Through(), plan, "shares memory with its input", pair, before=lambda _: hidden
    )


def test_the_same_memory_twice_in_the_output(plan):
    refused_and_avoided(
        Block(lambda h: (h, [h[:, :1]])),
        plan,
        "outputs share memory with each other",
        torch.zeros(1, 2, 24),
        before=lambda output: output[1][0],
    )


def test_gradients_of_other_outputs(plan):
    weight = torch.nn.Parameter(torch.ones(24))

    def both(h):
        return h, (h * weight).sum()

    hidden = torch.zeros(1, 1, 24)
    with pytest.raises(SteeringError, match="requires a gradient"):
        run(hidden, plan, answer=both, backend="abi")
    output, _ = run(hidden, plan, answer=both)
    output[1].backward()
    assert output[0].any() and not weight.grad.any()


def test_values_saved_elsewhere_are_not_changed_silently(plan):
    weight, saved = torch.nn.Parameter(torch.ones(24)), []
    run(
        torch.zeros(1, 1, 24),
        plan,
        answer=lambda h: saved.append((h * weight).sum()) or h,
        backend="abi",
    )
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved[0].backward()


def test_forward_mode(dictionary):
    plan = dictionary.plan(Intervention(3, "project-out"))
    ad = torch.autograd.forward_ad
    expected = None
    with ad.dual_level():
        for backend in ("arrays", "auto"):
            dual = ad.make_dual(torch.ones(1, 1, 24), torch.arange(24.0).reshape(1, 1, 24))
            output, _ = run(dual, plan, backend=backend)
            tangent = ad.unpack_dual(output).tangent
            expected = tangent if expected is None else expected
            assert torch.equal(tangent, expected) and tangent.any()
        assert not torch.equal(expected, torch.arange(24.0).reshape(1, 1, 24))
        with pytest.raises(SteeringError, match="forward-mode derivative"):
            run(dual, plan, backend="abi")
        # A tensor without a tangent is as good as ever.
        run(torch.ones(1, 1, 24), plan, backend="abi")


def test_torch_func(dictionary):
    plan = dictionary.plan(Intervention(3, "project-out"))
    hidden = torch.ones(1, 1, 24)
    found = torch.func.grad(lambda h: run(h, plan)[0].sum())(hidden)
    leaf = hidden.clone().requires_grad_()
    run(leaf, plan, backend="arrays")[0].sum().backward()
    assert torch.allclose(found, leaf.grad)


def test_inference_first_and_gradients_later(mixed):
    block, hidden = Block(), torch.randn(1, 3, 24)
    with steering.torch.hook(block, mixed, backend="arrays", positions="count") as hook:
        with torch.inference_mode():
            block(hidden)
        hook.reset()
        leaf = hidden.clone().requires_grad_()
        block(leaf).sum().backward()
    assert leaf.grad.any()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("backend", ["abi", "arrays"])
def test_the_default_dtype_changes_nothing(mixed, plan, dtype, backend):
    hidden = torch.randn(1, 3, 24, generator=torch.Generator().manual_seed(1))
    for steered in (mixed, plan):
        expected, _ = run(hidden, steered, backend=backend)
        torch.set_default_dtype(dtype)
        try:
            found, _ = run(hidden, steered, backend=backend)
        finally:
            torch.set_default_dtype(torch.float32)
        assert torch.equal(found, expected)


@pytest.mark.parametrize("backend", ["abi", "arrays"])
@pytest.mark.parametrize("given", [{}, {"attention_mask": torch.ones(1, 3)}])
def test_the_default_device_changes_nothing(mixed, backend, given):
    hidden = torch.randn(1, 3, 24)
    expected, _ = run(hidden, mixed, backend=backend, kwargs=given)
    torch.set_default_device("meta")
    try:
        found, _ = run(hidden, mixed, backend=backend, kwargs=given)
    finally:
        torch.set_default_device("cpu")
    assert torch.equal(found, expected)


@pytest.mark.parametrize("place", ["matmul", "everything"])
def test_reduced_precision_is_seen_in_both_settings(place):
    from steering.torch.edit import _check_precision

    if not hasattr(torch.backends, "fp32_precision"):
        pytest.skip("this torch has one setting of precision only")
    owner = torch.backends.cuda.matmul if place == "matmul" else torch.backends
    before = owner.fp32_precision
    cuda, matmul = torch.device("cuda"), torch.backends.cuda.matmul
    own = matmul.fp32_precision
    try:
        matmul.fp32_precision = "none"  # else the setting for everything does not reach it
        owner.fp32_precision = "tf32"
        with pytest.raises(SteeringError, match="rounded below f32"):
            _check_precision(cuda)
        owner.fp32_precision = "ieee"
        _check_precision(cuda)
    finally:
        owner.fp32_precision = before
        matmul.fp32_precision = own


def test_projecting_out_a_tiny_direction(tmp_path):
    """The square of an inverse norm overflows f32 where the product with one after the other
    does not."""
    from folders import Weights

    weights = Weights(seed=4)
    weights.tensors["W_dec"][3] *= 1e-22
    plan = weights.open(tmp_path / "tiny").plan(Intervention(3, "project-out"))
    hidden = torch.randn(1, 4, 24, generator=torch.Generator().manual_seed(2))
    results = [run(hidden, plan, backend=backend)[0] for backend in ("abi", "arrays")]
    assert torch.allclose(*results, atol=1e-5) and results[0].isfinite().all()
    direction = torch.from_numpy(weights.tensors["W_dec"][3]) * 1e22
    assert (results[1] @ direction).abs().max() < 1e-4 * (hidden @ direction).abs().max()
