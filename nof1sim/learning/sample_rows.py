"""Which pictures a model learns from: of a simulated dataset, or of a labelled folder of the user's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from .. import plugins
from ..dataset.labelled import read_labelled
from ..dataset.layout import MANIFEST, TRUTH_MANIFEST
from ..dataset.reader import IMAGE_COLUMN, Dataset
from ..dataset.target import Target
from ..errors import Fault, InputError, did_you_mean
from ..protocol.types import Condition as ConditionSettings

TRUTH_COLUMNS = ("severity_true", "severity_lesions")
"""Of truth/days.csv, the first that is there; without a truth the recorded score."""
RECORDED = "AcneSeverity"
RECORDED_TOP = 3.0
"""Of the recorded score (docs/tables.md)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How severities become 0 to 1: `low` is 0, `high` is 1. column: what they were read from."""

    column: str
    low: float
    high: float

    def share(self, value: float) -> float:
        """A severity of the column as 0 to 1, cut to it."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """A picture that is to be read. name: in its folder; view: "" where none is told; value: severity of the column;
    split: the part that the user's table puts it in."""

    name: str
    person: str
    view: str
    value: float
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows in a fixed order, and how to read a picture's bytes. kind: "dataset" or "labelled"; faults: a letter of
    each row that was left out; notes: what somebody should know."""

    source: str
    kind: str
    rows: tuple[Row, ...]
    scale: Scale
    read: Callable[[str], bytes]
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def list_rows(
    source: str | Path,
    *,
    table: Path | None = None,
    columns: Mapping[str, str] | None = None,
    severity: str | None = None,
    scale: tuple[float, float] | None = None,
    views: Sequence[str] = ("front",),
) -> Listed:
    """The pictures of a folder with their severities; no picture is opened.

    Parameters
    ----------
    source : a dataset of nof1sim's, or a folder of photographs.
    table : the labels of a folder (see `dataset.labelled.read_labelled`); None: its folders' names are the severities.
    columns : the table's columns, where they have other names.
    severity : column of the severity; default: the truth's, else `AcneSeverity`; of a table `label` or `severity`.
    scale : (low, high) of the column; default: 0 to the most of the condition, or of a table's column.
    views : of a dataset.

    Raises
    ------
    InputError
        No folder, no such view or column, a severity that is no number or outside the scale, nothing to learn from.
    """
    if table is None and Target(str(source)).exists(MANIFEST):
        return _of_dataset(Dataset(str(source)), severity, scale, views)
    return _of_folder(Path(source), table, dict(columns or {}), severity, scale)


def _of_dataset(
    dataset: Dataset, severity: str | None, scale: tuple[float, float] | None, views: Sequence[str]
) -> Listed:
    for view in views:
        if view not in dataset.views():
            allowed = ", ".join(dataset.views()) or "a dataset with photographs"
            raise InputError(str(Fault("--views", view, allowed, did_you_mean(view, dataset.views()))))
    table, column = _with_severity(dataset, severity)
    rows = [
        Row(str(found[f"{IMAGE_COLUMN}{view}"]), found["patient_id"], view, float(found[column]))
        for found in table.iter_rows(named=True)
        for view in views
        if found[f"{IMAGE_COLUMN}{view}"] is not None and _is_number(found[column])
    ]
    low, high = scale or (0.0, _top(dataset, column))
    return _checked(Listed(dataset.url, "dataset", tuple(rows), Scale(column, low, high), dataset.read))


def _with_severity(dataset: Dataset, asked: str | None) -> tuple[pl.DataFrame, str]:
    """The observations with the column of the severity, and its name."""
    table = dataset.observations()
    if dataset.target.exists(TRUTH_MANIFEST):
        days = dataset.truth("days")
        more = [name for name in days.columns if name not in table.columns]
        table = table.join(days.select("patient_id", "day", *more), on=("patient_id", "day"), how="left")
    usual = (*TRUTH_COLUMNS, RECORDED)
    column = asked or next(name for name in usual if name in table.columns)
    if column not in table.columns or not table[column].dtype.is_numeric():
        numbers = [name for name in table.columns if table[name].dtype.is_numeric()]
        raise InputError(str(Fault("--severity", column, ", ".join(numbers), did_you_mean(column, numbers))))
    return table, column


def _top(dataset: Dataset, column: str) -> float:
    """The most of the condition's scale for severities, else of the recorded score, else of the column."""
    if column in TRUTH_COLUMNS:
        settings = ConditionSettings.model_validate(dataset.truth_manifest["protocol"]["condition"])
        condition = plugins.resolve("conditions", settings.name, "condition.name")(settings)
        return float(condition.severity_of_count(np.array([np.inf]))[0])
    if column == RECORDED:
        return RECORDED_TOP
    table, _ = _with_severity(dataset, column)
    return float(table[column].cast(pl.Float64).fill_nan(None).max() or 0.0)  # pyright: ignore[reportArgumentType]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _of_folder(
    folder: Path, table: Path | None, columns: dict[str, str], severity: str | None, scale: tuple[float, float] | None
) -> Listed:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. Give a dataset's folder, or a folder of photographs (--table).")
    if severity is not None:
        columns["label"] = severity
    found = read_labelled(folder, table, columns)
    rows, faults = [], [str(fault) for fault in found.faults]
    for row in found.rows:
        try:
            value = float(row.label)
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            rows.append(Row(row.path, row.who, "", value, row.split))
        else:
            faults.append(str(Fault(row.path, row.label, "a number: its severity or grade", "It is left out.")))
    if not rows:
        raise InputError("\n".join([f"{folder}: no picture has a number as its severity.", *faults[:10]]))
    most = max(row.value for row in rows)
    low, high = scale or (min(0.0, *(row.value for row in rows)), most)
    name = columns.get("label", "label" if table is not None else "folder")
    listed = Listed(
        str(folder), "labelled", tuple(rows), Scale(name, low, high), lambda path: (folder / path).read_bytes(),
        tuple(faults), (*found.notes, *map(str, found.warnings)),
    )  # fmt: skip
    return _checked(listed)


def _checked(listed: Listed) -> Listed:
    """The rows, after a look at their severities."""
    low, high, values = listed.scale.low, listed.scale.high, [row.value for row in listed.rows]
    if not values:
        advice = "Simulate with images, or choose another --views or --severity."
        raise InputError(str(Fault(listed.source, "no picture with a severity", "at least one", advice)))
    if len(set(values)) == 1:
        given = f"{len(values)} pictures, all of {listed.scale.column} {values[0]:g}"
        advice = "There is nothing to tell apart: add pictures of clear skin, or of other days."
        raise InputError(str(Fault(listed.source, given, "two severities or more", advice)))
    if outside := [value for value in values if not low - 1e-9 <= value <= high + 1e-9]:
        given = f"{outside[0]:g} ({len(outside)} of {len(values)} pictures)"
        raise InputError(str(Fault(listed.scale.column, given, f"{low:g} to {high:g}", "Say --scale low:high.")))
    return listed
