"""The (restricted) likelihood of a linear mixed model and its exact gradient.

V_i = sigma2 (Z_i L L' Z_i' + R_i). beta and sigma2 are profiled out; the parameters are the entries of the relative
factor L, whose signs are free, then those of R. All is said in the cross-products of [Z X y] under R^-1, small matrices
per group (Bates & DebRoy 2004, J Multivariate Anal 91:1-17; Lindstrom & Bates 1988, JASA 83:1014-1022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..course import Floats
from .residual import PARAMETERS, Cross, Residual, Residuals, cross, prepare

LOG_2PI = math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class Problem:
    """A mixed model's data, made ready: X orthonormal (`q`, with X = q @ r_x), y without its least-squares fit.

    k, p : columns of Z and X. rows, cols : places in L of its free entries. offset : the least-squares coefficients
    of `q`, to be added to the estimates.
    """

    residuals: Residuals
    groups: int
    n: int
    k: int
    p: int
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    reml: bool
    r_x: Floats
    offset: Floats

    @property
    def n_factor(self) -> int:
        """How many free entries L has."""
        return self.rows.size

    @property
    def size(self) -> int:
        """How many parameters the optimiser moves."""
        return self.n_factor + PARAMETERS[self.residuals.kind]

    def factor(self, theta: Floats) -> Floats:
        """L (k, k), lower triangular."""
        lower = np.zeros((self.k, self.k))
        lower[self.rows, self.cols] = theta[: self.n_factor]
        return lower


def pose(
    y: Floats, x: Floats, z: Floats, group: NDArray[np.int64], time: Floats, kind: Residual, diagonal: bool, reml: bool
) -> Problem:
    """The problem of `y` (n,), `x` (n, p), `z` (n, k), rows sorted by `group` (0..g-1) and `time`."""
    q, r_x = np.linalg.qr(x)
    offset = q.T @ y
    w = np.ascontiguousarray(np.column_stack([z, q, y - q @ offset]))
    k = z.shape[1]
    rows, cols = (np.arange(k), np.arange(k)) if diagonal else np.tril_indices(k)
    residuals = prepare(kind, w, group, time)
    return Problem(residuals, int(group[-1]) + 1, y.size, k, x.shape[1], rows, cols, reml, r_x, offset)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """-2 log-likelihood and its gradient at a place, with what was computed on the way (in terms of `q`).

    d_g : (k, k) derivative by the relative covariance of the random effects, for the test of the boundary.
    """

    deviance: float
    gradient: Floats
    d_g: Floats
    beta: Floats
    xvx_inverse: Floats
    sigma2: float
    u: Floats
    cross: Cross


def evaluate(of: Problem, theta: Floats, sigma2: float | None = None) -> Evaluation:
    """-2 log-likelihood (R's convention: no log|X'X|) at `theta`, with sigma2 profiled out unless it is given."""
    k, p = of.k, of.p
    at = cross(of.residuals, theta[of.n_factor :])
    lower = of.factor(theta)
    a, b, c = at.value[:, :k, :k], at.value[:, :k, k:], at.value[:, k:, k:]
    inner = lower.T @ a @ lower
    inner += np.eye(k)
    u = lower @ np.linalg.inv(inner) @ lower.T
    ub = u @ b
    h = c.sum(axis=0) - (b.swapaxes(1, 2) @ ub).sum(axis=0)
    inverse = np.linalg.inv(h[:p, :p])
    beta = inverse @ h[:p, p]
    rss = max(float(h[p, p] - h[:p, p] @ beta), 1e-300)
    freedom = of.n - p if of.reml else of.n
    s2 = rss / freedom if sigma2 is None else sigma2
    signs, logdets = np.linalg.slogdet(inner)
    deviance = freedom * (LOG_2PI + math.log(s2)) + rss / s2 + at.logdet + float(logdets.sum())
    if of.reml:
        deviance += float(np.linalg.slogdet(h[:p, :p])[1]) + 2.0 * float(np.log(np.abs(np.diag(of.r_x))).sum())
    if not (signs > 0).all() or rss <= 1e-300:
        deviance = math.inf
    aim = np.append(-beta, 1.0)
    zv = b - a @ ub  # Z' V^-1 [X y]
    zr = zv @ aim
    d_g = (a - a @ u @ a).sum(axis=0) - zr.T @ zr / s2
    if of.reml:
        zx = zv[:, :, :p]
        d_g -= (zx @ inverse @ zx.swapaxes(1, 2)).sum(axis=0)
    gradient = np.empty(of.size)
    gradient[: of.n_factor] = (2.0 * d_g @ lower)[of.rows, of.cols]
    for j, (d_value, d_logdet) in enumerate(zip(at.d_value, at.d_logdet, strict=True)):
        da, db, dc = d_value[:, :k, :k], d_value[:, :k, k:], d_value[:, k:, k:]
        crossed = (db.swapaxes(1, 2) @ ub).sum(axis=0)
        dh = dc.sum(axis=0) - crossed - crossed.T + (ub.swapaxes(1, 2) @ da @ ub).sum(axis=0)
        slope = d_logdet + float((u * da).sum()) + float(aim @ dh @ aim) / s2
        gradient[of.n_factor + j] = slope + (float((inverse * dh[:p, :p]).sum()) if of.reml else 0.0)
    return Evaluation(deviance, gradient, d_g, beta, inverse, s2, u, at)


def hessian(of: Problem, theta: Floats, sigma2: float | None = None, step: float = 1e-5) -> Floats:
    """Second derivatives of -2 log-likelihood by central differences of the exact gradient. (size, size)."""
    rows = []
    for j in range(of.size):
        h = np.zeros(of.size)
        h[j] = step * (1.0 + abs(theta[j]))
        up, down = evaluate(of, theta + h, sigma2).gradient, evaluate(of, theta - h, sigma2).gradient
        rows.append((up - down) / (2.0 * h[j]))
    matrix = np.array(rows).reshape(of.size, of.size)
    return 0.5 * (matrix + matrix.T)
