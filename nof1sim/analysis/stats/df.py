"""Contrasts of fixed effects with their denominator degrees of freedom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from ...errors import AnalysisError, Fault
from ..course import Floats
from .kenward_roger import adjust
from .likelihood import evaluate, hessian
from .mixed import MixedFit

Df = Literal["satterthwaite", "kenward-roger", "containment"]
FLAT = 1e-8
"""Directions of the parameters with less than this share of the largest curvature carry no information."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A contrast c' beta: estimate, standard error, df, t, two-sided p and its 95 % interval; message on the df."""

    estimate: float
    se: float
    df: float
    t: float
    p: float
    low: float
    high: float
    message: str = ""


def t_test(estimate: float, se: float, df: float, message: str = "") -> Tested:
    """The t test and 95 % interval of an estimate; df may be infinite."""
    t = estimate / se if se > 0.0 else math.nan
    half = float(student.ppf(0.975, df)) * se
    return Tested(estimate, se, df, t, float(2.0 * student.sf(abs(t), df)), estimate - half, estimate + half, message)


def contrast(fit: MixedFit, c: ArrayLike, df: Df = "satterthwaite") -> Tested:
    """Test c' beta = 0, `c` (p,).

    'satterthwaite' : moments of the variance by derivatives at the optimum (Giesbrecht & Burns 1985, Biometrics
    41:477-486; as lmerTest). 'kenward-roger' : adjusted variance and expected information (Kenward & Roger 1997),
    never smaller than the unadjusted one. 'containment' : nlme's inner-outer rule.
    Where random slopes are in the model and the fit is singular, df is at most groups - 1: there the derivatives of a
    variance that is stuck at zero vanish and Satterthwaite counts days instead of patients.
    """
    c = np.asarray(c, float)
    if c.shape != fit.beta.shape:
        raise AnalysisError(str(Fault("contrast", c.shape, f"({fit.beta.size},), a weight per fixed effect")))
    estimate, variance = float(c @ fit.beta), float(c @ fit.cov @ c)
    if df == "kenward-roger":
        variance, freedom = adjust(fit, c)
    elif df == "satterthwaite":
        freedom = satterthwaite(fit, c)
    else:
        freedom = containment(fit)
    message = ""
    cap = fit.groups - 1
    if fit.problem.k > 1 and fit.singular and freedom > cap >= 1:
        freedom, message = float(cap), f"df capped at patients - 1 = {cap}: the random effects are singular"
    return t_test(estimate, math.sqrt(variance), freedom, message)


def satterthwaite(fit: MixedFit, c: Floats) -> float:
    """2 v^2 / Var(v), v = c' Cov(beta) c, its variance by the delta method from the observed information."""
    of, s2 = fit.problem, fit.at.sigma2
    q = np.linalg.solve(of.r_x.T, c)
    value = s2 * float(q @ fit.at.xvx_inverse @ q)
    size = of.size + 1  # the last parameter is log sigma2
    slope, curve = np.empty(size), np.empty((size, size))
    curve[:-1, :-1] = hessian(of, fit.theta, s2)
    for j in range(of.size):
        h = np.zeros(of.size)
        h[j] = 1e-5 * (1.0 + abs(fit.theta[j]))
        up, down = evaluate(of, fit.theta + h, s2), evaluate(of, fit.theta - h, s2)
        slope[j] = s2 * float(q @ (up.xvx_inverse - down.xvx_inverse) @ q) / (2.0 * h[j])
    if of.size:
        step = 1e-4
        up, down = (evaluate(of, fit.theta, s2 * math.exp(d)).gradient for d in (step, -step))
        curve[-1, :-1] = curve[:-1, -1] = (up - down) / (2.0 * step)
    slope[-1] = value
    curve[-1, -1] = of.n - of.p if of.reml else of.n  # rss / sigma2 at the optimum
    sizes, axes = np.linalg.eigh(curve)
    keep = sizes > FLAT * sizes.max()
    along = (axes.T @ slope)[keep]
    return value**2 / float((along**2 / sizes[keep]).sum())


def containment(fit: MixedFit) -> float:
    """Rows left after patients and the fixed effects that vary within patients (nlme's innermost level)."""
    of = fit.problem
    if of.k == 0:
        return float(of.n - of.p)
    q = of.residuals.w[:, of.k : of.k + of.p]
    group = np.cumsum(of.residuals.first) - 1
    means = np.array([np.bincount(group, column) for column in q.T]) / np.bincount(group)
    return float(of.n - of.groups - np.linalg.matrix_rank(q - means[:, group].T, tol=1e-8))
