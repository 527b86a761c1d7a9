"""The count map G of a condition: severity to lesions and back, and the smoothing of a noisy rating."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nof1sim.model import Floats, Ints

Anchors = tuple[tuple[float, ...], tuple[float, ...]]
"""Severities, from 0 up, and the lesions of each."""

INVERSE_STEPS = 1 << 14
"""Nodes of the inverse's table: linear between them, wrong by less than 1e-7 severity units."""

TIE = 1e-9
"""Lesions: a count this near to a half is a half."""

LEAST_SHOWN = 0.25
"""[D] From this severity on, a piece of skin has at least one lesion."""

Q_LEVEL, R_RATING = 0.01, 0.0256
"""Daily variance of the level and variance of a rating (SD .16, the day-to-day noise of the published seed trial)."""


@dataclass(frozen=True, slots=True)
class CountMap:
    """G and its inverse, monotone; `top` is the highest severity (severity units), `most` its count (lesions).

    share : of a piece of skin, its lesions for each one on the whole face; 1 for the face.
    """

    anchors: Anchors
    severity_nodes: Floats
    count_nodes: Floats
    share: float = 1.0

    @property
    def top(self) -> float:
        return self.anchors[0][-1]

    @property
    def most(self) -> float:
        return self.anchors[1][-1] * self.share

    def counts(self, severity: Floats) -> Floats:
        """Lesions (not rounded) at a severity; clipped to the scale. Shape of the input."""
        return _pchip(self.anchors)(np.clip(np.asarray(severity, float), 0.0, self.top)) * self.share

    def severities(self, counts: Floats) -> Floats:
        """The inverse of `counts`; counts beyond the last anchor give `top`. Shape of the input."""
        return np.interp(np.asarray(counts, float) / self.share, self.count_nodes, self.severity_nodes)

    def targets(self, severity: Floats) -> Ints:
        """Whole lesions that a severity asks for: G rounded, halves down, so that a tie takes the lower class.

        At the ties of the Hayashi map (10.5, 40.5, 100.5 lesions) that is also rounding half to even.
        """
        whole = np.ceil(self.counts(severity) - 0.5 - TIE).astype(np.int64)
        return whole if self.share == 1.0 else np.maximum(whole, np.asarray(severity) >= LEAST_SHOWN)


@lru_cache(maxsize=8)
def _pchip(anchors: Anchors) -> Any:
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(*anchors)


@lru_cache(maxsize=8)
def through(anchors: Anchors) -> CountMap:
    """The count map through its anchors: monotone piecewise cubic (PCHIP, Fritsch and Carlson 1980)."""
    severity = np.linspace(0.0, anchors[0][-1], INVERSE_STEPS + 1)
    return CountMap(anchors, severity, _pchip(anchors)(severity))


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
