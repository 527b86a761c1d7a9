"""How every lesion looks on every day: one compiled walk over the table, for one day or for all.

Diameters and heights: the project's table of lesion types (papule and pustule 2-5 mm, nodule over 5, comedone 1-3,
marks 2-6, scars 1-4 mm; Lehmann, NCT02320149). A day's look uses that day and earlier ones only.

Stages are names; the numbers go on across them. A healed lesion's own look dies away into its mark, or, where none
follows, into clear skin: these days are called `resolving`, are drawn and do not count. A lesion that starts in a
comedone, a mark or a scar begins with the look of that.
"""

from __future__ import annotations

import numpy as np

from nof1sim.model import STAGE_CODE

from . import hashing as h
from . import life as f
from . import shape
from .compiled import njit
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
_PIH, _SCAR, _RESOLVING = STAGE_CODE["hyperpigmentation"], STAGE_CODE["scar"], STAGE_CODE["resolving"]
GONE = -1
NODULE_MM = 5.0
CRUST_FROM_DAY = 1
"""A pustule is called a crust from so many days after the first without a cap."""


@njit()
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


@njit()
def stage_counted(row, top, age):
    """The stage of a lesion that counts, `age` days after its birth."""
    kind = row[f.KIND]
    if kind < f.PAPULE:
        return _OPEN if kind == f.OPEN else _CLOSED
    if kind == f.NODULE:
        wide = shape.inflamed(age, row[f.LIFE], True, top[DIAMETER], top[HEIGHT], top[REDNESS])[0]
        return _NODULE if wide > NODULE_MM else _PAPULE
    if kind == f.PUSTULE:
        after = age - row[f.CAP_FROM]
        if 0 <= after < row[f.CAP_DAYS]:
            return _PUSTULE
        if row[f.CRUSTS] and after >= row[f.CAP_DAYS] + CRUST_FROM_DAY:
            return _CRUST
    return _PAPULE


@njit()
def look_counted(row, top, age, look):
    """Writes the look of a lesion that counts, `age` days after its birth, from clear skin; returns its stage."""
    look[:] = 0.0
    kind, planned = row[f.KIND], row[f.LIFE]
    if kind < f.PAPULE:
        wide, high, share = shape.comedone(age, planned, top[DIAMETER], top[HEIGHT])
        look[WIDE], look[HIGH], look[RED], look[DARK] = wide, high, shape.COMEDONE_RED, top[PLUG] * share
        return stage_counted(row, top, age)
    wide, high, red = shape.inflamed(age, planned, kind == f.NODULE, top[DIAMETER], top[HEIGHT], top[REDNESS])
    look[WIDE], look[HIGH], look[RED] = wide, high, red
    if kind == f.PUSTULE:
        look[PUS] = shape.cap(age, row[f.CAP_FROM], row[f.CAP_DAYS])
        look[CRUST] = shape.crust(age, row[f.CAP_FROM], row[f.CAP_DAYS], planned) * row[f.CRUSTS]
    return stage_counted(row, top, age)


@njit()
def look_of_parent(rows, top, i, marks, counts, look, work):
    """Writes the look, on the day before lesion i, of what it started in; returns whether there was something."""
    parent, before = rows[i, f.PARENT], rows[i, f.BIRTH] - 1
    if parent < 0:
        return False
    row, peak = rows[parent], top[parent]
    age, healed = row[f.LAST] - row[f.BIRTH], before - row[f.LAST]
    if not f.is_inflammatory(row[f.KIND]):
        look_counted(row, peak, age, look)
        return healed == 0
    if marks == MARKS_OFF or healed <= 0:
        return False
    share = fast_share(counts, row[f.LAST], before) if marks == MARKS_FAST else (1.0, 1.0)
    look_counted(row, peak, age, work)
    return look_mark(row, peak, healed - 1, work, marks, share, look) != GONE


@njit()
def look_alive(rows, top, i, age, marks, counts, look, parent, work):
    """Writes the look of a lesion that counts and returns its stage: `look_counted`, from what it started in."""
    code = look_counted(rows[i], top[i], age, look)
    start = 1.0 - (age + 1.0) / shape.HANDOVER_DAYS
    if start <= 0.0 or not look_of_parent(rows, top, i, marks, counts, parent, work):
        return code
    for k in (WIDE, HIGH, RED, BROWN, DARK):
        look[k] += start * (parent[k] - look[k])
    look[HIGH], look[RED] = max(look[HIGH], shape.FLOOR_HEIGHT_MM), max(look[RED], shape.FLOOR_REDNESS)
    if code == _NODULE:
        look[WIDE] = max(look[WIDE], NODULE_MM + 0.05)
    else:
        look[WIDE] = min(max(look[WIDE], shape.FLOOR_DIAMETER_MM), NODULE_MM)
    return code


@njit()
def mark_days(row, marks):
    """Days of the red mark and of the brown mark after it, as `marks` shows them."""
    red, brown = float(row[f.PIE_DAYS]), float(row[f.PIH_DAYS])
    if marks == MARKS_OFF:
        return 0.0, 0.0
    if marks == MARKS_FAST:
        red, brown = min(red * FAST_PIE_FACTOR, FAST_LONGEST_DAYS), min(brown * FAST_PIH_FACTOR, FAST_LONGEST_DAYS)
    return red, brown


@njit()
def look_mark(row, top, age, last, marks, share, look):
    """Writes the look of a healed lesion and its mark, `age` days after healing (0 on the first); returns its stage.

    last : the lesion's look on its last counted day. share : what the lesion count leaves of a fast mark's colour,
    today and as it is seen.
    The mark's own course names the stage; what is left of the lesion lies over it.
    """
    look[:] = 0.0
    red_days, brown_days = mark_days(row, marks)
    s, macule_days = age + 0.5, red_days + brown_days
    base, red, brown, deep = 1.0, 0.0, 0.0, 0.0
    if s < red_days:
        base = shape.mark_red(row[f.LAST] - row[f.BIRTH], row[f.LIFE], row[f.KIND] == f.NODULE, top[REDNESS])
        red = base * shape.fade(s / (shape.RED_TAIL * red_days))
    if brown_days > 0.0 and s < macule_days:
        brown = top[PIGMENT] * shape.fade(s / macule_days)
    if marks != MARKS_OFF and row[f.SCAR] != f.NO_SCAR and s < macule_days + row[f.SCAR_DAYS]:
        deep = 1.0 if row[f.SCAR] == f.OLDER else shape.rise(s, shape.SCAR_HALF_DAYS)
        if row[f.SCAR] == f.TRANSIENT:
            deep *= shape.fade((s - macule_days) / row[f.SCAR_DAYS])
    code = GONE
    now, seen = share
    if red * now >= shape.MARK_FLOOR and s < red_days:
        code = _PIE
    elif brown * shape.rise(s, shape.PIGMENT_HALF_DAYS) * now >= shape.MARK_FLOOR:
        code = _PIH
    elif deep > 0.05:
        code = _SCAR
    days = age + 1.0
    sink = shape.sink_days(last[HIGH])
    level = shape.ebb(days, sink)
    pale = shape.ebb(days, max(shape.PALE_DAYS, shape.PALER_THAN_LEVEL * sink))
    look[RED] = max(shape.shown(red * seen, base) * min(1.0, last[RED] / base), last[RED] * pale**2)
    darkening = min(shape.DARKENING_HALF_DAYS, max(shape.PIGMENT_HALF_DAYS, 0.25 * macule_days))
    brown = shape.shown(brown * seen, top[PIGMENT]) * shape.rise(s, darkening)
    look[BROWN] = max(brown, last[BROWN] * pale)
    look[PUS] = last[PUS] * shape.ebb(days, shape.PUS_DAYS)
    look[CRUST] = last[CRUST] * shape.ebb(days, shape.CRUST_DAYS)
    look[DARK] = last[DARK] * shape.ebb(days, shape.COMEDONE_DAYS)
    dome = last[HIGH] if look[RED] > shape.COMEDONE_RED else 0.0
    look[HIGH] = level * dome - (1.0 - level) * top[SCAR_DEPTH] * deep
    wide = min(max(last[WIDE], 2.0), 6.0) if macule_days > 0.0 else 0.6 * last[WIDE]
    if macule_days > 0.0 and wide > 2.5:
        wide *= 1.0 - 0.2 * min(s / macule_days, 1.0)
    if deep > 0.05:  # as the colour goes, the pit alone is left
        wide = top[SCAR_DIAMETER] + (wide - top[SCAR_DIAMETER]) * min((look[RED] + look[BROWN]) / 0.25, 1.0)
    look[WIDE] = level * last[WIDE] + (1.0 - level) * wide
    if code == GONE and max(look[RED], look[BROWN], look[CRUST], look[DARK]) >= shape.MARK_FLOOR:
        return _RESOLVING
    return code


@njit()
def look_emptied(age, last, look):
    """Writes the look of a comedone `age` days after its last counted day, and returns its stage."""
    left = shape.ebb(age + 1.0, shape.COMEDONE_DAYS)
    for k in range(LOOKS):
        look[k] = last[k] * left
    look[WIDE] = last[WIDE] * (0.6 + 0.4 * left)
    return _RESOLVING if left > 0.0 else GONE


@njit()
def look_healed(row, top, age, last, marks, share, look):
    """The look of a lesion `age` days after healing (0 on the first): `look_mark` or `look_emptied`."""
    if f.is_inflammatory(row[f.KIND]):
        return look_mark(row, top, age, last, marks, share, look)
    return look_emptied(age, last, look)


@njit()
def last_day(row, days, marks):
    """An upper bound of the days on which a lesion or its mark may be seen, at most `days`."""
    if row[f.ENDING] == f.GOING_ON:
        return days
    end, more = row[f.LAST], shape.REMNANT_DAYS
    if row[f.ENDING] == f.INFLAMED:
        return min(end, days)
    if row[f.KIND] == f.NODULE:
        more = shape.NODULE_REMNANT_DAYS
    if f.is_inflammatory(row[f.KIND]) and marks != MARKS_OFF:
        red, brown = mark_days(row, marks)
        more = max(more, min(int(red + brown) + 1 + row[f.SCAR_DAYS], f.FOREVER // 2))
    end += more
    if row[f.SUPERSEDED] > 0:
        end = min(end, row[f.SUPERSEDED] - 1)
    return min(end, days)


@njit()
def fast_share(counts, healed, day):
    """What the lesion count leaves of a fast mark: its lowest value since the lesion's last day, relative to then.

    Returns today's share, which names the stage, and the mean of three days, which is seen: no mark goes overnight.
    """
    first = max(healed, 1)
    if day - healed > 2 * FAST_LONGEST_DAYS + 1:
        return 0.0, 0.0
    low, whole = counts[first], max(counts[first], 1)
    before, earlier = whole, whole
    for d in range(first + 1, day + 1):
        before, earlier = low, before
        low = min(low, counts[d])
    return low / whole, (low + before + earlier) / (3.0 * whole)


@njit()
def last_seen(rows, top, days, marks, counts):
    """The last day on which each lesion or its mark is drawn, (lesions,); 0 if never during the study."""
    seen, last, look = np.zeros(rows.shape[0], np.int32), np.empty(LOOKS), np.empty(LOOKS)
    parent, work = np.empty(LOOKS), np.empty(LOOKS)
    for i in range(rows.shape[0]):
        row, day = rows[i], last_day(rows[i], days, marks)
        if day > row[f.LAST]:
            look_alive(rows, top, i, row[f.LAST] - row[f.BIRTH], marks, counts, last, parent, work)
        while day > max(row[f.LAST], 0):
            share = fast_share(counts, row[f.LAST], day) if marks == MARKS_FAST else (1.0, 1.0)
            if look_healed(row, top[i], day - row[f.LAST] - 1, last, marks, share, look) != GONE:
                break
            day -= 1
        seen[i] = max(day, 0)
    return seen


@njit()
def walk(rows, top, first, until, days, marks, counts, keep):
    """Every lesion on every day first .. until. Returns day, index of the lesion, stage, looks (entries, LOOKS).

    `keep` False: the looks are not wanted, the last array has one row, and `resolving` is left out.
    LAST of a lesion that goes on is `days`.
    """
    room = 0
    for i in range(rows.shape[0]):
        room += max(0, last_day(rows[i], until, marks) - max(rows[i, f.BIRTH], first) + 1)
    day_of, index, stage = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int8)
    looks, last = np.empty((max(room, 1) if keep else 1, LOOKS)), np.zeros(LOOKS)
    parent, work = np.empty(LOOKS), np.empty(LOOKS)
    n = 0
    for i in range(rows.shape[0]):
        row, end, share, begun = rows[i], last_day(rows[i], until, marks), (1.0, 1.0), False
        if not keep and not f.is_inflammatory(row[f.KIND]):
            end = min(end, row[f.LAST])
        for day in range(max(row[f.BIRTH], first), end + 1):
            look = looks[n if keep else 0]
            if day <= row[f.LAST] and not keep:
                code = stage_counted(row, top[i], day - row[f.BIRTH])
            elif day <= row[f.LAST]:
                code = look_alive(rows, top, i, day - row[f.BIRTH], marks, counts, look, parent, work)
            else:
                if keep and not begun:
                    look_alive(rows, top, i, row[f.LAST] - row[f.BIRTH], marks, counts, last, parent, work)
                    begun = True
                if marks == MARKS_FAST:
                    share = fast_share(counts, row[f.LAST], day)
                code = look_healed(row, top[i], day - row[f.LAST] - 1, last, marks, share, look)
                if code == GONE or (code == _RESOLVING and not keep):
                    continue
            day_of[n], index[n], stage[n] = day, i, code
            n += 1
    return day_of[:n], index[:n], stage[:n], looks[: n if keep else 1]
