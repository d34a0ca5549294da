"""Both backends agree with the reference and with each other, for every combination."""

import numpy as np
import pytest
from folders import Weights, every_kind
from reference import TINY, UNIT, Reference, check, plans
from test_edits import PROMPT_LENGTH, make_rows
from torch_parts import TYPES, Block, run, torch, widen

import steering

CASES = every_kind()
FEATURES = [5, 17, 60]


@pytest.mark.parametrize("name, weights", CASES, ids=[name for name, _ in CASES])
def test_backends_match_the_reference_and_each_other(name, weights, tmp_path):
    dictionary = weights.open(tmp_path / name)
    reference = Reference(weights)
    undefined = weights.normalisation == "constant_norm_rescale"
    rows = torch.from_numpy(make_rows(reference, FEATURES, undefined))[None]
    edited = ambiguous = 0
    for document in plans(96, FEATURES).values():
        plan = steering.Plan(dictionary, document)
        for type, dtype in TYPES.items():
            given = rows.to(dtype)
            before = widen(given[0])
            expected = reference.apply(before, document, prompt_length=PROMPT_LENGTH)
            results = {}
            for backend in ("abi", "arrays"):
                output, hook = run(
                    given, plan, backend=backend, prompt_length=PROMPT_LENGTH, positions="count"
                )
                results[backend] = widen(output[0])
                ambiguous += check(results[backend], before, expected, type)
                if not expected.ambiguous.any():
                    assert hook.applied == (
                        expected.edited.sum(),
                        len(before),
                        expected.undefined.sum(),
                        1,
                    )
            # Each is within its bound of the reference; so they are within twice that of each
            # other.
            size = np.abs(expected.rows) + expected.bound
            bound = 2 * (expected.bound + UNIT[type] * size + TINY[type])
            apart = np.abs(results["abi"] - results["arrays"]) > bound
            assert not (apart & ~expected.ambiguous[:, None]).any()
            edited += expected.edited.sum()
    assert edited > 10 * rows.shape[1]
    assert ambiguous <= 0.02 * 6 * rows.shape[1] * 14


@pytest.mark.parametrize("architecture, k", [("topk", 1), ("topk", 2), ("abstopk", 2)])
def test_ties_go_to_the_lower_index_in_both(architecture, k, tmp_path):
    weights = Weights(architecture=architecture, k=k, subtracts_bias=False)
    encoder = weights.tensors["W_enc"]
    # Features 10, 20 and 30 are the same; nothing else comes near. Of equals the lower index wins.
    encoder *= 0.01
    for feature in (10, 20, 30):
        encoder[:, feature] = 1.0
    if architecture == "abstopk":
        encoder[:, 20] = -1.0
    weights.tensors["b_enc"][:] = 0
    dictionary = weights.open(tmp_path / "ties")
    hidden = torch.ones(1, 1, 24)
    for place, feature in enumerate((10, 20, 30)):
        plan = dictionary.plan(steering.Intervention(feature, "ablate"))
        for backend in ("abi", "arrays"):
            output, hook = run(hidden, plan, backend=backend)
            assert hook.applied.edited == (1 if place < k else 0), (feature, backend)
            assert torch.equal(output, hidden) == (place >= k)


def test_both_refuse_rows_that_are_not_finite(dictionary):
    plan = dictionary.plan(steering.Intervention(3, alpha=1.0), scope=steering.Scope(skip_first=1))
    hidden = torch.zeros(1, 4, 24)
    hidden[0, 0] = float("nan")  # out of scope: nobody's business
    for backend in ("abi", "arrays"):
        output, hook = run(hidden, plan, backend=backend, positions="count")
        assert hook.applied.edited == 3 and output[0, 0].isnan().all()
    hidden[0, 2, 7] = float("inf")
    for backend in ("abi", "arrays"):
        with pytest.raises(steering.SteeringError) as caught:
            run(hidden, plan, backend=backend, positions="count")
        assert caught.value.name == "STEER_ERR_NONFINITE" and caught.value.row == 2
    output, _ = run(hidden, plan, backend="arrays", positions="count", check_finite=False)
    assert output[0, 2, 7] == float("inf") and (output[0, 3] != 0).any()


def test_both_refuse_an_edit_that_overflows(dictionary):
    plan = dictionary.plan(steering.Intervention(3, alpha=1e6))
    hidden = torch.ones(1, 2, 24, dtype=torch.float16)
    for backend in ("abi", "arrays"):
        with pytest.raises(steering.SteeringError, match="does not fit into .*16") as caught:
            run(hidden, plan, backend=backend)
        assert caught.value.name == "STEER_ERR_NONFINITE" and caught.value.row == 0


def test_autocast_does_not_reach_the_products(dictionary, rows):
    plan = dictionary.plan([steering.Intervention(f, "ablate") for f in range(20)])
    hidden = torch.from_numpy(rows)[None]
    plain, _ = run(hidden, plan, backend="arrays")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast, _ = run(hidden, plan, backend="arrays")
    assert torch.equal(plain, cast) and not torch.equal(plain, hidden)


def test_gradients_pass_through_arrays_and_never_through_abi(dictionary, weights, rows):
    hidden = torch.from_numpy(rows)[None].requires_grad_()
    add = dictionary.plan(steering.Intervention(3, alpha=1.0))
    output, _ = run(hidden, add, backend="auto")
    output.sum().backward()
    assert torch.equal(hidden.grad, torch.ones_like(hidden))
    with pytest.raises(steering.SteeringError, match="requires a gradient"):
        run(hidden, add, backend="abi")
    with torch.no_grad():
        run(hidden, add, backend="abi")


@pytest.mark.parametrize("normalisation", ["none", "layer_norm", "constant_norm_rescale"])
def test_gradients_are_those_of_the_edit(normalisation, tmp_path):
    weights = Weights(normalisation=normalisation, seed=3)
    dictionary = weights.open(tmp_path / "grad")
    reference = Reference(weights)
    document = {
        "version": 1,
        "interventions": [
            {"feature": 5, "mode": "scale", "alpha": 2.0},
            {"feature": 9, "alpha": 0.5, "strength": "relative"},
            {"feature": 17, "mode": "project-out"},
        ],
    }
    plan = dictionary.plan(document)
    random = np.random.default_rng(4)
    rows = (random.standard_normal((3, 24)) + 2 * reference.decoder[5]).astype(np.float32)
    hidden = torch.from_numpy(rows)[None].requires_grad_()
    toward = random.standard_normal((3, 24))
    output, _ = run(hidden, plan, backend="arrays")
    (output * torch.from_numpy(toward)).sum().backward()
    step, wide = 1e-5, rows.astype(np.float64)
    numeric = np.zeros_like(wide)
    for column in range(24):
        shift = np.zeros(24)
        shift[column] = step
        high, low = (reference.apply(wide + sign * shift, document) for sign in (1, -1))
        numeric[:, column] = ((high.rows - low.rows) * toward).sum(axis=1) / (2 * step)
    assert reference.apply(wide, document).edited.all()
    np.testing.assert_allclose(hidden.grad[0].numpy(), numeric, rtol=2e-4, atol=2e-4)


def test_an_undefined_row_has_a_finite_gradient(tmp_path):
    for normalisation in ("constant_norm_rescale", "layer_norm"):
        dictionary = Weights(normalisation=normalisation).open(tmp_path / normalisation)
        plan = dictionary.plan(steering.Intervention(3, "clamp", 1.0))
        hidden = torch.zeros(1, 2, 24, requires_grad=True)
        output, _ = run(hidden, plan)
        output.sum().backward()
        assert torch.isfinite(hidden.grad).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here to compare with")
def test_a_cuda_device_agrees_with_the_library(tmp_path):
    for name, weights in CASES[::3]:
        dictionary = weights.open(tmp_path / name)
        reference = Reference(weights)
        rows = torch.from_numpy(make_rows(reference, FEATURES, False))[None]
        for document in plans(96, FEATURES).values():
            plan = steering.Plan(dictionary, document)
            expected = reference.apply(widen(rows[0]), document, prompt_length=PROMPT_LENGTH)
            output, _ = run(rows.cuda(), plan, prompt_length=PROMPT_LENGTH, positions="count")
            check(widen(output[0].cpu()), widen(rows[0]), expected, "f32")


def test_low_precision_products_are_refused_on_cuda():
    from steering.torch.edit import _check_precision

    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        with pytest.raises(steering.SteeringError, match="highest"):
            _check_precision(torch.device("cuda"))
        _check_precision(torch.device("cpu"))
    finally:
        torch.set_float32_matmul_precision(before)
    _check_precision(torch.device("cuda"))


def test_layouts(dictionary, rows):
    plan = dictionary.plan(steering.Intervention(3, alpha=1.0))
    hidden = torch.from_numpy(rows)[None].expand(2, 6, 24)
    plain, _ = run(hidden.contiguous(), plan)

    class Strided(Block):
        def forward(self, hidden):
            return hidden.clone().transpose(0, 1).contiguous().transpose(0, 1)

    for backend, copy in (("arrays", False), ("abi", True), ("auto", False)):
        block = Strided()
        with steering.torch.hook(block, plan, backend=backend, copy=copy):
            assert torch.equal(block(hidden), plain) or backend != "abi"
            assert torch.allclose(block(hidden), plain, atol=1e-6)
    block = Strided()
    with pytest.raises(steering.SteeringError, match="strides .*copy=True"):
        with steering.torch.hook(block, plan, backend="abi"):
            block(hidden)


def test_an_output_that_is_the_input_is_not_edited_in_place(dictionary, rows):
    plan = dictionary.plan(steering.Intervention(3, alpha=1.0))
    hidden, identity = torch.from_numpy(rows.copy())[None], torch.nn.Identity()
    with pytest.raises(steering.SteeringError, match="shares memory with its input"):
        with steering.torch.hook(identity, plan, backend="abi"):
            identity(hidden)
    for options in ({"backend": "auto"}, {"backend": "abi", "copy": True}):
        with steering.torch.hook(identity, plan, **options):
            assert not torch.equal(identity(hidden), hidden)
    assert (hidden[0].numpy() == rows).all()
