"""The truth of each estimand, against the dataset's own columns and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1sim.analysis.course import Contrast
from nof1sim.analysis.stats.carryover import dropped
from nof1sim.analysis.study import read_study
from nof1sim.dataset.reader import Dataset
from nof1sim.errors import DatasetError
from nof1sim.evaluation.replicate import Trial, simulate_trial
from nof1sim.evaluation.truth import DROPPED, REALISED, STEADY, Truth, estimand_of
from nof1sim.protocol import load_protocol, with_changes

from .conftest import CREAM


def test_both_contrasts_are_the_columns_of_the_table_of_patients(pictured: Trial) -> None:
    truth, back = pictured.truth, Contrast(CREAM.reference, CREAM.treatment)
    for estimand, column in ((REALISED, "realised_contrast"), (STEADY, "steady_contrast")):
        expected = truth.patients[column].to_numpy()
        assert np.ptp(expected) > 0
        np.testing.assert_allclose(truth.effects(CREAM)[estimand], expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(truth.effects(back)[estimand], -expected, rtol=0, atol=1e-12)


def test_against_the_baseline_the_untreated_columns_count(pictured: Trial) -> None:
    table = pictured.truth.patients
    effects = pictured.truth.effects(Contrast("Cream", "Baseline"))
    for estimand, name in ((REALISED, "realised"), (STEADY, "steady")):
        expected = (table[f"{name}_cream"] - table[f"{name}_untreated"]).to_numpy()
        np.testing.assert_allclose(effects[estimand], expected, rtol=0, atol=1e-12)


def test_without_dropped_days_dropped_is_realised(pictured: Trial) -> None:
    effects = pictured.truth.effects(CREAM)
    np.testing.assert_array_equal(effects[DROPPED], effects[REALISED])


def tiny(arms: dict[str, str | None], severity: list[float], label: list[str], block: list[int]) -> Truth:
    """One patient, "a", by hand, and "b", who only ever has the first label."""
    n = len(severity)
    one = pl.DataFrame(
        {"patient_id": "a", "block": block, "day": range(1, n + 1), "treatment": label,
         "arm": [arms[x] for x in label], "severity_true": severity, "n_inflammatory": range(n)}
    )  # fmt: skip
    other = one.with_columns(patient_id=pl.lit("b"), treatment=pl.lit(label[0]), arm=pl.lit(arms[label[0]]))
    levels = {"steady_x": [1.5, 1.0], "steady_y": [0.25, 1.0], "steady_untreated": [2.0, 2.0]}
    return Truth(pl.DataFrame({"patient_id": ["a", "b"]} | levels), pl.concat([other, one]))


def test_by_hand() -> None:
    arms = {"X": "x", "Y": "y", "Pause": None}
    label = ["X", "X", "X", "Pause", "Y", "Y", "Y", "Y", "X", "X"]
    severity = [1.0, 2.0, 6.0, 9.0, 0.0, 2.0, 4.0, 9.0, 3.0, 5.0]
    # Two periods of Y stand side by side: each of them has its first days.
    block = [1, 1, 1, 2, 3, 3, 4, 4, 5, 5]
    truth = tiny(arms, severity, label, block)
    effects = truth.effects(Contrast("Y", "X"), 1)
    assert effects[REALISED][0] == pytest.approx(15 / 4 - 17 / 5)
    assert effects[DROPPED][0] == pytest.approx((2 + 9) / 2 - (2 + 6 + 5) / 3)
    np.testing.assert_allclose(effects[STEADY], [-1.25, 0.0])
    assert np.isnan(effects[REALISED][1]) and np.isnan(effects[DROPPED][1])  # noqa: PT018
    against = truth.effects(Contrast("Y", "Pause"), 1)
    assert against[REALISED][0] == pytest.approx(3.75 - 9)
    assert np.isnan(against[DROPPED][0])  # the pause lasted one day
    assert against[STEADY][0] == -1.75


def test_nobody_knows_the_steady_state_of_a_given_table() -> None:
    truth = tiny({"X": "x", "Y": "y"}, [1.0, 2.0], ["X", "Y"], [1, 2])
    bare = Truth(truth.patients.select("patient_id"), truth.days)
    effects = bare.effects(Contrast("Y", "X"))
    assert np.isnan(effects[STEADY]).all()
    assert effects[REALISED][0] == 1.0


@pytest.mark.parametrize("drop", [0, 3, 13])
def test_dropped_days_of_a_design_with_washout_by_plain_loops(drop: int) -> None:
    protocol = with_changes(load_protocol("washout"), cohort={"patients": 3}, images={"enabled": False})
    truth = simulate_trial(protocol).truth
    found = truth.effects(CREAM, drop)[DROPPED]
    assert truth.patient_ids == ["1", "2", "3"]
    for patient, value in zip(truth.patient_ids, found, strict=True):
        days = truth.days.filter(pl.col("patient_id") == patient).to_dicts()
        begun = {row["block"]: row["day"] for row in reversed(days)}
        kept = [row for row in days if row["day"] >= begun[row["block"]] + drop]
        cream, other = ([r["severity_true"] for r in kept if r["treatment"] == x] for x in ("Cream", "Antibiotics"))
        assert len(cream) == len(other) == 3 * (14 - drop)
        assert value == pytest.approx(sum(cream) / len(cream) - sum(other) / len(other), abs=1e-12)


def test_a_written_dataset_has_the_truth_of_its_plan(written: Path, pictured: Trial) -> None:
    truth = Truth.of_dataset(Dataset(str(written)))
    assert truth.patient_ids == pictured.truth.patient_ids
    ours, theirs = pictured.truth.effects(CREAM, 3), truth.effects(CREAM, 3)
    for estimand in (REALISED, DROPPED, STEADY):
        np.testing.assert_allclose(theirs[estimand], ours[estimand], rtol=0, atol=1e-9)
    rows = read_study(written).rows
    np.testing.assert_allclose(truth.severity(rows), pictured.truth.severity(rows), atol=1e-9)
    np.testing.assert_array_equal(truth.lesions(rows), pictured.truth.lesions(rows))


def test_truth_follows_the_rows_asked_for(pictured: Trial) -> None:
    rows = pictured.study.rows.filter(pl.col("day") != 4).sample(fraction=1.0, shuffle=True, seed=1)
    days = {(p, d): (s, n) for p, d, s, n in pictured.truth.days.select(
        "patient_id", "day", "severity_true", "n_inflammatory").iter_rows()}  # fmt: skip
    asked = list(rows.select("patient_id", "day").iter_rows())
    assert pictured.truth.severity(rows).tolist() == [days[key][0] for key in asked]
    assert pictured.truth.lesions(rows).tolist() == [days[key][1] for key in asked]


def test_a_dataset_without_truth_is_refused(written: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", "observations.csv"):
        (tmp_path / name).write_bytes((written / name).read_bytes())
    with pytest.raises(DatasetError, match="truth"):
        Truth.of_dataset(Dataset(str(tmp_path)))


def test_words_of_an_estimate_name_its_estimand() -> None:
    assert estimand_of("realised contrast") == REALISED
    assert estimand_of(dropped(7)) == DROPPED
    assert estimand_of("steady state") == STEADY
    assert estimand_of("none") == ""
