"""The looks of an exanthem's lesions: from the table to the compiled walk and back, brown marks, plaques."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.conditions.merge import merged
from nof1sim.model import Floats, Ints

from .days import GOING_ON
from .walk import BROWN, FADE_DAYS, HIGH, RED, SCALY, WIDE, Rows, last_seen, walk

GROWTH_DAYS = 1.3
FOREVER = 1 << 40
AGES = 64
"""Days of age from which on a lesion is full-grown to the last digit."""

P_BROWN = (0.0, 0.02, 0.08, 0.25, 0.45, 0.60)
BROWN_MEDIAN_DAYS, BROWN_LOG_SD = (14.0, 14.0, 21.0, 35.0, 60.0, 90.0), 0.5
BROWN_AT_FIRST = (0.10, 0.12, 0.15, 0.19, 0.24, 0.28)
"""[D] By Fitzpatrick type: chance that a lesion leaves a brown mark, its days, and its melanin at first."""
MARKS_FAST_FACTOR, MARKS_FAST_DAYS = 0.25, 21.0


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
    days, some = np.zeros(chance.size, np.int64), np.flatnonzero(chance < P_BROWN[skin])
    z = ndtri(np.clip(length[some], 1e-9, 1.0 - 1e-9))
    days[some] = np.rint(BROWN_MEDIAN_DAYS[skin] * np.exp(BROWN_LOG_SD * z)).astype(np.int64)
    return days


def shown_brown_days(days: NDArray[Any], marks: str) -> Floats:
    """Days of the brown marks as the option `marks` shows them."""
    if marks == "off":
        return np.zeros(days.shape)
    return np.minimum(days * MARKS_FAST_FACTOR, MARKS_FAST_DAYS) if marks == "fast" else days.astype(float)


def on_days(table: Mapping[str, NDArray[Any]], first: int, until: int, marks: str) -> Looks:
    """The looks of days `first` to `until` (1-based) of a lesion table; see `table.COLUMNS`."""
    day, row, stage, looks, counted = walk(_rows(table, marks), first, until)
    if first != until:
        order = np.argsort(day.astype(np.uint16), kind="stable")  # 16 bits: a radix sort
        day, row, stage, looks, counted = day[order], row[order], stage[order], looks[:, order], counted[order]
    return _merged(
        table, Looks(day, row, stage, looks[WIDE], looks[HIGH], looks[RED], looks[BROWN], looks[SCALY], counted)
    )


def end_days(table: Mapping[str, NDArray[Any]], days: int, marks: str) -> Ints:
    """The last day, up to `days`, on which each lesion or its mark is drawn; all of `table.COLUMNS` but this."""
    return last_seen(_rows(table, marks), days)


def _rows(table: Mapping[str, NDArray[Any]], marks: str) -> Rows:
    brown = shown_brown_days(np.asarray(table["pih_days"]), marks)
    last, superseded = (np.asarray(table[name], np.int64) for name in ("last_counted_day", "superseded_day"))
    going_on = np.asarray(table["ending"]) == GOING_ON
    end = last + np.maximum(np.ceil(brown).astype(np.int64), FADE_DAYS)
    end[going_on] = FOREVER
    return Rows(
        birth=np.asarray(table["birth_day"], np.int64),
        last=last,
        going_on=going_on,
        end=np.where(superseded > 0, np.minimum(end, superseded - 1), end),
        planned=np.asarray(table["planned_days"], np.int64),
        raised=np.asarray(table["kind"]) == 1,
        diameter_mm=table["peak_diameter_mm"],
        height_mm=table["peak_height_mm"],
        erythema=table["peak_erythema"],
        melanin=table["peak_melanin"],
        brown_days=brown,
        grown=_grown(),
    )


@cache
def _grown() -> Floats:
    """How far a lesion has grown and reddened by its age in days."""
    return 1.0 - np.exp(-(np.arange(AGES) + 1.0) / GROWTH_DAYS)


def _merged(table: Mapping[str, Any], looks: Looks) -> Looks:
    """The same with the colours of lesions that run together lowered, day by day."""
    if not looks.day.size:
        return looks
    red, brown = np.empty(looks.day.size), np.empty(looks.day.size)
    x, y, radius = table["x_mm"][looks.row], table["y_mm"][looks.row], 0.5 * looks.diameter_mm
    first = np.flatnonzero(looks.day[1:] != looks.day[:-1]) + 1
    for a, b in zip([0, *first], [*first, looks.day.size], strict=True):
        red[a:b], brown[a:b] = merged(x[a:b], y[a:b], radius[a:b], looks.erythema[a:b], looks.melanin[a:b])
    return replace(looks, erythema=red, melanin=brown)
