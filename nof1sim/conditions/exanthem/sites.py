"""Where an exanthem comes up: many small places, denser where a smooth field, much the same left and right, is high.

No published number for the density: lengths, spreads and regional factors are this project's choices. Sizes 1 to 10 mm
are those of the project's severity page.
"""

from __future__ import annotations

from dataclasses import dataclass

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
class Places:
    """The sites of one person, (sites,) each: where, how likely, and what a lesion there is at its height.

    brown, brown_days : uniform numbers that fix whether it leaves a brown mark, and for how long.
    """

    x_mm: Floats
    y_mm: Floats
    region: NDArray[np.int8]
    weight: Floats
    diameter_mm: Floats
    height_mm: Floats
    erythema: Floats
    shape: Ints
    brown: Floats
    brown_days: Floats

    def __len__(self) -> int:
        return int(self.x_mm.size)


def draw_places(patient: Patient, seed: int) -> Places:
    """The sites of a face, from the stream (seed, patient, "exanthem", "sites") alone."""
    rng = stream(seed, patient.key, "exanthem", "sites")
    base = points.blue_noise(FACE, SITES, EDGE_MM)
    smooth = field.smoother(FACE, *base, LENGTH_MM).draw(rng, MIRRORED)
    return _draw(FACE, base, smooth, rng, np.array([REGIONS[name] for name in chart.REGIONS]))


def draw_patch_places(ground: Ground, seed: int, address: tuple[str | int, ...]) -> Places:
    """The sites of a piece of skin, as dense as on a face, from the stream (seed, *address, "exanthem", "sites")."""
    rng = stream(seed, *address, "exanthem", "sites")
    base = points.cut(rng, ground, SITES / FACE.area_mm2, PATCH_EDGE_MM)
    return _draw(ground, base, field.on_square(rng, ground, *base, LENGTH_MM), rng, np.ones(len(chart.REGIONS)))


def _draw(ground: Ground, base: tuple[Floats, Floats], smooth: Floats, rng: Generator, factor: Floats) -> Places:
    count = smooth.size
    x, y = points.jittered(rng, *base, JITTER_MM)
    off = ~ground.inside(x, y)
    x, y = np.where(off, base[0], x), np.where(off, base[1], y)
    region = ground.region(x, y)
    wide = DIAMETER_MEDIAN_MM * np.exp(DIAMETER_LOG_SD * rng.standard_normal(count) + DENSE_IS_WIDE * smooth)
    raised, high, red, brown, brown_days = rng.random((5, count))
    person = np.exp(PERSON_SD * rng.standard_normal())
    weight = field.log_normal(smooth, LOG_SD) * np.where(region >= 0, factor[region], 1.0)
    height = np.where(raised < PAPULES, HEIGHT_MM[0] + (HEIGHT_MM[1] - HEIGHT_MM[0]) * high, 0.0)
    erythema = np.clip(person * (ERYTHEMA[0] + (ERYTHEMA[1] - ERYTHEMA[0]) * red), 0.2, 0.9)
    shape = rng.integers(0, 2**31, count)
    diameter = np.clip(wide, *DIAMETER_LIMITS_MM)
    return Places(x, y, region, weight, diameter, height, erythema, shape, brown, brown_days)
