"""Tests by rearranging labels: of whole periods, as the design randomised them, or of days, as if exchangeable.

Edgington & Onghena 2007, Randomization Tests; Phipson & Smyth 2010 for the added one of a Monte Carlo p.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from ...randomness import stream
from ..course import NAN, Contrast, Course, Effect
from .blocks import paired, periods
from .design import REALISED, arms, none, obstacle

ALL_OF_THEM = 10_000
"""Up to so many arrangements each is looked at; beyond, so many are drawn."""
DRAWN = 9_999
"""Permutations of days that are drawn, as published analyses draw them."""

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


def permutation(course: Course, contrast: Contrast, *, seed: int = 0) -> Effect:
    """Permutation test of the difference of means with exchangeable days (Pitman 1937): any days change places.

    What published image analyses of N-of-1 trials use (Schneider et al., arXiv 2309.06455, with 9,999 permutations).
    Neighbouring days that are alike make it as liberal as a t test. extra: smallest_p and arrangements. No standard
    error and no interval.
    """
    method = "permutation"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    a, b = arms(course, contrast)
    values = np.concatenate([a, b]) - course.score.mean()
    table, complete = _places(seed, course.patient_id, values.size, a.size)
    sums = table.astype(float) @ values  # of booleans it would be slow
    statistics = np.abs(sums / a.size - (values.sum() - sums) / b.size)
    observed = float(a.mean() - b.mean())
    extreme = int((statistics >= abs(observed) - 1e-9 * max(abs(observed), float(np.abs(values).max()))).sum())
    p = extreme / statistics.size if complete else (extreme + 1.0) / (statistics.size + 1.0)
    ties = 2 if a.size == b.size else 1  # with arms of one size every arrangement has its mirror image
    smallest = ties / statistics.size if complete else 1.0 / (statistics.size + 1.0)
    extra = {"smallest_p": smallest, "arrangements": float(statistics.size)}
    return Effect(method, REALISED, observed, NAN, NAN, observed, p, NAN, NAN, values.size, "", extra)


@lru_cache(maxsize=16)
def _places(seed: int, patient_id: str, size: int, chosen: int) -> tuple[Arrangements, bool]:
    """Choices of `chosen` among `size` days (m, size), and whether these are all. Kept: each score asks for it."""
    if math.comb(size, chosen) <= ALL_OF_THEM:
        return _combinations(size, chosen), True
    first = np.broadcast_to(np.arange(size) < chosen, (DRAWN, size))
    table = stream(seed, patient_id, "permutation").permuted(first, axis=1)
    table.setflags(write=False)
    return table, False


def _combinations(size: int, chosen: int) -> Arrangements:
    """Every choice of `chosen` among `size`, (m, size)."""
    table = np.zeros((math.comb(size, chosen), size), bool)
    for row, places in enumerate(combinations(range(size), chosen)):
        table[row, list(places)] = True
    return table


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
        return _combinations(size, chosen), True
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
