import numpy as np
import pytest

from nof1sim.conditions.acne.counts import ANCHORS, count_map, slow_severity, smooth_rating, without_gaps


@pytest.mark.parametrize("name", ["hayashi", "iga"])
def test_the_map_runs_through_its_anchors_and_never_falls(name):
    table = count_map(name)
    severity, counts = map(np.array, ANCHORS[name])
    assert table.counts(severity) == pytest.approx(counts, abs=1e-12)
    assert (np.diff(table.counts(np.linspace(0, table.top, 4001))) > 0).all()


@pytest.mark.parametrize("name", ["hayashi", "iga"])
def test_the_inverse_undoes_the_map(name):
    table = count_map(name)
    severity = np.linspace(0, table.top, 3333)
    assert np.abs(table.severities(table.counts(severity)) - severity).max() < 1e-5


def test_beyond_the_scale_is_the_end_of_the_scale():
    table = count_map("hayashi")
    assert table.counts(np.array([-1.0, 4.0])).tolist() == [0.0, 140.0]
    assert table.severities(np.array([0.0, 500.0])).tolist() == [0.0, 3.0]


def test_whole_lesions_stay_within_four_hundredths_of_the_severity_and_in_its_class():
    table = count_map("hayashi")
    severity = np.round(np.arange(0, 3.0001, 0.001), 3)
    count = table.targets(severity)
    assert np.abs(table.severities(count.astype(float)) - severity).max() <= 0.04
    half = -(-count // 2)
    grade = np.searchsorted([5, 20, 50], half, side="left")
    tie = np.isin(severity, [0.5, 1.5, 2.5])
    assert np.array_equal(grade[~tie], np.rint(severity[~tie]))
    assert grade[tie].tolist() == [0, 1, 2], "a tie takes the lower class"


def test_iga_map_gives_the_rounded_severity_as_grade():
    table = count_map("iga")
    severity = np.array([0.0, 0.4, 0.6, 1.0, 1.4, 1.6, 2.4, 2.6, 3.4, 3.6, 4.0])
    ties = table.targets(np.array([0.5, 1.5, 2.5, 3.5]))
    assert ties.tolist() == [0, 7, 19, 49], "a tie takes the lower grade"
    grade = np.searchsorted([0.5, 7.5, 19.5, 49.5], table.targets(severity), side="left")
    assert np.array_equal(grade, np.rint(severity))


def test_gaps_take_the_last_known_severity():
    gappy = np.array([np.nan, 1.0, np.nan, np.nan, 2.0])
    assert without_gaps(gappy).tolist() == [1.0, 1.0, 1.0, 1.0, 2.0]
    assert without_gaps(np.full(3, np.nan)).tolist() == [0.0, 0.0, 0.0]


def test_smoothing_recovers_a_level_better_than_the_rating_does():
    rng = np.random.Generator(np.random.PCG64(1))
    level = np.clip(1.5 + np.cumsum(0.1 * rng.standard_normal(300)), 0.3, 2.7)
    rating = level + 0.16 * rng.standard_normal(300)
    rating[50:53] = np.nan
    smooth = smooth_rating(rating, 3.0)
    known = np.isfinite(rating)
    assert np.isfinite(smooth).all()
    assert np.std((smooth - level)[known]) < 0.75 * np.std((rating - level)[known])
    assert smooth_rating(np.full(20, 3.0), 3.0) == pytest.approx(3.0)


def test_slow_severity_is_causal_and_halves_a_step_in_about_three_weeks():
    step = np.r_[np.full(10, 3.0), np.zeros(60)]
    slow = slow_severity(step)
    assert slow[9] == 3.0
    assert slow[10 + 20] == pytest.approx(3.0 * (29 / 30) ** 21)
    assert np.array_equal(slow_severity(step[:30]), slow[:30])
