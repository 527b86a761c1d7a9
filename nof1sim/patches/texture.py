"""What skin looks like close by: mottling, lines, pores, veins, freckles, moles, creases; pixel by pixel."""

from __future__ import annotations

import math

import numpy as np

from .compiled import njit
from .tiles import BLOOD, BROWN, FORM_X, FORM_Y, STEP, VEIN, WARP_X, WARP_Y, WEAR

F = np.float32
WARP_MM = 2.2
"""How far the warp carries fine texture along the skin."""
LEAST_PORES = 0.15
"""Fewer are not drawn."""
BROWN_LOG, BLOOD_LOG = 0.05, 0.14
"""SD of the logarithms of melanin and blood over even skin."""


@njit()
def _corners(side, x, y, inverse):
    """Places of the four texels round (x, y) mm in a periodic tile, and their shares. Unsigned: no check for a
    negative index at each look-up."""
    mask, one = np.uint64(side - 1), np.uint64(1)
    u, v = x * inverse + F(16384), y * inverse + F(16384)
    iu, iv = np.int32(u), np.int32(v)
    a, b = u - F(iu), v - F(iv)
    i, j = np.uint64(iu), np.uint64(iv)
    i0, i1 = i & mask, (i + one) & mask
    j0, j1 = (j & mask) * np.uint64(side), ((j + one) & mask) * np.uint64(side)
    ab = a * b
    return j0 + i0, j0 + i1, j1 + i0, j1 + i1, F(1) - a - b + ab, a - ab, b - ab, ab


@njit()
def _at(flat, side, x, y, inverse, out):
    """All channels of a tile (side * side, c) at (x, y) mm, bilinear. Nothing is reshaped here: counting who holds an
    array would take longer than the look-up."""
    p, q, r, s, wp, wq, wr, ws = _corners(side, x, y, inverse)
    for c in range(out.size):
        k = np.uint64(c)
        out[k] = wp * flat[p, k] + wq * flat[q, k] + wr * flat[r, k] + ws * flat[s, k]


@njit()
def _at_three(flat, side, x, y, inverse):
    """The first three channels."""
    p, q, r, s, wp, wq, wr, ws = _corners(side, x, y, inverse)
    wp, wq, wr, ws = wp * F(STEP), wq * F(STEP), wr * F(STEP), ws * F(STEP)
    return (
        wp * F(flat[p, 0]) + wq * F(flat[q, 0]) + wr * F(flat[r, 0]) + ws * F(flat[s, 0]),
        wp * F(flat[p, 1]) + wq * F(flat[q, 1]) + wr * F(flat[r, 1]) + ws * F(flat[s, 1]),
        wp * F(flat[p, 2]) + wq * F(flat[q, 2]) + wr * F(flat[r, 2]) + ws * F(flat[s, 2]),
    )


@njit()
def _at_one(flat, side, x, y, inverse):
    p, q, r, s, wp, wq, wr, ws = _corners(side, x, y, inverse)
    return F(STEP) * (wp * F(flat[p]) + wq * F(flat[q]) + wr * F(flat[r]) + ws * F(flat[s]))


@njit()
def _broad_line(chart, size, step, turn, broad, side, inverse, row, places, out):
    """The broad tile along a row of the picture, (channels, size): looked up every `step` pixels, linear between."""
    c, s = F(math.cos(turn[0]) * turn[3]), F(math.sin(turn[0]) * turn[3])
    for i in range(places.shape[0]):
        q = np.uint64(row * size + min(i * step, size - 1))
        x, y = chart[q, 0], chart[q, 1]
        _at(broad, side, c * x + s * y + turn[1], c * y - s * x + turn[2], inverse, places[i])
    share = F(1 / step)
    for channel in range(out.shape[0]):
        for i in range((size + step - 1) // step):
            start = places[i, channel]
            rise = (places[min(i + 1, places.shape[0] - 1), channel] - start) * share
            for k in range(min(step, size - i * step)):
                out[channel, i * step + k] = start + F(k) * rise


@njit()
def texture(
    chart, cover, size, step, fine, pits, fine_mm, broad, broad_mm, dots, dots_mm, turns, creases, look, slope, stain,
    dim,
):  # fmt: skip
    """Fill slope (n, 2): of the relief, piece axes; stain (n, 2): log multipliers of melanin and blood; dim (n,).

    step : pixels from one look-up of the broad tile to the next. look (6,): lines, pores, veins, freckles, form,
    unevenness. Places off the skin keep what they had.
    """
    lines, pores, veins, freckles, form, uneven = look[0], look[1], look[2], look[3], look[4], look[5]
    grid = (size + step - 2) // step + 1
    low, high, wide = np.empty((8, size), np.float32), np.empty((8, size), np.float32), np.empty((8, size), np.float32)
    places, flat, spots = np.empty((grid, 8), np.float32), broad.reshape(-1, 8), dots.reshape(-1)
    broad_inverse = F(1 / broad_mm)
    _broad_line(chart, size, step, turns[1], flat, broad.shape[0], broad_inverse, 0, places, high)
    furrows, holes = fine.reshape(-1, 4), pits.reshape(-1, 4)
    fine_inverse, dots_inverse, share = F(1 / fine_mm), F(1 / dots_mm), F(1 / step)
    fc, fs = F(math.cos(turns[0, 0]) * turns[0, 3]), F(math.sin(turns[0, 0]) * turns[0, 3])
    bc, bs = F(math.cos(turns[1, 0])), F(math.sin(turns[1, 0]))
    dc, ds = F(math.cos(turns[2, 0]) * turns[2, 3]), F(math.sin(turns[2, 0]) * turns[2, 3])
    for row in range(size):
        if row % step == 0:
            low, high = high, low
            line = min(row + step, size - 1)
            _broad_line(chart, size, step, turns[1], flat, broad.shape[0], broad_inverse, line, places, high)
        t = F(row % step) * share
        for c in range(8):
            for column in range(size):
                wide[c, column] = low[c, column] + t * (high[c, column] - low[c, column])
        for column in range(size):
            q = np.uint64(row * size + column)
            if cover[q] <= F(0):
                continue
            x, y = chart[q, 0], chart[q, 1]
            i = np.uint64(column)
            wx, wy = x + F(WARP_MM) * wide[WARP_X, i], y + F(WARP_MM) * wide[WARP_Y, i]
            tx, ty = fc * wx + fs * wy + turns[0, 1], fc * wy - fs * wx + turns[0, 2]
            lx, ly, furrow = _at_three(furrows, fine.shape[0], tx, ty, fine_inverse)
            worn, pit = lines * max(F(1) + F(0.35) * wide[WEAR, i], F(0.25)), F(0)
            lx, ly = worn * lx, worn * ly
            if pores > F(LEAST_PORES):
                px, py, pit = _at_three(holes, pits.shape[0], ty, tx, fine_inverse)
                lx, ly = lx + pores * py, ly + pores * px
            gx, gy = fc * lx - fs * ly, fs * lx + fc * ly
            fx, fy = form * wide[FORM_X, i], form * wide[FORM_Y, i]
            gx, gy = gx + bc * fx - bs * fy, gy + bs * fx + bc * fy
            vein = veins * wide[VEIN, i]
            brown = uneven * F(BROWN_LOG) * wide[BROWN, i] - F(0.10) * vein
            if freckles > F(0.01):
                dot = _at_one(
                    spots, dots.shape[0], dc * x + ds * y + turns[2, 1], dc * y - ds * x + turns[2, 2], dots_inverse
                )
                over = dot - (F(1) - freckles)
                if over > F(0):
                    brown += F(0.75) * over / (over + F(0.10))
            blood = uneven * F(BLOOD_LOG) * wide[BLOOD, i] + F(0.10) * pores * pit
            dark = F(1) - F(0.10) * worn * furrow - F(0.30) * pores * pit - F(0.14) * vein
            for k in range(creases.shape[0]):
                bend = creases[k, 0] + creases[k, 1] * y + creases[k, 2] * math.sin(y / creases[k, 3] + creases[k, 0])
                d = (x - bend) / (creases[k, 4] * (F(1) + F(0.3) * wide[WEAR, i]))
                if d * d > F(9):
                    continue
                ends = min(max(F(1.3) - abs(y - creases[k, 7]) / creases[k, 6], F(0)), F(1))
                fold = math.exp(-d * d) * creases[k, 5] * ends
                gx += F(1.1) * d * fold
                dark *= F(1) - F(0.30) * fold
                blood += F(0.25) * fold
            slope[q, 0], slope[q, 1], stain[q, 0], stain[q, 1], dim[q] = gx, gy, brown, blood, dark


@njit()
def add_moles(moles, x_px, y_px, px_per_mm, chart, size, stain):
    """Brown spots at (x_px, y_px), by their distance on the chart."""
    for k in range(moles.shape[0]):
        if not (x_px[k] > F(-40) and y_px[k] > F(-40) and x_px[k] < size + 40 and y_px[k] < size + 40):
            continue
        r = moles[k, 2]
        reach = int(r * F(1.9) * px_per_mm) + 2
        cos, sin = math.cos(moles[k, 4]), math.sin(moles[k, 4])
        for row in range(max(0, int(y_px[k]) - reach), min(size, int(y_px[k]) + reach + 1)):
            for column in range(max(0, int(x_px[k]) - reach), min(size, int(x_px[k]) + reach + 1)):
                q = np.uint64(row * size + column)
                dx, dy = chart[q, 0] - moles[k, 0], chart[q, 1] - moles[k, 1]
                u, v = cos * dx + sin * dy, (cos * dy - sin * dx) * F(1.25)
                wobble = F(1) + F(0.16) * math.sin(F(3.1) * u / r + F(k)) * math.cos(F(2.3) * v / r + F(2 * k))
                d2 = (u * u + v * v) / (r * r * wobble)
                if d2 < F(1.9):
                    edge = min(max((F(1.9) - d2) / F(1.4), F(0)), F(1))
                    stain[q, 0] += F(1.25) * moles[k, 3] * edge * edge * (F(3) - F(2) * edge)
