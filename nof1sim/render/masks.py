"""From label images to the truth of a picture: support, boxes, areas. Shared by all renderers."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Labels = NDArray[np.int32]


def dilate(labels: Labels, radius: int) -> Labels:
    """Grow labels (h, w) by a square of `radius` pixels; a new pixel takes the nearest label of its row, then of its
    column, the lower or right one of two at the same distance last. Labels stay as they are."""
    if radius <= 0:
        return labels.copy()
    out = np.empty_like(labels)
    _grow(np.ascontiguousarray(labels), radius, out)
    return out


@njit(cache=True)
def _grow(labels, radius, out):
    h, w = labels.shape
    far = 1 << 30
    wide = np.empty((h, w), labels.dtype)
    filled = np.zeros(h, np.bool_)
    for y in range(h):
        row, new = labels[y], wide[y]
        last, some = -far, False
        for x in range(w):
            if row[x] != 0:
                last, some = x, True
            new[x] = row[last] if x - last <= radius else 0
        filled[y] = some
        if some:
            last = far
            for x in range(w - 1, -1, -1):
                if row[x] != 0:
                    last = x
                elif new[x] == 0 and last - x <= radius:
                    new[x] = row[last]
    for y in range(h):
        to = out[y]
        source = wide[y]
        for x in range(w):
            to[x] = source[x]
        for step in range(1, radius + 1):
            for other in (y - step, y + step):
                if 0 <= other < h and filled[other]:
                    source = wide[other]
                    for x in range(w):
                        to[x] = to[x] if to[x] != 0 else source[x]


def measure(labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Ids present (n,), their boxes (n, 4) x, y, width, height, and areas (n,) in pixels."""
    most = int(labels.max(initial=0))
    if most == 0:
        return np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0, np.int64)
    table = np.zeros((most + 1, 5), np.int64)
    table[:, :2] = 1 << 30
    _measure(labels, table)
    ids = np.flatnonzero(table[:, 4])
    low, high = table[ids, :2], table[ids, 2:4]
    return ids, np.concatenate([low, high - low], axis=1).astype(float), table[ids, 4]


@njit(cache=True)
def _measure(labels, table):
    """table (ids, 5): least x and y, largest x and y plus one, count."""
    h, w = labels.shape
    for y in range(h):
        row = labels[y]
        for x in range(w):
            k = row[x]
            if k != 0:
                t = table[k]
                t[0], t[1] = min(t[0], x), min(t[1], y)
                t[2], t[3] = max(t[2], x + 1), max(t[3], y + 1)
                t[4] += 1
