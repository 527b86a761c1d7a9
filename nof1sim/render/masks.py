"""From label images to the truth of a picture: support, boxes, areas. Shared by all renderers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]


def dilate(labels: Labels, radius: int) -> Labels:
    """Grow labels (h, w) by a square of `radius` pixels; a new pixel gets the label of the nearest old one.

    Ties go to the first in reading order, so the result is the same everywhere.
    """
    if radius <= 0 or not labels.any():
        return labels.copy()
    out = labels.copy()
    h, w = labels.shape
    steps = [(dy * dy + dx * dx, dy, dx) for dy in range(-radius, radius + 1) for dx in range(-radius, radius + 1)]
    grown = _square(labels != 0, radius)
    ys, xs = np.nonzero(grown & (labels == 0))
    for _, dy, dx in sorted(steps)[1:]:
        if ys.size == 0:
            break
        y, x = ys + dy, xs + dx
        inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
        found = np.zeros(ys.size, np.int32)
        found[inside] = labels[y[inside], x[inside]]
        hit = found != 0
        out[ys[hit], xs[hit]] = found[hit]
        ys, xs = ys[~hit], xs[~hit]
    return out


def _square(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    for axis in (0, 1):
        grown = mask.copy()
        for t in range(1, radius + 1):
            lead = [slice(None)] * 2
            lag = [slice(None)] * 2
            lead[axis], lag[axis] = slice(t, None), slice(None, -t)
            grown[tuple(lead)] |= mask[tuple(lag)]
            grown[tuple(lag)] |= mask[tuple(lead)]
        mask = grown
    return mask


def measure(labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Ids present (n,), their boxes (n, 4) x, y, width, height, and areas (n,) in pixels."""
    ys, xs = np.nonzero(labels)
    if ys.size == 0:
        return np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0, np.int64)
    ids, which, area = np.unique(labels[ys, xs], return_inverse=True, return_counts=True)
    low, high = np.full((ids.size, 2), 1 << 30), np.full((ids.size, 2), -1)
    for axis, values in enumerate((xs, ys)):
        np.minimum.at(low[:, axis], which, values)
        np.maximum.at(high[:, axis], which, values)
    boxes = np.concatenate([low, high - low + 1], axis=1).astype(float)
    return ids.astype(np.int64), boxes, area.astype(np.int64)
