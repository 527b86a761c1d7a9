"""A user's own severities become images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import InputError, Nof1simError, ProtocolError
from nof1sim.protocol import with_changes
from nof1sim.simulation.driver import Outcome, simulate
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.request import Job, Table, parse_columns, parse_scale, prepare
from nof1sim.simulation.verify import verify

from .conftest import REFERENCE, contents

COLUMNS = {"severity": "EASI", "patient_id": "Subject"}
SEED_CSV = REFERENCE / "sim_acne.csv"
needs_seed_csv = pytest.mark.skipif(not SEED_CSV.is_file(), reason="the seed CSV lies in ../shared/reference")


def job_of(path: Path, **options: object) -> Job:
    table = Table(path, **options)  # type: ignore[arg-type]
    return prepare(table=table, images={"renderer": "nof1sim_test_renderers:Dots", "size_px": 64})


def run_job(job: Job, out: Path) -> Outcome:
    return simulate(job.protocol, out, given=job.given, workers=1)


@pytest.fixture
def small_csv(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    rows = [f"anna;{day};{arm};{score}" for day, arm, score in [(1, "none", "2,5"), (2, "none", ""), (4, "gel", "1,0")]]
    path.write_text("\ufeffSubject;Day;Treatment;EASI\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@needs_seed_csv
def test_the_seed_csv_gives_1400_rows_whose_lesions_show_its_severities() -> None:
    job = job_of(SEED_CSV)
    assert job.given is not None
    plan = Plan(job.protocol, job.given)
    assert len(plan.units()) == 1400
    block = plan.block(0, 10)
    assert np.abs(block.scores["severity_lesions"] - job.given.recorded).max() <= 0.04
    assert (block.scores["hayashi"] == np.rint(job.given.recorded)).all()
    assert any("confounded" in note for note in job.notes)


@needs_seed_csv
def test_the_seed_columns_come_back_as_they_were(tmp_path: Path) -> None:
    job = prepare(table=Table(SEED_CSV), patients=1, images={"renderer": "nof1sim_test_renderers:Dots", "size_px": 64})
    run_job(job, tmp_path)
    table = open_dataset(tmp_path).observations()
    assert table["AcneSeverity"].to_list() == job.given.recorded[0].tolist()  # type: ignore[union-attr]
    assert table["treatment"].unique(maintain_order=True).to_list() == ["Baseline", "Antibiotics", "Cream"]
    assert verify(tmp_path, 5).same


def test_gaps_are_refused_skipped_or_interpolated(small_csv: Path, tmp_path: Path) -> None:
    options = {"columns": COLUMNS, "scale": (0.0, 5.0)}
    with pytest.raises(InputError, match="missing"):
        job_of(small_csv, **options)
    skipped = job_of(small_csv, **options, missing="skip")
    run_job(skipped, tmp_path / "skip")
    dataset = open_dataset(tmp_path / "skip")
    assert [unit.day for unit in dataset.units()] == [1, 4]
    assert dataset.observations()["AcneSeverity"].to_list() == [2.5, None, None, 1.0]
    assert dataset.observations()["patient_id"].to_list() == ["anna"] * 4
    days = dataset.truth("days")
    assert days["score_missing"].to_list() == days["image_missing"].to_list() == [False, True, True, False]
    assert days["missing_reason"].null_count() == 2
    assert days["severity_true"].to_list() == pytest.approx([1.5, None, None, 0.6])
    assert verify(tmp_path / "skip", 5).same
    filled = job_of(small_csv, **options, missing="interpolate")
    assert filled.given is not None
    assert filled.given.severity[0].tolist() == pytest.approx([1.5, 1.2, 0.9, 0.6])


def test_hettich_names_carry_the_class_only_when_asked(small_csv: Path, tmp_path: Path) -> None:
    job = job_of(small_csv, columns=COLUMNS, missing="skip")
    protocol = with_changes(job.protocol, images={"layout": "hettich"})
    simulate(protocol, tmp_path / "h", given=job.given, workers=1)
    names = sorted(path.name for path in (tmp_path / "h" / "images").iterdir())
    assert names == ["anna_20180101_severity_2.jpg", "anna_20180104_severity_1.jpg"]
    assert open_dataset(tmp_path / "h").image(open_dataset(tmp_path / "h").units()[0]).shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("options", "letter"),
    [
        ({"twins": True}, "--twins"),
        ({"days": 20}, "--days"),
        ({"patients": 7}, "1 to 1"),
        ({"seed": "1.5"}, "--seed"),
    ],
)
def test_what_does_not_go_with_a_table_is_refused(small_csv: Path, options: dict[str, object], letter: str) -> None:
    with pytest.raises(ProtocolError, match=letter):
        prepare(table=Table(small_csv, COLUMNS, (0.0, 5.0), "skip"), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["severity", "severity=", "=x", ""])
def test_bad_columns_are_a_letter(text: str) -> None:
    with pytest.raises(InputError, match="--columns"):
        parse_columns(text)


@pytest.mark.parametrize("text", ["3:0", "x", "1", "0:inf", "nan:3", ""])
def test_a_bad_scale_is_a_letter(text: str) -> None:
    with pytest.raises(InputError, match="--scale"):
        parse_scale(text)


def test_a_wrong_way_with_gaps_is_a_letter(small_csv: Path) -> None:
    with pytest.raises(Nof1simError, match="--missing"):
        job_of(small_csv, columns=COLUMNS, missing="drop")


def test_a_dataset_of_a_table_can_be_made_again_from_itself(small_csv: Path, tmp_path: Path) -> None:
    first = prepare(
        table=Table(small_csv, COLUMNS, (0.0, 5.0), "skip"),
        seed=7,
        images={"renderer": "nof1sim_test_renderers:Dots", "size_px": 70, "layout": "hettich"},
    )
    run_job(first, tmp_path / "a")
    again = prepare(tmp_path / "a" / "truth" / "manifest.json", table=Table(tmp_path / "a" / "observations.csv"))
    run_job(again, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_another_table_than_the_protocol_describes_is_refused(small_csv: Path, tmp_path: Path) -> None:
    job = job_of(small_csv, columns=COLUMNS, missing="skip")
    other = job_of(small_csv, columns=COLUMNS, missing="interpolate")
    for given in (None, other.given):
        with pytest.raises(InputError, match="describes"):
            simulate(job.protocol, tmp_path / "d", given=given)
    assert not (tmp_path / "d").exists()


@needs_seed_csv
def test_some_patients_of_a_table(tmp_path: Path) -> None:
    job = prepare(table=Table(SEED_CSV), patients=2, images={"renderer": "nof1sim_test_renderers:Dots", "size_px": 64})
    assert len(Plan(job.protocol, job.given).units()) == 280


def test_a_protocol_that_describes_a_table_needs_the_table(small_csv: Path, tmp_path: Path) -> None:
    job = job_of(small_csv, columns=COLUMNS, missing="skip")
    run_job(job, tmp_path / "d")
    with pytest.raises(InputError, match="--severity-csv"):
        prepare(tmp_path / "d" / "truth" / "manifest.json")
