"""Periodic tiles of skin texture, made once in a process and read by all patches at places and angles of their own.

Each patch reads them through a warp, at its own turn and scale, and multiplies tiles of different periods, so that no
stretch of skin comes twice. All noise is Gaussian, shaped in the Fourier domain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream

F32 = NDArray[np.float32]
I8 = NDArray[np.int8]
STEP = 0.01
FINE_SIDE, FINE_MM = 1024, 0.075
"""Relief: side, mm a texel."""
BROAD_SIDE, BROAD_MM = 512, 0.6
"""Colour and form of more than a millimetre: side, mm a texel."""
DOT_SIDE, DOT_MM = 1024, 0.3
"""Freckles."""
LEVELS = 6
LINE_MM, LINE_SPREAD, LINE_DEPTH_MM = 1.4, 0.45, 0.024
"""Wavelength of the noise whose zeros are the furrows (they lie half as far apart), its relative width, their depth."""

# Channels of the broad tile.
BLOOD, BROWN, FORM_X, FORM_Y, VEIN, WARP_X, WARP_Y, WEAR = range(8)


@dataclass(frozen=True, slots=True)
class Tiles:
    """lines, pores : slopes along x and y, darkness in the bytes of one number; levels (s, s), each half as fine as the
    last. broad (s, s, 8). dots : levels (s, s). Levels are in steps of STEP, so that they stay in the processor's
    cache. The last row and column of each are the first again."""

    lines: tuple[NDArray[np.int32], ...]
    pores: tuple[NDArray[np.int32], ...]
    broad: F32
    dots: tuple[I8, ...]


@cache
def tiles() -> Tiles:
    """The tiles of this process; the same always."""
    return Tiles(_packed(_lines()), _packed(_pores()), _broad(), _pyramid(_dots()))


def level_of(mm_per_px: float, texel_mm: float) -> int:
    """Which level shows no detail finer than a picture's pixels."""
    return min(max(round(math.log2(max(mm_per_px / texel_mm, 1.0))), 0), LEVELS - 1)


def _packed(tile: F32) -> tuple[NDArray[np.int32], ...]:
    """Levels of a tile (s, s, 4) with four bytes a texel, the first one lowest."""
    return tuple(np.ascontiguousarray(level).view("<i4")[..., 0] for level in _pyramid(tile))


def _pyramid(tile: F32) -> tuple[I8, ...]:
    levels = [tile]
    for _ in range(LEVELS - 1):
        t = levels[-1]
        levels.append(np.float32(0.25) * (t[::2, ::2] + t[1::2, ::2] + t[::2, 1::2] + t[1::2, 1::2]))
    return tuple(_closed(np.clip(np.rint(level / STEP), -127, 127).astype(np.int8)) for level in levels)


def _closed(tile: NDArray) -> NDArray:
    """A periodic tile with its first row and column once more at its end."""
    return np.pad(tile, [(0, 1), (0, 1), (0, 0)][: tile.ndim], "wrap")


def _waves(side: int, texel_mm: float) -> tuple[NDArray, NDArray]:
    f = np.fft.fftfreq(side, texel_mm)
    return np.meshgrid(f, f)


def _shaped(name: str, side: int, gain: NDArray) -> NDArray:
    """Periodic noise of unit SD whose spectrum has this amplitude."""
    white = stream(0, "patches", "tile", name).normal(size=(side, side))
    made = np.fft.ifft2(np.fft.fft2(white) * gain).real
    return (made - made.mean()) / made.std()


def _slopes(height: NDArray, texel_mm: float) -> tuple[NDArray, NDArray]:
    x = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / (2 * texel_mm)
    y = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / (2 * texel_mm)
    return x, y


def _lines() -> F32:
    fx, fy = _waves(FINE_SIDE, FINE_MM)
    f, way = np.hypot(fx, fy), np.arctan2(fy, fx)
    furrows = np.zeros((FINE_SIDE, FINE_SIDE))
    deep = _shaped("deep", FINE_SIDE, np.exp(-((f * 7.0) ** 2)))
    for k, turn in enumerate((0.62, -0.62, 1.45)):
        ring = np.exp(-(((f * LINE_MM * (1.0, 1.0, 0.8)[k] - 1) / LINE_SPREAD) ** 2))
        across = np.abs((way - turn + np.pi / 2) % np.pi - np.pi / 2)
        n = _shaped(f"lines {k}", FINE_SIDE, ring * np.exp(-((across / 0.60) ** 2)))
        depth = np.clip(0.75 + 0.35 * (deep if k != 1 else -deep), 0.1, 1.4) * (1.0, 0.9, 0.5)[k]
        furrows = np.maximum(furrows, depth * np.exp(-((n / 0.30) ** 2)))
    grain = _shaped("grain", FINE_SIDE, np.exp(-((f * 0.28) ** 2)) * (f > 0))
    return _relief(-LINE_DEPTH_MM * furrows + 0.006 * grain, furrows)


def _pores() -> F32:
    pits = _spots("pores", FINE_SIDE, FINE_MM, 1.0, (0.10, 0.30))
    return _relief(-0.09 * pits, pits)


def _relief(height: NDArray, dark: NDArray) -> F32:
    """Slopes, darkness, and a channel that fills 16 bytes."""
    return np.stack([*_slopes(height, FINE_MM), dark, np.zeros_like(dark)], -1).astype(np.float32)


def _broad() -> F32:
    fx, fy = _waves(BROAD_SIDE, BROAD_MM)
    f = np.hypot(fx, fy)
    one_over = np.where(f > 0, 1 / np.maximum(f, 1e-6), 0)
    blood = _shaped("blood", BROAD_SIDE, one_over**0.95 * np.exp(-((f * 2.2) ** 2)) * (f > 1 / 70))
    brown = _shaped("brown", BROAD_SIDE, one_over**1.35 * np.exp(-((f * 1.6) ** 2)) * (f > 1 / 90))
    form = _shaped("form", BROAD_SIDE, np.exp(-((f * 30) ** 2)) * (f > 1 / 160))
    x, y = _slopes(form, BROAD_MM)
    branch = _shaped(
        "veins", BROAD_SIDE, np.exp(-(((f * 52 - 1) / 0.5) ** 2)) * (1 + 0.8 * np.cos(2 * np.arctan2(fy, fx)))
    )
    some = _shaped("some veins", BROAD_SIDE, np.exp(-((f * 45) ** 2)))
    vein = np.exp(-((branch / 0.10) ** 2)) * np.clip(0.9 * some - 0.1, 0, 1)
    warp = [_shaped(f"warp {k}", BROAD_SIDE, np.exp(-((f * 22) ** 2)) * (f > 1 / 160)) for k in range(2)]
    wear = _shaped("wear", BROAD_SIDE, np.exp(-((f * 14) ** 2)))
    channels = (blood, brown, x / x.std(), y / x.std(), vein, *warp, wear)
    return _closed(np.stack(channels, -1).astype(np.float32))


def _dots() -> F32:
    """Freckles: 0 .. 1, larger where a person needs fewer of them to have this one."""
    small = _spots("freckles", DOT_SIDE, DOT_MM, 3.4, (0.16, 0.40))
    large = _spots("spots", DOT_SIDE, DOT_MM, 9.0, (0.10, 0.22))
    return np.maximum(small, large).astype(np.float32)


def _spots(name: str, side: int, texel_mm: float, grid_mm: float, size: tuple[float, float]) -> NDArray:
    """0 .. 1: a soft uneven spot near each point of a jittered grid, its height 0 to 1; radii in grid steps."""
    n = round(side * texel_mm / grid_mm)
    step = side / n
    rng = stream(0, "patches", "tile", name)
    jitter, label, wide = rng.uniform(-0.5, 0.5, (2, n, n)), rng.random((n, n)), rng.random((n, n))
    rows, columns = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    cy, cx = (rows + 0.5 + jitter[0]) * step, (columns + 0.5 + jitter[1]) * step
    radius = (size[0] + (size[1] - size[0]) * wide**2) * step
    out = np.zeros((side, side))
    reach = math.ceil(1.5 * size[1] * step) + 1
    offset = np.arange(-reach, reach + 1)
    angle = rng.uniform(0, np.pi, (n, n))
    for y, x, r, q, turn in zip(*(a.ravel() for a in (cy, cx, radius, label, angle)), strict=True):
        i, j = offset + int(y), offset + int(x)
        dy, dx = (i - y)[:, None], (j - x)[None]
        along = np.cos(turn) * dx + np.sin(turn) * dy
        d2 = (dx * dx + dy * dy + 0.6 * along * along) / (r * r)
        spot = q * np.clip(1.25 - d2, 0, 1)
        at = np.ix_(i % side, j % side)
        out[at] = np.maximum(out[at], spot)
    return out
