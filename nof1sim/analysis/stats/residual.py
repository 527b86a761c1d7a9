"""Residual correlation within a group and the cross-products W' R^-1 W that the likelihood needs.

Without a nugget R^-1 is tridiagonal and a pair of neighbours enters only through c = phi^gap, so squares of
neighbours are summed once per group and distinct gap: an evaluation costs O(groups x distinct gaps), not O(n). With a
nugget a Kalman filter does it in O(n).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..course import Floats
from .kalman_kernels import cross_products

Residual = Literal["independent", "ar1", "car1", "ar1_nugget"]
PARAMETERS = {"independent": 0, "ar1": 1, "car1": 1, "ar1_nugget": 2}
LIMIT = 9.0
"""Bound of atanh(phi): |phi| <= 1 - 3e-8. Beyond it the likelihood is that of a random walk to all digits."""


@dataclass(frozen=True, slots=True)
class Cross:
    """W' R^-1 W per group (groups, m, m), log|R| in all, and their derivatives by each residual parameter."""

    value: Floats
    logdet: float
    d_value: tuple[Floats, ...]
    d_logdet: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Residuals:
    """Rows sorted by group and time, and what is summed of them in advance.

    w : (n, m). first : (n,) bool. gap : (n,) to the row before (0 at a group's first). combo_* : one entry per
    (group, distinct gap): its gap, how many pairs it has, and the sums of d d', d v' + v d', v v' over its pairs,
    v the earlier row, d the step to the later one; `combo_start` is where each group's combos begin.
    """

    kind: Residual
    w: Floats
    first: NDArray[np.bool_]
    gap: Floats
    signed: bool
    plain: Floats
    heads: Floats
    combo_gap: Floats
    combo_count: Floats
    combo_group: NDArray[np.int64]
    combo_sums: tuple[Floats, Floats, Floats]


def prepare(kind: Residual, w: Floats, group: NDArray[np.int64], time: Floats) -> Residuals:
    """Sums in advance. `w` (n, m), `group` (n,) 0..g-1 ascending, `time` (n,) ascending within a group."""
    first = np.r_[True, group[1:] != group[:-1]]
    gap = np.where(first, 0.0, np.diff(time, prepend=time[0]))
    starts = np.flatnonzero(first)
    plain = _per_group(w, w, starts)
    heads = w[starts][:, :, None] * w[starts][:, None, :]
    later = np.flatnonzero(~first)
    keys = np.column_stack([group[later].astype(float), gap[later]])
    combos, inverse = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    later, cuts = later[order], np.searchsorted(inverse[order], np.arange(len(combos)))
    early, step = w[later - 1], w[later] - w[later - 1]
    empty = np.zeros((0, w.shape[1], w.shape[1]))
    if len(combos):
        mixed = _per_group(step, early, cuts)
        sums = (_per_group(step, step, cuts), mixed + mixed.swapaxes(1, 2), _per_group(early, early, cuts))
    else:
        sums = (empty, empty, empty)
    signed = kind in ("ar1", "ar1_nugget") and bool(np.all(gap == np.round(gap)))
    count = np.bincount(inverse, minlength=len(combos)).astype(float)
    combo_group = combos[:, 0].astype(np.int64)
    return Residuals(kind, w, first, gap, signed, plain, heads, combos[:, 1], count, combo_group, sums)


def _per_group(a: Floats, b: Floats, starts: NDArray[np.int64]) -> Floats:
    return np.add.reduceat(a[:, :, None] * b[:, None, :], starts, axis=0)


def phi_of(parameter: float, signed: bool) -> tuple[float, float, float]:
    """phi, 1 - phi without cancellation, and d phi / d parameter. atanh where phi may be negative, else logit."""
    if signed:
        x = min(max(parameter, -LIMIT), LIMIT)
        phi, rest = math.tanh(x), 2.0 / (math.exp(2.0 * x) + 1.0)
        slope = rest * (1.0 + phi)
    else:
        x = min(max(parameter, -2.0 * LIMIT), 2.0 * LIMIT)
        phi, rest = 1.0 / (1.0 + math.exp(-x)), 1.0 / (1.0 + math.exp(x))
        slope = phi * rest
    return phi, rest, slope if x == parameter else 0.0


def at_rest(parameter: float, signed: bool) -> tuple[float, float]:
    """phi and 1 - phi."""
    return phi_of(parameter, signed)[:2]


def parameter_of(phi: float, signed: bool) -> float:
    """The inverse of `phi_of`."""
    return math.atanh(phi) if signed else math.log(phi / (1.0 - phi))


def nugget_of(parameter: float) -> tuple[float, float]:
    """The nugget's share of the residual variance and its derivative; a parameter of -inf is no nugget."""
    if parameter < -40.0:
        return 0.0, 0.0
    share = 1.0 / (1.0 + math.exp(-min(parameter, 40.0)))
    return share, share * (1.0 - share)


def powers(phi: float, rest: float, gap: Floats) -> tuple[Floats, Floats, Floats]:
    """c = phi^gap, 1 - c without cancellation, and dc/dphi, for gaps > 0 (whole numbers where phi < 0)."""
    if phi > 0.0:
        log_phi = math.log1p(-rest) if rest < 0.5 else math.log(phi)
        c, e = np.exp(gap * log_phi), -np.expm1(gap * log_phi)
        return c, e, gap * c / phi
    c = np.power(phi, gap)
    return c, 1.0 - c, gap * np.power(phi, gap - 1.0)


def cross(of: Residuals, parameters: Floats) -> Cross:
    """Cross-products at residual `parameters`: none, (phi's,) or (phi's, nugget's)."""
    if of.kind == "independent":
        return Cross(of.plain, 0.0, (), ())
    phi, rest, slope = phi_of(float(parameters[0]), of.signed)
    if of.kind == "ar1_nugget":
        share, d_share = nugget_of(float(parameters[1]))
        c, _, dc = powers(phi, rest, np.where(of.first, 1.0, of.gap))
        value, logdet = cross_products(of.w, of.first, c, dc * slope, share)
        return Cross(value[0], float(logdet[0]), (value[1], value[2] * d_share), (logdet[1], logdet[2] * d_share))
    c, e, dc = powers(phi, rest, of.combo_gap)
    q = 1.0 / (e * (1.0 + c))
    square, mixed, early = of.combo_sums
    shape = (-1, 1, 1)
    total = square + e.reshape(shape) * mixed + (e * e).reshape(shape) * early
    change = -mixed - (2.0 * e).reshape(shape) * early
    value, d_value = of.heads.copy(), np.zeros_like(of.heads)
    by_c = change * q.reshape(shape) + total * (2.0 * c * q * q).reshape(shape)
    np.add.at(value, of.combo_group, total * q.reshape(shape))
    np.add.at(d_value, of.combo_group, by_c * (dc * slope).reshape(shape))
    logdet = -float(of.combo_count @ np.log(q))
    return Cross(value, logdet, (d_value,), (-2.0 * slope * float(of.combo_count @ (c * q * dc)),))
