"""What lies over a lesion's pigment, pixel by pixel: few lesions have any of it."""

from __future__ import annotations

import math

import numpy as np

from nof1sim.render.compiled import njit
from nof1sim.render.skin import lanes as p
from nof1sim.render.skin import records as r
from nof1sim.render.skin.blocks import LANES, STRICT

F = np.float32
_0, _1, _2 = F(0), F(1), F(2)


@njit(fastmath=STRICT)
def _scratch(acc, b, rec, lane):
    """An erosion along the lesion's own direction, oval or linear, ragged, with patches of dried blood and serum."""
    size, line, bend = rec[r.RADIUS], rec[r.LONG], F(1.6) * rec[r.WAVES]
    long, wide = size * (F(0.95) + F(0.65) * line), size * (F(0.80) - F(0.52) * line)
    soft = F(0.95) + rec[r.BLUR] / wide
    start, steep, blood = F(0.80) - F(0.5) * soft, _1 / soft, F(1.3) * rec[r.CORE]
    dry, serum = F(0.70) * rec[r.DRIED], rec[r.SERUM]
    for number in range(LANES):
        k = np.uint64(number)
        lock, grain, fine = lane[p.L_LOCK + k], lane[p.L_GRAIN + k], lane[p.L_FINE + k]
        x = lane[p.L_U + k] / long
        y = (lane[p.L_V + k] + bend * long * (x * x - F(0.3))) / wide
        s = x * x + y * y + F(0.40) * grain
        raw = lock * (_1 - p.step((s - start) * steep))
        crust = F(0.75) * raw * p.step(dry + F(0.8) * fine - F(0.5) * grain - F(0.3) * s)
        more = crust > acc[b + p.A_CRUST + k]
        acc[b + p.A_HONEY + k] = serum * (F(0.5) + F(0.4) * grain) if more else acc[b + p.A_HONEY + k]
        acc[b + p.A_CRUST + k] = max(crust, acc[b + p.A_CRUST + k])
        acc[b + p.A_WET + k] = max(raw, acc[b + p.A_WET + k])
        acc[b + p.A_CORE + k] += blood * raw


@njit(fastmath=STRICT)
def _pus(acc, b, rec, lane):
    """A cap of pus over the top, and the reddened ring round it."""
    pus, blur, radius = rec[r.PUS], rec[r.BLUR], rec[r.RADIUS]
    cap = min(radius * F(0.58), F(0.42) + F(0.27) * radius) * (F(0.62) + F(0.38) * pus) * rec[r.CAP]
    soft = math.sqrt(F(0.42) + (blur / cap) ** 2)
    start, steep, inverse = _1 - soft, _1 / (_2 * soft), _1 / radius
    # Too small to be resolved, a cap would cancel the redness around it.
    shown = min(pus * F(1.05), _1) * cap * cap / (cap * cap + _2 * blur * blur)
    for number in range(LANES):
        k = np.uint64(number)
        lock, d, wobble = lane[p.L_LOCK + k], lane[p.L_D + k], lane[p.L_WOBBLE + k]
        s, t = d / (cap * (_1 + F(0.65) * (wobble - _1))), d * inverse / wobble
        cover = lock * shown * (_1 - p.step((s - start) * steep)) * (_1 + F(0.18) * lane[p.L_GRAIN + k])
        ring = p.step((t - F(0.30)) * F(1 / 0.35)) * (_1 - p.step((t - F(0.75)) * F(1 / 0.45)))
        acc[b + p.A_PUS + k] = max(acc[b + p.A_PUS + k], min(cover, _1))
        acc[b + p.A_RING + k] = max(acc[b + p.A_RING + k], lock * pus * ring)


@njit(fastmath=STRICT)
def _plug(acc, b, rec, lane):
    """A comedone's dark plug in its pale rim."""
    blur, radius, amount = rec[r.BLUR], rec[r.RADIUS], rec[r.PLUG]
    plug = max(radius * F(0.58), min(F(0.50), radius))
    pallor = min(_2 * amount, _1) * F(0.60) * max(_1 - _2 * blur / plug, _0)
    soft = math.sqrt(F(0.16) + (blur / plug) ** 2)
    start, steep, inverse = _1 - soft, _1 / (_2 * soft), _1 / radius
    for number in range(LANES):
        k = np.uint64(number)
        lock, d, wobble = lane[p.L_LOCK + k], lane[p.L_D + k], lane[p.L_WOBBLE + k]
        t, s = d * inverse / wobble, d / (plug * (_1 + F(1.3) * (wobble - _1))) - F(0.12) * lane[p.L_GRAIN + k]
        rim = p.step((t - F(0.55)) * F(1 / 0.3)) * (_1 - p.step((t - F(0.9)) * F(1 / 0.4)))
        acc[b + p.A_PALE + k] = max(acc[b + p.A_PALE + k], pallor * lock * rim)
        acc[b + p.A_PLUG + k] = max(acc[b + p.A_PLUG + k], lock * amount * (_1 - p.step((s - start) * steep)))


@njit(fastmath=STRICT)
def _crust(acc, b, rec, lane):
    """A crust or scale, thicker and thinner."""
    crust, radius = rec[r.CRUST], rec[r.RADIUS]
    soft = math.sqrt(F(0.05) + (rec[r.BLUR] / radius) ** 2)
    start, steep, inverse = _1 - soft, _1 / (_2 * soft), _1 / (radius * (F(0.62) + F(0.24) * crust))
    for number in range(LANES):
        k = np.uint64(number)
        grain, fine = lane[p.L_GRAIN + k], lane[p.L_FINE + k]
        s = lane[p.L_D + k] * inverse / lane[p.L_WOBBLE + k] + F(0.42) * grain + F(0.16) * fine
        cover, before = lane[p.L_LOCK + k] * crust * (_1 - p.step((s - start) * steep)), acc[b + p.A_CRUST + k]
        honey = min(max(F(0.40) + F(0.45) * fine - F(0.25) * grain, _0), _1)
        acc[b + p.A_HONEY + k] = honey if cover > before else acc[b + p.A_HONEY + k]
        acc[b + p.A_CRUST + k] = max(cover, before)


@njit(fastmath=STRICT)
def cover(acc, b, rec, lane):
    """Add an erosion, pus, a plug and a crust to the block of acc that begins at b."""
    if rec[r.RAW] > _0:
        _scratch(acc, b, rec, lane)
    if rec[r.PUS] > _0:
        _pus(acc, b, rec, lane)
    if rec[r.PLUG] > _0:
        _plug(acc, b, rec, lane)
    if rec[r.CRUST] > _0:
        _crust(acc, b, rec, lane)
