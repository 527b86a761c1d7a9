"""Rows of a table laid out as (patients, days), and what to do where there is none."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import Fault
from ..model import Bools, Floats, Ints
from .given_values import SHOWN, Faults

Missing = Literal["error", "skip", "interpolate"]
ADVICE = "Or say --missing skip (the day is not drawn) or --missing interpolate."


def duplicate_faults(patient: Ints, day: Ints, ids: list[str], faults: Faults) -> None:
    """A fault for each row whose patient and day stood on an earlier row; rows without either are left out."""
    rows = np.flatnonzero((patient >= 0) & (day > 0))
    order = rows[np.lexsort((rows, day[rows], patient[rows]))]
    same = (np.diff(patient[order]) == 0) & (np.diff(day[order]) == 0)
    again = np.flatnonzero(same) + 1
    for i in again[:SHOWN].tolist():
        first, row = int(order[i - 1]), int(order[i])
        where = f"{faults.line(row)}, patient {ids[int(patient[row])]}, day {int(day[row])}"
        advice = f"It stands on {faults.line(first)} already. Days count through the study, not within a period."
        faults.found.append(Fault(where, "a second row", "one row per patient and day", advice))
    faults.more(again.size, "patient and day", "one row per patient and day")


def gap_faults(there: Bools, patient_days: Ints, ids: list[str], faults: Faults) -> None:
    """A fault for each run of days without a row before a patient's last day. `there` is (patients, days)."""
    runs = 0
    for rank in np.flatnonzero(there.sum(axis=1) < patient_days).tolist():
        absent = np.flatnonzero(~there[rank, : patient_days[rank]]) + 1
        for run in np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1):
            runs += 1
            if runs <= SHOWN:
                days = f"day {run[0]}" if run.size == 1 else f"days {run[0]} to {run[-1]}"
                faults.found.append(Fault(f"patient {ids[rank]}, {days}", "no row", "one row for every day", ADVICE))
    faults.more(runs, "gaps", "one row for every day")


def interpolated(values: Floats) -> Floats:
    """Each row with its NaN filled linearly between neighbours, the ends held; rows of nothing but NaN stay."""
    filled, day = values.copy(), np.arange(values.shape[1])
    for rank in np.flatnonzero(np.isnan(values).any(axis=1)).tolist():
        known = np.isfinite(values[rank])
        if known.any():
            filled[rank] = np.interp(day, day[known], values[rank, known])
    return filled


def carried(codes: NDArray[np.int64], empty: int) -> NDArray[np.int64]:
    """Each row with `empty` replaced by the last code before it, or, at the beginning, the first code after it."""
    known = codes != empty
    day = np.arange(codes.shape[1])
    last = np.maximum.accumulate(np.where(known, day, -1), axis=1)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    return np.take_along_axis(codes, np.where(last < 0, first[:, None], last), axis=1)


def runs_of(codes: NDArray[np.int64]) -> NDArray[np.int16]:
    """1-based number of the run of equal codes that each day belongs to; (patients, days)."""
    change = np.diff(codes, axis=1) != 0
    return (1 + np.hstack([np.zeros((len(codes), 1), int), change.cumsum(axis=1)])).astype(np.int16)
