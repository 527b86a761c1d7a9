"""Which photographs a run takes: single patches of many people, or a piece of skin of each patient day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1sim import plugins
from nof1sim.conditions.base import Condition
from nof1sim.dataset.images import Format
from nof1sim.dataset.layout import SUFFIX
from nof1sim.errors import Fault, InputError
from nof1sim.model import Drive, Floats, Patient
from nof1sim.randomness import stream
from nof1sim.severity.cohort import FITZPATRICK, ITA_LIMITS_DEG, SEXES
from nof1sim.severity.quotas import quota_classes

from .sites import SITES

SIZES_PX = (64, 2048)
AGES_YEARS = (16.0, 75.0)
CLEAR, BANDS = 0.1, 9
"""Share of single patches without any lesions of the day; bands of severity over the others, one patch each in turn."""
TOP = 3.0
"""The highest severity."""
DAYS = SEEN_DAY = 8
"""A single patch shows the last day of so short a course at one severity: some lesions are fresh, some fading."""


@dataclass(frozen=True, slots=True)
class Style:
    """What all photographs of a run share. condition : a name, or module:Thing; dial : quality, 0 to 1."""

    condition: str
    size_px: int = 256
    dial: float = 1.0
    seed: int = 0
    format: Format = "jpeg"


@dataclass(frozen=True, slots=True)
class Course:
    """One patient of a series: drive and, per day (days,), severity, period and what its treatment is called."""

    patient: Patient
    drive: Drive
    severity: Floats
    block: Sequence[int]
    treatment: Sequence[str]


@dataclass(frozen=True, slots=True)
class Job:
    """One photograph. stem : its path without folder and ending. skin : address of its piece of skin, which a series
    shares; address : of the photograph. told : further columns of its row."""

    stem: str
    patient: Patient
    drive: Drive
    day: int
    severity: float
    skin: tuple[str | int, ...]
    address: tuple[str | int, ...]
    series: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)

    def paths(self, format: Format) -> dict[str, str]:
        """Where its image, its mask and its instance mask lie."""
        return {
            "image": f"images/{self.stem}{SUFFIX[format]}",
            "mask": f"masks/{self.stem}.png",
            "instance": f"instances/{self.stem}.png",
        }


def single(number: int, seed: int) -> Job:
    """Patch `number`, from 1: skin types and severities follow quotas by its number alone, whatever n."""
    rank, who = number - 1, f"patch {number}"
    types: dict[str, float] = {}
    types |= dict.fromkeys(FITZPATRICK, 1.0)
    kind = int(quota_classes(seed, "patches fitzpatrick", types, rank, 1)[0])
    shares = {"clear": CLEAR} | {str(k): (1 - CLEAR) / BANDS for k in range(BANDS)}
    band = int(quota_classes(seed, "patches severity", shares, rank, 1)[0])
    u = stream(seed, who, "person").random(4)
    low, high = ITA_LIMITS_DEG[FITZPATRICK[kind]]
    severity = 0.0 if band == 0 else round(TOP * (band - 1 + float(u[0])) / BANDS, 3)
    patient = Patient(
        who, str(number), rank, round(AGES_YEARS[0] + (AGES_YEARS[1] - AGES_YEARS[0]) * float(u[1]), 1),
        SEXES[int(2 * u[2])], low + (high - low) * float(u[3]), kind + 1,
    )  # fmt: skip
    drive = Drive(np.full(DAYS, severity), None, None, 0.0, 1.0, DAYS)
    return Job(f"{number:05d}", patient, drive, SEEN_DAY, severity, (who,), (who,))


def series(course: Course, day: int) -> Job:
    """A day (1-based) of a patient's piece of skin."""
    key, at = course.patient.key, day - 1
    told = {"patient_id": course.patient.patient_id, "block": int(course.block[at]), "day": day,
            "treatment": course.treatment[at]}  # fmt: skip
    return Job(
        f"{key}/{key}_d{day:03d}", course.patient, course.drive, day, float(course.severity[at]),
        (key, "patch"), (key, "patch", day), series=True, told=told,
    )  # fmt: skip


def condition_of(name: str) -> Condition:
    """A condition with its default options.

    Raises
    ------
    UnknownNameError
        Nothing answers to the name.
    InputError
        It cannot say what a piece of skin looks like.
    """
    from nof1sim.protocol.types import Condition as Options

    made = plugins.resolve("conditions", name, "--condition")(Options(name=name))
    if not hasattr(made, "patch"):
        advice = "Its authors can add a method `patch`: see nof1sim.conditions.base.Condition."
        raise InputError(str(Fault("--condition", name, "a condition that knows patches of skin", advice)))
    return made


def sites_of(condition: Condition) -> tuple[str, ...]:
    """Body sites of a condition: its `body_sites`, of those that are known here; without, all."""
    wanted = getattr(condition, "body_sites", tuple(SITES))
    return tuple(name for name in SITES if name in wanted) or tuple(SITES)


def check_style(style: Style) -> None:
    """InputError: a size, quality or seed out of range; all faults at once."""
    faults: list[Fault] = []
    if not SIZES_PX[0] <= style.size_px <= SIZES_PX[1]:
        faults.append(Fault("--size", style.size_px, f"{SIZES_PX[0]} to {SIZES_PX[1]} pixels"))
    if not 0 <= style.dial <= 1:
        faults.append(Fault("--quality", style.dial, "none, clinic, amateur or a number from 0 to 1"))
    if style.seed < 0:
        faults.append(Fault("--seed", style.seed, "an integer >= 0"))
    if style.format not in SUFFIX:
        faults.append(Fault("--image-format", style.format, ", ".join(SUFFIX)))
    if faults:
        raise InputError("\n".join(map(str, faults)))
