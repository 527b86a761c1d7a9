"""Regression of one series with AR(1) errors, by REML or ML, with Kenward-Roger and Satterthwaite inference.

What `mixed` does for one patient, some fifty times faster: calibrations call it thousands of times. All derivatives are
analytic. Kenward & Roger 1997 (Biometrics 53:983-997), with the second derivatives of V.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.random import Generator

from ..course import Floats
from .df import Tested, t_test
from .gls_kernels import LIMIT, bootstrap_t, curved, moments, neighbour_sums, search
from .likelihood import LOG_2PI

Ar1Df = Literal["kenward-roger", "satterthwaite", "residual"]


@dataclass(frozen=True, slots=True)
class Ar1Fit:
    """beta (p,), cov (p, p) unadjusted, sigma (marginal SD), phi, loglik (R's convention), n rows; `at_limit` where phi
    ran to the end of its range. The rest is what the tests need: cross and logdet with derivatives by phi, in terms of
    the orthonormal design q = x r_x^-1."""

    beta: Floats
    cov: Floats
    sigma: float
    phi: float
    loglik: float
    n: int
    at_limit: bool
    rho: float = field(repr=False)
    q: Floats = field(repr=False)
    r_x: Floats = field(repr=False)
    gap: Floats = field(repr=False)
    cross: Floats = field(repr=False)
    logdet: Floats = field(repr=False)
    reml: bool = True


def fit_ar1(y: Floats, x: Floats, day: Floats, *, reml: bool = True) -> Ar1Fit:
    """Fit y = x beta + e, cor(e_i, e_j) = phi^|day_i - day_j|. y (n,), x (n, p) of full rank, day (n,) ascending.

    phi may be negative where all gaps are whole numbers.
    """
    n, p = x.shape
    q, r_x = np.linalg.qr(x)
    offset = q.T @ y
    w = np.column_stack([q, y - q @ offset])
    gap = np.diff(np.asarray(day, float))
    gaps, which, counts = np.unique(gap, return_inverse=True, return_counts=True)
    signed = bool(np.all(gaps == np.round(gaps)))
    head, sums = np.outer(w[0], w[0]), neighbour_sums(w, which, gaps)
    counts = counts.astype(float)
    rho = float(search(head, sums, gaps, counts, n, reml, signed))
    cross, logdet = moments(rho, head, sums, gaps, counts)
    inverse = np.linalg.inv(cross[0, :p, :p])
    beta = inverse @ cross[0, :p, p]
    freedom = n - p if reml else n
    s2 = float(cross[0, p, p] - cross[0, :p, p] @ beta) / freedom
    deviance = freedom * (LOG_2PI + math.log(s2) + 1.0) + logdet[0]
    if reml:
        deviance -= float(np.linalg.slogdet(inverse)[1])
        deviance += 2.0 * float(np.log(np.abs(np.diag(r_x))).sum())
    back = np.linalg.inv(r_x)
    return Ar1Fit(
        back @ (beta + offset),
        s2 * back @ inverse @ back.T,
        math.sqrt(s2),
        math.tanh(rho),
        -0.5 * float(deviance),
        n,
        abs(rho) > LIMIT - 1e-6,
        rho,
        q,
        r_x,
        gap,
        cross,
        logdet,
        reml,
    )


def contrast_ar1(fit: Ar1Fit, c: Floats, df: Ar1Df = "kenward-roger") -> Tested:
    """Test c' beta = 0. Degrees of freedom are kept between 1 and n - p, and Kenward-Roger's variance is never below
    the unadjusted one."""
    p = c.size
    inside = np.linalg.solve(fit.r_x.T, c)
    inverse = np.linalg.inv(fit.cross[0, :p, :p]).astype(np.float64)
    s2, estimate = fit.sigma**2, float(c @ fit.beta)
    direction = s2 * inverse @ inside
    variance = float(inside @ direction)
    message = "phi ran to its limit: the series looks like a random walk" if fit.at_limit else ""
    if df == "residual":
        return t_test(estimate, math.sqrt(variance), fit.n - p, message)
    extra, freedom = (_kenward_roger if df == "kenward-roger" else _satterthwaite)(fit, direction, s2 * inverse)
    return t_test(estimate, math.sqrt(variance + max(extra, 0.0)), min(max(freedom, 1.0), fit.n - p), message)


def _kenward_roger(fit: Ar1Fit, direction: Floats, cov: Floats) -> tuple[float, float]:
    """What is added to the variance of the contrast, and the degrees of freedom. Parameters: (sigma2, phi)."""
    p, s2 = direction.size, fit.sigma**2
    x0, x1, x2 = fit.cross[:, :p, :p]
    bent, trace = curved(fit.q, fit.gap, fit.rho)
    first = np.array([-x0 / s2**2, x1 / s2])
    q = np.array([[x0 / s2**3, -x1 / s2**2], [-x1 / s2**2, bent / s2]])
    r = np.array([[np.zeros((p, p)), -x1 / s2**2], [-x1 / s2**2, (2.0 * bent - x2) / s2]])
    cross = fit.logdet[1] / s2
    traces = np.array([[fit.n / s2**2, cross], [cross, trace]])
    folded = cov @ first  # Phi P_i
    twice = np.array([[np.sum(folded[i] * folded[j].T) for j in range(2)] for i in range(2)])
    once = (cov * q).sum(axis=(2, 3))
    weight = np.linalg.pinv(0.5 * (traces - 2.0 * once + twice), rcond=1e-12, hermitian=True)
    slope = first @ direction @ direction
    excess = q - first[:, None] @ folded[None, :] - 0.25 * r
    extra = 2.0 * float((weight * (excess @ direction @ direction)).sum())
    spread = float(slope @ weight @ slope)
    variance = float(direction @ (x0 / s2) @ direction)
    return extra, 2.0 * variance**2 / spread


def _satterthwaite(fit: Ar1Fit, direction: Floats, cov: Floats) -> tuple[float, float]:
    """Nothing added; degrees of freedom from the observed information of (phi, log sigma2)."""
    p, s2 = direction.size, fit.sigma**2
    c0, c1, c2 = fit.cross
    inverse = cov / s2
    aim = np.append(-inverse @ c0[:p, p], 1.0)
    tilt = c1[:p] @ aim
    curve = fit.logdet[2] + float(aim @ c2 @ aim - 2.0 * tilt @ inverse @ tilt) / s2
    if fit.reml:
        turn = inverse @ c1[:p, :p]
        curve += float((inverse * c2[:p, :p]).sum()) - float((turn * turn.T).sum())
    mixed = -float(aim @ c1 @ aim) / s2
    variance = float(direction @ (c0[:p, :p] / s2) @ direction)
    slope = np.array([-float(direction @ c1[:p, :p] @ direction) / s2, variance])
    weight = np.linalg.pinv(np.array([[curve, mixed], [mixed, fit.n - (p if fit.reml else 0)]]), hermitian=True)
    return 0.0, variance**2 / float(slope @ weight @ slope)


def bootstrap_ar1(fit: Ar1Fit, c: Floats, rng: Generator, repeats: int = 499) -> Tested:
    """Parametric bootstrap of the REML t statistic at the estimated phi; p adds one, the interval is symmetric.

    The statistic does not depend on beta or sigma, so series without an effect serve for p and for the interval. `df`
    is NaN: there is none.
    """
    gaps, which, counts = np.unique(fit.gap, return_inverse=True, return_counts=True)
    signed = bool(np.all(gaps == np.round(gaps)))
    inside = np.linalg.solve(fit.r_x.T, c)
    normals = rng.standard_normal((repeats, fit.n))
    drawn = np.abs(bootstrap_t(fit.q, inside, normals, fit.gap, which, gaps, counts.astype(float), fit.rho, signed))
    estimate, se = float(c @ fit.beta), math.sqrt(float(c @ fit.cov @ c))
    t = estimate / se
    reach = float(np.sort(drawn)[min(math.ceil(0.95 * (repeats + 1)), repeats) - 1]) * se
    tail = (1.0 + float((drawn >= abs(t)).sum())) / (repeats + 1.0)
    return Tested(estimate, se, math.nan, t, tail, estimate - reach, estimate + reach, f"{repeats} bootstrap series")
