"""Models so small that what they do can be said in a sentence: they redden the base picture by a learnt number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nof1sim.learning.base import Asked, Batch, Draw
from nof1sim.learning.torches import built, descend, import_torch


def face(person: int, share: float, size: int = 24) -> np.ndarray:
    """A grey oval of a person's own brightness, redder at a higher share; (size, size, 3)."""
    y, x = np.mgrid[:size, :size] / size - 0.5
    inside = (x**2 + (1 + 0.05 * person) * y**2) < 0.16
    picture = np.full((size, size, 3), 90 + 5 * person, np.uint8)
    picture[inside] = 150 + 8 * person
    picture[inside, 0] += np.uint8(round(40 * share))
    return picture


@dataclass(frozen=True, slots=True)
class StubOptions:
    """Settings. breaks_at : step whose loss is not finite; -1: none."""

    rate: float = 0.01
    breaks_at: int = -1


class Stub:
    """Adds severity x a learnt red to the base picture."""

    identity: Literal["base", "noise", "edit"] = "base"
    Options = StubOptions
    averages: Mapping[str, Any] = {}

    def __init__(self, options: StubOptions, size_px: int, seed: int) -> None:
        torch = import_torch()
        self.options, self.steps = options, 0
        self.net = built(lambda: torch.nn.Linear(3, 3), seed, self.name)
        self.networks = {"net": self.net}
        self.optimisers = {"net": torch.optim.Adam(self.net.parameters(), lr=options.rate)}

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        made = self._made(batch.base, batch.severity - batch.base_severity) + 0.01 * draw(*batch.image.shape)
        loss = ((made - batch.image) ** 2).mean()
        if self.steps == self.options.breaks_at:
            loss = loss * float("nan")
        self.steps += 1
        return {"loss": descend(self.optimisers["net"], loss)}

    def _made(self, base: Any, severity: Any) -> Any:
        red = self.net.weight.mean(1) + self.net.bias
        return base + (severity[:, None] * red)[:, :, None, None]

    def sample(self, asked: Asked) -> tuple[Any, Any]:
        return self._made(asked.base, asked.severity), None


class Base(Stub):
    name = "stub-base"


class Edit(Stub):
    """Reddens the left half alone, and says so."""

    name = "stub-edit"
    identity: Literal["base", "noise", "edit"] = "edit"

    def sample(self, asked: Asked) -> tuple[Any, Any]:
        made, where = asked.base.clone(), import_torch().zeros_like(asked.base[:, 0])
        half = asked.base.shape[-1] // 2
        red = asked.severity[:, None, None]
        made[:, 0, :, :half] = made[:, 0, :, :half] + 0.3 * red
        where[:, :, :half] = (red > 0).float()
        return made, where


class Noise(Stub):
    """A picture of the person's noise, brighter by the day's."""

    name = "stub-noise"
    identity: Literal["base", "noise", "edit"] = "noise"

    def sample(self, asked: Asked) -> tuple[Any, Any]:
        torch = import_torch()
        size = asked.base.shape[-1]
        person = torch.stack([draw(3, size, size) for draw in asked.person])
        day = torch.stack([draw(1) for draw in asked.day])
        return 0.2 * person + 0.05 * day[:, :, None, None] + 0.3 * asked.severity[:, None, None, None] - 0.2, None
