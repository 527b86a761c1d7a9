"""What every model does on toy pictures: shapes, determinism, dose, refusals."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import (  # noqa: E402
    SIDE,
    asked,
    batch,
    draw_of,
    learnt,
    make,
    redness,
    same,
    trained,
    weights,
)

LEAST_GAIN = {"dcgan": 0.05, "translator": 0.1, "diffusion": 0.1}
"""Of redness from clear to the most severe; the toys': .2."""
pytestmark = pytest.mark.parametrize("name", LEAST_GAIN)


def test_it_draws_pictures_of_the_size_it_was_made_for(name: str) -> None:
    pictures, mask = make(name).sample(asked([0.0, 0.5, 1.0]))
    assert pictures.shape == (3, 3, SIDE, SIDE)
    assert pictures.abs().max() <= 1
    assert (None if mask is None else mask.shape) == ((3, SIDE, SIDE) if name == "translator" else None)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(name: str) -> None:
    once, again, other = (trained(make(name, seed), 3) for seed in (0, 0, 1))
    assert same(weights(once), weights(again))
    assert not same(weights(once), weights(other))
    assert torch.equal(once.sample(asked([0.7]))[0], again.sample(asked([0.7]))[0])


def test_it_neither_reads_nor_moves_the_global_random_state(name: str) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    once = trained(make(name), 2)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert same(weights(once), weights(trained(make(name), 2)))


def test_more_severity_is_drawn_redder(name: str) -> None:
    for person in range(3):
        levels = redness(learnt(name).sample(asked([0.0, 0.3, 0.6, 1.0], person))[0])
        assert levels == sorted(levels), (person, levels)
        assert levels[-1] - levels[0] > LEAST_GAIN[name], (person, levels)


@pytest.mark.parametrize("what", ["image", "severity"])
def test_a_loss_that_is_not_finite_leaves_every_weight(name: str, what: str) -> None:
    learner = trained(make(name), 2)
    before, part = weights(learner), batch(9)
    value = getattr(part, what).clone()
    value[0] = float("nan")
    losses = learner.step(replace(part, **{what: value}), draw_of("bad"), 0.5)
    assert not torch.tensor(list(losses.values())).isfinite().all()
    assert same(before, weights(learner))


def test_what_a_checkpoint_keeps_is_all_that_a_training_needs(name: str) -> None:
    through, half = trained(make(name), 4), make(name)
    for step in range(2):
        half.step(batch(step), draw_of("step", step), step / 4)
    resumed = make(name, seed=5)
    for kind in ("networks", "averages", "optimisers"):
        for part, thing in getattr(half, kind).items():
            getattr(resumed, kind)[part].load_state_dict(thing.state_dict())
    for step in (2, 3):
        resumed.step(batch(step), draw_of("step", step), step / 4)
    assert same(weights(through), weights(resumed))
