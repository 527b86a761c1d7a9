"""Plan: a protocol made askable at any point. Everything is recomputed from addresses; nothing is carried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from .. import plugins
from ..conditions.base import Condition
from ..errors import Fault, InputError
from ..model import NO_ARM, Cohort, LesionField, Scene, Schedule, Trajectories, Unit, View
from ..protocol import Protocol
from ..protocol.observation import Missing
from ..render.views import view_of
from ..severity.given import Given, to_schedule, to_trajectories
from ..severity.observe import Recorded, Truth, observe
from ..severity.schedule import make_schedule
from ..severity.trajectory import drive_of, simulate_trajectories
from .people import people

BLOCK_PATIENTS = 64
BLOCK_DAYS = 64 * 140
"""Patients, and days of patients, computed together: enough to vectorise, few enough to stay small."""


@dataclass(frozen=True, slots=True)
class Course:
    """Who they are and how they fare, without their lesions: neighbouring patients from rank `first` on."""

    first: int
    cohort: Cohort
    schedule: Schedule
    trajectories: Trajectories


@dataclass(frozen=True, slots=True)
class Block:
    """All that is true and all that is recorded of neighbouring patients, `first` .. `first + len(cohort)`.

    recorded : one entry an occasion of the day.  scores[name], severity : (patients, days); the severity is what the
    lesions are driven by, or what emerges from them.
    """

    first: int
    cohort: Cohort
    schedule: Schedule
    trajectories: Trajectories
    fields: tuple[LesionField, ...]
    scores: dict[str, np.ndarray]
    severity: np.ndarray
    recorded: tuple[Recorded, ...]

    @property
    def ranks(self) -> range:
        """The patients' ranks."""
        return range(self.first, self.first + len(self.cohort))


class Plan:
    """What a protocol (and, for given severities, a table) says of every patient, day and view.

    Parameters
    ----------
    protocol : Protocol
    given : Given, optional
        The user's own trajectories; then `protocol.given` describes them.

    Raises
    ------
    UnknownNameError
        The condition or the renderer has a name that nothing answers to.
    InputError
        The protocol describes a table, and `given` is not that table; or the other way round.
    """

    def __init__(self, protocol: Protocol, given: Given | None = None) -> None:
        _check_table(protocol, given)
        self.protocol = protocol
        self.digest = protocol.digest  # once: each picture bears it
        self.given = given
        self._drawn = None if given is None else given.drawn
        plugins.resolve_path("renderers", protocol.images.renderer, "images.renderer")
        condition = plugins.resolve("conditions", protocol.condition.name, "condition.name")
        self.condition: Condition = condition(protocol.condition)
        self.block = lru_cache(maxsize=4)(self._block)
        self._schedule = lru_cache(maxsize=4)(lambda rank: self.course(rank, 1).schedule)

    def course(self, first: int, count: int) -> Course:
        """The patients of rank `first` .. `first + count`, without their lesions; cheap."""
        cohort = people(self.protocol, first, count)
        if self.given is not None:
            part = self.given.patients(first, count)
            schedule = to_schedule(part)
            return Course(first, cohort, schedule, to_trajectories(part, schedule))
        schedule = make_schedule(self.protocol, first, count)
        return Course(first, cohort, schedule, simulate_trajectories(self.protocol, cohort, schedule))

    def _block(self, first: int, count: int) -> Block:
        """The patients of rank `first` .. `first + count`. `block` is this with a cache."""
        course = self.course(first, count)
        cohort, trajectories = course.cohort, course.trajectories
        fields = tuple(
            self.condition.field(patient, drive_of(trajectories, cohort, i), self.protocol.seed)
            for i, patient in enumerate(cohort.patients)
        )
        each = [self.condition.scores(field) for field in fields]
        scores: dict[str, np.ndarray] = {name: np.stack([one[name] for one in each]) for name in each[0]}
        severity = scores["severity_lesions"] if trajectories.severity is None else trajectories.severity
        recorded = self._recorded(course, scores, severity)
        return Block(first, cohort, course.schedule, trajectories, fields, scores, severity, recorded)

    def _recorded(self, course: Course, scores: dict[str, np.ndarray], severity: np.ndarray) -> tuple[Recorded, ...]:
        trajectories = course.trajectories
        truth = Truth(
            severity=severity,
            latent_score=None if trajectories.severity is None else trajectories.latent,
            n_inflammatory=scores["n_inflammatory"],
            n_nodule=scores["n_nodule"],
            iga_cuts=tuple(self.condition.grade_cuts),
            severity_of_count=self.condition.severity_of_count,
        )
        occasions = range(1, self.protocol.images.occasions_per_day + 1)
        return tuple(observe(self.protocol, course.cohort, course.schedule, truth, number) for number in occasions)

    def blocks(self) -> Iterator[Block]:
        """All patients, some at a time, in order."""
        patients, most = self.protocol.cohort.patients, max(1, min(BLOCK_PATIENTS, BLOCK_DAYS // self.protocol.days))
        size = 1 << (most.bit_length() - 1)  # so that the pieces of a table (PIECE_PATIENTS) are whole blocks
        for first in range(0, patients, size):
            yield self._block(first, min(size, patients - first))

    def first_day(self, rank: int) -> date:
        """Calendar date of a patient's day 1."""
        if self.given is not None and not np.isnat(self.given.first_dates[rank]):
            return self.given.first_dates[rank].astype(object)
        return self.protocol.cohort.start_date

    def scene(self, rank: int, day: int) -> Scene:
        """What exists of one patient on one day (1-based)."""
        block = self.block(rank, 1)
        field = block.fields[0]
        return Scene(block.cohort.patients[0], day, self.condition.on(field, day), field)

    def view(self, unit: Unit) -> View:
        """How one picture of the grid is looked at."""
        images, scene = self.protocol.images, self.scene(unit.rank, unit.day)
        shifted = dict.fromkeys(images.confounding.of, self.shift(unit.rank, unit.day))
        who = (scene, self.protocol.seed, unit.occasion, unit.view)
        return view_of(*who, images.size_px, images.nuisance, shifted, tuple(images.layers))

    def shift(self, rank: int, day: int) -> float:
        """How far a day's photographs are shifted with the treatment (`images.confounding`), 0 to 1."""
        confounding, design = self.protocol.images.confounding, self.protocol.design
        if not confounding.is_on:
            return 0.0
        code = int(self._schedule(rank).arm[0, day - 1])
        if code == NO_ARM:
            return 0.0
        arm, toward = design.arms[code], confounding.toward
        meant = arm == toward if toward in design.arms else self.protocol.treatments[arm].active
        return confounding.strength if meant else 0.0

    def photographed(self, rank: int) -> np.ndarray:
        """(days, occasions) of bool: which pictures of a patient exist."""
        there = np.ones((self.protocol.days, self.protocol.images.occasions_per_day), bool)
        if self.protocol.observation.missing != Missing():  # else nothing is lost, and nothing need be simulated
            there = np.stack([~one.image_missing[0] for one in self.block(rank, 1).recorded], axis=1)
        return there if self._drawn is None else there & self._drawn[rank][:, None]

    def units_of(self, rank: int) -> list[Unit]:
        """The pictures of one patient, in order of day, occasion and view."""
        return units_at(rank, self.photographed(rank), self.protocol.images.views)

    def units(self) -> list[Unit]:
        """Every picture of the trial: a list as long as the study. A run holds none (see `nof1sim.simulation.grid`)."""
        return [unit for rank in range(self.protocol.cohort.patients) for unit in self.units_of(rank)]


def units_at(rank: int, there: np.ndarray, views: Sequence[str]) -> list[Unit]:
    """The pictures of one patient, in order of day, occasion and view; `there`: (days, occasions) of bool."""
    return [Unit(rank, day + 1, occasion + 1, view) for day, occasion in np.argwhere(there).tolist() for view in views]


def _check_table(protocol: Protocol, given: Given | None) -> None:
    described = protocol.given
    if described is None and given is None:
        return
    if described is None or given is None or described.sha256 != given.sha256:
        have = "no table" if given is None else f"the table {given.sha256[:12]}"
        allowed = "no table" if described is None else f"the table {described.sha256[:12]}"
        advice = "Make both at once: nof1sim.prepare(table=...) gives .protocol and .given."
        raise InputError(str(Fault("given", have, f"{allowed}, which the protocol describes", advice)))
