"""Warnings about carry-over: where an indicator of the treatment cannot mean what it seems to.

The thresholds are judgement, not theory. Correlation handled without carry-over is worse than neither: an AR(1) model
leans on the days around a switch, where the effect has not arrived, and takes the rest for slow noise.
"""

from __future__ import annotations

import numpy as np

from ..course import Contrast, Course, Effect
from .design import obstacle
from .exposure import Days, constant, runs
from .serial import fit_course

NEAR_UNIT = 0.9


def warnings(course: Course, contrast: Contrast, *, tau: Days | None = None) -> tuple[str, ...]:
    """All that is worth saying of a bare-indicator analysis of this course; empty if nothing is."""
    if obstacle(course, contrast):
        return ()
    fit, c = fit_course(course, contrast)
    gls, se = float(c @ fit.beta), float(np.sqrt(c @ fit.cov @ c))
    a, b = (course.score[course.treatment == t].mean() for t in (contrast.treatment, contrast.reference))
    told = (short_runs(course, contrast, tau), near_unit(fit.phi), leaning(gls, se, float(a - b)))
    bare = bare_indicator(tau, contrast) if tau is not None else ""
    return tuple(text for text in (*told, bare) if text)


def short_runs(course: Course, contrast: Contrast, tau: Days | None) -> str:
    """Runs of a treatment shorter than three time constants never come near their steady state."""
    if tau is None:
        return ""
    _, label, start = runs(course)
    lengths = np.diff(np.r_[start, course.day[-1] + 1])
    for name in (contrast.treatment, contrast.reference):
        known = not isinstance(tau, dict) or name in tau
        mine = lengths[label == name]
        if known and mine.size and np.median(mine) < 3.0 * constant(tau, name, "tau"):
            days = constant(tau, name, "tau")
            return (
                f"runs of {name!r} last {np.median(mine):g} days, less than 3 tau = {3 * days:g}: means are attenuated"
            )
    return ""


def near_unit(phi: float) -> str:
    """A phi above 0.9 is more often a wash-in or a trend than noise."""
    return "" if not phi > NEAR_UNIT else f"phi = {phi:.2f} is above {NEAR_UNIT}: a wash-in, a carry-over or a trend?"


def leaning(gls: float, gls_se: float, plain: float) -> str:
    """Regressions with and without AR(1) that disagree by more than 25 % or 2 standard errors."""
    gap = abs(gls - plain)
    if gap <= 0.25 * abs(plain) and gap <= 2.0 * gls_se:
        return ""
    if gap <= gls_se and abs(plain) <= 2.0 * gls_se:
        return ""  # both are noise: a quarter of nothing is nothing
    return (
        f"AR(1) regression says {gls:.3g}, the plain difference of means {plain:.3g}: carry-over or wash-in? "
        "Use an exposure regressor or drop the first days of each period."
    )


def bare_indicator(tau: Days, contrast: Contrast) -> str:
    """AR(1) with a bare indicator under a wash-in that is known of."""
    names = [contrast.treatment, contrast.reference]
    slow = [n for n in names if not isinstance(tau, dict) or n in tau if constant(tau, n, "tau") > 1.0]
    if not slow:
        return ""
    return (
        "AR(1) with a bare treatment indicator under wash-in is biased towards zero, more than the plain "
        "difference of means. Use the exposure regressor."
    )


def of_effect(effect: Effect) -> str:
    """The warning that an effect's own numbers call for (its phi)."""
    return near_unit(float(effect.extra.get("phi", 0.0)))
