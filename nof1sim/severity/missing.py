"""Which days get lost, and why. A pure function of the patient's uniform numbers and the true severity."""

from __future__ import annotations

import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ..model import Floats
from ..protocol.observation import Missing, MissingAtRandom

REASONS = ("", "mcar", "mar", "vacation", "drop_out", "image_only", "score_only")
"""What the codes of `missing_reason` mean. 'mar' is the logit mechanism, which MNAR tilts. On days of 'image_only' or
'score_only' one of the two is lost, on the others both."""

MCAR, MAR, VACATION, DROP_OUT, IMAGE_ONLY, SCORE_ONLY = range(1, len(REASONS))

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
    """MCAR, and the logit mechanism with its memory of yesterday; days in `away` keep their code."""
    reasons = away.copy()
    mechanism, mcar = _mechanism(part)
    if mcar:
        reasons[(reasons == 0) & (column["mcar"] < mcar)] = MCAR
    if mechanism is None:
        return reasons
    days = severity.shape[0]
    calendar = start.weekday() + np.arange(days)
    # The own mean is that of the days so far, so that later days change nothing.
    so_far = np.cumsum(severity, axis=0) / np.arange(1, days + 1)[:, None]
    known = mechanism.intercept + mechanism.per_4_weeks * np.arange(days) / 28.0
    known = known + mechanism.weekend * (calendar % 7 >= 5)
    score = known[:, None] + part.mnar * (severity - so_far)
    for day in range(days):
        if day:
            score[day] += mechanism.after_missed * (reasons[day - 1] > 0)
        lost = (reasons[day] == 0) & (column["mar"][day] < expit(score[day]))
        reasons[day][lost] = MAR
    return reasons


def _mechanism(part: Missing) -> tuple[MissingAtRandom | None, float]:
    """The logit mechanism, if any, and the independent MCAR chance beside it.

    MNAR without MAR tilts the MCAR chance itself, or MAR's usual intercept where that is 0.
    """
    if part.mar is not None or part.mnar == 0.0:
        return part.mar, part.mcar
    usual = MissingAtRandom().intercept if part.mcar == 0.0 else float(logit(min(part.mcar, 1.0 - 1e-12)))
    return MissingAtRandom(intercept=usual, per_4_weeks=0.0, weekend=0.0, after_missed=0.0), 0.0
