"""The randomisation test that permutes what the design randomised: whole periods.

Edgington & Onghena 2007, Randomization Tests; Phipson & Smyth 2010 for the added one of a Monte Carlo p.
"""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from ...randomness import stream
from ..course import NAN, Contrast, Course, Effect
from .blocks import paired, periods
from .design import REALISED, none, obstacle

ALL_OF_THEM = 10_000
"""Up to so many arrangements each is looked at; beyond, so many are drawn."""

Arrangements = NDArray[np.bool_]


def randomisation(course: Course, contrast: Contrast, *, alpha: float = 0.05, seed: int = 0) -> Effect:
    """Sharp-null test: the difference of means of days against its value under every arrangement of the design.

    Where periods come in pairs of one AB or BA each, the two of a pair swap; else any periods change places. p counts
    arrangements at least as extreme, the actual one included. extra: smallest_p (what the design could reach at all)
    and arrangements. No standard error and no interval.
    """
    method = "randomisation"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    means, treated, days = periods(course, contrast)
    table, complete = arrangements(treated, seed, course.patient_id)
    totals = means * days
    statistics = np.abs(_differences(table, totals, days))
    observed = float(_differences(treated[None, :], totals, days)[0])
    extreme = int((statistics >= abs(observed) - 1e-9 * max(1.0, float(np.abs(means).max()))).sum())
    p = extreme / statistics.size if complete else (extreme + 1.0) / (statistics.size + 1.0)
    # The smallest p is the share of arrangements that must tie for the largest statistic.
    smallest = _mirror(treated) / statistics.size if complete else 1.0 / (statistics.size + 1.0)
    note = (
        "" if smallest <= alpha else f"the design has {statistics.size} arrangements: p cannot be below {smallest:.3g}"
    )
    extra = {"smallest_p": smallest, "arrangements": float(statistics.size)}
    return Effect(method, REALISED, observed, NAN, NAN, observed, p, NAN, NAN, int(days.sum()), note, extra)


def arrangements(treated: Arrangements, seed: int, patient_id: str) -> tuple[Arrangements, bool]:
    """Assignments (m, periods) that the design allows, and whether these are all."""
    size, pairs = treated.size, treated.size // 2
    if paired(treated):
        if 2**pairs <= ALL_OF_THEM:
            first = np.array(list(product((False, True), repeat=pairs)), bool).reshape(-1, pairs)
            complete = True
        else:
            first = stream(seed, patient_id, "randomisation").random((ALL_OF_THEM, pairs)) < 0.5
            complete = False
        return np.stack([first, ~first], axis=2).reshape(-1, size), complete
    chosen = int(treated.sum())
    if math.comb(size, chosen) <= ALL_OF_THEM:
        table = np.zeros((math.comb(size, chosen), size), bool)
        for row, places in enumerate(combinations(range(size), chosen)):
            table[row, list(places)] = True
        return table, True
    ranks = stream(seed, patient_id, "randomisation").random((ALL_OF_THEM, size)).argsort(axis=1).argsort(axis=1)
    return ranks < chosen, False


def _differences(table: Arrangements, totals: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean of the treatment's days minus mean of the reference's, per arrangement."""
    on = table.astype(float)
    n_on = on @ days
    return on @ totals / n_on - (totals.sum() - on @ totals) / (days.sum() - n_on)


def _mirror(treated: Arrangements) -> int:
    """How many arrangements must tie for the most extreme: 2 where each has a mirror image among them, else 1.

    Swapping all labels turns the sign of the difference; it stays in the design where periods pair up or both arms
    have as many periods.
    """
    return 2 if paired(treated) or 2 * int(treated.sum()) == treated.size else 1
