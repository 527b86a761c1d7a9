"""Lesions that run together: which of a day's lesions are one, how much skin they cover, and how red they are there.

A lesion's core is the disc of its diameter. A renderer adds the blood of overlapping lesions, so two of them would be
twice as red where they meet; inflamed skin is as red as its redder cause, and `merged` makes the sums so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nof1sim.model import Floats, Ints, Lesions

RASTER_MM = 0.25
"""Grid of `union_area_mm2`: wrong by some .1 mm2 for a lesion of 3 mm, less in relation for more."""

ROUNDS = 4
LEAST_CELL_MM = 1.0
"""Discs are looked for by cells as wide as the largest radius, or so wide."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Discs that overlap: disc i shares the areas lens_mm2[k] with the discs other[k], k from first[i] to before
    first[i + 1]."""

    first: Ints
    other: Ints
    lens_mm2: Floats


def overlaps(x_mm: Floats, y_mm: Floats, radius_mm: Floats) -> Overlaps:
    """Which of some discs (n,) overlap, and by how much."""
    from .discs import both_ways

    found = _pairs(x_mm, y_mm, radius_mm)
    one, other = found.T
    apart = np.hypot(x_mm[one] - x_mm[other], y_mm[one] - y_mm[other])
    return Overlaps(*both_ways(found, lens_mm2(apart, radius_mm[one], radius_mm[other]), radius_mm.size))


def _pairs(x_mm: Floats, y_mm: Floats, radius_mm: Floats) -> Ints:
    """All pairs (pairs, 2) of discs that overlap, the lower number first, in order."""
    from .cells import cells
    from .discs import pairs

    if not radius_mm.size:
        return np.empty((0, 2), np.int64)
    widest = float(radius_mm.max())
    return pairs(cells(x_mm, y_mm, max(widest, LEAST_CELL_MM)), radius_mm, widest)


def lens_mm2(apart_mm: Floats, a_mm: Floats, b_mm: Floats) -> Floats:
    """Area that two discs of radii a, b share, their centres `apart_mm`; the shape of the inputs."""
    less, a2, b2 = np.abs(a_mm - b_mm), a_mm**2, b_mm**2
    far = np.minimum(np.maximum(apart_mm, np.maximum(less, 1e-12)), a_mm + b_mm)  # within that, one holds the other
    far2 = far**2
    cos_a = np.minimum(np.maximum((far2 + a2 - b2) / (2.0 * far * a_mm), -1.0), 1.0)
    cos_b = np.minimum(np.maximum((far2 + b2 - a2) / (2.0 * far * b_mm), -1.0), 1.0)
    turn_a, turn_b = np.arccos(cos_a), np.arccos(cos_b)
    lens = a2 * (turn_a - np.sin(turn_a) * cos_a) + b2 * (turn_b - np.sin(turn_b) * cos_b)
    return np.where(apart_mm <= less, np.pi * np.minimum(a2, b2), lens)


def groups(lesions: Lesions) -> Ints:
    """Number of the connected group that each visible lesion belongs to, (lesions,): 0, 1 ... by first lesion.

    Two lesions are connected if their cores overlap. -1: not visible.
    """
    from .discs import connected

    number = np.full(len(lesions), -1, np.int64)
    seen = np.flatnonzero(lesions.visible)
    x, y, radius = lesions.x_mm[seen], lesions.y_mm[seen], 0.5 * lesions.diameter_mm[seen]
    number[seen] = connected(_pairs(x, y, radius), seen.size)
    return number


def union_area_mm2(x_mm: Floats, y_mm: Floats, radius_mm: Floats) -> float:
    """Area that discs (n,) cover together: the points of a grid of RASTER_MM that lie in any of them."""
    if not radius_mm.size:
        return 0.0
    left, low = (float((at - radius_mm).min()) + 0.5 * RASTER_MM for at in (x_mm, y_mm))
    shape = [int((top - start) / RASTER_MM) + 2 for top, start in
             (((y_mm + radius_mm).max(), low), ((x_mm + radius_mm).max(), left))]  # fmt: skip
    covered = np.zeros(shape, bool)
    grid_x, grid_y = left + RASTER_MM * np.arange(shape[1]), low + RASTER_MM * np.arange(shape[0])
    for x, y, r in zip(x_mm, y_mm, radius_mm, strict=True):
        i, j = (np.searchsorted(grid, (at - r, at + r)) for grid, at in ((grid_y, y), (grid_x, x)))
        inside = (grid_y[i[0] : i[1], None] - y) ** 2 + (grid_x[None, j[0] : j[1]] - x) ** 2 <= r * r
        covered[i[0] : i[1], j[0] : j[1]] |= inside
    return float(covered.sum()) * RASTER_MM**2


def merged(x_mm: Floats, y_mm: Floats, radius_mm: Floats, *colours: Floats) -> tuple[Floats, ...]:
    """Each lesion's erythema or melanin (lesions,), lowered so that where cores overlap the sum is the largest of them.

    Over its core a lesion of colour e should show, in the mean, U = min(e + sum w_j max(e_j - e, 0), largest e_j);
    w_j is the share of its core that lesion j covers. It shows T = f e + sum w_j f_j e_j, with factors f of 1 at
    first; ROUNDS times f becomes f U / T. Exact for lesions one upon the other, nearly so in the mean over a core for
    others, and smooth as they grow together.
    """
    from .discs import lowered

    found = overlaps(x_mm, y_mm, radius_mm)
    if not found.other.size:
        return tuple(colour.copy() for colour in colours)
    return tuple(lowered(found.first, found.other, found.lens_mm2, radius_mm, colour, ROUNDS) for colour in colours)
