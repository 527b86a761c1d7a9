"""A user's own severities: read, checked, and laid out as (patients, days)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import Fault, InputError
from ..model import Floats, Ints
from .given_grid import ADVICE, Missing, carried, duplicate_faults, gap_faults, interpolated, runs_of
from .given_model import Given, digest_of, order_note, to_schedule, to_trajectories
from .given_table import Table, find_columns, read_table
from .given_values import Dates, Faults, dates_of, days_of, numbers, texts

__all__ = ["Given", "read_severities", "to_schedule", "to_trajectories"]

CONDITION_SCALE = (0.0, 3.0)
"""Severity of the conditions: 0 is clear, 3 the most."""


def read_severities(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    scale: tuple[float, float] = CONDITION_SCALE,
    missing: Missing = "error",
) -> Given:
    """Read a CSV or Parquet table with one row per patient and day.

    Parameters
    ----------
    path : str or Path
        CSV with commas, semicolons or tabs, decimal points or commas, with or without BOM; or Parquet.
    columns : mapping, optional
        Our column -> the file's: patient_id, day, date, treatment, severity, block; ``{"severity": "EASI"}``. The
        others are found by their names, whatever their case. Day or date will do; block may be absent.
    scale : (low, high)
        Of the file's severities; mapped linearly to the condition's 0..3. `Given.recorded` keeps the file's numbers.
    missing : "error", "skip" or "interpolate"
        What to do with empty severities and with days without a row before a patient's last day: refuse, leave out
        (NaN; such days are not drawn), or fill linearly between neighbouring days (the ends are held).

    Raises
    ------
    InputError
        Lists all faults of the file: line, column, value, what is allowed, what to do.
    """
    if missing not in get_args(Missing):
        raise InputError(f"--missing: got {missing!r}; allowed: {', '.join(get_args(Missing))}.")
    if not scale[0] < scale[1] or not np.isfinite(scale).all():
        raise InputError(f"--scale: got {scale}; allowed: two numbers, low < high.")
    table = read_table(path)
    found, wrong = find_columns(table.frame.columns, columns)
    _refuse(wrong, table)
    faults = Faults(table)
    try:
        rows = _rows(table, found, scale, missing, faults)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{table.path}: a column has a type that cannot be read ({error}).") from error
    _gaps(rows, missing, faults)
    _refuse(faults.found, table)
    given = _laid_out(table, found, rows, scale, missing)
    notes = (*table.notes, *rows.notes, *given.notes, order_note(given))
    return replace(given, sha256=digest_of(given), notes=tuple(note for note in notes if note))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The table's rows, column by column, (rows,) each; `first_dates` is (patients,)."""

    patient: Ints  # code into ids, -1 where unknown
    ids: list[str]
    day: Ints  # 0 where unknown
    first_dates: Dates
    severity: Floats
    label: Ints  # code into labels, -1 where empty
    labels: list[str]
    notes: tuple[str, ...]


def _rows(
    table: Table, found: Mapping[str, str], scale: tuple[float, float], missing: Missing, faults: Faults
) -> _Rows:
    names, treatments = table.frame[found["patient_id"]], table.frame[found["treatment"]]
    patient, ids, unnamed = texts(names)
    faults.cells(unnamed, names.name, names, "a patient's name or number")
    day, first_dates, notes = _calendar(table, found, patient, len(ids), faults)
    duplicate_faults(patient, day, ids, faults)
    severity = _severities(table, found["severity"], scale, missing, faults)
    never = sorted(set(range(len(ids))) - set(patient[np.isfinite(severity)].tolist()))
    if never and not faults.found:
        given = f"no severity of patient {', '.join(ids[i] for i in never[:5])}"
        faults.found.append(Fault(f"column {found['severity']!r}", given, "at least one per patient"))
    label, labels, unlabelled = texts(treatments)
    if missing == "error":
        advice = "Write the treatment of every day; untreated days may say Baseline, Washout or None."
        faults.cells(unlabelled, treatments.name, treatments, "a treatment", advice)
    elif not labels:
        faults.found.append(Fault(f"column {treatments.name!r}", "nothing", "a treatment on at least one day"))
    return _Rows(patient, ids, day, first_dates, severity, label, labels, tuple(notes))


def _laid_out(
    table: Table, found: Mapping[str, str], rows: _Rows, scale: tuple[float, float], missing: Missing
) -> Given:
    """The rows as (patients, days)."""
    shape, at = (len(rows.ids), int(rows.day.max())), (rows.patient, rows.day - 1)
    patient_days = np.zeros(shape[0], np.int64)
    np.maximum.at(patient_days, rows.patient, rows.day)
    recorded = np.full(shape, np.nan)
    recorded[at] = rows.severity
    codes = np.full(shape, -1)
    codes[at] = rows.label
    codes = np.maximum(carried(codes, -1), 0)  # a patient without any treatment written down has the first label
    blocks, note = _blocks(table, found.get("block"), at, codes)
    low, high = CONDITION_SCALE
    mapped = np.clip((recorded - scale[0]) * ((high - low) / (scale[1] - scale[0])) + low, low, high) + 0.0  # no -0.0
    if missing == "interpolate":
        padding = np.arange(shape[1]) >= patient_days[:, None]
        mapped = np.where(padding, np.nan, interpolated(mapped))
    dated = rows.first_dates[~np.isnat(rows.first_dates)]
    return Given(
        patient_ids=tuple(rows.ids),
        patient_days=patient_days,
        first_date=dated.min().astype(object) if dated.size else None,
        first_dates=rows.first_dates,
        severity=mapped,
        recorded=recorded + 0.0,
        labels=tuple(rows.labels),
        label=codes.astype(np.int16),
        block=blocks,
        scale=(float(scale[0]), float(scale[1])),
        missing=missing,
        sha256="",
        notes=(note,),
    )


def _refuse(faults: list[Fault], table: Table) -> None:
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise InputError(f"{table.path} has {len(faults)} fault{'s' if len(faults) > 1 else ''}:\n{lines}")


def _calendar(
    table: Table, found: Mapping[str, str], patient: Ints, patients: int, faults: Faults
) -> tuple[Ints, Dates, list[str]]:
    """(rows,) study days; (patients,) date of day 1; notes. Days come from the dates where there is no day column."""
    no_date = np.datetime64("NaT", "D")
    notes, dates, day = [], np.full(patient.size, no_date), None
    if "day" in found:
        day, note = days_of(table.frame[found["day"]], faults)
        notes.append(note)
    if "date" in found:
        dates, note = dates_of(table.frame[found["date"]], patient, day, faults)
        notes.append(note)
    since = (dates - np.datetime64("1970-01-01", "D")).astype(np.int64)
    dated = ~np.isnat(dates) & (patient >= 0)
    if day is not None:
        dated &= day > 0
        start = since - day + 1
    else:
        start, day = since, np.zeros(patient.size, np.int64)
    earliest = np.full(patients, np.iinfo(np.int64).max)
    np.minimum.at(earliest, patient[dated], start[dated])
    if "day" in found:
        series = table.frame[found["date"]] if "date" in found else table.frame[found["day"]]
        wrong = dated.copy()
        wrong[dated] = start[dated] != earliest[patient[dated]]
        faults.cells(wrong, series.name, series, "the date that goes with the day", "Each day is one date later.")
    else:
        day[dated] = since[dated] - earliest[patient[dated]] + 1
    known = earliest < np.iinfo(np.int64).max
    first = np.full(patients, no_date)
    first[known] = np.datetime64("1970-01-01", "D") + earliest[known]
    if np.unique(first[known]).size > 1:
        notes.append(f"Patients start on different dates, {first[known].min()} to {first[known].max()}.")
    return day, first, notes


def _severities(table: Table, name: str, scale: tuple[float, float], missing: Missing, faults: Faults) -> Floats:
    column, (low, high) = table.frame[name], scale
    values, empty = numbers(column, faults)
    if missing == "error":
        faults.cells(empty, name, column, "a number", ADVICE)
    outside = np.isfinite(values) & ((values < low) | (values > high))
    advice = "Name the scale of the column with --scale low:high."
    faults.cells(outside, name, column, f"{low:g} to {high:g}", advice)
    return values


def _gaps(rows: _Rows, missing: Missing, faults: Faults) -> None:
    """Days without a row, as far as patients and days are known."""
    known = (rows.patient >= 0) & (rows.day > 0)
    if missing != "error" or not known.any():
        return
    there = np.zeros((len(rows.ids), int(rows.day.max())), bool)
    there[rows.patient[known], rows.day[known] - 1] = True
    last = np.where(there.any(axis=1), there.shape[1] - there[:, ::-1].argmax(axis=1), 0)
    gap_faults(there, last, rows.ids, faults)


def _blocks(
    table: Table, name: str | None, at: tuple[Ints, Ints], codes: NDArray[np.int64]
) -> tuple[NDArray[np.int16], str]:
    """The file's block numbers where they are whole, positive and never fall; else the runs of equal treatment."""
    if name is not None:
        values, _ = numbers(table.frame[name], Faults(table))
        if (
            np.isfinite(values).all()
            and (values == np.floor(values)).all()
            and 1 <= values.min() <= values.max() < 2**15
        ):
            blocks = np.zeros(codes.shape, np.int64)
            blocks[at] = values
            blocks = carried(blocks, 0)
            if (np.diff(blocks, axis=1) >= 0).all():
                return blocks.astype(np.int16), ""
        note = f"Column {name!r} does not number the periods 1, 2, 3 ...: blocks are the runs of equal treatment."
        return runs_of(codes), note
    return runs_of(codes), ""
