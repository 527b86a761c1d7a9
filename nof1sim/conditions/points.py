"""Points on a ground: a pattern with a minimum distance, the places where lesions can come up."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator

from nof1sim.model import Floats

from .ground import Ground

_STEP_MM, _RIM_MM = 0.25, 4.0


@lru_cache(maxsize=8)
def blue_noise(ground: Ground, count: int, margin_mm: float) -> tuple[Floats, Floats]:
    """`count` points x_mm, y_mm on a ground, about evenly apart, `margin_mm` within its edges; no random numbers.

    A low-discrepancy sequence (Roberts's R2) relaxed by short-range repulsion to blue noise.
    """
    from .relax import relax

    half, (low, high) = ground.half_width_mm, ground.y_limits_mm
    n = np.arange(1, 8 * count + 1)
    x = (2.0 * ((0.5 + n * 0.7548776662466927) % 1.0) - 1.0) * half
    y = low + ((0.5 + n * 0.5698402909980532) % 1.0) * (high - low)
    keep = np.flatnonzero(ground.inside(x, y, margin_mm))[:count]
    grid_x = np.arange(-half - _RIM_MM, half + _RIM_MM + _STEP_MM, _STEP_MM)
    grid_y = np.arange(low - _RIM_MM, high + _RIM_MM + _STEP_MM, _STEP_MM)
    allowed = ground.inside(*np.meshgrid(grid_x, grid_y), margin_mm)
    return relax(x[keep].copy(), y[keep].copy(), allowed, float(grid_x[0]), float(grid_y[0]), _STEP_MM)


def jittered(rng: Generator, x_mm: Floats, y_mm: Floats, reach_mm: float) -> tuple[Floats, Floats]:
    """Each point moved at random within a disc of `reach_mm`: a person's own places."""
    turn, far = rng.random(x_mm.size) * 2.0 * np.pi, np.sqrt(rng.random(x_mm.size)) * reach_mm
    return x_mm + far * np.cos(turn), y_mm + far * np.sin(turn)
