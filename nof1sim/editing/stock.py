"""Lesions to choose from: the acne engine's own, of one severe day, in an order that makes doses nested.

A severity asks for a number of lesions; which ones is decided here once and for all, so that a lower severity shows a
subset of the lesions of a higher one, each looking the same.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim.conditions.acne import Acne
from nof1sim.conditions.acne.counts import count_map
from nof1sim.conditions.acne.engine import NODULE_SHARE
from nof1sim.conditions.acne.sites import HARD_CORE_MM
from nof1sim.model import COMEDONES, INFLAMMATORY, STAGE_CODE, Bools, Drive, Floats, Ints, Lesions, Patient
from nof1sim.protocol.types import Condition
from nof1sim.randomness import stream
from nof1sim.severity.cohort import FITZPATRICK, ITA_LIMITS_DEG

DAYS = 60
"""Of constant severity before the day that is shown: longer than most lesions live, so that ages are mixed."""
COMEDONE_RATIO = 1.5
"""Non-inflammatory per inflammatory lesion: the default cohort's mean."""
KINDS = ("inflammatory", "comedone", "mark")
GAP_MM = 1.0
"""Bare skin between lesions of different stocks, as the engine keeps it within one."""
TRIES = 8
"""Places tried for a lesion on a patch."""

_INFLAMMATORY = np.array([STAGE_CODE[name] for name in INFLAMMATORY])
_COMEDONES = np.array([STAGE_CODE[name] for name in COMEDONES])
NODULE = STAGE_CODE["nodule"]


@dataclass(frozen=True, slots=True)
class Person:
    """Whose lesions they are: `key` names the random streams, the rest is as in `nof1sim.model.Patient`."""

    key: str
    ita_deg: float
    age_years: float = 22.0
    sex: Literal["F", "M"] = "F"

    @property
    def fitzpatrick(self) -> int:
        """Skin type 1 to 6 of the typology angle, by the classes of `severity.cohort.ITA_LIMITS_DEG`."""
        lower = [ITA_LIMITS_DEG[name][0] for name in FITZPATRICK[:-1]]
        return 1 + sum(self.ita_deg < limit for limit in lower)


@lru_cache(maxsize=64)
def stock(person: Person, seed: int, number: int) -> Lesions:
    """Stock `number` (0, 1 ...) of a person: all lesions of the last of `DAYS` days at the top severity, some 140
    inflammatory ones with their comedones and fresh marks. Marks "fast", no scars."""
    acne = Acne(Condition(marks="fast", scars=False))
    patient = Patient(
        f"{person.key}/{number}", "1", number, person.age_years, person.sex, person.ita_deg, person.fitzpatrick
    )
    severity = np.full(DAYS, count_map().top)
    field = acne.field(patient, Drive(severity, None, None, 0.0, COMEDONE_RATIO, DAYS), seed)
    return shuffled(acne.on(field, DAYS), stream(seed, patient.key, "order").random(field.columns["lesion_id"].size))


def shuffled(lesions: Lesions, luck: Floats) -> Lesions:
    """The lesions by their own random number (by lesion_id - 1), so that a beginning of them is a fair sample."""
    return lesions.take(np.argsort(luck[lesions.lesion_id - 1], kind="stable"))


def kind_of(stage: NDArray[np.integer]) -> Ints:
    """Index into KINDS of stage codes."""
    return np.where(np.isin(stage, _INFLAMMATORY), 0, np.where(np.isin(stage, _COMEDONES), 1, 2))


def nothing() -> Lesions:
    """An empty table."""
    ints, floats, flags = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    f = floats
    return Lesions(ints, f, f, np.zeros(0, np.int8), f, f, f, f, f, f, f, ints, flags, flags)


def joined(parts: list[Lesions]) -> Lesions:
    """Several tables in one, as they are."""
    names = [field.name for field in fields(Lesions)]
    return Lesions(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def renumbered(lesions: Lesions) -> Lesions:
    """The same with lesion_id 1 .. n."""
    return replace(lesions, lesion_id=np.arange(1, len(lesions) + 1))


def nodules_of(count: NDArray[np.number], whole_per_one: float = 1.0) -> Ints:
    """How many of `count` inflammatory lesions are nodules: the engine's share, from severity 1 up.

    whole_per_one : whole-face lesions that one of them stands for; so the severity is told.
    """
    severity = count_map().severities(np.rint(np.asarray(count) * whole_per_one).astype(float))
    return np.floor(NODULE_SHARE * np.clip(severity - 1.0, 0.0, 1.0) * count + 0.5).astype(np.int64)


def paced(stage: NDArray[np.integer], before: int, nodules: int, whole_per_one: float) -> Ints:
    """An order of inflammatory lesions in which each beginning has the nodules of its severity, (at most n,).

    stage : codes, in random order. before, nodules : how many lesions, and nodules among them, come ahead of these.
    whole_per_one : whole-face lesions that one of them stands for (2 on half a face). Nodules too many are left out.
    """
    place = before + np.arange(1, stage.size + 1)
    due = nodules_of(place, whole_per_one)
    large, small = np.flatnonzero(stage == NODULE), np.flatnonzero(stage != NODULE)
    order: list[int] = []
    i = j = 0
    for most in due:
        if i < large.size and nodules + i < most:
            order.append(large[i])
            i += 1
        elif j < small.size:
            order.append(small[j])
            j += 1
    return np.array(order, np.int64)


def scattered(lesions: Lesions, size_mm: tuple[float, float], rng: Generator) -> Lesions:
    """The lesions of a stock strewn over a patch (width, height) with its origin in the middle, `HARD_CORE_MM` and
    `GAP_MM` apart, inflammatory ones first; those that find no room within `TRIES` are left out."""
    lesions = lesions.take(np.argsort(kind_of(lesions.stage), kind="stable"))
    places = (rng.random((len(lesions), TRIES, 2)) - 0.5) * np.array(size_mm)
    kept: list[int] = []
    x, y, wide = np.zeros(len(lesions)), np.zeros(len(lesions)), lesions.diameter_mm
    for i in range(len(lesions)):
        n = len(kept)
        least = np.maximum(0.5 * (wide[kept] + wide[i]) + GAP_MM, HARD_CORE_MM)
        far = np.hypot(places[i, :, :1] - x[:n], places[i, :, 1:] - y[:n])
        free = np.flatnonzero((far >= least).all(axis=1))
        if free.size:
            x[n], y[n] = places[i, free[0]]
            kept.append(i)
    return replace(lesions.take(np.array(kept, np.int64)), x_mm=x[: len(kept)], y_mm=y[: len(kept)])


def apart(lesions: Lesions, others: Lesions) -> Bools:
    """Which lesions keep `GAP_MM` from all of others. Distances on the chart, between rims."""
    if not len(others):
        return np.ones(len(lesions), bool)
    far = np.hypot(lesions.x_mm[:, None] - others.x_mm, lesions.y_mm[:, None] - others.y_mm)
    rims = 0.5 * (lesions.diameter_mm[:, None] + others.diameter_mm)
    return np.asarray((far > rims + GAP_MM).all(axis=1))
