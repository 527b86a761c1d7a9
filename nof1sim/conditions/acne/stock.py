"""What is on the skin when the study begins, compiled: a stationary stock of lesions, and the marks of earlier ones.

Lesions met on a day have size-biased lives and are uniformly far through them (renewal theory, Cox 1962). A site
without a lesion healed its last one an exponential time ago, at the site's own rate, which gives marks and refractory sites.
"""

from __future__ import annotations

import math

import numpy as np

from . import hashing as h
from . import kernel as k
from . import life as f
from .choice import race
from .compiled import compiled

HISTORY_DAYS = 730
SCAR_HISTORY_DAYS = 180
"""[D] Acne began so long ago, as far as brown marks and scars are concerned."""


@compiled
def place(skin, rows, n, count, weight, nodules, comedones, key):
    """The stock of the day before the study: `count` lesions on sites by `weight`. Returns the number of rows."""
    sites = skin.shape[1]
    classes, chosen = np.empty(sites, np.int8), np.empty(sites, np.int64)
    k.classify(skin, 0, classes)
    purpose = h.COMEDONE_BIRTH if comedones else h.BIRTH
    for i in range(race(h.day_key(key, 0, purpose), classes, f.FROM_NORMAL, weight, count, chosen)):
        site = chosen[i]
        kind = f.draw_comedone_kind(key, 0, site) if comedones else f.draw_kind(key, 0, site, nodules)
        days = f.draw_life(key, 0, site, kind, True)
        born = -int(h.u01(key, 0, site, h.AGE) * days)
        n = k.open_row(skin, rows, n, site, kind, f.FROM_SKIN if comedones else f.FROM_UNKNOWN, born, days)
        f.draw_cap(rows[n - 1], key)
    return n


@compiled
def remember(skin, rows, n, rate, weight, key, person):
    """Marks, scars and refractory sites of lesions before day 1; `rate` whole-face births a day. Returns the rows."""
    total = weight.sum()
    for site in range(skin.shape[1]):
        own = rate * weight[site] / total
        if skin[k.STATE, site] != k.NORMAL or own <= 0.0:
            continue
        ago = -math.log(h.u01(key, 0, site, h.PAST)) / own
        scarred = h.u01(key, 0, site, h.PAST_SCAR) < 1.0 - math.exp(-own * SCAR_HISTORY_DAYS * person[f.P_SCAR])
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
        if scarred and row[f.SCAR] == f.NO_SCAR:
            row[f.SCAR], row[f.SCAR_DAYS] = f.OLDER, f.FOREVER
        k.leave_marks(skin, row, site, day)
        if max(skin[k.MACULE_END, site], skin[k.SCAR_END, site]) > 1:
            skin[k.ROW, site] = n
            n += 1
        else:
            row[:] = 0
            skin[k.STATE, site] = k.NORMAL
    return n
