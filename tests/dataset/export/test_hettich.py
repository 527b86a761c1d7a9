from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from nof1sim.dataset.export.base import export
from nof1sim.dataset.export.hettich import severity_class, table
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.simulation.driver import simulate
from nof1sim.simulation.request import Table, prepare

REFERENCE = Path(__file__).parents[3].parent / "shared" / "reference" / "sim_acne.csv"


@pytest.fixture(scope="module")
def written(exported: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(exported, "hettich", tmp_path_factory.mktemp("hettich") / "out")


@pytest.mark.skipif(not REFERENCE.is_file(), reason="needs the published table")
def test_the_published_table_comes_back_to_the_byte() -> None:
    types = {"patient_id": pl.String, "date": pl.Date}
    published = pl.read_csv(REFERENCE, schema_overrides=types).with_columns(occasion=1)
    assert table(published) == REFERENCE.read_bytes()


def test_the_table_holds_the_observations(exported: Dataset, written: Path) -> None:
    text = (written / "sim_acne.csv").read_bytes()
    assert text.startswith(b",patient_id,date,block,day,treatment,AcneSeverity\r\n0,1,2018-01-01,1,1,Baseline,")
    read = pl.read_csv(written / "sim_acne.csv", schema_overrides={"patient_id": pl.String, "date": pl.Date})
    names = ["patient_id", "date", "block", "day", "treatment", "AcneSeverity"]
    assert read.select(names).equals(exported.observations().select(names))


def test_names_carry_the_rounded_recorded_severity(exported: Dataset, written: Path) -> None:
    expected = set()
    for row in exported.observations().iter_rows(named=True):
        for view, extra in (("front", ""), ("left", "_left")):
            if row[f"image_{view}"] is not None and row["AcneSeverity"] is not None:
                grade = severity_class(row["AcneSeverity"])
                expected.add(f"{row['patient_id']}_{row['date']:%Y%m%d}_severity_{grade}{extra}.jpg")
    found = {path.name for path in (written / "images").iterdir()}
    assert found == expected
    left_out = len(exported.units()) - len(found)
    assert left_out > 0
    assert f"Pictures left out: {left_out}," in (written / "README.md").read_text()


@pytest.mark.parametrize(("score", "grade"), [(-0.2, 0), (0.5, 0), (0.51, 1), (1.5, 1), (2.5, 2), (2.6, 3), (7.0, 3)])
def test_a_tie_goes_down(score: float, grade: int) -> None:
    assert severity_class(score) == grade


def test_simulate_takes_the_table_again(tmp_path: Path) -> None:
    design = {"baseline_days": 2, "period_days": 3, "cycles": 1}
    protocol = with_changes(load_protocol("default"), cohort={"patients": 2}, design=design, images={"enabled": False})
    simulate(protocol, tmp_path / "one", workers=1)
    first = open_dataset(tmp_path / "one")
    out = export(first, "hettich", tmp_path / "out")
    assert not (out / "images").exists()
    job = prepare(table=Table(out / "sim_acne.csv"), images={"enabled": False})
    simulate(job.protocol, tmp_path / "two", given=job.given, workers=1)
    names = ["patient_id", "date", "block", "day", "treatment", "AcneSeverity"]
    second = open_dataset(tmp_path / "two").observations()
    assert second.select(names).equals(first.observations().select(names))


def test_ids_that_look_like_paths_stay_inside(tmp_path: Path) -> None:
    design = {"baseline_days": 1, "period_days": 1, "cycles": 1}
    cohort = {"patients": 2, "ids": ["../../etc", ".."]}
    protocol = with_changes(load_protocol("default"), cohort=cohort, design=design, images={"size_px": 64})
    simulate(protocol, tmp_path / "trial", workers=1)
    out = export(open_dataset(tmp_path / "trial"), "hettich", tmp_path / "deep" / "er" / "out")
    names = sorted(path.relative_to(out).as_posix() for path in (out / "images").rglob("*"))
    assert len(names) == 6
    assert all(name.count("/") == 1 for name in names)
    assert sorted(path.name for path in tmp_path.rglob("*.csv") if "truth" not in path.parts) == [
        "observations.csv",
        "sim_acne.csv",
    ]
