"""CDISC-flavoured analysis tables: ADSL.csv, ADQS.csv, and define.json, which says what each variable is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from ...errors import DatasetError
from ..columns import TABLES
from ..layout import OBSERVATIONS
from ..reader import Dataset
from ..tables import write_csv
from .adam_values import Parameter, parameters, values
from .adam_variables import ADQS, ADSL, MOST_PERIODS, NOTE, Variable, period_variables
from .base import Options, Tell
from .common import to_json, write_note
from .design import Period, Study, periods_of, study_of, treated
from .source import Source

ARROW = " > "
PATIENTS = TABLES["patients"].path
TYPES: dict[str, Any] = {"text": pl.String, "integer": pl.Int64, "float": pl.Float64, "date": pl.Date}


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write the three files; with `options.truth` also the parameters that only a simulator knows.

    Raises
    ------
    DatasetError
        More than 99 treatment periods, a damaged file, no truth/ where the truth is asked for.
    """
    source, study, table = Source(dataset), study_of(dataset), dataset.observations()
    source.check(OBSERVATIONS)
    truth = None
    if options.truth:
        source.check(TABLES["days"].path)
        truth = dataset.truth("days")
    people = _people(dataset, source)
    patients = table.partition_by("patient_id", maintain_order=True)
    designs = [periods_of(rows) for rows in patients]
    most = max(len(treated(periods, study)) for periods in designs)
    if most > MOST_PERIODS:
        raise DatasetError(
            f"{dataset.url}: has {most} treatment periods; ADaM counts at most {MOST_PERIODS} (TRT01P ... TRT99P). "
            "Export it to studyu or hettich, or simulate longer periods."
        )
    subjects = [_subject(rows, periods, study, people) for rows, periods in zip(patients, designs, strict=True)]
    variables = (*ADSL, *(one for number in range(1, most + 1) for one in period_variables(number)))
    asked = parameters(table, truth, study)
    out.mkdir()
    (out / "ADSL.csv").write_bytes(write_csv(_frame(subjects, variables)))
    with (out / "ADQS.csv").open("wb") as file:
        true_days = {} if truth is None else {days["patient_id"][0]: days for days in truth.partition_by("patient_id")}
        for done, (rows, periods, subject) in enumerate(zip(patients, designs, subjects, strict=True)):
            tell(done, len(patients), "Writing patients")
            frame = values(rows, true_days.get(subject["SUBJID"]), periods, subject, study, asked)
            file.write(write_csv(frame.select(one.name for one in ADQS), header=done == 0))
    tell(len(patients), len(patients), "Writing patients")
    (out / "define.json").write_bytes(to_json(_define(variables, asked)))
    write_note(out, dataset, "adam", options)


def _people(dataset: Dataset, source: Source) -> dict[str, tuple[int | None, str | None]]:
    """patient_id -> age in whole years, sex; empty without truth/, None for photographed persons."""
    if not dataset.target.exists(PATIENTS):
        return {}
    source.check(PATIENTS)
    table = dataset.truth("patients").select("patient_id", "age_years", "sex")
    return {name: (None if age is None else int(age), sex) for name, age, sex in table.iter_rows()}


def _subject(
    rows: pl.DataFrame, periods: Sequence[Period], study: Study, people: Mapping[str, tuple[int | None, str | None]]
) -> dict[str, Any]:
    """ADSL's row of a patient."""
    first = rows["date"][0]
    gone = rows.filter(pl.col("dropped_out"))["day"].min() if "dropped_out" in rows.columns else None
    last_day = int(rows["day"].max() if gone is None else gone - 1)  # type: ignore[operator]
    given = treated(periods, study)
    had = [period for period in given if period.first_day <= last_day]
    sequence = ARROW.join(period.label for period in given)
    patient_id = rows["patient_id"][0]
    age, sex = people.get(patient_id, (None, None))
    study_id = study.name.upper()

    def on(day: int) -> date:
        return first + timedelta(days=day - 1)

    subject: dict[str, Any] = {
        "STUDYID": study_id,
        "USUBJID": f"{study_id}-{patient_id}",
        "SUBJID": patient_id,
        "AGE": age,
        "AGEU": "YEARS",
        "SEX": sex,
        "ARM": sequence,
        "ACTARM": sequence,
        "TRTSEQP": sequence,
        "TRTSDT": on(had[0].first_day) if had else None,
        "TRTEDT": on(min(had[-1].last_day, last_day)) if had else None,
        "EOSSTT": "COMPLETED" if gone is None else "DISCONTINUED",
        "EOSDT": on(last_day) if last_day else None,
        "ITTFL": "Y" if given else "N",
        "SAFFL": "Y" if had else "N",
        "COMPLFL": "Y" if gone is None else "N",
    }
    for number, period in enumerate(given, start=1):
        planned = (on(period.first_day), on(period.last_day))
        taken = (planned[0], min(planned[1], on(last_day))) if period in had else (None, None)
        names = (one.name for one in period_variables(number))
        subject |= dict(zip(names, (period.label, *planned, *taken), strict=True))
    return subject


def _frame(rows: Sequence[Mapping[str, Any]], variables: Sequence[Variable]) -> pl.DataFrame:
    return pl.DataFrame(
        {one.name: [row.get(one.name) for row in rows] for one in variables},
        schema={one.name: TYPES[one.kind] for one in variables},
    )


def _define(variables: Sequence[Variable], asked: Sequence[Parameter]) -> dict[str, Any]:
    return {
        "note": NOTE,
        "standard": "names and labels of CDISC ADaMIG 1.3",
        "synthetic": True,
        "datasets": {
            "ADSL": {
                "label": "Subject-Level Analysis Dataset",
                "structure": "One record per subject",
                "keys": ["STUDYID", "USUBJID"],
                "variables": [one.document() for one in variables],
            },
            "ADQS": {
                "label": "Questionnaire and Score Analysis Dataset",
                "structure": "One record per subject per parameter per occasion on which it was recorded",
                "keys": ["STUDYID", "USUBJID", "PARAMCD", "AVISITN", "ATPTN"],
                "variables": [one.document() for one in ADQS],
                "parameters": [one.document() for one in asked],
            },
        },
    }
