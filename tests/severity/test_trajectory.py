"""The daily model: sinot's recursion as a special case, sums, invariances, twins, adherence, the placebo response."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.model import NO_ARM, Schedule
from nof1sim.severity import draws, drive_of, make_cohort, part_names, saturation, saturation_warning
from nof1sim.severity.trajectory import simulate_trajectories

PLAIN = {
    "severity": {
        "baseline": {"mean": 3.0, "sd": 0.0},
        "nonspecific": {"effect": 0.0},
        "response_wobble": {"sd": 0.0},
    },
    "treatments": {
        "antibiotic": {"effect": -2.39, "wash_in_days": 5.3, "wash_out_days": 7.2, "patient_sd": 0.0},
        "cream": {"effect": -0.78, "wash_in_days": 2.1, "wash_out_days": 2.9, "patient_sd": 0.0, "period_sd": 0.0},
    },
}
"""Nothing random, nothing clipped."""


def simulate(protocol, schedule):
    return simulate_trajectories(protocol, make_cohort(protocol, 0, schedule.arm.shape[0]), schedule)


def sinot_state(days, effect, tau, gamma, given):
    """sinot's exposure recursion in plain Python (Gaertner et al. 2023), one exposure."""
    states, x = [], 0.0
    for day in range(days):
        x = x + (effect - x) / tau if given[day] else x - x / gamma
        states.append(x)
    return states


def test_the_plain_model_is_sinots_recursion(protocol_of, schedule_of, seed_design):
    protocol = protocol_of(3, **PLAIN)
    schedule = schedule_of(protocol, seed_design)
    found = simulate(protocol, schedule)
    arm = schedule.arm[0].tolist()
    a = sinot_state(140, -2.39, 5.3, 7.2, [code == 0 for code in arm])
    c = sinot_state(140, -0.78, 2.1, 2.9, [code == 1 for code in arm])
    expected = [3.0 + x + y for x, y in zip(a, c, strict=True)]
    np.testing.assert_allclose(found.latent, np.tile(expected, (3, 1)), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.severity, found.latent)


@pytest.mark.parametrize("form", ["recursion", "exponential"])
def test_time_constants_of_1_switch_at_once(protocol_of, schedule_of, seed_design, form):
    quick = {"wash_in_days": 1.0, "wash_out_days": 1.0}
    arms = {arm: PLAIN["treatments"][arm] | quick for arm in ("antibiotic", "cream")}
    protocol = protocol_of(2, severity=PLAIN["severity"] | {"form": form}, treatments=arms)
    schedule = schedule_of(protocol, seed_design)
    expected = 3.0 + np.choose(schedule.arm + 1, [0.0, -2.39, -0.78])
    np.testing.assert_allclose(simulate(protocol, schedule).latent, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("parameters", ["hettich2024", "clinical"])
def test_parts_add_up_to_the_latent(protocol_of, schedule_of, seed_design, full, parameters):
    protocol = protocol_of(25, parameters, **(full if parameters == "hettich2024" else {}))
    found = simulate(protocol, schedule_of(protocol, seed_design))
    assert tuple(found.parts) == part_names(protocol)
    np.testing.assert_allclose(sum(found.parts.values()), found.latent, rtol=0, atol=1e-12)
    if parameters == "hettich2024":
        assert all(part.any() for part in found.parts.values())
        assert found.unit == "severity"
        np.testing.assert_array_equal(found.severity, np.clip(found.latent, 0, 3))


def test_the_wobble_multiplies_the_response(protocol_of, schedule_of, seed_design, full):
    protocol = protocol_of(200, **full)
    parts = simulate(protocol, schedule_of(protocol, seed_design)).parts
    response = parts["nonspecific"] + parts["effect_antibiotic"] + parts["effect_cream"]
    assert not parts["wobble"][:, :28].any()
    u = parts["wobble"][:, 60:] / response[:, 60:]
    assert u.std() == pytest.approx(0.1, rel=0.1)


def test_more_days_patients_and_options_move_nothing(protocol_of, schedule_of, seed_design, full):
    protocol = protocol_of(40, **full)
    whole = simulate(protocol, schedule_of(protocol, seed_design))
    shorter = simulate(protocol, schedule_of(protocol, seed_design[:3]))
    fewer = simulate(protocol, schedule_of(protocol, seed_design, 39))
    for name, part in whole.parts.items():
        np.testing.assert_array_equal(shorter.parts[name], part[:, :84], err_msg=name)
        np.testing.assert_array_equal(fewer.parts[name], part[:39], err_msg=name)
    np.testing.assert_array_equal(shorter.latent, whole.latent[:, :84])
    calm = {"severity": full["severity"] | {"drift": {"sd_per_day": 0.0}, "covariates": []}}
    other = simulate(protocol_of(40, **calm), schedule_of(protocol, seed_design))
    for name in ("fluctuation", "cycle", "wobble", "effect_cream"):
        np.testing.assert_array_equal(other.parts[name], whole.parts[name], err_msg=name)


def test_a_range_of_patients_alone_fares_the_same(protocol_of, schedule_of, seed_design, full):
    protocol = protocol_of(40, **full)
    whole = simulate(protocol, schedule_of(protocol, seed_design))
    some = simulate_trajectories(protocol, make_cohort(protocol, 30, 5), schedule_of(protocol, seed_design, 5))
    np.testing.assert_array_equal(some.latent, whole.latent[30:35])


def test_a_patient_alone_or_a_day_alone(protocol_of, schedule_of, seed_design, full):
    protocol = protocol_of(4, **full)
    whole = simulate(protocol, schedule_of(protocol, seed_design))
    np.testing.assert_array_equal(simulate(protocol, schedule_of(protocol, seed_design, 1)).latent, whole.latent[:1])
    np.testing.assert_array_equal(simulate(protocol, schedule_of(protocol, [(NO_ARM, 1)])).latent, whole.latent[:, :1])
    assert (simulate(protocol_of(1), schedule_of(protocol_of(1), [(NO_ARM, 1)])).latent == 3.0).all()


def test_an_unused_arm_moves_nothing(protocol_of, schedule_of, seed_design, full):
    two = protocol_of(9, **full)
    design = {"arms": ["antibiotic", "cream", "extra"], "sequence": "latin_square"}
    three = protocol_of(9, design=design, treatments={"extra": {"effect": -1.0}}, **full)
    one, other = (simulate(p, schedule_of(p, seed_design)) for p in (two, three))
    np.testing.assert_array_equal(one.latent, other.latent)
    assert not other.parts["effect_extra"].any()
    assert not other.taken["extra"].any()


def test_chunks_do_not_show(protocol_of, schedule_of, seed_design, full, monkeypatch):
    protocol = protocol_of(20, **full)
    whole = simulate(protocol, schedule_of(protocol, seed_design))
    monkeypatch.setattr(draws, "CHUNK", 7)
    np.testing.assert_array_equal(simulate(protocol, schedule_of(protocol, seed_design)).latent, whole.latent)


def test_period_effects_are_new_in_each_period_and_still_within(protocol_of, schedule_of):
    quick = {"effect": -1.0, "wash_in_days": 1.0, "wash_out_days": 1.0, "patient_sd": 0.0, "period_sd": 0.3}
    protocol = protocol_of(4000, treatments={"cream": quick})
    course = simulate(protocol, schedule_of(protocol, [(1, 3), (1, 2), (NO_ARM, 1), (1, 2)])).parts["effect_cream"]
    np.testing.assert_allclose(course[:, 0], course[:, 2], atol=1e-12)
    np.testing.assert_allclose(course[:, 3], course[:, 4], atol=1e-12)
    periods = course[:, [0, 3, 6]]
    np.testing.assert_allclose(periods.mean(axis=0), -1.0, atol=0.02)
    np.testing.assert_allclose(np.cov(periods.T), 0.09 * np.eye(3), atol=0.01)


@pytest.mark.parametrize("parameters", ["hettich2024", "clinical"])
def test_twins_share_all_other_numbers(protocol_of, schedule_of, seed_design, parameters):
    def twin(name):
        protocol = protocol_of(12, parameters, design={"counterfactual": name})
        periods = [(NO_ARM, days) for _, days in seed_design] if name == "no_treatment" else seed_design
        return simulate(protocol, schedule_of(protocol, periods))

    fact, zero, none = twin("factual"), twin("zero_effect"), twin("no_treatment")
    for name, part in fact.parts.items():
        if name.startswith("effect_"):
            assert part.any() or parameters == "clinical"
            assert not zero.parts[name].any()
        elif name != "wobble":
            np.testing.assert_array_equal(zero.parts[name], part, err_msg=name)
    assert zero.parts["nonspecific"].any()
    np.testing.assert_array_equal(zero.taken["cream"], fact.taken["cream"])
    silent = [name for name in none.parts if name.startswith("effect_") or name in ("nonspecific", "wobble")]
    assert not any(none.parts[name].any() for name in silent)
    np.testing.assert_array_equal(none.parts["fluctuation"], fact.parts["fluctuation"])


def test_a_schedule_without_arms(protocol_of, seed_design):
    protocol = protocol_of(3, design={"counterfactual": "no_treatment"})
    shape = (3, 10)
    nothing = np.full(shape, NO_ARM, np.int16)
    schedule = Schedule((), nothing, np.ones(shape, np.int16), ("Baseline",), np.zeros(shape, np.int16), ((),) * 3)
    assert (simulate(protocol, schedule).severity == 3.0).all()


def test_other_sequence_gets_the_same_luck_in_each_period(protocol_of, schedule_of):
    protocol = protocol_of(30, severity={"fluctuation": {"sd": 0.1, "phi": 0.9}})
    one = simulate(protocol, schedule_of(protocol, [(NO_ARM, 28), (0, 28), (1, 28)]))
    other = simulate(protocol, schedule_of(protocol, [(NO_ARM, 28), (1, 28), (0, 28)]))
    np.testing.assert_array_equal(one.parts["fluctuation"], other.parts["fluctuation"])
    np.testing.assert_array_equal(one.latent[:, :28], other.latent[:, :28])


def test_what_is_taken_follows_schedule_dose_and_adherence(protocol_of, schedule_of, seed_design):
    severity = {"adherence": {"mean": 0.6, "concentration": 20.0, "persistence": 0.4}}
    protocol = protocol_of(800, severity=severity, treatments={"cream": {"dose": 0.5}})
    schedule = schedule_of(protocol, seed_design)
    taken = simulate(protocol, schedule).taken
    assert not taken["antibiotic"][schedule.arm != 0].any()
    assert set(np.unique(taken["cream"])) == {0.0, 0.5}
    by_patient = (taken["antibiotic"][:, schedule.arm[0] == 0] > 0).mean(axis=1)
    assert by_patient.mean() == pytest.approx(0.6, abs=0.02)
    own_means = make_cohort(protocol).numbers["adherence_mean"]
    assert np.corrcoef(by_patient, own_means)[0, 1] > 0.7


def test_full_adherence_always_takes(protocol_of, schedule_of, seed_design):
    protocol = protocol_of(4)
    schedule = schedule_of(protocol, seed_design)
    np.testing.assert_array_equal(simulate(protocol, schedule).taken["cream"], (schedule.arm == 1).astype(float))


@pytest.mark.parametrize(
    ("settings", "off_is_active", "expected"),
    [
        ({}, True, [0, -1, -1, -1, -1, -1]),
        ({}, False, [0, 0, 0, -1, -1, -1]),
        ({"starts": "enrolment"}, False, [-1, -1, -1, -1, -1, -1]),
        ({"washes_out": True, "wash_out_days": 2.0}, False, [0, 0, 0, -1, -0.5, -0.25]),
    ],
)
def test_the_placebo_response_begins_with_the_first_active_treatment(
    protocol_of, schedule_of, settings, off_is_active, expected
):
    protocol = protocol_of(
        2,
        severity={"nonspecific": {"effect": -1.0, "wash_in_days": 1.0} | settings},
        treatments={"antibiotic": {"active": off_is_active}},
    )
    schedule = schedule_of(protocol, [(NO_ARM, 1), (0, 2), (1, 1), (0, 2)])
    np.testing.assert_allclose(simulate(protocol, schedule).parts["nonspecific"][0], expected, atol=1e-12)


def clinical(protocol_of, patients=20, **parts):
    arms = {"antibiotic": "clinical/oral_antibiotic", "cream": "clinical/vehicle"}
    return protocol_of(patients, "clinical", treatments=arms, **parts)


def test_birth_rates_are_relative_and_leave_severity_to_the_lesions(protocol_of, schedule_of, seed_design):
    protocol = clinical(protocol_of)
    schedule = schedule_of(protocol, seed_design)
    cohort = make_cohort(protocol)
    found = simulate_trajectories(protocol, cohort, schedule)
    assert found.unit == "log birth rate"
    assert found.severity is None
    assert not found.parts["baseline"].any()
    calm = found.latent - found.parts["fluctuation"] - found.parts["cycle"]
    np.testing.assert_allclose(calm[:, :28], 0.0, atol=1e-12)
    assert (calm[:, 60:] < -0.01).all()
    drive = drive_of(found, cohort, 4)
    np.testing.assert_array_equal(drive.log_rate, found.latent[4])
    np.testing.assert_array_equal(drive.comedone_log_rate, found.drive["comedone_log_rate"][4])
    assert (drive.severity, drive.days) == (None, 140)
    assert drive.baseline_count == cohort.numbers["x0"][4]


@pytest.mark.parametrize("wobble", [0.0, 0.2])
def test_comedones_answer_in_proportion(protocol_of, schedule_of, seed_design, wobble):
    """A course is linear in its effect: on the log scale the comedones' response is the papules', rescaled."""
    calm = {"fluctuation": {"sd": 0.0}, "cycle": {"amplitude": 0.0}, "response_wobble": {"sd": wobble, "phi": 0.9}}
    protocol = clinical(protocol_of, severity=calm)
    found = simulate(protocol, schedule_of(protocol, seed_design))
    antibiotic, placebo = protocol.treatments["antibiotic"], protocol.severity.nonspecific
    expected = found.parts["effect_antibiotic"] * antibiotic.comedone_effect / antibiotic.effect
    expected = expected + found.parts["nonspecific"] * placebo.comedone_effect / placebo.effect
    response = found.parts["nonspecific"] + found.parts["effect_antibiotic"]
    expected = expected * (1.0 + np.divide(found.parts["wobble"], response, where=response != 0, out=0 * response))
    np.testing.assert_allclose(found.drive["comedone_log_rate"], expected, atol=1e-12)


def test_birth_rate_period_effects_multiply_and_keep_the_mean(protocol_of, schedule_of):
    quick = {"effect": -1.0, "wash_in_days": 1.0, "wash_out_days": 1.0, "patient_sd": 0.0, "period_sd": 0.5}
    severity = {"adherence": {"mean": 1.0}}
    protocol = protocol_of(5000, "clinical", severity=severity, treatments={"antibiotic": quick})
    course = simulate(protocol, schedule_of(protocol, [(0, 1), (0, 1)])).parts["effect_antibiotic"]
    np.testing.assert_allclose(course.mean(axis=0), -1.0, atol=0.03)
    np.testing.assert_allclose(np.log(-course).std(axis=0), 0.5, rtol=0.03)


def test_the_drive_of_a_score_is_its_severity(protocol_of, schedule_of, seed_design):
    protocol = protocol_of(3)
    cohort, schedule = make_cohort(protocol), schedule_of(protocol, seed_design)
    found = simulate_trajectories(protocol, cohort, schedule)
    drive = drive_of(found, cohort, 2)
    np.testing.assert_array_equal(drive.severity, found.severity[2])
    assert drive.log_rate is None


def test_saturation_is_counted_and_told(protocol_of):
    protocol = protocol_of(2, severity={"saturation_warning": 0.3})
    severity = np.array([[0.0, 0.0, 1.0, 2.0, 3.0, np.nan], [1.0, 1.0, 1.0, 1.0, 1.0, np.nan]])
    assert saturation(severity, 0.0, 3.0) == (0.2, 0.1)
    assert saturation_warning(protocol, severity) is None
    text = saturation_warning(protocol, np.where(severity == 1.0, 3.0, severity))
    assert text is not None
    assert "90% of the days" in text
    assert "70% at 3" in text
    assert saturation(np.array([np.nan]), 0.0, 3.0) == (0.0, 0.0)
