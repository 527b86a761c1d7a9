"""Tests that take days as independent: Student, Welch, Mann-Whitney. Wrong where neighbouring days are alike."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from ..course import NAN, Contrast, Course, Effect
from .design import REALISED, arms, effect, none, obstacle
from .df import t_test


def student_t(course: Course, contrast: Contrast) -> Effect:
    """Two-sample t test with one variance (Student 1908): the days of both arms as independent draws."""
    method = "student_t"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    a, b = arms(course, contrast)
    df = a.size + b.size - 2
    pooled = ((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / df
    se = math.sqrt(pooled * (1.0 / a.size + 1.0 / b.size))
    return effect(method, REALISED, t_test(float(a.mean() - b.mean()), se, df), a.size + b.size)


def welch_t(course: Course, contrast: Contrast) -> Effect:
    """Two-sample t test with two variances (Welch 1947)."""
    method = "welch_t"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    a, b = arms(course, contrast)
    u, v = a.var(ddof=1) / a.size, b.var(ddof=1) / b.size
    df = (u + v) ** 2 / (u * u / (a.size - 1) + v * v / (b.size - 1))
    return effect(method, REALISED, t_test(float(a.mean() - b.mean()), math.sqrt(u + v), df), a.size + b.size)


def mann_whitney(course: Course, contrast: Contrast) -> Effect:
    """Mann-Whitney U (exact where there are no ties and few days) with the Hodges-Lehmann shift and its interval.

    estimate : median of all differences between days of the arms; interval : Moses', from the normal approximation of
    U (Hodges & Lehmann 1963; Hollander, Wolfe & Chicken 2014, section 4.3). statistic : U. No standard error.
    """
    method, estimand = "mann_whitney", "shift of location between days (Hodges-Lehmann)"
    if why := obstacle(course, contrast):
        return none(method, estimand, why, len(course))
    a, b = arms(course, contrast)
    found = stats.mannwhitneyu(a, b, alternative="two-sided")
    differences = np.sort((a[:, None] - b[None, :]).ravel())
    size = a.size * b.size
    reach = stats.norm.ppf(0.975) * math.sqrt(size * (a.size + b.size + 1) / 12.0)
    cut = max(math.floor(size / 2.0 - reach), 0)
    return Effect(
        method,
        estimand,
        float(np.median(differences)),
        NAN,
        NAN,
        float(found.statistic),
        float(found.pvalue),
        float(differences[cut]),
        float(differences[size - 1 - cut]),
        a.size + b.size,
    )
