"""From a drive to the births and ends of lesions: one step a day over fixed sites.

A target (a severity is given): the number of lesions equals it every day. Rates (severity emerges): lesions break out
after the incubation in a burst, live their time, and nothing is forced. One stream, read day by day: a longer study
keeps its first days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator

from nof1sim.conditions.counts import CountMap, smooth_rating, without_gaps
from nof1sim.conditions.philox import key_of
from nof1sim.model import Drive, Floats, Ints

from .days import run
from .sites import Places

LIFE_MEDIAN_DAYS, LIFE_LOG_SD, LIFE_LIMITS_DAYS = 7.0, 0.28, (3, 14)
"""[D] How long a lesion counts, so that a rash has cleared 7 to 14 days after its cause has gone (Hardin 2021)."""
MEAN_LIFE_DAYS = LIFE_MEDIAN_DAYS * math.exp(LIFE_LOG_SD**2 / 2.0)
BURST_DAYS = 3.0
"""[D] Rates: of the lesions that are still to come a day brings 1 / BURST_DAYS."""
INCUBATION_DAYS, INCUBATION_BETA = (4.0, 14.0), (2.0, 3.0)
"""A first drug rash begins 4 to 14 days after the drug (7 to 14: Hardin, Atlas of Emergency Medicine 2021; the early
end from memory); within that [D] a Beta distribution of mean 8 days."""
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
    engine's own stream, fresh."""
    if drive.severity is not None:
        given = np.asarray(drive.severity, float)
        severity = smooth_rating(given, counts.top) if smooth else np.clip(without_gaps(given), 0.0, counts.top)
        return _course(counts.targets(severity), np.empty(0), places, rng)
    assert drive.log_rate is not None
    rate = delayed(np.asarray(drive.log_rate, float), incubation)
    stock = np.minimum(drive.baseline_count * np.exp(np.minimum(rate, 50.0)), counts.most)
    # What heals within the burst comes on top. On day 0 all that there is comes at once.
    aim = np.concatenate([stock[:1], stock * (1.0 + BURST_DAYS / MEAN_LIFE_DAYS)])
    return _course(np.empty(0, np.int64), aim, places, rng)


def _course(target: Ints, aim: Floats, places: Places, rng: Generator) -> Course:
    weight, low = places.weight, LIFE_LIMITS_DAYS[0]
    rows, lost = run(target, aim, BURST_DAYS, key_of(rng), weight, float(weight.sum()), _life_cuts(), low)
    rows = rows[(rows[:, 3] >= 1) & (rows[:, 3] >= rows[:, 1])]
    rows = rows[np.argsort(rows[:, 1] * weight.size + rows[:, 0])]
    site, birth, planned, last, ending = np.ascontiguousarray(rows.T)
    return Course(site, birth, planned, last, ending, lost)


@cache
def _life_cuts() -> Floats:
    """Uniform numbers from which on a lesion counts for one more day than the least, (2, cuts): born, and in stock."""
    from scipy.special import ndtr

    # In the stock of day 0 lives are size-biased: the logarithm's mean is higher by its variance.
    mean = math.log(LIFE_MEDIAN_DAYS) + np.array([[0.0], [LIFE_LOG_SD**2]])
    return ndtr((np.log(np.arange(*LIFE_LIMITS_DAYS) + 0.5) - mean) / LIFE_LOG_SD)
