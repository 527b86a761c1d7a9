"""Points of a periodic pattern, and sums over a grid of knots, on a square of skin. Compiled."""

from __future__ import annotations

import math

import numpy as np

from .compiled import njit


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

    window : a Gaussian at whole knots, exp(-k^2 / w^2), from its one end to the other.
    """
    out, wide = np.empty(x.size), window.size
    across, down = np.empty(wide), np.empty(wide)
    for p in range(x.size):
        left = _window(x[p], half, knot, window, across)
        low = _window(y[p], half, knot, window, down)
        total = 0.0
        for i in range(wide):
            row = 0.0
            for j in range(wide):
                row += across[j] * noise[low + i, left + j]
            total += down[i] * row
        out[p] = total
    return out


@njit()
def _window(at, half, knot, window, weight):
    """Weights of the knots about a place along one axis, and the number of the first."""
    edge = window.size // 2
    place = (at + half) / knot + edge
    middle = round(place)
    # exp(-(k - d)^2 / w^2) is the window's own number times a power of exp(2 d / w^2), but for a common factor.
    ratio = window[edge + 1] ** (-2.0 * (place - middle))
    power, total = ratio**-edge, 0.0
    for k in range(window.size):
        weight[k] = window[k] * power
        total += weight[k] * weight[k]
        power *= ratio
    scale = 1.0 / math.sqrt(total)
    for k in range(window.size):
        weight[k] *= scale
    return middle - edge
