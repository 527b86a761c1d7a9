"""Series of days under a fixed schedule A, B, A, B ..., with correlated noise: no wash-in, no lesions, no pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from nof1sim.analysis.course import Contrast, Course

Floats = NDArray[np.float64]
B_MINUS_A = Contrast("B", "A")


def schedule(days: int, block: int) -> NDArray[np.int64]:
    """The period of each day, (days,), from 1; odd ones are A, even ones B."""
    return np.arange(days) // block + 1


def ar1(rng: np.random.Generator, replicates: int, days: int, phi: float) -> Floats:
    """Stationary AR(1) series with marginal SD 1, (replicates, days)."""
    drawn = rng.standard_normal((replicates, days))
    drawn[:, 1:] *= np.sqrt(1.0 - phi * phi)
    return lfilter([1.0], [1.0, -phi], drawn, axis=1)


def course(score: Floats, period: NDArray[np.int64], patient: str = "1") -> Course:
    """A patient's series as the tests take it; days count from 1."""
    treatment = np.where(period % 2 == 0, "B", "A")
    return Course(patient, np.arange(1, score.size + 1), score, treatment, period)
