"""The t test on means of periods, and how periods pair up."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..course import Contrast, Course, Effect, Floats
from .design import REALISED, effect, none, obstacle
from .df import t_test


def periods(course: Course, contrast: Contrast) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Mean score of each period of the contrast's two treatments, whether it was the treatment, and its days.

    In order of time; a period under another label (a baseline, a washout) is left out.
    """
    means, treated, days = [], [], []
    cuts = np.flatnonzero((np.diff(course.period) != 0) | (course.treatment[1:] != course.treatment[:-1])) + 1
    for rows in np.split(np.arange(len(course)), cuts):
        label = course.treatment[rows[0]]
        if label in (contrast.treatment, contrast.reference):
            means.append(course.score[rows].mean())
            treated.append(label == contrast.treatment)
            days.append(rows.size)
    return np.array(means), np.array(treated, bool), np.array(days, np.int64)


def paired(treated: NDArray[np.bool_]) -> bool:
    """Whether periods pair up: an even number, and of each two in turn one is the treatment and one the reference."""
    return treated.size % 2 == 0 and bool(np.all(treated[0::2] != treated[1::2]))


def block_t(course: Course, contrast: Contrast) -> Effect:
    """t test on period means: paired where periods pair up AB or BA, two-sample otherwise.

    It needs no model of the correlation between days, and pays with degrees of freedom: pairs - 1, or periods - 2.
    """
    method = "block_t"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    means, treated, days = periods(course, contrast)
    n = int(days.sum())
    if paired(treated):
        differences = np.where(treated[0::2], 1.0, -1.0) * (means[0::2] - means[1::2])
        if differences.size < 2 or np.ptp(differences) == 0.0:
            return none(method, REALISED, f"{differences.size} pair(s) of periods, at least 2 are needed", n)
        se, df = float(differences.std(ddof=1)) / math.sqrt(differences.size), differences.size - 1
        return effect(method, REALISED, t_test(float(differences.mean()), se, df), n, "paired", {"pairs": df + 1})
    a, b = means[treated], means[~treated]
    df = a.size + b.size - 2
    if df < 1:
        return none(method, REALISED, f"{means.size} periods, at least 3 are needed", n)
    pooled = (float(((a - a.mean()) ** 2).sum()) + float(((b - b.mean()) ** 2).sum())) / df
    if not pooled > 0.0:
        return none(method, REALISED, "the period means do not vary within a treatment", n)
    se = math.sqrt(pooled * (1.0 / a.size + 1.0 / b.size))
    extra = {"periods": float(means.size)}
    return effect(method, REALISED, t_test(float(a.mean() - b.mean()), se, df), n, "two-sample", extra)
