"""Maculopapular exanthem as a Condition: fixed places, one burst of lesions that run together, scale, brown marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.conditions.counts import CountMap
from nof1sim.conditions.ground import FACE, Ground
from nof1sim.model import Drive, Floats, LesionField, Lesions, Patient
from nof1sim.randomness import stream

from . import counts as maps

if TYPE_CHECKING:
    from nof1sim.protocol.types import Condition as Options

    from .sites import Places

ADDRESS = "exanthem"


class Exanthem:
    """Maculopapular exanthem of the face, built from the protocol's `condition` part.

    See `nof1sim.conditions.base.Condition`. A pure function of (seed, patient, drive): nothing is kept between calls.
    """

    name = "exanthem"
    crossover_ok = False
    episodic = True
    option_names = ("marks", "fidelity")

    def __init__(self, options: Options) -> None:
        self.options = options
        self.grade_cuts = (0.5, *self._map.counts(np.array(maps.CTCAE_SEVERITIES)).tolist())

    @property
    def _map(self) -> CountMap:
        return maps.count_map()

    def count_of_severity(self, severity: Floats) -> Floats:
        """G: whole-face lesions (not rounded) at a severity. Any shape."""
        return self._map.counts(severity)

    def severity_of_count(self, count: Floats) -> Floats:
        """The inverse of G. Any shape."""
        return self._map.severities(count)

    def field(self, patient: Patient, drive: Drive, seed: int) -> LesionField:
        """The whole course of one patient's lesions; `columns` are described in `table.COLUMNS`."""
        from . import sites

        return self._course(patient, drive, sites.draw_places(patient, seed), seed, (patient.key,), 1.0)

    def patch(
        self, patient: Patient, drive: Drive, seed: int, address: tuple[str | int, ...], side_mm: float
    ) -> LesionField:
        """The course on a square piece of skin; x_mm, y_mm from its centre, within it or a lesion beyond.

        As many lesions for its area as on a face, from severity .25 up at least one. The person's incubation is that of
        the face. `region` is chart.OUTSIDE ("none" where named).
        """
        from . import sites

        ground = Ground(side_mm + 2.0 * sites.PATCH_RIM_MM)
        places = sites.draw_patch_places(ground, seed, address)
        share = ground.area_mm2 / FACE.area_mm2
        drive = replace(drive, baseline_count=drive.baseline_count * share)
        return self._course(patient, drive, places, seed, address, share)

    def _course(
        self, patient: Patient, drive: Drive, places: Places, seed: int, address: tuple[str | int, ...], share: float
    ) -> LesionField:
        from . import engine, table

        incubation = 0  # where a severity is given, nobody asks
        if drive.severity is None:
            incubation = engine.incubation_days(stream(seed, patient.key, ADDRESS, "incubation"))
        counts, smooth = replace(self._map, share=share), self.options.fidelity == "smooth"
        course = engine.simulate(drive, places, counts, smooth, incubation, stream(seed, *address, ADDRESS))
        columns = table.columns(course, places, patient, drive.days, self.options.marks)
        return LesionField(patient, drive.days, columns, course.lost)

    def on(self, field: LesionField, day: int) -> Lesions:
        """The lesions and visible marks of a day (1-based), by lesion_id."""
        if not 1 <= day <= field.days:
            raise ValueError(f"day: got {day}; allowed: 1 to {field.days}")
        return Lesions(*list(self._looks(field, day, day).values())[1:])

    def lesion_days(self, field: LesionField) -> dict[str, NDArray[Any]]:
        """All days at once: `day` and the fields of Lesions, one entry a lesion and day, by day, then lesion_id."""
        return self._looks(field, 1, field.days)

    def _looks(self, field: LesionField, first: int, until: int) -> dict[str, NDArray[Any]]:
        from . import looks

        table: Mapping[str, NDArray[Any]] = field.columns
        seen = looks.on_days(table, first, until, self.options.marks)
        none, row = np.zeros(seen.row.size), seen.row
        return {
            "day": seen.day,
            "lesion_id": np.asarray(table["lesion_id"])[row],
            "x_mm": table["x_mm"][row],
            "y_mm": table["y_mm"][row],
            "stage": seen.stage,
            "diameter_mm": seen.diameter_mm,
            "height_mm": seen.height_mm,
            "erythema": seen.erythema,
            "melanin": seen.melanin,
            "pus": none,
            "plug": none,
            "crust": seen.crust,
            "shape": table["shape"][row],
            "visible": np.ones(row.size, bool),
            "counted": seen.counted,
        }

    def scores(self, field: LesionField) -> dict[str, NDArray[Any]]:
        """Scores and counts per day, each (days,): see `scores.scores_of_tables`, which this calls."""
        return self.scores_of_tables(field.columns, self.lesion_days(field), field.days)

    def scores_of_tables(
        self, lesions: Mapping[str, NDArray[Any]], lesion_days: Mapping[str, NDArray[Any]], days: int
    ) -> dict[str, NDArray[Any]]:
        """The same scores from one patient's saved tables (codes or names)."""
        from . import scores

        return scores.scores_of_tables(lesions, lesion_days, days, self._map)

    def named(self, field: LesionField) -> dict[str, NDArray[Any]]:
        """The lesion table with names instead of codes, as a file stores it."""
        from . import table

        return table.named(field.columns)
