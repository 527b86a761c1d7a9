"""Lesions that run together: groups, areas and colours against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.conditions import merge
from nof1sim.model import Lesions


def discs(seed: int, count: int = 40, side: float = 40.0) -> tuple[np.ndarray, ...]:
    rng = np.random.Generator(np.random.Philox(seed))
    return rng.uniform(0, side, count), rng.uniform(0, side, count), rng.uniform(0.5, 5.0, count)


def lesions(x: np.ndarray, y: np.ndarray, radius: np.ndarray, visible: np.ndarray) -> Lesions:
    n = len(x)
    none, codes = np.zeros(n), np.zeros(n, np.int64)
    return Lesions(
        np.arange(n) + 1, x, y, codes.astype(np.int8), 2 * radius, none, none, none, none, none, none, codes, visible,
        visible,
    )  # fmt: skip


def brute_groups(x: np.ndarray, y: np.ndarray, radius: np.ndarray, seen: np.ndarray) -> list[int]:
    number, found = [-1] * len(x), 0
    for start in range(len(x)):
        if not seen[start] or number[start] >= 0:
            continue
        todo = [start]
        while todo:
            i = todo.pop()
            number[i] = found
            near = np.hypot(x - x[i], y - y[i]) < radius + radius[i]
            todo += [j for j in np.flatnonzero(near & seen) if number[j] < 0]
        found += 1
    return number


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_the_connected_ones(seed: int) -> None:
    x, y, r = discs(seed)
    seen = np.arange(len(x)) % 7 != 3
    assert merge.groups(lesions(x, y, r, seen)).tolist() == brute_groups(x, y, r, seen)
    nobody = np.zeros(0)
    assert merge.groups(lesions(nobody, nobody, nobody, nobody.astype(bool))).size == 0


@pytest.mark.parametrize(("apart", "a", "b"), [(3.0, 2.0, 2.5), (0.2, 1.0, 4.0), (0.0, 2.0, 2.0), (9.0, 2.0, 2.0)])
def test_lens_against_a_fine_grid(apart: float, a: float, b: float) -> None:
    u, v = np.meshgrid(np.arange(-5, 15, 0.01), np.arange(-5, 5, 0.01))
    wanted = ((np.hypot(u, v) < a) & (np.hypot(u - apart, v) < b)).sum() * 1e-4
    found = merge.lens_mm2(np.array([apart]), np.array([a]), np.array([b]))[0]
    assert found == pytest.approx(wanted, abs=0.03)


def test_union_against_a_finer_grid() -> None:
    x, y, r = discs(9)
    u, v = np.meshgrid(np.arange(-6, 46, 0.05), np.arange(-6, 46, 0.05))
    held = np.zeros(u.shape, bool)
    for i in range(len(x)):
        held |= np.hypot(u - x[i], v - y[i]) <= r[i]
    assert merge.union_area_mm2(x, y, r) == pytest.approx(held.sum() * 0.0025, rel=0.005)
    one = merge.union_area_mm2(np.array([3.3]), np.array([-2.1]), np.array([4.0]))
    assert one == pytest.approx(16 * np.pi, rel=0.01)
    assert merge.union_area_mm2(*(np.zeros(0),) * 3) == 0.0


def test_where_lesions_lie_upon_each_other_the_sum_is_the_largest() -> None:
    red = np.array([0.3, 0.5, 0.2])
    (merged,) = merge.merged(np.zeros(3), np.zeros(3), np.full(3, 2.0), red)
    assert merged.sum() == pytest.approx(0.5)
    assert (merged < red).all()


def test_alone_nothing_changes_and_more_overlap_never_adds() -> None:
    red, radius = np.array([0.4, 0.6]), np.array([2.0, 3.0])
    last = np.array([np.inf, np.inf])
    for apart in np.linspace(6.0, 0.0, 60):
        (merged,) = merge.merged(np.array([0.0, apart]), np.zeros(2), radius, red)
        if apart >= 5.0:
            assert merged == pytest.approx(red)
        assert (merged <= last + 1e-12).all()
        assert (last[0] == np.inf) or np.abs(merged - last).max() < 0.05, "smooth as they grow together"
        last = merged


@pytest.mark.parametrize("seed", range(3))
def test_in_the_mean_overlaps_are_no_redder_than_the_reddest(seed: int) -> None:
    x, y, r = discs(seed, 60, 30.0)
    red = 0.2 + 0.5 * discs(seed + 50)[0][np.arange(60) % 40] / 40
    (merged,) = merge.merged(x, y, r, red)
    u, v = np.meshgrid(np.arange(-5, 35, 0.1), np.arange(-5, 35, 0.1))
    inside = [np.hypot(u - x[i], v - y[i]) <= r[i] for i in range(60)]
    plain = sum(held * red[i] for i, held in enumerate(inside))
    now = sum(held * merged[i] for i, held in enumerate(inside))
    most = np.max([held * red[i] for i, held in enumerate(inside)], axis=0)
    crowd = np.sum(inside, axis=0) >= 3
    assert plain[crowd].mean() > 1.5 * most[crowd].mean()
    assert -0.1 < (now - most)[crowd].mean() / (plain - most)[crowd].mean() < 0.25, "most of the excess is gone"
