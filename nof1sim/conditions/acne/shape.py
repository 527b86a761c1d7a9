"""The size and colour of one lesion at one age: formulas, compiled. Nothing here knows a table or a day.

Growth 1 - exp(-s / 1.2 d), a plateau, decay over the last 35 % of the planned life. A counted lesion never shrinks
below the floors, so image and count agree.
"""

from __future__ import annotations

import math

from .compiled import compiled

GROWTH_DAYS, NODULE_GROWTH_DAYS, COMEDONE_GROWTH_DAYS = 1.2, 4.0, 5.0
DECAY_SHARE = 0.35
FLOOR_DIAMETER_MM, FLOOR_HEIGHT_MM, FLOOR_REDNESS = 1.2, 0.12, 0.30
"""A counted inflammatory lesion shows at least this much; a comedone at least COMEDONE_FLOOR_MM and .05 mm."""
COMEDONE_FLOOR_MM, COMEDONE_FLOOR_HEIGHT_MM = 1.0, 0.05
MARK_FLOOR = 0.03
"""Marks fainter than this (added blood and melanin) are not drawn."""
RED_TAIL = 1.2
"""A red mark is gone to the eye at its last day, when 1/1.2 of its fading is done."""
PIGMENT_HALF_DAYS, SCAR_HALF_DAYS = 3.0, 10.0
"""A brown mark reaches half of its colour, a scar half of its depth, after so many days."""


@compiled
def smoothstep(x):
    """0 below 0, 1 above 1, smooth in between."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


@compiled
def fade(x):
    """1 at 0, 0 from 1 on, smooth in between."""
    return 1.0 - smoothstep(x)


@compiled
def rise(days, half):
    """0 at 0, one half at `half` days, towards 1."""
    return days / (days + half)


@compiled
def rise_and_fall(age, planned, growth_days):
    """Growth and decay factors (0..1] at `age` whole days after birth (0 on the day itself)."""
    s = age + 0.5
    return 1.0 - math.exp(-s / growth_days), 1.0 - smoothstep((s / planned - (1.0 - DECAY_SHARE)) / DECAY_SHARE)


@compiled
def inflamed(age, planned, nodule, diameter, height, redness):
    """Diameter (mm), height (mm) and erythema of an inflammatory lesion; the last three arguments are its peaks.

    A healing lesion flattens first; its width and redness halve, and the mark takes over from there.
    """
    grow, stay = rise_and_fall(age, planned, NODULE_GROWTH_DAYS if nodule else GROWTH_DAYS)
    flush = 1.0 - math.exp(-(age + 0.5) / GROWTH_DAYS)
    wide = FLOOR_DIAMETER_MM + (diameter - FLOOR_DIAMETER_MM) * grow * (0.45 + 0.55 * stay)
    high = FLOOR_HEIGHT_MM + (height - FLOOR_HEIGHT_MM) * grow * stay
    return wide, high, max(FLOOR_REDNESS, redness * flush * (0.5 + 0.5 * stay))


@compiled
def comedone(age, planned, diameter, height):
    """Diameter, height (mm) and growth factor of a comedone."""
    grow, stay = rise_and_fall(age, planned, COMEDONE_GROWTH_DAYS)
    both = grow * stay
    wide = COMEDONE_FLOOR_MM + (diameter - COMEDONE_FLOOR_MM) * both
    return wide, COMEDONE_FLOOR_HEIGHT_MM + (height - COMEDONE_FLOOR_HEIGHT_MM) * both, 0.4 + 0.6 * both


@compiled
def cap(age, start, days):
    """Pus cover 0..1 of a cap that shows on ages start .. start + days - 1; a trace on the days beside."""
    if days == 0 or age < start - 1 or age > start + days:
        return 0.0
    if age == start - 1 or age == start + days:
        return 0.2
    return 0.65 if age == start or age == start + days - 1 else 0.95


@compiled
def crust(age, start, days):
    """Crust cover 0..1 after a cap, growing over two days."""
    return 0.85 * smoothstep((age - (start + days) + 1.0) / 2.0)
