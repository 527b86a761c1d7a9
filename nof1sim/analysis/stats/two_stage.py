"""One estimate per patient, then a t test of their mean: the pooled analysis that assumes least."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..course import Effect
from .design import effect, none
from .df import t_test


def two_stage(effects: Sequence[Effect], method: str = "two_stage") -> Effect:
    """One-sample t test of per-patient estimates on patients - 1 degrees of freedom.

    Patients without an estimate are left out and counted in the note. The estimand is that of the estimates, as a mean
    over the population that the patients were drawn from. extra: sd between patients (their own error included).
    """
    estimand = effects[0].estimand if effects else "none"
    values = np.array([one.estimate for one in effects if math.isfinite(one.estimate)])
    n = sum(one.n for one in effects if math.isfinite(one.estimate))
    lost = len(effects) - values.size
    note = f"{lost} of {len(effects)} patients without an estimate" if lost else ""
    if values.size < 2:
        return none(method, estimand, f"{values.size} patients with an estimate, at least 2 are needed", n)
    sd = float(values.std(ddof=1))
    if not sd > 0.0:
        return none(method, estimand, "the patients' estimates do not vary", n)
    result = t_test(float(values.mean()), sd / math.sqrt(values.size), values.size - 1)
    return effect(method, estimand, result, n, note, {"patients": float(values.size), "sd_effects": sd})
