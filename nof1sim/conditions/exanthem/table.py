"""The lesion table of an exanthem: one row a lesion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.model import Patient

from . import looks
from .engine import ENDINGS, GOING_ON, Course
from .sites import Places

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
    site = course.site
    skin = min(max(patient.fitzpatrick, 1), 6) - 1
    brown = looks.brown_days(patient.fitzpatrick, places.brown[site], places.brown_days[site])
    made: dict[str, NDArray[Any]] = {
        "lesion_id": np.arange(1, site.size + 1),
        "site": site,
        "x_mm": places.x_mm[site],
        "y_mm": places.y_mm[site],
        "region": places.region[site],
        "kind": (places.height_mm[site] > 0.0).astype(np.int64),
        "birth_day": course.birth,
        "planned_days": course.planned,
        "peak_day": np.minimum(course.birth + (looks.PALE_FROM * course.planned).astype(np.int64), course.last),
        "last_counted_day": course.last,
        "end_day": np.where(course.ending == GOING_ON, days, course.last),
        "ending": course.ending,
        "peak_diameter_mm": places.diameter_mm[site],
        "peak_height_mm": places.height_mm[site],
        "peak_erythema": places.erythema[site],
        "peak_melanin": np.full(site.size, looks.BROWN[skin]),
        "pih_days": np.where(course.ending == GOING_ON, 0, brown),
        "superseded_day": _superseded(site, course.birth),
        "shape": places.shape[site],
    }
    seen = looks.alone_on_days(made, made["end_day"] + 1, days, marks)  # of what is left of lesions
    np.maximum.at(made["end_day"], seen.row, seen.day)
    return {name: made[name] for name in COLUMNS}


def _superseded(site: NDArray[np.int64], birth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Birth day of the next lesion at each lesion's site, 0 for none."""
    order = np.lexsort((birth, site))
    follows = np.append(site[order][1:] == site[order][:-1], False)
    found = np.zeros(site.size, np.int64)
    found[order] = np.where(follows, np.append(birth[order][1:], 0), 0)
    return found


def named(table: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns with names in place of the codes of CODES."""
    return {name: np.array(CODES[name])[values] if name in CODES else values for name, values in table.items()}
