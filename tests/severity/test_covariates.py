"""The covariate graph: same-day and lagged arrows, distributions, effects on the latent."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.model import NO_ARM
from nof1sim.protocol.severity import Covariate
from nof1sim.severity import make_cohort
from nof1sim.severity.covariates import simulate_covariates
from nof1sim.severity.trajectory import simulate_trajectories

KEYS = [f"P{i:03d}" for i in range(1, 1001)]


def simulated(*covariates, days=60, keys=KEYS):
    return simulate_covariates([Covariate(**c) for c in covariates], 5, keys, days)


GRAPH = [
    # Children before parents: the order of the document must not matter.
    {"name": "itch", "mean": 1.0, "sd": 0.5, "parents": [{"source": "stress", "coefficient": 2.0}]},
    {
        "name": "stress",
        "mean": 4.0,
        "sd": 0.3,
        "parents": [
            {"source": "heat", "coefficient": -0.5, "lag_days": 3},
            {"source": "itch", "coefficient": 0.1, "lag_days": 1},
        ],
    },
    {"name": "heat", "mean": 20.0, "sd": 4.0, "phi": 0.8},
]


def test_values_follow_the_graph():
    both = simulated(*GRAPH)
    alone = simulated(*({**c, "parents": []} for c in GRAPH))
    for day in range(60):
        heat = both["heat"][:, day - 3] if day >= 3 else 20.0
        itch = both["itch"][:, day - 1] if day >= 1 else 1.0
        stress = alone["stress"][:, day] - 0.5 * heat + 0.1 * itch
        np.testing.assert_allclose(both["stress"][:, day], stress, atol=1e-12)
        np.testing.assert_allclose(both["itch"][:, day], alone["itch"][:, day] + 2.0 * stress, atol=1e-12)


def test_order_patients_days_and_company_change_nothing():
    whole = simulated(*GRAPH)
    turned = simulated(*GRAPH[::-1], days=20, keys=KEYS[:7])
    for name in whole:
        np.testing.assert_array_equal(turned[name], whole[name][:7, :20])
    np.testing.assert_array_equal(simulated(GRAPH[2])["heat"], whole["heat"])


@pytest.mark.parametrize(
    ("distribution", "mean", "sd", "expected_sd"),
    [
        ("normal", 2.0, 0.7, 0.7),
        ("uniform", -1.0, 3.0, 3.0 / np.sqrt(3.0)),
        ("poisson", 3.5, 1.0, np.sqrt(3.5)),
        ("flag", 0.1, 1.0, 0.3),
    ],
)
def test_distributions(distribution, mean, sd, expected_sd):
    value = simulated({"name": "x", "distribution": distribution, "mean": mean, "sd": sd})["x"]
    assert value.mean() == pytest.approx(mean, abs=0.03)
    assert value.std() == pytest.approx(expected_sd, rel=0.02)
    if distribution == "uniform":
        assert value.min() >= -4
        assert value.max() <= 2
    if distribution in ("poisson", "flag"):
        assert (value == np.rint(value)).all()
    if distribution == "poisson":
        assert (value == 0).mean() == pytest.approx(np.exp(-3.5), abs=0.004)


def test_a_poisson_of_rate_0_is_0():
    parent = {"name": "p", "mean": -50.0, "sd": 1.0}
    child = {"name": "x", "distribution": "poisson", "mean": 2.0, "parents": [{"source": "p", "coefficient": 1.0}]}
    assert not simulated(parent, child)["x"].any()


def test_autocorrelation_limits_and_constancy():
    found = simulated(
        {"name": "slow", "phi": 0.9, "sd": 2.0},
        {"name": "cut", "low": -0.5, "high": 1.0},
        {"name": "constant", "mean": 5.0, "varies": "per_patient"},
    )
    slow = found["slow"]
    assert (slow[:, 1:] * slow[:, :-1]).mean() / slow.var() == pytest.approx(0.9, abs=0.02)
    assert found["cut"].min() == -0.5
    assert found["cut"].max() == 1.0
    assert (found["constant"] == found["constant"][:, :1]).all()
    assert found["constant"][:, 0].std() == pytest.approx(1.0, rel=0.1)


def test_effects_on_the_latent_are_lagged(protocol_of, schedule_of):
    covariates = [
        {"name": "heat", "mean": 20.0, "sd": 2.0, "effect": -0.02, "effect_lag_days": 4},
        {"name": "mood", "effect": 0.1},
        {"name": "seen"},
    ]
    protocol = protocol_of(6, severity={"covariates": covariates})
    schedule = schedule_of(protocol, [(NO_ARM, 15)])
    found = simulate_trajectories(protocol, make_cohort(protocol), schedule)
    heat = found.covariates["heat"]
    expected = -0.02 * np.hstack([np.full((6, 4), 20.0), heat[:, :-4]])
    np.testing.assert_allclose(found.parts["covariate_heat"], expected, atol=1e-12)
    np.testing.assert_allclose(found.latent, 3.0 + expected + 0.1 * found.covariates["mood"], atol=1e-12)
    assert set(found.covariates) == {"heat", "mood", "seen"}
    assert "covariate_seen" not in found.parts
    late = protocol_of(6, severity={"covariates": [{"name": "heat", "effect": 1.0, "effect_lag_days": 40}]})
    assert not simulate_trajectories(late, make_cohort(late), schedule).parts["covariate_heat"].any()
