"""Who takes part: quotas, ranges, individual effects, and that nobody depends on anybody else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1sim.severity.cohort import FITZPATRICK, ITA_LIMITS_DEG, make_cohort
from nof1sim.severity.quotas import block_counts, quota_classes


def same(one, other, rows=slice(None)):
    assert one.patients == other.patients[rows]
    for name in ("effects", "numbers"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_array_equal(a[key], b[key][rows], err_msg=key)


def test_one_more_patient_changes_nobody(protocol_of):
    same(make_cohort(protocol_of(33, "clinical")), make_cohort(protocol_of(34, "clinical")), slice(33))


@pytest.mark.parametrize(("first", "count"), [(0, 1), (31, 2), (5, 60), (64, 36), (99, 1), (50, 0)])
def test_a_range_alone_gives_the_same_people(protocol_of, first, count):
    whole = make_cohort(protocol_of(100, "clinical"))
    same(make_cohort(protocol_of(100, "clinical"), first, count), whole, slice(first, first + count))


def test_count_defaults_to_the_rest(protocol_of):
    assert [p.key for p in make_cohort(protocol_of(5), first=3).patients] == ["P004", "P005"]


def test_names_are_the_users_own_or_numbers(protocol_of):
    assert [p.patient_id for p in make_cohort(protocol_of(2)).patients] == ["1", "2"]
    named = protocol_of(cohort={"patients": 2, "ids": ["ann", "bob"]})
    assert [p.patient_id for p in make_cohort(named, first=1).patients] == ["bob"]


def test_an_arm_more_moves_nothing(protocol_of):
    two = protocol_of(40)
    three = protocol_of(
        40,
        design={"arms": ["third", "cream", "antibiotic"], "sequence": "latin_square"},
        treatments={"third": {"effect": -1.0, "patient_sd": 0.5}},
    )
    one, other = make_cohort(two), make_cohort(three)
    for arm in one.effects:
        np.testing.assert_array_equal(one.effects[arm], other.effects[arm])
    for name in one.numbers:
        np.testing.assert_array_equal(one.numbers[name], other.numbers[name])


def test_another_seed_is_another_cohort(protocol_of):
    one, other = make_cohort(protocol_of(seed=1)), make_cohort(protocol_of(seed=2))
    assert [p.age_years for p in one.patients] != [p.age_years for p in other.patients]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 8), min_size=1).filter(lambda w: sum(w.values()) > 0),
    st.integers(0, 3),
)
def test_quotas_are_exact_in_every_block(weights, seed):
    counts = block_counts({name: float(weight) for name, weight in weights.items()})
    size = sum(counts)
    codes = quota_classes(seed, "sex", {name: float(weight) for name, weight in weights.items()}, 0, 3 * size)
    for block in codes.reshape(3, size):
        assert np.bincount(block, minlength=len(counts)).tolist() == counts
    shares = np.array(list(weights.values())) / sum(weights.values())
    np.testing.assert_allclose(np.array(counts) / size, shares, atol=1e-9)


def test_the_order_within_blocks_is_drawn():
    blocks = quota_classes(3, "sex", {"F": 1.0, "M": 1.0}, 0, 4000).reshape(-1, 2)
    assert blocks[:, 0].mean() == pytest.approx(0.5, abs=0.04)


@given(st.integers(0, 300), st.integers(0, 100))
def test_quotas_of_any_range(first, count):
    weights = {"F": 2.0, "M": 1.0}
    whole = quota_classes(3, "sex", weights, 0, 400)
    np.testing.assert_array_equal(quota_classes(3, "sex", weights, first, count), whole[first : first + count])


def test_weights_that_no_small_block_holds_use_the_largest_remainders():
    assert block_counts({"a": 1.0, "b": float(np.sqrt(2.0))}) == [41, 59]


def test_quotas_do_not_depend_on_the_order_of_the_document(protocol_of):
    one = protocol_of(24, cohort={"sex": {"F": 2.0, "M": 1.0}, "fitzpatrick": {"II": 1.0, "V": 3.0}})
    other = protocol_of(24, cohort={"sex": {"M": 1.0, "F": 2.0}, "fitzpatrick": {"V": 3.0, "II": 1.0}})
    assert [(p.sex, p.fitzpatrick) for p in make_cohort(one).patients] == [
        (p.sex, p.fitzpatrick) for p in make_cohort(other).patients
    ]


def test_quotas_of_the_cohort(protocol_of):
    patients = make_cohort(protocol_of(60, cohort={"sex": {"F": 2.0, "M": 1.0}})).patients
    assert sum(p.sex == "F" for p in patients) == 40
    assert np.bincount([p.fitzpatrick for p in patients], minlength=7).tolist() == [0, *[10] * 6]


def test_traits_keep_to_their_ranges(protocol_of):
    patients = make_cohort(protocol_of(600, cohort={"age_years": {"low": 16, "high": 40}})).patients
    ages = np.array([p.age_years for p in patients])
    assert ages.min() >= 16
    assert ages.max() <= 40
    assert np.mean(ages < 22) > np.mean(ages > 34) + 0.2  # younger is likelier
    for p in patients:
        low, high = ITA_LIMITS_DEG[FITZPATRICK[p.fitzpatrick - 1]]
        assert low <= p.ita_deg <= high
    assert np.ptp([p.ita_deg for p in patients if p.fitzpatrick == 5]) > 30


def test_score_effects_are_normal_around_the_arms(protocol_of):
    cohort = make_cohort(protocol_of(20_000))
    assert cohort.effects["cream"].mean() == pytest.approx(-0.99, abs=0.01)
    assert cohort.effects["cream"].std() == pytest.approx(0.39, rel=0.03)
    correlation = np.corrcoef(cohort.effects["cream"], cohort.effects["antibiotic"])[0, 1]
    assert abs(correlation) < 0.03


def test_birth_rate_effects_multiply_and_keep_their_mean(protocol_of):
    cohort = make_cohort(protocol_of(40_000, "clinical", treatments={"cream": "clinical/benzoyl_peroxide"}))
    effect, comedone = cohort.effects["cream"], cohort.numbers["comedone_effect_cream"]
    assert (effect < 0).all()
    assert effect.mean() == pytest.approx(-0.5667, rel=0.03)  # -.50 / (.75 / .85)
    assert np.log(-effect).std() == pytest.approx(0.75, rel=0.03)
    np.testing.assert_allclose(comedone / effect, comedone[0] / effect[0])  # one b for both


def test_baseline_counts_are_truncated_lognormal(protocol_of):
    baseline = {"mean": 27.0, "sd": 0.32, "low": 20.0, "high": 60.0}
    numbers = make_cohort(protocol_of(20_000, "clinical", severity={"baseline": baseline})).numbers
    x0 = numbers["x0"]
    assert x0.min() >= 20
    assert x0.max() <= 60
    assert np.median(x0) == pytest.approx(29.0, abs=0.6)  # median 27 before the cut at 20
    np.testing.assert_array_equal(numbers["baseline_count"], x0)
    assert np.median(numbers["comedone_ratio"]) == pytest.approx(1.5, rel=0.02)
    assert not make_cohort(protocol_of(3)).numbers["baseline_count"].any()


def test_cycles_belong_to_a_share_of_women(protocol_of):
    cohort = make_cohort(protocol_of(8000, "clinical"))
    woman = np.array([p.sex == "F" for p in cohort.patients])
    member = cohort.numbers["cycle_amplitude"] > 0
    assert not member[~woman].any()
    assert member[woman].mean() == pytest.approx(0.55, abs=0.03)
    assert cohort.numbers["cycle_phase_days"].min() >= 0
    assert cohort.numbers["cycle_phase_days"].max() < 28


def test_adherence_means_are_beta(protocol_of):
    mean = make_cohort(protocol_of(8000, "clinical")).numbers["adherence_mean"]
    assert mean.mean() == pytest.approx(0.75, abs=0.01)
    assert mean.var() == pytest.approx(0.75 * 0.25 / 9, rel=0.06)
    assert (make_cohort(protocol_of(3)).numbers["adherence_mean"] == 1.0).all()


@pytest.mark.parametrize("parameters", ["hettich2024", "clinical"])
def test_twins_switch_effects_off_and_share_the_rest(protocol_of, parameters):
    fact, zero, none = (
        make_cohort(protocol_of(12, parameters, design={"counterfactual": twin}))
        for twin in ("factual", "zero_effect", "no_treatment")
    )
    assert fact.patients == zero.patients == none.patients
    assert fact.effects["cream"].all()
    assert not zero.effects["cream"].any()
    assert not none.effects["cream"].any()
    np.testing.assert_array_equal(zero.numbers["nonspecific"], fact.numbers["nonspecific"])
    assert fact.numbers["nonspecific"].all()
    assert not none.numbers["nonspecific"].any()
    for name in ("x0", "comedone_ratio", "adherence_mean", "cycle_phase_days"):
        np.testing.assert_array_equal(none.numbers[name], fact.numbers[name])
