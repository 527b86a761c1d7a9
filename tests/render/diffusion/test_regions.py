"""Windows, feather, composite and anchored noise: numpy alone."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.errors import RenderError
from nof1sim.render.diffusion.align import ARCFACE_112, aligned_crop
from nof1sim.render.diffusion.regions import (
    GRID,
    anchored_noise,
    batches,
    check_job,
    composite,
    feather,
    plan_windows,
    pool_mask,
)


def spots(count: int, size: int = 256, seed: int = 0, side: int = 6) -> np.ndarray:
    """A mask with square spots."""
    rng, mask = np.random.default_rng(seed), np.zeros((size, size))
    for y, x in rng.integers(0, size - side, (count, 2)):
        mask[y : y + side, x : x + side] = rng.uniform(0.2, 1)
    return mask


@pytest.mark.parametrize("seed", range(20))
def test_windows_hold_every_masked_pixel_once_and_lie_on_the_grid(seed: int) -> None:
    mask = spots(1 + seed % 5, seed=seed)
    total = np.zeros_like(mask)
    windows = plan_windows(mask, 64, margin_px=12)
    for window in windows:
        assert window.y % GRID == window.x % GRID == window.height % GRID == window.width % GRID == 0
        assert window.y >= 0
        assert window.y + window.height <= 256
        assert window.x >= 0
        assert window.x + window.width <= 256
        window.cut(total)[...] += window.mask
        ys, xs = np.nonzero(window.mask)
        assert ys.min() >= (12 if window.y else 0)
        assert xs.max() < window.width - (12 if window.x + window.width < 256 else 0)
    np.testing.assert_array_equal(total, mask)


def test_the_whole_picture_where_windows_cost_more_or_a_region_is_too_large() -> None:
    assert plan_windows(np.zeros((64, 64)), 32) == []
    assert plan_windows(np.ones((64, 64)), 32)[0].mask.all()
    assert len(plan_windows(spots(200), 64)) == 1
    assert len(plan_windows(spots(3), 256)) == 1
    assert len(plan_windows(spots(3), 64)) > 1


def test_no_lesion_is_lost_on_the_latents_grid() -> None:
    rng = np.random.default_rng(1)
    lost_by_nearest = 0
    for _ in range(200):
        mask = np.zeros((64, 64))
        y, x = rng.integers(0, 58, 2)
        mask[y : y + 6, x : x + 6] = 0.7
        assert pool_mask(mask, (8, 8)).max() == 0.7
        assert pool_mask(mask, (12, 12)).max() == 0.7  # windows drawn 1.5 times as large
        lost_by_nearest += not mask[::8, ::8].any()
    assert lost_by_nearest > 40  # what sampling the mask would have lost


def test_the_feather_lies_inside_and_reaches_one_in_every_region() -> None:
    mask = np.zeros((64, 64))
    mask[10, 10] = 0.3  # one pixel
    mask[20:50, 20:50] = 1
    mask[60:, 60:] = 1  # cut by the picture's edge
    alpha = feather(mask, 6)
    assert (alpha[mask == 0] == 0).all()
    assert (alpha[mask > 0] > 0).all()
    assert alpha[10, 10] == 1
    assert alpha[20, 35] == pytest.approx(1 / 6)
    assert alpha[26, 35] == alpha[35, 35] == 1
    assert alpha[63, 63] == 1
    assert (feather(np.ones((8, 8))) == 1).all()
    assert (feather(np.zeros((8, 8))) == 0).all()


def test_the_composite_keeps_the_bytes_below_wherever_alpha_is_zero() -> None:
    rng = np.random.default_rng(0)
    below, above = rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    alpha = np.where(rng.random((32, 32)) < 0.5, 0.0, rng.random((32, 32)))
    out = composite(below, above, alpha)
    np.testing.assert_array_equal(out[alpha == 0], below[alpha == 0])
    np.testing.assert_array_equal(composite(below, above, np.ones((32, 32))), above)


def test_anchored_noise_has_unit_variance_and_correlates_between_days_of_one_patient() -> None:
    days = [anchored_noise(3, ("P001", day), (64, 64), 0.2) for day in (1, 2)]
    other = anchored_noise(3, ("P002", 1), (64, 64), 0.2)
    assert days[0].std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(days[0].ravel(), days[1].ravel())[0, 1] == pytest.approx(0.8, abs=0.02)
    assert abs(np.corrcoef(days[0].ravel(), other.ravel())[0, 1]) < 0.03
    fresh = [anchored_noise(3, ("P001", day), (64, 64), 1.0) for day in (1, 2)]
    assert abs(np.corrcoef(fresh[0].ravel(), fresh[1].ravel())[0, 1]) < 0.03
    np.testing.assert_array_equal(days[0], anchored_noise(3, ("P001", 1), (64, 64), 0.2))


def test_batches_are_of_one_size() -> None:
    assert list(batches([1, 2, 3], 2)) == [([1, 2], 2), ([3, 3], 1)]


def test_pooling_is_the_maximum_of_each_block() -> None:
    mask = np.random.default_rng(0).random((32, 64))
    np.testing.assert_array_equal(pool_mask(mask, (4, 8)), mask.reshape(4, 8, 8, 8).max((1, 3)))


@pytest.mark.parametrize(
    ("portrait", "mask", "message"),
    [
        (np.zeros((64, 64, 3)), np.zeros((64, 64)), "float64"),
        (np.zeros((60, 64, 3), np.uint8), np.zeros((60, 64)), "8 divides"),
        (np.zeros((64, 64, 3), np.uint8), np.zeros((32, 32)), r"jobs\[0\]\.mask.*\(32, 32\)"),
        (np.zeros((64, 64, 3), np.uint8), np.full((64, 64), 1.5), "1.5"),
        (np.zeros((64, 64, 3), np.uint8), np.full((64, 64), np.nan), "0 to 1"),
    ],
)
def test_a_job_that_cannot_be_painted_says_why(portrait: np.ndarray, mask: np.ndarray, message: str) -> None:
    with pytest.raises(RenderError, match=message):
        check_job(portrait, mask, "jobs[0]")


def test_the_aligned_crop_puts_the_points_where_recognition_expects_them() -> None:
    turn = 0.9 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    kps = (ARCFACE_112 * 2 - 112) @ turn.T + [150, 140]
    picture = np.zeros((300, 300, 3), np.uint8)
    for x, y in kps:
        picture[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3] = 255
    crop = aligned_crop(picture, kps, 224)
    for x, y in ARCFACE_112 * 2:
        assert crop[round(y), round(x)].mean() > 200
    assert crop.mean() < 5
