"""The size and colour of one lesion at one age: formulas, compiled. Nothing here knows a table or a day.

Growth 1 - exp(-s / 1.2 d), a plateau, decay over the last 35 % of the planned life (relief and redness: 45 %). A
counted lesion never shrinks below the floors, so image and count agree. Redness and relief take days to come up, and
what is left of a lesion on its last day that counts dies away over days (`ebb`), whatever ended it.
"""

from __future__ import annotations

import math

from .compiled import njit

GROWTH_DAYS, NODULE_GROWTH_DAYS, COMEDONE_GROWTH_DAYS = 1.2, 4.0, 5.0
DECAY_SHARE, FLATTEN_SHARE, FLATTEN_DAYS = 0.35, 0.45, 4.0
FLOOR_DIAMETER_MM, FLOOR_HEIGHT_MM, FLOOR_REDNESS = 1.2, 0.12, 0.15
"""A counted inflammatory lesion shows at least this much; a comedone at least COMEDONE_FLOOR_MM and .05 mm."""
COMEDONE_FLOOR_MM, COMEDONE_FLOOR_HEIGHT_MM = 1.0, 0.05
RISE_DAYS, FLUSH_DAYS = 5.0, 6.0
"""[D] An inflammatory lesion is born low and pale; so many days later relief and redness are held back no more."""
HANDOVER_DAYS = 4.0
"""[D] A lesion that starts in a comedone, a mark or a scar takes its look over from it within so many days."""
COMEDONE_RED = 0.06
"""Erythema of a comedone. A renderer knows by it what a pale remnant was."""
MARK_BASE = 0.30
"""A red mark is as strong as an inflammation of at least this redness leaves it."""
MARK_FLOOR = 0.03
"""Marks fainter than this (added blood and melanin) are not drawn."""
RED_TAIL = 1.2
"""A red mark is gone to the eye at its last day, when 1/1.2 of its fading is done."""
PIGMENT_HALF_DAYS, DARKENING_HALF_DAYS, SCAR_HALF_DAYS = 3.0, 5.0, 10.0
"""A brown mark is called one after about, and has half of its colour (a short one sooner), a scar half of its depth."""
SINK_DAYS, PALE_DAYS, PUS_DAYS, CRUST_DAYS, COMEDONE_DAYS = 4.0, 6.0, 3.0, 7.0, 6.0
"""[D] Days in which a healed lesion's relief, redness, pus and crust, and all of a comedone, are gone."""
SINK_DAYS_PER_MM, PALER_THAN_LEVEL = 1.5, 1.35
"""[D] A dome higher than 1 mm takes so much longer to sink; redness stays at least so many times as long as a dome."""
REMNANT_DAYS, NODULE_REMNANT_DAYS = 7, 12
"""Upper bounds of the days on which something of a healed lesion is left; below the 14 days that its site rests."""


@njit()
def smoothstep(x):
    """0 below 0, 1 above 1, smooth in between."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


@njit()
def fade(x):
    """1 at 0, 0 from 1 on, smooth in between."""
    return 1.0 - smoothstep(x)


@njit()
def rise(days, half):
    """0 at 0, one half at `half` days, towards 1."""
    return days / (days + half)


@njit()
def rise_and_fall(age, planned, growth_days):
    """Growth and decay factors (0..1] at `age` whole days after birth (0 on the day itself)."""
    s = age + 0.5
    return 1.0 - math.exp(-s / growth_days), 1.0 - smoothstep((s / planned - (1.0 - DECAY_SHARE)) / DECAY_SHARE)


@njit()
def inflamed(age, planned, nodule, diameter, height, redness):
    """Diameter (mm), height (mm) and erythema of an inflammatory lesion; the last three arguments are its peaks.

    A healing lesion flattens first; its width and redness halve, and the mark takes over from there.
    """
    grow, stay = rise_and_fall(age, planned, NODULE_GROWTH_DAYS if nodule else GROWTH_DAYS)
    flush = 1.0 - math.exp(-(age + 0.5) / GROWTH_DAYS)
    fresh = 1.0 - smoothstep(((age + 0.5) / planned - (1.0 - FLATTEN_SHARE)) / FLATTEN_SHARE)
    if not nodule:  # a short life leaves more to the days after it
        depth = min(FLATTEN_SHARE * planned / FLATTEN_DAYS, 1.0)
        stay, fresh = 1.0 - depth * (1.0 - stay), 1.0 - depth * (1.0 - fresh)
    wide = FLOOR_DIAMETER_MM + (diameter - FLOOR_DIAMETER_MM) * grow * (0.45 + 0.55 * stay)
    high = FLOOR_HEIGHT_MM + (height - FLOOR_HEIGHT_MM) * grow * fresh * min((age + 1.0) / RISE_DAYS, 1.0)
    red = redness * flush * (0.5 + 0.5 * fresh) * min((age + 1.0) / FLUSH_DAYS, 1.0)
    return wide, high, max(FLOOR_REDNESS, red)


@njit()
def mark_red(age, planned, nodule, redness):
    """Erythema that the red mark of a lesion healed at `age` starts from; its peak is `redness`."""
    stay = rise_and_fall(age, planned, NODULE_GROWTH_DAYS if nodule else GROWTH_DAYS)[1]
    flush = 1.0 - math.exp(-(age + 0.5) / GROWTH_DAYS)
    return min(0.9 * max(MARK_BASE, redness * flush * (0.5 + 0.5 * stay)), 0.65)


@njit()
def ebb(days, whole):
    """What is left `days` after the last counted day of something that is gone after `whole` days: evenly, 1 to 0."""
    return min(max(1.0 - days / whole, 0.0), 1.0)


@njit()
def shown(colour, whole):
    """A mark's colour less the floor at which it is drawn no more, so that it goes evenly; `whole` stays whole."""
    return max(colour - MARK_FLOOR, 0.0) * whole / (whole - MARK_FLOOR)


@njit()
def sink_days(height):
    """Days in which a dome of `height` mm is level again."""
    return SINK_DAYS + SINK_DAYS_PER_MM * max(height - 1.0, 0.0)


@njit()
def comedone(age, planned, diameter, height):
    """Diameter, height (mm) and growth factor of a comedone."""
    grow, stay = rise_and_fall(age, planned, COMEDONE_GROWTH_DAYS)
    both = grow * stay
    wide = COMEDONE_FLOOR_MM + (diameter - COMEDONE_FLOOR_MM) * both
    return wide, COMEDONE_FLOOR_HEIGHT_MM + (height - COMEDONE_FLOOR_HEIGHT_MM) * both, 0.25 + 0.75 * both


@njit()
def cap(age, start, days):
    """Pus cover 0..1 of a cap that shows on ages start .. start + days - 1; a trace before, it dries up in two days."""
    if days == 0 or age < start - 1 or age > start + days + 1:
        return 0.0
    if age == start - 1:
        return 0.3
    if age >= start + days:
        return 0.4 if age == start + days else 0.2
    return 0.65 if age == start or age == start + days - 1 else 0.95


@njit()
def crust(age, start, days, planned):
    """Crust cover 0..1 after a cap: it grows over four days and begins to dry off before the planned end."""
    left = planned - (age + 0.5)
    return 0.85 * smoothstep((age - (start + days) + 1.0) / 4.0) * (0.6 + 0.4 * smoothstep(left / 4.0))
