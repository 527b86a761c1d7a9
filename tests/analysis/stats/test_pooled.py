"""Pooled estimators: what they return, who is left out, and each patient's own effect."""

from __future__ import annotations

import numpy as np
import pytest
from nof1sim_test_trials import B_MINUS_A, cohort, make
from scipy import stats

from nof1sim.analysis.course import Course, Effect
from nof1sim.analysis.stats.pooled import MODELS, POOLED, fit_pooled
from nof1sim.analysis.stats.stack import individual
from nof1sim.analysis.stats.two_stage import two_stage
from nof1sim.errors import AnalysisError

OPTIONS = {"tau": 3.0, "gamma": 3.0}


@pytest.fixture(scope="module")
def courses():
    return cohort(np.random.default_rng(1), effect=1.0, slope_sd=0.4, phi=0.4, tau=3.0)


@pytest.mark.parametrize("name", list(POOLED))
def test_each_finds_the_effect_and_names_its_estimand(courses, name):
    found = POOLED[name].run(courses, B_MINUS_A, **(OPTIONS if "exposure" in name else {}))
    assert found.method == name
    assert found.low < 1.1
    assert found.high > 0.8
    assert found.p < 0.01
    assert found.estimand == POOLED[name].estimand.replace("first k", "first 7")
    if "mixed" in name:
        assert found.extra["converged"] == 1.0


@pytest.mark.parametrize("name", list(POOLED))
@pytest.mark.parametrize("count", [0, 1])
def test_too_few_patients_is_a_reason(courses, name, count):
    found = POOLED[name].run(courses[:count], B_MINUS_A, **(OPTIONS if "exposure" in name else {}))
    assert np.isnan(found.estimate)
    assert found.note


def test_a_patient_without_an_estimate_is_left_out_and_named(courses):
    lost = make(np.random.default_rng(2), patient="lost")
    lost = lost.where(lost.treatment == "A")
    for name in ("mixed", "two_stage"):
        whole, short = (POOLED[name].run(c, B_MINUS_A) for c in (courses, [*courses, lost]))
        assert short.estimate == pytest.approx(whole.estimate)
        assert "lost" in short.note or "1 of 11" in short.note


def test_two_stage_is_the_one_sample_t(courses):
    effects = [Effect("x", "realised contrast", v, n=5) for v in (0.1, 0.5, 0.4)] + [Effect("x", "realised contrast")]
    found, known = two_stage(effects), stats.ttest_1samp([0.1, 0.5, 0.4], 0.0)
    np.testing.assert_allclose([found.p, found.df, found.n], [known.pvalue, 2, 15])
    assert "1 of 4" in found.note


def test_individual_effects_shrink_towards_the_mean(courses):
    fit, rows = fit_pooled(courses, B_MINUS_A)
    own = individual(fit, rows)
    plain = np.array([c.score[c.treatment == "B"].mean() - c.score[c.treatment == "A"].mean() for c in courses])
    values = np.array([effect.estimate for effect in own])
    assert values.std() < plain.std()
    assert np.corrcoef(values, plain)[0, 1] > 0.9
    assert values.mean() == pytest.approx(rows.c @ fit.beta, abs=1e-6)
    assert all(effect.low < effect.estimate < effect.high for effect in own)


def test_a_fit_that_cannot_be_is_refused(courses):
    with pytest.raises(AnalysisError, match="at least 2"):
        fit_pooled(courses[:1], B_MINUS_A, MODELS["mixed"])


@pytest.mark.parametrize("kind", ["whole grades", "yes or no", "far from zero", "mostly zero"])
def test_odd_scores_are_no_error_and_the_fit_knows_how_it_ended(kind):
    rng = np.random.default_rng(3)
    odd = {
        "whole grades": np.round,
        "yes or no": lambda s: (s > 0).astype(float),
        "far from zero": lambda s: 1e6 + 1e-3 * s,
        "mostly zero": lambda s: np.where(rng.random(s.size) < 0.8, 0.0, s),
    }[kind]
    trials = []
    for course in cohort(rng, 5, slope_sd=0.5, phi=0.95, days=42, block=7):
        score = Course(course.patient_id, course.day, odd(course.score), course.treatment, course.period)
        trials.append(score.where(rng.random(42) < 0.7))
    for name, estimator in POOLED.items():
        found = estimator.run(trials, B_MINUS_A, **(OPTIONS if "exposure" in name else {}))
        assert np.isfinite(found.p) or found.note
        assert found.extra.get("converged", 1.0) == 1.0, name
