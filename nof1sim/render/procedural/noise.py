"""Counter-based noise on points in millimetres: gradient noise (Perlin 1985, 2002) and cell distance (Worley 1996).

A value depends on its place and an integer seed only, so the same spot of skin looks the same in every view and at
every picture size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit

F32 = NDArray[np.floating]


# Everything below is in 32 bits, so that the compiler handles eight points at a time.
_X, _Y, _Z, _SEED = np.uint32(374761393), np.uint32(668265263), np.uint32(2147483647), np.uint32(1274126177)
_LATE, _S13, _S15, _S16 = np.uint32(2246822519), np.uint32(13), np.uint32(15), np.uint32(16)
_LOW, _S10, _S20 = np.uint32(1023), np.uint32(10), np.uint32(20)
_ONE = np.float32(1.0)
_SIX, _TEN, _FIFTEEN = np.float32(6.0), np.float32(10.0), np.float32(15.0)
_GRAIN, _PLACE = np.float32(1 / 511.5), np.float32(1 / 1023.0)


@njit(fastmath=True, inline="always")
def _mixed(h):
    h = np.uint32(h)  # a product of two is of 64 bits to numba
    h = np.uint32((h ^ (h >> _S13)) * _SEED)
    h = np.uint32((h ^ (h >> _S15)) * _LATE)
    return np.uint32(h ^ (h >> _S16))


@njit(fastmath=True, inline="always")
def _corner(i, j, k, seed):
    a, b, c = np.uint32(np.int32(i)), np.uint32(np.int32(j)), np.uint32(np.int32(k))
    return np.uint32(a * _X + b * _Y + c * _Z + seed * _SEED)


@njit(fastmath=True, inline="always")
def _slope(h, x, y, z):
    h = _mixed(h)
    a = np.float32(np.int32(h & _LOW)) * _GRAIN - _ONE
    b = np.float32(np.int32((h >> _S10) & _LOW)) * _GRAIN - _ONE
    c = np.float32(np.int32((h >> _S20) & _LOW)) * _GRAIN - _ONE
    return a * x + b * y + c * z


@njit(fastmath=True)
def _gradient_noise(px, py, pz, sx, sy, sz, seed, weight, out):
    for q in range(out.size):
        x, y, z = px[q] * sx, py[q] * sy, pz[q] * sz
        i, j, k = np.floor(x), np.floor(y), np.floor(z)
        x, y, z = x - i, y - j, z - k
        u = x * x * x * (x * (x * _SIX - _FIFTEEN) + _TEN)
        v = y * y * y * (y * (y * _SIX - _FIFTEEN) + _TEN)
        w = z * z * z * (z * (z * _SIX - _FIFTEEN) + _TEN)
        h = _corner(i, j, k, seed)
        x1, y1, z1 = x - _ONE, y - _ONE, z - _ONE
        a, b = _slope(h, x, y, z), _slope(h + _X, x1, y, z)
        c, d = _slope(h + _Y, x, y1, z), _slope(h + _X + _Y, x1, y1, z)
        near, far = a + (b - a) * u, c + (d - c) * u
        low = near + (far - near) * v
        h = np.uint32(h + _Z)
        a, b = _slope(h, x, y, z1), _slope(h + _X, x1, y, z1)
        c, d = _slope(h + _Y, x, y1, z1), _slope(h + _X + _Y, x1, y1, z1)
        near, far = a + (b - a) * u, c + (d - c) * u
        high = near + (far - near) * v
        out[q] += weight * (low + (high - low) * w)


@njit(fastmath=True)
def _cells(px, py, pz, inverse, seed, distance, label):
    """Nearest of the jittered points in the 2 x 2 x 2 cells around: exact for distances up to half a cell."""
    half, top, unit_label = np.float32(0.5), np.uint32(65535), np.float32(1 / 65535.0)
    other = np.uint32(7919) * _SEED
    for q in range(distance.size):
        x, y, z = px[q] * inverse, py[q] * inverse, pz[q] * inverse
        i, j, k = np.floor(x - half), np.floor(y - half), np.floor(z - half)
        x, y, z = x - i, y - j, z - k
        h = _corner(i, j, k, seed)
        best, name = _ONE, np.uint32(0)
        for c in range(8):
            dx, dy, dz = np.uint32(c & 1), np.uint32((c >> 1) & 1), np.uint32(c >> 2)
            corner = np.uint32(h + dx * _X + dy * _Y + dz * _Z)
            g = _mixed(corner)
            ax = np.float32(np.int32(dx)) + np.float32(np.int32(g & _LOW)) * _PLACE - x
            ay = np.float32(np.int32(dy)) + np.float32(np.int32((g >> _S10) & _LOW)) * _PLACE - y
            az = np.float32(np.int32(dz)) + np.float32(np.int32((g >> _S20) & _LOW)) * _PLACE - z
            d = ax * ax + ay * ay + az * az
            name = corner if d < best else name
            best = d if d < best else best
        distance[q] = np.sqrt(best)
        label[q] = np.float32(np.int32(_mixed(name + other) & top)) * unit_label if best < _ONE else np.float32(0.0)


def _columns(points: F32) -> F32:
    """Coordinates (3, n) of points (..., 3), each contiguous."""
    return np.ascontiguousarray(np.asarray(points, np.float32).reshape(-1, 3).T)


def noise(
    points: F32,
    scale_mm: float,
    seed: int,
    octaves: int = 1,
    gain: float = 0.5,
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> F32:
    """Gradient noise at `points` (..., 3), about -1 to 1, feature size `scale_mm`; `stretch` lengthens it per axis."""
    x, y, z = _columns(points)
    out = np.zeros(x.size, np.float32)
    for k in range(octaves):
        sx, sy, sz = (np.float32(2.0**k / (scale_mm * s)) for s in stretch)
        _gradient_noise(x, y, z, sx, sy, sz, np.uint32(int(seed) + 17 * k), np.float32(1.35 * gain**k), out)
    return out.reshape(points.shape[:-1])


def cells(points: F32, scale_mm: float, seed: int) -> tuple[F32, F32]:
    """Distance to the nearest jittered grid point, in cells, and that point's label in 0 .. 1. `points` (..., 3).

    Distances are exact up to half a cell, which is all that spots, pores and stubble need; beyond, an upper bound.
    """
    x, y, z = _columns(points)
    distance, label = np.empty(x.size, np.float32), np.empty(x.size, np.float32)
    _cells(x, y, z, np.float32(1.0 / scale_mm), np.uint32(int(seed)), distance, label)
    return distance.reshape(points.shape[:-1]), label.reshape(points.shape[:-1])
