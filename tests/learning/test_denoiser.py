"""A diffusion model on toy pictures beyond what every model does: whose noise is seen, guidance, the schedule."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import asked, draw_of, learnt, make, redness, trained  # noqa: E402

from nof1sim.learning.denoiser import schedule  # noqa: E402

NAME = "diffusion"


def test_the_persons_noise_and_not_the_days_is_seen() -> None:
    learner = trained(make(NAME), 2)
    one, two = (learner.sample(asked([0.5], 1))[0], learner.sample(asked([0.5], 2))[0])
    another = replace(asked([0.5], 1), day=[draw_of("another day")])
    assert torch.equal(one, learner.sample(another)[0])
    assert not torch.equal(one, two)
    daily = make(NAME, day_noise=0.5)
    assert not torch.equal(daily.sample(asked([0.5], 1))[0], daily.sample(another)[0])


def test_guidance_overstates_the_severity() -> None:
    bold = make(NAME, guidance=2.0)
    bold.averages["denoiser"].load_state_dict(learnt(NAME).averages["denoiser"].state_dict())
    plain, more = (redness(one.sample(asked([1.0]))[0])[0] for one in (learnt(NAME), bold))
    assert more > plain


def test_the_schedule_keeps_the_variance() -> None:
    keep, add = schedule(torch, torch.linspace(0, 1, 11))
    assert torch.allclose(keep**2 + add**2, torch.ones_like(keep))
    assert keep[0] > 0.999
    assert keep[-1] < 1e-6
    assert (keep.flatten().diff() < 0).all()
