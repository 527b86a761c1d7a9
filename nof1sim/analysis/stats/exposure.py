"""How much of a treatment's effect is present on a day: regressors that know wash-in and wash-out.

The coefficient of such a regressor is the steady-state effect, the one that a treatment taken for ever would have.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import AnalysisError, Fault
from ..course import Contrast, Course, Floats

Days = float | Mapping[str, float]
"""A time constant for all treatments, or one per label."""


def constant(of: Days, label: str, name: str) -> float:
    """The time constant of a label, in days, at least 1 (at once)."""
    value = of.get(label) if isinstance(of, Mapping) else of
    if value is None or not np.isfinite(value) or value < 1.0:
        raise AnalysisError(str(Fault(f"{name}[{label}]", value, "days, at least 1 (1 is at once)")))
    return float(value)


def exposure(days: ArrayLike, taken: ArrayLike, tau: float, gamma: float) -> Floats:
    """x + D (1 - x) / tau - (1 - D) x / gamma from day to day, 0 before the first (Gaertner et al. 2023, BMC Med Res
    Methodol 23:191).

    days : (n,) int, ascending; a missing day repeats the dose before it. taken : (n,) dose D, 0 to 1. (n,) out.
    """
    days, dose = np.asarray(days, np.int64), np.asarray(taken, float)
    out, state, before, last = np.empty(days.size), 0.0, 0.0, int(days[0]) - 1
    for i, day in enumerate(days):
        for _ in range(int(day) - last - 1):
            state += before * (1.0 - state) / tau - (1.0 - before) * state / gamma
        before = dose[i]
        state += before * (1.0 - state) / tau - (1.0 - before) * state / gamma
        out[i], last = state, int(day)
    return out


def off_label(course: Course, contrast: Contrast) -> str:
    """The label under which nothing acts: the first recorded one outside the contrast, else the reference."""
    outside = [t for t in course.treatment if t not in (contrast.treatment, contrast.reference)]
    return str(outside[0]) if outside else contrast.reference


def active_labels(course: Course, contrast: Contrast, off: str | None) -> tuple[str, ...]:
    """The labels that get a regressor, the contrast's treatment first."""
    off = off_label(course, contrast) if off is None else off
    others = sorted({str(t) for t in course.treatment} - {off, contrast.treatment})
    return (contrast.treatment, *others)


def exposures(course: Course, labels: tuple[str, ...], tau: Days, gamma: Days) -> Floats:
    """An exposure column per label, (n, labels)."""
    columns = [
        exposure(course.day, course.treatment == label, constant(tau, label, "tau"), constant(gamma, label, "gamma"))
        for label in labels
    ]
    return np.column_stack(columns)


def exposure_weights(labels: tuple[str, ...], contrast: Contrast) -> Floats:
    """The contrast as weights of (intercept, labels ...); a reference without a column weighs nothing."""
    c = np.zeros(len(labels) + 1)
    c[1 + labels.index(contrast.treatment)] = 1.0
    if contrast.reference in labels:
        c[1 + labels.index(contrast.reference)] = -1.0
    return c


def runs(course: Course) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.int64]]:
    """Runs of one treatment: run of each day (n,), and each run's label and first recorded day."""
    change = np.r_[True, course.treatment[1:] != course.treatment[:-1]]
    first = np.flatnonzero(change)
    return np.cumsum(change) - 1, course.treatment[first], course.day[first]


def coapm_columns(course: Course, labels: tuple[str, ...], tau: Days, gamma: Days) -> Floats:
    """COAPM's form (Gaertner et al. 2023): own wash-in within a run, and the previous run's treatment decaying with
    the day in the run; what lies further back is forgotten. (n, labels)."""
    run, label, start = runs(course)
    place = course.day - start[run] + 1.0
    length = np.r_[np.diff(start), 0].astype(float)
    columns = []
    for name in labels:
        t, g = constant(tau, name, "tau"), constant(gamma, name, "gamma")
        own = (label == name)[run] * (1.0 - (1.0 - 1.0 / t) ** place)
        before = np.r_[False, (label == name)[:-1]]
        reached = np.r_[0.0, 1.0 - (1.0 - 1.0 / t) ** length[:-1]]
        columns.append(own + (before * reached)[run] * (1.0 - 1.0 / g) ** place)
    return np.column_stack(columns)


def lagged(course: Course, label: str, lags: int) -> Floats:
    """Whether `label` was taken 0 .. lags days before each day, (n, lags + 1); before the first day as on it."""
    span = int(course.day[-1] - course.day[0]) + 1
    at = np.zeros(span, np.int64)
    at[course.day - course.day[0]] = np.arange(len(course))
    taken = (course.treatment == label).astype(float)[np.maximum.accumulate(at)]
    back = course.day[:, None] - course.day[0] - np.arange(lags + 1)[None, :]
    return taken[np.maximum(back, 0)]
