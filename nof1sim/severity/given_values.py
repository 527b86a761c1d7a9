"""The columns of a table of severities as numbers, days and labels; every value that is none becomes a fault."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import Fault
from ..model import Bools, Floats, Ints
from .given_table import Table

NO_TEXT = ("na", "n/a", "nan", "null")
NO_NUMBER = (*NO_TEXT, "none", ".", "-", "missing")
"""Words, in lower case, of an empty cell; a treatment may well be called 'None'."""
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%d.%m.%y")
SLASHED = ("%d/%m/%Y", "%m/%d/%Y")
"""The two that the same text may follow."""
SHOWN = 25
"""Of each kind of fault at most so many are listed, then their number."""
MOST_DAYS = 36_500

Dates = NDArray[np.datetime64]


@dataclass(slots=True)
class Faults:
    """Collects what is wrong with the cells of a table, with the line each stands on."""

    table: Table
    found: list[Fault] = field(default_factory=list)
    _lines: list[int] | None = None

    def line(self, row: int) -> str:
        """`line 5`, for row 3 of the frame."""
        if self._lines is None:
            self._lines = self.table.lines()
        if len(self._lines) != self.table.frame.height:  # quoting that the two parsers understand differently
            return f"record {row + 1}"
        return f"{self.table.unit} {self._lines[row]}"

    def cells(self, wrong: Bools, column: str, given: pl.Series, allowed: str, advice: str = "") -> None:
        """One fault per row where `wrong` (rows,) is true."""
        rows = np.flatnonzero(wrong)
        for row in rows[:SHOWN].tolist():
            self.found.append(Fault(f"{self.line(row)}, column {column!r}", given[row], allowed, advice))
        self.more(rows.size, f"column {column!r}", allowed)

    def more(self, number: int, where: str, allowed: str) -> None:
        """Says how many faults of a kind were not listed."""
        if number > SHOWN:
            self.found.append(Fault(where, f"{number - SHOWN} more such faults", allowed))


def missing(column: pl.Series, words: tuple[str, ...] = NO_NUMBER) -> Bools:
    """(rows,) where a cell is empty or says that nothing is there."""
    if column.dtype.is_numeric():
        return (column.is_null() | column.cast(pl.Float64).is_nan().fill_null(True)).to_numpy()
    if column.dtype != pl.String:
        return column.is_null().to_numpy()
    return (column.is_null() | column.str.to_lowercase().is_in(words).fill_null(True)).to_numpy()


def numbers(column: pl.Series, faults: Faults, allowed: str = "a number") -> tuple[Floats, Bools]:
    """(rows,) the numbers, NaN where missing or wrong; and where they are missing. A decimal comma is understood."""
    empty = missing(column)
    if column.dtype.is_numeric():
        values = column.cast(pl.Float64)
    else:
        text = column.cast(pl.String, strict=False).str.strip_chars()
        values = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    array = values.fill_null(np.nan).to_numpy().copy()
    wrong = ~np.isfinite(array) & ~empty
    advice = "" if column.dtype.is_numeric() else "Write plain numbers, with a decimal point or comma."
    faults.cells(wrong, column.name, column, allowed, advice)
    array[wrong | empty] = np.nan
    return array, empty


def texts(column: pl.Series) -> tuple[NDArray[np.int64], list[str], Bools]:
    """(rows,) codes by order of first appearance, the texts, and where nothing is said (code -1)."""
    empty = missing(column, NO_TEXT)
    if column.dtype.is_float() and bool((column.drop_nulls().drop_nans() % 1 == 0).all()):
        column = column.fill_nan(None).cast(pl.Int64)
    column = column.cast(pl.String).str.strip_chars()
    known = column.filter(pl.Series(~empty)).unique(maintain_order=True)
    codes = column.replace_strict(known, np.arange(len(known)), default=-1, return_dtype=pl.Int64)
    array = codes.fill_null(-1).to_numpy().copy()
    array[empty] = -1
    return array, known.to_list(), empty


def days_of(column: pl.Series, faults: Faults) -> tuple[Ints, str]:
    """(rows,) study days from 1, 0 where wrong; and a note. Days that count from 0 are moved by one."""
    allowed = f"a whole day number from 1 to {MOST_DAYS}"
    values, empty = numbers(column, faults, allowed)
    faults.cells(empty, column.name, column, allowed)
    known = np.isfinite(values)
    wrong = known & ((values != np.floor(values)) | (values < 0) | (values > MOST_DAYS))
    faults.cells(wrong, column.name, column, allowed)
    known &= ~wrong
    days = np.where(known, values, 0).astype(np.int64)
    if known.any() and days[known].min() == 0:
        return np.where(known, days + 1, 0), f"Days count from 0 in column {column.name!r}: 1 was added."
    return days, ""


def dates_of(column: pl.Series, patient: Ints, day: Ints | None, faults: Faults) -> tuple[Dates, str]:
    """(rows,) datetime64[D], NaT where wrong; and a note on how ambiguous dates were read.

    patient : (rows,) codes, -1 where unknown.  day : (rows,) study days, 0 where unknown, or None if there are none.
    """
    if column.dtype in (pl.Date, pl.Datetime):
        faults.cells(column.is_null().to_numpy(), column.name, column, "a date")
        return column.cast(pl.Date).to_numpy().astype("datetime64[D]"), ""
    text = column.cast(pl.String).str.replace(r"[T ]\d{1,2}:\d{2}.*$", "")
    tried = {shape: text.str.to_date(shape, strict=False) for shape in DATE_FORMATS}
    fits = {shape: parsed.is_not_null().sum() for shape, parsed in tried.items()}
    best = max(fits, key=lambda shape: fits[shape])
    faults.cells(tried[best].is_null().to_numpy(), column.name, column, "a date such as 2018-01-31")
    dates = {shape: parsed.to_numpy().astype("datetime64[D]") for shape, parsed in tried.items()}
    if best in SLASHED and fits[SLASHED[0]] == fits[SLASHED[1]]:
        return _day_or_month_first(column, [dates[shape] for shape in SLASHED], patient, day, faults)
    return dates[best], ""


def _day_or_month_first(
    column: pl.Series, readings: list[Dates], patient: Ints, day: Ints | None, faults: Faults
) -> tuple[Dates, str]:
    """Of day/month/year and month/day/year the one that goes better with the days, then with a short study."""
    day_first, month_first = readings
    differ = np.flatnonzero((day_first != month_first) & ~np.isnat(day_first) & ~np.isnat(month_first))
    if not differ.size:
        return day_first, ""
    one, two = (_oddity(dates, patient, day) for dates in readings)
    if one == two:
        advice = "Day/month/year and month/day/year fit equally well: write all dates as year-month-day."
        where = f"{faults.line(int(differ[0]))}, column {column.name!r}"
        faults.found.append(Fault(where, column[int(differ[0])], "a date such as 2018-01-31", advice))
        return np.full(patient.size, np.datetime64("NaT", "D")), ""
    shape = "day/month/year" if one < two else "month/day/year"
    note = f"Dates in column {column.name!r} were read as {shape}, which fits them better."
    return (day_first if one < two else month_first), note


def _oddity(dates: Dates, patient: Ints, day: Ints | None) -> tuple[int, int, int]:
    """How little a reading fits: rows that contradict their day, days of all patients' spans, steps back in time."""
    against, spans, falls = 0, 0, 0
    known = ~np.isnat(dates) & (patient >= 0)
    since = dates.astype("datetime64[D]").astype(np.int64)
    order = np.flatnonzero(known)[np.argsort(patient[known], kind="stable")]
    if not order.size:
        return 0, 0, 0
    cuts = np.flatnonzero(np.diff(patient[order])) + 1
    for rows in np.split(order, cuts):
        if day is not None:
            starts = np.unique((since[rows] - day[rows])[day[rows] > 0], return_counts=True)[1]
            against += int(starts.sum() - starts.max(initial=0))
        spans += int(np.ptp(since[rows]))
        falls += int((np.diff(since[rows]) < 0).sum())
    return against, spans, falls
