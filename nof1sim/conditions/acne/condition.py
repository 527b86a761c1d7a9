"""Acne as a Condition: sites, stock-and-flow lesions, marks and clinical scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import COMEDONES, INFLAMMATORY, STAGES, Drive, Floats, LesionField, Lesions, Patient
from nof1sim.randomness import key64

from . import counts as count_maps
from . import scores as score_rules
from .counts import CountMap

if TYPE_CHECKING:
    from nof1sim.protocol.types import Condition as Options

    from .sites import Sites

ADDRESS = "lesions"
_MARKS = {"off": 0, "fast": 1, "realistic": 2}
_COUNTED = np.array([name in (*INFLAMMATORY, *COMEDONES) for name in STAGES])


class Acne:
    """Facial acne, built from the protocol's `condition` part. See `nof1sim.conditions.base.Condition`.

    A pure function of (seed, patient, drive): nothing is kept between calls. The compiled kernels load on first use.
    """

    name = "acne"
    body_sites = ("cheek", "back", "chest", "neck")
    crossover_ok = True
    episodic = False
    option_names = ("marks", "fidelity", "count_map", "iga_rule", "scars", "comedones")

    def __init__(self, options: Options) -> None:
        self.options = options
        self.grade_cuts = score_rules.IGA_RULES[options.iga_rule]
        self._marks = _MARKS[options.marks]

    @property
    def _map(self) -> CountMap:
        return count_maps.count_map(self.options.count_map)

    def count_of_severity(self, severity: Floats) -> Floats:
        """G: whole-face inflammatory lesions (not rounded) at a severity. Any shape."""
        return self._map.counts(severity)

    def severity_of_count(self, count: Floats) -> Floats:
        """The inverse of G. Any shape."""
        return self._map.severities(count)

    def field(self, patient: Patient, drive: Drive, seed: int) -> LesionField:
        """The whole course of one patient's lesions; `columns` are described in `table.COLUMNS`."""
        from . import sites

        key = key64(seed, patient.key, ADDRESS)
        return self._course(patient, drive, sites.draw_sites(patient, seed), key, key, self._map)

    def patch(
        self, patient: Patient, drive: Drive, seed: int, address: tuple[str | int, ...], side_mm: float
    ) -> LesionField:
        """The course on a square piece of acne-prone skin; x_mm, y_mm from its centre, within it or a lesion beyond.

        As many lesions as on `sites.PATCH_DENSITY` times its area of the average face, from severity .25 up at least
        one. `region` is chart.OUTSIDE ("none" where named).
        """
        from . import sites

        ground = sites.patch_ground(side_mm)
        share = sites.patch_share(ground)
        places = sites.draw_patch_sites(ground, seed, address)
        drive = replace(drive, baseline_count=drive.baseline_count * share)
        keys = key64(seed, *address, ADDRESS), key64(seed, patient.key, ADDRESS)
        return self._course(patient, drive, places, *keys, replace(self._map, share=share))

    def _course(
        self, patient: Patient, drive: Drive, places: Sites, key: int, person_key: int, counts: CountMap
    ) -> LesionField:
        from . import engine, marks, table

        person = marks.person_numbers(patient, self.options.scars, person_key)
        smooth = self.options.fidelity == "smooth"
        course = engine.simulate(drive, places, person, key, counts, smooth, self.options.comedones)
        columns = table.columns(course.rows, places, key, drive.days, self._marks)
        return LesionField(patient, drive.days, columns, course.lost)

    def on(self, field: LesionField, day: int) -> Lesions:
        """The lesions and visible marks of a day (1-based), by lesion_id; microcomedones are left out."""
        from . import table

        if not 1 <= day <= field.days:
            raise ValueError(f"day: got {day}; allowed: 1 to {field.days}")
        return Lesions(*list(self._looks(field, table.walk(field, day, day, self._marks)).values())[1:])

    def lesion_days(self, field: LesionField) -> dict[str, NDArray[Any]]:
        """All days at once: `day` and the fields of Lesions, one entry a lesion and day, by day, then lesion_id."""
        from . import table

        return self._looks(field, table.walk(field, 1, field.days, self._marks))

    def _looks(self, field: LesionField, walked: tuple[NDArray[Any], ...]) -> dict[str, NDArray[Any]]:
        day, index, stage, look = walked
        lesion = field.columns
        wide, high, red, brown, pus, dark, crust = look.T
        return {
            "day": day.astype(np.int64),
            "lesion_id": lesion["lesion_id"][index],
            "x_mm": lesion["x_mm"][index],
            "y_mm": lesion["y_mm"][index],
            "stage": stage,
            "diameter_mm": wide,
            "height_mm": high,
            "erythema": red,
            "melanin": brown,
            "pus": pus,
            "plug": dark,
            "crust": crust,
            "shape": lesion["shape"][index],
            "visible": np.ones(stage.size, bool),
            "counted": _COUNTED[stage],
        }

    def scores(self, field: LesionField) -> Mapping[str, NDArray[np.generic]]:
        """Clinical scores and counts per day, each (days,): see `scores_of_tables`, which this calls."""
        from . import table

        day, index, stage, _ = table.walk(field, 1, field.days, self._marks, looks=False)
        counted = _COUNTED[stage]
        looks = {
            "day": day, "lesion_id": field.columns["lesion_id"][index], "stage": stage, "counted": counted,
            "visible": np.ones(stage.size, bool),
        }  # fmt: skip
        return self.scores_of_tables(field.columns, looks, field.days)

    def scores_of_tables(
        self, lesions: Mapping[str, NDArray[Any]], lesion_days: Mapping[str, NDArray[Any]], days: int
    ) -> dict[str, NDArray[Any]]:
        """The same scores from one patient's saved tables (codes or names); see `scores.scores_of_tables`."""
        return score_rules.scores_of_tables(
            lesions, lesion_days, days, iga_rule=self.options.iga_rule, counts=self._map
        )

    def named(self, field: LesionField) -> dict[str, NDArray[Any]]:
        """The lesion table with names instead of codes (region, kind, origin, ending, scar), as a file stores it."""
        from . import table

        return table.named(field.columns)


def stage_names(stage: NDArray[np.integer]) -> NDArray[np.str_]:
    """Names of stage codes."""
    return np.array(STAGES)[stage]
