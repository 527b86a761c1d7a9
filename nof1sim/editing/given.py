"""A table of lesions that the user gives: CSV or Parquet with the columns of truth/lesion_days and places."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nof1sim.dataset.tables import TABLES, read_csv, read_parquet
from nof1sim.errors import DatasetError, Fault, InputError, did_you_mean
from nof1sim.model import COMEDONES, INFLAMMATORY, STAGE_CODE, STAGES, Floats, Lesions
from nof1sim.render.skin import sample_lesions

MOST_FAULTS = 20
"""Faults that a message lists; it says how many more there are."""
MASK_IDS = (1, 65535)

RANGES: dict[str, tuple[float, float]] = {
    "x_mm": (-95.0, 95.0), "y_mm": (-115.0, 80.0), "x_px": (0.0, 1e5), "y_px": (0.0, 1e5),
    "diameter_mm": (0.3, 30.0), "height_mm": (-3.0, 6.0),
    "erythema": (0.0, 1.0), "melanin": (0.0, 1.0), "pus": (0.0, 1.0), "plug": (0.0, 1.0), "crust": (0.0, 1.0),
    "shape": (0, 2**31 - 1), "lesion_id": MASK_IDS,
}  # fmt: skip
"""Allowed values of each number."""
FLAGS = ("visible", "counted", "drawn")
MM, PX = ("x_mm", "y_mm"), ("x_px", "y_px")
KNOWN = {column.name for name in ("lesions", "lesion_days") for column in TABLES[name].columns} | {
    *RANGES, *FLAGS, "stage",
}  # fmt: skip
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")

Locate = Callable[[Floats, Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class GivenLesions:
    """A checked table. columns: name -> (n,); places in px where `in_px`, else in chart mm. sha256: of the file."""

    name: str
    sha256: str
    columns: dict[str, Any]
    in_px: bool

    def lesions(self, locate: Locate) -> Lesions:
        """The lesions on the chart; `locate` gives chart mm of picture places, NaN off the skin.

        Raises
        ------
        InputError
            A place in px where the photograph shows no skin, row by row.
        """
        stage = np.array([STAGE_CODE[name] for name in self.columns["stage"]], np.int8)
        x, y = (self.columns[name] for name in (PX if self.in_px else MM))
        if self.in_px:
            x_px, y_px = x, y
            x, y = locate(x_px, y_px)
            off = np.flatnonzero(~np.isfinite(x + y))
            allowed = "a place on skin that the photograph shows"
            _refuse(self.name, [
                Fault(f"row {i + 1}", f"x_px {x_px[i]:g}, y_px {y_px[i]:g}", allowed)
                for i in off
            ])  # fmt: skip
        usual = [sample_lesions(STAGES[code], [(0.0, 0.0)]) for code in stage]
        made: dict[str, Any] = {"x_mm": x, "y_mm": y, "stage": stage}
        for field in Lesions.__dataclass_fields__:
            if field not in made:
                default = np.array([getattr(one, field)[0] for one in usual])
                made[field] = self.columns.get(field, _default(field, default, stage))
        made["visible"] = made["visible"] | made["counted"]
        return Lesions(**made)


def _default(field: str, usual: np.ndarray, stage: np.ndarray) -> np.ndarray:
    if field == "lesion_id":
        return np.arange(1, stage.size + 1)
    if field == "shape":  # any number; a different one for each lesion
        return (np.arange(stage.size) * 7919 + 5) % 2**31
    if field == "counted":
        return np.isin(stage, [STAGE_CODE[name] for name in (*INFLAMMATORY, *COMEDONES)])
    return usual


def read_lesions(path: str | Path) -> GivenLesions:
    """Read `--lesions FILE`: a row a lesion, with x_mm and y_mm (face chart) or x_px and y_px, and its stage.

    Further columns are those of truth/lesion_days and truth/lesions; sizes and colours that are missing are typical
    ones of the stage. Rows that say `visible` false are kept and not drawn.

    Raises
    ------
    InputError
        No such table, unknown or missing columns, values out of range: all of them, with row numbers (the first row
        after the header is row 1), up to `MOST_FAULTS`.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
        frame = read_parquet(data) if file.suffix.lower() in (".parquet", ".pq") else read_csv(data)
    except (OSError, DatasetError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(str(Fault("--lesions", f"{file.name}: {why}", "a CSV or Parquet table of lesions"))) from None
    faults = _columns(frame)
    _refuse(file.name, faults)
    in_px = not set(MM) <= set(frame.columns)
    columns, faults = _values(frame, PX if in_px else MM)
    _refuse(file.name, faults + _one_day(frame))
    return GivenLesions(file.name, hashlib.sha256(data).hexdigest(), columns, in_px)


def _columns(frame: pl.DataFrame) -> list[Fault]:
    have = set(frame.columns)
    faults = [
        Fault("column", name, "the columns of truth/lesion_days, x_mm, y_mm, x_px, y_px", did_you_mean(name, KNOWN))
        for name in frame.columns
        if name not in KNOWN
    ]
    if not (set(MM) <= have or set(PX) <= have):
        faults.append(Fault("columns", ", ".join(frame.columns), "x_mm and y_mm, or x_px and y_px", "Add the places."))
    if "stage" not in have:
        faults.append(Fault("columns", ", ".join(frame.columns), f"a column stage: {', '.join(STAGES[1:])}"))
    return faults


def _values(frame: pl.DataFrame, place: tuple[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    columns: dict[str, Any] = {"stage": [str(value) for value in frame["stage"]]}
    allowed = STAGES[1:]
    faults = [
        Fault(f"row {i + 1}, stage", name, ", ".join(allowed), did_you_mean(name, allowed))
        for i, name in enumerate(columns["stage"])
        if name not in allowed
    ]
    for name, (low, high) in RANGES.items():
        if name in frame.columns and (name in place or name not in (*MM, *PX)):
            values = frame[name].cast(pl.Float64, strict=False).to_numpy()
            bad = np.flatnonzero(~((values >= low) & (values <= high)))
            faults += [Fault(f"row {i + 1}, {name}", frame[name][int(i)], f"{low:g} to {high:g}") for i in bad]
            whole = name in ("shape", "lesion_id") and not bad.size
            columns[name] = values.astype(np.int64) if whole else values
    for name in FLAGS[:2]:
        if name in frame.columns:
            text = [str(value).lower() for value in frame[name]]
            faults += [
                Fault(f"row {i + 1}, {name}", frame[name][i], "true or false")
                for i, value in enumerate(text)
                if value not in _TRUE + _FALSE
            ]
            columns[name] = np.array([value in _TRUE for value in text], bool)
    ids = columns.get("lesion_id")
    if ids is not None and not faults and np.unique(ids).size < ids.size:
        faults.append(Fault("lesion_id", "the same number twice", "a number of its own for each row"))
    return columns, faults


def _one_day(frame: pl.DataFrame) -> list[Fault]:
    return [
        Fault(f"column {name}", f"{frame[name].n_unique()} values", "one patient on one day", "Keep the rows of one.")
        for name in ("patient_id", "day")
        if name in frame.columns and frame[name].n_unique() > 1
    ]


def _refuse(name: str, faults: list[Fault]) -> None:
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:MOST_FAULTS])
        more = len(faults) - MOST_FAULTS
        rest = f"\n  and {more} more" if more > 0 else ""
        raise InputError(f"--lesions {name} has {len(faults)} fault{'s' * (len(faults) > 1)}:\n{shown}{rest}")
