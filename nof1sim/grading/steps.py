"""Parts of a training that are pure: the learning rate, what a batch is, what the checkpoint holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..analysis.embed.networks import Weights
from ..model import Ints
from .augment import AUGMENT
from .recipe import Recipe

WARM_UP, START, END = 0.1, 0.04, 0.002
"""One-cycle (Smith and Topin 2019): the rate rises from `START` of its highest during `WARM_UP` of the steps and falls
along a cosine to `END`."""
STEP_AT, STEP_TO = 0.8, 0.1
"""Bernhard et al. 2024: 0.01, after 800 of 1,000 epochs 0.001."""


def rate_at(recipe: Recipe, done: float) -> float:
    """The learning rate when a share `done` (0 to 1) of all steps is done."""
    if recipe.schedule == "step":
        return recipe.rate * (STEP_TO if done >= STEP_AT else 1.0)
    if done < WARM_UP:
        return recipe.rate * (START + (1 - START) * done / WARM_UP)
    return recipe.rate * (END + (1 - END) * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2)


@dataclass(frozen=True, slots=True)
class Part:
    """Examples to learn from or to judge by. pixels (n, views, h, w, 3) uint8; targets (n,) grades or counts; grades
    (n,); halves (n,)."""

    pixels: np.ndarray
    targets: np.ndarray
    grades: Ints
    halves: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, rows: Ints, recipe: Recipe, views: tuple[str, ...], rng: np.random.Generator | None) -> np.ndarray:
        """(b, views, 3, h, w) float32, 0 to 1; changed at random where there is a generator."""
        shown = self.pixels[rows].astype(np.float32) / np.float32(255)
        if rng is not None:
            shown = AUGMENT[recipe.augment](shown, views, rng)
        return np.ascontiguousarray(shown.transpose(0, 1, 4, 2, 3), np.float32)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch brought. loss: mean over training examples; val_...: of the validation part (NaN without one)."""

    epoch: int
    rate: float
    loss: float
    val_loss: float
    balanced_accuracy: float
    macro_f1: float

    def score(self, measure: str) -> float:
        """The measure that epochs are compared by; higher is better."""
        return -self.val_loss if measure == "loss" else float(getattr(self, measure))


@dataclass(slots=True)
class State:
    """A training after some epochs: what it takes to go on as if nothing had happened."""

    weights: Weights
    best: Weights
    moments: dict[str, np.ndarray] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    waited: int = 0
    seconds: float = 0.0


def moments_of(optimiser: Any) -> dict[str, np.ndarray]:
    """What Adam remembers, by the weight's place and name."""
    return {
        f"{place}/{name}": value.detach().cpu().numpy().copy() if hasattr(value, "detach") else np.asarray(value)
        for place, memory in optimiser.state_dict()["state"].items()
        for name, value in memory.items()
    }


def put_moments(torch: Any, optimiser: Any, moments: dict[str, np.ndarray]) -> None:
    """The reverse of `moments_of`."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in moments.items():
        place, _, name = key.partition("/")
        state.setdefault(int(place), {})[name] = torch.from_numpy(np.array(value))
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
