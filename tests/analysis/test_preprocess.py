"""Each step against what it must remove and what it must keep."""

from __future__ import annotations

import numpy as np

from nof1sim.analysis import preprocess
from nof1sim.analysis.images import Shots


def shots(pixels: np.ndarray, who: np.ndarray) -> Shots:
    ones = np.ones(who.size, np.int64)
    return Shots(who, np.arange(who.size), ones, ones, ones.astype(bool), pixels)


def test_templates_remove_gain_offset_and_plane_and_keep_a_spot() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(60, 150, (32, 32, 3))
    x = np.arange(32) / 31
    lit = [base * g + o + s * x[:, None] for g, o, s in rng.uniform((0.9, -10, -15), (1.1, 10, 15), (20, 3))]
    spotted = base.copy()
    spotted[10:14, 10:14, 1] -= 40
    pixels = np.round(np.clip([*lit, spotted], 0, 255)).astype(np.uint8)
    left = preprocess.prepared(shots(pixels, np.zeros(21, int)), preprocess.Preprocessing(32, "residual"))
    assert np.abs(left[:20]).max() < 0.02
    assert left[20, 10:14, 10:14, 1].mean() < -0.1


def test_contrast_ignores_white_balance_and_exposure_and_sees_a_red_dot() -> None:
    plain = np.full((1, 32, 32, 3), (150, 120, 100), np.uint8)
    dotted = plain.copy()
    dotted[0, 16, 16, 1] = 80
    tinted = np.clip(dotted * np.array([1.2, 0.9, 1.0]), 0, 255).astype(np.uint8)
    a, b, c = (preprocess.contrast(p).mean() for p in (plain, dotted, tinted))
    assert a == 0
    assert b > 1e-4
    assert abs(c / b - 1) < 0.1
    assert preprocess.contrast(dotted).max() <= np.float32(preprocess.CONTRAST_LIMIT)


def test_means_of_patches_and_patients() -> None:
    pictures = np.arange(2 * 4 * 4 * 1, dtype=np.float32).reshape(2, 4, 4, 1)
    assert preprocess.patch_means(pictures, 2)[0, :, :, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert preprocess.patch_means(pictures, 3).shape == (2, 1, 1, 1)
    pixels = np.random.default_rng(0).integers(0, 256, (300, 4, 4, 3), np.uint8)
    who = np.arange(300) % 2
    want = np.stack([pixels[who == p].mean(0) / 255 for p in (0, 1)])
    assert np.allclose(preprocess.patient_means(shots(pixels, who)), want, atol=1e-6)
    centred = preprocess.centred(pixels.astype(float), who)
    assert np.allclose(centred[who == 1].mean(0), 0)
    assert centred is not pixels


def test_baseline_is_the_yardstick_and_falls_back() -> None:
    who = np.repeat([0, 1, 2], 5)
    baseline = np.tile([True, True, True, False, False], 3)
    values = np.array([1, 2, 3, 7, 8, 4, 4, 4, 6, 2, 5, 5, 5, 5, 5], float)
    got = preprocess.standardised(values, who, baseline)
    assert got[:5].tolist() == [-1, 0, 1, 5, 6]
    assert np.isclose(got[5:10].std(ddof=1), 1)  # a flat baseline: all days serve
    assert (got[10:] == 0).all()


def test_the_record_says_every_step() -> None:
    how = preprocess.Preprocessing(64, "contrast", 8, True, True)
    assert len(list(how.steps())) == 5
    assert "capped at" in " ".join(how.steps())
