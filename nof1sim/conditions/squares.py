"""Points of a periodic pattern, and sums over a grid of knots, on a square of skin. Compiled."""

from __future__ import annotations

import math

import numpy as np

from .compiled import njit

EDGE, WIDE = 3, 7
"""So many knots to either side of a point, and in all along an axis, make its value on a square."""


@njit()
def turned_within(x, y, tile, copies, cos, sin, limit):
    """The points (n,) of a tile and of its copies to all sides, turned, that lie within `limit` of the middle along
    both axes: x, y."""
    most = x.size * (2 * copies) ** 2
    out_x, out_y, n = np.empty(most), np.empty(most), 0
    for j in range(-copies, copies):
        for i in range(-copies, copies):
            for p in range(x.size):
                right, up = x[p] + i * tile, y[p] + j * tile
                u, v = cos * right - sin * up, sin * right + cos * up
                if max(abs(u), abs(v)) <= limit:
                    out_x[n], out_y[n] = u, v
                    n += 1
    return out_x[:n].copy(), out_y[:n].copy()


@njit()
def smoothed(noise, x, y, half, knot, window):
    """Noise at knots (k, k) under a window of unit power, at the points (n,) of a square of `half` its side. The knots
    go on beyond the square by half the window.

    window (7,) : a Gaussian at whole knots, exp(-k^2 / w^2), from its one end to the other.
    """
    out, columns = np.empty(x.size), noise.T.copy()  # a column's knots lie side by side, to be summed at once
    across, down = np.empty(WIDE), np.empty(WIDE)
    for p in range(x.size):
        left = np.uint64(_window(x[p], half, knot, window, across))
        low = np.uint64(_window(y[p], half, knot, window, down))
        a = b = c = d = e = f = g = 0.0
        for j in range(WIDE):
            column, weight = left + np.uint64(j), across[np.uint64(j)]
            a += weight * columns[column, low]
            b += weight * columns[column, low + np.uint64(1)]
            c += weight * columns[column, low + np.uint64(2)]
            d += weight * columns[column, low + np.uint64(3)]
            e += weight * columns[column, low + np.uint64(4)]
            f += weight * columns[column, low + np.uint64(5)]
            g += weight * columns[column, low + np.uint64(6)]
        total = 0.0 + down[0] * a + down[1] * b + down[2] * c
        out[p] = total + down[3] * d + down[4] * e + down[5] * f + down[6] * g
    return out


@njit(inline="always")
def _window(at, half, knot, window, weight):
    """Weights of the knots about a place along one axis, and the number of the first."""
    place = (at + half) / knot + EDGE
    middle = round(place)
    # exp(-(k - d)^2 / w^2) is the window's own number times a power of exp(2 d / w^2), but for a common factor.
    ratio = window[EDGE + 1] ** (-2.0 * (place - middle))
    power, total = 1.0 / (ratio * (ratio * ratio)), 0.0
    for k in range(WIDE):
        weight[np.uint64(k)] = window[np.uint64(k)] * power
        total += weight[np.uint64(k)] * weight[np.uint64(k)]
        power *= ratio
    scale = 1.0 / math.sqrt(total)
    for k in range(WIDE):
        weight[np.uint64(k)] *= scale
    return middle - EDGE
