"""How every lesion of an exanthem looks on every day: one compiled walk over the table, for one day or for all.

A lesion comes up over two days, pales and flattens in the last part of its life, and from its last day that counts on
fades within a week under fine scale; on darker skin a brown mark may follow. [D] throughout, within the ranges of the
project's severity page (1 to 10 mm; gone 1 to 2 weeks after the cause; fine scale).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import STAGE_CODE, Floats, Ints

from .compiled import njit

BORN_WIDE = 0.45
"""Share of its diameter that a lesion has at once; the rest grows."""
PALE_FROM, PALE_TO = 0.55, 0.55
"""From this share of its life on a lesion pales, to this share of its redness at its end."""
LEAST_MM, LEAST_ERYTHEMA = 1.0, 0.16
"""What a lesion that counts shows at least."""
FADE_DAYS = 6
"""Days in which what is left of a lesion has gone."""
SCALE = 0.18
"""Cover by fine scale at its most, two days after the lesion; more would look like a crust."""
FLOOR = 0.03
"""Colour fainter than this is not drawn."""
BROWN_RISE_DAYS = 3.0

MACULE, PAPULE = STAGE_CODE["erythema"], STAGE_CODE["papule"]
_BROWN, _RESOLVING = STAGE_CODE["hyperpigmentation"], STAGE_CODE["resolving"]
WIDE, HIGH, RED, BROWN, SCALY = range(5)
LOOKS = 5


class Rows(NamedTuple):
    """What the looks of lesions (n,) depend on, see `table.COLUMNS`.

    end : the last day on which something may be seen of it. brown_days : as they are shown. grown : of a lesion by its
    age in days, from 0.
    """

    birth: Ints
    last: Ints
    going_on: NDArray[np.bool_]
    end: Ints
    planned: Ints
    raised: NDArray[np.bool_]
    diameter_mm: Floats
    height_mm: Floats
    erythema: Floats
    melanin: Floats
    brown_days: Floats
    grown: Floats


@njit(inline="always")
def _smooth(x):
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


@njit(inline="always")  # a call would copy all of `rows`
def look(rows, i, day, looks, n):
    """Writes the look of a lesion alone, looks[:, n]. Returns its stage, and whether it is seen, and counts."""
    counted = rows.going_on[i] or day <= rows.last[i]
    age = min(day, rows.last[i]) - rows.birth[i]
    after = 0 if counted else day - rows.last[i]
    grown = rows.grown[min(age, rows.grown.size - 1)]
    old = _smooth(((age + 0.5) / rows.planned[i] - PALE_FROM) / (1.0 - PALE_FROM))
    left = min(max(1.0 - after / (FADE_DAYS + 1.0), 0.0), 1.0)
    red = max(rows.erythema[i] * grown * (1.0 - (1.0 - PALE_TO) * old), LEAST_ERYTHEMA)
    brown = 0.0
    if not counted:
        red *= left**1.5
        if rows.brown_days[i] > 0.0:  # it comes as the redness goes, and fades to its last day
            gone = _smooth(after / max(rows.brown_days[i], 1.0))
            brown = rows.melanin[i] * after / (after + BROWN_RISE_DAYS) * (1.0 - gone)
    looks[WIDE, n] = max(rows.diameter_mm[i] * (BORN_WIDE + (1.0 - BORN_WIDE) * grown), LEAST_MM)
    looks[HIGH, n] = rows.height_mm[i] * grown * (1.0 - old) * left
    looks[RED, n], looks[BROWN, n] = red, brown
    looks[SCALY, n] = SCALE * min(0.5 * after, 1.0) * _smooth(1.6 * left)
    stage = PAPULE if rows.raised[i] else MACULE
    if not counted:
        stage = _BROWN if brown >= FLOOR and brown > red else _RESOLVING
    return stage, counted or max(red, brown, looks[SCALY, n]) >= FLOOR, counted


@njit()
def walk(rows, first, until):
    """Every lesion on every day first .. until. Returns day, row, stage, looks (LOOKS, entries) and whether it counts,
    lesion by lesion."""
    room = 0
    for i in range(rows.birth.size):
        room += max(min(rows.end[i], until) - max(rows.birth[i], first) + 1, 0)
    day_of, row, stage = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int8)
    looks, counted, n = np.empty((LOOKS, room + 1)), np.empty(room, np.bool_), 0
    for i in range(rows.birth.size):
        for day in range(max(rows.birth[i], first), min(rows.end[i], until) + 1):
            code, seen, counts = look(rows, i, day, looks, n)
            if seen:
                day_of[n], row[n], stage[n], counted[n] = day, i, code, counts
                n += 1
    return day_of[:n], row[:n], stage[:n], looks[:, :n], counted[:n]


@njit()
def last_seen(rows, days):
    """The last day, up to `days`, on which each lesion is drawn."""
    seen, looks = np.empty(rows.birth.size, np.int64), np.empty((LOOKS, 1))
    for i in range(rows.birth.size):
        first = days if rows.going_on[i] else rows.last[i]
        day = max(min(rows.end[i], days), first)
        while day > first and not look(rows, i, day, looks, 0)[1]:
            day -= 1
        seen[i] = day
    return seen
