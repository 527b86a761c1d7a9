"""Trials made for the tests: AR(1) series under a schedule, with wash-in, noise and effects that differ."""

from __future__ import annotations

import numpy as np

from nof1sim.analysis.course import Contrast, Course

B_MINUS_A = Contrast("B", "A")


def ar1(rng: np.random.Generator, days: int, phi: float) -> np.ndarray:
    """A stationary AR(1) with marginal SD 1."""
    e = rng.standard_normal(days)
    for i in range(1, days):
        e[i] = phi * e[i - 1] + np.sqrt(1 - phi * phi) * e[i]
    return e


def make(
    rng: np.random.Generator, days: int = 140, block: int = 28, phi: float = 0.0, effect: float = 0.0,
    noise: float = 0.0, patient: str = "1", tau: float = 1.0, first: str = "A", level: float = 0.0,
) -> Course:  # fmt: skip
    """One patient: blocks A, B, A ... of `block` days; `noise` is white noise's share of the residual variance."""
    day = np.arange(1, days + 1)
    period = (day - 1) // block + 1
    on = (period % 2 == 0) if first == "A" else (period % 2 == 1)
    state = np.zeros(days)
    x = 0.0
    for i in range(days):
        x += (1.0 - x) / tau if on[i] else -x / tau
        state[i] = x
    e = np.sqrt(1 - noise) * ar1(rng, days, phi) + np.sqrt(noise) * rng.standard_normal(days)
    return Course(patient, day, level + effect * state + e, np.where(on, "B", "A"), period)


def cohort(
    rng: np.random.Generator, patients: int = 10, slope_sd: float = 0.0, effect: float = 0.0, **options
) -> list[Course]:
    """Several patients whose effects are normal around `effect`, with random levels."""
    return [
        make(
            rng,
            effect=effect + slope_sd * rng.standard_normal(),
            patient=f"P{i:03d}",
            level=rng.standard_normal(),
            **options,
        )
        for i in range(patients)
    ]
