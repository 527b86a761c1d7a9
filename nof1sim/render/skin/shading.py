"""The change of linear light in touched pixels: pigment, covers, relief and gloss under a day's light.

Light on relief: vector irradiance B of a group gives any tilted normal its shade as N.B, wrapped per channel since
light travels under the skin. Gloss: two GGX lobes (Walter et al. 2007) from one direction a group, widened by the
group's extent; only the difference between tilted and clear normal is used, so clear skin stays what the buffer says.
"""

from __future__ import annotations

import math

import numpy as np

from nof1sim.render.compiled import njit
from nof1sim.render.skin import paint as p

F = np.float32
_0, _1, _2, _3, _4 = F(0), F(1), F(2), F(3), F(4)
_STRICT = {"nnan", "ninf", "nsz", "arcp", "contract"}  # no reassociation: the same bytes whatever the vector width

BLOOD_LIMIT, HALO_LIMIT = F(0.21), F(0.105)
"""Where crowded lesions saturate: cores, and the diffuse redness around them, which must stay the paler of the two."""
MELANIN_LIMIT = F(2.4)
PUS = (F(0.72), F(0.545), F(0.28))
CRUST_DARK, CRUST_HONEY = (F(0.125), F(0.034), F(0.016)), (F(0.36), F(0.155), F(0.042))
PLUG = (F(0.040), F(0.028), F(0.020))
"""Linear albedos; pus and crust scale with the skin around them."""
RELIEF = np.array([0.62, 0.84, 0.94], np.float32)
"""Share of relief shading that survives scattering under the skin, per channel."""
BROAD_ALPHA = F(0.36)
"""Width of the broad lobe (roughness squared); the sharp one's is the skin's."""
SHARP_GAIN, BROAD_GAIN = F(1.05), F(0.62)
MAX_SLOPE = F(1.1)
FLAT2 = F(1e-4)
"""Square of the slope below which a pixel counts as flat."""
FAINT = F(2e-4)
"""Added blood that no picture shows (a tenth of a grey level)."""


@njit(fastmath=_STRICT)
def _albedo(table, mel_scale, blood_scale, melanin, blood):
    """Bilinear look-up in a table spaced by square roots."""
    top = F(table.shape[0] - 1)
    y, x = min(math.sqrt(melanin * mel_scale) * top, top), min(math.sqrt(blood * blood_scale) * top, top)
    j, i = min(int(y), table.shape[0] - 2), min(int(x), table.shape[0] - 2)
    b, a = y - F(j), x - F(i)
    w00, w01, w10, w11 = (_1 - a) * (_1 - b), a * (_1 - b), (_1 - a) * b, a * b
    return (
        w00 * table[j, i, 0] + w01 * table[j, i + 1, 0] + w10 * table[j + 1, i, 0] + w11 * table[j + 1, i + 1, 0],
        w00 * table[j, i, 1] + w01 * table[j, i + 1, 1] + w10 * table[j + 1, i, 1] + w11 * table[j + 1, i + 1, 1],
        w00 * table[j, i, 2] + w01 * table[j, i + 1, 2] + w10 * table[j + 1, i, 2] + w11 * table[j + 1, i + 1, 2],
    )


@njit(fastmath=_STRICT)
def inverses(table, mel_scale, blood_scale, melanin, blood, out):
    """One over the table's colour of the clear skin (n, 3): only ratios to it are used."""
    for q in range(melanin.size):
        a = _albedo(table, mel_scale, blood_scale, melanin[q], blood[q])
        for c in range(3):
            out[q, c] = _1 / max(a[c], F(1e-4))


def relief_light(power, colour, wrap):
    """(G, 3): what a change of wrapped N.B is worth in light, per group and channel."""
    return (power[:, None] * colour * (RELIEF / (1 + wrap))).astype(np.float32)


@njit(fastmath=_STRICT)
def _mix(a, b, k):
    return a[0] + k * (b[0] - a[0]), a[1] + k * (b[1] - a[1]), a[2] + k * (b[2] - a[2])


@njit(fastmath=_STRICT)
def _tint(acc, was, inverse, melanin, blood, table, mel_scale, blood_scale):
    """Albedo of a spot with its lesions: pigment first, then pallor, pus, crust and plug over it."""
    core, halo, brown = acc[p.A_CORE], acc[p.A_HALO], acc[p.A_MELANIN]
    core *= _1 + F(0.50) * acc[p.A_RING]
    extra = core / (_1 + core / BLOOD_LIMIT) + halo / (_1 + halo / HALO_LIMIT)
    pale = acc[p.A_PALE]
    # Near black, more melanin only takes the red that still comes back.
    dark = min(F(2.5) * melanin, _1)
    more = brown / (_1 + brown / MELANIN_LIMIT) * (_1 - F(0.45) * dark)
    a = _albedo(table, mel_scale, blood_scale, melanin * (_1 + more), blood * (_1 - F(0.45) * pale) + extra)
    a = inverse[0] * a[0], inverse[1] * a[1], inverse[2] * a[2]  # relative to the clear skin
    # The table's surface floor greys what is dark already; a lesion only ever gets warmer there, never slate.
    warm = (_1 + F(0.6) * pale) * (_1 + F(0.10) * (_1 - dark))
    cool = _1 - F(0.14) * dark * min(brown + _4 * core, _1)
    green = min(a[1], max(a[0], _1 - dark) * warm * cool)
    a = was[0] * a[0], was[1] * green, was[2] * min(a[2], green * warm * cool)
    mean = (was[0] + was[1] + was[2]) * F(1 / 3)
    # Epidermal pigment in one spot reads warmer than an even tan: less blue comes back.
    warm = min(brown, _1)
    a = a[0] * (_1 + (F(0.03) + F(0.35) * melanin) * warm), a[1] * (_1 - F(0.06) * warm), a[2] * (_1 - F(0.18) * warm)
    deep = acc[p.A_DEEP]
    if deep > _0:  # blood deep in the dermis: light that returns from above it is bluer
        cool = F(0.05) - F(0.20) * dark  # but not through a dark epidermis, which keeps the blue
        a = a[0] * (_1 - F(0.15) * deep), a[1] * (_1 - F(0.17) * deep), a[2] * (_1 + cool * deep)
    if pale > _0:
        white = F(1.22) * was[0] + F(0.030), F(1.30) * was[1] + F(0.028), F(1.30) * was[2] + F(0.026)
        a = _mix(a, white, F(0.45) * pale)
    if acc[p.A_WET] > _0:
        k = F(0.45) * acc[p.A_WET]
        a = _mix(a, (F(0.30) * a[0] + F(0.06), F(0.22) * a[1], F(0.22) * a[2]), k)
    if acc[p.A_PUS] > _0:
        bright = F(0.07) + F(0.98) * min(mean / F(0.36), F(1.05))
        warm = _1 - min(bright, _1)  # under a dark epidermis pus reads cream to tan, never white
        white = PUS[0] * bright, PUS[1] * bright * (_1 - F(0.15) * warm), PUS[2] * bright * (_1 - F(0.25) * warm)
        a = _mix(a, white, F(0.61) * acc[p.A_PUS])
    if acc[p.A_CRUST] > _0:
        colour, bright = _mix(CRUST_DARK, CRUST_HONEY, acc[p.A_HONEY]), F(0.06) + F(2.4) * mean
        a = _mix(a, (colour[0] * bright, colour[1] * bright, colour[2] * bright), F(0.85) * acc[p.A_CRUST])
    if acc[p.A_PLUG] > _0:
        bright = F(0.30) + F(2.0) * mean
        a = _mix(a, (PLUG[0] * bright, PLUG[1] * bright, PLUG[2] * bright), F(0.84) * acc[p.A_PLUG])
    return a


@njit(fastmath=_STRICT)
def _gloss(n, v, to, spread, alpha, oil):
    """Radiance of the sharp and the broad lobe for one direction, per unit of light; alpha: the sharp one's width.

    Smith's masking in Hammon's form (GDC 2017). A wide light widens the lobe by half its angle.
    """
    nl = max(n[0] * to[0] + n[1] * to[1] + n[2] * to[2], _0)  # no branch: callers' loops may be vectorised
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


@njit(fastmath=_STRICT)
def clear_gloss(normal, view, seen, oil, rough, direction, spread, out):
    """Gloss (n, G) of clear skin by the same formula as that of lesions: only differences from it are used."""
    for q in range(out.shape[0]):
        n, v = (normal[q, 0], normal[q, 1], normal[q, 2]), (view[q, 0], view[q, 1], view[q, 2])
        for g in range(out.shape[1]):
            to = direction[g, 0], direction[g, 1], direction[g, 2]
            out[q, g] = _0
            if seen[q, g] > _0 and (to[0] != _0 or to[1] != _0 or to[2] != _0):
                out[q, g] = _gloss(n, v, to, spread[g], rough[q] * rough[q], oil[q])


@njit(fastmath=_STRICT)
def _tilt(n, x, y, z):
    """Normal tilted by a slope vector within the tangent plane."""
    along = n[0] * x + n[1] * y + n[2] * z
    x, y, z = x - along * n[0], y - along * n[1], z - along * n[2]
    size = math.sqrt(x * x + y * y + z * z)
    k = min(_1, MAX_SLOPE / max(size, F(1e-6)))
    x, y, z = n[0] - x * k, n[1] - y * k, n[2] - z * k
    inverse = _1 / math.sqrt(x * x + y * y + z * z)
    return x * inverse, y * inverse, z * inverse


@njit(fastmath=_STRICT)
def _relit(acc, q, normal, view, flow, seen, clear, oil, rough, power, relief, wrap, direction, spread, e):
    """Light (3) and change of gloss on the relief of a lesion; e (3): light on the clear skin there."""
    n, v = (normal[q, 0], normal[q, 1], normal[q, 2]), (view[q, 0], view[q, 1], view[q, 2])
    t = _tilt(n, acc[p.A_X], acc[p.A_Y], acc[p.A_Z])
    tense, wet = acc[p.A_TENSE], acc[p.A_WET]
    polish = min(max(rough[q] + F(0.18) * tense - F(0.10) * wet, F(0.22)), F(0.6))
    fat = oil[q] * (_1 - F(0.45) * tense) + F(0.7) * wet
    f0, f1, f2, shine = e[0], e[1], e[2], _0
    for g in range(power.shape[0]):
        if power[g] == _0:
            continue
        bx, by, bz = flow[q, g, 0], flow[q, g, 1], flow[q, g, 2]
        old, new = n[0] * bx + n[1] * by + n[2] * bz, t[0] * bx + t[1] * by + t[2] * bz
        if old > _0 and new > _0:  # mostly: no wrapping to care about
            f0 += relief[g, 0] * (new - old)
            f1 += relief[g, 1] * (new - old)
            f2 += relief[g, 2] * (new - old)
        else:
            size = math.sqrt(bx * bx + by * by + bz * bz)
            w0, w1, w2 = wrap[0] * size, wrap[1] * size, wrap[2] * size
            f0 += relief[g, 0] * (max(new + w0, _0) - max(old + w0, _0))
            f1 += relief[g, 1] * (max(new + w1, _0) - max(old + w1, _0))
            f2 += relief[g, 2] * (max(new + w2, _0) - max(old + w2, _0))
        to = direction[g, 0], direction[g, 1], direction[g, 2]
        if seen[q, g] > _0 and (to[0] != _0 or to[1] != _0 or to[2] != _0):
            shine += power[g] * seen[q, g] * (_gloss(t, v, to, spread[g], polish * polish, fat) - clear[q, g])
    cave = _1 - F(0.60) * acc[p.A_PIT]
    return (
        max(f0 * (_1 - F(0.48) * acc[p.A_PIT]), F(0.25) * e[0]),
        max(f1 * cave, F(0.25) * e[1]),
        max(f2 * cave, F(0.25) * e[2]),
        shine,
    )


@njit(fastmath=_STRICT)
def shade(
    acc, where, inverse, clear, pixel, normal, view, flow, seen, light, gloss, through, sheen, melanin, blood, albedo,
    oil, rough, table, mel_scale, blood_scale, day, power, oil_today, relief, wrap, direction, spread, veil, picture,
):  # fmt: skip
    """Add the change to `picture` (h * w, 3). acc, where: what `paint` wrote; inverse (n, 3): `inverses`; clear (n, G):
    `clear_gloss`; day (G,): the day's factor on each group; power (G,): times the group's strength; relief (G, 3):
    `relief_light`; veil (3,): share of light that a tan over the lesions lets through."""
    # In the buffer's order, not the lesions': its many arrays are then read as streams.
    for k in range(where.size):
        m = where[k]
        if m < 0:
            continue
        q, a = np.uint64(k), acc[np.uint64(m)]
        slope2 = a[p.A_X] * a[p.A_X] + a[p.A_Y] * a[p.A_Y] + a[p.A_Z] * a[p.A_Z]
        covered = a[p.A_WET] + a[p.A_CRUST] + a[p.A_PLUG] + a[p.A_PIT]
        stain = a[p.A_CORE] + a[p.A_HALO] + F(0.1) * a[p.A_MELANIN] + F(0.01) * (a[p.A_DEEP] + a[p.A_PALE] + a[p.A_PUS])
        if slope2 <= FLAT2 and covered == _0 and stain < FAINT:
            continue
        e0, e1, e2 = _0, _0, _0
        for g in range(day.shape[0]):
            if day[g] == _0:
                continue
            e0 += day[g] * light[q, g, 0]
            e1 += day[g] * light[q, g, 1]
            e2 += day[g] * light[q, g, 2]
        was = albedo[q, 0], albedo[q, 1], albedo[q, 2]
        now = _tint(a, was, inverse[q], melanin[q], blood[q], table, mel_scale, blood_scale)
        f0, f1, f2, sparkle = e0, e1, e2, _0
        formed = slope2 > FLAT2 or covered > _0
        # Gloss over a stain on dark skin would turn it slate; inflamed and scaling skin is duller, too.
        dull = F(0.40) * min(_4 * melanin[q], _1) * min(a[p.A_MELANIN] + a[p.A_DEEP] + _4 * a[p.A_CORE], _1)
        if formed or dull > F(0.02):
            shine, before = _0, _0
            if formed:
                f0, f1, f2, shine = _relit(
                    a, q, normal, view, flow, seen, clear, oil, rough, power, relief, wrap, direction, spread,
                    (e0, e1, e2),
                )  # fmt: skip
            for g in range(day.shape[0]):
                before += day[g] * gloss[q, g]
            matt = (_1 - F(0.88) * max(a[p.A_CRUST], a[p.A_PLUG])) * (_1 - max(dull - F(0.02), _0))
            matt *= _1 + F(0.26) * a[p.A_PALE]  # stretched over a comedone, skin shines: in a highlight all that shows
            sparkle = (max(before + shine, _0) * matt - before) * sheen[q] * oil_today
        i = np.uint64(pixel[q])
        # Light below zero would ring in the lens.
        picture[i, 0] = max(picture[i, 0] + (now[0] * f0 - was[0] * e0) * through[q, 0] * veil[0] + sparkle, _0)
        picture[i, 1] = max(picture[i, 1] + (now[1] * f1 - was[1] * e1) * through[q, 1] * veil[1] + sparkle, _0)
        picture[i, 2] = max(picture[i, 2] + (now[2] * f2 - was[2] * e2) * through[q, 2] * veil[2] + sparkle, _0)
