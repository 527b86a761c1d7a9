"""Schedules: what each design gives, that any range of patients stands alone, and what cutting does."""

from __future__ import annotations

import itertools
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1sim.errors import ProtocolError
from nof1sim.model import NO_ARM, Schedule
from nof1sim.protocol import Protocol, load_protocol, protocol_from
from nof1sim.severity.schedule import cut, fit_default, make_schedule, timeline
from nof1sim.severity.schedule_count import admissible
from nof1sim.severity.schedule_letters import williams
from nof1sim.severity.schedule_restricted import all_restricted, count_restricted, draw_restricted

TWO_ARM = ("abab", "baba", "thue_morse", "randomized_pairs")
ANY_ARM = ("counterbalanced", "restricted", "latin_square")


def trial(patients: int = 10, arms: int = 2, seed: int = 0, **design: object) -> Protocol:
    names = ["a", "b", "c", "d", "e", "f"][:arms]
    return protocol_from(
        {
            "seed": seed,
            "cohort": {"patients": patients},
            "design": {"arms": names, "period_days": 3, "baseline_days": 2} | design,
            "treatments": {name: {"label": name.upper()} for name in names},
        }
    )


def words(schedule: Schedule) -> list[str]:
    """The treated blocks of each patient as letters."""
    return ["".join(label for label in row if len(label) == 1) for row in schedule.sequences]


def same(one: Schedule, two: Schedule) -> bool:
    arrays = all(np.array_equal(getattr(one, n), getattr(two, n)) for n in ("arm", "block", "label"))
    return arrays and one.sequences == two.sequences and one.labels == two.labels


@pytest.mark.parametrize(("sequence", "word"), [("abab", "ABABABAB"), ("baba", "BABABABA"), ("thue_morse", "ABBABAAB")])
def test_fixed_orders(sequence: str, word: str) -> None:
    assert set(words(make_schedule(trial(sequence=sequence, cycles=4)))) == {word}


def test_randomized_pairs_draw_every_pair_of_every_patient() -> None:
    found = Counter(words(make_schedule(trial(4000, sequence="randomized_pairs", cycles=2))))
    assert set(found) == {"ABAB", "ABBA", "BAAB", "BABA"}
    assert all(abs(n - 1000) < 120 for n in found.values())  # 4.4 SD


def test_counterbalanced_two_arms_is_balanced_in_each_pair_of_patients() -> None:
    made = words(make_schedule(trial(40, sequence="counterbalanced", cycles=2)))
    assert all({made[i], made[i + 1]} == {"ABAB", "BABA"} for i in range(0, 40, 2))
    assert len({made[i] for i in range(0, 40, 2)}) == 2, "which one comes first is drawn"


@pytest.mark.parametrize("arms", [1, 2, 3, 4, 5, 6])
def test_williams_rows_are_balanced_for_carry_over(arms: int) -> None:
    rows = williams(arms)
    assert len(rows) == (arms if arms % 2 == 0 or arms == 1 else 2 * arms)
    assert all(sorted(row) == list(range(arms)) for row in rows.tolist())
    pairs = Counter((a, b) for row in rows.tolist() for a, b in itertools.pairwise(row))
    assert set(pairs) == set(itertools.permutations(range(arms), 2))
    assert len(set(pairs.values())) <= 1


def test_latin_square_has_every_arm_once_in_every_period_of_a_block() -> None:
    made = words(make_schedule(trial(30, arms=3, sequence="latin_square", cycles=2)))
    squares = [made[i : i + 3] for i in range(0, 30, 3)]
    for square in squares:
        assert all(sorted(column) == list("ABC") for column in zip(*square, strict=True))
        assert all(word[:3] == word[3:] and sorted(word[:3]) == list("ABC") for word in square)
    assert len({tuple(square) for square in squares}) > 3


@pytest.mark.parametrize(("arms", "cycles", "max_run"), [(2, 3, 2), (2, 4, 1), (3, 2, 2), (3, 2, 1), (2, 3, 9)])
def test_restricted_counts_and_lists_what_brute_force_finds(arms: int, cycles: int, max_run: int) -> None:
    every = set(itertools.permutations(sorted(list(range(arms)) * cycles)))
    fine = {w for w in every if max(len(list(run)) for _, run in itertools.groupby(w)) <= max_run}
    assert count_restricted(arms, cycles, max_run) == len(fine)
    assert list(all_restricted(arms, cycles, max_run)) == sorted(fine)


def test_restricted_draws_are_uniform() -> None:
    uniforms = np.random.Generator(np.random.Philox(1)).random((14_000, 6))
    drawn = Counter(map(tuple, draw_restricted(uniforms, 2, 3, 2).tolist()))
    assert len(drawn) == count_restricted(2, 3, 2) == 14
    expected = 1000
    chi2 = sum((n - expected) ** 2 / expected for n in drawn.values())
    assert chi2 < 34.5  # chi2(13), p = 0.001; a step-by-step coin would favour short runs by far


def test_restricted_works_for_long_designs() -> None:
    made = words(make_schedule(trial(5, sequence="restricted", cycles=100, max_run=3, period_days=1)))
    assert all(word.count("A") == word.count("B") == 100 for word in made)
    assert all(max(len(list(run)) for _, run in itertools.groupby(word)) <= 3 for word in made)
    with pytest.raises(ProtocolError, match=r"design\.cycles"):
        trial(sequence="restricted", cycles=900)
    with pytest.raises(ProtocolError, match=r"design\.max_run"):
        trial(arms=1, sequence="restricted", cycles=3, max_run=2)


def test_custom_words_go_round_and_dash_is_untreated() -> None:
    made = make_schedule(trial(5, sequence="custom", custom=["-AB-A", "BA-AB"], baseline_days=0))
    assert made.sequences[0] == made.sequences[4] == ("Baseline", "A", "B", "Washout", "A")
    assert made.sequences[1] == ("B", "A", "Washout", "A", "B")
    assert made.arm[0].tolist() == [NO_ARM] * 3 + [0] * 3 + [1] * 3 + [NO_ARM] * 3 + [0] * 3


def test_calendar_of_run_in_washouts_and_unequal_periods() -> None:
    made = make_schedule(trial(1, sequence="abab", cycles=1, period_days=[2, 4], washout_days=1, baseline_days=3))
    assert made.arm[0].tolist() == [-1, -1, -1, 0, 0, -1, 1, 1, 1, 1]
    assert made.block[0].tolist() == [1, 1, 1, 2, 2, 3, 4, 4, 4, 4]
    said = [made.labels[code] for code in made.label[0]]
    assert said == ["Baseline"] * 3 + ["A"] * 2 + ["Washout"] + ["B"] * 4
    assert made.sequences == (("Baseline", "A", "Washout", "B"),)
    assert timeline(trial(sequence="abab", baseline_days=0).design).block[0] == 1


@settings(max_examples=60, deadline=None)
@given(
    sequence=st.sampled_from(TWO_ARM + ANY_ARM),
    arms=st.integers(2, 4),
    cycles=st.integers(1, 3),
    first=st.integers(0, 12),
    count=st.integers(0, 9),
    seed=st.integers(0, 2**40),
)
def test_any_range_alone_gives_the_same_rows(
    sequence: str, arms: int, cycles: int, first: int, count: int, seed: int
) -> None:
    arms = 2 if sequence in TWO_ARM else arms
    protocol = trial(25, arms, seed, sequence=sequence, cycles=cycles, washout_days=1)
    whole, part = make_schedule(protocol), make_schedule(protocol, first, count)
    rows = slice(first, first + count)
    expected = Schedule(
        whole.arms, whole.arm[rows], whole.block[rows], whole.labels, whole.label[rows], whole.sequences[rows]
    )
    assert same(part, expected)
    more = make_schedule(trial(26, arms, seed, sequence=sequence, cycles=cycles, washout_days=1))
    assert np.array_equal(more.arm[:25], whole.arm), "one patient more changes nobody"


def test_a_longer_trial_keeps_its_first_days() -> None:
    short = make_schedule(trial(20, sequence="randomized_pairs", cycles=2))
    long = make_schedule(trial(20, sequence="randomized_pairs", cycles=5))
    assert np.array_equal(long.arm[:, : short.days], short.arm)
    assert not np.array_equal(make_schedule(trial(20, seed=1, sequence="randomized_pairs", cycles=2)).arm, short.arm)


@pytest.mark.parametrize("end_day", [1, 2, 3, 8, 13])
def test_a_cut_takes_only_the_end(end_day: int) -> None:
    protocol = trial(sequence="restricted", cycles=2)
    whole, short = make_schedule(protocol), make_schedule(cut(protocol, end_day))
    assert short.days == end_day
    assert np.array_equal(short.arm, whole.arm[:, :end_day])
    assert np.array_equal(short.block, whole.block[:, :end_day])
    assert all(row == full[: len(row)] for row, full in zip(short.sequences, whole.sequences, strict=True))
    assert len(short.sequences[0]) == short.block[0, -1]


def test_counterfactuals_change_the_treatment_only() -> None:
    design = {"sequence": "latin_square", "cycles": 1, "washout_days": 1}
    made = {
        kind: make_schedule(trial(9, 3, counterfactual=kind, **design))
        for kind in ("factual", "other_sequence", "no_treatment", "zero_effect")
    }
    fact = made["factual"]
    treated = fact.arm != NO_ARM
    assert all(np.array_equal(other.block, fact.block) for other in made.values())
    assert same(made["zero_effect"], fact)
    assert np.array_equal(made["other_sequence"].arm[treated], (fact.arm[treated] + 1) % 3)
    assert (made["other_sequence"].arm[~treated] == NO_ARM).all()
    none = made["no_treatment"]
    assert (none.arm == NO_ARM).all()
    assert set(none.sequences) == {("Baseline", "No treatment", "Washout", "No treatment", "Washout", "No treatment")}
    assert not set(fact.arms) & set(none.labels)


def test_other_sequence_of_one_arm_exchanges_on_and_off() -> None:
    fact = make_schedule(trial(1, 1, sequence="custom", custom="A-"))
    other = make_schedule(trial(1, 1, sequence="custom", custom="A-", counterfactual="other_sequence"))
    assert (fact.arm[0, 2:] != other.arm[0, 2:]).all()


def test_every_shipped_design_covers_all_its_days() -> None:
    for name in ("default", "hettich2024", "fu2023", "washout", "latin_square", "clinical_isotretinoin"):
        protocol = load_protocol(name)
        made = make_schedule(protocol)
        assert made.arm.shape == (protocol.cohort.patients, protocol.design.planned_days)
        assert made.label.min() >= 0
        assert (np.diff(made.block, axis=1) >= 0).all()
    assert set(make_schedule(load_protocol("hettich2024")).sequences) == {
        ("Baseline", "Antibiotics", "Cream", "Antibiotics", "Cream")
    }


@pytest.mark.parametrize(
    ("days", "baseline", "cycles", "length"),
    [(3, 1, 1, 1), (4, 2, 1, 1), (5, 3, 1, 1), (20, 8, 1, 6), (140, 28, 2, 28), (252, 28, 4, 28), (400, 36, 7, 26)],
)
def test_days_without_a_protocol(days: int, baseline: int, cycles: int, length: int) -> None:
    made, sentence = fit_default(load_protocol("default"), days)
    design = made.design
    assert (design.baseline_days, design.cycles, design.period_days) == (baseline, cycles, length)
    assert design.days == days
    assert str(baseline) in sentence
    assert str(length) in sentence


def test_days_that_do_not_fit_are_refused_with_advice() -> None:
    default = load_protocol("default")
    with pytest.raises(ProtocolError, match=r"--days: got 2; allowed: 3 or more"):
        fit_default(default, 2)
    with pytest.raises(ProtocolError, match=r"got 141; allowed: 1 to 140.*design\.cycles"):
        cut(default, 141)
    with pytest.raises(ProtocolError, match=r"got 0; allowed: 1 to 140"):
        cut(default, 0)
    with pytest.raises(ProtocolError, match=r"design\.end_day"):
        cut(cut(default, 100), 120)
    assert cut(default, 140) == default


def test_smallest_p_by_the_documented_rule() -> None:
    def p(cycles: int, **design: object) -> float:
        protocol = trial(sequence=design.pop("sequence", "randomized_pairs"), cycles=cycles, **design)
        return admissible(protocol.design, 10, protocol.design.periods).smallest_p

    assert [p(2), p(4), p(8)] == [0.5, 0.125, 2 / 256]
    assert p(20) == 2 / 2**20
    assert p(2, sequence="abab") == 1
    assert p(2, sequence="restricted") == 2 / 6
    assert p(1, sequence="latin_square", arms=3) == 2 / 6
    assert p(1, sequence="latin_square", arms=4) == 4 / 24
    assert p(2, sequence="counterbalanced") == 1, "ABAB and its mirror image give the same |difference|"


def test_counts_of_whole_trials() -> None:
    def trials(patients: int, arms: int, **design: object) -> int:
        made = trial(patients, arms, **design).design
        return admissible(made, patients, made.periods).trial

    assert trials(3, 2, sequence="randomized_pairs", cycles=2) == 4**3
    assert trials(4, 2, sequence="counterbalanced", cycles=2) == 2**2
    assert trials(3, 3, sequence="latin_square", cycles=1) == 12
    assert trials(4, 4, sequence="latin_square", cycles=1) == 432
    assert trials(7, 3, sequence="latin_square", cycles=1) == 12 * 12 * 6


def test_smallest_p_is_attained_and_not_beaten() -> None:
    rng = np.random.Generator(np.random.Philox(7))
    schedules = np.array(list(all_restricted(2, 3, 2)))
    least = 1.0
    for outcome in rng.normal(size=(200, 6)):
        size = np.abs(np.where(schedules == 0, outcome, -outcome).sum(axis=1))
        ranks = (size[None, :] >= size[:, None] - 1e-12).mean(axis=1)
        least = min(least, ranks.min())
    assert least == pytest.approx(admissible(trial(sequence="restricted", cycles=3).design, 1, 6).smallest_p)


def test_100_000_patients_take_seconds() -> None:
    protocol = load_protocol(
        {**trial(100_000, sequence="randomized_pairs", period_days=28, baseline_days=28).model_dump(mode="json")}
    )
    start = time.perf_counter()
    made = make_schedule(protocol)
    assert made.arm.shape == (100_000, 140)
    assert time.perf_counter() - start < 30
