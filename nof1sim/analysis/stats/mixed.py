"""Linear mixed models for courses: random effects per patient and serially correlated residuals.

Agrees with R's nlme and lme4 (Pinheiro & Bates 2000, Mixed-Effects Models in S and S-PLUS); with no columns of random
effects it is generalised least squares (nlme's gls; standard errors under ML without its factor sqrt(n / (n - p))).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from ...errors import AnalysisError, Fault
from ..course import NAN, Floats
from .likelihood import Evaluation, Problem, pose
from .optimise import Optimum, at_limit, maximise
from .residual import PARAMETERS, Residual, nugget_of, phi_of

Slopes = Literal["full", "diagonal"]
Method = Literal["reml", "ml"]


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted mixed model.

    names : p fixed effects. beta, se : (p,). cov : (p, p). sigma : residual SD, nugget included. phi : correlation of
    neighbours one unit of time apart (NaN if residuals are independent). nugget : white noise's share of the residual
    variance (NaN if not in the model). G : (k, k) covariance of the random effects. loglik : R's convention, without
    the log|X'X| term. aic : nlme's count of parameters. n, groups : rows and patients. converged : gradient, boundary
    and starts were checked. singular : a variance is zero or a correlation +-1. message : what is worth saying.
    order : (groups,) the labels of the groups, in the order of `blups`.
    """

    names: tuple[str, ...]
    beta: Floats
    se: Floats
    cov: Floats
    sigma: float
    phi: float
    nugget: float
    G: Floats
    loglik: float
    aic: float
    n: int
    groups: int
    converged: bool
    message: str
    singular: bool
    method: Method
    residual: Residual
    slopes: Slopes
    order: NDArray = field(repr=False)
    problem: Problem = field(repr=False)
    theta: Floats = field(repr=False)
    at: Evaluation = field(repr=False)

    @property
    def parameters(self) -> int:
        """Parameters as nlme counts them: fixed effects, entries of G, residual parameters and sigma."""
        return len(self.names) + self.problem.size + 1


def fit_mixed(
    y: ArrayLike,
    x: ArrayLike,
    z: ArrayLike,
    group: ArrayLike,
    time: ArrayLike,
    *,
    names: Sequence[str],
    residual: Residual = "independent",
    slopes: Slopes = "full",
    method: Method = "reml",
) -> MixedFit:
    """Fit y = x beta + z b_group + e, b ~ N(0, G), e serially correlated within a group.

    Parameters
    ----------
    y : (n,) scores. x : (n, p) fixed effects of full rank. z : (n, k) random effects, k may be 0 (then gls).
    group : (n,) labels. time : (n,) in days; gaps are allowed, and no time twice in a group unless `residual` is
    'independent'. Rows may come in any order. names : p names of the columns of x.
    residual : 'independent'; 'ar1' (whole days, phi may be negative); 'car1' (any times, phi >= 0); 'ar1_nugget'
    (AR(1) plus white noise; corExp with a nugget where times are not whole).
    slopes : 'full' covariance of the random effects or 'diagonal'.

    Raises
    ------
    AnalysisError
        Not finite, shapes that do not fit, x without full rank, repeated times, nothing left to estimate.
    """
    y, x, time = np.asarray(y, float), np.asarray(x, float), np.asarray(time, float)
    z = np.asarray(z, float).reshape(y.size, -1)
    labels, codes = np.unique(np.asarray(group), return_inverse=True)
    order = np.lexsort((time, codes))
    y, x, z, codes, time = y[order], x[order], z[order], codes[order].astype(np.int64), time[order]
    _check(y, x, z, codes, time, names, residual)
    problem = pose(y, x, z, codes, time, residual, slopes == "diagonal", method == "reml")
    return _report(problem, maximise(problem), tuple(names), labels, slopes)


def _report(problem: Problem, best: Optimum, names: tuple[str, ...], labels: NDArray, slopes: Slopes) -> MixedFit:
    """The optimum in the units of the data."""
    at = best.at
    back = np.linalg.inv(problem.r_x)
    cov = back @ (at.xvx_inverse * at.sigma2) @ back.T
    lower = problem.factor(best.theta)
    g = at.sigma2 * lower @ lower.T
    own = best.theta[problem.n_factor :]
    phi = phi_of(float(own[0]), problem.residuals.signed)[0] if own.size else NAN
    nugget = nugget_of(float(own[1]))[0] if own.size > 1 else NAN
    singular = _singular(at, lower)
    loglik = -0.5 * at.deviance
    parameters = problem.p + problem.size + 1
    notes = [
        "" if best.converged else f"not converged: a further step could gain {best.decrement:.2g}",
        "the starts ended in different optima; the best is reported" if best.spread > 1e-3 else "",
        "singular: a random effect's variance is 0 or a correlation is 1" if singular else "",
        at_limit(problem, best.theta),
    ]
    return MixedFit(
        names,
        back @ (at.beta + problem.offset),
        np.sqrt(np.maximum(np.diag(cov), 0.0)),
        cov,
        float(np.sqrt(at.sigma2)),
        phi,
        nugget,
        g,
        loglik,
        2.0 * (parameters - loglik),
        problem.n,
        problem.groups,
        best.converged,
        "; ".join(note for note in notes if note),
        singular,
        "reml" if problem.reml else "ml",
        problem.residuals.kind,
        slopes,
        labels,
        problem,
        best.theta,
        at,
    )


def _singular(at: Evaluation, lower: Floats) -> bool:
    """Whether the random effects lie in fewer dimensions than they have, on the scale of what the data could tell."""
    k = lower.shape[0]
    if k == 0:
        return False
    scale = np.sqrt(np.maximum(at.cross.value[:, range(k), range(k)].mean(axis=0), 1e-300))
    sizes = np.linalg.svd(scale[:, None] * lower, compute_uv=False)
    return bool(sizes[-1] < 1e-3 or sizes[-1] < 1e-4 * sizes[0])


def _check(
    y: Floats, x: Floats, z: Floats, codes: NDArray[np.int64], time: Floats, names: Sequence[str], residual: str
) -> None:
    faults = []
    if x.shape != (y.size, len(names)):
        faults.append(Fault("x", x.shape, f"({y.size}, {len(names)}), a row per score and a column per name"))
    elif not all(np.isfinite(a).all() for a in (y, x, z, time)):
        faults.append(Fault("y, x, z, time", "values that are not finite", "finite numbers", "Leave missing days out."))
    elif y.size <= x.shape[1] + 1 or np.linalg.matrix_rank(x) < x.shape[1]:
        faults.append(
            Fault(
                "x",
                f"{y.size} rows, rank {np.linalg.matrix_rank(x)}",
                f"rank {x.shape[1]} and more rows",
                "Leave out a column that follows from the others.",
            )
        )
    elif np.ptp(y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) <= 1e-12 * max(1.0, float(np.abs(y).max())):
        faults.append(Fault("y", "scores without any residual variation", "scores that vary around their means"))
    if residual not in PARAMETERS:
        faults.append(Fault("residual", residual, ", ".join(PARAMETERS)))
    elif residual != "independent" and bool(np.any((np.diff(codes) == 0) & (np.diff(time) <= 0.0))):
        faults.append(Fault("time", "the same time twice in a group", "one score a time", "Average same-day scores."))
    elif residual == "ar1" and not np.array_equal(time, np.round(time)):
        faults.append(Fault("time", "fractions of a day", "whole days with 'ar1'", "Use 'car1'."))
    if faults:
        raise AnalysisError("\n".join(map(str, faults)))


@dataclass(frozen=True, slots=True)
class Blups:
    """Predicted random effects: `value` and `se` (groups, k), `labels` (groups,).

    `se` is of value minus the true effect given the variances (Henderson's; lme4's condVar plus the uncertainty of
    beta), so value +- 1.96 se is a 95 % interval.
    """

    labels: NDArray
    value: Floats
    se: Floats


def blups(fit: MixedFit) -> Blups:
    """Best linear unbiased predictors of each patient's random effects."""
    value, spread, _ = _predict(fit)
    k = fit.problem.k
    return Blups(fit.order, value, np.sqrt(np.maximum(spread[:, range(k), range(k)], 0.0)))


def patient_effects(fit: MixedFit, c: ArrayLike, c_z: ArrayLike) -> Blups:
    """Each patient's own contrast c' beta + c_z' b with its standard error, `value` and `se` (groups, 1)."""
    c, c_z = np.asarray(c, float), np.asarray(c_z, float)
    value, spread, crossed = _predict(fit)
    variance = c @ fit.cov @ c + spread @ c_z @ c_z + 2.0 * (crossed @ c_z) @ c
    return Blups(fit.order, (c @ fit.beta + value @ c_z)[:, None], np.sqrt(np.maximum(variance, 0.0))[:, None])


def _predict(fit: MixedFit) -> tuple[Floats, Floats, Floats]:
    """Predictions (g, k), covariance of their errors (g, k, k), covariance of beta with those errors (g, p, k)."""
    k, p, at = fit.problem.k, fit.problem.p, fit.at
    b = at.cross.value[:, :k, k:]
    ub = at.u @ b
    value = ub @ np.append(-at.beta, 1.0)
    ux = ub[:, :, :p]
    spread = at.sigma2 * (at.u + ux @ at.xvx_inverse @ ux.swapaxes(1, 2))
    back = np.linalg.inv(fit.problem.r_x)
    return value, spread, -at.sigma2 * (back @ at.xvx_inverse) @ ux.swapaxes(1, 2)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A likelihood-ratio test: twice the gain in log-likelihood, the mixture's degrees of freedom, p."""

    statistic: float
    df: tuple[int, ...]
    p: float


def likelihood_ratio(a: MixedFit, b: MixedFit) -> Ratio:
    """Test the smaller model of two nested ones against the larger.

    Where the larger one adds a random effect or a nugget, the null lies on the boundary and the reference is the even
    mixture of chi-squared with r - 1 and r degrees of freedom, r the added parameters (Self & Liang 1987, JASA
    82:605-610; Stram & Lee 1994, Biometrics 50:1171-1177); with several added variances this is conservative.

    Raises AnalysisError where the fits cannot be compared: different rows, methods, or fixed effects under REML.
    """
    small, large = sorted((a, b), key=lambda fit: fit.parameters)
    same_fixed = small.names == large.names
    if (small.n, small.method) != (large.n, large.method) or (small.method == "reml" and not same_fixed):
        raise AnalysisError(
            str(
                Fault(
                    "likelihood_ratio",
                    f"{small.method}, {small.names} and {large.method}, {large.names}",
                    "two fits to the same rows by one method, and by ML where the fixed effects differ",
                    "Fit both with method='ml'.",
                )
            )
        )
    added = large.parameters - small.parameters
    statistic = max(0.0, 2.0 * (large.loglik - small.loglik))
    boundary = large.problem.k > small.problem.k or (large.residual == "ar1_nugget" != small.residual)
    df = (added - 1, added) if boundary else (added,)
    tails = [float(chi2.sf(statistic, d)) if d else float(statistic <= 0.0) for d in df]
    return Ratio(statistic, df, sum(tails) / len(tails))
