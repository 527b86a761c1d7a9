"""The stock-and-flow engine: one step a day, compiled. Two drives, one kernel.

A target (a severity is given): the stock of inflammatory lesions equals it every day. Rates (severity emerges): births
are Poisson, nothing is forced. Days are 1-based; earlier ones are negative or 0. All numbers come from `hashing`.
`space` is work space for sites: (classes, chosen, ranks). `ground` is the skin: weights by origin (4, sites), weight of
comedones (sites,), which sites lie near which (`conditions.cells.Cells`), room for a nodule (sites,).
"""

from __future__ import annotations

import numpy as np

from . import hashing as h
from . import life as f
from .choice import race, soonest
from .compiled import njit
from .crowd import NOT_ELIGIBLE, crowd_out, press

# Rows of the skin's state, int32. SIZE: a lesion's peak diameter in hundredths of a millimetre. PRESSED: how many
# inflammatory lesions crowd the site out.
STATE, ROW, DUE, FREE_FROM, MACULE_END, SCAR_END, SIZE, PRESSED = range(8)
SKIN_ROWS = 8
NORMAL, INFLAMED_SITE, COMEDONE_SITE, MARKED = 0, 1, 2, 3
ORIGIN_FALLBACK = (f.FROM_NORMAL, f.FROM_COMEDONE, f.FROM_MACULE, f.FROM_SCAR)


@njit()
def open_row(skin, rows, n, site, kind, origin, birth, days, key, near):
    """Start a lesion: its row, and the site's state. `birth` may lie before day 1. Returns the number of rows."""
    row = rows[n]
    row[:] = 0
    row[f.SITE], row[f.KIND], row[f.ORIGIN], row[f.BIRTH], row[f.LIFE] = site, kind, origin, birth, days
    row[f.PARENT] = skin[ROW, site] if origin <= f.FROM_SCAR and origin != f.FROM_NORMAL else -1
    skin[STATE, site] = INFLAMED_SITE if f.is_inflammatory(kind) else COMEDONE_SITE
    skin[ROW, site], skin[DUE, site] = n, birth + days
    skin[SIZE, site] = int(100.0 * f.peak_diameter_mm(key, birth, site, kind))
    if f.is_inflammatory(kind):
        press(skin[PRESSED], site, skin[SIZE, site] / 100.0, 1, near)
    return n + 1


@njit()
def heal(skin, rows, site, day, ending, key, person, near):
    """The site's lesion counts no more from `day` on: an inflammatory one leaves marks and a refractory site."""
    row = rows[skin[ROW, site]]
    row[f.LAST], row[f.ENDING] = day - 1, ending
    if skin[STATE, site] == COMEDONE_SITE:
        skin[STATE, site], skin[FREE_FROM, site] = NORMAL, day
        return
    press(skin[PRESSED], site, skin[SIZE, site] / 100.0, -1, near)
    f.draw_marks(row, key, person)
    if row[f.SCAR] == f.NO_SCAR and skin[SCAR_END, site] > day:
        row[f.SCAR], row[f.SCAR_DAYS] = f.OLDER, skin[SCAR_END, site] - day
    leave_marks(skin, row, site, day)


@njit()
def leave_marks(skin, row, site, day):
    """Set a healed site's state from the marks of its row; `day` is the first day after the lesion."""
    skin[STATE, site], skin[FREE_FROM, site] = NORMAL, day + f.REFRACTORY_DAYS
    skin[MACULE_END, site] = day + row[f.PIE_DAYS] + row[f.PIH_DAYS]
    if row[f.SCAR] != f.NO_SCAR:
        skin[SCAR_END, site] = min(skin[MACULE_END, site] + row[f.SCAR_DAYS], f.FOREVER)
    if max(skin[MACULE_END, site], skin[SCAR_END, site]) > day:
        skin[STATE, site] = MARKED


@njit()
def classify(skin, day, classes, apart):
    """What a lesion born today at each site would start from; NOT_ELIGIBLE where none can be born. apart : nor where
    today's inflammatory lesions crowd it out."""
    state, free, macule, scar, pressed = skin[STATE], skin[FREE_FROM], skin[MACULE_END], skin[SCAR_END], skin[PRESSED]
    for site in range(state.size):  # vectorised: no branches
        k = np.uint64(site)
        marked = state[k] == MARKED
        origin = f.FROM_SCAR if marked & (scar[k] > day) else f.FROM_NORMAL
        origin = f.FROM_MACULE if marked & (macule[k] > day) else origin
        rests = (state[k] == INFLAMED_SITE) | (free[k] > day)
        healed = marked & (not rests) & (origin == f.FROM_NORMAL)
        origin = NOT_ELIGIBLE if rests else origin
        origin = f.FROM_COMEDONE if state[k] == COMEDONE_SITE else origin
        classes[k] = NOT_ELIGIBLE if apart & (pressed[k] > 0) else origin
        state[k] = NORMAL if healed else state[k]


@njit()
def inflame(skin, rows, n, site, origin, day, nodules, key, ground):
    """An inflammatory lesion begins: ends what was there, opens its row. Returns the number of rows."""
    if origin == f.FROM_COMEDONE:
        rows[skin[ROW, site], f.LAST], rows[skin[ROW, site], f.ENDING] = day - 1, f.INFLAMED
    elif skin[ROW, site] >= 0:
        rows[skin[ROW, site], f.SUPERSEDED] = day
    kind = f.draw_kind(key, day, site, nodules * ground[3][site])
    n = open_row(skin, rows, n, site, kind, origin, day, f.draw_life(key, day, site, kind, False), key, ground[2])
    f.draw_cap(rows[n - 1], key)
    return n


@njit()
def bear(skin, rows, n, ask, origin, day, nodules, key, ground, space):
    """Up to `ask` births at eligible sites of one origin, each crowding out its neighbours. Returns rows and births."""
    classes, work, _ = space
    prefix, born = h.day_key(key, day, h.BIRTH), 0
    while born < ask:
        found = race(prefix, classes, origin, ground[0][origin], ask - born, work)
        if found == 0:
            break
        for i in range(found):
            site = work[i]
            if classes[site] == origin:
                n = inflame(skin, rows, n, site, origin, day, nodules, key, ground)
                classes[site] = NOT_ELIGIBLE
                crowd_out(classes, site, skin[SIZE, site] / 100.0, ground[2])
                born += 1
    return n, born


@njit()
def give_birth(skin, rows, n, count, day, nodules, key, ground, space):
    """`count` births by origin. A class without a site falls back on others, then on crowded sites.

    Returns (rows, births).
    """
    wanted = np.zeros(4, np.int64)
    draw = h.day_key(key, day, h.ORIGIN)
    for k in range(count):
        u, origin = h.at_site(draw, k), 0
        while origin < 3 and u >= f.ORIGIN_SHARES[origin]:
            u -= f.ORIGIN_SHARES[origin]
            origin += 1
        wanted[origin] += 1
    classify(skin, day, space[0], True)
    born = 0
    for turn in range(3):
        if turn == 2 and born < count:
            classify(skin, day, space[0], False)
        for place in range(4):
            origin = ORIGIN_FALLBACK[place]
            ask = wanted[origin] if turn == 0 else count - born
            n, got = bear(skin, rows, n, ask, origin, day, nodules, key, ground, space)
            born += got
    return n, born


@njit()
def retire(skin, rows, day, target, key, person, near, due):
    """Lesions whose clock ran out leave; while fewer than `target` would remain, some are held up to 3 days.

    The least late are asked first, each is held with probability HOLD_SHARE. Returns (stock of inflammatory lesions,
    nodules among them). `target` -1: nobody is held. `due` is work space.
    """
    stock, nodules, n_due = 0, 0, 0
    for site in range(skin.shape[1]):
        if skin[STATE, site] == INFLAMED_SITE:
            stock += 1
            nodules += rows[skin[ROW, site], f.KIND] == f.NODULE
            if skin[DUE, site] <= day:
                due[n_due] = site
                n_due += 1
    asked = max(target - (stock - n_due), 0) if target >= 0 else 0
    draw = h.day_key(key, day, h.HOLD)
    for late in range(f.HOLD_DAYS + 1):
        for i in range(n_due):
            site = due[i]
            behind = min(day - skin[DUE, site], f.HOLD_DAYS)
            if behind != late or skin[STATE, site] != INFLAMED_SITE:
                continue
            if late < f.HOLD_DAYS and asked > 0:
                asked -= 1
                if h.at_site(draw, site) < f.HOLD_SHARE:
                    continue
            nodules -= rows[skin[ROW, site], f.KIND] == f.NODULE
            stock -= 1
            heal(skin, rows, site, day, f.NATURAL, key, person, near)
    return stock, nodules


@njit()
def force_heal(skin, rows, day, excess, nodules_to_go, key, person, near, space):
    """Heal the `excess` lesions nearest their natural end, with jitter; up to `nodules_to_go` nodules go first.

    A nodule's remaining days are scaled to a papule's life, so that both are judged by the share of life left.
    """
    _, work, rank = space
    draw = h.day_key(key, day, h.HEAL)
    for site in range(skin.shape[1]):
        rank[site] = np.inf
        if skin[STATE, site] == INFLAMED_SITE:
            left = float(skin[DUE, site] - day)
            if rows[skin[ROW, site], f.KIND] == f.NODULE:
                left *= f.MEAN_LIFE_DAYS / f.NODULE_MEAN_DAYS
            rank[site] = left + 1.5 * h.at_site(draw, site)
    if nodules_to_go > 0:
        for site in range(skin.shape[1]):
            if rank[site] < np.inf and rows[skin[ROW, site], f.KIND] == f.NODULE and nodules_to_go > 0:
                rank[site] -= 1e6
                nodules_to_go -= 1
    count = soonest(rank, excess, work)
    for k in range(count):
        ending = f.FORCED if skin[DUE, work[k]] > day else f.NATURAL  # a held one had its time
        heal(skin, rows, work[k], day, ending, key, person, near)


@njit()
def comedone_day(skin, rows, n, day, today, heirs, key, person, ground, space):
    """One day of comedones. With a target (`today[1]` >= 0) the stock is held; else newcomers and an extra hazard.

    `heirs` more take the place of comedones that inflamed, with what was left of such a one's life: so the stock keeps
    its own mean life, whatever inflames.
    """
    classes, work, rank = space
    target, hazard, stock, near = int(today[1]), today[4], 0, ground[2]
    draw = h.day_key(key, day, h.COMEDONE_HEAL)
    for site in range(skin.shape[1]):
        rank[site] = np.inf
        if skin[STATE, site] != COMEDONE_SITE:
            continue
        u = h.at_site(draw, site)
        if skin[DUE, site] <= day:
            heal(skin, rows, site, day, f.NATURAL, key, person, near)
        elif target < 0 and u < hazard:
            heal(skin, rows, site, day, f.FORCED, key, person, near)
        else:
            rank[site] = float(skin[DUE, site] - day) + 8.0 * u
            stock += 1
    if 0 <= target < stock:
        for k in range(soonest(rank, stock - target, work)):
            heal(skin, rows, work[k], day, f.FORCED, key, person, near)
    need = target - stock
    if target < 0:
        need = heirs + h.poisson(h.u01(key, day, -1, h.COMEDONE_NEWCOMERS), today[3])
    if need <= 0:
        return n
    classify(skin, day, classes, True)
    got = race(h.day_key(key, day, h.COMEDONE_BIRTH), classes, f.FROM_NORMAL, ground[1], need, work)
    for k in range(got):
        if skin[ROW, work[k]] >= 0 and not f.is_inflammatory(rows[skin[ROW, work[k]], f.KIND]):
            rows[skin[ROW, work[k]], f.SUPERSEDED] = day
        kind = f.draw_comedone_kind(key, day, work[k])
        days = f.draw_life(key, day, work[k], kind, target < 0 and k < heirs)
        if target < 0 and k < heirs:
            days = max(2, int(np.rint(days * h.u01(key, day, work[k], h.AGE))))
        n = open_row(skin, rows, n, work[k], kind, f.FROM_SKIN, day, days, key, near)
    return n


@njit()
def comedones_inflamed(rows, first, last):
    """How many of the rows first .. last - 1 began in a comedone."""
    count = 0
    for k in range(first, last):
        count += rows[k, f.ORIGIN] == f.FROM_COMEDONE
    return count


@njit()
def run(skin, rows, n, daily, key, person, ground):
    """All days. Returns (rows used, or -1 if the table is too short; target lesions without a free site, (days,)).

    skin (SKIN_ROWS, sites) and rows (capacity, COLUMNS) are written. daily (days, 7), float64: target or -1; comedone
    target or -1; Poisson mean of births; of comedone births; extra comedone hazard; nodules' share of births; nodules
    allowed.
    """
    days, sites = daily.shape[0], skin.shape[1]
    lost = np.zeros(days, np.int64)
    space = (np.empty(sites, np.int8), np.empty(sites, np.int64), np.empty(sites))
    for t in range(days):
        if n + 2 * sites > rows.shape[0]:
            return -1, lost
        day, target, first = t + 1, int(daily[t, 0]), n
        stock, nodules = retire(skin, rows, day, target, key, person, ground[2], space[1])
        births = target - stock
        if target < 0:
            births = h.poisson(h.u01(key, day, -1, h.NEWCOMERS), daily[t, 2])
        elif stock > target:
            to_go = max(0, nodules - int(daily[t, 6]))
            force_heal(skin, rows, day, stock - target, to_go, key, person, ground[2], space)
        if births > 0:
            n, born = give_birth(skin, rows, n, births, day, daily[t, 5], key, ground, space)
            lost[t] = births - born
        heirs = comedones_inflamed(rows, first, n)
        n = comedone_day(skin, rows, n, day, daily[t], heirs, key, person, ground, space)
    return n, lost
