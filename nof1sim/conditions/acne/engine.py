"""From a drive to a patient's lesions: targets or rates, the first day's stock, the compiled days, the table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Drive, Floats, Ints

from . import hashing, life
from .counts import CountMap, slow_severity, smooth_rating, without_gaps
from .sites import Sites, near, roomy

NODULE_SHARE = 0.03
"""Of the lesions at a time, from severity 2 up; none below severity 1 (Do 2008: 15 : 2 : 1)."""
NODULE_STAGE_SHARE = 0.85
"""Part of its life for which a nodule is larger than 5 mm; before and after it is counted as a papule."""
COMEDONE_LIFE_DAYS = 45.0
COMEDONE_REMOVAL = 0.35
"""Comedones go faster under treatment: exp(-.35 x effect). The design's effect is the specific one on both kinds of
lesion; a drive carries only the whole comedone log rate, which stands in for it."""
MOST_COMEDONES = 600


@dataclass(frozen=True, slots=True)
class Course:
    """The kernel's table: rows (lesions, life.COLUMNS) int32; LAST of a lesion that goes on is `days`. lost (days,)."""

    rows: NDArray[np.int32]
    lost: Ints


def _nodules(severity: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Nodules' share of births, and how many may stay when lesions are healed by force; (days,) each."""
    share = NODULE_SHARE * np.clip(severity - 1.0, 0.0, 1.0)
    stock = np.minimum(share / NODULE_STAGE_SHARE, 0.5)
    short, long = life.MEAN_LIFE_DAYS, life.NODULE_MEAN_DAYS
    births = stock * short / (stock * short + (1.0 - stock) * long)
    return births, np.where(share > 0, np.rint(2 * share * target) + 1, 0)


def _targets(drive: Drive, counts: CountMap, smooth: bool, comedones: bool) -> tuple[Floats, float, float]:
    """`daily` of the kernel where a severity is given, and the stocks of day 1."""
    assert drive.severity is not None
    given = np.asarray(drive.severity, float)
    severity = smooth_rating(given, counts.top) if smooth else np.clip(without_gaps(given), 0.0, counts.top)
    daily = np.zeros((drive.days, 7))
    daily[:, 0] = counts.targets(severity)
    slow = np.rint(drive.comedone_ratio * counts.counts(slow_severity(severity)))
    daily[:, 1] = np.minimum(slow, MOST_COMEDONES) if comedones else 0.0
    daily[:, 5], daily[:, 6] = _nodules(severity, daily[:, 0])
    return daily, float(daily[0, 0]), float(daily[0, 1])


def _rates(drive: Drive, counts: CountMap, comedones: bool) -> tuple[Floats, float, float]:
    """`daily` of the kernel where severity emerges, and the expected stocks of day 1."""
    assert drive.log_rate is not None
    change = np.exp(np.asarray(drive.log_rate, float))
    slow = np.asarray(drive.log_rate if drive.comedone_log_rate is None else drive.comedone_log_rate, float)
    stock = drive.baseline_count * change
    daily = np.zeros((drive.days, 7))
    daily[:, 0] = -1.0
    daily[:, 5], daily[:, 6] = _nodules(counts.severities(stock), stock)
    mean_life = (1.0 - daily[0, 5]) * life.MEAN_LIFE_DAYS + daily[0, 5] * life.NODULE_MEAN_DAYS
    daily[:, 2] = stock / mean_life
    ratio = drive.comedone_ratio if comedones else 0.0
    comedone_stock = np.minimum(drive.baseline_count * ratio, MOST_COMEDONES) * np.exp(slow)
    daily[:, 1] = -1.0
    daily[:, 3] = comedone_stock / COMEDONE_LIFE_DAYS
    daily[:, 4] = np.maximum(np.exp(-COMEDONE_REMOVAL * slow) - 1.0, 0.0) / COMEDONE_LIFE_DAYS
    return daily, float(stock[0]), float(comedone_stock[0])


def simulate(
    drive: Drive, sites: Sites, person: Floats, key: int, counts: CountMap, smooth: bool, comedones: bool
) -> Course:
    """Run the engine for one patient. `person`: `marks.person_numbers`; `key`: the patient's 64-bit lesion key."""
    from . import kernel, stock

    given = drive.severity is not None
    daily, first, first_comedones = (
        _targets(drive, counts, smooth, comedones) if given else _rates(drive, counts, comedones)
    )
    word = np.uint64(key)
    if not given:
        first = hashing.poisson(hashing.u01(word, 0, -1, hashing.NEWCOMERS), first)
        first_comedones = hashing.poisson(hashing.u01(word, 0, -1, hashing.COMEDONE_NEWCOMERS), first_comedones)
    room = roomy(sites)
    # By origin: a comedone site is already chosen by its own propensity, a mark's by the lesion's.
    ones = np.ones(len(sites))
    weights = np.stack([sites.propensity / sites.comedone_propensity, sites.propensity, ones, ones])
    ground = (weights, sites.comedone_propensity, near(sites), room * (len(sites) / (room @ sites.propensity)))
    capacity = 3 * len(sites) + 60 * drive.days
    while True:
        skin = np.zeros((kernel.SKIN_ROWS, len(sites)), np.int32)
        skin[kernel.ROW] = -1
        skin[kernel.FREE_FROM] = skin[kernel.MACULE_END] = skin[kernel.SCAR_END] = -life.FOREVER
        rows = np.empty((capacity, life.COLUMNS), np.int32)
        n = stock.place(skin, rows, 0, int(first), _in_stock(daily[0, 5]), word, ground)
        n = stock.place_comedones(skin, rows, n, int(first_comedones), word, ground)
        n = stock.remember(skin, rows, n, first / life.MEAN_LIFE_DAYS, word, person, ground)
        n, lost = kernel.run(skin, rows, n, daily, word, person, ground)
        if n >= 0:
            break
        capacity *= 2
    rows = rows[:n].copy()
    rows[rows[:, life.ENDING] == life.GOING_ON, life.LAST] = drive.days
    if given:
        assert np.array_equal(life.counts_by_day(rows, drive.days)[1:] + lost, daily[:, 0]), "the stock must be held"
    return Course(rows, lost)


def _in_stock(births: float) -> float:
    """Nodules' share of the lesions at a time, from their share of births."""
    long, short = births * life.NODULE_MEAN_DAYS, (1.0 - births) * life.MEAN_LIFE_DAYS
    return long / (long + short)
