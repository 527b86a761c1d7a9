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
    out = np.empty_like(labels, order="C")
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
def _widen(row, radius, new):
    """Grow a row along itself: new (w,), set from `_span` and radius on. Where that begins and ends; -1 where empty."""
    w = row.size
    first, last = _span(row)
    if last < 0:
        return w, -1
    a, b = max(first - radius, 0), min(last + radius, w - 1) + 1
    for x in range(a, b):  # a slice of an array set to another takes numba seconds to compile
        new[x] = row[x]
    for step in range(1, min(radius, w - 1) + 1):
        _fill(new[max(a, step) : b], row[max(a, step) - step : b - step])
    for step in range(1, min(radius, w - 1) + 1):
        _fill(new[a : min(b, w - step)], row[a + step : min(b, w - step) + step])
    return a, b


@njit()
def _grow(labels, radius, out):
    """One pass down; the few rows that one needs, grown along themselves, stay in a ring and so in the cache."""
    h, w = labels.shape
    ring = np.empty((2 * radius + 1, w), labels.dtype)
    low, high = np.full(h, w, np.int64), np.full(h, -1, np.int64)
    for ahead in range(h + radius):
        if ahead < h:
            low[ahead], high[ahead] = _widen(labels[ahead], radius, ring[ahead % len(ring)])
        y = ahead - radius
        if y < 0:
            continue
        out[y] = 0
        for step in range(radius + 1):
            for side in range(2 if step else 1):
                other = y + step if side else y - step
                if 0 <= other < h and high[other] > 0:
                    a, b = low[other], high[other]
                    _fill(out[y, a:b], ring[other % len(ring), a:b])


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
    """table (ids, 5): least x and y, largest x and y plus one, count. By runs of one label."""
    for y in range(labels.shape[0]):
        row = labels[y]
        x, last = _span(row)
        while x <= last:
            k, start = row[x], x
            while x <= last and row[x] == k:
                x += 1
            if k != 0:
                t = table[k]
                t[0], t[1] = min(t[0], start), min(t[1], y)
                t[2], t[3] = max(t[2], x), y + 1
                t[4] += x - start
