"""Tiny examples and recipes for the tests of graders."""

from __future__ import annotations

import numpy as np

from nof1sim.grading.recipe import Recipe, recipe_of
from nof1sim.grading.steps import Part

VIEWS = ("front", "left", "right")


def tiny(**changes) -> Recipe:
    """A recipe that takes a second."""
    given = {"size_px": 32, "epochs": 3, "batch": 8, "threads": 1, "augment": "mild"} | changes
    return recipe_of("small", **given)


def part(n: int = 24, seed: int = 0, grades: int = 3, size: int = 32, views: int = 3) -> Part:
    """Skin with dark red squares: grade 0 has none, each further one four more on every view."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % grades
    pixels = np.array([190, 140, 120]) + rng.integers(0, 6, (n, views, size, size, 3))
    for i, j in np.ndindex(n, views):
        for _ in range(4 * label[i]):
            y, x = rng.integers(2, size - 5, 2)
            pixels[i, j, y : y + 3, x : x + 3] -= np.array([20, 70, 60])
    return Part(pixels.clip(0, 255).astype(np.uint8), label.astype(float), label, np.zeros(n, bool))
