"""Grounds, points and fields: what conditions place lesions with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from nof1sim import chart
from nof1sim.conditions import field, points
from nof1sim.conditions.ground import FACE, Ground, cells
from nof1sim.randomness import stream


def test_a_square_and_the_face() -> None:
    square = Ground(30.0)
    assert (square.area_mm2, square.is_face, FACE.is_face) == (900.0, False, True)
    assert cells(square)[0].size == 900
    x, y = cells(FACE)
    assert (chart.region_of(x, y) >= 0).all()
    assert FACE.area_mm2 == x.size == pytest.approx(16300, rel=0.02)
    assert square.region(x[:3], y[:3]).tolist() == [chart.OUTSIDE] * 3
    assert square.inside(np.array([14.0, 14.0]), np.array([0.0, 0.0]), 0.5).all()
    assert not square.inside(np.array([14.8]), np.array([0.0]), 0.5).any()


def test_points_keep_apart_on_their_ground() -> None:
    ground = Ground(30.0)
    x, y = points.blue_noise(ground, 90, 1.0)
    assert ground.inside(x, y, 0.85).all()
    assert pdist(np.stack([x, y], 1)).min() > 0.6 * np.sqrt(900 / 90)
    moved = points.jittered(stream(1, "points"), x, y, 0.5)
    assert 0.2 < np.hypot(moved[0] - x, moved[1] - y).max() <= 0.5


def test_points_cut_from_one_pattern_keep_apart_and_differ() -> None:
    for side in (30.0, 190.0):  # the second is wider than the pattern: its seams must not show
        ground = Ground(side)
        x, y = points.cut(stream(1, "cut"), ground, 0.1, 1.0)
        assert ground.inside(x, y, 1.0).all()
        assert x.size == pytest.approx(0.1 * (side - 2.0) ** 2, rel=0.08)
        assert pdist(np.stack([x, y], 1)).min() > 0.6 * np.sqrt(10.0)
        quarter = np.bincount((x > 0) + 2 * (y > 0), minlength=4) / x.size
        assert quarter == pytest.approx(0.25, abs=0.06)
        assert not np.isin(x, points.cut(stream(2, "cut"), ground, 0.1, 1.0)[0]).any()


def test_a_field_on_a_square_has_its_length_and_variance() -> None:
    ground, x, y = Ground(60.0), np.array([-30.0, 30.0, -30.0, -18.0]), np.array([0.0, 0.0, 12.0, 0.0])
    rng = stream(4, "square")
    drawn = np.array([field.on_square(rng, ground, x, y, 12.0) for _ in range(4000)])
    assert drawn.std(axis=0) == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(drawn.T)[0] == pytest.approx([1.0, 0.0, np.exp(-0.5), np.exp(-0.5)], abs=0.06)


def test_a_field_has_its_length_variance_and_symmetry() -> None:
    x, y = np.tile([-30.0, 30.0, -30.0, -30.0], 1), np.array([0.0, 0.0, 12.0, 60.0])
    smooth = field.smoother(FACE, x, y, 12.0)
    rng = stream(3, "field")
    drawn = np.array([smooth.draw(rng, 0.7) for _ in range(4000)])
    assert drawn.std(axis=0) == pytest.approx(1.0, abs=0.05)
    seen = np.corrcoef(drawn.T)[0]
    assert seen == pytest.approx([1.0, 0.7, np.exp(-0.5), 0.0], abs=0.06)
    assert field.log_normal(drawn, 0.5).mean() == pytest.approx(1.0, abs=0.03)


def test_level_sets_hold_a_share_and_are_nested() -> None:
    values = stream(5, "level").standard_normal(1000)
    small, large = field.above_level(values, 0.1), field.above_level(values, 0.35)
    assert (small.sum(), large.sum()) == (100, 350)
    assert large[small].all()
    assert values[small].min() > values[~small].max()
