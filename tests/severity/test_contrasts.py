"""The truth table per patient, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.model import NO_ARM
from nof1sim.severity import make_cohort, make_schedule, true_contrasts
from nof1sim.severity.trajectory import simulate_trajectories

QUICK = {"wash_in_days": 1.0, "wash_out_days": 1.0, "patient_sd": 0.0, "period_sd": 0.0}


def truth_of(protocol, schedule, **given):
    cohort = make_cohort(protocol)
    found = simulate_trajectories(protocol, cohort, schedule)
    return true_contrasts(protocol, cohort, schedule, found, **given), found, cohort


def test_a_hand_worked_case(protocol_of, schedule_of):
    arms = {"antibiotic": QUICK | {"effect": -2.5}, "cream": QUICK | {"effect": -1.0}}
    severity = {"nonspecific": {"effect": -0.74}, "response_wobble": {"sd": 0.0}}
    protocol = protocol_of(2, severity=severity, treatments=arms)
    truth, _, _ = truth_of(protocol, schedule_of(protocol, [(NO_ARM, 5), (0, 5), (1, 5)]))
    expected = {
        "effect_antibiotic": -2.5,
        "effect_cream": -1.0,
        "steady_untreated": 2.26,  # once begun, the placebo response stays
        "steady_antibiotic": 0.0,  # 3 - .74 - 2.5, cut at 0
        "steady_cream": 1.26,
        "steady_contrast": 1.26,
        "realised_untreated": 3.0,
        "realised_antibiotic": 0.0,
        "realised_cream": 1.26,
        "realised_contrast": 1.26,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(truth[name], [value] * 2, atol=1e-12, err_msg=name)
    assert truth["responder"].tolist() == [True, True]
    assert set(truth) == {*expected, "responder"}


def test_carry_over_makes_the_realised_contrast_smaller(protocol_of, schedule_of, seed_design):
    protocol = protocol_of(200)
    schedule = schedule_of(protocol, seed_design)
    truth, found, cohort = truth_of(protocol, schedule)
    expected = [
        found.severity[i][schedule.arm[i] == 1].mean() - found.severity[i][schedule.arm[i] == 0].mean()
        for i in range(200)
    ]
    np.testing.assert_allclose(truth["realised_contrast"], expected, atol=1e-12)
    assert truth["realised_contrast"].mean() < 0.7 * truth["steady_contrast"].mean()
    steady = np.clip(3 - 0.74 + cohort.effects["cream"], 0, 3) - np.clip(3 - 0.74 + cohort.effects["antibiotic"], 0, 3)
    np.testing.assert_allclose(truth["steady_contrast"], steady, atol=1e-12)
    np.testing.assert_array_equal(truth["responder"], np.abs(steady) >= 0.5)
    assert 0.5 < truth["responder"].mean() < 1.0


def test_the_steady_level_is_where_a_long_trial_ends(protocol_of, schedule_of):
    """Fractional dose, slow times, own placebo effect and a covariate: the closed form is the simulation's limit."""
    severity = {
        "baseline": {"mean": 2.5, "sd": 0.1},
        "nonspecific": {"effect": -0.3, "wash_in_days": 9.0, "patient_sd": 0.1},
        "response_wobble": {"sd": 0.0},
        "covariates": [{"name": "site", "mean": 2.0, "varies": "per_patient", "effect": 0.1}],
    }
    arms = {"cream": {"effect": -0.8, "wash_in_days": 12.0, "wash_out_days": 20.0, "dose": 0.6, "period_sd": 0.0}}
    protocol = protocol_of(5, severity=severity, treatments=arms)
    truth, found, cohort = truth_of(protocol, schedule_of(protocol, [(NO_ARM, 1), (1, 900)]))
    np.testing.assert_allclose(truth["steady_cream"], found.severity[:, -1], atol=1e-9)
    placebo = cohort.numbers["nonspecific"]
    np.testing.assert_allclose(truth["steady_untreated"], found.severity[:, 0] + placebo, atol=1e-9)


def test_the_responder_threshold_counts_as_reached(protocol_of, schedule_of):
    arms = {"antibiotic": QUICK | {"effect": -1.5}, "cream": QUICK | {"effect": -1.0}}
    at, above = (protocol_of(2, severity={"responder_contrast": limit}, treatments=arms) for limit in (0.5, 0.51))
    schedule = schedule_of(at, [(0, 3), (1, 3)])
    assert truth_of(at, schedule)[0]["responder"].all()
    assert not truth_of(above, schedule)[0]["responder"].any()


SINGLE = {"arms": ["cream"], "sequence": "custom", "custom": "A-A-", "cycles": 1, "period_days": 28}


def test_a_single_arm_is_compared_with_no_treatment(protocol_of, schedule_of):
    """The contrast holds the arm's effect alone: the placebo response stays on the days without it."""
    severity = {"response_wobble": {"sd": 0.0}}
    protocol = protocol_of(3, design=SINGLE, severity=severity, treatments={"cream": QUICK | {"effect": -0.99}})
    truth = truth_of(protocol, schedule_of(protocol, [(NO_ARM, 10), (0, 20), (NO_ARM, 20)]))[0]
    for name in ("steady_contrast", "realised_contrast"):
        np.testing.assert_allclose(truth[name], -0.99, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(truth["realised_untreated"], (10 * 3.0 + 20 * 2.26) / 30, atol=1e-12)
    run_in_only = truth_of(protocol, schedule_of(protocol, [(NO_ARM, 10), (0, 5)]))[0]
    assert np.isnan(run_in_only["realised_contrast"]).all(), "effect and placebo cannot be told apart"
    np.testing.assert_allclose(run_in_only["realised_untreated"], 3.0, atol=1e-12)
    never = truth_of(protocol, schedule_of(protocol, [(0, 5)]))[0]
    assert np.isnan(never["realised_contrast"]).all()
    assert np.isnan(never["realised_untreated"]).all()


def test_a_single_arm_without_effect_has_no_responders(protocol_of):
    protocol = protocol_of(20, design=SINGLE | {"counterfactual": "zero_effect"})
    truth = truth_of(protocol, make_schedule(protocol))[0]
    assert not truth["steady_contrast"].any()
    assert not truth["responder"].any()
    assert np.abs(truth["realised_contrast"]).max() < 0.1  # wobble


@pytest.mark.parametrize("placebo", [{}, {"washes_out": True, "wash_out_days": 9.0}, {"starts": "enrolment"}])
def test_a_single_arm_is_the_same_trial_as_one_with_an_off_arm(protocol_of, placebo):
    severity = {"nonspecific": placebo}
    single = protocol_of(30, design=SINGLE | {"baseline_days": 0}, severity=severity)
    two = {"arms": ["off", "cream"], "sequence": "baba", "cycles": 2, "period_days": 28, "baseline_days": 0}
    paired = protocol_of(30, design=two, severity=severity, treatments={"off": "off"})
    alone, with_off = (truth_of(protocol, make_schedule(protocol))[0] for protocol in (single, paired))
    for one, other in (("untreated", "off"), ("cream", "cream"), ("contrast", "contrast")):
        for kind in ("steady", "realised"):
            np.testing.assert_allclose(alone[f"{kind}_{one}"], with_off[f"{kind}_{other}"], atol=1e-12)
    np.testing.assert_array_equal(alone["responder"], with_off["responder"])


@pytest.mark.parametrize(
    ("placebo", "contrast"),
    [
        ({}, np.nan),
        ({"effect": 0.0}, -0.8),
        ({"starts": "enrolment"}, -0.8),
        ({"washes_out": True}, -1.54),  # where it comes and goes with the arm, it is a part of what the arm does
    ],
)
def test_which_untreated_days_a_single_arm_is_compared_with(protocol_of, schedule_of, placebo, contrast):
    severity = {"nonspecific": {"wash_out_days": 1.0} | placebo, "response_wobble": {"sd": 0.0}}
    protocol = protocol_of(2, design=SINGLE, severity=severity, treatments={"cream": QUICK | {"effect": -0.8}})
    truth = truth_of(protocol, schedule_of(protocol, [(NO_ARM, 10), (0, 20)]))[0]
    np.testing.assert_allclose(truth["realised_contrast"], contrast, atol=1e-12)
    np.testing.assert_allclose(truth["steady_contrast"], -0.8 if np.isnan(contrast) else contrast, atol=1e-12)


def test_contact_begins_when_the_first_dose_is_taken(protocol_of, schedule_of):
    severity = {"adherence": {"mean": 0.3, "concentration": 1000.0}, "response_wobble": {"sd": 0.0}}
    protocol = protocol_of(40, design=SINGLE, severity=severity, treatments={"cream": QUICK | {"effect": 0.0}})
    schedule = schedule_of(protocol, [(NO_ARM, 3), (0, 1), (NO_ARM, 3), (0, 20), (NO_ARM, 3)])
    truth, found, _ = truth_of(protocol, schedule)
    early = found.taken["cream"][:, 3] > 0
    assert 0 < early.sum() < 40
    for i in range(40):
        untreated = np.r_[4:7, 27:30] if early[i] else np.r_[27:30]
        expected = found.severity[i][schedule.arm[i] == 0].mean() - found.severity[i][untreated].mean()
        assert truth["realised_contrast"][i] == pytest.approx(expected, abs=1e-12)


def test_an_arm_of_dose_0_starts_no_placebo_response(protocol_of, schedule_of):
    severity = {"response_wobble": {"sd": 0.0}}
    protocol = protocol_of(2, design=SINGLE, severity=severity, treatments={"cream": {"dose": 0.0}})
    truth, found, _ = truth_of(protocol, schedule_of(protocol, [(0, 50)]))
    np.testing.assert_allclose(truth["steady_cream"], found.severity[:, -1], atol=1e-12)
    assert not truth["steady_contrast"].any()


def test_days_that_the_study_does_not_have_are_no_truth(protocol_of, schedule_of, seed_design):
    protocol = protocol_of(3)
    schedule = schedule_of(protocol, seed_design)
    exists = np.arange(140) < np.array([[140], [90], [30]])
    severity = np.where(exists, np.linspace(0.0, 3.0, 140), np.nan)
    truth = truth_of(protocol, schedule, severity=severity, exists=exists)[0]
    for arm, code in (("untreated", NO_ARM), ("antibiotic", 0), ("cream", 1)):
        for i in range(3):
            days = severity[i][exists[i] & (schedule.arm[i] == code)]
            expected = days.mean() if days.size else np.nan
            np.testing.assert_allclose(truth[f"realised_{arm}"][i], expected, atol=1e-12)
    assert np.isnan(truth["realised_contrast"]).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("settings", "off", "before"),
    [
        ({}, 2.26, 3.0),  # once begun, the placebo response stays, in the off periods too
        ({"washes_out": True, "wash_out_days": 1.0}, 3.0, 3.0),
        ({"starts": "enrolment"}, 2.26, 2.26),
    ],
)
def test_off_arms_and_the_placebo_response(protocol_of, schedule_of, settings, off, before):
    arms = {"antibiotic": {"effect": 0.0, "active": False, "patient_sd": 0.0}, "cream": QUICK | {"effect": -1.0}}
    severity = {"nonspecific": {"effect": -0.74} | settings, "response_wobble": {"sd": 0.0}}
    protocol = protocol_of(2, severity=severity, treatments=arms)
    truth, found, _ = truth_of(protocol, schedule_of(protocol, [(NO_ARM, 1), (1, 5), (0, 5)]))
    np.testing.assert_allclose(truth["steady_antibiotic"], off, atol=1e-12)
    np.testing.assert_allclose(found.severity[:, -1], off, atol=1e-12)
    np.testing.assert_allclose(truth["steady_untreated"], off, atol=1e-12)
    np.testing.assert_allclose(found.severity[:, 0], before, atol=1e-12)
    np.testing.assert_allclose(truth["steady_cream"], 1.26, atol=1e-12)


def test_zero_effect_twins_have_no_contrast(protocol_of, schedule_of, seed_design):
    protocol = protocol_of(4, design={"counterfactual": "zero_effect"})
    truth = truth_of(protocol, schedule_of(protocol, seed_design))[0]
    assert not truth["steady_contrast"].any()
    assert not truth["responder"].any()
    np.testing.assert_allclose(truth["steady_cream"], 2.26, atol=1e-12)


def test_birth_rates_need_the_conditions_map(protocol_of, schedule_of, seed_design):
    arms = {"antibiotic": "clinical/adapalene_bpo", "cream": "clinical/vehicle"}
    protocol = protocol_of(6, "clinical", treatments=arms)
    schedule = schedule_of(protocol, seed_design)
    with pytest.raises(ValueError, match="severity_of_count"):
        truth_of(protocol, schedule)
    severity = np.ones(schedule.arm.shape)
    truth, _, cohort = truth_of(protocol, schedule, severity=severity, severity_of_count=lambda n: n / 50)
    vehicle = cohort.numbers["x0"] * np.exp(cohort.numbers["nonspecific"]) / 50
    np.testing.assert_allclose(truth["steady_cream"], np.clip(vehicle, 0, 3), atol=1e-12)
    assert (truth["steady_contrast"] > 0).all()  # arms[1] is the vehicle
    assert not truth["realised_contrast"].any()
