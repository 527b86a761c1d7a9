"""The skin that lesions are placed on: the face chart, or a square piece of skin anywhere on a body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.model import Floats

CELL_MM = 1.0
"""Side of the cells by which areas of a ground are told."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The face chart (`side_mm` 0) or a square of `side_mm` around (0, 0), x to the right and y up, in mm."""

    side_mm: float = 0.0

    @property
    def is_face(self) -> bool:
        """Whether it is the face chart: with regions, and with a left side that mirrors the right one."""
        return self.side_mm == 0.0

    @property
    def half_width_mm(self) -> float:
        """It reaches so far to either side of the midline."""
        return chart.X_LIMIT_MM if self.is_face else 0.5 * self.side_mm

    @property
    def y_limits_mm(self) -> tuple[float, float]:
        """Its lowest and its highest point."""
        return chart.Y_LIMITS_MM if self.is_face else (-0.5 * self.side_mm, 0.5 * self.side_mm)

    def region(self, x_mm: NDArray[Any], y_mm: NDArray[Any]) -> NDArray[np.int8]:
        """Index into chart.REGIONS of each point; chart.OUTSIDE off the face's skin, and on all of a square."""
        if self.is_face:
            return chart.region_of(x_mm, y_mm)
        return np.full(np.shape(x_mm), chart.OUTSIDE, np.int8)

    def inside(self, x_mm: NDArray[Any], y_mm: NDArray[Any], margin_mm: float = 0.0) -> NDArray[np.bool_]:
        """Whether points are on its skin, with skin `margin_mm` around them. Shape of the inputs."""
        if not self.is_face:
            return np.maximum(np.abs(x_mm), np.abs(y_mm)) <= 0.5 * self.side_mm - margin_mm
        ok = chart.on_skin(x_mm, y_mm)
        x, y, left = np.ravel(x_mm), np.ravel(y_mm), np.flatnonzero(ok)
        for angle in np.arange(8) * np.pi / 4 if margin_mm else ():
            there = chart.on_skin(x[left] + margin_mm * np.cos(angle), y[left] + margin_mm * np.sin(angle))
            left = left[there]
        found = np.zeros(ok.size, bool)
        found[left] = True
        return found.reshape(ok.shape)

    @property
    def area_mm2(self) -> float:
        """Area of its skin."""
        return cells(self)[0].size * CELL_MM**2 if self.is_face else self.side_mm**2


FACE = Ground()


@lru_cache(maxsize=8)
def cells(ground: Ground) -> tuple[Floats, Floats]:
    """Centres x_mm, y_mm, (cells,) each, of the cells of CELL_MM that its skin is made of, row by row from below."""
    low, high = ground.y_limits_mm
    x = np.arange(-ground.half_width_mm + 0.5 * CELL_MM, ground.half_width_mm, CELL_MM)
    x, y = (part.ravel() for part in np.meshgrid(x, np.arange(low + 0.5 * CELL_MM, high, CELL_MM)))
    keep = ground.inside(x, y)
    return x[keep], y[keep]
