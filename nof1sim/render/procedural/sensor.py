"""The camera's sensor: exposure, tone curve and noise."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.procedural.filters import blur

F32 = NDArray[np.floating]

EXPOSURE = 0.80
GAIN = np.array([1.015, 1.0, 0.985], np.float32)
CURVE_TOE, CURVE_TOP, CURVE_SHIFT = 0.015625, 4.0, 14
"""The curve is kept for light from 0 to the top, at 512 places to each doubling of light + toe."""
TILE = 1024
"""Side of the tile of sensor noise; each picture takes it at its own place."""
TILE_SD = 30.0
"""Steps of the stored noise to one standard deviation."""


def tone(x: NDArray) -> NDArray:
    """Linear light to display 0 .. 1: soft shoulder, sRGB encoding, slight contrast. Elementwise."""
    x = np.maximum(x, 0)
    x = x * (1 + x * 0.08) / (1 + x * 0.22)
    x = np.where(x < 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-6), 1 / 2.4) - 0.055)
    c = np.clip(x, 0, 1)
    return x + 0.07 * (c - 0.5) * (1 - np.abs(2 * c - 1))


def _curve() -> F32:
    """The tone curve over the exponent and first bits of light + CURVE_TOE, where a step is a share of the light: a
    quarter of a grey level at most."""
    first, last = (int(np.float32(x).view(np.int32)) >> CURVE_SHIFT for x in (CURVE_TOE, CURVE_TOE + CURVE_TOP))
    middles = ((np.arange(first, last + 1) << CURVE_SHIFT) + (1 << (CURVE_SHIFT - 1))).astype(np.int32)
    return tone(middles.view(np.float32).astype(float) - CURVE_TOE).astype(np.float32)


CURVE = _curve()


@cache
def sensor_tile() -> NDArray[np.int8]:
    """Sensor noise (3, TILE, TILE), slightly correlated as demosaicing leaves it, SD `TILE_SD`. The same always."""
    grain = np.empty((TILE, TILE, 3), np.float32)
    _grain(np.uint32(20240607), np.uint32(77), TILE, TILE, grain)
    soft = blur(grain, 0.55)
    common = soft.mean(-1, keepdims=True) * np.float32(1.7 * 0.4)
    whole = np.moveaxis((np.float32(0.6) * soft + common) * np.float32(1.6 * TILE_SD), -1, 0)
    return np.ascontiguousarray(np.clip(np.rint(whole), -127, 127).astype(np.int8))


@njit(fastmath=True)
def _hash32(a, b):
    h = np.uint32(a * np.uint32(2654435761) ^ b)
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(2246822519))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(3266489917))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(fastmath=True)
def _grain(key_low, key_high, h, w, out):
    """White noise (h, w, 3) of unit variance: the sum of four uniforms from one hash, nearly normal."""
    for y in range(h):
        for x in range(w):
            for c in range(3):
                n = np.uint32((y * w + x) * 3 + c)
                a = _hash32(n, key_low)
                b = _hash32(a, key_high)
                s = (a & np.uint32(65535)) + (a >> np.uint32(16)) + (b & np.uint32(65535)) + (b >> np.uint32(16))
                out[y, x, c] = (np.float32(s) - 131070.0) * np.float32(1.7320508 / 65536.0)
