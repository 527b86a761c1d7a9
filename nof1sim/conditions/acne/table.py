"""The lesion table: one row a lesion, from the kernel's rows to named columns and back to the compiled walk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.model import LesionField

from . import appearance, life
from .sites import Sites

COLUMNS: dict[str, str] = {
    "lesion_id": "1 .. n, by first day",
    "site": "index of the site, 0-based; fixed for the lesion's life",
    "x_mm": "place on the face chart, mm towards the patient's left",
    "y_mm": "place on the face chart, mm upwards",
    "region": "index into chart.REGIONS",
    "kind": "index into life.KINDS: the stage it reaches at its height",
    "origin": "index into life.ORIGINS: what an inflammatory lesion started from",
    "parent_id": "the lesion (comedone, mark, scar) it started from; 0 if none",
    "micro_day": "comedones: first day as an invisible microcomedone",
    "birth_day": "first day that counts; 0 or negative: before the study",
    "planned_days": "days it would count if nothing interfered",
    "peak_day": "day of greatest size (within 5 %), if it lives so long",
    "last_counted_day": "last day that counts, at most the study's last",
    "end_day": "last day on which it or its mark is drawn, at most the study's last; 0: never",
    "ending": "index into life.ENDINGS: why it stopped counting",
    "peak_diameter_mm": "diameter at its height",
    "peak_height_mm": "height at its height",
    "peak_erythema": "erythema at its height, 0 to 1",
    "peak_melanin": "melanin of its brown mark at the darkest, 0 to 1",
    "peak_plug": "cover by a dark plug at its height, 0 to 1",
    "scar_diameter_mm": "diameter of the scar it would leave",
    "scar_depth_mm": "depth of the scar it would leave",
    "cap_from": "pustules: days after birth_day at which the pus cap shows",
    "cap_days": "days of the pus cap",
    "crusts": "whether a crust follows the pus cap",
    "pie_days": "days of the red mark it leaves (realistic course)",
    "pih_days": "days of the brown mark after that (realistic course)",
    "scar": "index into life.SCARS",
    "scar_days": "days of the scar after the marks; very large: for good",
    "superseded_day": "day on which a new lesion at the site ended its mark; 0: none",
    "shape": "a number that fixes the outline for life",
}
"""What each column means. All are integers or floats; codes index the tuples named."""

CODES = {
    "region": chart.REGIONS,
    "kind": life.KINDS,
    "origin": life.ORIGINS,
    "ending": life.ENDINGS,
    "scar": life.SCARS,
}

# Kernel column -> table column, for those that are stored as they are.
_STORED = {
    life.SITE: "site", life.KIND: "kind", life.ORIGIN: "origin", life.BIRTH: "birth_day", life.LIFE: "planned_days",
    life.ENDING: "ending", life.CAP_FROM: "cap_from", life.CAP_DAYS: "cap_days", life.CRUSTS: "crusts",
    life.PIE_DAYS: "pie_days", life.PIH_DAYS: "pih_days", life.SCAR: "scar", life.SCAR_DAYS: "scar_days",
    life.SUPERSEDED: "superseded_day", life.LAST: "last_counted_day",
}  # fmt: skip
_PEAKS = {
    appearance.DIAMETER: "peak_diameter_mm", appearance.HEIGHT: "peak_height_mm", appearance.REDNESS: "peak_erythema",
    appearance.PIGMENT: "peak_melanin", appearance.PLUG: "peak_plug",
    appearance.SCAR_DIAMETER: "scar_diameter_mm", appearance.SCAR_DEPTH: "scar_depth_mm",
}  # fmt: skip


def columns(rows: NDArray[np.int32], sites: Sites, key: int, days: int, marks: int) -> dict[str, NDArray[Any]]:
    """The columns of LesionField, in the order of COLUMNS, from the kernel's rows (lesions, life.COLUMNS)."""
    top, outline, micro = appearance.peaks(rows, np.uint64(key))
    place = rows[:, life.SITE]
    made: dict[str, NDArray[Any]] = {name: rows[:, code] for code, name in _STORED.items()}
    made |= {name: top[:, code] for code, name in _PEAKS.items()}
    made |= {
        "lesion_id": np.arange(1, len(rows) + 1),
        "x_mm": sites.x_mm[place],
        "y_mm": sites.y_mm[place],
        "region": sites.region[place],
        "parent_id": rows[:, life.PARENT].astype(np.int64) + 1,
        "micro_day": np.where(micro > 0, made["birth_day"] - micro, made["birth_day"]),
        "peak_day": _peak_day(rows),
        "end_day": appearance.last_seen(rows, top, days, marks, life.counts_by_day(rows, days)),
        "shape": outline,
    }
    return {name: np.ascontiguousarray(made[name]) for name in COLUMNS}


def _peak_day(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    # The end of the plateau comes before the decay; growth is within 5 % after three time constants.
    grown = np.where(rows[:, life.KIND] == life.NODULE, 12, np.where(rows[:, life.KIND] < life.PAPULE, 15, 4))
    age = np.minimum(grown, (rows[:, life.LIFE] * 0.65).astype(np.int32))
    return np.minimum(rows[:, life.BIRTH] + age, rows[:, life.LAST]).astype(np.int32)


def walk(field: LesionField, first: int, until: int, marks: int, looks: bool = True) -> tuple[NDArray[Any], ...]:
    """Days, indices of lesions, stages and looks from `first` to `until`, by day (without `looks`: by lesion,
    and without what resolves)."""
    rows = np.empty((field.columns["lesion_id"].size, life.COLUMNS), np.int32)
    for code, name in _STORED.items():
        rows[:, code] = field.columns[name]
    rows[:, life.PARENT] = np.asarray(field.columns["parent_id"], np.int64) - 1
    top = np.stack([field.columns[name] for name in _PEAKS.values()], axis=1)
    counts = life.counts_by_day(rows, field.days)
    day, index, stage, look = appearance.walk(rows, top, first, until, field.days, marks, counts, looks)
    if looks and first != until:
        order = np.argsort(day.astype(np.uint16), kind="stable")  # 16 bits: a radix sort
        return day[order], index[order], stage[order], look[order]
    return day, index, stage, look


def named(table: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns with names in place of the codes of CODES."""
    lists = {name: np.array((*names, "none")) for name, names in CODES.items()}  # the last: code -1, chart.OUTSIDE
    return {name: lists[name][values] if name in lists else values for name, values in table.items()}
