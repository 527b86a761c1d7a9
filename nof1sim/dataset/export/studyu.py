"""StudyU's export zip: the definition, measurements, interventions and the photographs under their blob ids.

Columns as hpi-studyu/studyu's designer writes them (domain/study_export.dart, read in 2026): newest first; a missed
day has no row; `current_day_of_study` counts from 0; numbers are text in the JSON files, too.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from ...errors import DatasetError
from ...protocol.studyu import DEFINITION
from ..layout import OBSERVATIONS
from ..reader import IMAGE_COLUMN, Dataset
from .base import Options, Tell
from .choices import one_of
from .common import to_json
from .design import Study, periods_of, study_of
from .source import Source
from .studyu_plan import BASELINE, Schedule, schedule_of
from .studyu_study import (
    DONE,
    SELF_REPORT,
    SURVEY,
    SURVEY_TITLE,
    Question,
    definition,
    questions,
    task_of,
    uuid_of,
)

Row = dict[str, Any]

BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the zip: the earliest that the format knows. No clock, the same bytes again."""
TASK_TIME = time(20)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the rows are made from. `ids`: label -> intervention id; `occasions`: photographs a day."""

    digest: str
    asked: Sequence[Question]
    ids: Mapping[str, str]
    treatments: Sequence[str]
    occasions: int


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write the zip.

    Raises
    ------
    DatasetError
        A schedule that StudyU cannot say (with `schedule` "nearest": a note in the definition), a damaged file.
    """
    loose = one_of(options, "schedule", ("exact", "nearest")) == "nearest"
    source, study, table = Source(dataset), study_of(dataset), dataset.observations()
    source.check(OBSERVATIONS)
    schedule = schedule_of([periods_of(rows) for rows in table.partition_by("patient_id", maintain_order=True)], study)
    if schedule.reason and not loose:
        raise DatasetError(
            f"{dataset.url}: its schedule cannot be said in StudyU: {schedule.reason}. Simulate a design that it can "
            "say (two arms, one length for the baseline and all periods, no washout), or take --set schedule=nearest: "
            "then the rows are right and study_definition.json says that its schedule is not."
        )
    views = [name.removeprefix(IMAGE_COLUMN) for name in table.columns if name.startswith(IMAGE_COLUMN)]
    views = [view for view in views if table[f"{IMAGE_COLUMN}{view}"].count()]
    asked = questions(study, views, SELF_REPORT in table.columns)
    shape = _shape(dataset, study, table, asked)
    notes = _notes(table, schedule, asked)
    others = [label for label, id in shape.ids.items() if id != BASELINE and label not in schedule.labels]
    ids = {label: shape.ids[label] for label in (*schedule.labels, *others)}
    document = definition(shape.digest, study, schedule, asked, ids, shape.occasions, notes, dataset.about.persons)
    with zipfile.ZipFile(out, "w") as archive:
        _put(archive, DEFINITION, to_json(document))
        for name, rows in (("measurements", _measurements(table, shape)), ("interventions", _tasks(table, shape))):
            newest_first = sorted(rows, key=lambda row: (next(iter(row.values())), row["participant_id"]), reverse=True)
            _put(archive, f"{name}.csv", _csv(newest_first))
            _put(archive, f"{name}.json", json.dumps(newest_first, ensure_ascii=False).encode())
        total = len(dataset.units())
        for done, picture in enumerate(source.pictures()):
            tell(done, total, "Packing")
            _put(archive, _blob(picture.path, shape), source.read(picture.path), zipfile.ZIP_STORED)
    tell(total, total, "Packing")


def _shape(dataset: Dataset, study: Study, table: pl.DataFrame, asked: Sequence[Question]) -> _Shape:
    """Labels of the first days are the baseline; those without treatment later (washouts) get an id of their own."""
    digest = dataset.manifest["digest"]
    labels = [*study.treatments, *table["treatment"].unique(maintain_order=True).to_list()]
    ids = {label: uuid_of(digest, "intervention", label) for label in labels}
    untreated = [label for label in ids if label not in study.treatments]
    if untreated and untreated[0] != study.washout:
        ids[untreated[0]] = BASELINE
    return _Shape(digest, asked, ids, study.treatments, int(table["occasion"].n_unique()))


def _notes(table: pl.DataFrame, schedule: Schedule, asked: Sequence[Question]) -> list[str]:
    notes = [DONE]
    if schedule.reason:
        notes.append(f"The schedule here is the nearest that StudyU can say ({schedule.reason}); the rows are right.")
    answered = {question.column for question in asked}
    if others := [name for name in table.columns if name.startswith(("rater_", "covariate_")) and name not in answered]:
        notes.append(f"Not exported, for no question of a participant's asks for it: {', '.join(others)}.")
    return notes


def _measurements(table: pl.DataFrame, shape: _Shape) -> Iterator[Row]:
    """A row for each occasion on which anything was answered."""
    fixed: Row = {"survey1_id": SURVEY, "survey1_name": SURVEY_TITLE, "is_survey1": True}
    for row in table.iter_rows(named=True):
        answers = [row[question.column] for question in shape.asked]
        if all(answer is None for answer in answers):
            continue
        clock = timedelta(minutes=(row["occasion"] - 0.5) * 1440 // shape.occasions)
        made: Row = {
            "measurement_time": _stamp(row["date"], clock),
            "measurement_id": SURVEY,
            "measurement_name": SURVEY_TITLE,
            **_shared(row, shape),
            **fixed,
        }
        for number, (question, answer) in enumerate(zip(shape.asked, answers, strict=True), start=1):
            made[f"survey1_question{number}_id"] = question.id
            made[f"survey1_question{number}_text"] = question.document["prompt"]
            if question.column.startswith(IMAGE_COLUMN) and answer is not None:
                answer = _blob(answer, shape)
            made[f"survey1_question{number}_response"] = "" if answer is None else str(answer)
        yield made


def _tasks(table: pl.DataFrame, shape: _Shape) -> Iterator[Row]:
    """A row for each day of treatment until the patient left; see `DONE`."""
    treated = table.filter((pl.col("occasion") == 1) & pl.col("treatment").is_in(list(shape.treatments)))
    if "dropped_out" in table.columns:
        treated = treated.filter(~pl.col("dropped_out").fill_null(False))
    for row in treated.iter_rows(named=True):
        task, title = task_of(shape.ids[row["treatment"]], row["treatment"], shape.digest)
        yield {
            "intervention_task_time": _stamp(row["date"], timedelta(hours=TASK_TIME.hour)),
            "intervention_task_id": task,
            "intervention_task_name": title,
            "is_completed": True,
            **_shared(row, shape),
        }


def _shared(row: Mapping[str, Any], shape: _Shape) -> Row:
    """Who and when. The invite code is the patient_id of the dataset; the patient started when day 1 began."""
    return {
        "participant_id": uuid_of(shape.digest, "participant", row["patient_id"]),
        "participant_started_at": _stamp(row["date"] - timedelta(days=row["day"] - 1), timedelta()),
        "invite_code": row["patient_id"],
        "current_day_of_study": str(row["day"] - 1),
        "current_intervention_id": shape.ids[row["treatment"]],
        "current_intervention_name": row["treatment"],
    }


def _blob(path: str, shape: _Shape) -> str:
    """The name of a picture in the zip; its answer."""
    return uuid_of(shape.digest, "picture", path) + PurePosixPath(path).suffix


def _stamp(day: date, clock: timedelta) -> str:
    """As Dart writes a UTC time: 2018-01-01 12:00:00.000Z."""
    return f"{datetime.combine(day, time()) + clock:%Y-%m-%d %H:%M:%S}.000Z"


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: str(value).lower() if isinstance(value, bool) else value for key, value in row.items()})
    return text.getvalue().encode()


def _put(archive: zipfile.ZipFile, name: str, data: bytes, packing: int = zipfile.ZIP_DEFLATED) -> None:
    info = zipfile.ZipInfo(name, BEGINNING)
    info.compress_type, info.external_attr, info.create_system = packing, 0o644 << 16, 3
    archive.writestr(info, data)
