"""A trial as it was recorded: who, when, which treatment, which score, which photograph. Never the truth."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..dataset.layout import MANIFEST
from ..dataset.packs import opened
from ..dataset.reader import IMAGE_COLUMN, Dataset
from ..dataset.target import Target
from ..errors import AnalysisError, Fault, did_you_mean
from .course import Contrast, Course, Floats

NAMES: dict[str, tuple[str, ...]] = {
    "patient_id": ("patient_id", "patient", "subject", "participant", "id", "USUBJID"),
    "day": ("day", "study_day"),
    "date": ("date", "timestamp", "Timestamp"),
    "treatment": ("treatment", "intervention", "arm", "condition"),
    "block": ("block", "period", "phase"),
    "occasion": ("occasion",),
    "image": ("image", "image_front", "file", "file_name", "path"),
    "score": ("AcneSeverity", "score", "severity"),
}
"""Our columns and what they may be called, the likeliest first; `columns` of `read_study` says otherwise."""
NEEDED = ("patient_id", "treatment")
TABLES = ("observations.csv", "metadata.csv")
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", ".")
"""What tables write where there is no value."""


@dataclass(frozen=True, slots=True)
class Study:
    """What a study recorded.

    name : of the folder or file.  rows : a row a photograph or rating, sorted by patient (as they first come), day and
    occasion: patient_id, day, occasion, period, treatment, score (null where missing), image (null where there is
    none).  baseline : the label that stands before all others and never again, or "".  read : image name -> bytes.
    scored : the name of the score's column, or "".  left_out : rows without a patient, a day or a treatment.
    """

    name: str
    rows: pl.DataFrame
    baseline: str
    read: Callable[[str], bytes]
    scored: str = ""
    left_out: int = 0

    @property
    def patient_ids(self) -> list[str]:
        """Names of the patients, in order."""
        return self.rows["patient_id"].unique(maintain_order=True).to_list()

    @property
    def labels(self) -> list[str]:
        """The treatments' labels, sorted; the baseline's is not among them."""
        return sorted(set(self.rows["treatment"]) - {self.baseline})

    @property
    def photographed(self) -> pl.DataFrame:
        """The rows that have a photograph."""
        return self.rows.filter(pl.col("image").is_not_null())

    def contrast(self, text: str | None = None) -> Contrast:
        """`"Cream - Antibiotics"` as a contrast; by default the second label minus the first, by the alphabet, or the
        only one minus the baseline.

        Raises
        ------
        AnalysisError
            A label that nobody received, a text that fits two pairs of labels, or a study with one treatment and
            nothing to compare it with.
        """
        if text is None:
            labels = [*([self.baseline] if len(self.labels) == 1 and self.baseline else []), *self.labels]
            if len(labels) < 2:
                advice = "A contrast needs days with and without the treatment, or two treatments."
                raise AnalysisError(str(Fault("treatment", labels, "at least two labels", advice)))
            return Contrast(labels[1], labels[0])
        known = sorted(set(self.rows["treatment"]))
        both = [(a, b) for a in known for b in known if a != b]
        spelled = text.replace(" - ", "-").strip()  # labels may have a minus inside
        pairs = [(a, b) for a, b in both if f"{a}-{b}".replace(" - ", "-") == spelled]
        if len(pairs) != 1:
            advice = "It can be read in two ways: rename a label." if pairs else ""
            raise AnalysisError(str(Fault("--contrast", text, f"LABEL - LABEL of {', '.join(known)}", advice)))
        return Contrast(*pairs[0])

    def before(self, rows: pl.DataFrame) -> NDArray[np.bool_]:
        """Whether each of some rows lies before its patient's first day under a treatment, (n,)."""
        first = self.rows.filter(pl.col("treatment") != self.baseline).group_by("patient_id").agg(pl.col("day").min())
        joined = rows.join(first.rename({"day": "first"}), on="patient_id", how="left", maintain_order="left")
        return (joined["day"] < joined["first"].fill_null(np.iinfo(np.int64).max)).to_numpy()

    def courses(self, rows: pl.DataFrame, values: Floats) -> list[Course]:
        """A course per patient from one value per row (NaN is missing); values of one day are averaged, so that raters
        and repeated photographs do not count as days. A patient without any value has an empty course."""
        frame = rows.with_columns(pl.Series("value", values, dtype=pl.Float64)).filter(pl.col("value").is_finite())
        daily = frame.group_by("patient_id", "day", maintain_order=True).agg(
            pl.col("value").mean(), pl.col("treatment").first(), pl.col("period").first()
        )
        found = {str(key[0]): part.sort("day") for key, part in daily.group_by("patient_id")}
        return [_course(patient, found.get(patient, daily.clear())) for patient in self.patient_ids]


def _course(patient_id: str, days: pl.DataFrame) -> Course:
    return Course(
        patient_id,
        days["day"].to_numpy().astype(np.int64),
        days["value"].to_numpy().astype(float),
        np.array(days["treatment"].to_list(), dtype=np.str_),
        days["period"].to_numpy().astype(np.int64),
    )


def read_study(
    source: str | os.PathLike[str],
    *,
    table: str | os.PathLike[str] | None = None,
    images: str | os.PathLike[str] | None = None,
    columns: Mapping[str, str] | None = None,
    view: str = "front",
    score: str | None = None,
) -> Study:
    """Read a dataset that nof1sim wrote, a folder of photographs with a table, or a table of scores alone.

    Parameters
    ----------
    source : a dataset's folder or URL; any folder with a table in it; a CSV or Parquet file.
    table : the table, where it is not in the folder as observations.csv or metadata.csv.
    images : the folder that image names are relative to; default: the source, or the folder that its file lies in.
    columns : our name -> the table's, for patient_id, day or date, treatment, block, occasion, image.
    view : which photograph of a nof1sim dataset.
    score : column of a recorded score; default: AcneSeverity, score or severity, where there is one.

    Raises
    ------
    AnalysisError
        No table, an unknown or missing column, days, dates or scores that are none, two treatments on one day, no rows.
    """
    target = opened(source)
    if Path(os.fspath(source)).suffix.lower() in (".csv", ".parquet", ".pq"):
        if table is not None:
            raise AnalysisError(str(Fault("--table", str(table), "nothing, where the source is a table itself")))
        table, target = source, Target(Path(os.fspath(source)).parent)
    elif table is None and target.exists(MANIFEST):
        frame = Dataset(source).observations()
        image = f"{IMAGE_COLUMN}{view}"
        if image not in frame.columns and any(name.startswith(IMAGE_COLUMN) for name in frame.columns):
            raise _unknown("--view", image, frame.columns)
        mapping = {"image": image} if image in frame.columns else {}
        return study_of(str(source), frame, target.read, mapping | dict(columns or {}), score)
    frame = _frame(target, table)
    home = target if images is None else opened(images)
    return study_of(str(source), frame, home.read, dict(columns or {}), score)


def _frame(target: Target, table: str | os.PathLike[str] | None) -> pl.DataFrame:
    """The table of a folder, or a table given by itself."""
    if table is None:
        found = [name for name in TABLES if target.exists(name)]
        if not found:
            advice = "Name the table: --table FILE.csv."
            raise AnalysisError(str(Fault(target.url, "no table", " or ".join(TABLES), advice)))
        data, name = target.read(found[0]), found[0]
    else:
        path = Path(os.fspath(table))
        try:
            data, name = path.read_bytes(), path.name
        except OSError as error:
            raise AnalysisError(str(Fault("table", str(path), "a CSV or Parquet file", f"{error.strerror}."))) from None
    try:
        if name.lower().endswith((".parquet", ".pq")):
            return pl.read_parquet(data)
        return pl.read_csv(data, infer_schema=False)  # as written: a patient 007 is not a 7
    except pl.exceptions.PolarsError as error:
        fault = Fault("table", name, "comma-separated text with a header, or Parquet", f"{error}.")
        raise AnalysisError(str(fault)) from error


def _unknown(where: str, name: str, known: list[str]) -> AnalysisError:
    return AnalysisError(str(Fault(where, name, ", ".join(known), did_you_mean(name, known))))


def study_of(
    name: str,
    frame: pl.DataFrame,
    read: Callable[[str], bytes],
    columns: Mapping[str, str] | None = None,
    score: str | None = None,
) -> Study:
    """A table as a study; `read` gives the bytes of a photograph that it names. The errors of `read_study`."""
    columns = dict(columns or {}) | ({} if score is None else {"score": score})
    for ours, theirs in columns.items():
        if ours not in NAMES:
            raise _unknown("--columns", ours, list(NAMES))
        if theirs not in frame.columns:
            raise _unknown(f"--columns {ours}", theirs, frame.columns)
    taken = {ours: next((n for n in (columns.get(ours), *known) if n in frame.columns), None)
             for ours, known in NAMES.items()}  # fmt: skip
    for ours in NEEDED:
        if taken[ours] is None:
            raise AnalysisError(
                str(Fault("table", frame.columns, f"a column {ours}", f"Map it: --columns {ours}=NAME."))
            )
    if taken["day"] is None and taken["date"] is None:
        raise AnalysisError(str(Fault("table", frame.columns, "a column day or date", "Map it: --columns day=NAME.")))
    if frame.is_empty():
        raise AnalysisError(str(Fault("table", "no rows", "a row a day")))
    rows = frame.select(
        _text(taken["patient_id"]).alias("patient_id"),
        _days(frame, taken).alias("day"),
        _text(taken["treatment"]).alias("treatment"),
        _whole(taken["block"]).alias("period"),
        _whole(taken["occasion"]).fill_null(1).alias("occasion"),
        (_numbers(frame, taken["score"]) if taken["score"] else pl.lit(None, pl.Float64)).alias("score"),
        _text(taken["image"]).alias("image"),
    ).drop_nulls(["patient_id", "day", "treatment"])
    if rows.is_empty():
        raise AnalysisError(str(Fault("table", "no rows with patient, day and treatment", "a row a day")))
    order = {patient: i for i, patient in enumerate(rows["patient_id"].unique(maintain_order=True))}
    rows = rows.sort(pl.col("patient_id").replace_strict(order, return_dtype=pl.Int64), "day", "occasion")
    _refuse_two_treatments(rows)
    if rows["period"].null_count():
        rows = rows.with_columns(_runs(rows))
    return Study(name, rows, _baseline(rows), read, taken["score"] or "", frame.height - rows.height)


def _text(name: str | None) -> pl.Expr:
    text = pl.lit(None, pl.String) if name is None else pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text.is_in(MISSING)).then(None).otherwise(text).alias(name or "")


def _whole(name: str | None) -> pl.Expr:
    return _text(name).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)


def _numbers(frame: pl.DataFrame, name: str, allowed: str = "numbers") -> pl.Series:
    """A column as finite numbers, null where there is none; an AnalysisError for other text: 3,5 is not missing."""
    text = frame.select(_text(name))[name] if frame[name].dtype == pl.String else frame[name]
    numbers = text.cast(pl.Float64, strict=False)
    _refuse_cells(name, text, numbers.is_null(), allowed)
    return pl.select(pl.when(numbers.is_finite()).then(numbers).alias(name))[name]


def _refuse_cells(name: str, cells: pl.Series, lost: pl.Series, allowed: str) -> None:
    bad = cells.filter(lost & cells.is_not_null())
    if not bad.is_empty():
        advice = f"{bad.len()} such cells. Leave a cell without a value empty."
        raise AnalysisError(str(Fault(f"table, column {name}", bad[0], allowed, advice)))


def _days(frame: pl.DataFrame, taken: Mapping[str, str | None]) -> pl.Series:
    """Days of the study, from 1; from dates they count from each patient's first."""
    if taken["day"] is not None:
        number = _numbers(frame, taken["day"], "whole numbers")
        _refuse_cells(taken["day"], number, number != number.floor(), "whole numbers")
        return number.cast(pl.Int64)
    name = taken["date"] or ""
    text = frame.select(_text(name))[name]
    # ISO 8601 only: 01/02/2024 is January or February, depending on who wrote it.
    date = text.str.extract(r"^(\d{4}-\d{1,2}-\d{1,2})(\D|$)").str.to_date("%Y-%m-%d", strict=False)
    _refuse_cells(name, text, date.is_null(), "dates, YYYY-MM-DD, or map a column of days: --columns day=NAME")
    since = pl.col("date") - pl.col("date").min().over("patient")
    days = pl.DataFrame({"date": date, "patient": frame[taken["patient_id"] or ""]})
    return days.select(since.dt.total_days() + 1).to_series()


def _refuse_two_treatments(rows: pl.DataFrame) -> None:
    mixed = rows.group_by("patient_id", "day", maintain_order=True).agg(pl.col("treatment").unique())
    mixed = mixed.filter(pl.col("treatment").list.len() > 1)
    if not mixed.is_empty():
        patient, day, labels = mixed.row(0)
        advice = f"{mixed.height} such days. Give each day the label that was assigned."
        raise AnalysisError(str(Fault(f"patient {patient}, day {day}", sorted(labels), "one treatment a day", advice)))


def _runs(rows: pl.DataFrame) -> pl.Series:
    """Runs of one treatment, counted from 1 within each patient."""
    same = (rows["patient_id"] == rows["patient_id"].shift(1)) & (rows["treatment"] == rows["treatment"].shift(1))
    change = (~same.fill_null(False)).cast(pl.Int64)
    return rows.select(change.alias("change"), "patient_id").select(
        pl.col("change").cum_sum().over("patient_id").alias("period")
    )["period"]


def _baseline(rows: pl.DataFrame) -> str:
    """The label that every patient has first and only before all others; "" if there is none, or nothing follows."""
    first = rows.group_by("patient_id", maintain_order=True).agg(pl.col("treatment").first())["treatment"].unique()
    label = str(first[0])
    if len(first) != 1 or rows["treatment"].n_unique() < 2:
        return ""
    last = rows.filter(pl.col("treatment") == label).group_by("patient_id").agg(pl.col("day").max().alias("last"))
    begun = rows.filter(pl.col("treatment") != label).group_by("patient_id").agg(pl.col("day").min().alias("begun"))
    both = last.join(begun, on="patient_id")
    return "" if (both["last"] > both["begun"]).any() else label
