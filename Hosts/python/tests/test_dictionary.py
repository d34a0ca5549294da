"""Opening dictionaries and compiling plans, with every way to get them wrong."""

import json

import numpy as np
import pytest
from folders import Weights

import steering
from steering import Intervention, Scope


def test_info_and_texts(dictionary):
    info = dictionary.info
    assert (info.kind, info.activation, info.normalisation) == ("autoencoder", "jump-relu", "none")
    assert (info.feature_count, info.model_width, info.output_width) == (96, 24, 24)
    assert (info.input_layer, info.input_site) == (1, "residual-post")
    assert dictionary.name == "tiny-jumprelu" and dictionary.model == "tiny"
    assert dictionary.input_hook == dictionary.output_hook == "blocks.1.hook_resid_post"
    assert all(set(entry) == {"subject", "statement", "source"} for entry in dictionary.ledger)
    assert len(dictionary.ledger) > 3
    assert repr(dictionary) == "<Dictionary autoencoder jump-relu: 96 features, width 24>"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(steering.SteeringError, match="cfg.json|no-such") as caught:
        steering.Dictionary(tmp_path / "no-such")
    assert caught.value.name == "STEER_ERR_IO"


def test_an_unknown_key_is_refused_unless_ignored(tmp_path):
    weights = Weights()
    folder = weights.write(tmp_path / "odd")
    (folder / "cfg.json").write_text(json.dumps({**weights.config, "surprise": 1}))
    with pytest.raises(steering.SteeringError, match="surprise") as caught:
        steering.Dictionary(folder)
    assert caught.value.name == "STEER_ERR_UNSUPPORTED"
    with steering.Dictionary(folder, ignored_config_keys=["surprise"], check="all") as opened:
        assert opened.info.feature_count == 96


def test_a_scale_must_be_said_once(tmp_path):
    folder = Weights(normalisation="expected_average_only_in").write(tmp_path / "scaled")
    with pytest.raises(steering.SteeringError):
        steering.Dictionary(folder)
    assert steering.Dictionary(folder, activation_scale=0.5).info.normalisation == "constant"
    assert steering.Dictionary(folder, rows_already_scaled=True).info.normalisation == "none"
    with pytest.raises(steering.SteeringError, match="both given, expected one"):
        steering.Dictionary(folder, activation_scale=0.5, rows_already_scaled=True)
    with pytest.raises(steering.SteeringError, match="activation_scale is 0"):
        steering.Dictionary(folder, activation_scale=0)


def test_a_closed_dictionary_says_so(folder):
    opened = steering.Dictionary(folder)
    plan = opened.plan([Intervention(3, alpha=1.0)])
    opened.close()
    opened.close()
    with pytest.raises(steering.SteeringError, match="the dictionary is closed"):
        opened.plan([Intervention(3, alpha=1.0)])
    row = np.zeros(24, np.float32)
    plan.session().apply(row)  # the plan keeps what it needs
    assert row.any()


def test_plan_properties(dictionary):
    plan = dictionary.plan(
        [Intervention(7, "clamp", 2.0, scope=Scope(phase="generated")), Intervention(3, alpha=1.0)]
    )
    assert (plan.width, plan.intervention_count, plan.feature_count, plan.reading_count) == (
        24,
        2,
        2,
        1,
    )
    assert plan.reads_activations and plan.needs_prompt_length
    assert not plan.is_constant and not plan.ranks
    assert repr(plan) == "<Plan: 2 interventions on 2 features, 1 read, width 24>"
    assert dictionary.plan(Intervention(3, alpha=1.0)).is_constant


@pytest.mark.parametrize(
    "own, common, needs",
    [
        (None, None, False),
        (None, Scope(), False),
        (None, Scope(skip_first=1), True),
        (Scope(), Scope(skip_first=1), False),
        (Scope(ranges=[(1, 2)]), None, True),
        (Scope(phase="prompt"), None, True),
    ],
)
def test_whether_positions_matter(dictionary, own, common, needs):
    def written(scope):
        return {"skip_first": scope.skip_first, "ranges": list(scope.ranges), "phase": scope.phase}

    assert (
        dictionary.plan(Intervention(3, alpha=1.0, scope=own), scope=common).needs_positions
        == needs
    )
    item = {"feature": 3, "alpha": 1.0} | ({} if own is None else {"scope": written(own)})
    document = {"version": 1, "interventions": [item]}
    document |= {} if common is None else {"scope": written(common)}
    assert dictionary.plan(document).needs_positions == needs


def test_order_does_not_change_the_fingerprint(dictionary):
    items = [Intervention(3, alpha=1.0), Intervention(9, "ablate"), Intervention(3, alpha=2.0)]
    first, second = dictionary.plan(items).fingerprint, dictionary.plan(items[::-1]).fingerprint
    assert first == second
    assert dictionary.plan(items[:2]).fingerprint != first


def test_plans_from_files(dictionary, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"version": 1, "interventions": [{"feature": 3, "alpha": 1}]}')
    assert dictionary.plan(path).fingerprint == dictionary.plan(path.read_text()).fingerprint
    with pytest.raises(steering.SteeringError, match="missing.json") as caught:
        dictionary.plan(tmp_path / "missing.json")
    assert caught.value.name == "STEER_ERR_IO"


@pytest.mark.parametrize(
    "spec, name, message",
    [
        ([Intervention(96, alpha=1)], "STEER_ERR_PLAN", r"interventions\[0\].feature"),
        ([Intervention(-1, alpha=1)], "STEER_ERR_ARGUMENT", r"interventions\[0\].feature' is -1"),
        ([Intervention(2**32, alpha=1)], "STEER_ERR_ARGUMENT", "feature"),
        ([Intervention(1.5, alpha=1)], "STEER_ERR_ARGUMENT", "expected an integer"),
        ([Intervention(3)], "STEER_ERR_PLAN", "alpha' is missing"),
        ([Intervention(3, "ablate", 1.0)], "STEER_ERR_PLAN", "expected no alpha with mode ablate"),
        ([Intervention(3, "push", 1.0)], "STEER_ERR_PLAN", "'push', expected one of add"),
        ([Intervention(3, alpha=float("nan"))], "STEER_ERR_PLAN", "alpha"),
        ([Intervention(3, alpha="4")], "STEER_ERR_PLAN", "expected a number"),
        ([Intervention(3, "clamp", 1.0, "unit")], "STEER_ERR_PLAN", "strength"),
        (
            [Intervention(3, alpha=1.0, strength="max-activation")],
            "STEER_ERR_PLAN",
            "max_activation",
        ),
        ([Intervention(3, alpha=1.0, scope=Scope(ranges=[(5, 5)]))], "STEER_ERR_PLAN", "ranges"),
        (
            [Intervention(3, alpha=1.0, scope=Scope(ranges=[7]))],
            "STEER_ERR_PLAN",
            "expected .start, end",
        ),
        (
            [Intervention(3, "clamp", 1.0), Intervention(3, "clamp", 2.0)],
            "STEER_ERR_PLAN",
            r"interventions\[1\]",
        ),
        ([], "STEER_ERR_PLAN", "interventions"),
        (["add"], "STEER_ERR_PLAN", "expected an Intervention"),
        ("{", "STEER_ERR_FILE", "JSON"),
        ({"version": 1, "interventions": [{"feature": 3, "alfa": 1}]}, "STEER_ERR_PLAN", "alfa"),
        (
            {"version": 1, "interventions": [{"feature": 3, "alpha": float("inf")}]},
            "STEER_ERR_PLAN",
            "cannot be written as JSON",
        ),
        (7, "STEER_ERR_ARGUMENT", "plan is of type int"),
    ],
)
def test_wrong_plans_name_the_field(dictionary, spec, name, message):
    with pytest.raises(steering.SteeringError, match=message) as caught:
        dictionary.plan(spec)
    assert caught.value.name == name
    assert "\n" not in caught.value.message and caught.value.row is None


def test_a_scope_beside_json_is_refused(dictionary):
    with pytest.raises(steering.SteeringError, match="expected it inside"):
        dictionary.plan({"version": 1, "interventions": []}, scope=Scope(skip_first=1))


def test_control_vectors_add_up(dictionary, weights):
    first = dictionary.plan(Intervention(3, alpha=2.0))
    second = dictionary.plan(Intervention(8, alpha=-1.0))
    buffer = steering.control_vector([first, second, first], [2, 2, 3], 4)
    decoder = weights.tensors["W_dec"]
    assert buffer.shape == (4, 24) and buffer.dtype == np.float32
    np.testing.assert_allclose(buffer[1], 2 * decoder[3] - decoder[8], rtol=0, atol=1e-6)
    np.testing.assert_allclose(buffer[2], 2 * decoder[3], rtol=1e-6)
    assert not buffer[[0, 3]].any()
    assert (first.control_vector(2, 3)[1] == 2 * decoder[3]).all()


def test_control_vectors_refuse(dictionary):
    constant = dictionary.plan(Intervention(3, alpha=2.0))
    with pytest.raises(steering.SteeringError, match="layer"):
        constant.control_vector(5, 4)
    with pytest.raises(steering.SteeringError) as caught:
        dictionary.plan(Intervention(3, "ablate")).control_vector(1, 4)
    assert caught.value.name == "STEER_ERR_PLAN"
    with pytest.raises(steering.SteeringError, match="1 plans come with 2 layers"):
        steering.control_vector([constant], [1, 2], 4)
    with pytest.raises(steering.SteeringError, match="there are no plans"):
        steering.control_vector([], [], 4)


@pytest.mark.parametrize(
    "choice, message",
    [
        ({"layer": 3}, "'layer'"),
        ({"layer": 0}, "'layer'"),
        ({"top_k": 5}, "'k'"),
        ({"kind": "transcoder"}, "'kind'"),
        ({"architecture": "jumprelu"}, "'architecture'"),
        ({"activation_units": "raw"}, "'activationUnits'"),
    ],
)
def test_a_choice_without_use_is_refused(folder, choice, message):
    with pytest.raises(steering.SteeringError, match=message) as caught:
        steering.Dictionary(folder, **choice)
    assert caught.value.name == "STEER_ERR_UNSUPPORTED"


@pytest.mark.parametrize(
    "choice, message",
    [
        ({"format": "no-such"}, "no-such"),
        ({"layer": -1}, "layer is -1"),
        ({"top_k": 0}, "top_k is 0"),
        ({"kind": "encoder"}, "kind is 'encoder'"),
        ({"activation_units": "metres"}, "activation_units is 'metres'"),
        ({"architecture": "a\0b"}, "contains NUL"),
    ],
)
def test_a_choice_outside_its_range_is_refused(folder, choice, message):
    with pytest.raises(steering.SteeringError, match=message) as caught:
        steering.Dictionary(folder, **choice)
    assert caught.value.name == "STEER_ERR_ARGUMENT"


def test_the_layout_may_be_named(folder):
    with steering.Dictionary(folder, format="saelens") as opened:
        assert opened.info.feature_count == 96
