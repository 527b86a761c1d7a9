"""Pictures from a model: the same whatever else is drawn beside them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from nof1sim.learning.models import make_learner, make_options
from nof1sim.learning.sampling import draw_pictures
from nof1sim.randomness import stream


@pytest.mark.parametrize("model", ["cvae", "dcgan", "translator", "diffusion"])
def test_a_picture_is_the_same_alone_and_among_others(model: str) -> None:
    learner = make_learner(model, make_options(model, {}), 32, 0)
    base = stream(0, "base").integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
    severity, zero = np.linspace(0, 1, 5), np.zeros(5)
    people = [(f"P{i}",) for i in range(5)]
    days = [(f"P{i}", 3) for i in range(5)]
    together = draw_pictures(learner, base, zero, severity, 0, people, days).pixels
    for i in range(5):
        one = slice(i, i + 1)
        alone = draw_pictures(learner, base[one], zero[one], severity[one], 0, people[one], days[one]).pixels
        assert (alone[0] == together[i]).all()
