"""Plan: a protocol made askable at any point. Everything is recomputed from addresses; nothing is carried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .. import plugins
from ..conditions.base import Condition
from ..model import Cohort, LesionField, Patient, Scene, Schedule, Trajectories, Unit, View
from ..protocol import Protocol
from ..render.views import view_of
from ..severity.cohort import make_cohort
from ..severity.given import Given, to_schedule, to_trajectories
from ..severity.observe import Recorded, Truth, observe
from ..severity.schedule import make_schedule
from ..severity.trajectory import drive_of, simulate_trajectories

BLOCK_PATIENTS = 64
"""Patients computed together: enough to vectorise, few enough to stay small."""


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
    """

    def __init__(self, protocol: Protocol, given: Given | None = None) -> None:
        self.protocol = protocol
        self.given = given
        condition = plugins.resolve("conditions", protocol.condition.name, "condition.name")
        plugins.resolve_path("renderers", protocol.images.renderer, "images.renderer")
        self.condition: Condition = condition(protocol.condition)
        self.block = lru_cache(maxsize=4)(self._block)

    def _block(self, first: int, count: int) -> Block:
        """The patients of rank `first` .. `first + count`. A cache: asking anew gives the same."""
        protocol = self.protocol
        cohort = make_cohort(protocol, first, count)
        if self.given is not None:
            part = self.given.patients(first, count)
            schedule = to_schedule(part)
            trajectories = to_trajectories(part, schedule)
        else:
            schedule = make_schedule(protocol, first, count)
            trajectories = simulate_trajectories(protocol, cohort, schedule)
        fields = tuple(
            self.condition.field(patient, drive_of(trajectories, cohort, i), protocol.seed)
            for i, patient in enumerate(cohort.patients)
        )
        each = [self.condition.scores(field) for field in fields]
        scores: dict[str, np.ndarray] = {name: np.stack([one[name] for one in each]) for name in each[0]}
        severity = scores["severity_lesions"] if trajectories.severity is None else trajectories.severity
        truth = Truth(
            severity=severity,
            latent_score=trajectories.latent if trajectories.severity is not None else None,
            n_inflammatory=scores["n_inflammatory"],
            n_nodule=scores["n_nodule"],
            iga_cuts=tuple(self.condition.inflammatory_cuts),
            severity_of_count=self.condition.severity_of_count,
            taken=trajectories.taken,
        )
        occasions = range(1, protocol.images.occasions_per_day + 1)
        recorded = tuple(observe(protocol, cohort, schedule, truth, occasion) for occasion in occasions)
        return Block(first, cohort, schedule, trajectories, fields, scores, severity, recorded)

    def blocks(self, ranks: range | None = None) -> Iterator[Block]:
        """All patients (or those of `ranks`), some at a time, in order."""
        ranks = range(self.protocol.cohort.patients) if ranks is None else ranks
        for first in range(ranks.start, ranks.stop, BLOCK_PATIENTS):
            yield self._block(first, min(BLOCK_PATIENTS, ranks.stop - first))

    def people(self) -> tuple[Patient, ...]:
        """Everybody, by rank; cheap."""
        return make_cohort(self.protocol).patients

    def scene(self, rank: int, day: int) -> Scene:
        """What exists of one patient on one day (1-based)."""
        block = self.block(rank, 1)
        return Scene(block.cohort.patients[0], day, self.condition.on(block.fields[0], day))

    def view(self, unit: Unit) -> View:
        """How one picture of the grid is looked at."""
        images = self.protocol.images
        scene = self.scene(unit.rank, unit.day)
        return view_of(scene, self.protocol.seed, unit.occasion, unit.view, images.size_px, images.nuisance)

    def photographed(self, rank: int) -> np.ndarray:
        """(days, occasions) of bool: which pictures of a patient exist."""
        there = np.stack([~one.image_missing[0] for one in self.block(rank, 1).recorded], axis=1)
        if self.given is not None:
            there &= self.given.drawn[rank][:, None]
        return there

    def units_of(self, rank: int) -> list[Unit]:
        """The pictures of one patient, in order of day, occasion and view."""
        there = self.photographed(rank)
        return [
            Unit(rank, int(day) + 1, int(occasion) + 1, view)
            for day, occasion in np.argwhere(there)
            for view in self.protocol.images.views
        ]

    def units(self) -> list[Unit]:
        """Every picture of the trial."""
        return [unit for rank in range(self.protocol.cohort.patients) for unit in self.units_of(rank)]
