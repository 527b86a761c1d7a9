"""From linear light to a photograph: focus, motion, exposure, white balance, tone, sharpening, noise, 8 bits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.light import NOISE_DARK, NOISE_FLOOR, to_linear, white_balance
from nof1sim.render.procedural.filters import blur, radius_of
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
    length = shot.motion_px * scale
    if length >= 0.5:
        a, moved = math.radians(shot.motion_deg), np.zeros_like(light)
        _smear(light, length * math.cos(a), length * math.sin(a), max(2, math.ceil(length)), moved)
        light = moved
    light = blur(light, shot.blur_px * scale)
    gain = white_balance(shot.white_balance_k, shot.tint) * (EXPOSURE * 2.0**shot.exposure_ev)
    shown, luma = np.empty_like(light), np.empty(light.shape[:2], np.float32)
    _show(light, gain.astype(np.float32), CURVE, shown, luma)
    soft = blur(luma, SHARPEN_PX) if shot.sharpening else luma
    style = (shot.sharpening, shot.noise / TILE_SD, shot.contrast, shot.saturation)
    out = np.empty(light.shape, np.uint8)
    _print(shown, luma, soft, np.array(style, np.float32), sensor_tile(), key % TILE, (key >> 20) % TILE, out)
    return out


@njit()
def _smear(image, dx, dy, steps, out):
    """Mean of the image (h, w, c) along a line through each pixel."""
    h, w, channels = image.shape
    share = F(1.0 / steps)
    for k in range(steps):
        along = (k + 0.5) / steps - 0.5
        ox, oy = dx * along, dy * along
        i0, j0 = math.floor(ox), math.floor(oy)
        a, b = F(ox - i0), F(oy - j0)
        for y in range(h):
            ja, jb = min(max(y + j0, 0), h - 1), min(max(y + j0 + 1, 0), h - 1)
            for x in range(w):
                ia, ib = min(max(x + i0, 0), w - 1), min(max(x + i0 + 1, 0), w - 1)
                for c in range(channels):
                    top = image[ja, ia, c] * (F(1) - a) + image[ja, ib, c] * a
                    low = image[jb, ia, c] * (F(1) - a) + image[jb, ib, c] * a
                    out[y, x, c] += share * (top * (F(1) - b) + low * b)


@njit()
def _show(light, gain, curve, shown, luma):
    """Tone curve: shown (h, w, 3) and its luma (h, w)."""
    h, w = luma.shape
    toe, top = F(CURVE_TOE), F(CURVE_TOP)
    raised = np.empty(1, np.float32)
    bits = raised.view(np.int32)
    for y in range(h):
        for x in range(w):
            for c in range(3):
                raised[0] = min(max(light[y, x, c] * gain[c], F(0)), top) + toe
                shown[y, x, c] = curve[np.uint64((bits[0] >> CURVE_SHIFT) - FIRST)]
            luma[y, x] = F(0.299) * shown[y, x, 0] + F(0.587) * shown[y, x, 1] + F(0.114) * shown[y, x, 2]


@njit()
def _print(shown, luma, soft, style, tile, ox, oy, out):
    """Sharpening, colour, contrast, noise and 8 bits."""
    h, w = luma.shape
    side = tile.shape[1]
    sharpen, noise, contrast, saturation = style[0], style[1], style[2], style[3]
    for y in range(h):
        for x in range(w):
            edge, grey = sharpen * (luma[y, x] - soft[y, x]), luma[y, x]
            for c in range(3):
                value = grey + saturation * (shown[y, x, c] - grey) + edge
                k = min(max(value, F(0)), F(1))
                value += contrast * (k - F(0.5)) * (F(1) - abs(F(2) * k - F(1)))
                grain = F(tile[c, (y + oy) % side, (x + ox) % side])
                value += noise * (F(NOISE_FLOOR) + F(NOISE_DARK) * (F(1) - k)) * grain
                out[y, x, c] = np.uint8(np.int32(min(max(value, F(0)), F(1)) * F(255) + F(0.5)))
