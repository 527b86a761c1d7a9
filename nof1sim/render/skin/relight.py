"""Light and gloss on the relief of lesions, LANES pixels at a time (see `blocks`).

Light: vector irradiance B of a group gives any tilted normal its shade as N.B, wrapped per channel since light travels
under the skin. Gloss: two GGX lobes (Walter et al. 2007) from one direction a group, widened by the group's extent;
only the difference between tilted and clear normal is used, so clear skin stays what the buffer says.
"""

from __future__ import annotations

import math

import numpy as np

from nof1sim.render.compiled import njit
from nof1sim.render.skin import blocks as c
from nof1sim.render.skin import lanes as p
from nof1sim.render.skin.blocks import LANES, STRICT
from nof1sim.render.skin.buffer import F32, Lighting

F = np.float32
_0, _1, _2 = F(0), F(1), F(2)
RELIEF = np.array([0.62, 0.84, 0.94], np.float32)
"""Share of relief shading that survives scattering under the skin, per channel."""
BROAD_ALPHA = F(0.36)
"""Width of the broad lobe (roughness squared); the sharp one's is the skin's."""
SHARP_GAIN, BROAD_GAIN = F(1.05), F(0.62)
MAX_SLOPE = F(1.1)
SHADE_ROWS = 18
"""Rows of LANES numbers of the memory that shading works in."""
# What shading finds out of a block: colour, then its change; the day's light on clear skin, its gloss, both with the
# relief; whether it has relief and whether it shows.
RED, GREEN, BLUE, LIT_R, LIT_G, LIT_B, BEFORE, FORM_R, FORM_G, FORM_B, AFTER = c.rows(SHADE_ROWS)[:11]
FORMED, SHOWN = c.rows(SHADE_ROWS)[11:13]
# Tilted normal, width of the sharp lobe, oil.
T_X, T_Y, T_Z, POLISH, OILED = c.rows(SHADE_ROWS)[13:18]


POWER, RELIEVED, TO, SPREAD, LAMP = 0, 1, 4, 7, 8
"""Columns of what is known of a group of light, and their number."""


def lamps_of(lighting: Lighting, power: F32) -> F32:
    """(G, LAMP): power, what a change of wrapped N.B is worth in light per channel, direction, spread."""
    relief = power[:, None] * lighting.colour * (RELIEF / (1 + lighting.wrap))
    columns = power[:, None], relief, lighting.direction, lighting.spread[:, None]
    return np.concatenate(columns, axis=1).astype(np.float32)


@njit(fastmath=STRICT, inline="always")
def gloss(n, v, to, spread, alpha, oil):
    """Radiance of the sharp and the broad lobe for one direction, per unit of light; alpha: the sharp one's width.

    Smith's masking in Hammon's form (GDC 2017). A wide light widens the lobe by half its angle.
    """
    nl = max(n[0] * to[0] + n[1] * to[1] + n[2] * to[2], _0)
    hx, hy, hz = to[0] + v[0], to[1] + v[1], to[2] + v[2]
    size2 = hx * hx + hy * hy + hz * hz
    inverse = _1 / math.sqrt(size2)
    c = _1 - F(0.5) * size2 * inverse  # v.h, both being unit
    c2 = c * c
    fresnel = F(0.028) + F(0.972) * c2 * c2 * c
    nh = (n[0] * hx + n[1] * hy + n[2] * hz) * inverse
    nv = max(n[0] * v[0] + n[1] * v[1] + n[2] * v[2], F(0.05))
    wide = F(0.25) * spread * spread
    a1, a2 = alpha * alpha + wide, BROAD_ALPHA * BROAD_ALPHA + wide
    d1, d2 = nh * nh * (a1 - _1) + _1, nh * nh * (a2 - _1) + _1
    product, total = _2 * nl * nv, nl + nv
    m1, m2 = product + alpha * (total - product), product + BROAD_ALPHA * (total - product)
    below1, below2 = d1 * d1 * m1, d2 * d2 * m2  # one division for both lobes
    lobes = (SHARP_GAIN * oil * a1 * below2 + BROAD_GAIN * a2 * below1) / (below1 * below2)
    return F(0.5 / math.pi) * fresnel * nl * lobes


@njit(fastmath=STRICT)
def clear_gloss(normal, view, seen, oil, rough, direction, spread, out):
    """Gloss (n, G) of clear skin by the same formula as that of lesions: only differences from it are used."""
    for q in range(out.shape[0]):
        n, v = (normal[q, 0], normal[q, 1], normal[q, 2]), (view[q, 0], view[q, 1], view[q, 2])
        for g in range(out.shape[1]):
            to = direction[g, 0], direction[g, 1], direction[g, 2]
            out[q, g] = _0
            if seen[q, g] > _0 and (to[0] != _0 or to[1] != _0 or to[2] != _0):
                out[q, g] = gloss(n, v, to, spread[g], rough[q] * rough[q], oil[q])


@njit(fastmath=STRICT)
def _tilt(acc, b, skin, s, out):
    """Normal tilted by the slope within the tangent plane; width of its gloss, and how oily it is."""
    for number in range(LANES):
        k = np.uint64(number)
        nx, ny, nz = skin[s + c.NORMAL_X + k], skin[s + c.NORMAL_Y + k], skin[s + c.NORMAL_Z + k]
        x, y, z = acc[b + p.A_X + k], acc[b + p.A_Y + k], acc[b + p.A_Z + k]
        along = nx * x + ny * y + nz * z
        x, y, z = x - along * nx, y - along * ny, z - along * nz
        size = math.sqrt(x * x + y * y + z * z)
        steep = min(_1, MAX_SLOPE / max(size, F(1e-6)))
        x, y, z = nx - x * steep, ny - y * steep, nz - z * steep
        inverse = _1 / math.sqrt(max(x * x + y * y + z * z, F(1e-6)))
        out[T_X + k], out[T_Y + k], out[T_Z + k] = x * inverse, y * inverse, z * inverse
        tense, wet = acc[b + p.A_TENSE + k], acc[b + p.A_WET + k]
        polish = min(max(skin[s + c.ROUGH + k] + F(0.18) * tense - F(0.10) * wet, F(0.22)), F(0.6))
        out[POLISH + k] = polish * polish
        out[OILED + k] = skin[s + c.OIL + k] * (_1 - F(0.45) * tense) + F(0.7) * wet
        out[FORM_R + k], out[FORM_G + k] = out[LIT_R + k], out[LIT_G + k]
        out[FORM_B + k], out[AFTER + k] = out[LIT_B + k], out[BEFORE + k]


@njit(fastmath=STRICT)
def _diffuse(skin, s, g, relief, wrap, out):
    """Add a group's change of light; g : where the group's flow begins; relief, wrap : three numbers each."""
    r0, r1, r2 = relief
    wrap0, wrap1, wrap2 = wrap
    for number in range(LANES):
        k = np.uint64(number)
        x, y, z = skin[g + c.FLOW_X + k], skin[g + c.FLOW_Y + k], skin[g + c.FLOW_Z + k]
        old = skin[s + c.NORMAL_X + k] * x + skin[s + c.NORMAL_Y + k] * y + skin[s + c.NORMAL_Z + k] * z
        new = out[T_X + k] * x + out[T_Y + k] * y + out[T_Z + k] * z
        size = math.sqrt(x * x + y * y + z * z)
        w0, w1, w2 = wrap0 * size, wrap1 * size, wrap2 * size
        out[FORM_R + k] += r0 * (max(new + w0, _0) - max(old + w0, _0))
        out[FORM_G + k] += r1 * (max(new + w1, _0) - max(old + w1, _0))
        out[FORM_B + k] += r2 * (max(new + w2, _0) - max(old + w2, _0))


@njit(fastmath=STRICT)
def _highlight(skin, s, g, power, to, spread, out):
    """Add a group's change of gloss."""
    to0, to1, to2 = to
    for number in range(LANES):
        k = np.uint64(number)
        t = out[T_X + k], out[T_Y + k], out[T_Z + k]
        v = skin[s + c.VIEW_X + k], skin[s + c.VIEW_Y + k], skin[s + c.VIEW_Z + k]
        shone = gloss(t, v, (to0, to1, to2), spread, out[POLISH + k], out[OILED + k])
        out[AFTER + k] += power * skin[g + c.SEEN + k] * (shone - skin[g + c.SHINE + k])


@njit(fastmath=STRICT)
def _shadow(acc, b, out):
    """Less light in a pit, and never none."""
    for number in range(LANES):
        k = np.uint64(number)
        pit = acc[b + p.A_PIT + k]
        cave = _1 - F(0.60) * pit
        out[FORM_R + k] = max(out[FORM_R + k] * (_1 - F(0.48) * pit), F(0.25) * out[LIT_R + k])
        out[FORM_G + k] = max(out[FORM_G + k] * cave, F(0.25) * out[LIT_G + k])
        out[FORM_B + k] = max(out[FORM_B + k] * cave, F(0.25) * out[LIT_B + k])


@njit(fastmath=STRICT)
def relight(acc, b, skin, s, lamps, wrap, out):
    """Fill FORM_* and AFTER with the light and the gloss on the relief of a block; see `shading.Day`."""
    _tilt(acc, b, skin, s, out)
    for group in range(lamps.shape[0]):
        power = lamps[group, POWER]
        if power != _0:
            g = s + np.uint64((c.KNOWN + group * c.FLOW) * LANES)
            relief = lamps[group, RELIEVED], lamps[group, RELIEVED + 1], lamps[group, RELIEVED + 2]
            to = lamps[group, TO], lamps[group, TO + 1], lamps[group, TO + 2]
            _diffuse(skin, s, g, relief, wrap, out)
            if to[0] != _0 or to[1] != _0 or to[2] != _0:
                _highlight(skin, s, g, power, to, lamps[group, SPREAD], out)
    _shadow(acc, b, out)
