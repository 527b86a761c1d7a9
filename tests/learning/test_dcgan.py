"""A conditional GAN on toy pictures beyond what every model does: whose noise is seen, sizes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import asked, draw_of, make  # noqa: E402

from nof1sim.errors import InputError  # noqa: E402

NAME = "dcgan"


def test_the_persons_noise_is_the_identity() -> None:
    learner = make(NAME)
    one, two = (learner.sample(asked([0.5], person))[0] for person in (1, 2))
    again = learner.sample(replace(asked([0.5], 1), day=[draw_of("another day")]))[0]
    assert torch.equal(one, again)
    assert not torch.equal(one, two)


def test_a_side_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(InputError, match="48"):
        make(NAME, side=48)
