"""Acne's count map G: severity to whole-face inflammatory lesions and back; what comedones follow.

Anchors: a severity class of `hayashi` is the class of half the count on Hayashi's scale (Hayashi 2008: 5 | 20 | 50
lesions per half of the face), so rounding the severity (half to even) gives the class. A class of `iga` is the IGA of
rule `nof1sim-1` (cuts 0.5, 7.5, 19.5, 49.5 whole-face lesions).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from nof1sim.conditions.counts import INVERSE_STEPS, TIE, Anchors, CountMap, smooth_rating, through, without_gaps
from nof1sim.model import Floats

__all__ = ["ANCHORS", "INVERSE_STEPS", "TIE", "CountMap", "count_map", "slow_severity", "smooth_rating", "without_gaps"]

ANCHORS: dict[str, Anchors] = {
    "hayashi": (
        (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 2.75, 3.0),
        (0.0, 4.9, 10.5, 23.5, 40.5, 66.8, 100.5, 119.0, 140.0),
    ),
    # The upper end (severity 4, 80 lesions) is this project's choice; the cuts are the IGA rule's.
    "iga": ((0.0, 0.5, 1.5, 2.5, 3.5, 4.0), (0.0, 0.5, 7.5, 19.5, 49.5, 80.0)),
}


def count_map(name: Literal["hayashi", "iga"] = "hayashi") -> CountMap:
    """The count map of a name."""
    return through(ANCHORS[name])


def slow_severity(severity: Floats, time_days: float = 30.0) -> Floats:
    """Exponentially weighted mean of today and earlier days, from the first day's value: what comedones follow."""
    slow = np.empty_like(severity)
    value = severity[0]
    for t in range(severity.size):
        value += (severity[t] - value) / time_days
        slow[t] = value
    return slow
