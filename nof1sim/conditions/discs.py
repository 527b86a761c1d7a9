"""Which discs overlap, and which hang together. Compiled; the order of the discs alone decides every result."""

from __future__ import annotations

import math

import numpy as np

from .compiled import njit


@njit()
def pairs(x, y, radius, order):
    """All pairs (pairs, 2) of discs (n,) that overlap, the lower number first, in no order. order : of x."""
    n, widest = x.size, 0.0
    for i in range(n):
        widest = max(widest, radius[i])
    found, count = np.empty((4 * n, 2), np.int64), 0
    for a in range(n):
        i = order[a]
        for b in range(a + 1, n):
            j = order[b]
            if x[j] - x[i] > radius[i] + widest:
                break
            reach, down = radius[i] + radius[j], y[i] - y[j]
            if abs(down) < reach and math.hypot(x[i] - x[j], down) < reach:
                if count == found.shape[0]:
                    found = np.concatenate((found, np.empty_like(found)))
                found[count, 0], found[count, 1] = min(i, j), max(i, j)
                count += 1
    return found[:count]


@njit()
def connected(found, n):
    """Number of the connected group that each of n discs belongs to, 0, 1 ... by first disc."""
    first = np.arange(n)
    for k in range(found.shape[0]):
        i, j = found[k, 0], found[k, 1]
        while first[i] != i:
            i = first[i]
        while first[j] != j:
            j = first[j]
        first[max(i, j)] = min(i, j)
    groups = 0
    number = np.empty(n, np.int64)
    for i in range(n):
        if first[i] == i:
            number[i] = groups
            groups += 1
        else:
            number[i] = number[first[i]]
    return number
