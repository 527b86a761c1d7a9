"""Rows of every table, from a block of patients. Columns and types: `nof1sim.dataset.columns`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from ..model import NO_ARM, STAGES, LesionField, Patient
from ..severity.contrasts import true_contrasts
from ..severity.given import Given
from ..severity.missing import DROP_OUT, REASONS
from .plan import Block, Plan
from .renderers import NEUTRAL

AFTER_COUNTING = {"ending", "pie_days", "pih_days", "scar", "scar_days"}
"""Columns (numbers, or codes) that are 0 for a lesion that still counts on the last day."""


def frames_of(
    plan: Plan, block: Block, fields: Sequence[LesionField], pictures: pl.DataFrame
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Frames and their tables' names, one after another; those of the lesions patient by patient, for they are big.

    fields : `fields_of` the block.  pictures : paths by rank, day, occasion; a column a view.
    """
    yield "observations", observations(plan, block, pictures)
    yield "patients", patients(plan, block, fields)
    yield "days", days(plan, block)
    for field in fields:
        yield "lesions", lesions(plan, field)
        yield "lesion_days", lesion_days(plan, field)


def fields_of(plan: Plan, block: Block) -> tuple[LesionField, ...]:
    """The lesions of a block, up to each patient's own last day (a given table may end earlier for some)."""
    if plan.given is None:
        return block.fields
    ends = plan.given.patient_days[block.first :]
    return tuple(until(plan, field, int(end)) for field, end in zip(block.fields, ends, strict=False))


def until(plan: Plan, field: LesionField, day: int) -> LesionField:
    """A patient's lesions as if the study had ended on `day`: those born later are none, later days have not come."""
    if day >= field.days:
        return field
    every: dict[str, Any] = dict(field.columns)
    born = every["birth_day"] <= day
    columns = {name: values[born] for name, values in every.items()}
    going_on = columns["last_counted_day"] >= day
    for name in AFTER_COUNTING & columns.keys():
        columns[name] = np.where(going_on, 0, columns[name])
    for name in {"peak_day", "last_counted_day"} & columns.keys():
        columns[name] = np.minimum(columns[name], day)
    if "superseded_day" in columns:
        columns["superseded_day"] = np.where(columns["superseded_day"] > day, 0, columns["superseded_day"])
    cut = replace(field, days=day, columns=columns, lost=field.lost[:day])
    looks: dict[str, Any] = dict(plan.condition.lesion_days(cut))
    seen = np.zeros(born.size + 1, np.int32)
    np.maximum.at(seen, looks["lesion_id"], looks["day"])
    columns["end_day"] = seen[columns["lesion_id"]]
    return cut


def _exists(plan: Plan, block: Block) -> np.ndarray:
    """(patients, days) of bool: the days that the study has (a given table may end earlier for some)."""
    shape = block.schedule.arm.shape
    if plan.given is None:
        return np.ones(shape, bool)
    return plan.given.exists[block.first : block.first + shape[0]]


def _calendar(plan: Plan, block: Block) -> pl.DataFrame:
    """One row a patient and day: rank, patient_id, date, block, day, treatment."""
    n, width = block.schedule.arm.shape
    day = np.tile(np.arange(width), n)
    ids = [patient.patient_id for patient in block.cohort.patients]
    start = np.full(n, np.datetime64(plan.protocol.cohort.start_date))
    if plan.given is not None:
        own = plan.given.first_dates[block.first : block.first + n]
        start = np.where(np.isnat(own), start, own)
    return pl.DataFrame(
        {
            "rank": np.repeat(np.arange(block.first, block.first + n), width),
            "patient_id": _named(np.repeat(np.arange(n), width), ids),
            "date": pl.Series((np.repeat(start, width) + day).astype("datetime64[D]")),
            "block": block.schedule.block.ravel(),
            "day": day + 1,
            "treatment": _named(block.schedule.label.ravel(), list(block.schedule.labels)),
        }
    )


def _named(codes: np.ndarray, names: Sequence[str | None]) -> pl.Series:
    """Names for codes, as a column of text."""
    return pl.Series(names, dtype=pl.String).gather(codes.astype(np.int64))


def observations(plan: Plan, block: Block, pictures: pl.DataFrame) -> pl.DataFrame:
    """What a study records, one row a patient, day and occasion."""
    there = pl.Series(_exists(plan, block).ravel())
    some = []
    for number, recorded in enumerate(block.recorded, start=1):
        score, gone = recorded.score, recorded.missing_reason == DROP_OUT
        if plan.given is not None:
            score = plan.given.recorded[block.first : block.first + len(score)]
        columns: dict[str, Any] = {"occasion": np.full(score.size, number), "AcneSeverity": score.ravel()}
        if recorded.self_report is not None:
            columns["self_report"] = recorded.self_report.ravel()
        columns |= {f"rater_{name}": values.ravel() for name, values in recorded.raters.items()}
        for covariate in plan.protocol.severity.covariates:
            if covariate.recorded:
                values = block.trajectories.covariates[covariate.name]
                columns[f"covariate_{covariate.name}"] = np.where(gone, np.nan, values).ravel()
        columns["dropped_out"] = gone.ravel()
        some.append(_calendar(plan, block).with_columns(**columns).filter(there))
    rows = pl.concat(some).sort("rank", "day", "occasion")
    rows = rows.join(pictures, on=["rank", "day", "occasion"], how="left", maintain_order="left")
    return rows.drop("rank")


def patients(plan: Plan, block: Block, fields: Sequence[LesionField]) -> pl.DataFrame:
    """The truth per patient: traits, individual numbers, effects and contrasts."""
    people = block.cohort.patients
    truth = true_contrasts(
        plan.protocol,
        block.cohort,
        block.schedule,
        block.trajectories,
        block.severity,
        plan.condition.severity_of_count,
        exists=_exists(plan, block),
    )
    numbers = {f"number_{name}": values for name, values in block.cohort.numbers.items()}
    if plan.given is not None:  # the effects and the model behind a given table are unknown
        truth = {name: values for name, values in truth.items() if name.startswith("realised")}
        numbers = {}
    gone = block.recorded[0].missing_reason == DROP_OUT
    left = [int(row.argmax()) + 1 if row.any() else None for row in gone]
    traits = {name: [p.traits[name] for p in people] for name in (people[0].traits if people else {})}
    return pl.DataFrame(
        {
            "patient_id": [p.patient_id for p in people],
            "key": [p.key for p in people],
            **_known(plan, people),
            "ita_deg": [p.ita_deg for p in people],
            "fitzpatrick": [p.fitzpatrick for p in people],
            "sequence": [" > ".join(sequence) for sequence in block.schedule.sequences],
            "dropout_day": pl.Series(left, dtype=pl.Int64),
            "lost_lesions": [int(field.lost.sum()) for field in fields],
            **truth,
            **{f"trait_{name}": values for name, values in traits.items()},
            **numbers,
        }
    )


def _known(plan: Plan, people: Sequence[Patient]) -> dict[str, pl.Series]:
    """Age and sex; of photographed persons they are unknown, though numbers were drawn for the course of lesions."""
    real = bool(plan.protocol.images.renderer_options.get("photographs"))
    ages, sexes = [None if real else p.age_years for p in people], [None if real else p.sex for p in people]
    return {"age_years": pl.Series(ages, dtype=pl.Float64), "sex": pl.Series(sexes, dtype=pl.String)}


def days(plan: Plan, block: Block) -> pl.DataFrame:
    """The truth per patient and day: the latent and its parts, doses, scores, and the records without gaps."""
    trajectories = block.trajectories
    arm = block.schedule.arm.ravel()
    taken = np.full(arm.shape, np.nan)
    for code, name in enumerate(block.schedule.arms):
        taken = np.where(arm == code, trajectories.taken[name].ravel(), taken)
    columns: dict[str, Any] = {
        "arm": _named(np.where(arm == NO_ARM, len(block.schedule.arms), arm), [*block.schedule.arms, None]),
        "severity_true": _true_severity(plan, block).ravel(),
        "latent": trajectories.latent.ravel(),
        **{f"part_{name}": values.ravel() for name, values in trajectories.parts.items()},
        "taken": taken,
        **{f"taken_{name}": values.ravel() for name, values in trajectories.taken.items()},
        **{f"drive_{name}": values.ravel() for name, values in trajectories.drive.items()},
        **{f"covariate_{name}": values.ravel() for name, values in trajectories.covariates.items()},
        **_records(plan, block),
        **_confounded(plan, block),
        **{name: values.ravel() for name, values in block.scores.items()},
    }
    rows = _calendar(plan, block).with_columns(pl.Series(name, values) for name, values in columns.items())
    return rows.filter(pl.Series(_exists(plan, block).ravel())).drop("rank")


def _confounded(plan: Plan, block: Block) -> dict[str, np.ndarray]:
    """How far each day's photographs are shifted with the treatment; nothing where they are not."""
    if not plan.protocol.images.confounding.is_on:
        return {}
    n, width = block.schedule.arm.shape
    shifts = [plan.shift(block.first + i, day) for i in range(n) for day in range(1, width + 1)]
    return {"photo_confounding": np.array(shifts)}


def _true_severity(plan: Plan, block: Block) -> np.ndarray:
    """(patients, days); NaN where a given table has no severity, though the lesions go on."""
    if plan.given is None:
        return block.severity
    return plan.given.severity[block.first : block.first + len(block.cohort)]


def _records(plan: Plan, block: Block) -> dict[str, Any]:
    """What would have been recorded, and what was lost why; a later occasion's columns end in its number."""
    if plan.given is not None:
        return _records_given(plan.given.patients(block.first, len(block.cohort)))
    columns: dict[str, Any] = {}
    for number, recorded in enumerate(block.recorded, start=1):
        end = "" if number == 1 else f"_{number}"
        columns |= {f"complete_{name}{end}": values.ravel() for name, values in recorded.complete.items()}
        columns |= {
            f"score_missing{end}": recorded.score_missing.ravel(),
            f"image_missing{end}": recorded.image_missing.ravel(),
            f"missing_reason{end}": _named(recorded.missing_reason.ravel(), [None, *REASONS[1:]]),
        }
    return columns


def _records_given(given: Given) -> dict[str, Any]:
    """The same of a given table, on its own scale: what it lacks is missing for a reason that nobody knows."""
    lacks = np.isnan(given.recorded)
    return {
        "complete_score": given.recorded.ravel(),
        "score_missing": lacks.ravel(),
        "image_missing": ~given.drawn.ravel(),
        "missing_reason": _named(lacks.ravel(), [None, "not in the table"]),
    }


def lesions(plan: Plan, field: LesionField) -> pl.DataFrame:
    """The life of every lesion of a patient, with names for codes."""
    table = pl.DataFrame(dict(plan.condition.named(field)))
    return table.with_columns(patient_id=pl.lit(field.patient.patient_id))


def lesion_days(plan: Plan, field: LesionField) -> pl.DataFrame:
    """Every lesion of a patient as it looks on every day."""
    table = dict(plan.condition.lesion_days(field))
    stage = _named(table.pop("stage"), STAGES)
    for name in ("x_mm", "y_mm", "shape"):
        table.pop(name)  # fixed for life: in the lesion table
    return pl.DataFrame(table).with_columns(patient_id=pl.lit(field.patient.patient_id), stage=stage)


def of(patient_id: str, found: pl.DataFrame) -> pl.DataFrame:
    """Boxes or key points of one patient's pictures, with the patient's own name in place of the rank."""
    return found.drop("rank").with_columns(patient_id=pl.lit(patient_id))


def images(plan: Plan, rows: pl.DataFrame, patient_id: str) -> pl.DataFrame:
    """How the pictures of one patient's part rows were taken, one a row; what the renderer chose stands in `drawn`."""
    said = [NEUTRAL | json.loads(nuisance) for nuisance in rows["nuisance"]]
    types = {name: pl.String if isinstance(value, str) else pl.Float64 for name, value in NEUTRAL.items()}
    taken = pl.DataFrame(said, schema=types).with_columns(phone=pl.when(pl.col("phone") != "").then("phone"))
    where = rows.select("day", "occasion", "view", "image", "drawn", patient_id=pl.lit(patient_id))
    made = pl.concat([where, taken], how="horizontal")
    if not plan.protocol.images.confounding.is_on:
        return made
    shifts = [plan.shift(rank, day) for rank, day in rows.select("rank", "day").iter_rows()]
    return made.with_columns(confounding=pl.Series(shifts, dtype=pl.Float64))
