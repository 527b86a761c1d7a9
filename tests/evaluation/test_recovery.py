"""An analysis beside the truth: scales, signs, coverage, and what nobody knows."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1sim.analysis.analyze import Settings, analyze, answer, carry_over
from nof1sim.analysis.course import Contrast, Effect
from nof1sim.analysis.result import Answer, Person, Scored
from nof1sim.analysis.study import read_study
from nof1sim.evaluation.folder import recover_from, truth_of
from nof1sim.evaluation.recovery import Found, Recovery, follow, of_answer, recover
from nof1sim.evaluation.replicate import Trial, simulate_trial
from nof1sim.evaluation.truth import Truth

from .conftest import CREAM, noiseless_protocol, small_protocol

QUICK = Settings(tests=("gls", "welch_t"), images=False)


@pytest.fixture(scope="module")
def exact() -> Trial:
    """Six patients whose recorded score is their severity."""
    return simulate_trial(noiseless_protocol())


def recorded(trial: Trial, factor: float = 1.0, shift: float = 0.0) -> Scored:
    rows = trial.study.rows
    return Scored("score", rows, factor * rows["score"].to_numpy().astype(float) + shift)


def recovered(trial: Trial, scored: Scored) -> Recovery:
    carry = carry_over(trial.study, CREAM, QUICK)
    return of_answer(answer(trial.study, scored, CREAM, carry, QUICK.tests), trial.truth, CREAM, carry.drop_days)


def test_a_score_without_noise_is_severity(exact: Trial) -> None:
    one = recovered(exact, recorded(exact))
    assert one.within_r == pytest.approx(1.0, abs=1e-9)
    assert one.pooled_r == pytest.approx(1.0, abs=1e-9)
    assert one.slope == pytest.approx(1.0, abs=1e-9)
    plain = next(f for f in one.found if f.method == "welch_t")
    assert (plain.n, plain.failed) == (6, 0)
    # A difference of means is the realised contrast itself, to the last digit.
    assert plain.rmse == pytest.approx(0.0, abs=1e-9)
    assert plain.covered == 1.0
    assert plain.estimate == pytest.approx(plain.truth, abs=1e-9)


def test_dropped_estimates_have_the_truth_of_the_same_days(exact: Trial) -> None:
    one = recovered(exact, recorded(exact))
    two_stage = next(f for f in one.found if f.method == "two_stage_dropped")
    assert two_stage.truth == pytest.approx(two_stage.estimate, abs=1e-9)
    assert two_stage.truth != pytest.approx(next(f.truth for f in one.found if f.method == "two_stage"), abs=0.01)


def test_noise_leaves_a_correlation_above_099_and_a_slope_of_1() -> None:
    trial = simulate_trial(small_protocol(observation={"recording_sd": 0.05}))
    within, pooled, slope = follow(recorded(trial), trial.truth, CREAM)
    assert 0.99 < within < 1
    assert 0.99 < pooled < 1
    assert slope == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("factor", "shift"), [(-2.0, 7.0), (0.01, -3.0)])
def test_effects_in_grades_forget_sign_and_scale(exact: Trial, factor: float, shift: float) -> None:
    noisy = simulate_trial(small_protocol())
    one, other = recovered(noisy, recorded(noisy)), recovered(noisy, recorded(noisy, factor, shift))
    assert other.slope == pytest.approx(factor * one.slope)
    assert other.within_r == pytest.approx(math.copysign(one.within_r, factor))
    assert (other.responders, other.signs, other.detected) == (one.responders, one.signs, one.detected)
    for a, b in zip(one.found, other.found, strict=True):
        assert (a.method, a.n, a.failed, a.truth) == (b.method, b.n, b.failed, pytest.approx(b.truth, nan_ok=True))
        # The mixed model is searched for, on either scale.
        assert b.estimate == pytest.approx(a.estimate, rel=2e-3, nan_ok=True)
        assert b.rmse == pytest.approx(a.rmse, rel=2e-3, abs=2e-3, nan_ok=True)
        assert b.covered == pytest.approx(a.covered, nan_ok=True)
        assert b.rejected == pytest.approx(a.rejected, nan_ok=True)


LABELS = ["A"] * 5 + ["B"] * 5


def made(steady: list[float], effects: list[Effect], pooled: Effect, factor: float = 1.0) -> Recovery:
    """Recovery of effects by hand: patient i goes from 0 under A to steady[i] under B at once."""
    people = [f"p{i}" for i in range(len(steady))]
    days = pl.concat(
        pl.DataFrame({"patient_id": p, "block": [1] * 5 + [2] * 5, "day": range(1, 11), "treatment": LABELS,
                      "arm": LABELS, "severity_true": [0.0] * 5 + [s] * 5, "n_inflammatory": 0})
        for p, s in zip(people, steady, strict=True)
    )  # fmt: skip
    table = pl.DataFrame({"patient_id": people, "steady_A": [0.0] * len(steady), "steady_B": steady})
    rows = days.select("patient_id", "day", "treatment", period="block")
    scored = Scored("s", rows, factor * days["severity_true"].to_numpy())
    each = tuple(Person(p, 10, (e,), None, ()) for p, e in zip(people, effects, strict=True))
    return of_answer(Answer(scored, (pooled,), each, ()), Truth(table, days), Contrast("B", "A"), 0)


def an(estimate: float, half: float = 0.1, p: float = 0.01, estimand: str = "realised contrast") -> Effect:
    return Effect("m", estimand, estimate, p=p, low=estimate - half, high=estimate + half)


def of_level(one: Recovery, level: str) -> Found:
    return next(f for f in one.found if f.level == level)


def test_coverage_by_hand() -> None:
    effects = [an(1.05), an(2.5), an(-0.52, p=0.5), Effect("m", "realised contrast", note="too few days")]
    one = made([1.0, 2.0, -0.5, 0.2], effects, an(0.8, half=0.2))
    patient = of_level(one, "patient")
    assert (patient.n, patient.failed) == (3, 1)
    assert patient.covered == pytest.approx(2 / 3)
    assert patient.rejected == pytest.approx(2 / 3)
    assert patient.truth == pytest.approx((1 + 2 - 0.5) / 3)
    assert patient.rmse == pytest.approx(math.sqrt((0.05**2 + 0.5**2 + 0.02**2) / 3))
    # The pooled truth is the mean of all four patients: 0.675.
    pooled = of_level(one, "pooled")
    assert (pooled.truth, pooled.covered) == (pytest.approx(0.675), 1.0)
    assert (one.responders, one.signs, one.detected) == (3, 3, 2)
    assert of_level(made([1.0], [an(1.0)], an(0.8)), "pooled").covered == 0.0


def test_coverage_of_a_score_that_falls_with_severity() -> None:
    effects = [an(-2.1, half=0.2), an(-5.0, half=0.2), an(2.0, half=0.2)]
    one = made([1.0, 2.0, 1.0], effects, an(-3.0), factor=-2.0)
    assert one.slope == pytest.approx(-2.0)
    patient = of_level(one, "patient")
    assert patient.covered == pytest.approx(1 / 3)
    assert patient.estimate == pytest.approx((1.05 + 2.5 - 1.0) / 3)
    assert (one.responders, one.signs) == (3, 2)


def test_an_interval_without_ends_is_in_no_share() -> None:
    open_ended = replace(an(1.0), low=math.nan, high=math.nan)
    patient = of_level(made([1.0, 1.0], [an(1.0), open_ended], an(1.0)), "patient")
    assert (patient.n, patient.covered) == (2, 1.0)


def test_an_estimand_that_the_truth_does_not_have() -> None:
    patient = of_level(made([1.0], [an(1.0, estimand="shift of location")], an(1.0)), "patient")
    assert math.isnan(patient.truth)
    assert math.isnan(patient.covered)
    assert math.isnan(patient.rmse)
    assert (patient.n, patient.estimate) == (1, pytest.approx(1.0))


def test_a_score_that_never_changes_has_no_slope_and_no_grades() -> None:
    one = made([1.0, 2.0], [an(0.0), an(0.0)], an(0.0), factor=0.0)
    assert math.isnan(one.within_r)
    assert math.isnan(one.slope)
    assert math.isnan(of_level(one, "patient").estimate)
    assert one.signs == one.detected == 0


def test_responders_have_half_a_grade() -> None:
    one = made([0.5, 0.49, -0.5], [an(0.5), an(0.49), an(0.3)], an(0.2))
    assert (one.responders, one.signs) == (2, 1)


def test_recovery_of_a_folder_and_none_without_truth(written: Path, tmp_path: Path) -> None:
    result = analyze(read_study(written), QUICK)
    (one,) = recover_from(str(written), result)
    assert one.score == "AcneSeverity"
    assert one.within_r > 0.9
    assert (one,) == recover(result, truth_of(str(written)) or pytest.fail("no truth"))
    blind = tmp_path / "blind"
    shutil.copytree(written, blind, ignore=shutil.ignore_patterns("truth", "images"))
    assert recover_from(str(blind), analyze(read_study(blind), QUICK)) == ()
    table = tmp_path / "table" / "observations.csv"
    table.parent.mkdir()
    shutil.copy(written / "observations.csv", table)
    assert truth_of(str(table.parent)) is None
    assert truth_of(str(table)) is None


def test_missing_days_are_left_out_of_both_sides(exact: Trial) -> None:
    scored = recorded(exact)
    values = np.where(exact.study.rows["day"].to_numpy() % 5 == 0, np.nan, scored.values)
    within, _, slope = follow(replace(scored, values=values), exact.truth, CREAM)
    assert (within, slope) == (pytest.approx(1.0), pytest.approx(1.0))


def test_the_slope_is_that_of_the_days_compared(exact: Trial) -> None:
    """A score that bends before the first treatment keeps its slope."""
    scored = recorded(exact)
    values = np.where(exact.study.rows["treatment"].to_numpy() == "Baseline", 0.0, scored.values)
    assert follow(replace(scored, values=values), exact.truth, CREAM)[2] == pytest.approx(1.0)
