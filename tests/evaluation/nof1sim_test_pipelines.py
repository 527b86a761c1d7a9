"""Models of a user's for `module:Thing`, in spawned processes as well."""

from __future__ import annotations

import numpy as np


def blocks(pixels: np.ndarray) -> np.ndarray:
    """Redness of 8 x 8 patches."""
    x = pixels.astype(float)
    n, h, w, _ = x.shape
    ratio = np.log1p(x[..., 0]) - np.log1p(x[..., 1])
    return ratio.reshape(n, h // 8, 8, w // 8, 8).mean((2, 4)).reshape(n, -1)


def broken(pixels: np.ndarray) -> np.ndarray:
    """NaN for every picture: refused by the analysis."""
    return np.full((len(pixels), 2), np.nan)


def picky(pixels: np.ndarray) -> np.ndarray:
    """Fails on about half of all trials, always on the same ones."""
    return broken(pixels) if int(pixels.sum(dtype=np.int64)) % 2 else blocks(pixels)
