"""The lesion table of an exanthem: one row a lesion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.model import Patient

from . import looks
from .days import GOING_ON
from .engine import ENDINGS, Course
from .sites import Places
from .walk import PALE_FROM

COLUMNS: dict[str, str] = {
    "lesion_id": "1 .. n, by first day",
    "site": "index of the site, 0-based; fixed for the lesion's life",
    "x_mm": "place on the face chart, mm towards the patient's left",
    "y_mm": "place on the face chart, mm upwards",
    "region": "index into chart.REGIONS",
    "kind": "index into KINDS",
    "birth_day": "first day that counts; 0 or negative: before the study",
    "planned_days": "days it would count if nothing interfered",
    "peak_day": "day of its greatest redness, if it lives so long",
    "last_counted_day": "last day that counts, at most the study's last",
    "end_day": "last day on which it or its mark is drawn, at most the study's last",
    "ending": "index into engine.ENDINGS: why it stopped counting",
    "peak_diameter_mm": "diameter at its height",
    "peak_height_mm": "height at its height; 0 for a macule",
    "peak_erythema": "erythema at its height, alone, 0 to 1",
    "peak_melanin": "melanin of a brown mark at its darkest, 0 to 1",
    "pih_days": "days of the brown mark that it leaves (realistic course)",
    "superseded_day": "day on which a new lesion at the site ended what was left of it; 0: none",
    "shape": "a number that fixes the outline for life",
}
KINDS = ("macule", "papule")
CODES = {"region": (*chart.REGIONS, "none"), "kind": KINDS, "ending": ENDINGS}
"""Names of codes; region -1 (a piece of skin that is no face) is the last."""


def columns(course: Course, places: Places, patient: Patient, days: int, marks: str) -> dict[str, NDArray[Any]]:
    """The columns of LesionField, in the order of COLUMNS."""
    site, lesion = course.site, places.at(course.site)
    skin = min(max(patient.fitzpatrick, 1), 6) - 1
    brown = looks.brown_days(patient.fitzpatrick, lesion.brown, lesion.brown_days)
    made: dict[str, NDArray[Any]] = {
        "lesion_id": np.arange(1, site.size + 1),
        "site": site,
        "x_mm": lesion.x_mm,
        "y_mm": lesion.y_mm,
        "region": lesion.region,
        "kind": (lesion.height_mm > 0.0).astype(np.int64),
        "birth_day": course.birth,
        "planned_days": course.planned,
        "peak_day": np.minimum(course.birth + (PALE_FROM * course.planned).astype(np.int64), course.last),
        "last_counted_day": course.last,
        "ending": course.ending,
        "peak_diameter_mm": lesion.diameter_mm,
        "peak_height_mm": lesion.height_mm,
        "peak_erythema": lesion.erythema,
        "peak_melanin": np.full(site.size, looks.BROWN_AT_FIRST[skin]),
        "pih_days": np.where(course.ending == GOING_ON, 0, brown),
        "superseded_day": _superseded(site, course.birth),
        "shape": lesion.shape,
    }
    made["end_day"] = looks.end_days(made, days, marks)
    return {name: made[name] for name in COLUMNS}


def _superseded(site: NDArray[np.int64], birth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Birth day of the next lesion at each lesion's site, 0 for none; lesions by birth."""
    order = np.argsort(site, kind="stable")
    follows = np.append(site[order][1:] == site[order][:-1], False)
    found = np.zeros(site.size, np.int64)
    found[order] = np.where(follows, np.append(birth[order][1:], 0), 0)
    return found


def named(table: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns with names in place of the codes of CODES."""
    return {name: np.array(CODES[name])[values] if name in CODES else values for name, values in table.items()}
