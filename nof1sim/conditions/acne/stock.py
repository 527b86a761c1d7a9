"""What is on the skin when the study begins, compiled: a stationary stock of lesions, and the marks of earlier ones.

Lesions met on a day have size-biased lives and are uniformly far through them (renewal theory, Cox 1962). A site
without a lesion healed its last one an exponential time ago, at the site's own rate: so it may bear a mark or rest.
"""

from __future__ import annotations

import math

import numpy as np

from . import hashing as h
from . import kernel as k
from . import life as f
from .choice import race
from .compiled import njit
from .crowd import NOT_ELIGIBLE, crowd_out

HISTORY_DAYS, SCAR_HISTORY_DAYS = 730, 120
"""[D] Acne began so long ago, as far as brown marks and scars are concerned."""
MEMORY = 1.15
"""Marked sites are hit again a little less often than their propensity says: day 1 has as many marks as later days."""


@njit()
def place(skin, rows, n, count, nodules, key, ground):
    """The inflammatory lesions of the day before the study, `count` of them. Returns the number of rows."""
    sites = skin.shape[1]
    classes, chosen = np.empty(sites, np.int8), np.empty(sites, np.int64)
    prefix, placed = h.day_key(key, 0, h.BIRTH), 0
    for turn in range(2):
        if turn == 0:
            k.classify(skin, 0, classes, True)
        elif placed < count:
            k.classify(skin, 0, classes, False)  # the face is full: on crowded sites, too
        while placed < count:
            found = race(prefix, classes, f.FROM_NORMAL, ground[0][f.FROM_NORMAL], count - placed, chosen)
            if found == 0:
                break
            for i in range(found):
                site = chosen[i]
                if classes[site] != f.FROM_NORMAL:
                    continue
                kind = f.draw_kind(key, 0, site, nodules * ground[3][site])
                n = settle(skin, rows, n, site, kind, f.FROM_UNKNOWN, key, ground[2])
                classes[site] = NOT_ELIGIBLE
                crowd_out(classes, site, skin[k.SIZE, site] / 100.0, ground[2])
                placed += 1
    return n


@njit()
def place_comedones(skin, rows, n, count, key, ground):
    """The comedones of the day before the study. Returns the number of rows."""
    sites = skin.shape[1]
    classes, chosen = np.empty(sites, np.int8), np.empty(sites, np.int64)
    k.classify(skin, 0, classes, True)
    prefix = h.day_key(key, 0, h.COMEDONE_BIRTH)
    for i in range(race(prefix, classes, f.FROM_NORMAL, ground[1], count, chosen)):
        n = settle(skin, rows, n, chosen[i], f.draw_comedone_kind(key, 0, chosen[i]), f.FROM_SKIN, key, ground[2])
    return n


@njit()
def settle(skin, rows, n, site, kind, origin, key, near):
    """One lesion of the stock: a size-biased life, uniformly far through it on day 0. Returns the number of rows."""
    days = f.draw_life(key, 0, site, kind, True)
    born = -int(h.u01(key, 0, site, h.AGE) * days)
    n = k.open_row(skin, rows, n, site, kind, origin, born, days, key, near)
    f.draw_cap(rows[n - 1], key)
    return n


@njit()
def remember(skin, rows, n, rate, key, person, ground):
    """Marks, scars and refractory sites of lesions before day 1; `rate` whole-face births a day. Returns the rows."""
    weight = ground[0][f.FROM_NORMAL]
    total = weight.sum() / MEMORY
    for site in range(skin.shape[1]):
        own = rate * weight[site] / total
        if skin[k.STATE, site] != k.NORMAL or own <= 0.0:
            continue
        ago = -math.log(h.u01(key, 0, site, h.PAST)) / own
        if ago > HISTORY_DAYS:
            continue
        day = 1 - int(ago)
        row = rows[n]
        row[:] = 0
        kind = f.draw_kind(key, -1, site, 0.0)
        days = f.draw_life(key, -1, site, kind, False)
        row[f.SITE], row[f.KIND], row[f.ORIGIN], row[f.PARENT] = site, kind, f.FROM_UNKNOWN, -1
        row[f.BIRTH], row[f.LIFE], row[f.LAST], row[f.ENDING] = day - days, days, day - 1, f.NATURAL
        f.draw_marks(row, key, person)
        if ago > SCAR_HISTORY_DAYS:
            row[f.SCAR], row[f.SCAR_DAYS] = f.NO_SCAR, 0
        k.leave_marks(skin, row, site, day)
        if max(skin[k.MACULE_END, site], skin[k.SCAR_END, site]) > 1:
            skin[k.ROW, site] = n
            n += 1
        else:
            row[:] = 0
            skin[k.STATE, site] = k.NORMAL
    return n
