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


@dataclass(frozen=True, slots=True)
class Study:
    """What a study recorded.

    name : of the folder or file.  rows : a row a photograph or rating, sorted by patient (as they first come), day and
    occasion: patient_id, day, occasion, period, treatment, score (null where missing), image (null where there is
    none).  baseline : the label that stands before all others and never again, or "".  read : image name -> bytes.
    scored : the name of the score's column, or "".
    """

    name: str
    rows: pl.DataFrame
    baseline: str
    read: Callable[[str], bytes]
    scored: str = ""

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
            A label that nobody received, or a study with one treatment and nothing to compare it with.
        """
        if text is None:
            labels = [*([self.baseline] if len(self.labels) == 1 and self.baseline else []), *self.labels]
            if len(labels) < 2:
                advice = "A contrast needs days with and without the treatment, or two treatments."
                raise AnalysisError(str(Fault("treatment", labels, "at least two labels", advice)))
            return Contrast(labels[1], labels[0])
        known = sorted(set(self.rows["treatment"]))
        pairs = [(a, b) for a in known for b in known if f"{a}-{b}" == text.replace(" - ", "-").strip() and a != b]
        if not pairs:
            raise AnalysisError(str(Fault("--contrast", text, f"LABEL - LABEL of {', '.join(known)}")))
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
    images : the folder that image names are relative to; default: the table's.
    columns : our name -> the table's, for patient_id, day or date, treatment, block, occasion, image.
    view : which photograph of a nof1sim dataset.
    score : column of a recorded score; default: AcneSeverity, score or severity, where there is one.

    Raises
    ------
    AnalysisError
        No table, an unknown or missing column, two treatments on one day, no rows.
    """
    target = Target(source)
    if Path(os.fspath(source)).suffix.lower() in (".csv", ".parquet", ".pq"):
        table, target = source, Target(Path(os.fspath(source)).parent)
    elif table is None and target.exists(MANIFEST):
        frame = Dataset(source).observations()
        image = f"{IMAGE_COLUMN}{view}"
        if image not in frame.columns and any(name.startswith(IMAGE_COLUMN) for name in frame.columns):
            raise _unknown("--view", image, frame.columns)
        mapping = {"image": image} if image in frame.columns else {}
        return study_of(str(source), frame, target.read, mapping | dict(columns or {}), score)
    frame = _frame(target, table)
    home = Target(images) if images is not None else target if table is None else Target(Path(os.fspath(table)).parent)
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
        return pl.read_csv(data, infer_schema_length=None, try_parse_dates=True)
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
                str(Fault("table", frame.columns, f"a column {ours}", f"Map it: --columns {ours}=NAME"))
            )
    if taken["day"] is None and taken["date"] is None:
        raise AnalysisError(str(Fault("table", frame.columns, "a column day or date", "Map it: --columns day=NAME.")))
    if frame.is_empty():
        raise AnalysisError(str(Fault("table", "no rows", "a row a day")))
    rows = frame.select(
        pl.col(taken["patient_id"] or "").cast(pl.String).alias("patient_id"),
        _days(frame, taken).alias("day"),
        pl.col(taken["treatment"] or "").cast(pl.String).str.strip_chars().alias("treatment"),
        _column(taken["block"], pl.Int64).alias("period"),
        _column(taken["occasion"], pl.Int64).fill_null(1).alias("occasion"),
        _column(taken["score"], pl.Float64).fill_nan(None).alias("score"),
        _column(taken["image"], pl.String).alias("image"),
    ).filter(pl.col("patient_id").is_not_null() & pl.col("day").is_not_null() & pl.col("treatment").is_not_null())
    order = {patient: i for i, patient in enumerate(rows["patient_id"].unique(maintain_order=True))}
    rows = rows.sort(pl.col("patient_id").replace_strict(order, return_dtype=pl.Int64), "day", "occasion")
    _refuse_two_treatments(rows)
    if rows["period"].null_count():
        rows = rows.with_columns(_runs(rows))
    return Study(name, rows, _baseline(rows), read, taken["score"] or "")


def _column(name: str | None, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    return pl.lit(None, dtype) if name is None else pl.col(name).cast(dtype, strict=False)


def _days(frame: pl.DataFrame, taken: Mapping[str, str | None]) -> pl.Expr:
    """Days of the study, from 1; from dates they count from each patient's first."""
    if taken["day"] is not None:
        return pl.col(taken["day"]).cast(pl.Int64, strict=False)
    name = taken["date"] or ""
    date = pl.col(name).cast(pl.Date, strict=False)
    if frame[name].dtype == pl.String:
        date = pl.col(name).str.to_datetime(strict=False).cast(pl.Date)
    if frame.select(date.is_null().all()).item():
        advice = "Write YYYY-MM-DD, or give a column of days: --columns day=NAME."
        raise AnalysisError(str(Fault(f"table, column {name}", frame[name][0], "dates", advice)))
    return (date - date.min().over(taken["patient_id"] or "")).dt.total_days() + 1


def _refuse_two_treatments(rows: pl.DataFrame) -> None:
    mixed = rows.group_by("patient_id", "day", maintain_order=True).agg(pl.col("treatment").unique())
    mixed = mixed.filter(pl.col("treatment").list.len() > 1)
    if not mixed.is_empty():
        patient, day, labels = mixed.row(0)
        fault = Fault(f"patient {patient}, day {day}", sorted(labels), "one treatment a day")
        raise AnalysisError(f"{fault} {mixed.height} such days.")


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
