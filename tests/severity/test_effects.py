"""The pure curves, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1sim.randomness import stream
from nof1sim.severity import effects

TIMES = st.floats(1.0, 60.0)


def course(dose, form, tau, gamma, target=-2.0):
    dose = np.asarray(dose, dtype=float)[:, None]
    return effects.response(dose, np.full(dose.shape, target), form, tau, gamma)[:, 0]


@given(TIMES, TIMES)
def test_forms_agree_at_full_and_no_dose(tau, gamma):
    dose = [0, 1, 1, 1, 0, 0, 1, 0]
    np.testing.assert_allclose(
        course(dose, "exponential", tau, gamma), course(dose, "recursion", tau, gamma), atol=1e-9
    )


def test_exponential_has_the_closed_form():
    tau, gamma, days = 5.0, 8.0, 40
    washed = course([1] * days + [0] * days, "exponential", tau, gamma)
    day = np.arange(1, days + 1)
    up = -2.0 * (1.0 - 2.0 ** (-day / half_life_days(tau)))
    np.testing.assert_allclose(washed[:days], up, atol=1e-12)
    np.testing.assert_allclose(washed[days:], up[-1] * 2.0 ** (-day / half_life_days(gamma)), atol=1e-12)


def test_exponential_with_part_doses_solves_the_differential_equation():
    tau, gamma, dose, steps = 6.0, 9.0, 0.4, 20_000
    k_in, k_out = -np.log(1 - 1 / tau), -np.log(1 - 1 / gamma)
    x = 0.0
    for _ in range(3 * steps):  # Euler, three days
        x += (dose * k_in * (-2.0 - x) - (1 - dose) * k_out * x) / steps
    assert course([dose] * 3, "exponential", tau, gamma)[-1] == pytest.approx(x, abs=1e-4)


def half_life_days(tau):
    return np.log(2.0) / effects.rate_per_day(tau)


@pytest.mark.parametrize("form", ["recursion", "exponential"])
def test_time_constants_of_1_act_at_once(form):
    np.testing.assert_array_equal(course([0, 1, 1, 0, 1], form, 1.0, 1.0), [0, -2, -2, 0, -2])


@pytest.mark.parametrize("form", ["recursion", "exponential"])
@pytest.mark.parametrize("dose", [0.25, 0.8, 1.0])
def test_steady_share_is_the_long_run(form, dose):
    long_run = course([dose] * 2000, form, 12.0, 30.0)[-1]
    assert long_run == pytest.approx(-2.0 * effects.steady_share(dose, form, 12.0, 30.0), abs=1e-9)


def test_half_lives_of_the_documented_table():
    table = {3: 1.7, 5: 3.1, 10: 6.6, 20: 13.5, 28: 19.1, 45: 30.8}
    assert {tau: round(half_life_days(tau), 1) for tau in table} == table


@pytest.mark.parametrize(("sd", "phi"), [(0.3, 0.9), (1.2, -0.5), (0.5, 0.0)])
def test_ar1_is_stationary_from_day_1(sd, phi):
    a = effects.ar1(stream(1, "ar1").standard_normal((30, 20_000)), sd, phi)
    np.testing.assert_allclose(a.std(axis=1), sd, rtol=0.04)
    lag_1 = (a[1:] * a[:-1]).mean() / a.var()
    assert lag_1 == pytest.approx(phi, abs=0.02)


def test_walk_begins_at_0_and_spreads_as_the_root_of_time():
    r = effects.walk(stream(1, "walk").standard_normal((101, 20_000)), 0.01, 0.05)
    assert not r[0].any()
    assert r[100].mean() == pytest.approx(1.0, abs=0.02)
    assert r[100].std() == pytest.approx(0.5, rel=0.03)


def test_cycle_flares_on_the_last_days():
    c = effects.cycle(56, np.array([0.5, 0.0]), np.array([0.0, 3.0]), 28.0, 9.0)
    np.testing.assert_array_equal(c[:, 0], ([0.0] * 19 + [0.5] * 9) * 2)
    assert not c[:, 1].any()


@pytest.mark.parametrize(("mean", "persistence"), [(0.75, 0.5), (0.2, 0.8), (0.5, 0.0)])
def test_on_off_chain_has_its_mean_and_lag_1(mean, persistence):
    on = effects.on_off_chain(stream(1, "chain").standard_normal((20, 20_000)), np.full(20_000, mean), persistence)
    assert set(np.unique(on)) == {0.0, 1.0}
    np.testing.assert_allclose(on.mean(axis=1), mean, atol=0.015)
    lag_1 = ((on[1:] - mean) * (on[:-1] - mean)).mean() / (mean * (1 - mean))
    assert lag_1 == pytest.approx(persistence, abs=0.02)


def test_on_off_chain_of_always_and_never():
    on = effects.on_off_chain(stream(1, "chain").standard_normal((50, 2)), np.array([1.0, 0.0]), 0.5)
    assert on[:, 0].all()
    assert not on[:, 1].any()
