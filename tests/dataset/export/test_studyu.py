from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nof1sim.dataset.export.base import Options, export
from nof1sim.dataset.export.design import Period, Study
from nof1sim.dataset.export.studyu_plan import schedule_of
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.protocol.studyu import import_studyu
from nof1sim.simulation.driver import simulate

STUDY = Study("s", "S", ("Cream", "Gel"), "Washout", (0.0, 3.0), {})


def tables_only(out: Path, name: str = "default", **changes: object) -> Dataset:
    protocol: Protocol = with_changes(load_protocol(name), cohort={"patients": 3}, images={"enabled": False})
    simulate(with_changes(protocol, **changes) if changes else protocol, out, workers=1)
    return open_dataset(out)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three patients, 30 days, two occasions a day, gaps, drop-outs, a rater and the patient's own rating."""
    return tables_only(
        tmp_path_factory.mktemp("plain") / "trial",
        design={"baseline_days": 6, "period_days": 6, "cycles": 2},
        images={"occasions_per_day": 2},
        observation={
            "raters": [{"name": "ann"}],
            "self_report": {},
            "missing": {"mcar": 0.2, "dropout_per_day": 0.02},
        },
    )


@pytest.fixture(scope="module")
def zipped(plain: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(plain, "studyu", tmp_path_factory.mktemp("studyu") / "study.zip")


def frame(path: Path, name: str) -> Any:
    """A CSV of the zip as pandas reads it, knowing nothing of nof1sim."""
    import pandas as pd

    with zipfile.ZipFile(path) as archive:
        return pd.read_csv(io.BytesIO(archive.read(name)))


def test_a_studyu_analysis_finds_the_means_of_the_observations(plain: Dataset, zipped: Path) -> None:
    rows = frame(zipped, "measurements.csv")
    response = "survey1_question1_response"
    found = rows.groupby(["invite_code", "current_intervention_name"])[response].agg(["mean", "count"])
    recorded = plain.observations().drop_nulls("AcneSeverity")
    expected = recorded.group_by("patient_id", "treatment").agg(pl.mean("AcneSeverity").alias("m"), pl.len())
    assert len(found) == expected.height > 6
    for patient_id, treatment, mean, count in expected.iter_rows():
        assert tuple(found.loc[(int(patient_id), treatment)]) == pytest.approx((mean, count))


def test_columns_and_order_are_studyus(plain: Dataset, zipped: Path) -> None:
    rows = frame(zipped, "measurements.csv")
    shared = [
        "participant_id",
        "participant_started_at",
        "invite_code",
        "current_day_of_study",
        "current_intervention_id",
        "current_intervention_name",
    ]
    questions = [f"survey1_question{j}_{what}" for j in (1, 2) for what in ("id", "text", "response")]
    surveys = ["survey1_id", "survey1_name", "is_survey1"]
    head = ["measurement_time", "measurement_id", "measurement_name"]
    assert list(rows.columns) == head + shared + surveys + questions
    tasks = frame(zipped, "interventions.csv")
    head = ["intervention_task_time", "intervention_task_id", "intervention_task_name", "is_completed"]
    assert list(tasks.columns) == head + shared
    for table, time in ((rows, "measurement_time"), (tasks, "intervention_task_time")):
        assert table[time].is_monotonic_decreasing
    assert tasks["is_completed"].all()
    assert rows["current_day_of_study"].min() == 0
    answered = plain.observations().filter(pl.any_horizontal(pl.col("AcneSeverity", "self_report").is_not_null()))
    assert len(rows) == answered.height < plain.observations().height  # missed occasions have no row
    with zipfile.ZipFile(zipped) as archive:
        first = json.loads(archive.read("measurements.json"))[0]
    assert first["survey1_question1_response"] == str(float(rows["survey1_question1_response"][0]))


def test_tasks_end_when_a_patient_leaves(plain: Dataset, zipped: Path) -> None:
    tasks = frame(zipped, "interventions.csv")
    days = plain.observations().filter((pl.col("occasion") == 1) & (pl.col("treatment") != "Baseline"))
    assert days["dropped_out"].any()
    kept = days.filter(~pl.col("dropped_out"))
    assert sorted(tasks["current_day_of_study"]) == sorted((kept["day"] - 1).to_list())


def test_import_studyu_takes_the_zip(zipped: Path) -> None:
    document, notes = import_studyu(zipped)
    assert document["design"] | {"arms": sorted(document["design"]["arms"])} == {
        "arms": ["antibiotics", "cream"],
        "period_days": 6,
        "baseline_days": 6,
        "washout_days": 0,
        "sequence": "randomized_pairs",
        "cycles": 2,
    }
    assert any("'severity'" in note and "negative" in note for note in notes)
    with zipfile.ZipFile(zipped) as archive:
        definition = archive.read("study_definition.json").decode()
    assert "rater_ann" in definition  # said to be left out
    for secret in ("effect", "wash_in", "seed", "tau"):
        assert secret not in definition


def test_pictures_are_in_the_zip_under_their_answers(exported: Dataset, tmp_path: Path) -> None:
    path = export(exported, "studyu", tmp_path / "study.zip")
    rows = frame(path, "measurements.csv")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        media = {name for name in names if name.endswith(".jpg")}
        assert len(names) == len(set(names)) == 5 + len(exported.units())
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
        questions = {rows[f"survey1_question{j}_id"][0]: f"survey1_question{j}_response" for j in (1, 2, 3)}
        answers = [rows[questions[f"image_{view}"]] for view in ("front", "left")]
        assert {name for column in answers for name in column.dropna()} == media
        observed = exported.observations().row(
            by_predicate=(pl.col("patient_id") == "2") & (pl.col("day") == 3), named=True
        )
        row = rows[(rows["invite_code"] == 2) & (rows["current_day_of_study"] == 2)].iloc[0]
        assert archive.read(row[questions["image_front"]]) == exported.read(observed["image_front"])
    again = export(exported, "studyu", tmp_path / "again.zip")
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ([[("Baseline", 4), ("Cream", 4), ("Gel", 8)]], ("customized", "ABB", 4, True)),
        ([[("Cream", 6), ("Gel", 6), ("Gel", 3)]], ("customized", "ABB", 6, False)),  # the last one was cut
        ([[("Cream", 6), ("Gel", 4)], [("Gel", 6), ("Cream", 4)]], ("customized", "AB", 6, False)),  # each picks its A
        ([[("Cream", 2), ("Gel", 4), ("Cream", 2)], [("Cream", 2), ("Gel", 2)] * 2], ("randomized", "", 2, False)),
    ],
)
def test_schedules_that_studyu_can_say(periods: Any, expected: tuple[str, str, int, bool]) -> None:
    found = schedule_of([_periods(one) for one in periods], STUDY)
    assert found.reason == ""
    assert (found.sequence, found.word, found.phase_days, found.baseline) == expected
    assert found.labels == ("Cream", "Gel")


@pytest.mark.parametrize(
    ("periods", "reason"),
    [
        ([[("Baseline", 5), ("Cream", 4), ("Gel", 4)]], "a phase of 5 days and a period of 4"),
        ([[("Cream", 4), ("Washout", 4), ("Gel", 4)]], "no washout"),
        ([[("Baseline", 4), ("Cream", 4)], [("Cream", 4), ("Gel", 4)]], "not the same for all"),
        ([[("Cream", 2), ("Cream", 2), ("Gel", 2)], [("Cream", 2), ("Gel", 2), ("Gel", 2)]], "not made of pairs"),
    ],
)
def test_schedules_that_it_cannot_say(periods: Any, reason: str) -> None:
    assert reason in schedule_of([_periods(one) for one in periods], STUDY).reason


def test_such_a_schedule_is_refused_or_said_to_be_near(tmp_path: Path) -> None:
    dataset = tables_only(tmp_path / "trial", "washout")
    with pytest.raises(DatasetError, match=r"no washout.*schedule=nearest"):
        export(dataset, "studyu", tmp_path / "study.zip")
    path = export(dataset, "studyu", tmp_path / "study.zip", Options(more={"schedule": "nearest"}))
    with zipfile.ZipFile(path) as archive:
        definition = json.loads(archive.read("study_definition.json"))
    assert "nearest that StudyU can say" in definition["description"]
    import_studyu(path)
    rows = frame(path, "measurements.csv")
    assert set(rows["current_intervention_name"]) == set(dataset.observations()["treatment"])


def _periods(given: list[tuple[str, int]]) -> list[Period]:
    made, first = [], 1
    for block, (label, days) in enumerate(given, start=1):
        made.append(Period(block, label, first, first + days - 1))
        first += days
    return made
