"""Where an exanthem comes up: many small places, denser where a smooth field, much the same left and right, is high.

No published number for the density: lengths, spreads and regional factors are this project's choices. Sizes 1 to 10 mm
are those of the project's severity page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.conditions import field, points
from nof1sim.conditions.ground import FACE, Ground
from nof1sim.model import Floats, Ints, Patient
from nof1sim.randomness import stream

SITES = 2600
EDGE_MM = 1.0
JITTER_MM = 1.3
LENGTH_MM, LOG_SD, MIRRORED = 14.0, 0.9, 0.85
"""Correlation length and spread of the density, and the share of it that both sides of the face have in common."""
REGIONS = {
    "forehead": 1.0, "right_cheek": 1.45, "left_cheek": 1.45, "nose": 0.55, "chin": 0.9, "perioral": 0.45,
}  # fmt: skip
"""Relative density: most on the cheeks, little on the nose and around the mouth."""
DIAMETER_MEDIAN_MM, DIAMETER_LOG_SD, DIAMETER_LIMITS_MM = 3.4, 0.52, (1.0, 10.0)
DENSE_IS_WIDE = 0.15
"""Logarithm by which lesions are wider where the field is one SD higher: there they run together."""
PAPULES = 0.45
"""Share of lesions that are raised."""
HEIGHT_MM = (0.06, 0.20)
ERYTHEMA, PERSON_SD = (0.34, 0.62), 0.10
"""Redness at its height, from pink to bright, and how much people differ (SD of the logarithm)."""
PATCH_RIM_MM = 6.0
"""Beyond a piece of skin lesions may lie that reach into it."""
PATCH_EDGE_MM = 0.25


@dataclass(frozen=True, slots=True)
class Traits:
    """What lesions (n,) are at their height, and where. brown, brown_days : uniform numbers that fix whether one
    leaves a brown mark, and for how long."""

    x_mm: Floats
    y_mm: Floats
    region: NDArray[np.int8]
    diameter_mm: Floats
    height_mm: Floats
    erythema: Floats
    shape: Ints
    brown: Floats
    brown_days: Floats


@dataclass(frozen=True, slots=True)
class Places:
    """The sites of one person, (sites,) each: how likely they are, and the numbers that fix what a lesion there is.

    x_mm, y_mm : of the pattern that is common to all. jitter (2, sites), uniform (5, sites) : uniform numbers.
    dense : the field. wide : standard normal numbers. person : a factor on redness.
    """

    ground: Ground
    weight: Floats
    x_mm: Floats
    y_mm: Floats
    jitter: Floats
    dense: Floats
    wide: Floats
    uniform: Floats
    person: float
    shape: Ints

    def __len__(self) -> int:
        return int(self.weight.size)

    def at(self, site: Ints) -> Traits:
        """What lesions at some sites are: few of all sites ever have one."""
        x, y = _own_places(self.ground, self.x_mm[site], self.y_mm[site], self.jitter[:, site])
        wide = DIAMETER_LOG_SD * self.wide[site] + DENSE_IS_WIDE * self.dense[site]
        raised, high, red, brown, brown_days = self.uniform[:, site]
        erythema = self.person * (ERYTHEMA[0] + (ERYTHEMA[1] - ERYTHEMA[0]) * red)
        return Traits(
            x, y, self.ground.region(x, y), np.clip(DIAMETER_MEDIAN_MM * np.exp(wide), *DIAMETER_LIMITS_MM),
            np.where(raised < PAPULES, HEIGHT_MM[0] + (HEIGHT_MM[1] - HEIGHT_MM[0]) * high, 0.0),
            np.clip(erythema, 0.2, 0.9), self.shape[site], brown, brown_days,
        )  # fmt: skip


def draw_places(patient: Patient, seed: int) -> Places:
    """The sites of a face, from the stream (seed, patient, "exanthem", "sites") alone."""
    rng = stream(seed, patient.key, "exanthem", "sites")
    base, smoother = _face()
    smooth = smoother.draw(rng, MIRRORED)
    jitter = rng.random((2, SITES))
    region = FACE.region(*_own_places(FACE, *base, jitter))
    factor = np.where(region >= 0, np.array([REGIONS[name] for name in chart.REGIONS])[region], 1.0)
    return _draw(FACE, base, jitter, smooth, rng, factor)


@cache
def _face() -> tuple[tuple[Floats, Floats], field.Smoother]:
    """The pattern that all faces have in common, and the smoother of its points."""
    base = points.blue_noise(FACE, SITES, EDGE_MM)
    return base, field.smoother(FACE, *base, LENGTH_MM)


def draw_patch_places(ground: Ground, seed: int, address: tuple[str | int, ...]) -> Places:
    """The sites of a piece of skin, as dense as on a face, from the stream (seed, *address, "exanthem", "sites")."""
    rng = stream(seed, *address, "exanthem", "sites")
    base = points.cut(rng, ground, SITES / FACE.area_mm2, PATCH_EDGE_MM)
    smooth = field.on_square(rng, ground, *base, LENGTH_MM)
    return _draw(ground, base, rng.random((2, smooth.size)), smooth, rng, 1.0)


def _own_places(ground: Ground, x_mm: Floats, y_mm: Floats, jitter: Floats) -> tuple[Floats, Floats]:
    """Places of the common pattern as a person has them; those that would leave the ground stay."""
    x, y = points.moved(x_mm, y_mm, jitter, JITTER_MM)
    off = ~ground.inside(x, y)
    return np.where(off, x_mm, x), np.where(off, y_mm, y)


def _draw(
    ground: Ground, base: tuple[Floats, Floats], jitter: Floats, smooth: Floats, rng: Generator, factor: Floats | float
) -> Places:
    wide, uniform = rng.standard_normal(smooth.size), rng.random((5, smooth.size))
    person = float(np.exp(PERSON_SD * rng.standard_normal()))
    weight = field.log_normal(smooth, LOG_SD) * factor
    return Places(ground, weight, *base, jitter, smooth, wide, uniform, person, rng.integers(0, 2**31, smooth.size))
