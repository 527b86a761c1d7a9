"""From the day's light to a photograph, row by row: pose, focus, exposure, sharpening, noise, 8 bits.

Every filter carries a change only a finite number of pixels (`reach_px`), so that a pixel farther than that from any
lesion is bit for bit the clear face's. The wide glare of highlights is taken from the clear face alone for that reason.
One pass goes down the picture and keeps the few rows that its blurs need in rings: what a row needs stays in the
processor's cache, and reading and writing whole pictures in between would take longer than all the arithmetic.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.compiled import is_cached
from nof1sim.model import Nuisance
from nof1sim.render.compiled import njit
from nof1sim.render.light import NOISE_DARK, NOISE_FLOOR, white_balance
from nof1sim.render.procedural.filters import gaussian, radius_of
from nof1sim.render.procedural.plate import Plate
from nof1sim.render.procedural.pose import Look
from nof1sim.render.procedural.relight import brightness
from nof1sim.render.procedural.resample import backdrop_map, corners, posed, posed_row
from nof1sim.render.procedural.sensor import (
    CURVE,
    CURVE_SHIFT,
    CURVE_TOE,
    CURVE_TOP,
    EXPOSURE,
    GAIN,
    TILE,
    TILE_SD,
    sensor_tile,
)  # fmt: skip

F32 = NDArray[np.floating]
Labels = NDArray[np.int32]

SHARPEN_SIGMA_PX, SHARPEN = 1.1, 0.55
FOCUS_FROM_PX = 0.3
"""A focus blur less than this is lost in that of the lens."""
REFERENCE_PX = 512

FIRST_PLACE = int(np.float32(CURVE_TOE).view(np.int32)) >> CURVE_SHIFT


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


@njit(fastmath=True)
def _blurred_row(ring, y, h, kernel, line, out):
    """Row y (p, w) of the Gaussian blur of a picture with h rows, edges repeated, whose last rows are in ring
    (rows, p, w), row y at y modulo its length. line (w + 2 radius,) is scratch. Slices let the loops vectorise."""
    size, planes, w = ring.shape
    r = kernel.size // 2
    middle = line[r : r + w]
    for p in range(planes):
        row, k = ring[y % size, p], kernel[r]
        for x in range(w):
            middle[x] = k * row[x]
        for t in range(1, r + 1):
            above, below, k = ring[max(y - t, 0) % size, p], ring[min(y + t, h - 1) % size, p], kernel[r + t]
            for x in range(w):
                middle[x] += k * (above[x] + below[x])
        for x in range(r):
            line[x] = line[r]
            line[w + r + x] = line[w + r - 1]
        row, k = out[p], kernel[r]
        for x in range(w):
            row[x] = k * middle[x]
        for t in range(1, r + 1):
            left, right, k = line[r - t : r - t + w], line[r + t : r + t + w], kernel[r + t]
            for x in range(w):
                row[x] += k * (left[x] + right[x])


@njit(fastmath=True)
def _smear(image, dx, dy, steps, out):
    """Mean of the image (h, p, w) along a line through each pixel, from -(dx, dy) / 2 to +(dx, dy) / 2."""
    h, planes, w = image.shape
    share = np.float32(1.0 / steps)
    for p in range(planes):
        for y in range(h):
            for x in range(w):
                out[y, p, x] = np.float32(0.0)
        for k in range(steps):
            f = (k + 0.5) / steps - 0.5
            ox, oy = dx * f, dy * f
            i0, j0 = math.floor(ox), math.floor(oy)
            a, b = np.float32(ox - i0), np.float32(oy - j0)
            for y in range(h):
                ja, jb = min(max(y + j0, 0), h - 1), min(max(y + j0 + 1, 0), h - 1)
                for x in range(w):
                    ia, ib = min(max(x + i0, 0), w - 1), min(max(x + i0 + 1, 0), w - 1)
                    top = image[ja, p, ia] * (1 - a) + image[ja, p, ib] * a
                    low = image[jb, p, ia] * (1 - a) + image[jb, p, ib] * a
                    out[y, p, x] += share * (top * (1 - b) + low * b)


@njit(fastmath=True)
def _display_row(y, light, glare, first_row, step, gain, curve, raised, shown, luma):
    """Tone curve of row y, light (3, w) plus glare: shown (3, w) and its luma (w,). raised (w,) is scratch.

    glare (rows, 3, w): one row for `step` of the picture's; first_row: place of the picture's first in it.
    """
    w, last = luma.size, glare.shape[0] - 1
    place = first_row + y / step
    upper = min(int(place), last)
    low = np.float32(place - upper)
    above, below, high = glare[upper], glare[min(upper + 1, last)], np.float32(1.0) - low
    zero, toe, top = np.float32(0.0), np.float32(CURVE_TOE), np.float32(CURVE_TOP)
    bits, first = raised.view(np.int32), np.int32(FIRST_PLACE)
    for p in range(3):
        k, lit, over, under, line = gain[p], light[p], above[p], below[p], shown[p]
        for x in range(w):
            raised[x] = min(max((lit[x] + over[x] * high + under[x] * low) * k, zero), top) + toe
        for x in range(w):
            line[x] = curve[np.uint64((bits[x] >> CURVE_SHIFT) - first)]
    red, green, blue = shown[0], shown[1], shown[2]
    for x in range(w):
        luma[x] = np.float32(0.299) * red[x] + np.float32(0.587) * green[x] + np.float32(0.114) * blue[x]


@njit(fastmath=True)
def _print_row(y, shown, luma, soft, style, tile, ox, oy, line, bytes_, out):
    """Sharpening, colour, noise and 8 bits: out (w, 3) from shown (3, w), luma (w,) and soft luma (w,).

    style (6,): sharpening, noise, its floor and its rise in the dark, contrast, saturation. line (w,) and bytes_ (3, w)
    are scratch.
    """
    w, side = luma.size, tile.shape[1]
    sharpen, noise, floor, dark, contrast, saturation = style[0], style[1], style[2], style[3], style[4], style[5]
    one, zero, two, half = np.float32(1.0), np.float32(0.0), np.float32(2.0), np.float32(0.5)
    for p in range(3):
        source = shown[p]
        for x in range(w):
            line[x] = luma[x] + saturation * (source[x] - luma[x]) + sharpen * (luma[x] - soft[x])
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
    red, green, blue, row = bytes_[0], bytes_[1], bytes_[2], out.reshape(-1)
    for x in range(w):
        k = np.uint64(3 * x)
        row[k], row[k + np.uint64(1)], row[k + np.uint64(2)] = red[x], green[x], blue[x]


@njit(fastmath=True)
def _expose(
    ready, side, flat, u, v, back, brightness, place, labels, inner, some, focus, glare, first_row, step_rows,
    gain, curve, sharp, style, tile, ox, oy, near, core, out,
):  # fmt: skip
    """The photograph out (h, w, 3): from ready (h, 3, w), linear light, or, where that is empty, posed on the way."""
    h, w = u.shape
    rf, rs = focus.size // 2, sharp.size // 2
    lights = np.empty((2 * rf + 1, 3, w), np.float32)
    shown, luma = np.empty((rs + 1, 3, w), np.float32), np.empty((2 * rs + 1, 1, w), np.float32)
    wide = np.empty(w + 2 * max(rf, rs), np.float32)
    lit, soft = np.empty((3, w), np.float32), np.empty((1, w), np.float32)
    scratch, bytes_ = np.empty(w, np.float32), np.empty((3, w), np.uint8)
    where, share = np.empty((2, w), np.int32), np.empty((2, w), np.float32)
    for step in range(h + rf + rs):
        if step < h:
            row = lights[step % lights.shape[0]]
            if ready.size:
                for p in range(3):
                    for x in range(w):
                        row[p, x] = ready[step, p, x]
            else:
                posed_row(
                    step, side, flat, u, v, back, brightness, place, labels, inner, some, where, share, row, near, core
                )
        y = step - rf
        if 0 <= y < h:
            seen = lit if rf else lights[0]
            if rf:
                _blurred_row(lights, y, h, focus, wide, lit)
            now, grey = shown[y % len(shown)], luma[y % len(luma), 0]
            _display_row(y, seen, glare, first_row, step_rows, gain, curve, scratch, now, grey)
        y -= rs
        if y >= 0:
            _blurred_row(luma, y, h, sharp, wide, soft)
            now, grey = shown[y % len(shown)], luma[y % len(luma), 0]
            _print_row(y, now, grey, soft[0], style, tile, ox, oy, scratch, bytes_, out[y])


def compiled() -> bool:
    """Whether the biggest kernel of a picture was compiled on this machine before."""
    return is_cached(_expose)


def expose(
    plate: Plate, canvas: F32, seen: Look, nuisance: Nuisance, touched: Labels, cores: Labels, key: int
) -> tuple[NDArray[np.uint8], Labels, Labels]:
    """The photograph (h, w, 3) of the day's canvas (s, s, 4), and in its pixels what is touched and core, (h, w).

    seen : which place of the plate each pixel shows. key : 64 bits that choose the place in the tile of sensor noise.
    """
    n, (h, w), f = nuisance, seen.u.shape, np.float32
    near, core = np.empty((h, w), np.int32), np.empty((h, w), np.int32)
    place = backdrop_map(n, w, plate.margin)
    paper, labels, inner = plate.backdrop.reshape(-1), touched.reshape(-1), cores.reshape(-1)
    side, some = len(canvas), np.zeros(labels.size, np.uint8)
    corners(side, labels, some)
    scene = (side, canvas.reshape(-1), seen.u, seen.v, paper, brightness(n), place, labels, inner, some)
    ready = np.empty((0, 3, w), np.float32)
    length = motion_px(n, w)
    if length:
        sharp, ready = np.empty((h, 3, w), np.float32), np.empty((h, 3, w), np.float32)
        posed(*scene, sharp, near, core)
        a = math.radians(n.motion_deg)
        _smear(sharp, length * math.cos(a), length * math.sin(a), max(2, math.ceil(length)), ready)
    gain = GAIN * white_balance(n.white_balance_k, n.tint) * f(EXPOSURE * 2.0**n.exposure_ev)
    style = (SHARPEN * n.sharpening, n.noise / TILE_SD, NOISE_FLOOR, NOISE_DARK, n.contrast, n.saturation)
    step, out = side // len(plate.glare), np.empty((h, w, 3), np.uint8)
    _expose(
        ready, *scene, gaussian(focus_sigma(n, w)), plate.glare, (plate.margin + 0.5) / step - 0.5, step,
        gain.astype(np.float32), CURVE, gaussian(SHARPEN_SIGMA_PX), np.array(style, np.float32), sensor_tile(),
        key % TILE, (key >> 20) % TILE, near, core, out,
    )  # fmt: skip
    return out, near, core
