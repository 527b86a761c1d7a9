"""From linear light to the photograph: pose, lens, exposure, white balance, glare, tone curve, sharpening, noise.

Every filter that lesions pass through has a finite footprint (`reach_px`), so that a pixel farther than that from any
lesion is bit for bit the clear face's. The wide glare of highlights is taken from the clear face alone for that reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.procedural.filters import blur, enlarge, radius_of, shrink

F32 = NDArray[np.floating]

EXPOSURE = 0.80
GAIN = np.array([1.015, 1.0, 0.985], np.float32)
LENS_SIGMA_PX, SHARPEN_SIGMA_PX, SHARPEN = 0.45, 1.1, 0.45
GLARE, GLARE_FROM = 0.10, 0.75
NOISE_FLOOR, NOISE_DARK = 0.0065, 0.006
"""Standard deviation of sensor noise at white and its rise towards black, display units."""
DAYLIGHT_K = 5500.0
CURVE_STEPS, CURVE_TOP = 4096, 4.0
REFERENCE_PX = 512


def tone(x: NDArray) -> NDArray:
    """Linear light to display 0 .. 1: soft shoulder, sRGB encoding, slight contrast. Elementwise."""
    x = np.maximum(x, 0)
    x = x * (1 + x * 0.08) / (1 + x * 0.22)
    x = np.where(x < 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-6), 1 / 2.4) - 0.055)
    c = np.clip(x, 0, 1)
    return x + 0.07 * (c - 0.5) * (1 - np.abs(2 * c - 1))


CURVE = tone(np.linspace(0, 1, CURVE_STEPS) ** 2 * CURVE_TOP).astype(np.float32)
"""The tone curve over sqrt(light), so that steps are small in the shadows."""


@dataclass(frozen=True, slots=True)
class Pose:
    """2-D stand-in for a small turn of the head: an affine map of the canvas plus parallax by depth.

    A source point is matrix (2, 2) . (x, y) + offset (2,) + parallax (2,) * depth(x, y); identity: leave as it is.
    """

    matrix: F32
    offset: F32
    parallax: F32
    identity: bool


def pose_of(nuisance: Nuisance, size: int, margin: int, per_mm: float) -> Pose:
    """Inverse map, target pixel to source pixel, of the day's pose on a plate with `margin` around `size` pixels."""
    n = nuisance
    roll = math.radians(n.roll_deg)
    c, s = math.cos(roll) / n.scale, math.sin(roll) / n.scale
    matrix = np.array([[c, -s], [s, c]])
    centre = (size + 2 * margin - 1) / 2
    shift = np.array([n.shift_x, n.shift_y]) * size + centre
    offset = centre - np.array([c * shift[0] - s * shift[1], s * shift[0] + c * shift[1]])
    parallax = np.array([-math.sin(math.radians(n.yaw_deg)), math.sin(math.radians(n.pitch_deg))]) * per_mm
    still = (n.roll_deg, n.scale, n.shift_x, n.shift_y, n.yaw_deg, n.pitch_deg) == (0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    return Pose(matrix.astype(np.float32), offset.astype(np.float32), parallax.astype(np.float32), still)


@njit(cache=True, fastmath=True)
def _cubic(t, taps):
    """Catmull-Rom weights of the four taps around a fraction t, into `taps` (4,)."""
    taps[0] = 0.5 * (-t * t * t + 2 * t * t - t)
    taps[1] = 0.5 * (3 * t * t * t - 5 * t * t + 2)
    taps[2] = 0.5 * (-3 * t * t * t + 4 * t * t + t)
    taps[3] = 0.5 * (t * t * t - t * t)


@njit(cache=True, fastmath=True)
def _mirror(i, n):
    """Index reflected at the borders, so that a shifted picture shows no smeared edge."""
    if i < 0:
        i = -1 - i
    if i >= n:
        i = 2 * n - 1 - i
    return min(max(i, 0), n - 1)


@njit(cache=True, fastmath=True)
def _warp(image, depth, matrix, offset, parallax, touched, out, out_touched):
    """Bicubic resampling; a target pixel is touched (gets an id > 0) if any of its taps is."""
    h, w, _ = image.shape
    wx, wy = np.empty(4, np.float32), np.empty(4, np.float32)
    for y in range(h):
        for x in range(w):
            d = depth[y, x]
            u = matrix[0, 0] * x + matrix[0, 1] * y + offset[0] + parallax[0] * d
            v = matrix[1, 0] * x + matrix[1, 1] * y + offset[1] + parallax[1] * d
            i, j = math.floor(u), math.floor(v)
            _cubic(u - i, wx)
            _cubic(v - j, wy)
            inside = i >= 1 and j >= 1 and i < w - 2 and j < h - 2
            red, green, blue = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            near = 0
            best = np.float32(0.0)
            for b in range(4):
                jj = j + b - 1 if inside else _mirror(j + b - 1, h)
                for a in range(4):
                    ii = i + a - 1 if inside else _mirror(i + a - 1, w)
                    weight = wx[a] * wy[b]
                    red += weight * image[jj, ii, 0]
                    green += weight * image[jj, ii, 1]
                    blue += weight * image[jj, ii, 2]
                    # Of several lesions under the taps the pixel belongs to the one that weighs most.
                    if touched[jj, ii] != 0 and (near == 0 or weight > best):
                        near = touched[jj, ii]
                        best = weight
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = max(red, 0.0), max(green, 0.0), max(blue, 0.0)
            out_touched[y, x] = near


@njit(cache=True, fastmath=True)
def nearest_map(ids, depth, matrix, offset, parallax, out):
    """Resample a label image by the nearest pixel."""
    h, w = ids.shape
    for y in range(h):
        for x in range(w):
            d = depth[y, x]
            u = matrix[0, 0] * x + matrix[0, 1] * y + offset[0] + parallax[0] * d
            v = matrix[1, 0] * x + matrix[1, 1] * y + offset[1] + parallax[1] * d
            i, j = math.floor(u + 0.5), math.floor(v + 0.5)
            out[y, x] = ids[j, i] if 0 <= i < w and 0 <= j < h else 0


def warp(image: F32, depth: F32, pose: Pose, touched: NDArray[np.int32]) -> tuple[F32, NDArray[np.int32]]:
    """The posed picture (h, w, 3) and its touched map (h, w)."""
    if pose.identity:
        return image, touched
    out, out_touched = np.empty_like(image), np.empty_like(touched)
    _warp(image, depth, pose.matrix, pose.offset, pose.parallax, touched, out, out_touched)
    return out, out_touched


def forward(pose: Pose, depth: F32, x: float, y: float) -> tuple[float, float]:
    """Where a source point lands in the posed picture (fixed point of the inverse map)."""
    if pose.identity:
        return x, y
    m = pose.matrix.astype(float)
    det = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    tx, ty = x, y
    for _ in range(6):
        j = int(np.clip(round(ty), 0, depth.shape[0] - 1))
        i = int(np.clip(round(tx), 0, depth.shape[1] - 1))
        d = float(depth[j, i])
        u = x - float(pose.offset[0]) - float(pose.parallax[0]) * d
        v = y - float(pose.offset[1]) - float(pose.parallax[1]) * d
        tx, ty = (m[1, 1] * u - m[0, 1] * v) / det, (m[0, 0] * v - m[1, 0] * u) / det
    return tx, ty


def lens_sigma(nuisance: Nuisance, size: int) -> float:
    """Blur of lens and focus, pixels."""
    return math.hypot(LENS_SIGMA_PX, nuisance.blur_px * size / REFERENCE_PX)


def reach_px(nuisance: Nuisance, size: int) -> int:
    """How far, in pixels along either axis, the filters carry a change of the linear picture."""
    return radius_of(lens_sigma(nuisance, size)) + radius_of(SHARPEN_SIGMA_PX)


def white_balance(shift_k: float) -> F32:
    """Gains (3,) of a camera set for daylight under light warmer or cooler by `shift_k` (Planck's law, green = 1)."""
    wavelength_um = np.array([0.600, 0.550, 0.450])
    change = -14388.0 / wavelength_um * (1 / (DAYLIGHT_K + shift_k) - 1 / DAYLIGHT_K)
    return np.exp(change - change[1]).astype(np.float32)


def glare_of(clear: F32) -> F32:
    """Light that highlights of the clear face spread over the picture, (h, w, 3)."""
    size = clear.shape[0]
    bright = np.maximum(clear - GLARE_FROM, 0)
    factor = 1
    while size % (factor * 2) == 0 and size // factor > 128:
        factor *= 2
    return GLARE * enlarge(blur(shrink(bright, factor), size / 60 / factor), factor)


@njit(cache=True, fastmath=True)
def _expose(light, glare, gain, curve, top, out):
    h, w, _ = light.shape
    steps = curve.size - 1
    scale = steps / math.sqrt(top)
    for y in range(h):
        for x in range(w):
            for c in range(3):
                v = max((light[y, x, c] + glare[y, x, c]) * gain[c], 0.0)
                t = min(math.sqrt(v) * scale, steps - 0.001)
                i = int(t)
                out[y, x, c] = curve[i] + (curve[i + 1] - curve[i]) * (t - i)


@njit(cache=True, fastmath=True)
def _hash32(a, b):
    h = np.uint32(a * np.uint32(2654435761) ^ b)
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(2246822519))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(3266489917))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(cache=True, fastmath=True)
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


@njit(cache=True, fastmath=True)
def _finish(display, soft, grain, amount, sharpen, floor, dark, out):
    h, w, _ = display.shape
    for y in range(h):
        for x in range(w):
            common = 0.4 * 1.7 / 3 * (grain[y, x, 0] + grain[y, x, 1] + grain[y, x, 2])
            for c in range(3):
                v = display[y, x, c]
                v = v + sharpen * (v - soft[y, x, c])
                if amount > 0:
                    sigma = floor + dark * math.sqrt(min(max(1 - v, 0.0), 1.0))
                    v += amount * sigma * 1.6 * (0.6 * grain[y, x, c] + common)
                out[y, x, c] = np.uint8(min(max(v, 0.0), 1.0) * 255 + 0.5)


def develop(light: F32, glare: F32, nuisance: Nuisance, key: int) -> NDArray[np.uint8]:
    """The photograph (h, w, 3) of linear light (h, w, 3), with `glare` added; `key`: 64 bits of sensor noise."""
    h, w, _ = light.shape
    light = blur(light, lens_sigma(nuisance, w))
    gain = GAIN * white_balance(nuisance.white_balance_k) * np.float32(EXPOSURE * 2.0**nuisance.exposure_ev)
    display = np.empty_like(light)
    _expose(light, glare, gain.astype(np.float32), CURVE, CURVE_TOP, display)
    soft = blur(display, SHARPEN_SIGMA_PX)
    out = np.empty((h, w, 3), np.uint8)
    grain = np.zeros((1, 1, 3), np.float32) if nuisance.noise <= 0 else _noise(key, h, w)
    if nuisance.noise <= 0:
        grain = np.broadcast_to(grain, (h, w, 3))
    _finish(display, soft, np.ascontiguousarray(grain), nuisance.noise, SHARPEN, NOISE_FLOOR, NOISE_DARK, out)
    return out


def _noise(key: int, h: int, w: int) -> F32:
    grain = np.empty((h, w, 3), np.float32)
    _grain(np.uint32(key & 0xFFFFFFFF), np.uint32(key >> 32), h, w, grain)
    return blur(grain, 0.55)
