"""ADQS: a record for each value of each parameter of a patient, and one for each parameter's baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from .design import Period, Study

OBSERVED, TRUTH = "OBSERVED", "TRUTH"
RUN_IN, TREATMENT, WASHOUT = "RUN-IN", "TREATMENT", "WASHOUT"
TRUE_SCORES = {
    "severity_true": ("TRUESEV", "True severity (0 to 3)"),
    "n_inflammatory": ("TRUNINF", "True number of inflammatory lesions"),
    "hayashi": ("TRUHAYA", "True Hayashi class (0 to 3)"),
    "iga": ("TRUIGA", "True IGA (0 to 4)"),
    "taken": ("TRUDOSE", "Dose truly taken (share, 0 to 1)"),
}
"""Columns of truth/days.csv that become parameters where the truth is asked for."""
RATED = {"count": "lesion count", "iga": "IGA (0 to 4)"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter and the column that it comes from."""

    paramcd: str
    param: str
    parcat1: str
    column: str

    def document(self) -> dict[str, Any]:
        """Its entry in define.json."""
        return {name.upper() if name != "column" else name: value for name, value in asdict(self).items()}


def parameters(observations: pl.DataFrame, truth: pl.DataFrame | None, study: Study) -> list[Parameter]:
    """The parameters of a dataset, in the order of the records; codes have at most 8 characters."""
    low, high = study.scale
    made = [Parameter("ACNESEV", f"Recorded severity ({low:g} to {high:g})", OBSERVED, "AcneSeverity")]
    if "self_report" in observations.columns:
        made.append(Parameter("SELFREP", "Self-reported severity (0 to 10)", OBSERVED, "self_report"))
    for code, prefix, words in (("RATER", "rater_", "Rater {}"), ("COVAR", "covariate_", "Covariate {}")):
        names = [name for name in observations.columns if name.startswith(prefix)]
        for number, column in enumerate(names, start=1):
            name = column.removeprefix(prefix)
            scores = RATED.get(study.raters.get(name, ""), "") if code == "RATER" else ""
            param = ", ".join(filter(None, (words.format(name), scores)))
            made.append(Parameter(f"{code}{number:02d}", param, OBSERVED, column))
    if truth is not None:
        made += [Parameter(*words, TRUTH, column) for column, words in TRUE_SCORES.items() if column in truth.columns]
    return made


def values(
    rows: pl.DataFrame,
    truth: pl.DataFrame | None,
    periods: Sequence[Period],
    subject: Mapping[str, Any],
    study: Study,
    asked: Sequence[Parameter],
) -> pl.DataFrame:
    """The records of one patient, by parameter, day and occasion. What was not recorded has no record.

    rows, truth : the patient's observations and days.  subject : the patient's row of ADSL.
    """
    observed = _calendar(rows.select("day", "occasion", "date", *(p.column for p in asked if p.parcat1 == OBSERVED)))
    true = None
    if truth is not None:
        known = truth.with_columns(pl.lit(1, pl.Int64).alias("occasion"))
        true = _calendar(known.select("day", "occasion", "date", *(p.column for p in asked if p.parcat1 == TRUTH)))
    frames = []
    for one in asked:
        table = true if one.parcat1 == TRUTH and true is not None else observed
        records = table.select("day", "occasion", "date", AVAL=pl.col(one.column).cast(pl.Float64))
        records = records.filter(pl.col("AVAL").is_not_null()).join(_designed(periods, study), on="day", how="left")
        said = {"PARAMCD": one.paramcd, "PARAM": one.param, "PARCAT1": one.parcat1}
        frames.append(_with_baseline(records).with_columns(pl.lit(text).alias(name) for name, text in said.items()))
    start = pl.lit(subject["TRTSDT"], pl.Date)
    since = (pl.col("date") - start).dt.total_days()
    shared = ("STUDYID", "USUBJID", "SUBJID", "TRTSEQP")
    return pl.concat(frames).with_columns(
        *(pl.lit(subject[name], pl.String).alias(name) for name in shared),
        AVALC=pl.col("AVAL").cast(pl.String),
        ADT=pl.col("date"),
        ADY=pl.when(since >= 0).then(since + 1).otherwise(since),
        ATPTN=pl.col("occasion"),
    )


def _calendar(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("day", "occasion")


def _designed(periods: Sequence[Period], study: Study) -> pl.DataFrame:
    """A row a day: phase, period and treatment."""
    rows, number = [], 0
    for period in periods:
        given = period.label in study.treatments
        number += given
        phase = TREATMENT if given else WASHOUT if number else RUN_IN
        code = study.treatments.index(period.label) + 1 if given else None
        said = (phase, number, f"PERIOD {number}", period.label, code) if given else (phase, None, None, None, None)
        rows += [(day, *said) for day in range(period.first_day, period.last_day + 1)]
    types = {"day": pl.Int64, "APHASE": pl.String, "APERIOD": pl.Int64, "APERIODC": pl.String, "TRTP": pl.String}
    return pl.DataFrame(rows, schema=types | {"TRTPN": pl.Int64}, orient="row")


def _with_baseline(records: pl.DataFrame) -> pl.DataFrame:
    """The records, the run-in's mean before them (if there is a run-in), and the changes from it."""
    run_in = pl.col("APHASE") == RUN_IN
    before = records.filter(run_in)
    base = before["AVAL"].mean()
    text = pl.lit(None, pl.String)
    known = records.with_columns(
        BASE=pl.lit(base, pl.Float64),
        CHG=pl.when(~run_in).then(pl.col("AVAL") - pl.lit(base, pl.Float64)),
        ABLFL=text,
        DTYPE=text,
        AVISIT=pl.format("Day {}", "day"),
        AVISITN=pl.col("day"),
        ANL01FL=pl.when(pl.col("APHASE") == TREATMENT).then(pl.lit("Y")),
    )
    if base is None:
        return known
    marks = {"ABLFL": "Y", "DTYPE": "AVERAGE", "AVISIT": "Baseline"}
    mean = (
        known.filter(run_in)
        .tail(1)
        .with_columns(
            *(pl.lit(value).alias(name) for name, value in marks.items()),
            AVAL=pl.col("BASE"),
            AVISITN=pl.lit(0, pl.Int64),
            occasion=pl.lit(None, pl.Int64),
        )
    )
    return pl.concat([mean, known])
