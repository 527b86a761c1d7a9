"""Counter-based noise on points in millimetres: gradient noise (Perlin 1985, 2002) and cell distance (Worley 1996).

A value depends on its place and an integer seed only, so the same spot of skin looks the same in every view and at
every picture size.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.floating]


@njit(cache=True, fastmath=True)
def _hash(i, j, k, seed):
    h = np.uint32(i * 374761393 + j * 668265263 + k * 2147483647 + seed * 1274126177)
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(1274126177))
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(2246822519))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(cache=True, fastmath=True)
def _slope(i, j, k, seed, x, y, z):
    h = _hash(i, j, k, seed)
    a = (h & np.uint32(1023)) / 511.5 - 1.0
    b = ((h >> np.uint32(10)) & np.uint32(1023)) / 511.5 - 1.0
    c = ((h >> np.uint32(20)) & np.uint32(1023)) / 511.5 - 1.0
    return a * x + b * y + c * z


@njit(cache=True, fastmath=True)
def _gradient_noise(points, sx, sy, sz, seed, weight, out):
    for q in range(points.shape[0]):
        x = points[q, 0] * sx
        y = points[q, 1] * sy
        z = points[q, 2] * sz
        i = math.floor(x)
        j = math.floor(y)
        k = math.floor(z)
        x -= i
        y -= j
        z -= k
        u = x * x * x * (x * (x * 6 - 15) + 10)
        v = y * y * y * (y * (y * 6 - 15) + 10)
        w = z * z * z * (z * (z * 6 - 15) + 10)
        total = 0.0
        for c in range(2):
            wc = w if c else 1 - w
            for b in range(2):
                wb = v if b else 1 - v
                left = _slope(i, j + b, k + c, seed, x, y - b, z - c)
                right = _slope(i + 1, j + b, k + c, seed, x - 1, y - b, z - c)
                total += wc * wb * (left + (right - left) * u)
        out[q] += weight * 1.35 * total


@njit(cache=True, fastmath=True)
def _cells(points, inverse, seed, distance, label):
    """Nearest of the jittered points in the 2 x 2 x 2 cells around: exact for distances up to half a cell."""
    for q in range(points.shape[0]):
        x = points[q, 0] * inverse
        y = points[q, 1] * inverse
        z = points[q, 2] * inverse
        i = math.floor(x - 0.5)
        j = math.floor(y - 0.5)
        k = math.floor(z - 0.5)
        best = 1.0
        name = 0.0
        for di in range(2):
            for dj in range(2):
                for dk in range(2):
                    h = _hash(i + di, j + dj, k + dk, seed)
                    px = i + di + (h & np.uint32(1023)) / 1023.0 - x
                    py = j + dj + ((h >> np.uint32(10)) & np.uint32(1023)) / 1023.0 - y
                    pz = k + dk + ((h >> np.uint32(20)) & np.uint32(1023)) / 1023.0 - z
                    d = px * px + py * py + pz * pz
                    if d < best:
                        best = d
                        name = (_hash(i + di, j + dj, k + dk, seed + 7919) & np.uint32(65535)) / 65535.0
        distance[q] = math.sqrt(best)
        label[q] = name


def noise(
    points: F32,
    scale_mm: float,
    seed: int,
    octaves: int = 1,
    gain: float = 0.5,
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> F32:
    """Gradient noise at `points` (..., 3), about -1 to 1, feature size `scale_mm`; `stretch` lengthens it per axis."""
    flat = np.ascontiguousarray(points, dtype=np.float32).reshape(-1, 3)
    out = np.zeros(len(flat), np.float32)
    for k in range(octaves):
        f = 2.0**k / scale_mm
        _gradient_noise(flat, f / stretch[0], f / stretch[1], f / stretch[2], int(seed) + 17 * k, gain**k, out)
    return out.reshape(points.shape[:-1])


def cells(points: F32, scale_mm: float, seed: int) -> tuple[F32, F32]:
    """Distance to the nearest jittered grid point, in cells, and that point's label in 0 .. 1. `points` (..., 3).

    Distances are exact up to half a cell, which is all that spots, pores and stubble need; beyond, an upper bound.
    """
    flat = np.ascontiguousarray(points, dtype=np.float32).reshape(-1, 3)
    distance, label = np.empty(len(flat), np.float32), np.empty(len(flat), np.float32)
    _cells(flat, 1.0 / scale_mm, int(seed), distance, label)
    return distance.reshape(points.shape[:-1]), label.reshape(points.shape[:-1])
