"""The mixed model's likelihood against dense algebra, its gradient, its boundary and its tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, multivariate_normal

from nof1sim.analysis.stats.crosscheck import random_intercept
from nof1sim.analysis.stats.likelihood import evaluate, pose
from nof1sim.analysis.stats.mixed import blups, fit_mixed, likelihood_ratio, patient_effects
from nof1sim.errors import AnalysisError


def data(rng, groups=4, days=30, sd=(1.0, 0.7), whole=True):
    group = np.repeat(np.arange(groups), days)
    time = np.concatenate(
        [np.sort(rng.choice(60, days, replace=False) if whole else 60 * rng.random(days)) for _ in range(groups)]
    ).astype(float)
    x = np.column_stack([np.ones(groups * days), rng.random(groups * days) < 0.5]).astype(float)
    b = rng.standard_normal((groups, 2)) * sd
    return (x @ [2.0, 1.0]) + (x * b[group]).sum(axis=1) + rng.standard_normal(groups * days), x, group, time


def dense(fit, y, x, z, group, time):
    """Covariance of all rows from the fit's own numbers."""
    apart = np.abs(time[:, None] - time[None, :])
    phi, nugget = (0.0 if np.isnan(v) else v for v in (fit.phi, fit.nugget))
    r = (1 - nugget) * np.power(phi, apart) + nugget * np.eye(y.size) if phi else np.eye(y.size)
    return (group[:, None] == group[None, :]) * (z @ fit.G @ z.T + fit.sigma**2 * r)


@pytest.mark.parametrize("residual", ["independent", "ar1", "car1", "ar1_nugget"])
@pytest.mark.parametrize("slopes", ["full", "diagonal"])
def test_likelihood_and_standard_errors_are_those_of_dense_algebra(residual, slopes):
    y, x, group, time = data(np.random.default_rng(5), whole=residual != "car1")
    fit = fit_mixed(y, x, x, group, time, names=["a", "b"], residual=residual, slopes=slopes, method="ml")
    v = dense(fit, y, x, x, group, time)
    inverse = np.linalg.inv(v)
    cov = np.linalg.inv(x.T @ inverse @ x)
    np.testing.assert_allclose(fit.cov, cov, rtol=1e-8)
    np.testing.assert_allclose(fit.beta, cov @ x.T @ inverse @ y, rtol=1e-8)
    np.testing.assert_allclose(fit.loglik, multivariate_normal(x @ fit.beta, v).logpdf(y), atol=1e-7)
    z_all = np.hstack([x * (group == g)[:, None] for g in range(4)])
    g_all = np.kron(np.eye(4), fit.G)
    np.testing.assert_allclose(blups(fit).value.ravel(), g_all @ z_all.T @ inverse @ (y - x @ fit.beta), atol=1e-8)
    p = inverse - inverse @ x @ cov @ x.T @ inverse
    errors = g_all - g_all @ z_all.T @ p @ z_all @ g_all  # Var(predicted - true)
    np.testing.assert_allclose(blups(fit).se.ravel() ** 2, np.diag(errors), atol=1e-8)
    own = patient_effects(fit, [0.0, 1.0], [0.0, 1.0])
    crossed = -cov @ x.T @ inverse @ z_all @ g_all
    j = np.arange(1, 8, 2)
    np.testing.assert_allclose(own.se[:, 0] ** 2, cov[1, 1] + np.diag(errors)[j] + 2 * crossed[1, j], atol=1e-8)


@pytest.mark.parametrize("residual", ["independent", "ar1", "car1", "ar1_nugget"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("sigma2", [None, 0.7])
def test_gradient_is_the_likelihoods(residual, reml, sigma2):
    rng = np.random.default_rng(6)
    y, x, group, time = data(rng)
    problem = pose(y, x, x, group, time, residual, False, reml)
    theta = 0.3 * rng.standard_normal(problem.size) + 0.4
    numeric = [
        (evaluate(problem, theta + h, sigma2).deviance - evaluate(problem, theta - h, sigma2).deviance) / 2e-5
        for h in 1e-5 * np.eye(problem.size)
    ]
    np.testing.assert_allclose(evaluate(problem, theta, sigma2).gradient, numeric, rtol=1e-5, atol=1e-6)


def test_a_shift_and_a_scale_change_nothing_else():
    y, x, group, time = data(np.random.default_rng(7))
    a = fit_mixed(y, x, x, group, time, names=["a", "b"], residual="ar1")
    b = fit_mixed(1e6 + 100.0 * y, x, x, group, time, names=["a", "b"], residual="ar1")
    np.testing.assert_allclose(b.beta - [1e6, 0], 100 * a.beta, rtol=1e-6)
    np.testing.assert_allclose([b.phi, *b.se / 100], [a.phi, *a.se], rtol=1e-5)


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(8)
    y, x, group, time = data(rng)
    mixed = rng.permutation(y.size)
    a = fit_mixed(y, x, x, group, time, names=["a", "b"], residual="ar1_nugget")
    b = fit_mixed(y[mixed], x[mixed], x[mixed], group[mixed], time[mixed], names=["a", "b"], residual="ar1_nugget")
    np.testing.assert_allclose(a.se, b.se, rtol=1e-6)


def test_no_variance_between_patients_is_an_honest_boundary():
    rng = np.random.default_rng(3)
    y, x, group, time = data(rng, sd=(0.0, 0.0), groups=6)
    y -= np.array([y[group == g].mean() for g in range(6)])[group] * 0.999  # less spread of means than chance gives
    fit = fit_mixed(y, x, x[:, :1], group, time, names=["a", "b"])
    assert fit.singular
    assert fit.converged
    assert fit.G[0, 0] == 0.0
    assert "singular" in fit.message


def test_random_walk_ends_at_the_limit_and_says_so():
    rng = np.random.default_rng(9)
    y = np.cumsum(rng.standard_normal(100)) + np.linspace(0, 40, 100) ** 2
    fit = fit_mixed(y, np.ones((100, 1)), np.zeros((100, 0)), np.zeros(100), np.arange(100), names=["a"],
                    residual="ar1")  # fmt: skip
    assert fit.phi > 0.999


def test_likelihood_ratio_on_the_boundary():
    y, x, group, time = data(np.random.default_rng(10), groups=8)
    small = fit_mixed(y, x, x[:, :1], group, time, names=["a", "b"])
    large = fit_mixed(y, x, x, group, time, names=["a", "b"])
    found = likelihood_ratio(large, small)
    statistic = 2 * (large.loglik - small.loglik)
    assert found.df == (1, 2)
    assert found.p == pytest.approx(0.5 * chi2.sf(statistic, 1) + 0.5 * chi2.sf(statistic, 2))
    ar1 = fit_mixed(y, x, x[:, :1], group, time, names=["a", "b"], residual="ar1")
    assert likelihood_ratio(ar1, small).df == (1,)
    with pytest.raises(AnalysisError, match="method='ml'"):
        likelihood_ratio(fit_mixed(y, x[:, :1], x[:, :1], group, time, names=["a"]), small)


@pytest.mark.parametrize("reml", [True, False])
def test_statsmodels_agrees_on_a_random_intercept(reml):
    y, x, group, time = data(np.random.default_rng(11), groups=8)
    ours = fit_mixed(y, x, x[:, :1], group, time, names=["a", "b"], method="reml" if reml else "ml")
    theirs = random_intercept(y, x, group, reml=reml)
    assert theirs.usable
    np.testing.assert_allclose(ours.se, theirs.se, rtol=1e-3)
    np.testing.assert_allclose(ours.G[0, 0], theirs.variance, rtol=1e-2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": np.ones((40, 2))}, "rank"),
        ({"y": np.full(40, 3.0)}, "variation"),
        ({"y": np.r_[np.nan, np.zeros(39)]}, "finite"),
        ({"time": np.r_[0, 0, np.arange(2, 40)]}, "twice"),
        ({"time": np.arange(40) / 3}, "car1"),
        ({"residual": "ar2"}, "ar1_nugget"),
        ({"names": ["a"]}, "column per name"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, said):
    rng = np.random.default_rng(12)
    given = {
        "y": rng.standard_normal(40),
        "x": np.c_[np.ones(40), rng.random(40)],
        "z": np.ones((40, 1)),
        "group": np.repeat([0, 1], 20),
        "time": np.arange(40.0),
        "names": ["a", "b"],
        "residual": "ar1",
    } | change
    with pytest.raises(AnalysisError, match=said):
        fit_mixed(**given)
