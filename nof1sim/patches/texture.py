"""What skin looks like close by: mottling, lines, pores, veins, freckles, moles, creases; strip by strip."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import strip as s
from .compiled import njit
from .geometry import skin_at
from .tiles import BLOOD, BROWN, FORM_X, FORM_Y, STEP, VEIN, WARP_X, WARP_Y, WEAR

F = np.float32
WARP_MM = 2.2
"""How far the warp carries fine texture along the skin."""
LEAST_PORES, LEAST_FRECKLES = 0.15, 0.01
"""Fewer are not drawn."""
BROWN_LOG, RED_LOG = 0.05, 0.14
"""SD of the logarithms of melanin and blood over even skin."""
BROAD_CHANNELS = 8
FOLD_REACH = 8.0
"""A crease is never wider, in widths of its own."""
OFFSET = 16384.0
"""Added to places in texels, so that none is negative."""


class Cloth(NamedTuple):
    """Tiles of one picture; see `tiles.Tiles`. lines, pores, dots : flat; fine_side, dots_side : their periods in
    texels; fine_mm, dots_mm, broad_mm : a texel. turns, creases, moles : of the piece; mole_px (k, 2): where moles lie
    in the picture."""

    lines: NDArray[np.int32]
    pores: NDArray[np.int32]
    dots: NDArray[np.int8]
    broad: NDArray[np.float32]
    fine_side: int
    dots_side: int
    fine_mm: float
    dots_mm: float
    broad_mm: float
    turns: NDArray[np.float32]
    creases: NDArray[np.float32]
    moles: NDArray[np.float32]
    mole_px: NDArray[np.float32]


class Amounts(NamedTuple):
    """How much there is of each."""

    lines: float
    pores: float
    veins: float
    freckles: float
    form: float
    uneven: float


@njit()
def broad_at(tile, u, v, out, i):
    """All channels of the broad tile at texel (u, v), bilinear, to row i of out."""
    mask, one = np.uint64(tile.shape[0] - 2), np.uint64(1)
    u, v = u + F(OFFSET), v + F(OFFSET)
    iu, iv = np.int32(u), np.int32(v)
    a, b, left, low = u - F(iu), v - F(iv), np.uint64(iu) & mask, np.uint64(iv) & mask
    ab = a * b
    w00, w10, w01 = F(1) - a - b + ab, a - ab, b - ab
    for channel in range(BROAD_CHANNELS):
        k = np.uint64(channel)
        out[i, k] = (w00 * tile[low, left, k] + w10 * tile[low, left + one, k]
                     + w01 * tile[low + one, left, k] + ab * tile[low + one, left + one, k])  # fmt: skip


@njit()
def broad_row(f, row, step, tile, turn, texel_mm, places, out):
    """The broad tile along a row of the picture, (channels, size): looked up every `step` pixels, linear between."""
    size, inverse, share = f.size, F(1 / texel_mm), F(1 / step)
    c, sn = F(math.cos(turn[0]) * turn[3]), F(math.sin(turn[0]) * turn[3])
    for i in range(places.shape[0]):
        at = skin_at(f, F(min(i * step, size - 1)), F(row))
        x, y = at[0], at[1]
        u, v = (c * x + sn * y + turn[1]) * inverse, (c * y - sn * x + turn[2]) * inverse
        broad_at(tile, u, v, places, i)
    for channel in range(BROAD_CHANNELS):
        k, last = np.uint64(channel), np.uint64(places.shape[0] - 1)
        for i in range((size + step - 1) // step):
            here = np.uint64(i)
            start = places[here, k]
            rise = (places[min(here + np.uint64(1), last), k] - start) * share
            for j in range(step):
                out[k, here * np.uint64(step) + np.uint64(j)] = start + F(j) * rise


@njit()
def sample(tile, side, b, whole):
    """What a tile (flat; its `side` texels and the first again, in either direction) says at texel (U, V) of a strip:
    its first three bytes, bilinear, in steps of STEP."""
    mask, row = np.int32(side - 1), np.int32(side + 1)
    for i in range(s.WIDTH):
        u, v = b[s.U + i], b[s.V + i]
        iu, iv = np.int32(u), np.int32(v)
        b[s.SHARE_U + i], b[s.SHARE_V + i] = u - F(iu), v - F(iv)
        whole[s.AT + i] = (iv & mask) * row + (iu & mask)
    one, up = np.uint64(1), np.uint64(row)
    for i in range(s.WIDTH):  # apart, as loads from anywhere come one at a time
        p = np.uint64(whole[s.AT + i])
        q = p + up
        whole[s.LEFT_LOW + i], whole[s.RIGHT_LOW + i] = tile[p], tile[p + one]
        whole[s.LEFT_HIGH + i], whole[s.RIGHT_HIGH + i] = tile[q], tile[q + one]
    for i in range(s.WIDTH):
        x, y = b[s.SHARE_U + i], b[s.SHARE_V + i]
        xy = x * y
        w00, w10, w01, w11 = F(STEP) * (F(1) - x - y + xy), F(STEP) * (x - xy), F(STEP) * (y - xy), F(STEP) * xy
        p, q, r, t = whole[s.LEFT_LOW + i], whole[s.RIGHT_LOW + i], whole[s.LEFT_HIGH + i], whole[s.RIGHT_HIGH + i]
        b[s.FIRST + i] = w00 * byte(p, 24) + w10 * byte(q, 24) + w01 * byte(r, 24) + w11 * byte(t, 24)
        b[s.SECOND + i] = w00 * byte(p, 16) + w10 * byte(q, 16) + w01 * byte(r, 16) + w11 * byte(t, 16)
        b[s.THIRD + i] = w00 * byte(p, 8) + w10 * byte(q, 8) + w01 * byte(r, 8) + w11 * byte(t, 8)


@njit(inline="always")
def texel(x, y, c, sn, tx, ty, inverse):
    """Where in a tile, turned and shifted, a chart place lies."""
    return (c * x + sn * y + tx) * inverse + F(OFFSET), (c * y - sn * x + ty) * inverse + F(OFFSET)


@njit(inline="always")
def byte(texel, above):
    """The signed byte of a texel above which so many bits lie."""
    return F(np.int32(np.int32(texel << above) >> 24))


@njit()
def relief(b, whole, cloth, amounts):
    """Slopes of skin lines and pores, and what they do to light and blood. Begins RED and DIM."""
    turn, inverse = cloth.turns[0], F(1 / cloth.fine_mm)
    c, sn = F(math.cos(turn[0]) * turn[3]), F(math.sin(turn[0]) * turn[3])
    tx, ty, amount, pores = turn[1], turn[2], F(amounts.lines), F(amounts.pores)
    for i in range(s.WIDTH):
        x = b[s.X + i] + F(WARP_MM) * b[s.WIDE + WARP_X * s.WIDTH + i]
        y = b[s.Y + i] + F(WARP_MM) * b[s.WIDE + WARP_Y * s.WIDTH + i]
        b[s.U + i], b[s.V + i] = texel(x, y, c, sn, tx, ty, inverse)
    sample(cloth.lines, cloth.fine_side, b, whole)
    for i in range(s.WIDTH):
        worn = amount * max(F(1) + F(0.35) * b[s.WIDE + WEAR * s.WIDTH + i], F(0.25))
        b[s.LINE_X + i], b[s.LINE_Y + i] = worn * b[s.FIRST + i], worn * b[s.SECOND + i]
        b[s.DIM + i], b[s.RED + i] = F(1) - F(0.10) * worn * b[s.THIRD + i], F(0)
    if pores > F(LEAST_PORES):
        for i in range(s.WIDTH):
            b[s.U + i], b[s.V + i] = b[s.V + i], b[s.U + i]
        sample(cloth.pores, cloth.fine_side, b, whole)
        for i in range(s.WIDTH):
            pit = pores * b[s.THIRD + i]
            b[s.LINE_X + i] += pores * b[s.SECOND + i]
            b[s.LINE_Y + i] += pores * b[s.FIRST + i]
            b[s.DIM + i] -= F(0.30) * pit
            b[s.RED + i] += F(0.10) * pit


@njit()
def stain(b, cloth, amounts):
    """Slopes of lines and form, mottling, veins. Begins SLOPE and BROWN."""
    fine, broad = cloth.turns[0], cloth.turns[1]
    fc, fs = F(math.cos(fine[0]) * fine[3]), F(math.sin(fine[0]) * fine[3])
    bc, bs = F(math.cos(broad[0]) * F(amounts.form)), F(math.sin(broad[0]) * F(amounts.form))
    uneven, veins = F(amounts.uneven), F(amounts.veins)
    for i in range(s.WIDTH):
        lx, ly = b[s.LINE_X + i], b[s.LINE_Y + i]
        fx, fy = b[s.WIDE + FORM_X * s.WIDTH + i], b[s.WIDE + FORM_Y * s.WIDTH + i]
        b[s.SLOPE_A + i] = fc * lx - fs * ly + bc * fx - bs * fy
        b[s.SLOPE_C + i] = fs * lx + fc * ly + bs * fx + bc * fy
        vein = veins * b[s.WIDE + VEIN * s.WIDTH + i]
        b[s.BROWN + i] = uneven * F(BROWN_LOG) * b[s.WIDE + BROWN * s.WIDTH + i] - F(0.10) * vein
        b[s.RED + i] += uneven * F(RED_LOG) * b[s.WIDE + BLOOD * s.WIDTH + i]
        b[s.DIM + i] -= F(0.14) * vein


@njit()
def freckle(b, whole, cloth, share):
    """Freckles: a share of them shows."""
    turn, inverse, least = cloth.turns[2], F(1 / cloth.dots_mm), F(1) - F(share)
    c, sn = F(math.cos(turn[0]) * turn[3]), F(math.sin(turn[0]) * turn[3])
    tx, ty = turn[1], turn[2]
    for i in range(s.WIDTH):
        x, y = b[s.X + i], b[s.Y + i]
        b[s.U + i], b[s.V + i] = texel(x, y, c, sn, tx, ty, inverse)
    sample(cloth.dots, cloth.dots_side, b, whole)
    for i in range(s.WIDTH):
        over = max(b[s.FIRST + i] - least, F(0))
        b[s.BROWN + i] += F(0.75) * over / (over + F(0.10))


@njit()
def fold(b, crease):
    """A crease: a groove across the strip's skin."""
    place, bend, sway, inverse, width = crease[0], crease[1], crease[2], F(1) / crease[3], crease[4]
    depth, half, middle = crease[5], F(1) / crease[6], crease[7]
    far, nearest = sway + F(FOLD_REACH) * width, F(1e9)
    for i in range(s.WIDTH):
        nearest = min(nearest, abs(b[s.X + i] - place - bend * b[s.Y + i]))
    if nearest > far:
        return
    for i in range(s.WIDTH):
        x, y = b[s.X + i] - place - bend * b[s.Y + i], b[s.Y + i]
        if abs(x) > far:
            continue
        wear = F(1) + F(0.3) * b[s.WIDE + WEAR * s.WIDTH + i]
        d = (x - sway * math.sin(y * inverse + place)) / (width * wear)
        if d * d > F(9):
            continue
        ends = min(max(F(1.3) - abs(y - middle) * half, F(0)), F(1))
        groove = math.exp(-d * d) * depth * ends
        b[s.SLOPE_A + i] += F(1.1) * d * groove
        b[s.DIM + i] *= F(1) - F(0.30) * groove
        b[s.RED + i] += F(0.25) * groove


@njit()
def mole(b, row, start, size, k, spot, x_px, y_px, px_per_mm):
    """A brown spot at (x_px, y_px), by its distance on the chart."""
    r = spot[2]
    reach = int(r * F(1.9) * px_per_mm) + 2
    if not (x_px > F(-40) and y_px > F(-40) and x_px < size + 40 and y_px < size + 40) or abs(row - int(y_px)) > reach:
        return
    cos, sin = math.cos(spot[4]), math.sin(spot[4])
    for i in range(max(0, int(x_px) - reach - start), min(s.WIDTH, int(x_px) + reach + 1 - start)):
        dx, dy = b[s.X + i] - spot[0], b[s.Y + i] - spot[1]
        u, v = cos * dx + sin * dy, (cos * dy - sin * dx) * F(1.25)
        wobble = F(1) + F(0.16) * math.sin(F(3.1) * u / r + F(k)) * math.cos(F(2.3) * v / r + F(2 * k))
        d2 = (u * u + v * v) / (r * r * wobble)
        if d2 < F(1.9):
            edge = min(max((F(1.9) - d2) / F(1.4), F(0)), F(1))
            b[s.BROWN + i] += F(1.25) * spot[3] * edge * edge * (F(3) - F(2) * edge)


@njit()
def between(low, high, start, share, b):
    """WIDE: the broad tile in a strip, between two rows of it."""
    for k in range(BROAD_CHANNELS):
        at, row = s.WIDE + k * s.WIDTH, np.uint64(k)
        for i in range(s.WIDTH):
            q = np.uint64(start + i)
            b[at + i] = low[row, q] + share * (high[row, q] - low[row, q])


@njit()
def weave(f, row, start, cloth, amounts, b, whole):
    """Slopes, stains and darkening of a strip."""
    relief(b, whole, cloth, amounts)
    stain(b, cloth, amounts)
    if amounts.freckles > LEAST_FRECKLES:
        freckle(b, whole, cloth, amounts.freckles)
    for k in range(cloth.creases.shape[0]):
        fold(b, cloth.creases[k])
    for k in range(cloth.moles.shape[0]):
        mole(b, row, start, f.size, k, cloth.moles[k], cloth.mole_px[k, 0], cloth.mole_px[k, 1], F(1 / f.pixel))
