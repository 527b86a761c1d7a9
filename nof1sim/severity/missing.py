"""Which days get lost, and why. A pure function of the patient's uniform numbers and the true severity."""

from __future__ import annotations

import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ..model import Floats
from ..protocol.observation import Missing, MissingAtRandom

REASONS = ("", "mcar", "mar", "vacation", "drop_out", "image_only", "score_only", "mnar")
"""What the codes of `missing_reason` mean. With MNAR on, every day that MCAR and MAR would share is 'mnar'. On days of
'image_only' or 'score_only' one of the two is lost, on the others both."""

MCAR, MAR, VACATION, DROP_OUT, IMAGE_ONLY, SCORE_ONLY, MNAR = range(1, len(REASONS))

HALVINGS = 50
"""Steps of the bisection that finds MNAR's level."""

CERTAIN = 1e-12
"""Chances are kept this far from 0 and 1 before their logit is taken."""

VACATION_EVERY_DAYS = 84
"""A gap has its chance once in each 12 weeks: so a longer study keeps the gaps of its first days."""

Codes = NDArray[np.int8]


def missing_reasons(part: Missing, column: dict[str, Floats], severity: Floats, start: datetime.date) -> Codes:
    """Code into REASONS of each day, (days, patients), 0 where all is there.

    `column` has uniform numbers (days, patients) under "mcar", "mar", "drop_out", "image_only", "score_only",
    "vacation", "vacation_start", "vacation_length"; `severity` (days, patients) is the true one; `start` is the date
    of day 1. Where reasons meet, drop-out goes before vacation before the daily ones.
    """
    away = np.zeros(severity.shape, dtype=np.int8)
    if part.vacation:
        away[_on_vacation(part, column)] = VACATION
    if part.dropout_per_day:
        away[_dropped_out(part, column["drop_out"], severity)] = DROP_OUT
    reasons = _daily(part, column, severity, away, start)
    for chance, name, code in (
        (part.image_only, "image_only", IMAGE_ONLY),
        (part.score_only, "score_only", SCORE_ONLY),
    ):
        reasons[(reasons == 0) & (column[name] < chance)] = code
    return reasons


def _dropped_out(part: Missing, drawn: Floats, severity: Floats) -> NDArray[np.bool_]:
    """From the day of leaving on. Chance a day: dropout_per_day exp(dropout_severity (S - S on day 1)), from day 2."""
    leaves = drawn < part.dropout_per_day * np.exp(part.dropout_severity * (severity - severity[0]))
    leaves[0] = False
    return np.logical_or.accumulate(leaves, axis=0)


def _on_vacation(part: Missing, column: dict[str, Floats]) -> NDArray[np.bool_]:
    """One gap of the stated length with the stated chance, beginning on any day of each 12 weeks."""
    days, patients = column["vacation"].shape
    day = np.arange(days)[:, None]
    away = np.zeros((days, patients), dtype=bool)
    choices = part.vacation_high_days - part.vacation_low_days + 1
    for window in range(0, days, VACATION_EVERY_DAYS):
        goes = column["vacation"][window] < part.vacation
        first = window + np.floor(column["vacation_start"][window] * VACATION_EVERY_DAYS)
        length = part.vacation_low_days + np.floor(column["vacation_length"][window] * choices)
        away |= goes & (day >= first) & (day < first + length)
    return away


def _daily(part: Missing, column: dict[str, Floats], severity: Floats, away: Codes, start: datetime.date) -> Codes:
    """MCAR and MAR, or MNAR in their place; days in `away` keep their code."""
    if part.mnar:
        return _not_at_random(part, column["mar"], severity, away, start)
    reasons = away.copy()
    reasons[(reasons == 0) & (column["mcar"] < part.mcar)] = MCAR
    if part.mar is None:
        return reasons
    known = _known_logit(part.mar, len(reasons), start)
    for day in range(len(reasons)):
        chance = expit(known[day] + part.mar.after_missed * _missed_yesterday(reasons, day))
        reasons[day][(reasons[day] == 0) & (column["mar"][day] < chance)] = MAR
    return reasons


def _not_at_random(part: Missing, drawn: Floats, severity: Floats, away: Codes, start: datetime.date) -> Codes:
    """MNAR moves losses to bad days (or good ones) and keeps their expected number that of MCAR and MAR.

    logit p = logit(chance of MCAR or MAR) + mnar S - the patient's level. The level takes the whole study into account:
    from the days so far alone a severity that falls for good would look good for ever. So, unlike all else, a longer
    study may lose other days of its beginning.
    """
    reasons = away.copy()
    mechanism = part.mar or (None if part.mcar else USUAL)
    known = _known_logit(mechanism, len(reasons), start) if mechanism else np.full(len(reasons), -np.inf)
    after_missed = mechanism.after_missed if mechanism else 0.0
    tilt = part.mnar * severity
    tilt = tilt - _level(_at_random_logit(part.mcar, known)[:, None], tilt)
    for day in range(len(reasons)):
        at_random = _at_random_logit(part.mcar, known[day] + after_missed * _missed_yesterday(reasons, day))
        reasons[day][(reasons[day] == 0) & (drawn[day] < expit(at_random + tilt[day]))] = MNAR
    return reasons


def _at_random_logit(mcar: float, mar_logit: Floats) -> Floats:
    """Logit of the chance that a day is lost by MCAR or by MAR."""
    return logit(np.clip(1.0 - (1.0 - mcar) * (1.0 - expit(mar_logit)), CERTAIN, 1.0 - CERTAIN))


def _level(at_random: Floats, tilt: Floats) -> Floats:
    """(patients,) c with mean over days of expit(at_random + tilt - c) = that of expit(at_random), by bisection."""
    promised = expit(at_random).mean(axis=0)
    low, high = tilt.min(axis=0), tilt.max(axis=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        too_many = expit(at_random + tilt - middle).mean(axis=0) > promised
        low, high = np.where(too_many, middle, low), np.where(too_many, high, middle)
    return (low + high) / 2.0


USUAL = MissingAtRandom(per_4_weeks=0.0, weekend=0.0, after_missed=0.0)
"""What MNAR promises where neither MCAR nor MAR says a share: 7 % of the days."""


def _known_logit(mechanism: MissingAtRandom, days: int, start: datetime.date) -> Floats:
    """(days,) the part of MAR's logit that is known beforehand."""
    day = np.arange(days)
    weekend = (start.weekday() + day) % 7 >= 5
    return mechanism.intercept + mechanism.per_4_weeks * day / 28.0 + mechanism.weekend * weekend


def _missed_yesterday(reasons: Codes, day: int) -> NDArray[np.bool_]:
    return reasons[day - 1] > 0 if day else np.zeros(reasons.shape[1], dtype=bool)
