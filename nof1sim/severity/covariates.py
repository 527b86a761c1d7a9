"""Covariates: things measured beside the outcome that may move it, on a directed acyclic graph with lags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtr, pdtr, pdtrik

from ..model import Floats
from ..protocol.severity import Covariate
from .draws import by_day
from .effects import ar1


def same_day_order(covariates: Sequence[Covariate]) -> list[Covariate]:
    """Parents before children along the arrows without lag (the protocol's checks refuse a circle)."""
    left, order = list(covariates), list[Covariate]()
    while left:
        waiting = {covariate.name for covariate in left}
        free = [c for c in left if not waiting & {edge.source for edge in c.parents if edge.lag_days == 0}]
        order += free
        left = [c for c in left if c not in free]
    return order


def simulate_covariates(
    covariates: Sequence[Covariate], seed: int, keys: Sequence[str], days: int
) -> dict[str, Floats]:
    """The value of every covariate on every day, name -> (patients, days).

    centre_t = mean + sum over parents of coefficient * parent_(t - lag). 'normal': centre + sd * AR(1) noise;
    'uniform': centre + sd * U(-1, 1); 'poisson': a count of rate max(centre, 0); 'flag': 1 with probability centre,
    cut to 0..1. Then cut to [low, high]. Before day 1 a parent counts with its own mean. 'per_patient' covariates are
    drawn on day 1 and kept. One stream per patient and covariate at (key, "covariate", name).
    """
    noise = {c.name: _noise(c, seed, keys, days) for c in covariates}
    means = {c.name: c.mean for c in covariates}
    values = {c.name: np.empty((days, len(keys))) for c in covariates}
    order = same_day_order(covariates)
    for day in range(days):
        for c in order:
            if c.varies == "per_patient" and day:
                values[c.name][day] = values[c.name][0]
                continue
            centre = np.full(len(keys), c.mean)
            for edge in c.parents:
                past = day - edge.lag_days
                centre += edge.coefficient * (values[edge.source][past] if past >= 0 else means[edge.source])
            value = _value(c, centre, noise[c.name][day])
            values[c.name][day] = np.clip(value, c.low, c.high)
    return {name: value.T for name, value in values.items()}


def lagged(value: Floats, lag_days: int, before: float) -> Floats:
    """`value` (patients, days) as it was `lag_days` earlier; `before` on days that have no such day."""
    if not lag_days:
        return value
    late = np.full(value.shape, before)
    late[:, lag_days:] = value[:, : max(value.shape[1] - lag_days, 0)]
    return late


def covariate_parts(covariates: Sequence[Covariate], values: Mapping[str, Floats]) -> dict[str, Floats]:
    """What each covariate adds to the latent, `covariate_<name>` -> (patients, days): effect * value, lagged."""
    return {
        f"covariate_{c.name}": c.effect * lagged(values[c.name], c.effect_lag_days, c.mean)
        for c in covariates
        if c.effect
    }


def _noise(covariate: Covariate, seed: int, keys: Sequence[str], days: int) -> Floats:
    """Standard normal noise, (days, patients)."""
    drawn = np.ascontiguousarray(by_day(seed, keys, ("covariate", covariate.name), (days,)).T)
    return ar1(drawn, 1.0, covariate.phi) if covariate.distribution == "normal" and covariate.phi else drawn


def _value(covariate: Covariate, centre: Floats, normal: Floats) -> Floats:
    if covariate.distribution == "normal":
        return centre + covariate.sd * normal
    uniform = ndtr(normal)
    if covariate.distribution == "uniform":
        return centre + covariate.sd * (2.0 * uniform - 1.0)
    if covariate.distribution == "flag":
        return (uniform < np.clip(centre, 0.0, 1.0)).astype(float)
    rate = np.maximum(centre, 0.0)
    return np.where(rate > 0.0, _poisson(uniform, np.where(rate > 0.0, rate, 1.0)), 0.0)


def _poisson(uniform: Floats, rate: Floats) -> Floats:
    """The smallest count whose cumulative probability reaches `uniform`."""
    count = np.ceil(np.where(uniform <= np.exp(-rate), 0.0, pdtrik(uniform, rate)))
    return np.where((count > 0) & (pdtr(np.maximum(count - 1.0, 0.0), rate) >= uniform), count - 1.0, count)
