"""Changes of photographs: mirrors swap sides, the published mix has the published chances."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.grading import augment
from nof1sim.randomness import stream

VIEWS = ("front", "left", "right")


def batch(n: int = 2) -> np.ndarray:
    return np.random.default_rng(0).random((n, 3, 8, 8, 3), np.float32)


def test_a_mirrored_visit_has_its_left_view_in_the_right_one_s_place() -> None:
    x = batch()
    y = augment.mirrored(x, VIEWS)
    assert np.array_equal(y[:, 0], x[:, 0, :, ::-1])
    assert np.array_equal(y[:, 1], x[:, 2, :, ::-1])
    assert np.array_equal(y[:, 2], x[:, 1, :, ::-1])
    assert np.array_equal(augment.mirrored(y, VIEWS), x)
    alone = augment.mirrored(x[:, :1], ("left",))
    assert np.array_equal(alone, x[:, :1, :, ::-1])


def test_mild_swaps_views_when_it_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHIFT", "GAIN_SD", "COLOUR_SD"):
        monkeypatch.setattr(augment, name, 0.0)
    x = batch(64)
    y = augment.mild(x, VIEWS, stream(0, "test"))
    same = [np.array_equal(y[i], x[i]) for i in range(64)]
    swapped = [np.array_equal(y[i : i + 1], augment.mirrored(x[i : i + 1], VIEWS)) for i in range(64)]
    assert all(a != b for a, b in zip(same, swapped, strict=True))
    assert 20 < sum(swapped) < 44


def test_the_published_mix() -> None:
    """Unmodified, vertical flip, horizontal flip, rotation, brightness: 20 % each, photograph by photograph."""
    x = batch(400)
    y = augment.bernhard2024(x, VIEWS, stream(0, "test"))
    assert y.shape == x.shape
    assert y.dtype == np.float32
    flat, out = x.reshape(-1, 8, 8, 3), y.reshape(-1, 8, 8, 3)
    kinds = {"none": flat, "vertical": flat[:, ::-1], "horizontal": flat[:, :, ::-1]}
    for name, changed in kinds.items():
        share = np.mean([np.array_equal(a, b) for a, b in zip(out, changed, strict=True)])
        assert share == pytest.approx(0.2, abs=0.04), name
    ratio = out / np.maximum(flat, 1e-6)
    inner = (out < 0.99) & (flat > 0.05)
    spread = np.array([np.ptp(r[m]) for r, m in zip(ratio, inner, strict=True)])
    brighter = (spread < 1e-3) & ~np.isclose([r[m].mean() for r, m in zip(ratio, inner, strict=True)], 1)
    assert brighter.mean() == pytest.approx(0.2, abs=0.04)


def test_nothing_leaves_the_range_and_equal_seeds_are_equal() -> None:
    x = batch(8)
    for change in augment.AUGMENT.values():
        y = change(x, VIEWS, stream(1, "a"))
        assert y.min() >= 0
        assert y.max() <= 1
        assert np.array_equal(y, change(x, VIEWS, stream(1, "a")))
