"""The count map G: severity to whole-face inflammatory lesions and back, and the smoothing of a noisy rating.

Anchors: a severity class of `hayashi` is the class of half the count on Hayashi's scale (Hayashi 2008: 5 | 20 | 50
lesions per half of the face), so rounding the severity (half to even) gives the class. A class of `iga` is the IGA of
rule `nof1sim-1` (cuts 0.5, 7.5, 19.5, 49.5 whole-face lesions).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from nof1sim.model import Floats, Ints

ANCHORS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "hayashi": (
        (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 2.75, 3.0),
        (0.0, 4.9, 10.5, 23.5, 40.5, 66.8, 100.5, 119.0, 140.0),
    ),
    # The upper end (severity 4, 80 lesions) is this project's choice; the cuts are the IGA rule's.
    "iga": ((0.0, 0.5, 1.5, 2.5, 3.5, 4.0), (0.0, 0.5, 7.5, 19.5, 49.5, 80.0)),
}

INVERSE_STEPS = 1 << 14
"""Nodes of the inverse's table: linear between them, wrong by less than 1e-7 severity units."""

TIE = 1e-9
"""Lesions: a count this near to a half is a half."""

Q_LEVEL, R_RATING = 0.01, 0.0256
"""Daily variance of the level and variance of a rating (SD .16, the day-to-day noise of the published seed trial)."""


@dataclass(frozen=True, slots=True)
class CountMap:
    """G and its inverse, monotone; `top` is the highest severity (severity units), `most` its count (lesions)."""

    name: str
    top: float
    most: float
    severity_nodes: Floats
    count_nodes: Floats

    def counts(self, severity: Floats) -> Floats:
        """Whole-face inflammatory lesions (not rounded) at a severity; clipped to the scale. Shape of the input."""
        return _pchip(self.name)(np.clip(np.asarray(severity, float), 0.0, self.top))

    def severities(self, counts: Floats) -> Floats:
        """The inverse of `counts`; counts beyond the last anchor give `top`. Shape of the input."""
        return np.interp(np.asarray(counts, float), self.count_nodes, self.severity_nodes)

    def targets(self, severity: Floats) -> Ints:
        """Whole lesions that a severity asks for: G rounded, halves down, so that a tie takes the lower class.

        At the ties of the Hayashi map (10.5, 40.5, 100.5 lesions) that is also rounding half to even.
        """
        return np.ceil(self.counts(severity) - 0.5 - TIE).astype(np.int64)


@lru_cache(maxsize=4)
def _pchip(name: str) -> Any:
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(*ANCHORS[name])


@lru_cache(maxsize=4)
def count_map(name: Literal["hayashi", "iga"] = "hayashi") -> CountMap:
    """The count map of a name: monotone piecewise cubic (PCHIP, Fritsch and Carlson 1980) through its anchors."""
    top, most = ANCHORS[name][0][-1], ANCHORS[name][1][-1]
    severity = np.linspace(0.0, top, INVERSE_STEPS + 1)
    return CountMap(name, top, most, severity, _pchip(name)(severity))


def without_gaps(severity: Floats) -> Floats:
    """Days without a severity (NaN) take the last known one; days before the first known one take that. (days,)."""
    known = np.flatnonzero(np.isfinite(severity))
    if not known.size:
        return np.zeros_like(severity)
    last = np.searchsorted(known, np.arange(severity.size), side="right") - 1
    return severity[known[np.maximum(last, 0)]]


def smooth_rating(severity: Floats, top: float) -> Floats:
    """The level behind a noisy daily rating: local-level model, Kalman filter and Rauch-Tung-Striebel smoother.

    severity : (days,), NaN where there is no rating. Returns (days,), clipped to [0, top]. It looks ahead, so a longer
    series changes earlier days: `fidelity: smooth` does not promise to keep the first days of a longer trial.
    """
    days = severity.size
    level, variance = np.empty(days), np.empty(days)
    mean, spread = float(without_gaps(severity)[0]), 1.0
    for t in range(days):
        spread += Q_LEVEL if t else 0.0
        if np.isfinite(severity[t]):
            gain = spread / (spread + R_RATING)
            mean, spread = mean + gain * (float(severity[t]) - mean), spread * (1.0 - gain)
        level[t], variance[t] = mean, spread
    for t in range(days - 2, -1, -1):
        level[t] += variance[t] / (variance[t] + Q_LEVEL) * (level[t + 1] - level[t])
    return np.clip(level, 0.0, top)


def slow_severity(severity: Floats, time_days: float = 30.0) -> Floats:
    """Exponentially weighted mean of today and earlier days, from the first day's value: what comedones follow."""
    slow = np.empty_like(severity)
    value = severity[0]
    for t in range(severity.size):
        value += (severity[t] - value) / time_days
        slow[t] = value
    return slow
