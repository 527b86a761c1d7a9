"""Courses of several patients as one mixed model: columns, contrast, fit, and each patient's own effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from ..course import NAN, Contrast, Course, Effect, Floats
from .design import FEWEST, REALISED, STEADY, obstacle
from .exposure import Days, exposures, off_label
from .mixed import Method, MixedFit, Slopes, fit_mixed, patient_effects
from .residual import Residual


@dataclass(frozen=True, slots=True)
class Stack:
    """Rows of all patients that have an estimate.

    y, day : (n,). x : (n, p), an intercept and a column per label but `base`. patient : (n,). names : p. c : (p,) the
    contrast. left_out : patient and reason.
    """

    y: Floats
    x: Floats
    day: Floats
    patient: np.ndarray
    names: tuple[str, ...]
    c: Floats
    estimand: str
    left_out: tuple[str, ...]

    @property
    def patients(self) -> int:
        """How many patients are in it."""
        return np.unique(self.patient).size


def stack(
    courses: Sequence[Course],
    contrast: Contrast,
    *,
    tau: Days | None = None,
    gamma: Days | None = None,
    off: str | None = None,
) -> Stack | str:
    """The rows of all patients, with indicators or, where tau and gamma are given, exposures; or why there are none."""
    reasons = [obstacle(course, contrast) for course in courses]
    lost = tuple(f"{c.patient_id}: {why}" for c, why in zip(courses, reasons, strict=True) if why)
    kept = [course for course, why in zip(courses, reasons, strict=True) if not why]
    if len(kept) < 2:
        return f"{len(kept)} patients with at least {FEWEST} days per arm, at least 2 are needed" + "".join(
            f"; {text}" for text in lost[:3]
        )
    # With indicators the reference is the base, so that the contrast's own slope has a variance of its own even where
    # the slopes are taken as uncorrelated; with exposures the base is the label under which nothing acts.
    plain = tau is None or gamma is None
    base = contrast.reference if plain else off or off_label(kept[0], contrast)
    labels = tuple(sorted({str(t) for course in kept for t in course.treatment} - {base}))
    columns = [
        (course.treatment[:, None] == np.array(labels)[None, :]).astype(float)
        if tau is None or gamma is None
        else exposures(course, labels, tau, gamma)
        for course in kept
    ]
    shown = np.concatenate(columns)
    names, c = list(labels), np.zeros(len(labels) + 1)
    effect_at = labels.index(contrast.treatment)
    c[1 + effect_at] = 1.0
    if contrast.reference in labels:  # the same trick for exposures: a T + b R = (a - b) T + b (T + R)
        shown[:, labels.index(contrast.reference)] += shown[:, effect_at]
        names[effect_at] = str(contrast)
    return Stack(
        np.concatenate([course.score for course in kept]),
        np.column_stack([np.ones(shown.shape[0]), shown]),
        np.concatenate([course.day for course in kept]).astype(float),
        np.concatenate([np.full(len(course), course.patient_id) for course in kept]),
        ("(Intercept)", *names),
        c,
        REALISED if plain else STEADY,
        lost,
    )


def fit_stack(
    rows: Stack,
    *,
    random: str = "slopes",
    residual: Residual = "ar1",
    slopes: Slopes = "diagonal",
    method: Method = "reml",
) -> MixedFit:
    """The mixed model: `random` is 'none', 'intercept' or 'slopes' (intercept and every treatment column)."""
    z = {"none": rows.x[:, :0], "intercept": rows.x[:, :1], "slopes": rows.x}[random]
    return fit_mixed(
        rows.y, rows.x, z, rows.patient, rows.day, names=rows.names, residual=residual, slopes=slopes, method=method
    )


def individual(fit: MixedFit, rows: Stack) -> list[Effect]:
    """Each patient's own effect (best linear unbiased prediction) with a 95 % interval, in order of `fit.order`.

    Shrunk towards the mean; the interval takes the variances as known. Patients differ only in a model with slopes.
    """
    found = patient_effects(fit, rows.c, rows.c[: fit.problem.k])
    reach = float(norm.ppf(0.975))
    out = []
    for label, value, se in zip(found.labels, found.value[:, 0], found.se[:, 0], strict=True):
        n = int((rows.patient == label).sum())
        out.append(
            Effect(
                f"blup of {label}",
                rows.estimand,
                float(value),
                float(se),
                math.inf,
                NAN,
                NAN,
                float(value - reach * se),
                float(value + reach * se),
                n,
            )
        )
    return out
