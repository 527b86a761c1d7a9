"""Accumulate a day's records over the skin pixels within their reach: pigment, relief, covers; nearest lesion.

Profiles are polynomials of the distance along the skin that end exactly at zero, so that a pixel out of every reach
gets nothing. All arithmetic is float32.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.compiled import njit
from nof1sim.render.skin import records as r

# Channels per touched pixel.
A_CORE, A_HALO, A_MELANIN, A_DEEP, A_PUS, A_PLUG, A_CRUST, A_HONEY, A_PALE, A_WET, A_PIT, A_TENSE = range(12)
A_X, A_Y, A_Z, A_RING = 12, 13, 14, 15
CHANNELS = 16

F = np.float32
_0, _1, _2, _3, _4, _5, _HALF = F(0), F(1), F(2), F(3), F(4), F(5), F(0.5)
_STRICT = {"nnan", "ninf", "nsz", "arcp", "contract"}  # no reassociation: the same bytes whatever the vector width
GRAIN_SIZE = 64
TEXELS_PER_MM = 4.5


def _build_grain() -> NDArray[np.float32]:
    """A periodic tile of smooth noise, about -1 .. 1, features of three texels."""
    white = stream(0, "skin", "grain").normal(size=(GRAIN_SIZE, GRAIN_SIZE))
    f = np.fft.fftfreq(GRAIN_SIZE)
    k2 = f[:, None] ** 2 + f[None] ** 2
    smooth = np.fft.ifft2(np.fft.fft2(white) * (np.exp(-k2 * 110) + 0.35 * np.exp(-k2 * 28))).real
    return np.clip(smooth / (2.0 * smooth.std()), -1.2, 1.2).astype(np.float32)


GRAIN = _build_grain()


@njit(fastmath=_STRICT, inline="always")
def _step(x):
    """0 below 0, 1 above 1, smooth in between."""
    x = min(max(x, _0), _1)
    return x * x * (_3 - _2 * x)


@njit(fastmath=_STRICT)
def _grain(tile, u, v):
    """The tile at texel (u, v), which may be any number above -1e4."""
    u, v = u + F(16384), v + F(16384)
    i, j = int(u), int(v)
    a, b = u - F(i), v - F(j)
    i0, j0, i1, j1 = i & 63, j & 63, (i + 1) & 63, (j + 1) & 63
    top = tile[j0, i0] + a * (tile[j0, i1] - tile[j0, i0])
    low = tile[j1, i0] + a * (tile[j1, i1] - tile[j1, i0])
    return top + b * (low - top)


@njit(fastmath=_STRICT)
def _scratch(rec, u, v, grain, acc):
    """A linear, angular erosion along the lesion's own direction with points of dried blood."""
    size = rec[r.RADIUS]
    x, y = u / (F(1.45) * size), v / size
    bend = y + F(2.2) * rec[r.WAVES] * (x * x - F(0.3)) + F(0.10) * grain
    width = F(0.36) * (_1 - F(0.75) * abs(x)) + F(0.5) * rec[r.BLUR] / size
    across = abs(bend) / max(width, F(0.04))
    raw = (_1 - _step((abs(x) - F(0.72)) / F(0.28))) * (_1 - _step((across - F(0.55)) / F(0.75)))
    acc[A_WET] = max(acc[A_WET], raw)
    for k in range(3):
        px = F(-0.55) + F(0.5) * F(k) + rec[r.WAVES + k]
        wide = max(F(0.19) + F(0.7) * rec[r.WAVES + (2 * k + 1) % 5], F(0.09))
        dx, dy = (x - px) / wide, (bend - F(1.2) * rec[r.WAVES + 3 + k]) / (wide + F(0.02))
        spot = (_1 - _step(dx * dx + dy * dy - F(0.2) + F(0.5) * grain)) * F(0.9)
        if spot > acc[A_CRUST]:
            acc[A_CRUST] = spot
            acc[A_HONEY] = F(0.12)
    return raw


@njit(fastmath=_STRICT)
def _covers(rec, d, t, wobble, edge, grain, fine, k, acc):
    """Pus, plug and crust: what lies over the pigment."""
    size, blur = rec[r.RADIUS], rec[r.BLUR]
    pus = rec[r.PUS]
    if pus > _0:
        cap = min(size * F(0.58), F(0.42) + F(0.27) * size) * (F(0.62) + F(0.38) * pus)
        s = d / (cap * (_1 + F(0.65) * (wobble - _1)))
        soft = math.sqrt(F(0.42) + (blur / cap) ** 2)
        # Too small to be resolved, a cap would cancel the redness around it.
        shown = min(pus * F(1.05), _1) * cap * cap / (cap * cap + _2 * blur * blur)
        cover = k * shown * (_1 - _step((s - _1 + soft) / (_2 * soft))) * (_1 + F(0.18) * grain)
        acc[A_PUS] = max(acc[A_PUS], min(cover, _1))
        ring = _step((t - F(0.30)) / F(0.35)) * (_1 - _step((t - F(0.75)) / F(0.45)))
        acc[A_RING] = max(acc[A_RING], k * pus * ring)
    if rec[r.PLUG] > _0:
        plug = max(size * F(0.58), min(F(0.50), size))
        rim = _step((t - F(0.55)) / F(0.3)) * (_1 - _step((t - F(0.9)) / F(0.4)))
        acc[A_PALE] = max(acc[A_PALE], min(_2 * rec[r.PLUG], _1) * F(0.60) * k * rim * max(_1 - _2 * blur / plug, _0))
        soft = math.sqrt(F(0.16) + (blur / plug) ** 2)
        s = d / (plug * (_1 + F(1.3) * (wobble - _1))) - F(0.12) * grain
        acc[A_PLUG] = max(acc[A_PLUG], k * rec[r.PLUG] * (_1 - _step((s - _1 + soft) / (_2 * soft))))
    crust = rec[r.CRUST]
    if crust > _0:
        soft = math.sqrt(F(0.05) + (blur / size) ** 2)
        s = t / (F(0.62) + F(0.24) * crust) + F(0.42) * grain + F(0.16) * fine
        cover = k * crust * (_1 - _step((s - _1 + soft) / (_2 * soft)))
        if cover > acc[A_CRUST]:
            acc[A_CRUST] = cover
            acc[A_HONEY] = min(max(F(0.40) + F(0.45) * fine - F(0.25) * grain, _0), _1)


@njit(fastmath=_STRICT)
def _relief(rec, d, u, v, wobble, k, tile, tu, tv, grain, acc):
    """Slope of a dome h = H (1 - s^2)^2, of a pit, or of a plug's rim; in camera axes."""
    height, pit = rec[r.HEIGHT], rec[r.PIT]
    dome = rec[r.DOME] * (_1 + F(0.85) * (wobble - _1))
    s = d / dome
    if height == _0 or s >= _1:
        return
    q = _1 - s * s
    if pit == F(2):  # boxcar: flat floor, steep wall
        x = (s - F(0.60)) / F(0.40)
        slope = _0 if x <= _0 else -height * F(6) * x * (_1 - x) / (F(0.40) * dome)
        floor = _1 - _step((s - F(0.68)) / F(0.3))
    else:
        slope = -_4 * height * s * q / dome
        floor = q * q
    if rec[r.PLUG] > _0:  # the plug sits in a shallow dimple with a raised rim
        slope += rec[r.PLUG] * F(0.36) * s * q * (_1 - _3 * s * s) / dome
    if rec[r.PUS] > _0:  # a cap nearly flush: flatten the dome's top
        slope *= _1 - F(0.55) * rec[r.PUS] * q * q
    if pit > _0:
        depth = floor * (F(1.0) if pit == F(1) else (F(0.48) if pit == F(2) else F(0.28)))
        acc[A_PIT] = max(acc[A_PIT], k * depth * min(-height * F(4), _1))
    else:
        acc[A_TENSE] = max(acc[A_TENSE], k * rec[r.TENSE] * q)
    along = k * slope / max(d, F(1e-4))
    a, b = along * u, along * v
    if rec[r.GRAIN] > F(0.75) and rec[r.TENSE] > _0:  # an inflamed dome is lumpy
        rough = k * q * F(0.20) * rec[r.TENSE]
        a += rough * (_grain(tile, tu + F(0.9), tv) - grain)
        b += rough * (_grain(tile, tu, tv + F(0.9)) - grain)
    acc[A_X] += a * rec[r.EAST_C] + b * rec[r.NORTH_C]
    acc[A_Y] += a * rec[r.EAST_C + 1] + b * rec[r.NORTH_C + 1]
    acc[A_Z] += a * rec[r.EAST_C + 2] + b * rec[r.NORTH_C + 2]


@njit(fastmath=_STRICT)
def _core(rec, d, u, v, wobble, k, tile, acc):
    """Everything within the lesion's own outline."""
    size, edge = rec[r.RADIUS], rec[r.EDGE]
    tu, tv = u * F(TEXELS_PER_MM) + rec[r.OFFSET_U], v * F(TEXELS_PER_MM) + rec[r.OFFSET_V]
    grain, fine = _0, _0
    if rec[r.GRAIN] > _0:
        grain = rec[r.GRAIN] * _grain(tile, tu, tv)
        if rec[r.CRUST] > _0:
            fine = rec[r.GRAIN] * _grain(tile, F(1.7) * tv + F(17), F(1.7) * tu + F(5))
    t = d / (size * wobble)
    core = k * (_1 - _step((t + F(0.10) * grain - _1 + edge) / (_2 * edge)))
    if core > _0:
        blood = rec[r.CORE]
        if rec[r.RAW] > _0:
            blood *= F(0.45)
        acc[A_CORE] += blood * core * (_1 + F(0.30) * grain)
        acc[A_MELANIN] += rec[r.MELANIN] * core * (_1 + F(0.22) * grain)
        acc[A_DEEP] = max(acc[A_DEEP], rec[r.DEEP] * core)
        if rec[r.PALE] > _0:
            pale = rec[r.PALE] * core
            acc[A_PALE] = max(acc[A_PALE], pale)
    if rec[r.RAW] > _0:
        acc[A_CORE] += rec[r.CORE] * F(1.3) * k * _scratch(rec, u, v, grain, acc)
    if rec[r.PUS] > _0 or rec[r.PLUG] > _0 or rec[r.CRUST] > _0:
        _covers(rec, d, t, wobble, edge, grain, fine, k, acc)
    _relief(rec, d, u, v, wobble, k, tile, tu, tv, grain, acc)


@njit(fastmath=_STRICT)
def paint(slot, spot, lock, rec, tile, where, nearest, closeness, acc):
    """Accumulate records in acc (m of n, CHANNELS), for m touched rows.

    where (n,): -1 before and, for `label` to restore, the entry of a touched row after; nearest, closeness (m of n,):
    record of the lesion nearest in radii and its squared distance in radii.
    """
    h, w = slot.shape
    m = 0
    for i in range(rec.shape[0]):
        one = rec[i]
        cx, cy, cz, reach = one[r.SPOT], one[r.SPOT + 1], one[r.SPOT + 2], one[r.REACH]
        reach2, core_reach2 = reach * reach, one[r.CORE_REACH] * one[r.CORE_REACH]
        inverse2 = _1 / (one[r.RADIUS] * one[r.RADIUS])
        halo, halo_melanin = one[r.HALO], one[r.HALO_MELANIN]
        halo2 = one[r.HALO_RADIUS] * one[r.HALO_RADIUS]
        left, right = max(0, int(one[r.PX] - one[r.HALF])), min(w - 1, int(one[r.PX] + one[r.HALF]) + 1)
        top, low = max(0, int(one[r.PY] - one[r.HALF])), min(h - 1, int(one[r.PY] + one[r.HALF]) + 1)
        for y in range(top, low + 1):
            for x in range(left, right + 1):
                row = slot[y, x]
                if row < 0:
                    continue
                q = np.uint64(row)  # unsigned: no check for a negative index at each look-up
                dx, dy, dz = spot[q, 0] - cx, spot[q, 1] - cy, spot[q, 2] - cz
                flat = dx * dx + dy * dy + dz * dz
                if flat >= reach2:
                    continue
                z = dx * one[r.OUT] + dy * one[r.OUT + 1] + dz * one[r.OUT + 2]
                d2 = flat + z * z * F(1 / 3)  # the arc over a sphere, to the fourth order of the chord
                if d2 >= reach2:
                    continue
                u = dx * one[r.EAST] + dy * one[r.EAST + 1] + dz * one[r.EAST + 2]
                v = dx * one[r.NORTH] + dy * one[r.NORTH + 1] + dz * one[r.NORTH + 2]
                # Lobes of the outline: cosines and sines of 2, 3 and 5 angles as polynomials of those of one.
                size2 = _1 / (u * u + v * v + F(1e-8))
                c2, s2 = (u * u - v * v) * size2, _2 * u * v * size2
                wobble = _1 + one[r.WAVES] * c2 + one[r.WAVES + 1] * s2
                fade = _0
                if halo > _0:
                    fade = max(_1 - d2 / (halo2 * (_1 + F(0.8) * (wobble - _1))), _0)
                if fade == _0 and d2 >= core_reach2:
                    continue
                known = where[q]
                p = np.uint64(known if known >= 0 else m)
                if known < 0:
                    where[q], closeness[p] = m, F(1e9)
                    acc[p] = _0
                    m += 1
                if d2 * inverse2 < closeness[p]:
                    closeness[p] = d2 * inverse2
                    nearest[p] = i
                k = lock[q]
                fade *= k * fade
                acc[p, A_HALO] += halo * fade
                acc[p, A_MELANIN] += halo_melanin * fade
                if d2 < core_reach2:
                    size = math.sqrt(size2)
                    c, s = u * size, v * size
                    c3, s3 = c2 * c - s2 * s, s2 * c + c2 * s
                    wobble += one[r.WAVES + 2] * c3 + one[r.WAVES + 3] * s3
                    c5, s5 = c3 * c2 - s3 * s2, s3 * c2 + c3 * s2
                    wobble += one[r.WAVES + 4] * c5 + one[r.WAVES + 5] * s5
                    _core(one, math.sqrt(d2), u, v, wobble, k, tile, acc[p])
