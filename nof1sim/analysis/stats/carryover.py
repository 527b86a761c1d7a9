"""Estimates for one patient that reckon with wash-in and carry-over, each with the estimand it is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..course import Contrast, Course, Effect, Floats
from .ar1 import contrast_ar1, fit_ar1
from .design import REALISED, STEADY, effect, none, obstacle
from .exposure import Days, active_labels, coapm_columns, exposure_weights, exposures, lagged
from .serial import gls
from .table import Test


def dropped(k: int) -> str:
    """The estimand of days after the first k of each period."""
    return f"{REALISED}, first {k} days of each period dropped"


def default_k(course: Course) -> int:
    """How many days of each period to drop: 7, or 3 where periods have at most 7 days (by their median)."""
    lengths = [int(np.ptp(course.day[course.period == period])) + 1 for period in np.unique(course.period)]
    return 3 if np.median(lengths) <= 7 else 7


def kept_days(course: Course, k: int) -> Course:
    """The course without the first k calendar days of each period."""
    periods, place = np.unique(course.period, return_inverse=True)
    starts = np.array([course.day[course.period == period].min() for period in periods])
    return course.where(course.day - starts[place] >= k)


def drop_first(course: Course, contrast: Contrast, *, k: int | None = None, test: Test | None = None) -> Effect:
    """A test (AR(1) regression if none is given) on the days after the first k of each period."""
    k = default_k(course) if k is None else k
    found = (gls if test is None else test.run)(kept_days(course, k), contrast)
    return attenuated(found, f"{found.method}, dropped", k)


def attenuated(found: Effect, method: str, k: int) -> Effect:
    """An effect of the days after the first k of each period, named and cautioned as such."""
    note = "; ".join(part for part in (found.note, "attenuated: a lower bound of the steady state") if part)
    return replace(found, method=method, estimand=dropped(k), note=note, extra={**found.extra, "k": float(k)})


def _regression(method: str, course: Course, x: Floats, c: Floats, note: str, extra: dict[str, float]) -> Effect:
    """AR(1) regression on given columns with Kenward-Roger, or the reason why it cannot be."""
    if np.linalg.matrix_rank(x) < x.shape[1] or x.shape[0] <= x.shape[1] + 1:
        return none(method, STEADY, "the regressors cannot be told apart in this schedule", len(course))
    fit = fit_ar1(course.score, x, course.day.astype(float))
    numbers = {"phi": fit.phi, "sigma": fit.sigma, "loglik": fit.loglik, **extra}
    return effect(method, STEADY, contrast_ar1(fit, c), len(course), note, numbers)


def exposure_gls(course: Course, contrast: Contrast, *, tau: Days, gamma: Days, off: str | None = None) -> Effect:
    """AR(1) regression on exposures with given time constants (days; one, or one per label).

    off : the label under which nothing acts (by default the first outside the contrast, else the reference). tau and
    gamma must come from outside the data: twice too long or half cost a third of the estimate, but not the null.
    """
    method = "exposure_gls"
    if why := obstacle(course, contrast):
        return none(method, STEADY, why, len(course))
    labels = active_labels(course, contrast, off)
    x = np.column_stack([np.ones(len(course)), exposures(course, labels, tau, gamma)])
    return _regression(method, course, x, exposure_weights(labels, contrast), "", {})


def coapm(course: Course, contrast: Contrast, *, tau: Days, gamma: Days, off: str | None = None) -> Effect:
    """AR(1) regression in COAPM's form: wash-in within a run, carry-over of the previous run only (see `exposure`)."""
    method = "coapm"
    if why := obstacle(course, contrast):
        return none(method, STEADY, why, len(course))
    labels = active_labels(course, contrast, off)
    x = np.column_stack([np.ones(len(course)), coapm_columns(course, labels, tau, gamma)])
    return _regression(method, course, x, exposure_weights(labels, contrast), "", {})


def distributed_lag(course: Course, contrast: Contrast, *, lags: int = 6, off: str | None = None) -> Effect:
    """AR(1) regression on the treatment of today and the `lags` days before; the effect is the long-run sum.

    Needs no time constants, but misses what acts later than `lags` days: a lower bound where wash-in is slower.
    """
    method = "distributed_lag"
    if why := obstacle(course, contrast):
        return none(method, STEADY, why, len(course))
    labels = active_labels(course, contrast, off)
    x = np.column_stack([np.ones(len(course)), *(lagged(course, label, lags) for label in labels)])
    c = np.r_[0.0, np.repeat(exposure_weights(labels, contrast)[1:], lags + 1)]
    note = f"long-run sum over {lags + 1} days: what acts later is missed"
    return _regression(method, course, x, c, note, {"lags": float(lags)})
