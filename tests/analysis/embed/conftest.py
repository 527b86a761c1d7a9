from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nof1sim.analysis.images import Shots


@pytest.fixture(scope="session", autouse=True)
def test_models() -> Iterator[None]:
    """Makes `nof1sim_test_models` importable."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(Path(__file__).parent))
    yield
    patch.undo()


def study(patients: int = 5, days: int = 40, cast: float = 0.1, size: int = 64) -> tuple[Shots, np.ndarray]:
    """Smooth faces with red dots, as many as the severity (n,) says, under light whose colour changes daily."""
    rng = np.random.default_rng(1)
    who, day = np.repeat(np.arange(patients), days), np.tile(np.arange(1, days + 1), patients)
    severity = np.clip(1 - (day - 1) / days + 0.2 * rng.normal(size=day.size), 0, 1)
    pixels = np.empty((who.size, size, size, 3), np.uint8)
    ramp = np.linspace(0.8, 1.0, size)[:, None, None]
    skin = rng.uniform((0.55, 0.4, 0.3), (0.8, 0.6, 0.5), (patients, 3))
    for row in range(who.size):
        picture = skin[who[row]] * ramp * np.ones((size, size, 3))
        for _ in range(int(40 * severity[row])):
            y, x = rng.integers(size // 4, 3 * size // 4, 2)
            picture[y : y + 2, x : x + 2, 1:] *= 0.7
        light = np.exp(cast * rng.normal(size=3))
        pixels[row] = np.clip(255 * picture * light + rng.normal(0, 1, picture.shape), 0, 255)
    ones = np.ones_like(who)
    return Shots(who, day, ones, 1 + (day > days // 4), day <= days // 4, pixels), severity


@pytest.fixture(scope="session")
def faces() -> tuple[Shots, np.ndarray]:
    return study()
