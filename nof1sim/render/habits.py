"""What a person does, day after day, that photographs show: shaving, make-up, the sun, a phone. Asked by address."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nof1sim.model import Patient
from nof1sim.randomness import stream


@dataclass(frozen=True, slots=True)
class Phone:
    """What a phone's camera and its software do to a picture, beside the clinic's camera (the neutral values).

    distance : factor on the camera's distance, for a short lens must come near.  jpeg_quality : of its files.
    contrast, saturation, sharpening, noise : as in `Nuisance` (noise is a factor on the dial's).
    """

    name: str
    distance: float
    contrast: float
    saturation: float
    sharpening: float
    noise: float
    jpeg_quality: int


PHONES = (
    Phone("plain", 0.80, 0.05, 1.00, 1.1, 1.1, 92),
    Phone("vivid", 0.70, 0.18, 1.20, 1.6, 0.9, 90),
    Phone("flat", 0.75, -0.15, 1.10, 1.8, 0.8, 88),  # lifts the shadows of one picture out of several
    Phone("selfie", 0.50, 0.08, 1.05, 1.3, 1.5, 85),
    Phone("old", 0.60, 0.00, 0.90, 0.7, 2.5, 75),
    Phone("messenger", 0.55, 0.10, 1.02, 0.9, 1.2, 60),  # compressed once more on its way
)
"""One of these, each as likely as the others, is a person's own. Invented; no make is meant."""
SMOOTH = Phone("smooth", 0.50, -0.10, 1.08, 0.2, 0.4, 80)
"""A beauty filter: the phone that takes over where photographs are confounded by phone."""

SHAVING_DAYS = (1, 1, 1, 2, 2, 3, 4, 7)
"""Days from shave to shave, each as likely as the others."""
FULL_GROWTH_DAYS = 10.0
SHAVED_HOURS_AGO = 0.4
"""Days between the shave and the photograph of the same day."""
BEARD_FROM_YEARS, BEARD_FULL_YEARS = 14.0, 21.0
MAKEUP_OF_MEN = 0.05
"""Men's habit of make-up as a share of women's."""
TAN_WEEK_CORRELATION, TAN_WEEKS = 0.85, 40
"""Tan from week to week, and how many weeks back it remembers (0.85 ** 40 = 0.0015)."""

ALL_HABITS = ("distance", "shave_every", "shave_phase", "makeup_days", "makeup_cover", "phone")
"""A person's uniform numbers, in this order: adding one at the end moves no other."""


@dataclass(frozen=True, slots=True)
class Habits:
    """The lasting ways of a person.

    near : 0 .. 1, how near they hold a camera.  shave_every, shave_phase : days.  growth : 0 .. 1, of a beard.
    makeup_days : share of days with make-up.  makeup_cover : how much then covers, 0 .. 1.
    """

    near: float
    shave_every: int
    shave_phase: int
    growth: float
    makeup_days: float
    makeup_cover: float
    phone: Phone


def habits_of(seed: int, patient: Patient) -> Habits:
    """The habits of a person: a function of the seed and who they are."""
    u = _habit_numbers(seed, patient.key)
    is_woman = patient.sex == "F"
    every = SHAVING_DAYS[int(u["shave_every"] * len(SHAVING_DAYS))]
    grown = (patient.age_years - BEARD_FROM_YEARS) / (BEARD_FULL_YEARS - BEARD_FROM_YEARS)
    return Habits(
        near=u["distance"],
        shave_every=every,
        shave_phase=int(u["shave_phase"] * every),
        growth=0.0 if is_woman else min(max(grown, 0.0), 1.0),
        makeup_days=u["makeup_days"] * (1.0 if is_woman else MAKEUP_OF_MEN),
        makeup_cover=0.35 + 0.6 * u["makeup_cover"],
        phone=PHONES[int(u["phone"] * len(PHONES))],
    )


@lru_cache(maxsize=64)
def _habit_numbers(seed: int, key: str) -> dict[str, float]:
    """A person's uniform numbers, by ALL_HABITS; each of their pictures asks for the same ones."""
    numbers = stream(seed, key, "nuisance", "habits").random(len(ALL_HABITS)).tolist()
    return dict(zip(ALL_HABITS, numbers, strict=True))


def beard_on(habits: Habits, day: int) -> float:
    """Growth since the last shave, 0 .. 1: a saw-tooth over the days."""
    days = (day + habits.shave_phase) % habits.shave_every + SHAVED_HOURS_AGO
    return habits.growth * min(1.0, days / FULL_GROWTH_DAYS)


def makeup_on(seed: int, habits: Habits, patient: Patient, day: int, dial: float, shift: float) -> float:
    """Opacity of a day's foundation: on their share of the days (at dial 1; less often below), `shift` more often."""
    u = stream(seed, patient.key, day, "nuisance", "makeup").random()
    return habits.makeup_cover if u < dial * habits.makeup_days + shift else 0.0


def tan_on(seed: int, patient: Patient, day: int) -> float:
    """A person's tan on a day, 0 .. 1, uniform over the years: autoregressive over weeks, straight between them."""
    week, share = divmod(day, 7)
    share /= 7
    before, after = (_tan_normal(seed, patient.key, week + k) for k in (0, 1))
    mixed = (1 - share) * before + share * after
    spread = (1 - share) ** 2 + share**2 + 2 * share * (1 - share) * TAN_WEEK_CORRELATION
    return uniform_of(mixed / math.sqrt(spread))


@lru_cache(maxsize=256)
def _tan_normal(seed: int, key: str, week: int) -> float:
    """Standard normal of a week, correlated with those before: a moving average over innovations by address."""
    rho = TAN_WEEK_CORRELATION
    drawn = [_tan_innovation(seed, key, week - k) for k in range(TAN_WEEKS)]
    total = float(np.dot(rho ** np.arange(TAN_WEEKS), drawn))
    return total * math.sqrt((1 - rho**2) / (1 - rho ** (2 * TAN_WEEKS)))


@lru_cache(maxsize=256)
def _tan_innovation(seed: int, key: str, week: int) -> float:
    """What is new in a week; neighbouring weeks ask for the same ones."""
    return float(stream(seed, key, week, "nuisance", "tan").normal())


def uniform_of(z: float) -> float:
    """A standard normal as a uniform number 0 .. 1."""
    return 0.5 * math.erfc(-z / math.sqrt(2))
