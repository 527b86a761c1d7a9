"""Sixteen pixels of skin at a time: what a lesion adds to each, in loops that compilers turn into vector code.

A loop here runs over LANES neighbours, has no branch that depends on a pixel, and reads and writes few arrays, each
lane-major: else it would not be vectorised, and painting would take more than twice as long. Constants of a lesion are
taken from its record before the loop, since for all the compiler knows a write might change the record.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.compiled import njit
from nof1sim.render.skin import records as r
from nof1sim.render.skin.blocks import LANES, P_LOCK, P_X, P_Y, P_Z, STRICT, rows

CHANNELS, KNOWN = 18, 12

# What is added up per pixel.
A_CORE, A_HALO, A_MELANIN, A_DEEP, A_PUS, A_PLUG, A_CRUST, A_HONEY = rows(CHANNELS)[:8]
A_PALE, A_WET, A_PIT, A_TENSE, A_X, A_Y, A_Z, A_RING = rows(CHANNELS)[8:16]
# Squared distance, in radii, of the lesion nearest in radii, FAR where none reaches; and its record.
A_NEAR, A_WHICH = rows(CHANNELS)[16:]
# What is known of a pixel from one lesion.
L_D, L_U, L_V, L_WOBBLE, L_LOCK = rows(KNOWN)[:5]
L_GRAIN, L_GRAIN_U, L_GRAIN_V, L_FINE, L_RISE, L_SLOPE, L_FLOOR = rows(KNOWN)[5:]

F = np.float32
_0, _1, _2, _3, _4 = F(0), F(1), F(2), F(3), F(4)
FAR = F(1e9)
"""Distance, in squared radii, of a lesion that does not reach a pixel."""
GRAIN_SIZE = 64
GRAIN_STEP = 0.01
TEXELS_PER_MM = 4.5


def _build_grain() -> NDArray[np.float32]:
    """A periodic tile of smooth noise, about -1 .. 1, features of three texels."""
    white = stream(0, "skin", "grain").normal(size=(GRAIN_SIZE, GRAIN_SIZE))
    f = np.fft.fftfreq(GRAIN_SIZE)
    k2 = f[:, None] ** 2 + f[None] ** 2
    smooth = np.fft.ifft2(np.fft.fft2(white) * (np.exp(-k2 * 110) + 0.35 * np.exp(-k2 * 28))).real
    return np.clip(smooth / (2.0 * smooth.std()), -1.2, 1.2).astype(np.float32)


def _packed(tile: NDArray[np.float32]) -> NDArray[np.int32]:
    """Four neighbours of a tile, a byte each, as one number: what is between them takes one look-up."""
    byte = np.rint(tile / GRAIN_STEP).astype(np.int32) & 255
    right, below = np.roll(byte, -1, 1), np.roll(byte, -1, 0)
    return (byte | right << 8 | below << 16 | np.roll(right, -1, 0) << 24).astype(np.int32).ravel()


GRAIN = _packed(_build_grain())


@njit(fastmath=STRICT, inline="always")
def step(x):
    """0 below 0, 1 above 1, smooth in between."""
    x = min(max(x, _0), _1)
    return x * x * (_3 - _2 * x)


@njit(fastmath=STRICT)
def clear(acc, a):
    """Make the block of acc that begins at a one that no lesion reaches."""
    acc[a : a + np.uint64(CHANNELS * LANES)] = _0
    acc[a + A_NEAR : a + A_NEAR + np.uint64(LANES)] = FAR


@njit(fastmath=STRICT, inline="always")
def any_of(lane, row):
    """Whether any number of a row is above 0."""
    a, b, c, d = _0, _0, _0, _0
    for number in range(LANES // 4):  # four chains of work, none of which waits for the others
        k = row + np.uint64(4 * number)
        a, b = max(a, lane[k]), max(b, lane[k + np.uint64(1)])
        c, d = max(c, lane[k + np.uint64(2)]), max(d, lane[k + np.uint64(3)])
    return max(max(a, b), max(c, d)) > _0


@njit(fastmath=STRICT)
def reach(place, b, low, high, rec, which, acc, a, lane):
    """Add to a block what a lesion does beyond its outline: the redness, and on dark skin the brown, around it, and
    itself where it is the nearest.

    Fills rows D to LOCK of lane: how the block's lanes low .. high - 1 lie to the lesion; whether any is within its
    outline. b, a : where the block begins in place and in acc; which : the lesion's number.
    """
    cx, cy, cz, reach2 = rec[r.SPOT], rec[r.SPOT + 1], rec[r.SPOT + 2], rec[r.REACH] * rec[r.REACH]
    e0, e1, e2 = rec[r.EAST], rec[r.EAST + 1], rec[r.EAST + 2]
    n0, n1, n2 = rec[r.NORTH], rec[r.NORTH + 1], rec[r.NORTH + 2]
    o0, o1, o2 = rec[r.OUT], rec[r.OUT + 1], rec[r.OUT + 2]
    w0, w1, w2 = rec[r.WAVES], rec[r.WAVES + 1], rec[r.WAVES + 2]
    w3, w4, w5 = rec[r.WAVES + 3], rec[r.WAVES + 4], rec[r.WAVES + 5]
    core_reach2, inverse2 = rec[r.CORE_REACH] * rec[r.CORE_REACH], _1 / (rec[r.RADIUS] * rec[r.RADIUS])
    halo2 = max(rec[r.HALO_RADIUS] * rec[r.HALO_RADIUS], F(1e-8))
    haloed = _1 if rec[r.HALO] > _0 else _0
    red, brown, number_of = rec[r.HALO], rec[r.HALO_MELANIN], F(which)
    for number in range(LANES):
        k = np.uint64(number)
        dx, dy, dz = place[b + P_X + k] - cx, place[b + P_Y + k] - cy, place[b + P_Z + k] - cz
        z = dx * o0 + dy * o1 + dz * o2
        d2 = dx * dx + dy * dy + dz * dz + z * z * F(1 / 3)  # the arc over a sphere, to the fourth order of the chord
        d2 = d2 if low <= number and number < high and d2 < reach2 else FAR
        u, v = dx * e0 + dy * e1 + dz * e2, dx * n0 + dy * n1 + dz * n2
        # Lobes of the outline: cosines and sines of 2, 3 and 5 angles as polynomials of those of one.
        size2 = _1 / (u * u + v * v + F(1e-8))
        c2, s2 = (u * u - v * v) * size2, _2 * u * v * size2
        wobble = _1 + w0 * c2 + w1 * s2
        fade = haloed * max(_1 - d2 / (halo2 * (_1 + F(0.8) * (wobble - _1))), _0)
        size = math.sqrt(size2)
        c, s = u * size, v * size
        c3, s3 = c2 * c - s2 * s, s2 * c + c2 * s
        c5, s5 = c3 * c2 - s3 * s2, s3 * c2 + c3 * s2
        lock = place[b + P_LOCK + k]
        core = lock if d2 < core_reach2 else _0
        lane[L_D + k], lane[L_U + k], lane[L_V + k], lane[L_LOCK + k] = math.sqrt(d2), u, v, core
        lane[L_WOBBLE + k] = wobble + w2 * c3 + w3 * s3 + w4 * c5 + w5 * s5
        near, before = d2 * inverse2 if d2 < core_reach2 or fade > _0 else FAR, acc[a + A_NEAR + k]
        acc[a + A_WHICH + k] = number_of if near < before else acc[a + A_WHICH + k]
        acc[a + A_NEAR + k] = min(near, before)
        halo = lock * fade * fade
        acc[a + A_HALO + k] += red * halo
        acc[a + A_MELANIN + k] += brown * halo
    return any_of(lane, L_LOCK)


@njit(fastmath=STRICT, inline="always")
def _byte(packed, above):
    """The signed byte above which so many bits lie."""
    return F(np.int32(np.int32(packed << above) >> 24))


@njit(fastmath=STRICT)
def grain(tile, amount, east, north, scale, u0, v0, row, at, lane):
    """Fill a row of lane with amount times GRAIN, which is periodic, where lanes lie in it.

    east, north : rows of lane with places in mm; scale : texels per mm; u0, v0 : texels, of a place of 0. at (LANES,)
    int32 and rows L_RISE and L_SLOPE of lane are used on the way.
    """
    u0, v0, mask = u0 + F(16384), v0 + F(16384), np.int32(GRAIN_SIZE - 1)
    for number in range(LANES):
        k = np.uint64(number)
        u, v = lane[east + k] * scale + u0, lane[north + k] * scale + v0
        iu, iv = np.int32(u), np.int32(v)
        lane[L_RISE + k], lane[L_SLOPE + k] = u - F(iu), v - F(iv)
        at[k] = (iv & mask) * np.int32(GRAIN_SIZE) + (iu & mask)
    for number in range(LANES):  # apart, as loads from anywhere come one at a time
        k = np.uint64(number)
        at[k] = tile[np.uint64(at[k])]
    amount = amount * F(GRAIN_STEP)
    for number in range(LANES):
        k = np.uint64(number)
        a, b, packed = lane[L_RISE + k], lane[L_SLOPE + k], at[k]
        p, q, r, t = _byte(packed, 24), _byte(packed, 16), _byte(packed, 8), _byte(packed, 0)
        top, low = p + a * (q - p), r + a * (t - r)
        lane[row + k] = amount * (top + b * (low - top))


@njit(fastmath=STRICT)
def stain(acc, b, rec, lane):
    """Add pigment and pallor within the lesion's outline."""
    blood = rec[r.CORE] * (F(0.45) if rec[r.RAW] > _0 else _1)
    melanin, deep, pale, edge = rec[r.MELANIN], rec[r.DEEP], rec[r.PALE], rec[r.EDGE]
    inverse, steep, start = _1 / rec[r.RADIUS], F(0.5) / edge, _1 - edge
    focus, even = rec[r.FOCUS], _1 - rec[r.FOCUS]
    for number in range(LANES):
        k = np.uint64(number)
        t, grained = lane[L_D + k] * inverse / lane[L_WOBBLE + k], lane[L_GRAIN + k]
        core = _1 - step((t + F(0.10) * grained - start) * steep)
        core *= lane[L_LOCK + k] * (even + focus * core * core * core)
        acc[b + A_CORE + k] += blood * core * (_1 + F(0.30) * grained)
        acc[b + A_MELANIN + k] += melanin * core * (_1 + F(0.22) * grained)
        acc[b + A_DEEP + k] = max(acc[b + A_DEEP + k], deep * core)
        acc[b + A_PALE + k] = max(acc[b + A_PALE + k], pale * core)


@njit(fastmath=STRICT, inline="always")
def _narrow(dome, wobble):
    """One over the radius of a dome or pit in a lane's direction."""
    return _1 / (dome * (_1 + F(0.85) * (wobble - _1)))


@njit(fastmath=STRICT)
def _dome(rec, lane):
    """Fill how far up a dome h = H (1 - s^2)^2 a lane is, dh / dd there, and how deep into it as a pit.

    A nodule's is H (1 - s^2)^3, which rises from the skin without a rim.
    """
    dome, height = rec[r.DOME], -_4 * rec[r.HEIGHT]
    even, focus = _1 - rec[r.FOCUS], F(1.5) * rec[r.FOCUS]
    for number in range(LANES):
        k = np.uint64(number)
        narrow = _narrow(dome, lane[L_WOBBLE + k])
        s = min(lane[L_D + k] * narrow, _1)
        q = _1 - s * s
        lane[L_RISE + k], lane[L_SLOPE + k], lane[L_FLOOR + k] = q, height * s * q * (even + focus * q) * narrow, q * q


@njit(fastmath=STRICT)
def _boxcar(rec, lane):
    """The same of a pit with a flat floor and a steep wall."""
    dome, height = rec[r.DOME], F(-10) * rec[r.HEIGHT]
    for number in range(LANES):
        k = np.uint64(number)
        narrow = _narrow(dome, lane[L_WOBBLE + k])
        s = min(lane[L_D + k] * narrow, _1)
        x = max((s - F(0.50)) * F(2), _0)
        lane[L_RISE + k], lane[L_SLOPE + k] = _1 - s * s, height * x * (_1 - x) * narrow
        lane[L_FLOOR + k] = _1 - step((s - F(0.5)) / F(0.48))


@njit(fastmath=STRICT)
def _plug(rec, lane):
    """Add a plug's rim, in a shallow dimple, and take the top from a dome under a cap of pus, nearly flush."""
    dome, rim, cap = rec[r.DOME], rec[r.PLUG] * F(0.36), F(0.55) * rec[r.PUS]
    for number in range(LANES):
        k = np.uint64(number)
        q = lane[L_RISE + k]
        s2 = _1 - q
        slope = lane[L_SLOPE + k] + rim * math.sqrt(s2) * q * (_1 - _3 * s2) * _narrow(dome, lane[L_WOBBLE + k])
        lane[L_SLOPE + k] = slope * (_1 - cap * q * q)


@njit(fastmath=STRICT)
def relief(acc, b, rec, rough, lane):
    """Add the slope of a dome, of a pit, or of a plug's rim; in camera axes. rough : of a dome, which is lumpy."""
    pit = rec[r.PIT]
    if pit == F(2):
        _boxcar(rec, lane)
    else:
        _dome(rec, lane)
    if rec[r.PLUG] > _0 or rec[r.PUS] > _0:
        _plug(rec, lane)
    depth = F(0.42) if pit == F(1) else (F(0.28) if pit == F(2) else F(0.16))
    depth = depth * min(-rec[r.HEIGHT] * F(4), _1) if pit > _0 else _0
    tense = rec[r.TENSE] if pit == _0 else _0
    east0, east1, east2 = rec[r.EAST_C], rec[r.EAST_C + 1], rec[r.EAST_C + 2]
    north0, north1, north2 = rec[r.NORTH_C], rec[r.NORTH_C + 1], rec[r.NORTH_C + 2]
    for number in range(LANES):
        k = np.uint64(number)
        lock, q = lane[L_LOCK + k], lane[L_RISE + k]
        along, lumps = lock * lane[L_SLOPE + k] / max(lane[L_D + k], F(1e-4)), lock * q * rough
        u = along * lane[L_U + k] + lumps * (lane[L_GRAIN_U + k] - lane[L_GRAIN + k])
        v = along * lane[L_V + k] + lumps * (lane[L_GRAIN_V + k] - lane[L_GRAIN + k])
        acc[b + A_PIT + k] = max(acc[b + A_PIT + k], lock * depth * lane[L_FLOOR + k])
        acc[b + A_TENSE + k] = max(acc[b + A_TENSE + k], lock * tense * q)
        acc[b + A_X + k] += u * east0 + v * north0
        acc[b + A_Y + k] += u * east1 + v * north1
        acc[b + A_Z + k] += u * east2 + v * north2
