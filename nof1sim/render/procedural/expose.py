"""From linear light to the photograph: pose, lens, exposure, white balance, glare, tone curve, sharpening, noise.

Every filter that lesions pass through has a finite footprint (`reach_px`), so that a pixel farther than that from any
lesion is bit for bit the clear face's. The wide glare of highlights is taken from the clear face alone for that reason.
Images here are planar, (3, h, w) float32: the inner loops run along memory.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.compiled import njit
from nof1sim.render.procedural.filters import blur, gaussian, radius_of

F32 = NDArray[np.floating]

EXPOSURE = 0.80
GAIN = np.array([1.015, 1.0, 0.985], np.float32)
LENS_SIGMA_PX = 0.42
"""Blur of a perfectly focused lens, built into the plate; reading between its pixels adds as much again."""
SHARPEN_SIGMA_PX, SHARPEN = 1.1, 0.55
FOCUS_FROM_PX = 0.3
"""A focus blur less than this is lost in that of the lens."""
NOISE_FLOOR, NOISE_DARK = 0.0065, 0.006
"""Standard deviation of sensor noise at white and its rise towards black, display units."""
DAYLIGHT_K = 5500.0
CURVE_STEPS, CURVE_TOP = 4096, 4.0
REFERENCE_PX = 512
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


CURVE = tone(np.linspace(0, 1, CURVE_STEPS) ** 2 * CURVE_TOP).astype(np.float32)
"""The tone curve over sqrt(light), so that steps are small in the shadows: a seventh of a grey level at most."""


@njit(fastmath=True)
def resample(image, alpha, solid, u, v, backdrop, brightness, place, near, cores, out, touched, core):
    """The posed picture: out (3, h, w), touched and core labels (h, w).

    image (s, s, 3): light of the person times cover, alpha (s, s), already blurred by the lens, so that both can be
    read between pixels bilinearly; solid (s, s): whether cover is 1 here and at the next three pixels; u, v (h, w):
    place in it, u < 0 where there is only backdrop (s, s, 3), whose unit is `brightness` and which is found by the
    affine map `place` (6,). near, cores (s, s): labels, from the nearest pixel; touched and core come as zeros.
    """
    h, w = u.shape
    last = np.int32(image.shape[0] - 2)
    half, one, none = np.float32(0.5), np.float32(1.0), np.int32(0)
    width = np.int64(image.shape[1])
    flat = image.reshape(-1)
    near_flat, cores_flat, solid_flat = near.reshape(-1), cores.reshape(-1), solid.reshape(-1)
    back, cover = backdrop.reshape(-1), alpha.reshape(-1)
    three, unit = np.uint64(3), np.uint64(1)
    for y in range(h):
        red, green, blue = out[0, y], out[1, y], out[2, y]
        us, vs, labels, inner = u[y], v[y], touched[y], core[y]
        for x in range(w):
            uu, vv = us[x], vs[x]
            a, r0, g0, b0 = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
            label, middle = none, none
            if uu >= 0:
                i, j = min(np.int32(uu), last), min(np.int32(vv), last)
                s, t = uu - np.float32(i), vv - np.float32(j)
                q = np.uint64(j * width + i)
                n = np.uint64((j + np.int32(t >= half)) * width + i + np.int32(s >= half))
                label = near_flat[n]
                if label != none:
                    middle = cores_flat[n]
                w3 = s * t
                w1, w2 = s - w3, t - w3
                w0 = one - s - w2
                p = q * three
                z = p + np.uint64(width * 3)
                r0 = w0 * flat[p] + w1 * flat[p + three] + w2 * flat[z] + w3 * flat[z + three]
                p, z = p + unit, z + unit
                g0 = w0 * flat[p] + w1 * flat[p + three] + w2 * flat[z] + w3 * flat[z + three]
                p, z = p + unit, z + unit
                b0 = w0 * flat[p] + w1 * flat[p + three] + w2 * flat[z] + w3 * flat[z + three]
                if solid_flat[q]:
                    a = one
                else:
                    m = q + np.uint64(width)
                    a = w0 * cover[q] + w1 * cover[q + unit] + w2 * cover[m] + w3 * cover[m + unit]
            if a < np.float32(0.999):
                # The backdrop is out of focus: its nearest pixel will do.
                bx = min(max(np.int32(place[0] * x + place[1] * y + place[2] + half), none), last)
                by = min(max(np.int32(place[3] * x + place[4] * y + place[5] + half), none), last)
                k = (one - a) * brightness
                e = np.uint64((by * width + bx) * 3)
                r0 += k * back[e]
                g0 += k * back[e + unit]
                b0 += k * back[e + np.uint64(2)]
            red[x], green[x], blue[x] = r0, g0, b0
            if label != none:
                labels[x], inner[x] = label, middle


def backdrop_map(nuisance: Nuisance, size: int, margin: int) -> F32:
    """Affine map (6,) from picture to plate for what turns with the camera but not with the head."""
    n = nuisance
    roll = math.radians(n.roll_deg)
    c, s = math.cos(roll) / n.scale, math.sin(roll) / n.scale
    half = size / 2 - 0.5
    ox, oy = half + n.shift_x * size, half + n.shift_y * size
    back = half + margin
    return np.array([c, s, back - c * ox - s * oy, -s, c, back + s * ox - c * oy], np.float32)


@njit(fastmath=True)
def _blur_planes(image, kernel, out):
    """Separable blur of planes (p, h, w), edges repeated. Row slices let the inner loops vectorise."""
    planes, h, w = image.shape
    r = kernel.size // 2
    line = np.empty(w + 2 * r, np.float32)
    middle = line[r : r + w]
    for p in range(planes):
        for y in range(h):
            row, k = image[p, y], kernel[r]
            for x in range(w):
                middle[x] = k * row[x]
            for t in range(1, r + 1):
                above, below, k = image[p, max(y - t, 0)], image[p, min(y + t, h - 1)], kernel[r + t]
                for x in range(w):
                    middle[x] += k * (above[x] + below[x])
            for x in range(r):
                line[x] = line[r]
                line[w + r + x] = line[w + r - 1]
            row, k = out[p, y], kernel[r]
            for x in range(w):
                row[x] = k * middle[x]
            for t in range(1, r + 1):
                left, right, k = line[r - t : r - t + w], line[r + t : r + t + w], kernel[r + t]
                for x in range(w):
                    row[x] += k * (left[x] + right[x])


def blur_planes(image: F32, sigma_px: float) -> F32:
    """Gaussian blur of (p, h, w), or the image itself where sigma is nought."""
    if radius_of(sigma_px) == 0:
        return image
    out = np.empty_like(image)
    _blur_planes(image, gaussian(sigma_px), out)
    return out


@njit(fastmath=True)
def _smear(image, dx, dy, steps, out):
    """Mean of the image along a line through each pixel, from -(dx, dy) / 2 to +(dx, dy) / 2."""
    planes, h, w = image.shape
    share = np.float32(1.0 / steps)
    for p in range(planes):
        for y in range(h):
            for x in range(w):
                out[p, y, x] = np.float32(0.0)
        for k in range(steps):
            f = (k + 0.5) / steps - 0.5
            ox, oy = dx * f, dy * f
            i0, j0 = math.floor(ox), math.floor(oy)
            a, b = np.float32(ox - i0), np.float32(oy - j0)
            for y in range(h):
                ja, jb = min(max(y + j0, 0), h - 1), min(max(y + j0 + 1, 0), h - 1)
                for x in range(w):
                    ia, ib = min(max(x + i0, 0), w - 1), min(max(x + i0 + 1, 0), w - 1)
                    top = image[p, ja, ia] * (1 - a) + image[p, ja, ib] * a
                    low = image[p, jb, ia] * (1 - a) + image[p, jb, ib] * a
                    out[p, y, x] += share * (top * (1 - b) + low * b)


def focus_sigma(nuisance: Nuisance, size: int) -> float:
    """Blur of a lens out of focus, pixels; 0 where it does not show."""
    sigma = nuisance.blur_px * size / REFERENCE_PX
    return sigma if sigma >= FOCUS_FROM_PX else 0.0


def motion_px(nuisance: Nuisance, size: int) -> float:
    """Length of motion blur, pixels; 0 where it does not show."""
    length = nuisance.motion_px * size / REFERENCE_PX
    return length if length >= 0.5 else 0.0


def reach_px(nuisance: Nuisance, size: int) -> int:
    """How far, in pixels along either axis, the filters carry a change of the posed linear picture."""
    motion = motion_px(nuisance, size)
    moved = math.ceil(motion / 2) + 1 if motion else 0
    return radius_of(focus_sigma(nuisance, size)) + moved + radius_of(SHARPEN_SIGMA_PX)


def white_balance(shift_k: float, tint: float = 0.0) -> F32:
    """Gains (3,) of a camera set for daylight under light warmer or cooler by `shift_k` (Planck's law, green = 1)."""
    wavelength_um = np.array([0.600, 0.550, 0.450])
    change = -14388.0 / wavelength_um * (1 / (DAYLIGHT_K + shift_k) - 1 / DAYLIGHT_K)
    return (np.exp(change - change[1]) * np.exp(np.array([-0.5, 1.0, -0.5]) * tint)).astype(np.float32)


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


@njit(fastmath=True)
def _display(light, glare, gain, curve, top, shown, luma):
    """Tone curve of light (3, h, w) plus glare (3, h, w); luma (1, h, w) of the result."""
    planes, h, w = light.shape
    zero = np.float32(0.0)
    scale = np.float32((curve.size - 1) / math.sqrt(top))
    limit = np.float32(top * 0.9999)
    share = (np.float32(0.299), np.float32(0.587), np.float32(0.114))
    for y in range(h):
        grey = luma[0, y]
        for x in range(w):
            grey[x] = zero
        for p in range(planes):
            k, part = gain[p], share[p]
            lit, more, line = light[p, y], glare[p, y], shown[p, y]
            for x in range(w):
                line[x] = np.sqrt(min(max((lit[x] + more[x]) * k, zero), limit)) * scale
            for x in range(w):
                line[x] = curve[np.uint64(line[x])]
            for x in range(w):
                grey[x] += part * line[x]


@njit(fastmath=True)
def _print(shown, luma, soft, sharpen, tile, ox, oy, noise, floor, dark, contrast, saturation, out):
    """Sharpening, colour, noise and 8 bits: out (h, w, 3) uint8 from shown (3, h, w), luma and soft luma (1, h, w)."""
    _, h, w = shown.shape
    side = tile.shape[1]
    one, zero, two, half = np.float32(1.0), np.float32(0.0), np.float32(2.0), np.float32(0.5)
    lines, edge = np.empty((3, w), np.float32), np.empty(w, np.float32)
    bytes_ = np.empty((3, w), np.uint8)
    for y in range(h):
        grey, blurred = luma[0, y], soft[0, y]
        for x in range(w):
            edge[x] = sharpen * (grey[x] - blurred[x])
        for p in range(3):
            source, line = shown[p, y], lines[p]
            if saturation != one:
                for x in range(w):
                    line[x] = grey[x] + saturation * (source[x] - grey[x]) + edge[x]
            else:
                for x in range(w):
                    line[x] = source[x] + edge[x]
            if contrast != zero:
                for x in range(w):
                    c = min(max(line[x], zero), one)
                    line[x] += contrast * (c - half) * (one - abs(two * c - one))
            if noise > zero:
                grain = tile[p, (y + oy) % side]
                start = 0
                while start < w:
                    at = (ox + start) % side
                    m = min(w - start, side - at)
                    part, these = line[start : start + m], grain[at : at + m]
                    for x in range(m):
                        part[x] += noise * (floor + dark * (one - min(max(part[x], zero), one))) * np.float32(these[x])
                    start += m
            plane = bytes_[p]
            for x in range(w):
                plane[x] = np.uint8(np.int32(min(max(line[x], zero), one) * np.float32(255.0) + half))
        red, green, blue = bytes_[0], bytes_[1], bytes_[2]
        row = out[y].reshape(-1)
        for x in range(w):
            k = np.uint64(3 * x)
            row[k], row[k + np.uint64(1)], row[k + np.uint64(2)] = red[x], green[x], blue[x]


def develop(light: F32, glare: F32, nuisance: Nuisance, key: int) -> NDArray[np.uint8]:
    """The photograph (h, w, 3) of linear light (3, h, w), with `glare` added; `key`: 64 bits of sensor noise."""
    n = nuisance
    _, h, w = light.shape
    light = blur_planes(light, focus_sigma(n, w))
    length = motion_px(n, w)
    if length:
        a = math.radians(n.motion_deg)
        smeared = np.empty_like(light)
        _smear(light, length * math.cos(a), length * math.sin(a), max(2, math.ceil(length)), smeared)
        light = smeared
    gain = GAIN * white_balance(n.white_balance_k, n.tint) * np.float32(EXPOSURE * 2.0**n.exposure_ev)
    shown, luma = np.empty_like(light), np.empty((1, h, w), np.float32)
    _display(light, glare, gain.astype(np.float32), CURVE, CURVE_TOP, shown, luma)
    soft = blur_planes(luma, SHARPEN_SIGMA_PX)
    out = np.empty((h, w, 3), np.uint8)
    ox, oy = key % TILE, (key >> 20) % TILE
    f = np.float32
    _print(
        shown, luma, soft, f(SHARPEN * n.sharpening), sensor_tile(), ox, oy, f(n.noise / TILE_SD), f(NOISE_FLOOR),
        f(NOISE_DARK), f(n.contrast), f(n.saturation), out,
    )  # fmt: skip
    return out
