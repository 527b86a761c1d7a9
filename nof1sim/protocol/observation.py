"""The part of a protocol that says what is recorded of the truth, by whom, and what gets lost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .part import Finite, Name, Part, Sd, Share


class Rater(Part):
    """Somebody who scores the skin each day, with an own bias, fixed for the study, and noise.

    Both act on log(1 + inflammatory lesions); an IGA is cut from the noisy value, nodules override.
    """

    name: Name
    scores: Literal["count", "iga"] = "count"
    bias_sd: Sd = 0.18
    noise_sd: Sd = 0.20
    blinded: bool = True
    expectancy: Finite = Field(default=-0.15, description="Added on treated days when not blinded.")


class SelfReport(Part):
    """The patient's own 0 to 10 rating: noisy, biased, remembering yesterday's answer, fond of 0 and 5."""

    noise_sd: Sd = 1.2
    bias_sd: Sd = 1.0
    memory: Annotated[float, Field(ge=0, lt=1)] = 0.3
    round_share: Share = Field(default=0.2, description="Share of answers drawn to the nearest of 0, 5, 10.")


class MissingAtRandom(Part):
    """MAR: logit p = intercept + per_4_weeks * weeks/4 + weekend + after_missed * (missed yesterday)."""

    intercept: Finite = -2.6
    per_4_weeks: Finite = 0.25
    weekend: Finite = 0.3
    after_missed: Finite = 0.4


class Missing(Part):
    """What gets lost. Rows stay; their recorded values are empty. The complete data stand in truth/."""

    mcar: Share = Field(default=0.0, description="Chance that a day is missed, whatever happens (but see mnar).")
    mar: MissingAtRandom | None = None
    mnar: Finite = Field(
        default=0.0,
        description="Not 0: the days that mcar and mar would lose (7 % where neither is set) are lost by severity "
        "instead, as reason 'mnar'. Added to their logit: mnar * (severity - a level of the patient's own). Above 0 "
        "bad days are lost (selfies on good days), below 0 good ones. The level is such that each patient's expected "
        "share of lost days stays that of mcar and mar (within a few points with mar.after_missed). It looks ahead: a "
        "longer study may lose other days of its beginning.",
    )
    vacation: Share = Field(default=0.0, description="Chance of a gap of 5 to 10 days, once in each 12 weeks.")
    vacation_low_days: Annotated[int, Field(ge=1, le=365)] = 5
    vacation_high_days: Annotated[int, Field(ge=1, le=365)] = 10
    dropout_per_day: Share = Field(default=0.0, description="Hazard of leaving for good.")
    dropout_severity: Finite = Field(default=0.3, description="Hazard is multiplied by exp(this * (S - S on day 1)).")
    image_only: Share = Field(default=0.0, description="Chance that only the photograph of a day is missing.")
    score_only: Share = Field(default=0.0, description="Chance that only the score of a day is missing.")


class Observation(Part):
    """Recorded score, raters, self-report and missing days."""

    recording_sd: Sd = Field(default=0.0, description="Noise of the recorded severity, in severity units.")
    digits: Annotated[int, Field(ge=0, le=12)] = 3
    raters: list[Rater] = []
    self_report: SelfReport | None = None
    missing: Missing = Missing()
