"""A diffusion model on toy pictures: shapes, determinism, dose, refusals, whose noise is seen."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import SIDE, asked, batch, draw_of, redness, same, trained, weights  # noqa: E402

from nof1sim.learning.denoiser import Denoiser, DiffusionOptions, schedule  # noqa: E402

SMALL = DiffusionOptions(widths=(16, 24), condition=16, steps=8, average=0.9)


def make(seed: int = 0) -> Denoiser:
    return Denoiser(SMALL, SIDE, seed)


@pytest.fixture(scope="module")
def learnt() -> Denoiser:
    return trained(make(), 200)


def test_it_draws_pictures_of_the_size_it_was_made_for() -> None:
    pictures, mask = make().sample(asked([0.0, 0.5, 1.0]))
    assert pictures.shape == (3, 3, SIDE, SIDE)
    assert pictures.abs().max() <= 1
    assert mask is None


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    once, again, other = (trained(make(seed), 3) for seed in (0, 0, 1))
    assert same(weights(once), weights(again))
    assert not same(weights(once), weights(other))
    assert torch.equal(once.sample(asked([0.7]))[0], again.sample(asked([0.7]))[0])


def test_it_neither_reads_nor_moves_the_global_random_state() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    once = trained(make(), 2)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert same(weights(once), weights(trained(make(), 2)))


def test_more_severity_is_drawn_redder(learnt: Denoiser) -> None:
    for person in range(3):
        levels = redness(learnt.sample(asked([0.0, 0.3, 0.6, 1.0], person))[0])
        assert levels == sorted(levels), (person, levels)
        assert levels[-1] - levels[0] > 0.1, (person, levels)  # the toys: .2 from clear to the most


@pytest.mark.parametrize("what", ["image", "severity"])
def test_a_loss_that_is_not_finite_leaves_every_weight(what: str) -> None:
    learner = trained(make(), 2)
    before, part = weights(learner), batch(9)
    value = getattr(part, what).clone()
    value[0] = float("nan")
    losses = learner.step(replace(part, **{what: value}), draw_of("bad"), 0.5)
    assert not torch.tensor(list(losses.values())).isfinite().all()
    assert same(before, weights(learner))


def test_what_a_checkpoint_keeps_is_all_that_a_training_needs() -> None:
    through, half = trained(make(), 4), make()
    for step in range(2):
        half.step(batch(step), draw_of("step", step), step / 4)
    resumed = make(seed=5)
    for kind in ("networks", "averages", "optimisers"):
        for name, thing in getattr(half, kind).items():
            getattr(resumed, kind)[name].load_state_dict(thing.state_dict())
    for step in (2, 3):
        resumed.step(batch(step), draw_of("step", step), step / 4)
    assert same(weights(through), weights(resumed))


def test_the_persons_noise_and_not_the_days_is_seen() -> None:
    learner = trained(make(), 2)
    one, two = (learner.sample(asked([0.5], 1))[0], learner.sample(asked([0.5], 2))[0])
    another = replace(asked([0.5], 1), day=[draw_of("another day")])
    assert torch.equal(one, learner.sample(another)[0])
    assert not torch.equal(one, two)
    daily = Denoiser(replace(SMALL, day_noise=0.5), SIDE, 0)
    assert not torch.equal(daily.sample(asked([0.5], 1))[0], daily.sample(another)[0])


def test_guidance_overstates_the_severity(learnt: Denoiser) -> None:
    bold = Denoiser(replace(SMALL, guidance=2.0), SIDE, 0)
    bold.averages["denoiser"].load_state_dict(learnt.averages["denoiser"].state_dict())
    plain, more = (redness(one.sample(asked([1.0]))[0])[0] for one in (learnt, bold))
    assert more > plain


def test_the_schedule_keeps_the_variance() -> None:
    keep, add = schedule(torch, torch.linspace(0, 1, 11))
    assert torch.allclose(keep**2 + add**2, torch.ones_like(keep))
    assert keep[0] > 0.999
    assert keep[-1] < 1e-6
    assert (keep.flatten().diff() < 0).all()
