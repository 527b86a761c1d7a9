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
def _span(row):
    """First and last place of a row that is not zero; its length and -1 where all are."""
    some, n = row[0], row.size
    for x in range(n):  # vectorised, unlike a search: most rows of most pictures are empty
        some |= row[x]
    if some == 0:
        return n, -1
    first, last = 0, n - 1
    while row[first] == 0:
        first += 1
    while row[last] == 0:
        last -= 1
    return first, last


@njit()
def _fill(new, row):
    """Put row where new is zero. A choice without a branch, so that the loop is vectorised."""
    for x in range(new.size):
        new[x] = new[x] if new[x] != 0 else row[x]


@njit()
def _grow(labels, radius, out):
    h, w = labels.shape
    wide = np.zeros((h, w), labels.dtype)
    low, high = np.full(h, w, np.int64), np.full(h, -1, np.int64)
    for y in range(h):
        first, last = _span(labels[y])
        if last < 0:
            continue
        a, b = max(first - radius, 0), min(last + radius, w - 1) + 1
        low[y], high[y] = a, b
        row, new = labels[y], wide[y]
        new[a:b] = row[a:b]
        for step in range(1, min(radius, w - 1) + 1):
            _fill(new[max(a, step) : b], row[max(a, step) - step : b - step])
        for step in range(1, min(radius, w - 1) + 1):
            _fill(new[a : min(b, w - step)], row[a + step : min(b, w - step) + step])
    for y in range(h):
        for step in range(radius + 1):
            for side in range(2 if step else 1):
                other = y + step if side else y - step
                if 0 <= other < h and high[other] > 0:
                    a, b = low[other], high[other]
                    _fill(out[y, a:b], wide[other, a:b])


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
    for y in range(labels.shape[0]):
        row = labels[y]
        first, last = _span(row)
        for x in range(first, last + 1):
            k = row[x]
            if k != 0:
                t = table[k]
                t[0], t[1] = min(t[0], x), min(t[1], y)
                t[2], t[3] = max(t[2], x + 1), max(t[3], y + 1)
                t[4] += 1
