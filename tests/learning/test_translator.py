"""A translator on toy pictures beyond what every model does: what it leaves alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import asked, batch, draw_of, learnt, make  # noqa: E402

from nof1sim.learning.translator import THRESHOLD  # noqa: E402

NAME = "translator"


def test_outside_its_mask_the_picture_is_the_bases_byte_for_byte() -> None:
    request = asked([0.2, 0.5, 1.0])
    pictures, mask = learnt(NAME).sample(request)
    outside = (mask == 0)[:, None].expand_as(pictures)
    assert 0.05 < outside.float().mean() < 1, "nothing to compare, or nothing changed"
    assert torch.equal(to_pixels(pictures)[outside], to_pixels(request.base)[outside])
    assert (to_pixels(pictures)[~outside] != to_pixels(request.base)[~outside]).any()
    assert not ((mask > 0) & (mask < THRESHOLD)).any()


def test_asked_for_the_severity_of_the_base_it_changes_little() -> None:
    request = asked([0.0, 1.0])
    change = (learnt(NAME).sample(request)[0] - request.base).abs().mean((1, 2, 3))
    assert change[0] < 0.2 * change[1]


def test_the_mask_does_not_follow_a_head_that_moves() -> None:
    """Pairs that differ by a shift alone, severity told at random: there is nothing to learn, so no mask to grow. The
    bases have a dark band, whose shift is seen."""
    learner = make(NAME)
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
