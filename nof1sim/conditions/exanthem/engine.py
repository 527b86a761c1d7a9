"""From a drive to the births and ends of lesions: one step a day over fixed sites.

A target (a severity is given): the number of lesions equals it every day. Rates (severity emerges): lesions break out
after the incubation in a burst, live their time, and nothing is forced. One stream, read day by day: a longer study
keeps its first days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim.conditions.counts import CountMap, smooth_rating, without_gaps
from nof1sim.model import Drive, Floats, Ints

from .sites import Places

LIFE_MEDIAN_DAYS, LIFE_LOG_SD, LIFE_LIMITS_DAYS = 7.0, 0.28, (3, 14)
"""[D] How long a lesion counts, so that a rash has cleared 7 to 14 days after its cause has gone (Hardin 2021)."""
MEAN_LIFE_DAYS = LIFE_MEDIAN_DAYS * math.exp(LIFE_LOG_SD**2 / 2.0)
REST_DAYS = 8
"""[D] A site bears no other lesion for so long: what is left of the last one has gone by then."""
BURST_DAYS = 3.0
"""[D] Rates: of the lesions that are still to come a day brings 1 / BURST_DAYS."""
INCUBATION_DAYS, INCUBATION_BETA = (4.0, 14.0), (2.0, 3.0)
"""A first drug rash begins 4 to 14 days after the drug (7 to 14: Hardin, Atlas of Emergency Medicine 2021; the early
end from memory); within that [D] a Beta distribution of mean 8 days."""
JITTER_DAYS = 1.5
GOING_ON, NATURAL, FORCED = 0, 1, 2
ENDINGS = ("going_on", "natural", "forced")


@dataclass(frozen=True, slots=True)
class Course:
    """One entry a lesion, by birth day, then site: its site, first and last day that counts, planned days, ending."""

    site: Ints
    birth: Ints
    planned: Ints
    last: Ints
    ending: Ints
    lost: Ints


def incubation_days(rng: Generator) -> int:
    """Days from the cause to the first lesions."""
    low, high = INCUBATION_DAYS
    return round(low + (high - low) * rng.beta(*INCUBATION_BETA))


def delayed(rate: Floats, days: int) -> Floats:
    """A drive as the skin feels it, (days,): the lowest of today and the `days` before. It rises late, and falls at
    once. Before day 1 it was as on day 1."""
    padded = np.concatenate([np.full(days, rate[0]), rate])
    return np.lib.stride_tricks.sliding_window_view(padded, days + 1).min(axis=1)


def simulate(drive: Drive, places: Places, counts: CountMap, smooth: bool, incubation: int, rng: Generator) -> Course:
    """Run all days. `counts`: the map G of the ground.  `incubation`: days, used where severity emerges.  `rng`: the
    engine's own stream."""
    if drive.severity is not None:
        given = np.asarray(drive.severity, float)
        severity = smooth_rating(given, counts.top) if smooth else np.clip(without_gaps(given), 0.0, counts.top)
        return _run(counts.targets(severity), None, places, drive.days, rng)
    assert drive.log_rate is not None
    rate = delayed(np.asarray(drive.log_rate, float), incubation)
    stock = np.minimum(drive.baseline_count * np.exp(np.minimum(rate, 50.0)), counts.most)
    return _run(None, stock, places, drive.days, rng)


def _run(target: Ints | None, stock: Floats | None, places: Places, days: int, rng: Generator) -> Course:
    n = len(places)
    birth, due, free = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, -REST_DAYS)
    planned, active = np.zeros(n, np.int64), np.zeros(n, bool)
    done: list[Ints] = []  # rows of (site, birth, planned, last, ending)
    lost = np.zeros(days, np.int64)

    def end(sites: Ints, day: int, ending: int) -> None:
        if not sites.size:
            return
        done.append(np.empty((sites.size, 5), np.int64))
        for k, column in enumerate((sites, birth[sites], planned[sites], day - 1, ending)):
            done[-1][:, k] = column
        active[sites], free[sites] = False, day + REST_DAYS

    for day in range(days + 1):  # day 0 makes the stock of day 1
        race, life, heal = rng.random((3, n))
        over = np.flatnonzero(active & (due <= day))
        end(over, day, NATURAL)
        held, goal = int(np.count_nonzero(active)), max(day - 1, 0)
        if target is not None:
            wanted = int(target[goal])
            if held > wanted:
                alive = np.flatnonzero(active)
                soon = alive[np.argsort(due[alive] - day + JITTER_DAYS * heal[alive], kind="stable")]
                end(np.sort(soon[: held - wanted]), day, FORCED)
                held = wanted
            new = _first(race, places.weight, ~active, free <= day, wanted - held)
            lost[goal] = wanted - held - new.size
        else:
            assert stock is not None
            key = np.where(active | (free > day), np.inf, -np.log1p(-race) / places.weight)
            open_weight = float(places.weight[np.isfinite(key)].sum())
            new = np.flatnonzero(key * open_weight < _births(float(stock[goal]), held, day))
        if not new.size:
            continue
        planned[new] = _lives(life[new], day)
        birth[new] = day if day else 1 - np.floor(heal[new] * planned[new]).astype(np.int64)
        due[new], active[new] = birth[new] + planned[new], True
    going = np.flatnonzero(active)
    end(going, days + 1, GOING_ON)
    rows = np.concatenate(done) if done else np.empty((0, 5), np.int64)
    rows = rows[(rows[:, 3] >= 1) & (rows[:, 3] >= rows[:, 1])]
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    return Course(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4], lost)


def _first(race: Floats, weight: Floats, idle: NDArray[np.bool_], rested: NDArray[np.bool_], need: int) -> Ints:
    """The `need` idle sites that win a race, by site: those that have rested first, then any others in their order."""
    if need <= 0:
        return np.empty(0, np.int64)
    fit = idle & rested
    spare = int(np.count_nonzero(fit)) - need
    if spare <= 0:
        tired = np.flatnonzero(idle & ~rested)
        return np.sort(np.concatenate([np.flatnonzero(fit), tired[:-spare]])) if spare else np.flatnonzero(fit)
    # A site's time is above race / weight: only sites for which that is low need their own.
    late = 2.0 * (need + 8) / float(weight.sum())
    while True:
        near = np.flatnonzero(fit & (race <= late * weight))
        time = -np.log1p(-race[near]) / weight[near]
        if np.count_nonzero(time <= late) >= need:
            return near[time <= np.partition(time, need - 1)[need - 1]]
        late *= 2.0


def _births(stock: float, held: int, day: int) -> float:
    """Expected births of a day on which `stock` lesions are to be held at last; all of them on day 0."""
    if day == 0:
        return stock
    return max(stock * (1.0 + BURST_DAYS / MEAN_LIFE_DAYS) - held, 0.0) / BURST_DAYS


def _lives(u: Floats, day: int) -> Ints:
    from scipy.special import ndtri

    low, high = LIFE_LIMITS_DAYS
    # On day 0 lives are size-biased: the logarithm's mean is higher by its variance.
    shift = LIFE_LOG_SD**2 if day == 0 else 0.0
    days = np.exp(math.log(LIFE_MEDIAN_DAYS) + shift + LIFE_LOG_SD * ndtri(np.minimum(np.maximum(u, 1e-9), 1.0 - 1e-9)))
    return np.minimum(np.maximum(np.rint(days), low), high).astype(np.int64)
