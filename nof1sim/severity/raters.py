"""Who scores the skin: raters with a bias and noise, and the patient's own 0 to 10. Pure functions of given draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..model import Floats
from ..protocol.observation import Rater, SelfReport

NODULES_OF_GRADE_4 = 3
"""So many nodules make an IGA of 4; one or two make at least 3. The same number stands in the condition's scores."""


def noisy_log_count(rater: Rater, count: Floats, bias: float, normal: Floats, treated: NDArray[np.bool_]) -> Floats:
    """log(1 + inflammatory lesions) as the rater sees it: bias, daily noise, and hope on treated days if not blinded.

    With the numbers of bias SD / noise SD 0/.15, .18/.20 and .30/.30 the agreement is that of one rater twice, trained
    and untrained raters (Lucky 1996); .20/.30 for an IGA (NORA, photograph against in person).
    """
    seen = np.log1p(count) + rater.bias_sd * bias + rater.noise_sd * normal
    return seen if rater.blinded else seen + rater.expectancy * treated


def rated_count(seen: Floats) -> Floats:
    """Whole lesions, from a noisy log(1 + count)."""
    return np.maximum(np.rint(np.expm1(seen)), 0.0) + 0.0


def rated_iga(seen: Floats, n_nodule: Floats, cuts: Sequence[float]) -> Floats:
    """IGA 0 to 4: the noisy log count cut at log(1 + cuts); nodules override."""
    grade = np.searchsorted(np.log1p(np.asarray(cuts, dtype=float)), seen).astype(float)
    grade = np.where(n_nodule > 0, np.maximum(grade, 3.0), grade)
    return np.where(n_nodule >= NODULES_OF_GRADE_4, 4.0, grade)


def self_reported(part: SelfReport, share: Floats, bias: Floats, normal: Floats, rounds: Floats) -> Floats:
    """The patient's own answers, 0 to 10, (days, patients).

    answer = (1 - memory) (10 share + bias) + memory * yesterday's answer + noise, rounded to whole numbers; a share
    `round_share` of the answers goes to the nearest of 0, 5, 10. `share` is severity / top of the scale; `bias`
    (patients,) and `normal` (days, patients) are standard normal, `rounds` uniform.
    """
    level = 10.0 * share + part.bias_sd * bias
    answers = np.empty(share.shape)
    for day in range(share.shape[0]):
        memory = part.memory if day else 0.0
        felt = (1.0 - memory) * level[day] + part.noise_sd * normal[day]
        felt = felt + memory * answers[day - 1] if day else felt
        said = np.where(rounds[day] < part.round_share, 5.0 * np.rint(felt / 5.0), np.rint(felt))
        answers[day] = np.clip(said, 0.0, 10.0) + 0.0
    return answers
