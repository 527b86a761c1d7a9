"""From label images to the truth of a picture: support, boxes, areas. Shared by all renderers."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Labels = NDArray[np.int32]


def dilate(labels: Labels, radius: int) -> Labels:
    """Grow labels (h, w) by a square of `radius` pixels; a new pixel gets the label of the nearest old one.

    Ties go to the first in reading order, so the result is the same everywhere.
    """
    if radius <= 0:
        return labels.copy()
    steps = [(dy * dy + dx * dx, dy, dx) for dy in range(-radius, radius + 1) for dx in range(-radius, radius + 1)]
    out = np.empty_like(labels)
    _grow(labels, np.array(sorted(steps), np.int64), radius, out)
    return out


@njit(cache=True)
def _grow(labels, steps, radius, out):
    h, w = labels.shape
    # Labels in the window of each row so far, so that most of the picture needs no search.
    count = np.zeros(w, np.int64)
    for y in range(min(radius, h)):
        for x in range(w):
            count[x] += labels[y, x] != 0
    for y in range(h):
        if y + radius < h:
            for x in range(w):
                count[x] += labels[y + radius, x] != 0
        if y - radius - 1 >= 0:
            for x in range(w):
                count[x] -= labels[y - radius - 1, x] != 0
        near = 0
        for x in range(min(radius, w)):
            near += count[x]
        for x in range(w):
            if x + radius < w:
                near += count[x + radius]
            if x - radius - 1 >= 0:
                near -= count[x - radius - 1]
            out[y, x] = labels[y, x]
            if near == 0 or labels[y, x] != 0:
                continue
            for k in range(steps.shape[0]):
                yy, xx = y + steps[k, 1], x + steps[k, 2]
                if 0 <= yy < h and 0 <= xx < w and labels[yy, xx] != 0:
                    out[y, x] = labels[yy, xx]
                    break


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
