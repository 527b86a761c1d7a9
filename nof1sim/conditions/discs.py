"""Which discs overlap, and which hang together. Compiled; the order of the discs alone decides every result."""

from __future__ import annotations

import numpy as np

from .cells import reach
from .compiled import njit


@njit()
def pairs(near, radius, widest):
    """All pairs (pairs, 2) of discs (n,) that overlap, the lower number first, in order. near: Cells of their centres.
    widest : the largest radius."""
    n, member = radius.size, near.member
    found, count = np.empty((4 * n, 2), np.int64), 0
    x, y, r = near.x_mm[member], near.y_mm[member], radius[member]  # by cell: what is compared lies side by side
    for i in range(n):
        at_x, at_y, own, begun = near.x_mm[i], near.y_mm[i], radius[i], count
        left, right = reach(near.low_x_mm, near.side_mm, near.columns, at_x, own + widest)
        low, high = reach(near.low_y_mm, near.side_mm, near.rows, at_y, own + widest)
        for row in range(low, high + 1):
            cell = row * near.columns
            for place in range(near.first[cell + left], near.first[cell + right + 1]):
                k = np.uint64(place)
                across, down, far = x[k] - at_x, y[k] - at_y, r[k] + own
                if across * across + down * down < far * far and member[k] > i:
                    if count == found.shape[0]:
                        found = np.concatenate((found, np.empty_like(found)))
                    count = _insert(found, begun, count, i, member[k])
    return found[:count]


@njit()
def _insert(found, begun, count, i, j):
    """Put a pair among those of disc i, which begin at `begun`. Returns the number of pairs."""
    at = count
    while at > begun and found[at - 1, 1] > j:
        found[at, 1] = found[at - 1, 1]
        at -= 1
    found[count, 0], found[at, 1] = i, j
    return count + 1


@njit()
def both_ways(found, values, n):
    """Pairs (pairs, 2) in order with a value each, by disc: disc i has the others other[first[i] : first[i + 1]], in
    order, with the values beside them."""
    first, at = np.zeros(n + 1, np.int64), np.empty(n, np.int64)
    for k in range(found.shape[0]):
        first[found[k, 0] + 1] += 1
        first[found[k, 1] + 1] += 1
    for i in range(n):
        first[i + 1] += first[i]
        at[i] = first[i]
    other, value = np.empty(first[n], np.int64), np.empty(first[n])
    for k in range(found.shape[0]):
        for side in range(2):
            i = found[k, side]
            other[at[i]], value[at[i]] = found[k, 1 - side], values[k]
            at[i] += 1
    return first, other, value


@njit()
def lowered(first, other, lens, radius, colour, rounds):
    """The colours (n,) of discs that overlap, see `merge.merged`. first, other, lens: of `both_ways`."""
    n = colour.size
    share, wanted, now = np.empty(lens.size), np.empty(n), colour.copy()
    for i in range(n):
        more, largest = 0.0, colour[i]
        for k in range(first[i], first[i + 1]):
            theirs = colour[other[k]]
            share[k] = lens[k] / (np.pi * radius[i] ** 2)
            more += share[k] * max(theirs - colour[i], 0.0)
            largest = max(largest, theirs)
        wanted[i] = min(colour[i] + more, largest)
    for _ in range(rounds):
        before = now.copy()
        for i in range(n):
            more = 0.0
            for k in range(first[i], first[i + 1]):
                more += share[k] * before[other[k]]
            now[i] = before[i] * min(wanted[i] / max(before[i] + more, 1e-12), 1.0)
    return now


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
