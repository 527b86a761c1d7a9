"""How one person's skin marks after a lesion: red (PIE), brown (PIH) and scarred, by Fitzpatrick type.

Per-lesion probabilities and the brown marks' durations by type are this project's choices after Elbuluk 2021 (brown in
dark skin, red in light). Red marks: calibrated to Do 2008's 26 red macules per 18 inflammatory lesions; on average over
the types P .5 and a median of 16 days (log-SD .75). Brown marks: some people get none (Abad-Casintahan 2016: 58 % of
patients in Asia, 87 % in the Middle East have them; in about half of these they last a year or longer).
"""

from __future__ import annotations

import math

import numpy as np

from nof1sim.model import Floats, Patient

from . import hashing, life

P_PIE = (0.705, 0.645, 0.59, 0.47, 0.355, 0.235)
"""The project's .60 .55 .50 .40 .30 .20 for types I to VI, scaled by .5 / .425 to the calibrated mean of .5."""
PIE_MEDIAN_DAYS = 16.0
P_PIH = (0.03, 0.08, 0.25, 0.45, 0.60, 0.70)
PIH_SUSCEPTIBLE = (0.15, 0.30, 0.58, 0.70, 0.80, 0.87)
"""Share of people who get brown marks at all; types III to VI average 74 %."""
PIH_MEDIAN_DAYS = (60.0, 90.0, 150.0, 240.0, 300.0, 365.0)
PIH_LONGEST_FACTOR, PIH_LONGEST_LOG_SD, PIH_LONGEST_DAYS = 1.4, 0.6, 1095.0
"""A person's longest mark: lognormal, median 1.4 times the type's: half of those affected have one for a year."""

FAST_PIE_FACTOR, FAST_PIH_FACTOR, FAST_LONGEST_DAYS = 1.0 / 3.0, 0.25, 21
"""`marks: fast`: durations are cut so, and the marks fade with the lesion count besides."""


def person_numbers(patient: Patient, scars: bool, key: int) -> Floats:
    """The kernel's numbers of a person (see `life`): P(PIE), its median days, P(PIH), longest PIH days, P(scar).

    P(PIH) is per lesion of a susceptible person, 0 in others: averaged over people it is the table's.
    """
    skin = min(max(patient.fitzpatrick, 1), 6) - 1
    word = np.uint64(key)
    susceptible = hashing.u01(word, 0, -1, hashing.PERSON) < PIH_SUSCEPTIBLE[skin]
    z = hashing.normal(word, 0, -2, hashing.PERSON, hashing.PERSON_ANGLE)
    longest = PIH_MEDIAN_DAYS[skin] * PIH_LONGEST_FACTOR * math.exp(PIH_LONGEST_LOG_SD * z)
    brown = P_PIH[skin] / PIH_SUSCEPTIBLE[skin] if susceptible else 0.0
    scar = life.SCAR_SHARE if scars else 0.0
    return np.array([P_PIE[skin], PIE_MEDIAN_DAYS, brown, min(longest, PIH_LONGEST_DAYS), scar])
