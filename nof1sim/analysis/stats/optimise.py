"""The search for a mixed model's best parameters, with an honest account of how it ended.

BFGS from two starts, then Newton steps. L = 0 is stationary by symmetry whatever the data say, so it is never a start,
and a variance of zero is believed only where the derivative by the *variance* says that it cannot grow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from ..course import Floats
from .likelihood import Evaluation, Problem, evaluate, hessian
from .residual import LIMIT, nugget_of, parameter_of, phi_of

STARTS = ((1.0, 0.3, 0.1), (0.2, 0.85, 0.4))
"""(diagonal of L, phi, nugget) of each start: strong effects and quick errors, weak effects and slow errors."""

NO_NUGGET = -60.0
GOOD = 1e-6
"""A fit counts as converged if a Newton step could lower -2 log-likelihood by no more than this."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the search ended. `decrement` : what a Newton step could still gain. `spread` : worst start minus best."""

    theta: Floats
    at: Evaluation
    decrement: float
    spread: float
    boundary_holds: bool

    @property
    def converged(self) -> bool:
        """Whether this is an optimum as far as can be told."""
        return bool(np.isfinite(self.at.deviance)) and self.decrement < GOOD and self.boundary_holds


def maximise(of: Problem) -> Optimum:
    """The best parameters of a problem."""
    with np.errstate(all="ignore"):  # far from the optimum numbers overflow; what is not finite counts as worst
        return _maximise(of)


def _maximise(of: Problem) -> Optimum:
    if of.size == 0:
        return Optimum(np.zeros(0), evaluate(of, np.zeros(0)), 0.0, 0.0, True)
    found = [polish(of, bfgs(of, start)) for start in starts(of)]
    worst = max(evaluate(of, theta).deviance for theta in found)
    if of.residuals.kind == "ar1_nugget":
        found.append(without_nugget(of))
    found.sort(key=lambda theta: evaluate(of, theta).deviance)
    theta = snap(of, found[0])
    for _ in range(of.k):
        escape = leave_boundary(of, theta)
        if escape is None:
            break
        theta = snap(of, polish(of, bfgs(of, escape)))
    at = evaluate(of, theta)
    return Optimum(theta, at, decrement(of, theta), worst - at.deviance, leave_boundary(of, theta) is None)


def starts(of: Problem) -> list[Floats]:
    """The starting parameters; one is enough where a single parameter is sought."""
    out = []
    for scale, phi, nugget in STARTS:
        theta = np.zeros(of.size)
        theta[: of.n_factor][of.rows == of.cols] = scale
        residual = [parameter_of(phi, of.residuals.signed), parameter_of(nugget, False)]
        theta[of.n_factor :] = residual[: of.size - of.n_factor]
        out.append(theta)
    return out[:1] if of.size == 1 and of.residuals.kind == "independent" else out


def bfgs(of: Problem, start: Floats) -> Floats:
    """Quasi-Newton from a start; parameters near the end of their range come back inside it."""

    def goal(theta: Floats) -> tuple[float, Floats]:
        if not np.isfinite(theta).all() or np.abs(theta).max() > 1e4:
            return 1e300, np.zeros(theta.size)
        at = evaluate(of, theta)
        return (at.deviance, at.gradient) if np.isfinite(at.deviance) else (1e300, np.zeros(theta.size))

    return minimize(goal, start, jac=True, method="BFGS", options={"gtol": 1e-3, "maxiter": 200}).x


def newton(matrix: Floats, gradient: Floats) -> Floats:
    """A descent step -|H|^-1 g; directions without curvature get none."""
    size, axes = np.linalg.eigh(matrix)
    size = np.abs(size)
    keep = size > 1e-7 * max(size.max(), 1e-12)
    along = axes.T @ gradient
    return -axes @ np.where(keep, along / np.where(keep, size, 1.0), 0.0)


def polish(of: Problem, theta: Floats, steps: int = 12) -> Floats:
    """Newton steps, halved until they gain, until there is nothing left to gain."""
    at = evaluate(of, theta)
    for _ in range(steps):
        if not np.isfinite(at.deviance) or not np.isfinite(at.gradient).all():
            return theta
        step = newton(hessian(of, theta), at.gradient)
        step *= min(1.0, 2.0 / max(float(np.linalg.norm(step)), 1e-300))
        if -float(step @ at.gradient) < 1e-11:
            break
        for _ in range(12):
            tried = evaluate(of, theta + step)
            if tried.deviance < at.deviance:
                break
            step *= 0.5
        else:
            break
        theta, at = theta + step, tried
    return theta


def decrement(of: Problem, theta: Floats) -> float:
    """What a Newton step promises to take off -2 log-likelihood."""
    at = evaluate(of, theta)
    if not np.isfinite(at.deviance):
        return float("inf")
    return -0.5 * float(newton(hessian(of, theta), at.gradient) @ at.gradient)


def snap(of: Problem, theta: Floats) -> Floats:
    """Variances that are zero to the last digit become exactly zero, where that costs nothing."""
    best = evaluate(of, theta).deviance
    for j in np.flatnonzero(of.rows == of.cols):
        trial = theta.copy()
        trial[j] = 0.0
        if theta[j] == 0.0 or not evaluate(of, trial).deviance < best + 1e-3:
            continue
        trial = polish(of, trial)
        deviance = evaluate(of, trial).deviance
        if deviance <= best + 1e-8:
            theta, best = trial, deviance
    return theta


def leave_boundary(of: Problem, theta: Floats) -> Floats | None:
    """Parameters off the boundary where the likelihood would rise, or None where the boundary holds.

    At a variance of zero the derivative of -2 log-likelihood by that variance must not be negative: with D the
    derivative by the relative covariance G, v' D v >= 0 for every v with v' G v = 0.
    """
    if of.k == 0:
        return None
    at = evaluate(of, theta)
    lower = of.factor(theta)
    size, axes = np.linalg.eigh(lower @ lower.T)
    if of.n_factor == of.k:  # diagonal: only the coordinate directions may grow
        size, axes = np.diag(lower) ** 2, np.eye(of.k)
    weight = np.einsum("av,gab,bv->gv", axes, at.cross.value[:, : of.k, : of.k], axes)
    free = axes[:, size * weight.mean(axis=0) < 1e-6]
    if free.shape[1] == 0:
        return None
    if of.n_factor == of.k:
        slopes, directions = np.diag(free.T @ at.d_g @ free), free
    else:
        slopes, turns = np.linalg.eigh(free.T @ at.d_g @ free)
        directions = free @ turns
    worst = int(np.argmin(slopes))
    v = directions[:, worst]
    curvature = float((np.einsum("a,gab,b->g", v, at.cross.value[:, : of.k, : of.k], v) ** 2).sum())
    if slopes[worst] >= 0.0 or slopes[worst] ** 2 <= 1e-6 * curvature:
        return None
    grown = lower @ lower.T + np.outer(v, v) * (-slopes[worst] / curvature)
    out = theta.copy()
    if of.n_factor == of.k:
        out[: of.k] = np.sqrt(np.diag(grown))
    else:
        jitter = 1e-10 * max(float(np.trace(grown)), 1e-10)
        out[: of.n_factor] = np.linalg.cholesky(grown + jitter * np.eye(of.k))[of.rows, of.cols]
    return out


def without_nugget(of: Problem) -> Floats:
    """The best parameters with a nugget of exactly zero, as parameters of the problem with one."""
    kind = "ar1" if of.residuals.signed else "car1"
    plain = replace(of, residuals=replace(of.residuals, kind=kind))
    best = min(
        (polish(plain, bfgs(plain, start)) for start in starts(plain)), key=lambda t: evaluate(plain, t).deviance
    )
    return np.append(best, NO_NUGGET)


def at_limit(of: Problem, theta: Floats) -> str:
    """Which residual parameters ended at the end of their range, in words; empty if none."""
    said = []
    residual = theta[of.n_factor :]
    if residual.size and 1.0 - abs(phi_of(float(residual[0]), of.residuals.signed)[0]) < np.exp(-LIMIT):
        said.append("phi at its limit of 1")
    if residual.size > 1 and nugget_of(float(residual[1]))[0] == 0.0:
        said.append("no nugget (share 0)")
    return "; ".join(said)
