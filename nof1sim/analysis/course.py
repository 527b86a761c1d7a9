"""The nouns of the statistics: one patient's course, the contrast asked for, an estimated effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Course:
    """One patient's recorded days, in order of time.

    patient_id : as the study wrote it.
    day : (n,) int, strictly increasing; a missing day has no entry, so neighbours may be further apart than one.
    score : (n,) float, finite; same-day pictures and raters are collapsed already.
    treatment : (n,) str, the assigned label.
    period : (n,) int, the period of the design, baseline included; a run of one treatment.
    """

    patient_id: str
    day: NDArray[np.int64]
    score: Floats
    treatment: NDArray[np.str_]
    period: NDArray[np.int64]

    def __len__(self) -> int:
        return self.day.size

    def where(self, keep: NDArray[np.bool_]) -> Course:
        """The course on some of its days, `keep` (n,)."""
        return Course(self.patient_id, self.day[keep], self.score[keep], self.treatment[keep], self.period[keep])


@dataclass(frozen=True, slots=True)
class Contrast:
    """The effect asked for: mean under `treatment` minus mean under `reference`, both labels of the study."""

    treatment: str
    reference: str

    def __str__(self) -> str:
        return f"{self.treatment} - {self.reference}"


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimated contrast, or the reason why there is none (`estimate` NaN and a `note`).

    estimate, se : in units of the score; low, high : 95 % interval; df : denominator degrees of freedom (inf for a z
    test); p : two-sided. n : days that entered. estimand : what it estimates ("realised contrast", "realised contrast,
    first 7 days of each period dropped", "steady state"). note : a caution or the reason. extra : further numbers by
    name (phi, sigma, smallest_p ...). NaN is what a method does not give.
    """

    method: str
    estimand: str
    estimate: float = NAN
    se: float = NAN
    df: float = NAN
    statistic: float = NAN
    p: float = NAN
    low: float = NAN
    high: float = NAN
    n: int = 0
    note: str = ""
    extra: Mapping[str, float] = field(default_factory=dict)
