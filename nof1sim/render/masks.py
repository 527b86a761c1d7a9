"""From label images to the truth of a picture: support, boxes, areas. Shared by all renderers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit

Labels = NDArray[np.int32]


def dilate(labels: Labels, radius: int) -> Labels:
    """Grow labels (h, w) by a square of `radius` pixels; a new pixel takes the nearest label of its row, then of its
    column, the lower or right one of two at the same distance last. Labels stay as they are."""
    if radius <= 0:
        return labels.copy()
    out = np.zeros_like(labels)
    _grow(np.ascontiguousarray(labels), radius, out)
    return out


@njit()
def _grow(labels, radius, out):
    h, w = labels.shape
    wide = np.empty((h, w), labels.dtype)
    # First and last column of each row that the row's own labels reach; most rows of most pictures have none.
    low, high = np.full(h, w, np.int64), np.full(h, -1, np.int64)
    for y in range(h):
        row, new = labels[y], wide[y]
        some = row[0]
        for x in range(w):
            some |= row[x]
        if some == 0:
            continue
        first, last = 0, w - 1
        while row[first] == 0:
            first += 1
        while row[last] == 0:
            last -= 1
        a, b = max(first - radius, 0), min(last + radius, w - 1)
        low[y], high[y] = a, b
        left = -(1 << 30)
        for x in range(a, b + 1):
            if row[x] != 0:
                left = x
            new[x] = row[left] if x - left <= radius else 0
        right = 1 << 30
        for x in range(b, a - 1, -1):
            if row[x] != 0:
                right = x
            elif new[x] == 0 and right - x <= radius:
                new[x] = row[right]
    for y in range(h):
        to = out[y]
        for step in range(radius + 1):
            for side in range(2 if step else 1):
                other = y + step if side else y - step
                if 0 <= other < h:
                    source = wide[other]
                    for x in range(low[other], high[other] + 1):
                        if to[x] == 0:
                            to[x] = source[x]


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


@njit()
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
