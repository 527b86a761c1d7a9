"""Measures against values worked out by hand (and against scikit-learn where it is installed)."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.grading import metrics

TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
SAID = np.array([0, 0, 1, 2, 1, 1, 0, 2, 2, 1])
TABLE = np.array([[2, 1, 1], [1, 2, 0], [0, 1, 2]])


def test_by_hand() -> None:
    assert np.array_equal(metrics.confusion(TRUE, SAID, 3), TABLE)
    assert metrics.accuracy(TABLE) == pytest.approx(0.6)
    assert metrics.recall(TABLE) == pytest.approx([2 / 4, 2 / 3, 2 / 3])
    assert metrics.precision(TABLE) == pytest.approx([2 / 3, 2 / 4, 2 / 3])
    assert metrics.f1(TABLE) == pytest.approx([4 / 7, 4 / 7, 4 / 6])
    assert metrics.balanced_accuracy(TABLE) == pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3)
    assert metrics.macro_f1(TABLE) == pytest.approx((4 / 7 + 4 / 7 + 2 / 3) / 3)
    # sum of squared distances: observed 1 + 4 + 1 + 1 = 7; by chance (rows 4 3 3, columns 3 4 3): see below
    chance = (4 * 4 * 1 + 4 * 3 * 4 + 3 * 3 * 1 + 3 * 3 * 1 + 3 * 3 * 4 + 3 * 4 * 1) / 10
    assert metrics.kappa(TABLE) == pytest.approx(1 - 7 / chance)


def test_the_paper_s_own_tables_follow_from_a_confusion() -> None:
    """Bernhard et al. 2024, Table 3: recall and precision of 14, 43 and 78 visits give the printed F1 and accuracy."""
    table = np.array([[9, 4, 1], [5, 30, 8], [3, 24, 51]])
    assert metrics.recall(table) == pytest.approx([0.64, 0.70, 0.65], abs=0.005)
    assert metrics.precision(table) == pytest.approx([0.53, 0.52, 0.85], abs=0.005)
    assert metrics.f1(table) == pytest.approx([0.58, 0.59, 0.74], abs=0.006)
    assert metrics.accuracy(table) == pytest.approx(0.6667, abs=0.0001)


def test_wilson_as_printed_in_textbooks() -> None:
    assert metrics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, Table I
    assert metrics.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert all(np.isnan(metrics.wilson(0, 0)))


def test_grades_that_do_not_occur_are_not_counted() -> None:
    table = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    assert np.isnan(metrics.recall(table)[2])
    assert np.isnan(metrics.precision(table)[2])
    assert metrics.balanced_accuracy(table) == pytest.approx((3 / 4 + 1) / 2)
    assert np.isnan(metrics.kappa(np.diag([5, 0, 0])))


def test_against_scikit_learn() -> None:
    sk = pytest.importorskip("sklearn.metrics")
    assert metrics.kappa(TABLE) == pytest.approx(sk.cohen_kappa_score(TRUE, SAID, weights="quadratic"))
    assert metrics.macro_f1(TABLE) == pytest.approx(sk.f1_score(TRUE, SAID, average="macro"))


def test_persons_are_drawn_whole() -> None:
    """Ten visits of one right and ten of one wrong person say no more than two persons do."""
    true = np.array([0, 1] * 10)
    said = np.where(np.arange(20) < 10, true, 1 - true)
    whole = metrics.by_person(true, said, np.arange(20) // 10, 2)["accuracy"]
    alone = metrics.by_person(true, said, np.arange(20), 2)["accuracy"]
    assert (whole.low, whole.high) == (0.0, 1.0)
    assert 0.2 < alone.low < alone.high < 0.8
    assert np.isnan(metrics.by_person(true, said, np.zeros(20), 2)["accuracy"].low)
