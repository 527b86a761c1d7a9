"""Exposure, lags, dropped days, searched time constants, and the warnings."""

from __future__ import annotations

import numpy as np
import pytest
from nof1sim_test_trials import B_MINUS_A, make

from nof1sim.analysis.course import Contrast, Course
from nof1sim.analysis.stats import carryover
from nof1sim.analysis.stats.carryover_search import exposure_searched
from nof1sim.analysis.stats.exposure import coapm_columns, exposure, lagged
from nof1sim.analysis.stats.warn import leaning, warnings
from nof1sim.errors import AnalysisError


def test_exposure_is_the_closed_form_and_skips_no_missing_day():
    days = np.arange(1, 21)
    taken = days <= 10
    x = exposure(days, taken, 5.0, 4.0)
    top = 1 - 0.8 ** np.arange(1, 11)
    np.testing.assert_allclose(x, np.r_[top, top[-1] * 0.75 ** np.arange(1, 11)])
    keep = np.array([0, 3, 4, 9, 10, 17])
    np.testing.assert_allclose(exposure(days[keep], taken[keep], 5.0, 4.0), x[keep])


def test_exposure_at_once_is_the_indicator_and_half_a_dose_settles_between():
    taken = np.array([0, 1, 1, 0, 1])
    np.testing.assert_array_equal(exposure(np.arange(5), taken, 1.0, 1.0), taken)
    assert exposure(np.arange(500), np.full(500, 0.5), 4.0, 4.0)[-1] == pytest.approx(0.5)


def test_coapm_equals_the_recursion_while_one_run_back_is_all_there_is():
    course = make(np.random.default_rng(0), days=56, block=28)  # A then B, nothing before
    a, b = coapm_columns(course, ("A", "B"), 5.0, 5.0).T
    np.testing.assert_allclose(b, exposure(course.day, course.treatment == "B", 5.0, 5.0))
    np.testing.assert_allclose(a, exposure(course.day, course.treatment == "A", 5.0, 5.0))


def test_lags_count_days_not_rows():
    course = make(np.random.default_rng(0), days=56, block=28)
    thin = course.where(course.day != 30)
    np.testing.assert_array_equal(lagged(thin, "B", 3)[thin.day == 31][0], [1, 1, 1, 0])


def test_estimators_reach_their_estimands_without_noise():
    rng = np.random.default_rng(1)
    course = make(rng, block=14, tau=5.0, effect=1.0)
    clean = make(np.random.default_rng(1), block=14, tau=5.0, effect=0.0).score
    course = Course("1", course.day, course.score - clean * 0.99, course.treatment, course.period)
    found = carryover.exposure_gls(course, B_MINUS_A, tau=5.0, gamma=5.0)
    assert found.estimate == pytest.approx(1.0, abs=0.02)
    assert found.estimand == "steady state"
    dropped = carryover.drop_first(course, B_MINUS_A, k=7)
    assert 0.6 < dropped.estimate < 0.95
    assert dropped.estimand == "realised contrast, first 7 days of each period dropped"
    assert dropped.n == 70
    lags = carryover.distributed_lag(course, B_MINUS_A)
    assert dropped.estimate - 0.15 < lags.estimate < 1.0
    assert carryover.coapm(course, B_MINUS_A, tau=5.0, gamma=5.0).estimate == pytest.approx(1.0, abs=0.1)


def test_default_k_follows_the_length_of_the_periods():
    rng = np.random.default_rng(2)
    assert carryover.default_k(make(rng, block=28)) == 7
    assert carryover.default_k(make(rng, block=7)) == 3


def test_search_finds_the_time_constant_and_its_p_is_not_the_naive_one():
    course = make(np.random.default_rng(3), days=280, block=28, tau=5.0, effect=4.0, phi=0.3)
    found = exposure_searched(course, B_MINUS_A, tied=True, repeats=59)
    assert found.extra["tau"] == 5.0
    assert found.low < 4.0 < found.high
    assert found.p == pytest.approx(1 / 60)
    null = exposure_searched(make(np.random.default_rng(4), phi=0.3, block=14), B_MINUS_A, tied=True, repeats=59)
    assert null.p >= null.extra["naive_p"]


def test_time_constants_below_a_day_are_refused():
    with pytest.raises(AnalysisError, match="tau"):
        carryover.exposure_gls(make(np.random.default_rng(0)), B_MINUS_A, tau=0.5, gamma=2.0)


def test_warnings_name_what_is_wrong():
    slow = make(np.random.default_rng(5), block=14, tau=6.0, effect=8.0)
    told = " ".join(warnings(slow, B_MINUS_A, tau=6.0))
    assert "less than 3 tau" in told
    assert "bare treatment indicator" in told
    assert "plain difference of means" in told
    assert warnings(make(np.random.default_rng(6), effect=1.0), B_MINUS_A) == ()
    assert leaning(0.5, 0.1, 1.0)
    assert not leaning(0.9, 0.1, 1.0)


def test_the_published_trial_says_what_is_known_of_it(reference):
    from nof1sim.analysis.stats.pooled import POOLED

    _, (y, _, group, day), (treatment, block) = reference("acne10x140")
    block = np.array(block)
    courses = [
        Course(str(g), day[group == g].astype(int), y[group == g], treatment[group == g], block[group == g])
        for g in np.unique(group)
    ]
    contrast = Contrast("Cream", "Antibiotics")
    days = {"tau": {"Antibiotics": 4.0, "Cream": 3.0}, "gamma": {"Antibiotics": 5.0, "Cream": 4.0}}
    for name, options, estimate, se in (
        ("mixed_intercept", {}, 0.508, 0.024),
        ("mixed_intercept_ar1", {}, 0.079, 0.036),
        ("mixed_full", {}, 0.079, 0.0375),
        ("two_stage", {}, 0.508, 0.076),
        ("mixed_exposure", days, 0.989, 0.104),
        ("mixed_dropped", {}, 0.811, 0.1206),
    ):
        found = POOLED[name].run(courses, contrast, **options)
        assert found.estimate == pytest.approx(estimate, abs=5e-4), name
        assert found.se == pytest.approx(se, abs=5e-4), name
    assert any("phi" in text for course in courses for text in warnings(course, contrast))
