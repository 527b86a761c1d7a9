"""The posed picture, row by row: light of the person over the backdrop, and the labels of lesions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.compiled import njit

F32 = NDArray[np.floating]


def backdrop_map(nuisance: Nuisance, size: int, margin: int) -> F32:
    """Affine map (6,) from picture to plate for what turns with the camera but not with the head."""
    n = nuisance
    roll = math.radians(n.roll_deg)
    c, s = math.cos(roll) / n.scale, math.sin(roll) / n.scale
    half = size / 2 - 0.5
    ox, oy = half + n.shift_x * size, half + n.shift_y * size
    back = half + margin
    return np.array([c, s, back - c * ox - s * oy, -s, c, back + s * ox - c * oy], np.float32)


@njit()
def corners(side, labels, some):
    """Set some (side * side,), zero before, to 1 where a pixel, the next, or one of the two below them has a label."""
    n = labels.size - side - 1
    here, right = labels[:n], labels[1 : n + 1]
    below, beyond = labels[side : side + n], labels[side + 1 : side + 1 + n]
    for k in range(n):
        some[k] = (here[k] | right[k] | below[k] | beyond[k]) != 0


@njit()
def _label(labels, nearest, q, unit, below):
    """The label at the nearest of four pixels, of which q is the upper left, or the first of them that has one."""
    label = labels[nearest]
    label = label if label else labels[q]
    label = label if label else labels[q + unit]
    label = label if label else labels[q + below]
    return label if label else labels[q + below + unit]


@njit(fastmath=True)
def _cells(side, u, v, cell, across, down):
    """Upper left of the four pixels (side * side,) around each place of a row, and how far it is from there, (w,)."""
    last, width, none = np.int32(side - 2), np.int32(side), np.int32(0)
    for x in range(cell.size):
        i, j = max(min(np.int32(u[x]), last), none), max(min(np.int32(v[x]), last), none)
        across[x], down[x] = u[x] - np.float32(i), v[x] - np.float32(j)
        cell[x] = j * width + i


@njit(fastmath=True)
def _places(y, side, place, at):
    """Where in the backdrop (side * side * 3,) each pixel of row y is found: at (w,)."""
    last, width, none, three = np.int32(side - 2), np.int32(side), np.int32(0), np.int32(3)
    half, row = np.float32(0.5), np.float32(y)
    along, start = place[0], place[1] * row + place[2] + half
    down, top = place[3], place[4] * row + place[5] + half
    for x in range(at.size):
        column = np.float32(np.int32(x))
        i = min(max(np.int32(along * column + start), none), last)
        j = min(max(np.int32(down * column + top), none), last)
        at[x] = (j * width + i) * three


@njit(fastmath=True)
def posed_row(y, side, flat, u, v, back, brightness, place, labels, inner, some, where, share, light, near, core):
    """Row y of the posed picture: light (3, w); near and core labels (h, w), 0 where there are none.

    flat (side * side * 4,): light of the person times cover, and cover, already blurred by the lens, so that they can
    be read between pixels bilinearly; u, v (h, w): place in it, u < 0 where there is only backdrop, back (side * side
    * 3,), whose unit is `brightness` and which is found by the affine map `place` (6,). labels (side * side,) of what
    lesions touched, inner of their cores, some: `corners` of labels; core is read at the nearest pixel, near also where
    any pixel that is read was touched. where (2, w), share (2, w) are scratch.
    """
    one, half, full = np.float32(1.0), np.float32(0.5), np.float32(0.999)
    unit, two, three, four, below = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4), np.uint64(side)
    us, cell, at, across, down = u[y], where[0], where[1], share[0], share[1]
    _cells(side, us, v[y], cell, across, down)
    _places(y, side, place, at)
    red, green, blue, here, cores = light[0], light[1], light[2], near[y], core[y]
    here[:] = 0
    cores[:] = 0
    for x in range(us.size):
        b = np.uint64(at[x])
        if us[x] < 0:
            red[x] = brightness * np.float32(back[b])
            green[x] = brightness * np.float32(back[b + unit])
            blue[x] = brightness * np.float32(back[b + two])
            continue
        q, s, t = np.uint64(cell[x]), across[x], down[x]
        if some[q]:
            n = q + np.uint64(s >= half) + below * np.uint64(t >= half)
            here[x], cores[x] = _label(labels, n, q, unit, below), inner[n]
        w3 = s * t
        w1, w2 = s - w3, t - w3
        w0 = one - s - w2
        p, z = q * four, (q + below) * four
        e, o = p + four, z + four
        r0 = w0 * flat[p] + w1 * flat[e] + w2 * flat[z] + w3 * flat[o]
        g0 = w0 * flat[p + unit] + w1 * flat[e + unit] + w2 * flat[z + unit] + w3 * flat[o + unit]
        b0 = w0 * flat[p + two] + w1 * flat[e + two] + w2 * flat[z + two] + w3 * flat[o + two]
        a0 = w0 * flat[p + three] + w1 * flat[e + three] + w2 * flat[z + three] + w3 * flat[o + three]
        if a0 < full:
            # The backdrop is out of focus: its nearest pixel will do.
            k = (one - a0) * brightness
            r0 += k * np.float32(back[b])
            g0 += k * np.float32(back[b + unit])
            b0 += k * np.float32(back[b + two])
        red[x], green[x], blue[x] = r0, g0, b0


@njit(fastmath=True)
def posed(side, flat, u, v, back, brightness, place, labels, inner, some, light, near, core):
    """The whole posed picture: light (h, 3, w). See `posed_row`."""
    where, share = np.empty((2, u.shape[1]), np.int32), np.empty((2, u.shape[1]), np.float32)
    for y in range(u.shape[0]):
        posed_row(y, side, flat, u, v, back, brightness, place, labels, inner, some, where, share, light[y], near, core)
