"""Every table by itself: its columns, their types and order, what may be empty, and that nothing stands there twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from ..columns import TABLES, Table
from ..layout import TRUTH
from .findings import Log
from .subject import Subject, files_of

MEND = "Simulate anew, or copy the file again."
KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "observations": (("patient_id", "day", "occasion"),),
    "patients": (("patient_id",), ("key",)),
    "days": (("patient_id", "day"),),
    "images": (("image",), ("patient_id", "day", "occasion", "view")),
    "lesions": (("patient_id", "lesion_id"),),
    "lesion_days": (("patient_id", "day", "lesion_id"),),
    "boxes": (("image", "lesion_id"), ("patient_id", "day", "occasion", "view", "lesion_id")),
    "keypoints": (("image", "name"), ("patient_id", "day", "occasion", "view", "name")),
}
"""What identifies a row: no two rows have it in common."""

BIG = ("lesion_days", "boxes", "keypoints")
"""Tables with a row a lesion and day, or more: read some pictures at a time."""
PICTURES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Portion:
    """Some days of some patients, whose rows of the big tables are held together."""

    patients: tuple[str, ...]
    first_day: int
    last_day: int

    def of(self, rows: pl.LazyFrame) -> pl.DataFrame:
        """The rows of a table that belong to it."""
        here = pl.col("patient_id").is_in(self.patients)
        return rows.filter(here & pl.col("day").is_between(self.first_day, self.last_day)).collect()


def names(subject: Subject) -> list[str]:
    """The tables that this dataset should have: without truth/, the observations alone."""
    found = [name for name, table in TABLES.items() if subject.truth or not table.path.startswith(f"{TRUTH}/")]
    older = "images" in subject.truth  # version 0.1 kept the nuisance of every picture in the manifest
    return [name for name in found if not (older and name == "images")]


def expected(subject: Subject) -> list[str]:
    """Of these, the ones that are there."""
    return [name for name in names(subject) if files_of(name, subject.there)]


def schemas(subject: Subject, log: Log) -> int:
    """Columns known, of the right type, in order, none missing; nothing empty that may not be; no NaN."""
    rows = 0
    for name in names(subject):
        table = TABLES[name]
        if not files_of(name, subject.there):
            if files_of(name, subject.listed) or name == "observations":
                continue  # the files' check says so
            log.error(table.path, "the table is missing, and no manifest lists it.", MEND)
            continue
        plan = subject.scan(name)
        kinds = dict(plan.collect_schema())
        wrong = list(_wrong_columns(table, kinds))
        for what in wrong:
            log.error(table.path, what, MEND)
        rows += plan.select(pl.len()).collect().item()
        if not wrong:
            _values(table, plan, log)
    return rows


def _wrong_columns(table: Table, kinds: dict[str, pl.DataType]) -> Iterator[str]:
    columns = {name: table.column(name) for name in kinds}
    for name, column in columns.items():
        if column is None:
            yield f"the column {name!r} is unknown."
        elif kinds[name] != column.dtype:
            yield f"the column {name!r} is of type {kinds[name]}, not {column.dtype}."
    for column in table.columns:
        if column.required and column.name not in kinds:
            yield f"the column {column.name!r} is missing."
    given = [name for name in kinds if columns[name] is not None]
    if sorted(given, key=table.rank(given)) != given:
        yield "its columns are in another order than the format's."


def _values(table: Table, plan: pl.LazyFrame, log: Log) -> None:
    empty = plan.select(pl.all().null_count()).collect(engine="streaming").row(0, named=True)
    for name, count in empty.items():
        column = table.column(name)
        if count and column is not None and not column.nullable:
            log.error(table.path, f"the column {name!r} is empty in {count} rows, and may never be.", MEND)
    odd = plan.select((~cs.float().is_finite()).sum()).collect(engine="streaming")
    for name, count in odd.row(0, named=True).items() if odd.width else ():
        if count:
            log.error(table.path, f"the column {name!r} holds NaN or infinity in {count} rows.", MEND)


def portions(subject: Subject) -> Iterator[Portion]:
    """The days of all patients that the observations name, so many together that memory stays small."""
    last = subject.frame("observations").group_by("patient_id", maintain_order=True).agg(pl.col("day").max(), pl.len())
    views, waiting, pictures = max(1, len(subject.views)), [], 0
    for patient_id, day, rows in last.iter_rows():
        if rows * views > PICTURES_AT_ONCE:
            step = max(1, PICTURES_AT_ONCE * day // (rows * views))
            yield from (Portion((patient_id,), first, first + step - 1) for first in range(1, day + 1, step))
            continue
        if pictures + rows * views > PICTURES_AT_ONCE and waiting:
            yield Portion(tuple(waiting), 1, 1 << 62)
            waiting, pictures = [], 0
        waiting.append(patient_id)
        pictures += rows * views
    if waiting:
        yield Portion(tuple(waiting), 1, 1 << 62)


def ids(subject: Subject, log: Log) -> int:
    """No row stands there twice; every row of a big table belongs to a patient and day of the study."""
    looked = 0
    for name in expected(subject):
        plan, path = subject.scan(name), TABLES[name].path
        needed = {"patient_id", "day", *(column for key in KEYS[name] for column in key)}
        plan = plan.select(column for column in plan.collect_schema() if column in needed)
        parts = (part.of(plan) for part in portions(subject)) if name in BIG else (plan.collect(),)
        seen = 0
        for frame in parts:
            seen += frame.height
            for key in KEYS[name]:
                _twice(frame, key, path, log)
        total = plan.select(pl.len()).collect().item()
        if seen != total:
            log.error(path, f"{total - seen} rows are of patients or days that the observations lack.", MEND)
        looked += total
    return looked


def _twice(frame: pl.DataFrame, key: tuple[str, ...], path: str, log: Log) -> None:
    columns = [name for name in key if name in frame.columns]
    if len(columns) < len(key) or not frame.height:
        return
    for row in frame.group_by(columns).len().filter(pl.col("len") > 1).sort(columns).head(5).iter_rows():
        who = ", ".join(f"{name} {value}" for name, value in zip(columns, row, strict=False))
        log.error(path, f"{row[-1]} rows have {who}.", MEND)
