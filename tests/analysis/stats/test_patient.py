"""Tests for one patient: against scipy and statsmodels, by enumeration, and on data that allow no estimate."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
from nof1sim_test_trials import B_MINUS_A, make
from scipy import stats

from nof1sim.analysis.course import Contrast, Course
from nof1sim.analysis.stats.design import cell_means, weights
from nof1sim.analysis.stats.table import TESTS


@pytest.fixture
def course():
    return make(np.random.default_rng(1), effect=0.5, phi=0.5)


def arms(course):
    return course.score[course.treatment == "B"], course.score[course.treatment == "A"]


@pytest.mark.parametrize(("name", "equal"), [("student_t", True), ("welch_t", False)])
def test_t_tests_are_scipys(course, name, equal):
    known = stats.ttest_ind(*arms(course), equal_var=equal)
    found = TESTS[name].run(course, B_MINUS_A)
    interval = known.confidence_interval()
    np.testing.assert_allclose(
        [found.statistic, found.p, found.df, found.low, found.high],
        [known.statistic, known.pvalue, known.df, interval.low, interval.high],
    )


def test_mann_whitney_has_scipys_p_and_the_median_difference(course):
    found = TESTS["mann_whitney"].run(course, B_MINUS_A)
    a, b = arms(course)
    assert found.p == stats.mannwhitneyu(a, b).pvalue
    assert found.estimate == np.median(np.subtract.outer(a, b))
    assert found.low < found.estimate < found.high


def test_glsar_is_statsmodels(course):
    from statsmodels.regression.linear_model import GLSAR

    x, labels = cell_means(course)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = GLSAR(course.score, x, rho=1).iterative_fit(maxiter=60, rtol=1e-8)
        theirs = known.t_test(weights(labels, B_MINUS_A))
    found = TESTS["glsar"].run(course, B_MINUS_A)
    np.testing.assert_allclose([found.estimate, found.se], [theirs.effect.item(), theirs.sd.item()], rtol=1e-6)
    np.testing.assert_allclose([found.p, found.df], [theirs.pvalue.item(), theirs.df_denom], rtol=1e-5)


def test_hac_is_statsmodels(course):
    from statsmodels.regression.linear_model import OLS

    x, labels = cell_means(course)
    found = TESTS["hac"].run(course, B_MINUS_A)
    options = {"maxlags": int(found.extra["lag"]), "use_correction": True}
    known = OLS(course.score, x).fit(cov_type="HAC", cov_kwds=options, use_t=True).t_test(weights(labels, B_MINUS_A))
    np.testing.assert_allclose([found.se, found.p], [known.sd.item(), known.pvalue.item()], rtol=1e-8)


def test_fixed_b_law_has_the_published_critical_value():
    from nof1sim.analysis.stats.hac import fixed_b_law

    # Kiefer & Vogelsang 2005, table 1, Bartlett: 97.5 % at b is 1.9600 + 2.9694 b + 0.4160 b2 - 0.5324 b3.
    known = 1.96 + 2.9694 * 0.5 + 0.4160 * 0.25 - 0.5324 * 0.125
    assert np.quantile(fixed_b_law(), 0.95) == pytest.approx(known, rel=0.03)


def test_serial_t_without_correlation_is_the_t_test():
    course = make(np.random.default_rng(2), effect=0.5)
    serial, plain = TESTS["serial_t"].run(course, B_MINUS_A), TESTS["student_t"].run(course, B_MINUS_A)
    assert serial.estimate == pytest.approx(plain.estimate)
    assert serial.se == pytest.approx(plain.se, rel=0.35)
    assert abs(serial.extra["phi"]) < 0.25


def test_block_t_pairs_periods_that_come_in_pairs(course):
    two_sample = TESTS["block_t"].run(course, B_MINUS_A)  # ABABA
    assert two_sample.df == 3
    paired = TESTS["block_t"].run(course.where(course.period <= 4), B_MINUS_A)
    means = [course.score[course.period == p].mean() for p in (1, 2, 3, 4)]
    known = stats.ttest_rel([means[1], means[3]], [means[0], means[2]])
    np.testing.assert_allclose([paired.df, paired.p], [1, known.pvalue])


def test_randomisation_counts_the_arrangements_of_pairs():
    course = make(np.random.default_rng(3), days=112, block=14, effect=0.6)  # four pairs
    found = TESTS["randomisation"].run(course, B_MINUS_A)
    means = np.array([course.score[course.period == p].mean() for p in range(1, 9)]).reshape(4, 2)
    differences = means[:, 1] - means[:, 0]
    all_of_them = [abs(np.dot(signs, differences)) for signs in product([-1, 1], repeat=4)]
    assert found.p == np.mean(np.array(all_of_them) >= abs(differences.sum()) - 1e-12)
    assert found.extra["smallest_p"] == 2 / 16
    assert "cannot be below" in found.note


def test_randomisation_of_unpaired_periods_and_monte_carlo():
    found = TESTS["randomisation"].run(make(np.random.default_rng(4), effect=9.0), B_MINUS_A)  # ABABA
    assert found.extra["arrangements"] == 10
    assert found.p == 0.1
    many = make(np.random.default_rng(4), days=280, block=7, effect=9.0)  # 20 pairs
    found = TESTS["randomisation"].run(many, B_MINUS_A)
    assert found.p == pytest.approx(1 / 10_001)
    assert found.note == ""


def test_permutation_of_few_days_is_exact():
    course = make(np.random.default_rng(8), days=12, block=3, effect=1.0)  # 924 choices of six days
    known = stats.permutation_test(arms(course), lambda a, b, axis: a.mean(axis) - b.mean(axis), vectorized=True)
    found = TESTS["permutation"].run(course, B_MINUS_A)
    assert found.estimate == pytest.approx(known.statistic)
    assert found.p == pytest.approx(known.pvalue)
    assert found.extra == {"smallest_p": 2 / 924, "arrangements": 924.0}


def test_permutation_of_many_days_nears_the_t_test_and_repeats_itself():
    course = make(np.random.default_rng(9), days=60, block=15, effect=0.5)
    found = TESTS["permutation"].run(course, B_MINUS_A)
    assert found == TESTS["permutation"].run(course, B_MINUS_A)
    assert found.p == pytest.approx(TESTS["student_t"].run(course, B_MINUS_A).p, abs=0.015)
    assert found.p != 1 / 10_000
    shifted = Course("1", course.day, course.score + 1e6, course.treatment, course.period)
    assert TESTS["permutation"].run(shifted, B_MINUS_A).p == found.p


@pytest.mark.parametrize("name", list(TESTS))
def test_every_test_finds_a_large_effect_and_not_its_opposite_sign(name):
    course = make(np.random.default_rng(5), days=168, block=14, effect=3.0, phi=0.3)
    found, turned = (TESTS[name].run(course, c) for c in (B_MINUS_A, Contrast("A", "B")))
    assert found.estimate == pytest.approx(3.0, abs=0.6)
    assert found.p < 0.01 or found.p == found.extra["smallest_p"]
    assert found.n == 168
    assert found.method == name
    assert found.estimand == TESTS[name].estimand
    if name != "mann_whitney":
        assert turned.estimate == pytest.approx(-found.estimate)
    if name not in ("randomisation", "gls_bootstrap"):
        assert turned.p == pytest.approx(found.p, rel=1e-6, abs=1e-300)


def spoilt(kind: str) -> Course:
    course = make(np.random.default_rng(6))
    if kind == "one treatment":
        return course.where(course.treatment == "A")
    if kind == "three days":
        return course.where((course.treatment == "A") | (course.day % 28 == 1))
    if kind == "empty":
        return course.where(np.zeros(140, bool))
    score = np.full(140, 2.0) if kind == "constant" else np.where(course.treatment == "A", 1.0, 2.0)
    return Course("1", course.day, score, course.treatment, course.period)


@pytest.mark.parametrize("kind", ["one treatment", "three days", "empty", "constant", "two constants"])
@pytest.mark.parametrize("name", list(TESTS))
def test_no_estimate_is_a_reason_not_an_error(name, kind):
    found = TESTS[name].run(spoilt(kind), B_MINUS_A)
    assert np.isnan(found.estimate)
    assert np.isnan(found.p)
    assert found.note


@pytest.mark.parametrize("name", list(TESTS))
def test_few_and_missing_days_are_no_error(name):
    rng = np.random.default_rng(7)
    course = make(rng, days=16, block=4, phi=0.5)
    TESTS[name].run(course, B_MINUS_A)
    found = TESTS[name].run(course.where(rng.permutation(16) < 13), B_MINUS_A)
    assert np.isfinite(found.estimate)
    assert 0 < found.p <= 1 or name == "block_t"
