from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nof1sim.dataset.export.adam_variables import LONGEST_LABEL, NAME
from nof1sim.dataset.export.base import Options, export
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.simulation.driver import simulate


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Four patients with run-in and washout, two occasions, gaps, drop-outs, raters, own rating."""
    out = tmp_path_factory.mktemp("adam") / "trial"
    protocol = with_changes(
        load_protocol("default"),
        cohort={"patients": 4},
        design={"baseline_days": 5, "period_days": 6, "cycles": 1, "washout_days": 3},
        images={"enabled": False, "occasions_per_day": 2},
        observation={
            "raters": [{"name": "ann"}, {"name": "bob", "scores": "iga"}],
            "self_report": {},
            "missing": {"mcar": 0.15, "dropout_per_day": 0.04},
        },
    )
    simulate(protocol, out, workers=1)
    return open_dataset(out)


@pytest.fixture(scope="module")
def written(plain: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(plain, "adam", tmp_path_factory.mktemp("out") / "adam")


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{name}.csv", infer_schema_length=None, try_parse_dates=True)


def test_define_describes_every_variable_in_the_tables(written: Path) -> None:
    define: dict[str, Any] = json.loads((written / "define.json").read_text())
    assert "not Define-XML" in define["note"]
    for name, described in define["datasets"].items():
        variables = described["variables"]
        assert [one["name"] for one in variables] == table(written, name).columns
        for one in variables:
            assert NAME.fullmatch(one["name"])
            assert 0 < len(one["label"]) <= LONGEST_LABEL
            assert one["type"] in ("text", "integer", "float", "date")


def test_one_subject_a_row(plain: Dataset, written: Path) -> None:
    subjects = table(written, "ADSL")
    people = plain.truth("patients")
    assert subjects["SUBJID"].cast(pl.String).to_list() == plain.patient_ids()
    assert subjects["AGE"].to_list() == people["age_years"].cast(pl.Int64).to_list()
    assert subjects["SEX"].to_list() == people["sex"].to_list()
    left = plain.observations().group_by("patient_id", maintain_order=True).agg(pl.col("dropped_out").any())
    assert left["dropped_out"].any()
    assert (subjects["COMPLFL"] == "N").to_list() == left["dropped_out"].to_list()
    first = subjects.row(0, named=True)
    assert first["TRTSEQP"] == f"{first['TRT01P']} > {first['TRT02P']}"
    assert [str(first[f"AP0{k}{end}DT"]) for k in (1, 2) for end in "SE"] == [
        "2018-01-06",
        "2018-01-11",
        "2018-01-15",
        "2018-01-20",
    ]


def test_values_are_those_recorded(plain: Dataset, written: Path) -> None:
    values = table(written, "ADQS")
    recorded = values.filter(pl.col("DTYPE").is_null())
    sources = {"ACNESEV": "AcneSeverity", "SELFREP": "self_report", "RATER01": "rater_ann", "RATER02": "rater_bob"}
    assert set(values["PARAMCD"]) == set(sources)
    assert values["PARAM"].unique().sort().to_list() == [
        "Rater ann, lesion count",
        "Rater bob, IGA (0 to 4)",
        "Recorded severity (0 to 3)",
        "Self-reported severity (0 to 10)",
    ]
    for code, column in sources.items():
        given = plain.observations().drop_nulls(column)
        found = recorded.filter(pl.col("PARAMCD") == code)
        keys = ("SUBJID", "AVISITN", "ATPTN", "AVAL")
        assert (
            found.select(keys).with_columns(pl.col("SUBJID").cast(pl.String)).rows()
            == given.select("patient_id", "day", "occasion", column).cast({column: pl.Float64}).rows()
        )


def test_baseline_is_the_mean_of_the_run_in(written: Path) -> None:
    values = table(written, "ADQS").filter(pl.col("PARAMCD") == "ACNESEV")
    for rows in values.partition_by("USUBJID"):
        marked = rows.filter(pl.col("ABLFL") == "Y")
        run_in = rows.filter((pl.col("APHASE") == "RUN-IN") & pl.col("DTYPE").is_null())
        assert marked["DTYPE"].to_list() == ["AVERAGE"]
        assert marked["AVAL"][0] == pytest.approx(run_in["AVAL"].mean())
        assert (rows["BASE"] == marked["AVAL"][0]).all()
        later = rows.filter(pl.col("APHASE") != "RUN-IN")
        assert (later["CHG"] - (later["AVAL"] - later["BASE"])).abs().max() < 1e-12
        assert run_in["CHG"].null_count() == run_in.height


def test_days_count_from_the_first_treatment(written: Path) -> None:
    values = table(written, "ADQS").filter(pl.col("DTYPE").is_null())
    assert 0 not in values["ADY"]
    assert values.filter(pl.col("AVISITN") == 6)["ADY"].unique().to_list() == [1]
    assert values.filter(pl.col("AVISITN") == 5)["ADY"].unique().to_list() == [-1]
    phases = values.group_by("APHASE").agg(pl.col("AVISITN").min().alias("low"), pl.col("AVISITN").max().alias("high"))
    assert sorted(phases.rows()) == [("RUN-IN", 1, 5), ("TREATMENT", 6, 20), ("WASHOUT", 12, 14)]
    assert (
        values.filter(pl.col("APHASE") == "WASHOUT").select("APERIOD", "TRTP", "ANL01FL").null_count().row(0)
        == ((values["APHASE"] == "WASHOUT").sum(),) * 3
    )


def test_the_truth_comes_only_when_asked_for(plain: Dataset, written: Path, tmp_path: Path) -> None:
    assert "TRUTH" not in table(written, "ADQS")["PARCAT1"]
    values = table(export(plain, "adam", tmp_path / "out", Options(truth=True)), "ADQS")
    true = values.filter((pl.col("PARAMCD") == "TRUESEV") & pl.col("DTYPE").is_null())
    assert set(true["PARCAT1"]) == {"TRUTH"}
    assert true["AVAL"].to_list() == plain.truth("days")["severity_true"].to_list()


def test_a_dataset_without_its_truth(plain: Dataset, tmp_path: Path) -> None:
    shutil.copytree(plain.url, tmp_path / "trial")
    shutil.rmtree(tmp_path / "trial" / "truth")
    blinded = open_dataset(tmp_path / "trial")
    subjects = table(export(blinded, "adam", tmp_path / "out"), "ADSL")
    assert subjects["AGE"].null_count() == 4
    assert subjects["TRTSEQP"].str.contains(" > ").all()
    with pytest.raises(DatasetError, match="truth"):
        export(blinded, "adam", tmp_path / "more", Options(truth=True))
