"""A translator on toy pictures: shapes, determinism, dose, refusals, and what it leaves alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import SIDE, asked, batch, draw_of, redness, same, trained, weights  # noqa: E402

from nof1sim.learning.translator import THRESHOLD, Translator, TranslatorOptions  # noqa: E402

SMALL = TranslatorOptions(widths=(16, 24), condition=16, average=0.9)


def make(seed: int = 0) -> Translator:
    return Translator(SMALL, SIDE, seed)


@pytest.fixture(scope="module")
def learnt() -> Translator:
    return trained(make(), 200)


def test_it_draws_pictures_of_the_size_it_was_made_for() -> None:
    pictures, mask = make().sample(asked([0.0, 0.5, 1.0]))
    assert pictures.shape == (3, 3, SIDE, SIDE)
    assert pictures.abs().max() <= 1
    assert mask.shape == (3, SIDE, SIDE)


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


def test_more_severity_is_drawn_redder(learnt: Translator) -> None:
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


def test_outside_its_mask_the_picture_is_the_bases_byte_for_byte(learnt: Translator) -> None:
    request = asked([0.2, 0.5, 1.0])
    pictures, mask = learnt.sample(request)
    outside = (mask == 0)[:, None].expand_as(pictures)
    assert 0.05 < outside.float().mean() < 1, "nothing to compare, or nothing changed"
    assert torch.equal(to_pixels(pictures)[outside], to_pixels(request.base)[outside])
    assert (to_pixels(pictures)[~outside] != to_pixels(request.base)[~outside]).any()
    assert not ((mask > 0) & (mask < THRESHOLD)).any()


def test_asked_for_the_severity_of_the_base_it_changes_little(learnt: Translator) -> None:
    request = asked([0.0, 1.0])
    change = (learnt.sample(request)[0] - request.base).abs().mean((1, 2, 3))
    assert change[0] < 0.2 * change[1]


def test_the_mask_does_not_follow_a_head_that_moves() -> None:
    """Pairs that differ by a shift alone, severity told at random: there is nothing to learn, so no mask to grow. The
    bases have a dark band, whose shift is seen."""
    learner = make()
    for step in range(40):
        part = batch(step)
        base = part.base.clone()
        base[..., 7:9] -= 0.5
        far = 1 + step % 3
        learner.step(replace(part, image=base.roll(far - 2, 3), base=base), draw_of("step", step), step / 40)
    request = asked([0.5])
    request.base[..., 7:9] -= 0.5
    assert learner.sample(request)[1].mean() < 0.2


def to_pixels(x: torch.Tensor) -> torch.Tensor:
    return ((x + 1) * 127.5).round().to(torch.uint8)
