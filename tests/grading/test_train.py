"""Training: it learns, twice the same, goes on where it was stopped, and stops before nonsense."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nof1sim_test_graders import VIEWS, part, tiny  # noqa: E402

from nof1sim.errors import AnalysisError, InputError, UnknownNameError  # noqa: E402
from nof1sim.grading import train as training  # noqa: E402
from nof1sim.grading.networks import build, initial_weights, weight_count  # noqa: E402
from nof1sim.grading.recipe import PRESETS, Recipe, recipe_of  # noqa: E402
from nof1sim.grading.saved import load_state, save_state  # noqa: E402
from nof1sim.grading.scales import IGA3  # noqa: E402
from nof1sim.grading.steps import State, rate_at  # noqa: E402


def run(recipe: Recipe, seed: int = 0, state: State | None = None, **given) -> State:
    learn = given.pop("learn", None) or part()
    state = state or training.start(recipe, IGA3, learn, seed)
    return training.train(recipe, IGA3, VIEWS, learn, given.pop("judge", part(9, 1)), seed, state, **given)


def equal(a: State, b: State) -> bool:
    return all(np.array_equal(a.weights[key], b.weights[key]) for key in a.weights) and a.epochs == b.epochs


def test_the_published_network_has_the_published_size() -> None:
    """He et al. 2016, Table 6: ResNet-110 has 1.7 M weights; Bernhard et al. 2024 the same."""
    count = weight_count(build(PRESETS["bernhard2024"], 3))
    assert round(count / 1e6, 1) == 1.7
    convolutions = [m for m in build(PRESETS["bernhard2024"], 3).modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 109  # and the head: 110 layers
    assert weight_count(build(PRESETS["small"], 3)) < 200_000


@pytest.mark.parametrize("name", ["small", "resnet110"])
def test_any_number_of_views_in_any_order_is_graded(name: str) -> None:
    recipe = replace(PRESETS["small"], network=name)
    net = build(recipe, 3).eval()
    x = torch.rand(2, 3, 3, 32, 32)
    with torch.no_grad():
        assert net(x[:, :1]).shape == (2, 3)
        assert torch.allclose(net(x), net(x[:, [0, 2, 1]]), atol=1e-5)


def test_the_published_schedule() -> None:
    recipe = PRESETS["bernhard2024"]
    assert (recipe.epochs, recipe.batch, recipe.optimiser, recipe.augment) == (1000, 12, "adam", "bernhard2024")
    assert rate_at(recipe, 0.0) == rate_at(recipe, 0.7999) == 0.01
    assert rate_at(recipe, 0.8) == pytest.approx(0.001)
    cycle = [rate_at(PRESETS["small"], done) for done in np.linspace(0, 1, 101)]
    assert max(cycle) == pytest.approx(PRESETS["small"].rate)
    assert cycle[0] < 0.1 * max(cycle)
    assert cycle[-1] < 0.01 * max(cycle)


def test_it_learns_what_there_is_to_learn() -> None:
    state = run(tiny(epochs=10, dropout=0.0), learn=part(60), judge=part(30, 5))
    assert state.epochs[-1].loss < 0.6 * state.epochs[0].loss
    assert max(epoch.balanced_accuracy for epoch in state.epochs) > 0.6


@pytest.mark.parametrize("head", ["classes", "ordinal", "count"])
def test_twice_the_same_and_another_seed_another(head: str) -> None:
    recipe = tiny(head=head, epochs=2)
    before = torch.get_rng_state()
    first = run(recipe)
    assert torch.equal(before, torch.get_rng_state()), "torch's global state is the user's"
    assert equal(first, run(recipe))
    assert not equal(first, run(recipe, seed=1))


def test_going_on_is_the_same_as_never_having_stopped(tmp_path) -> None:
    recipe = tiny(epochs=4)
    whole = run(recipe)

    class StoppedError(Exception):
        pass

    def stop(state: State) -> None:
        save_state(tmp_path, state, "job")
        if len(state.epochs) == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(recipe, keep=stop)
    kept = load_state(tmp_path, "job")
    assert len(kept.epochs) == 2
    gone_on = run(recipe, state=kept)
    assert equal(whole, gone_on)
    assert gone_on.best_epoch == whole.best_epoch
    assert all(np.array_equal(whole.best[key], gone_on.best[key]) for key in whole.best)
    with pytest.raises(InputError, match="the checkpoint of this very training"):
        load_state(tmp_path, "another job")
    (tmp_path / "state.npz").write_bytes(b"half a file")
    with pytest.raises(InputError, match="damaged"):
        load_state(tmp_path, "job")


def test_a_loss_of_nan_is_an_error_and_the_last_epoch_is_kept(tmp_path, monkeypatch) -> None:
    real = training.loss_of
    calls = []

    def spoilt(*words):
        calls.append(1)
        return real(*words) * (math.nan if len(calls) > 6 else 1.0)  # 3 batches and a validation an epoch

    monkeypatch.setattr(training, "loss_of", spoilt)
    with pytest.raises(AnalysisError, match=r"epoch 2: got 'a loss of nan'.*--rate"):
        run(tiny(), keep=lambda state: save_state(tmp_path, state, "job"))
    kept = load_state(tmp_path, "job")
    assert len(kept.epochs) == 1
    assert all(np.isfinite(value).all() for value in kept.weights.values())


def test_the_best_epoch_s_weights_are_kept_and_patience_ends_it() -> None:
    state = run(tiny(epochs=12, patience=2, measure="macro_f1"))
    scores = [epoch.macro_f1 for epoch in state.epochs]
    assert scores[state.best_epoch - 1] == max(scores)
    assert len(state.epochs) == 12 or len(state.epochs) == state.best_epoch + 2
    nobody = run(tiny(epochs=2), judge=part(3).__class__(*(a[:0] for a in _arrays(part(3)))))
    assert nobody.best_epoch == 2


def _arrays(one):
    return one.pixels, one.targets, one.grades, one.halves


def test_a_grade_without_an_example_does_no_harm() -> None:
    learn = part(24)
    kept = learn.grades != 1
    learn = type(learn)(*(array[kept] for array in _arrays(learn)))
    state = run(tiny(), learn=learn)
    assert all(np.isfinite([epoch.loss, epoch.val_loss]).all() for epoch in state.epochs)


def test_weighting_changes_the_loss_of_an_unbalanced_batch() -> None:
    learn = part(24)
    rows = np.r_[np.flatnonzero(learn.grades == 2), np.flatnonzero(learn.grades == 0)[:1]]
    few = type(learn)(*(array[rows] for array in _arrays(learn)))
    grads = []
    for weighted in (False, True):
        recipe = tiny(weighted=weighted, dropout=0.0, augment="none")
        net = build(recipe, 3)
        net.load_state_dict({k: torch.from_numpy(v) for k, v in initial_weights(net, 0).items()})
        net.train()
        weight = training._weights(torch, recipe, IGA3, few, "cpu")
        x = torch.from_numpy(few.batch(np.arange(len(few)), recipe, VIEWS, None))
        training.loss_of(recipe, net(x), few, np.arange(len(few)), weight, "cpu").backward()
        grads.append(net.head.bias.grad.numpy().copy())
    # Unweighted, one of nine pulls grade 0 up; weighted, it pulls with half of the sum.
    assert -grads[1][0] > 2 * -grads[0][0]


def test_settings_that_are_none() -> None:
    for wrong in ({"network": "vgg"}, {"head": "softmax"}, {"augment": "much"}, {"measure": "luck"}):
        with pytest.raises(UnknownNameError):
            recipe_of(**wrong)
    for wrong in ({"epochs": 0}, {"batch": 0}, {"dropout": 1.0}, {"size_px": 8}, {"rate": 0.0}):
        with pytest.raises(InputError):
            recipe_of(**wrong)
    assert recipe_of(network="resnet110").name == "bernhard2024"
