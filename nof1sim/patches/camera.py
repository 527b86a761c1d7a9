"""From linear light to a photograph: focus, motion, exposure, white balance, tone, sharpening, noise, 8 bits."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.light import NOISE_DARK, NOISE_FLOOR, to_linear, white_balance
from nof1sim.render.procedural.filters import gaussian, radius_of
from nof1sim.render.procedural.sensor import (
    CURVE,
    CURVE_SHIFT,
    CURVE_TOE,
    CURVE_TOP,
    TILE,
    TILE_SD,
    sensor_tile,
    tone,
)  # fmt: skip

from .compiled import njit
from .shot import Shot

F = np.float32
EXPOSURE = 0.86
NEUTRAL_LIGHT = 0.88
"""Median light on curved skin before the neutral camera."""
REFERENCE_PX = 256
SHARPEN_PX = 1.0
"""SD of the blur that the camera's sharpening subtracts, at any size."""

FIRST = int(np.float32(CURVE_TOE).view(np.int32)) >> CURVE_SHIFT


class Style(NamedTuple):
    """How a camera finishes a picture; see `Shot`."""

    sharpen: float
    noise: float
    contrast: float
    saturation: float


def developed(albedo: NDArray) -> NDArray:
    """Linear display colour (..., 3) of evenly lit skin in a neutral photograph."""
    return to_linear(np.clip(tone(np.asarray(albedo, float) * (NEUTRAL_LIGHT * EXPOSURE)), 0, 1))


def reach_px(shot: Shot, size_px: int) -> int:
    """How far, in pixels along either axis, a change of the linear picture is carried."""
    scale = size_px / REFERENCE_PX
    motion = shot.motion_px * scale
    moved = math.ceil(motion / 2) + 1 if motion >= 0.5 else 0
    return radius_of(shot.blur_px * scale) + moved + (radius_of(SHARPEN_PX) if shot.sharpening else 0)


def develop(light: NDArray[np.float32], shot: Shot, key: int) -> NDArray[np.uint8]:
    """The photograph (h, w, 3) of linear light (h, w, 3). key: 64 bits that choose the sensor's noise."""
    scale = light.shape[0] / REFERENCE_PX
    length, rows = shot.motion_px * scale, light.reshape(light.shape[0], -1)
    if length >= 0.5:
        a, moved = math.radians(shot.motion_deg), np.empty_like(rows)
        _smear(rows, length * math.cos(a), length * math.sin(a), max(2, math.ceil(length)), moved)
        rows = moved
    gain = white_balance(shot.white_balance_k, shot.tint) * (EXPOSURE * 2.0**shot.exposure_ev)
    style = Style(shot.sharpening, shot.noise / TILE_SD, shot.contrast, shot.saturation)
    out = np.empty(light.shape, np.uint8)
    focus, sharp = gaussian(shot.blur_px * scale), gaussian(SHARPEN_PX if shot.sharpening else 0.0)
    _develop(
        rows, focus, np.tile(gain.astype(np.float32), light.shape[1]), CURVE, sharp, style,
        sensor_tile(), key % TILE, (key >> 20) % TILE, out,
    )  # fmt: skip
    return out


@njit()
def _smear(image, dx, dy, steps, out):
    """Mean of the image (h, 3 w), edges repeated, along a line through each pixel."""
    h, m = image.shape
    share, edge = F(1.0 / steps), 3 * (int(abs(dx)) + 2)
    line = np.empty(m + 2 * edge, np.float32)
    for y in range(h):
        row = np.uint64(y)
        for x in range(m):
            out[row, np.uint64(x)] = F(0)
        for k in range(steps):
            along = (k + 0.5) / steps - 0.5
            ox, oy = dx * along, dy * along
            i, j = math.floor(ox), math.floor(oy)
            a, b = F(ox - i), F(oy - j)
            low, high = np.uint64(min(max(y + j, 0), h - 1)), np.uint64(min(max(y + j + 1, 0), h - 1))
            for x in range(m):
                q = np.uint64(x)
                line[np.uint64(edge + x)] = image[low, q] * (F(1) - b) + image[high, q] * b
            for x in range(edge):
                line[x], line[edge + m + x] = line[edge + x % 3], line[edge + m - 3 + x % 3]
            start = edge + 3 * i
            for x in range(m):
                q = np.uint64(start + x)
                out[row, np.uint64(x)] += share * (line[q] * (F(1) - a) + line[q + np.uint64(3)] * a)


@njit()
def _develop(light, focus, gain, curve, sharp, style, grain, ox, oy, out):
    """Row by row: light (h, 3 w) to out (h, w, 3). The rows that sharpening looks at are kept, no others."""
    h, w = out.shape[0], out.shape[1]
    r = sharp.size // 2
    shown, luma = np.empty((2 * r + 1, 3 * w), np.float32), np.empty((2 * r + 1, w), np.float32)
    line, noise, soft = np.empty(3 * w, np.float32), np.empty(3 * w, np.float32), np.empty(w, np.float32)
    wide = np.empty(3 * w + 6 * max(r, focus.size // 2), np.float32)
    for y in range(h + r):
        if y < h:
            _soften(light, y, h, focus, 3, wide, line)
            _expose(line, line.view(np.int32), gain, curve, y % (2 * r + 1), shown, luma)
        if y >= r:
            row = y - r
            _soften(luma, row, h, sharp, 1, wide, soft)
            _noise(grain, (row + oy) % TILE, ox, noise)
            _print(shown, luma, row % (2 * r + 1), soft, noise, style, out, row)


@njit()
def _soften(rows, y, h, taps, channels, wide, out):
    """Row y of h, blurred along both axes, edges repeated; rows holds the last of them, each at y modulo their
    number."""
    r, m, held = taps.size // 2, out.size, rows.shape[0]
    edge = r * channels
    for x in range(m):
        wide[edge + x] = F(0)
    for t in range(2 * r + 1):
        row, tap = np.uint64(min(max(y + t - r, 0), h - 1) % held), taps[t]
        for x in range(m):
            wide[np.uint64(edge + x)] += tap * rows[row, np.uint64(x)]
    for t in range(edge):
        wide[t], wide[edge + m + t] = wide[edge + t % channels], wide[edge + m - channels + t % channels]
    for x in range(m):
        out[x] = F(0)
    for t in range(2 * r + 1):
        tap, start = taps[t], t * channels
        for x in range(m):
            out[x] += tap * wide[np.uint64(start + x)]


@njit()
def _expose(line, bits, gain, curve, k, shown, luma):
    """Tone curve of a row of light (3 w): row k of shown, channel by channel, and of its luma. bits : line's own."""
    w, toe, top = luma.shape[1], F(CURVE_TOE), F(CURVE_TOP)
    for x in range(3 * w):
        line[x] = min(max(line[x] * gain[x], F(0)), top) + toe
    row = np.uint64(k)
    for c in range(3):
        for x in range(w):
            shown[row, np.uint64(c * w + x)] = curve[np.uint64((bits[np.uint64(3 * x + c)] >> CURVE_SHIFT) - FIRST)]
    for x in range(w):
        i = np.uint64(x)
        luma[row, i] = F(0.299) * shown[row, i] + F(0.587) * shown[row, np.uint64(x + w)] + (
            F(0.114) * shown[row, np.uint64(x + 2 * w)])  # fmt: skip


@njit()
def _noise(grain, row, first, out):
    """A row of the tile of noise, from column `first` on, as often as it takes; channel by channel."""
    w, q = out.size // 3, np.uint64(row)
    for c in range(3):
        done = 0
        while done < w:
            start = (first + done) % TILE
            run = min(w - done, TILE - start)
            for x in range(run):
                out[np.uint64(c * w + done + x)] = F(grain[np.uint64(c), q, np.uint64(start + x)])
            done += run


@njit()
def _print(shown, luma, k, soft, noise, style, out, y):
    """Sharpening, colour, contrast, noise and 8 bits of a row."""
    w, row, q = soft.size, np.uint64(k), np.uint64(y)
    sharpen, grainy, contrast, saturation = F(style.sharpen), F(style.noise), F(style.contrast), F(style.saturation)
    for c in range(3):
        for x in range(w):
            i, at = np.uint64(x), np.uint64(c * w + x)
            grey = luma[row, i]
            value = grey + saturation * (shown[row, at] - grey) + sharpen * (grey - soft[i])
            dark = min(max(value, F(0)), F(1))
            value += contrast * (dark - F(0.5)) * (F(1) - abs(F(2) * dark - F(1)))
            value += grainy * (F(NOISE_FLOOR) + F(NOISE_DARK) * (F(1) - dark)) * noise[at]
            noise[at] = min(max(value, F(0)), F(1)) * F(255) + F(0.5)
    for x in range(w):
        for c in range(3):
            out[q, np.uint64(x), np.uint64(c)] = np.uint8(np.int32(noise[np.uint64(c * w + x)]))
