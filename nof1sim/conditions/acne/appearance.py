"""How every lesion looks on every day: one compiled walk over the table, for one day or for all.

Diameters and heights: the project's table of lesion types (papule and pustule 2-5 mm, nodule over 5, comedone 1-3,
marks 2-6, scars 1-4 mm; Lehmann, NCT02320149). A day's look uses that day and earlier ones only.
"""

from __future__ import annotations

import numpy as np

from nof1sim.model import STAGE_CODE

from . import hashing as h
from . import life as f
from . import shape
from .compiled import compiled
from .marks import FAST_LONGEST_DAYS, FAST_PIE_FACTOR, FAST_PIH_FACTOR

MARKS_OFF, MARKS_FAST, MARKS_REALISTIC = 0, 1, 2

# Columns of a lesion's peaks (lesions, 7), float64, and of its look on a day.
DIAMETER, HEIGHT, REDNESS, PIGMENT, PLUG, SCAR_DIAMETER, SCAR_DEPTH = range(7)
PEAKS = 7
WIDE, HIGH, RED, BROWN, PUS, DARK, CRUST = range(7)
LOOKS = 7

_CLOSED, _OPEN = STAGE_CODE["closed_comedone"], STAGE_CODE["open_comedone"]
_PAPULE, _PUSTULE, _NODULE = STAGE_CODE["papule"], STAGE_CODE["pustule"], STAGE_CODE["nodule"]
_CRUST, _PIE = STAGE_CODE["crust"], STAGE_CODE["erythema"]
_PIH, _SCAR = STAGE_CODE["hyperpigmentation"], STAGE_CODE["scar"]
GONE = -1
NODULE_MM = 5.0
CRUST_STAGE = 0.5


@compiled
def peaks(rows, key):
    """What each lesion is at its height (lesions, PEAKS), its outline number and its days as a microcomedone."""
    n = rows.shape[0]
    top, outline, micro = np.empty((n, PEAKS)), np.empty(n, np.int64), np.empty(n, np.int32)
    for i in range(n):
        kind, born, site = rows[i, f.KIND], rows[i, f.BIRTH], rows[i, f.SITE]
        u, v = h.u01(key, born, site, h.DIAMETER), h.u01(key, born, site, h.HEIGHT)
        red, brown = h.u01(key, born, site, h.REDNESS), h.u01(key, born, site, h.PIGMENT)
        base, rise = 0.5, 1.0  # papule and pustule
        if kind == f.NODULE:
            base, rise = 1.2, 2.8
        elif kind == f.CLOSED:
            base, rise = 0.2, 0.3
        elif kind == f.OPEN:
            base, rise = 0.06, 0.08
        top[i, DIAMETER] = f.peak_diameter_mm(key, born, site, kind)
        top[i, HEIGHT] = base + rise * (0.6 * u + 0.4 * v)  # a wide one is rather a high one
        top[i, REDNESS] = (0.75 if kind != f.NODULE else 0.85) + 0.25 * red * (1.0 if kind != f.NODULE else 0.6)
        top[i, PIGMENT] = 0.3 + 0.4 * brown
        top[i, PLUG] = 0.65 + 0.35 * h.u01(key, born, site, h.PLUG) if kind == f.OPEN else 0.0
        # A scar belongs to its site, so that it looks the same after another lesion there.
        top[i, SCAR_DIAMETER] = 1.0 + 3.0 * h.u01(key, 0, site, h.DIAMETER) ** 1.5
        top[i, SCAR_DEPTH] = 0.10 + 0.35 * h.u01(key, 0, site, h.HEIGHT)
        outline[i] = int(h.u01(key, born, site, h.SHAPE) * 2147483648.0)
        micro[i] = 14 + int(43.0 * h.u01(key, born, site, h.MICRO)) if kind < f.PAPULE else 0
    return top, outline, micro


@compiled
def look_counted(row, top, age, look):
    """Writes the look of a lesion that counts, `age` days after its birth, and returns its stage."""
    look[:] = 0.0
    kind, planned = row[f.KIND], row[f.LIFE]
    if kind < f.PAPULE:
        wide, high, share = shape.comedone(age, planned, top[DIAMETER], top[HEIGHT])
        look[WIDE], look[HIGH], look[RED], look[DARK] = wide, high, 0.06 * share, top[PLUG] * share
        return _OPEN if kind == f.OPEN else _CLOSED
    wide, high, red = shape.inflamed(age, planned, kind == f.NODULE, top[DIAMETER], top[HEIGHT], top[REDNESS])
    look[WIDE], look[HIGH], look[RED] = wide, high, red
    if kind == f.NODULE:
        return _NODULE if wide > NODULE_MM else _PAPULE
    if kind == f.PUSTULE:
        look[PUS] = shape.cap(age, row[f.CAP_FROM], row[f.CAP_DAYS])
        look[CRUST] = shape.crust(age, row[f.CAP_FROM], row[f.CAP_DAYS]) * row[f.CRUSTS]
        if row[f.CAP_FROM] <= age < row[f.CAP_FROM] + row[f.CAP_DAYS]:
            return _PUSTULE
        if look[CRUST] > CRUST_STAGE:
            return _CRUST
    return _PAPULE


@compiled
def mark_days(row, marks):
    """Days of the red mark and of the brown mark after it, as `marks` shows them."""
    red, brown = float(row[f.PIE_DAYS]), float(row[f.PIH_DAYS])
    if marks == MARKS_FAST:
        red, brown = min(red * FAST_PIE_FACTOR, FAST_LONGEST_DAYS), min(brown * FAST_PIH_FACTOR, FAST_LONGEST_DAYS)
    return red, brown


@compiled
def look_mark(row, top, age, last, marks, share, look):
    """Writes the look of a healed lesion's mark, `age` days after healing (0 on the first), and returns its stage.

    last : the lesion's look on its last counted day. share : what the lesion count leaves of a fast mark's colour.
    """
    look[:] = 0.0
    red_days, brown_days = mark_days(row, marks)
    s, macule_days = age + 0.5, red_days + brown_days
    wide = min(max(last[WIDE], 2.0), 6.0)
    if s < macule_days:
        look[WIDE] = wide * (1.0 - 0.2 * s / macule_days) if wide > 2.5 else wide
    if s < red_days:
        look[RED] = min(0.9 * last[RED], 0.65) * shape.fade(s / (shape.RED_TAIL * red_days)) * share
    if brown_days > 0.0 and s < macule_days:
        look[BROWN] = top[PIGMENT] * shape.rise(s, shape.PIGMENT_HALF_DAYS) * shape.fade(s / macule_days) * share
    deep = 0.0
    if row[f.SCAR] != f.NO_SCAR and s < macule_days + row[f.SCAR_DAYS]:
        deep = 1.0 if row[f.SCAR] == f.OLDER else shape.rise(s, shape.SCAR_HALF_DAYS)
        if row[f.SCAR] == f.TRANSIENT:
            deep *= shape.fade((s - macule_days) / row[f.SCAR_DAYS])
        look[HIGH] = -top[SCAR_DEPTH] * deep
    if look[RED] >= shape.MARK_FLOOR and s < red_days:
        return _PIE
    if look[BROWN] >= shape.MARK_FLOOR:
        return _PIH
    if deep > 0.05:
        look[WIDE] = top[SCAR_DIAMETER]
        return _SCAR
    return GONE


@compiled
def last_day(row, days, marks):
    """An upper bound of the days on which a lesion or its mark may be seen, at most `days`."""
    if row[f.ENDING] == f.GOING_ON:
        return days
    end = row[f.LAST]
    if f.is_inflammatory(row[f.KIND]) and marks != MARKS_OFF:
        red, brown = mark_days(row, marks)
        end += min(int(red + brown) + 1 + row[f.SCAR_DAYS], f.FOREVER // 2)
        if row[f.SUPERSEDED] > 0:
            end = min(end, row[f.SUPERSEDED] - 1)
    return min(end, days)


@compiled
def fast_share(counts, healed, day):
    """What the lesion count leaves of a fast mark: its lowest value since the lesion's last day, relative to then."""
    first = max(healed, 1)
    if day - healed > 2 * FAST_LONGEST_DAYS + 1:
        return 0.0
    low = counts[first]
    for d in range(first + 1, day + 1):
        low = min(low, counts[d])
    return low / max(counts[first], 1)


@compiled
def last_seen(rows, top, days, marks, counts):
    """The last day on which each lesion or its mark is drawn, (lesions,); 0 if never during the study."""
    seen, last, look = np.zeros(rows.shape[0], np.int32), np.empty(LOOKS), np.empty(LOOKS)
    for i in range(rows.shape[0]):
        row, day = rows[i], last_day(rows[i], days, marks)
        if day > row[f.LAST]:
            look_counted(row, top[i], row[f.LAST] - row[f.BIRTH], last)
        while day > max(row[f.LAST], 0):
            share = fast_share(counts, row[f.LAST], day) if marks == MARKS_FAST else 1.0
            if look_mark(row, top[i], day - row[f.LAST] - 1, last, marks, share, look) != GONE:
                break
            day -= 1
        seen[i] = max(day, 0)
    return seen


@compiled
def walk(rows, top, first, until, days, marks, counts, keep):
    """Every lesion on every day first .. until. Returns day, index of the lesion, stage, looks (entries, LOOKS).

    `keep` False: the looks are not wanted, and the last array has one row. LAST of a lesion that goes on is `days`.
    """
    room = 0
    for i in range(rows.shape[0]):
        room += max(0, last_day(rows[i], until, marks) - max(rows[i, f.BIRTH], first) + 1)
    day_of, index, stage = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int8)
    looks, last = np.empty((max(room, 1) if keep else 1, LOOKS)), np.empty(LOOKS)
    n = 0
    for i in range(rows.shape[0]):
        row, end, share, begun = rows[i], last_day(rows[i], until, marks), 1.0, False
        for day in range(max(row[f.BIRTH], first), end + 1):
            look = looks[n if keep else 0]
            if day <= row[f.LAST]:
                code = look_counted(row, top[i], day - row[f.BIRTH], look)
            else:
                if not begun:
                    look_counted(row, top[i], row[f.LAST] - row[f.BIRTH], last)
                    begun = True
                if marks == MARKS_FAST:
                    share = fast_share(counts, row[f.LAST], day)
                code = look_mark(row, top[i], day - row[f.LAST] - 1, last, marks, share, look)
                if code == GONE:
                    continue
            day_of[n], index[n], stage[n] = day, i, code
            n += 1
    return day_of[:n], index[:n], stage[:n], looks[: n if keep else 1]
