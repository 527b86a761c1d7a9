"""Kenward & Roger's small-sample inference (1997, Biometrics 53:983-997) for any model of `mixed`.

Dense within a patient: O(days^3) each. The parameters are the entries of G, the residual variance, phi and the nugget;
V is linear in all but phi and the nugget, whose second derivatives enter too (equation 5's R_ij). For one contrast the
F scale is 1 and the degrees of freedom are Satterthwaite's with the expected information.
"""

from __future__ import annotations

import math

import numpy as np

from ...errors import AnalysisError, Fault
from ..course import Floats
from .mixed import MixedFit
from .residual import at_rest, powers

LARGEST = 2500
"""Days of one patient beyond which the dense matrices would be a burden."""


def adjust(fit: MixedFit, c: Floats) -> tuple[float, float]:
    """The adjusted variance of c' beta, at least the unadjusted one, and its degrees of freedom."""
    of = fit.problem
    most = int(np.bincount(np.cumsum(of.residuals.first) - 1).max())
    if most > LARGEST:
        raise AnalysisError(
            str(Fault("kenward-roger", f"{most} days of one patient", f"at most {LARGEST}", "Use 'satterthwaite'."))
        )
    phi_cov = fit.at.sigma2 * fit.at.xvx_inverse
    p, q, r, traces = _moments(fit)
    info = _information(phi_cov, p, q, traces)
    weight = np.linalg.pinv(info, rcond=1e-10, hermitian=True)
    excess = q - np.einsum("iab,bc,jcd->ijad", p, phi_cov, p) - 0.25 * r
    direction = phi_cov @ np.linalg.solve(of.r_x.T, c)
    variance = float(np.linalg.solve(of.r_x.T, c) @ direction)
    extra = 2.0 * float(np.einsum("ij,a,ijab,b->", weight, direction, excess, direction))
    slope = np.einsum("a,iab,b->i", direction, p, direction)
    spread = float(slope @ weight @ slope)
    return variance + max(extra, 0.0), 2.0 * variance**2 / spread if spread > 0.0 else math.inf


def _information(phi_cov: Floats, p: Floats, q: Floats, traces: Floats) -> Floats:
    """Expected information of the variance parameters under REML, (r, r)."""
    once = np.einsum("ab,ijba->ij", phi_cov, q)
    twice = np.einsum("ab,ibc,cd,jda->ij", phi_cov, p, phi_cov, p)
    info = 0.5 * (traces - 2.0 * once + twice)
    return 0.5 * (info + info.T)


def _moments(fit: MixedFit) -> tuple[Floats, Floats, Floats, Floats]:
    """P_i = -sum X'V^-1 V_i V^-1 X, Q_ij, R_ij and tr(V^-1 V_i V^-1 V_j), summed over patients."""
    of = fit.problem
    totals = None
    starts = np.flatnonzero(of.residuals.first)
    for rows in np.split(np.arange(of.n), starts[1:]):
        w = of.residuals.w[rows]
        z, x = w[:, : of.k], w[:, of.k : of.k + of.p]
        v, first, second = _derivatives(fit, z, np.cumsum(np.r_[0.0, of.residuals.gap[rows][1:]]))
        inverse = np.linalg.inv(v)
        s = inverse @ x
        turned = first @ s  # V_i V^-1 X
        scaled = inverse @ first
        p = -np.einsum("na,inb->iab", s, turned)
        q = np.einsum("ina,nm,jmb->ijab", turned, inverse, turned, optimize=True)
        r = np.zeros_like(q)
        for (i, j), matrix in second.items():
            r[i, j] = r[j, i] = s.T @ matrix @ s
        traces = np.einsum("inm,jmn->ij", scaled, scaled, optimize=True)
        totals = (
            (p, q, r, traces)
            if totals is None
            else tuple(a + b for a, b in zip(totals, (p, q, r, traces), strict=True))
        )
    assert totals is not None
    return totals


def _derivatives(fit: MixedFit, z: Floats, time: Floats) -> tuple[Floats, Floats, dict[tuple[int, int], Floats]]:
    """V (n, n) of one patient, its first derivatives (r, n, n), and its second ones where they are not zero."""
    of, s2, n = fit.problem, fit.at.sigma2, time.size
    first = []
    for a, b in zip(of.rows, of.cols, strict=True):
        both = np.outer(z[:, a], z[:, b])
        first.append(both if a == b else both + both.T)
    distance = np.abs(time[:, None] - time[None, :])
    white = np.eye(n)
    second: dict[tuple[int, int], Floats] = {}
    at = len(first)
    if of.residuals.kind == "independent":
        first.append(white)
        return z @ fit.G @ z.T + s2 * white, np.array(first), second
    phi, rest = at_rest(float(fit.theta[of.n_factor]), of.residuals.signed)
    apart = np.where(distance > 0.0, distance, 1.0)
    c, _, dc = powers(phi, rest, apart)
    off = 1.0 - white
    c, dc = np.where(distance > 0.0, c, 1.0), dc * off
    ddc = off * apart * (apart - 1.0) * np.where(apart == 1.0, 0.0, _power(phi, apart - 2.0))
    share = 0.0 if np.isnan(fit.nugget) else fit.nugget
    r = (1.0 - share) * c + share * white
    first += [r, s2 * (1.0 - share) * dc]
    second |= {(at, at + 1): (1.0 - share) * dc, (at + 1, at + 1): s2 * (1.0 - share) * ddc}
    if share > 0.0:
        first.append(s2 * (white - c))
        second |= {(at, at + 2): white - c, (at + 1, at + 2): -s2 * dc}
    return z @ fit.G @ z.T + s2 * r, np.array(first), second


def _power(phi: float, exponent: Floats) -> Floats:
    return np.power(phi if phi != 0.0 else 1e-12, exponent)
