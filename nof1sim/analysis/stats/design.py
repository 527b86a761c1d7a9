"""From a course to what the tests need: arms, design matrix, contrast weights, and when there is no estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..course import Contrast, Course, Effect, Floats
from .df import Tested

REALISED = "realised contrast"
STEADY = "steady state"
FEWEST = 4
"""Days per arm below which there is no estimate."""


def arms(course: Course, contrast: Contrast) -> tuple[Floats, Floats]:
    """The scores under the treatment and under the reference."""
    score, label = course.score, course.treatment
    return score[label == contrast.treatment], score[label == contrast.reference]


def obstacle(course: Course, contrast: Contrast) -> str:
    """Why there can be no estimate for this patient; empty if there can."""
    treated, control = arms(course, contrast)
    for name, values in ((contrast.treatment, treated), (contrast.reference, control)):
        if values.size == 0:
            return f"no day under {name!r}" + (": one treatment only" if np.unique(course.treatment).size < 2 else "")
        if values.size < FEWEST:
            return f"{values.size} days under {name!r}, at least {FEWEST} are needed"
    if contrast.treatment == contrast.reference:
        return "the contrast compares a treatment with itself"
    if not np.isfinite(course.score).all():
        return "scores that are not finite"
    if np.ptp(np.concatenate([treated, control])) <= 1e-12 * max(1.0, float(np.abs(course.score).max())):
        return "the score is constant"
    if within_labels(course) <= 1e-12 * max(1.0, float(np.abs(course.score).max())):
        return "the score does not vary within treatments"
    return ""


def within_labels(course: Course) -> float:
    """The largest range of the scores within one label."""
    return max(float(np.ptp(course.score[course.treatment == label])) for label in np.unique(course.treatment))


def cell_means(course: Course, regressors: Floats | None = None) -> tuple[Floats, tuple[str, ...]]:
    """One column per treatment label that occurs (baseline included), then `regressors` (n, r); and the labels."""
    labels = np.unique(course.treatment)
    x = (course.treatment[:, None] == labels[None, :]).astype(float)
    return (x if regressors is None else np.column_stack([x, regressors])), tuple(map(str, labels))


def weights(labels: Sequence[str], contrast: Contrast, size: int | None = None) -> Floats:
    """The contrast as weights of the columns of `cell_means`, (size,)."""
    c = np.zeros(len(labels) if size is None else size)
    c[labels.index(contrast.treatment)], c[labels.index(contrast.reference)] = 1.0, -1.0
    return c


def none(method: str, estimand: str, note: str, n: int = 0) -> Effect:
    """No estimate, and why."""
    return Effect(method, estimand, n=n, note=note)


def effect(
    method: str, estimand: str, result: Tested, n: int, note: str = "", extra: dict[str, float] | None = None
) -> Effect:
    """A tested contrast as an effect."""
    text = "; ".join(part for part in (result.message, note) if part)
    return Effect(
        method,
        estimand,
        result.estimate,
        result.se,
        result.df,
        result.t,
        result.p,
        result.low,
        result.high,
        n,
        text,
        extra or {},
    )
