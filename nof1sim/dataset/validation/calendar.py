"""The study's days: the same in what was recorded and in the truth, without holes."""

from __future__ import annotations

import polars as pl

from ..layout import DAYS, OBSERVATIONS
from .findings import Log
from .subject import Skip, Subject
from .tables import MEND

SHARED = ("date", "block", "treatment")
"""Columns that observations.csv and truth/days.csv have in common, beside patient and day."""
ROWS_NAMED = 5


def calendar(subject: Subject, log: Log) -> int:
    """Days from 1 on without a hole, dates that follow each other, blocks that never go back, every occasion there."""
    table = subject.frame("observations")
    if not table.height:
        raise Skip(f"{OBSERVATIONS} has no rows")
    days = table.unique(["patient_id", "day"], keep="first", maintain_order=True)
    before = pl.col("day", "date", "block").shift().over("patient_id").name.suffix("_before")
    steps = days.with_columns(before)
    rules = {
        "day does not follow the day before (or the first is not 1)": pl.col("day")
        != pl.col("day_before").fill_null(0) + 1,
        "date does not follow the date before": (pl.col("date") - pl.col("date_before")).dt.total_days() != 1,
        "block goes back, or leaves one out": ~(pl.col("block") - pl.col("block_before")).is_between(0, 1),
        "first block is not 1": pl.col("block_before").is_null() & (pl.col("block") != 1),
    }
    for what, broken in rules.items():
        name_rows(steps.filter(broken), OBSERVATIONS, f"the {what}", log)
    for column in SHARED:
        other = table.group_by("patient_id", "day", maintain_order=True).agg(pl.col(column).n_unique())
        name_rows(other.filter(pl.col(column) > 1), OBSERVATIONS, f"occasions of the day differ in {column}", log)
    many = table.group_by("patient_id", "day", maintain_order=True).agg(pl.col("occasion").sort())
    most = table["occasion"].max()
    wanted = pl.lit(list(range(1, most + 1)) if isinstance(most, int) and most <= 24 else [])  # at most 24 a day
    name_rows(many.filter(pl.col("occasion") != wanted), OBSERVATIONS, "an occasion is missing, or is none", log)
    order = table.select(pl.col("patient_id").rle_id(), "day", "occasion")
    if not order.equals(order.sort(order.columns)) or order["patient_id"].n_unique() != table["patient_id"].n_unique():
        log.error(OBSERVATIONS, "its rows are not in the order of patients, days and occasions.", MEND)
    return table.height


def truth(subject: Subject, log: Log) -> int:
    """truth/days.csv has the same patients, days, dates, blocks and treatments, and truth/patients.csv these people."""
    seen, days, people = (subject.frame(name) for name in ("observations", "days", "patients"))
    first = seen.filter(pl.col("occasion") == 1).select("patient_id", "day", *SHARED)
    true = days.select("patient_id", "day", *SHARED)
    if not first.equals(true):
        key = ["patient_id", "day"]
        name_rows(first.join(true, on=key, how="anti"), OBSERVATIONS, f"has a row that {DAYS} lacks", log)
        name_rows(true.join(first, on=key, how="anti"), DAYS, f"has a row that {OBSERVATIONS} lacks", log)
        both = first.join(true, on=key, suffix="_true")
        for name in SHARED:
            name_rows(
                both.filter(pl.col(name) != pl.col(f"{name}_true")), DAYS, f"the {name} is not the recorded one", log
            )
        if not log.errors:
            log.error(DAYS, f"its rows are in another order than those of {OBSERVATIONS}.", MEND)
    ids = seen["patient_id"].unique(maintain_order=True)
    if ids.to_list() != people["patient_id"].to_list():
        log.error("truth/patients.csv", f"its patients are not those of {OBSERVATIONS}, in their order.", MEND)
    return days.height


def name_rows(rows: pl.DataFrame, path: str, what: str, log: Log) -> None:
    """Report some rows by patient and day."""
    for patient_id, day in rows.select("patient_id", "day").head(ROWS_NAMED).iter_rows():
        log.error(path, f"patient {patient_id}, day {day}: {what}.", MEND)
    if rows.height > ROWS_NAMED:
        log.error(path, f"{rows.height - ROWS_NAMED} more rows: {what}.", MEND)
