"""One day of all sites of an exanthem: which lesions end, and where new ones come up. Compiled.

Each site has three uniform numbers a day, for the race, for a life and for the healing: of all sites one after the
other, day by day in the stream of a key. Those that nobody asks for are never made.
"""

from __future__ import annotations

import numpy as np

from nof1sim.conditions.philox import fill

from .compiled import njit

REST_DAYS = 8
"""[D] A site bears no other lesion for so long: what is left of the last one has gone by then."""
JITTER_DAYS = 1.5
GOING_ON, NATURAL, FORCED = 0, 1, 2

# Rows of the sites' state (4, sites), int32. PLANNED: days that the site's lesion counts, 0 where there is none.
BIRTH, DUE, FREE, PLANNED = range(4)
# Columns of the table of lesions that have ended, int64.
COLUMNS = 5
RACE, LIFE, HEAL = range(3)


@njit()
def numbers(key, day, purpose, sites):
    """The numbers (sites,) of a day for one purpose."""
    out = np.empty(sites)
    fill(key, (3 * day + purpose) * sites, out)
    return out


@njit()
def end(skin, rows, n, site, day, ending):
    """The site's lesion counts no more from `day` on: its row (site, birth, planned, last, ending). Returns the number
    of rows."""
    row = rows[n]
    row[0], row[1], row[2], row[3], row[4] = site, skin[BIRTH, site], skin[PLANNED, site], day - 1, ending
    skin[PLANNED, site], skin[FREE, site] = 0, day + REST_DAYS
    return n + 1


@njit()
def end_all(skin, rows, n, day, ending, overdue):
    """End all lesions, or those whose time is over. Returns the number of rows, lesions left, and sites at rest."""
    held, rested = 0, 0
    for site in range(skin.shape[1]):
        if skin[PLANNED, site] > 0:
            if skin[DUE, site] <= day or not overdue:
                n = end(skin, rows, n, site, day, ending)
            else:
                held += 1
        elif skin[FREE, site] <= day:
            rested += 1
    return n, held, rested


@njit()
def force(skin, rows, n, day, key, excess):
    """End the `excess` lesions nearest their natural end, with jitter. Returns the number of rows."""
    alive, heal = np.flatnonzero(skin[PLANNED] > 0), numbers(key, day, HEAL, skin.shape[1])
    left = skin[DUE][alive] - day + JITTER_DAYS * heal[alive]
    for k in np.argsort(left, kind="mergesort")[:excess]:
        n = end(skin, rows, n, alive[k], day, FORCED)
    return n


@njit()
def first_of(race, weight, total, skin, day, need, rested):
    """The `need` idle sites that win a race: those that have rested first, then any others in their order. total : of
    weight. rested : how many sites have."""
    sites, found = np.empty(race.size, np.int64), 0
    if need >= rested:
        tired = need - rested
        for site in range(race.size):
            if skin[PLANNED, site] == 0:
                if skin[FREE, site] > day:
                    if tired == 0:
                        continue
                    tired -= 1
                sites[found] = site
                found += 1
        return sites[:found]
    # A site's time is above race / weight: only sites for which that is low need their own.
    late, time, in_time = (need + 8) / total, np.empty(race.size), 0
    while in_time < need:
        late *= 2.0
        found, in_time = 0, 0
        for site in range(race.size):
            k = np.uint64(site)
            if race[k] <= late * weight[k] and skin[PLANNED, k] == 0 and skin[FREE, k] <= day:
                sites[found], time[found] = site, -np.log1p(-race[k]) / weight[k]
                in_time += time[found] <= late
                found += 1
    last = np.partition(time[:found], need - 1)[need - 1]
    return sites[:found][time[:found] <= last]


@njit()
def by_chance(race, weight, skin, day, births):
    """Sites at rest that bear a lesion where `births` are expected."""
    open_weight = 0.0
    for site in range(race.size):
        if skin[PLANNED, site] == 0 and skin[FREE, site] <= day:
            open_weight += weight[site]
    sites, found = np.empty(race.size, np.int64), 0
    for site in range(race.size):
        rested = skin[PLANNED, site] == 0 and skin[FREE, site] <= day
        if rested and -np.log1p(-race[site]) / weight[site] * open_weight < births:
            sites[found] = site
            found += 1
    return sites[:found]


@njit()
def bear(skin, sites, day, key, cuts, low):
    """Lesions begin; on day 0 they are uniformly far through their lives. A life has `low` days and one more for each
    of the `cuts` that its number is above."""
    life = numbers(key, day, LIFE, skin.shape[1])
    heal = numbers(key, day, HEAL, skin.shape[1]) if day == 0 else life
    for site in sites:
        planned = low
        while planned - low < cuts.size and life[site] > cuts[planned - low]:
            planned += 1
        birth = day if day > 0 else 1 - int(heal[site] * planned)
        skin[PLANNED, site], skin[BIRTH, site], skin[DUE, site] = planned, birth, birth + planned


@njit()
def a_day(skin, rows, n, day, wanted, key, weight, total, cuts, low):
    """A day on which `wanted` lesions are to be there. Returns the number of rows and how many lesions found no
    site."""
    n, held, rested = end_all(skin, rows, n, day, NATURAL, True)
    if held > wanted:
        n = force(skin, rows, n, day, key, held - wanted)
    if held >= wanted:
        return n, 0
    race = numbers(key, day, RACE, weight.size)
    sites = first_of(race, weight, total, skin, day, wanted - held, rested)
    bear(skin, sites, day, key, cuts, low)
    return n, wanted - held - sites.size


@njit()
def a_free_day(skin, rows, n, day, aim, burst_days, key, weight, cuts, low):
    """A day on which lesions come by themselves: of those that miss to `aim`, one in `burst_days`. Returns the number
    of rows."""
    n, held, _ = end_all(skin, rows, n, day, NATURAL, True)
    births = max(aim - held, 0.0) / burst_days
    if births > 0.0:
        race = numbers(key, day, RACE, weight.size)
        bear(skin, by_chance(race, weight, skin, day, births), day, key, cuts, low)
    return n


@njit()
def run(target, aim, burst_days, key, weight, total, cuts, low):
    """All days from 0, which makes the stock of day 1. Returns the rows, and the lesions that found no site, (days,).

    target (days,) : lesions of each day; empty where they come by themselves, towards aim (days + 1,) as in
    `a_free_day`. key : of a stream. total : of weight.
    """
    days, sites = target.size if target.size else aim.size - 1, weight.size
    skin = np.zeros((4, sites), np.int32)
    skin[FREE] = -REST_DAYS
    rows, n, lost = np.empty((3 * sites, COLUMNS), np.int64), 0, np.zeros(days, np.int64)
    for day in range(days + 1):
        goal, stock_day = max(day - 1, 0), int(day == 0)
        if target.size:
            n, lost[goal] = a_day(skin, rows, n, day, target[goal], key, weight, total, cuts[stock_day], low)
        else:
            soon = 1.0 if day == 0 else burst_days
            n = a_free_day(skin, rows, n, day, aim[day], soon, key, weight, cuts[stock_day], low)
        if n + sites > len(rows):
            rows = np.concatenate((rows, np.empty_like(rows)))
    n = end_all(skin, rows, n, days + 1, GOING_ON, False)[0]
    return rows[:n], lost
