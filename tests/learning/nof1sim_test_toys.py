"""Toy pictures for the models that learn to draw: a plain skin with one red spot, the larger the more severe."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from nof1sim.learning.base import Asked, Batch
from nof1sim.learning.models import make_learner, make_options
from nof1sim.randomness import stream

torch = pytest.importorskip("torch")
Tensor = torch.Tensor

SIDE = 16


def draw_of(*address: str | int) -> Callable[..., Tensor]:
    rng = stream(0, *address)
    return lambda *shape: torch.from_numpy(rng.standard_normal(shape).astype(np.float32))


def spots(people: list[int], severity: Tensor, side: int = SIDE) -> Tensor:
    """Pictures (n, 3, side, side): the skin's colour is the person's, the spot's radius grows with the severity."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    out = []
    for person, ill in zip(people, severity.tolist(), strict=True):
        tone = 0.5 + 0.08 * (person % 4)
        skin = torch.tensor([1.0, 0.75, 0.6])[:, None, None] * tone
        near = torch.hypot(x - side / 2 + 0.5, y - side / 2 + 0.5)
        spot = torch.sigmoid(2 * (side * 0.4 * ill - near)) * (ill > 0)
        out.append(skin * (1 - spot * torch.tensor([0.0, 0.6, 0.6])[:, None, None]))
    return torch.stack(out) * 2 - 1


def batch(step: int, n: int = 16, side: int = SIDE) -> Batch:
    rng = stream(0, "toy", step)
    people, severity = rng.integers(0, 4, n).tolist(), torch.from_numpy(rng.random(n).astype(np.float32))
    return Batch(spots(people, severity, side), severity, spots(people, torch.zeros(n), side), torch.zeros(n))


def asked(severities: list[float], person: int = 1, side: int = SIDE) -> Asked:
    n = len(severities)
    persons = [draw_of("person", person) for _ in severities]
    days = [draw_of("day", person, day) for day in range(n)]
    return Asked(spots([person] * n, torch.zeros(n), side), torch.zeros(n), torch.tensor(severities), persons, days)


def trained(learner: Any, steps: int, n: int = 16) -> Any:
    for step in range(steps):
        losses = learner.step(batch(step, n), draw_of("step", step), step / steps)
        assert all(np.isfinite(value) for value in losses.values()), losses
    return learner


def redness(pictures: Tensor) -> list[float]:
    """Mean red minus green of each picture."""
    return (pictures[:, 0] - pictures[:, 1]).mean((1, 2)).tolist()


def weights(learner: Any) -> dict[str, Tensor]:
    """A copy of all weights of the networks and their running means."""
    found = {}
    for kind in ("networks", "averages"):
        for name, net in getattr(learner, kind).items():
            found |= {f"{kind}.{name}.{key}": value.clone() for key, value in net.state_dict().items()}
    return found


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"code": 4, "widths": [32, 24, 16], "critic_widths": [16, 32], "average": 0.9},
    "translator": {"widths": [16, 24], "condition": 16, "average": 0.9},
    "diffusion": {"widths": [16, 24], "condition": 16, "steps": 8, "average": 0.9},
}
"""Options of models small enough to learn the toys in seconds."""


def make(name: str, seed: int = 0, side: int = SIDE, **options: Any) -> Any:
    return make_learner(name, make_options(name, SMALL[name] | options), side, seed)


@cache
def learnt(name: str) -> Any:
    """A model that has learnt the toys."""
    return trained(make(name), 200)
