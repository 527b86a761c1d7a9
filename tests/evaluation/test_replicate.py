"""A trial in memory is the dataset that would have been written; a replicate can be made alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from nof1sim.analysis.analyze import Settings
from nof1sim.analysis.course import NAN
from nof1sim.analysis.study import read_study
from nof1sim.evaluation import replicate
from nof1sim.evaluation.replicate import FAST_TESTS, Trial, measure, replicate_of, scored_by, simulate_trial
from nof1sim.evaluation.truth import Truth
from nof1sim.protocol import with_changes
from nof1sim.render.procedural import ProceduralRenderer

from .conftest import small_protocol

QUICK = Settings(tests=FAST_TESTS)


def test_rows_are_those_of_the_written_dataset(pictured: Trial, written: Path) -> None:
    theirs = read_study(written)
    assert_frame_equal(pictured.study.rows.drop("image"), theirs.rows.drop("image"))
    assert pictured.study.baseline == theirs.baseline == "Baseline"
    assert pictured.study.scored == theirs.scored == "AcneSeverity"


def test_pictures_are_those_of_the_written_dataset_byte_for_byte(pictured: Trial, written: Path) -> None:
    theirs = read_study(written)
    names = zip(pictured.study.rows["image"], theirs.rows["image"], strict=True)
    pairs = [(pictured.study.read(ours), theirs.read(written_one)) for ours, written_one in names]
    assert len(pairs) == 3 * 35
    assert all(ours == other for ours, other in pairs)
    assert len({ours for ours, _ in pairs}) == len(pairs)


def test_pictures_change_no_score_and_no_truth(pictured: Trial) -> None:
    plain = simulate_trial(small_protocol())
    assert plain.study.photographed.is_empty()
    assert_frame_equal(plain.study.rows.drop("image"), pictured.study.rows.drop("image"))
    assert_frame_equal(plain.truth.days, pictured.truth.days)
    assert_frame_equal(plain.truth.patients, pictured.truth.patients)


def test_a_lost_photograph_is_not_drawn(renderer: ProceduralRenderer) -> None:
    protocol = small_protocol(cohort={"patients": 1}, observation={"missing": {"mcar": 0.3}})
    trial = simulate_trial(protocol, renderer)
    lost = trial.truth.days["image_missing"]
    assert lost.any()
    assert (trial.study.rows["image"].is_null() == lost).all()


def test_replicates_differ_in_the_seed_alone() -> None:
    protocol = small_protocol()
    seeds = [replicate_of(protocol, number).seed for number in range(50)]
    assert len({protocol.seed, *seeds}) == 51
    assert replicate_of(protocol, 7) == with_changes(protocol, seed=seeds[7])
    assert replicate_of(with_changes(protocol, seed=1), 7).seed != seeds[7]


def test_measured_rows(pictured: Trial) -> None:
    rows = pl.DataFrame(list(measure(pictured, ("score", "oracle", "redness"), QUICK)), infer_schema_length=None)
    assert rows["pipeline"].unique(maintain_order=True).to_list() == ["score", "oracle", "redness"]
    for (_, level, method), part in rows.group_by("pipeline", "level", "method"):
        ids = part["patient"].to_list()
        assert ids == ([""] if level == "pooled" else ["1", "2", "3"]), method
    welch = rows.filter(method="welch_t", pipeline="score")
    assert welch["truth"].to_list() == pytest.approx(pictured.truth.patients["realised_contrast"].to_list())
    pooled = rows.filter(method="two_stage", pipeline="score")
    assert pooled["truth"].item() == pytest.approx(pictured.truth.patients["realised_contrast"].mean())
    r = dict(rows.select("pipeline", "r").unique().iter_rows())
    assert r["oracle"] > 0.9
    assert r["score"] > 0.9


def test_scores_of_one_pipeline_do_not_depend_on_the_others(pictured: Trial) -> None:
    together = scored_by(pictured, ("redness", "texture", "score"), QUICK)
    for one in together:
        (alone,) = scored_by(pictured, (one.name,), QUICK)
        np.testing.assert_array_equal(alone.values, one.values)


def test_an_estimand_without_days_has_no_truth_and_no_warning() -> None:
    rows = measure(simulate_trial(small_protocol()), ("score",), Settings(tests=("welch_t",), drop_days=7))
    dropped = [row for row in rows if "dropped" in row["estimand"]]
    assert dropped
    assert all(np.isnan(row["truth"]) and np.isnan(row["estimate"]) for row in dropped)


def test_the_truth_is_asked_for_only_beside_the_result(pictured: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates are the same when the truth says something else."""

    def numbers(trial: Trial, names: Sequence[str]) -> list[tuple[float, ...]]:
        return [(row["estimate"], row["p"]) for row in measure(trial, names, QUICK)]

    wrong = Truth(pictured.truth.patients, pictured.truth.days.with_columns(pl.col("severity_true").reverse()))
    a, b = (numbers(Trial(pictured.study, truth), ("score", "redness")) for truth in (pictured.truth, wrong))
    np.testing.assert_array_equal(a, b)
    monkeypatch.setattr(replicate, "follow", lambda *_: (NAN, NAN, 1.0))
    np.testing.assert_array_equal(a, numbers(pictured, ("score", "redness")))
