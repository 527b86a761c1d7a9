"""Points on a ground: a pattern with a minimum distance, the places where lesions can come up."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim.model import Floats

from .ground import Ground

_STEP_MM, _RIM_MM = 0.25, 4.0
TILE_MM = 72.0
"""Side of the periodic pattern that pieces of skin are cut from."""


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


@lru_cache(maxsize=8)
def _tile(count: int) -> tuple[Floats, Floats]:
    """`count` points of blue noise on a torus of TILE_MM, (count,) each, 0 to TILE_MM; no random numbers."""
    from .relax import relax_torus

    n = np.arange(1, count + 1)
    return relax_torus((n * 0.7548776662466927) % 1.0 * TILE_MM, (n * 0.5698402909980532) % 1.0 * TILE_MM, TILE_MM)


def cut(rng: Generator, ground: Ground, per_mm2: float, margin_mm: float = 0.0) -> tuple[Floats, Floats]:
    """Points x_mm, y_mm on a square ground, about evenly apart: one pattern for all squares, shifted, turned and
    mirrored at random. Nothing is relaxed anew, whatever the side."""
    from .squares import turned_within

    x, y = _tile(round(per_mm2 * TILE_MM**2))
    shift, turn, mirror = rng.random(2) * TILE_MM, rng.random() * 2.0 * np.pi, 1.0 if rng.random() < 0.5 else -1.0
    x, y = (mirror * x + shift[0]) % TILE_MM, (y + shift[1]) % TILE_MM
    copies = math.ceil(ground.half_width_mm * math.sqrt(2.0) / TILE_MM)
    return turned_within(
        x, y, TILE_MM, copies, np.cos(turn), np.sin(turn), 0.5 * ground.side_mm - margin_mm
    )  # fmt: skip


def nearest(distance: Floats, count: int) -> NDArray[np.int64]:
    """The places of the `count` least distances (points, others) of each point, nearest first, (points, count).

    Sorting whole rows takes four times as long.
    """
    some = np.sort(np.argpartition(distance, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(np.take_along_axis(distance, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def jittered(rng: Generator, x_mm: Floats, y_mm: Floats, reach_mm: float) -> tuple[Floats, Floats]:
    """Each point moved at random within a disc of `reach_mm`: a person's own places."""
    return moved(x_mm, y_mm, rng.random((2, x_mm.size)), reach_mm)


def moved(x_mm: Floats, y_mm: Floats, uniform: Floats, reach_mm: float) -> tuple[Floats, Floats]:
    """The same by uniform numbers (2, points)."""
    turn, far = uniform[0] * 2.0 * np.pi, np.sqrt(uniform[1]) * reach_mm
    return x_mm + far * np.cos(turn), y_mm + far * np.sin(turn)
