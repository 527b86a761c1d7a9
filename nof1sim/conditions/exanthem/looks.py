"""How every lesion of an exanthem looks on every day: from that day and earlier ones only.

A lesion comes up over two days, pales and flattens in the last part of its life, and from its last day that counts on
fades within a week under fine scale; on darker skin a brown mark may follow. [D] throughout, within the ranges of the
project's severity page (1 to 10 mm; gone 1 to 2 weeks after the cause; fine scale).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.conditions.merge import merged
from nof1sim.model import STAGE_CODE, Floats, Ints

GROWTH_DAYS = 1.3
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

P_BROWN = (0.0, 0.02, 0.08, 0.25, 0.45, 0.60)
BROWN_MEDIAN_DAYS, BROWN_LOG_SD = (14.0, 14.0, 21.0, 35.0, 60.0, 90.0), 0.5
BROWN = (0.10, 0.12, 0.15, 0.19, 0.24, 0.28)
"""[D] By Fitzpatrick type: chance that a lesion leaves a brown mark, its days, and its melanin at first."""
BROWN_RISE_DAYS = 3.0
MARKS_FAST_FACTOR, MARKS_FAST_DAYS = 0.25, 21.0

MACULE, PAPULE = STAGE_CODE["erythema"], STAGE_CODE["papule"]
_BROWN, _RESOLVING = STAGE_CODE["hyperpigmentation"], STAGE_CODE["resolving"]


@dataclass(frozen=True, slots=True)
class Looks:
    """Lesions on days, one entry each by day, then lesion: day, row of the lesion table, and what is seen of it."""

    day: Ints
    row: Ints
    stage: NDArray[np.int8]
    diameter_mm: Floats
    height_mm: Floats
    erythema: Floats
    melanin: Floats
    crust: Floats
    counted: NDArray[np.bool_]


def brown_days(fitzpatrick: int, chance: Floats, length: Floats) -> Ints:
    """Days of the brown mark that a lesion of each site leaves, 0 for none; from uniform numbers."""
    from scipy.special import ndtri

    skin = min(max(fitzpatrick, 1), 6) - 1
    days = BROWN_MEDIAN_DAYS[skin] * np.exp(BROWN_LOG_SD * ndtri(np.clip(length, 1e-9, 1.0 - 1e-9)))
    return np.where(chance < P_BROWN[skin], np.rint(days), 0).astype(np.int64)


def shown_brown_days(days: NDArray[Any], marks: str) -> Floats:
    """Days of the brown marks as the option `marks` shows them."""
    if marks == "off":
        return np.zeros(days.shape)
    return np.minimum(days * MARKS_FAST_FACTOR, MARKS_FAST_DAYS) if marks == "fast" else days.astype(float)


def on_days(table: Mapping[str, NDArray[Any]], first: int, until: int, marks: str) -> Looks:
    """The looks of days `first` to `until` (1-based) of a lesion table; see `table.COLUMNS`."""
    return _merged(table, alone_on_days(table, first, until, marks))


def alone_on_days(table: Mapping[str, NDArray[Any]], first: int | Ints, until: int, marks: str) -> Looks:
    """The same of each lesion as if it were alone: which are seen on which day does not depend on the others. `first`
    may be a day of each lesion's own."""
    born, last = (np.asarray(table[name], np.int64) for name in ("birth_day", "last_counted_day"))
    going_on = np.asarray(table["ending"]) == 0
    brown = shown_brown_days(np.asarray(table["pih_days"]), marks)
    end = np.where(going_on, until, last + np.maximum(FADE_DAYS, np.ceil(brown)).astype(np.int64))
    superseded = np.asarray(table["superseded_day"], np.int64)
    end = np.minimum(np.where(superseded > 0, np.minimum(end, superseded - 1), end), until)
    start = np.maximum(born, first)
    count = np.maximum(end - start + 1, 0)
    row = np.repeat(np.arange(born.size), count)
    day = np.repeat(start - np.cumsum(count) + count, count) + np.arange(row.size)
    order = np.lexsort((row, day))
    row, day = row[order], day[order]
    looks = _looks(table, row, day, (day <= last[row]) | going_on[row], brown)
    seen = looks.counted | (np.maximum(np.maximum(looks.erythema, looks.melanin), looks.crust) >= FLOOR)
    return Looks(*(getattr(looks, name)[seen] for name in Looks.__dataclass_fields__))


def _looks(table: Mapping[str, Any], row: Ints, day: Ints, counted: NDArray[np.bool_], brown: Floats) -> Looks:
    planned, raised = table["planned_days"][row], table["kind"][row] == 1
    age = np.minimum(day, table["last_counted_day"][row]) - table["birth_day"][row]
    after = np.where(counted, 0, day - table["last_counted_day"][row])
    grown = 1.0 - np.exp(-(age + 1.0) / GROWTH_DAYS)
    old = _smooth(((age + 0.5) / planned - PALE_FROM) / (1.0 - PALE_FROM))
    left = np.clip(1.0 - after / (FADE_DAYS + 1.0), 0.0, 1.0)
    wide = np.maximum(table["peak_diameter_mm"][row] * (BORN_WIDE + (1.0 - BORN_WIDE) * grown), LEAST_MM)
    red = table["peak_erythema"][row] * grown * (1.0 - (1.0 - PALE_TO) * old)
    red = np.maximum(red, LEAST_ERYTHEMA) * np.where(counted, 1.0, left**1.5)
    high = table["peak_height_mm"][row] * grown * (1.0 - old) * left
    scale = SCALE * np.minimum(0.5 * after, 1.0) * _smooth(1.6 * left)
    dark = _brown(table["peak_melanin"][row], brown[row], after)
    stage = np.where(raised, PAPULE, MACULE)
    stage = np.where(counted, stage, np.where((dark >= FLOOR) & (dark > red), _BROWN, _RESOLVING))
    return Looks(day, row, stage.astype(np.int8), wide, high, red, dark, scale, counted)


def _brown(peak: Floats, days: Floats, after: Ints) -> Floats:
    """Melanin of a mark `after` days from the lesion: it comes as the redness goes, and fades to its last day."""
    gone = _smooth(after / np.maximum(days, 1.0))
    return np.where((after > 0) & (days > 0), peak * after / (after + BROWN_RISE_DAYS) * (1.0 - gone), 0.0)


def _merged(table: Mapping[str, Any], looks: Looks) -> Looks:
    """The same with the colours of lesions that run together lowered, day by day."""
    if not looks.day.size:
        return looks
    red, brown = looks.erythema.copy(), looks.melanin.copy()
    x, y, radius = table["x_mm"][looks.row], table["y_mm"][looks.row], 0.5 * looks.diameter_mm
    first = np.flatnonzero(np.diff(looks.day, prepend=-1))
    for a, b in zip(first, [*first[1:], looks.day.size], strict=True):
        red[a:b], brown[a:b] = merged(x[a:b], y[a:b], radius[a:b], looks.erythema[a:b], looks.melanin[a:b])
    return replace(looks, erythema=red, melanin=brown)


def _smooth(x: Floats) -> Floats:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)
