"""The change of linear light in touched pixels: pigment, covers, relief and gloss under a day's light."""

from __future__ import annotations

import math

import numpy as np

from nof1sim.render.compiled import njit
from nof1sim.render.skin import lanes as p
from nof1sim.render.skin import relight as o

F = np.float32
_0, _1, _4 = F(0), F(1), F(4)

BLOOD_LIMIT, HALO_LIMIT = F(0.21), F(0.105)
"""Where crowded lesions saturate: cores, and the diffuse redness around them, which must stay the paler of the two."""
MELANIN_LIMIT = F(2.4)
PUS = (F(0.72), F(0.545), F(0.28))
CRUST_DARK, CRUST_HONEY = (F(0.125), F(0.034), F(0.016)), (F(0.36), F(0.155), F(0.042))
PLUG = (F(0.040), F(0.028), F(0.020))
"""Linear albedos; pus and crust scale with the skin around them."""
FLAT2 = F(1e-4)
"""Square of the slope below which a pixel counts as flat."""
FAINT = F(2e-4)
"""Added blood that no picture shows (a tenth of a grey level)."""


@njit(fastmath=p.STRICT)
def _albedo(table, mel_scale, blood_scale, melanin, blood):
    """Bilinear look-up in a table spaced by square roots."""
    top = F(table.shape[0] - 1)
    return _looked_up(
        table, min(math.sqrt(melanin * mel_scale) * top, top), min(math.sqrt(blood * blood_scale) * top, top)
    )


@njit(fastmath=p.STRICT)
def _looked_up(table, y, x):
    """The table at row y and column x, bilinear."""
    last = np.uint64(table.shape[0] - 2)
    j, i = min(np.uint64(y), last), min(np.uint64(x), last)
    b, a = y - F(j), x - F(i)
    j1, i1 = j + np.uint64(1), i + np.uint64(1)
    w00, w01, w10, w11 = (_1 - a) * (_1 - b), a * (_1 - b), (_1 - a) * b, a * b
    return (
        w00 * table[j, i, 0] + w01 * table[j, i1, 0] + w10 * table[j1, i, 0] + w11 * table[j1, i1, 0],
        w00 * table[j, i, 1] + w01 * table[j, i1, 1] + w10 * table[j1, i, 1] + w11 * table[j1, i1, 1],
        w00 * table[j, i, 2] + w01 * table[j, i1, 2] + w10 * table[j1, i, 2] + w11 * table[j1, i1, 2],
    )


@njit(fastmath=p.STRICT)
def inverses(table, mel_scale, blood_scale, melanin, blood, out):
    """One over the table's colour of the clear skin (n, 3): only ratios to it are used."""
    for q in range(melanin.size):
        a = _albedo(table, mel_scale, blood_scale, melanin[q], blood[q])
        for c in range(3):
            out[q, c] = _1 / max(a[c], F(1e-4))


@njit(fastmath=p.STRICT)
def _mix(a, b, k):
    return a[0] + k * (b[0] - a[0]), a[1] + k * (b[1] - a[1]), a[2] + k * (b[2] - a[2])


@njit(fastmath=p.STRICT)
def _pigment(acc, b, start, count, melanin, blood, steps, scale, out):
    """Where in the table of colours the skin of a block and its lesions lies: rows RED and GREEN of out. start,
    count : rows of the buffer; scale : of melanin and of blood."""
    melanin_scale, blood_scale = scale
    for number in range(count):
        k = np.uint64(number)
        q = start + k
        core, halo, brown = acc[b + p.A_CORE + k], acc[b + p.A_HALO + k], acc[b + p.A_MELANIN + k]
        core *= _1 + F(0.50) * acc[b + p.A_RING + k]
        extra = core / (_1 + core / BLOOD_LIMIT) + halo / (_1 + halo / HALO_LIMIT)
        # Near black, more melanin only takes the red that still comes back.
        more = brown / (_1 + brown / MELANIN_LIMIT) * (_1 - F(0.45) * min(F(2.5) * melanin[q], _1))
        vessels = blood[q] * (_1 - F(0.45) * acc[b + p.A_PALE + k]) + extra
        out[o.RED + k] = min(math.sqrt(melanin[q] * (_1 + more) * melanin_scale) * steps, steps)
        out[o.GREEN + k] = min(math.sqrt(vessels * blood_scale) * steps, steps)


@njit(fastmath=p.STRICT)
def _look_up(start, count, table, inverse, albedo, light, day, out):
    """Fill rows of out where lanes show: colour relative to the clear skin, colour of the clear skin, light on it."""
    for number in range(count):
        k = np.uint64(number)
        if out[o.SHOWN + k] <= _0:
            continue
        q = start + k
        a = _looked_up(table, out[o.RED + k], out[o.GREEN + k])
        out[o.RED + k], out[o.GREEN + k] = inverse[q, 0] * a[0], inverse[q, 1] * a[1]
        out[o.BLUE + k] = inverse[q, 2] * a[2]
        out[o.WAS_R + k], out[o.WAS_G + k], out[o.WAS_B + k] = albedo[q, 0], albedo[q, 1], albedo[q, 2]
        e0, e1, e2 = _0, _0, _0
        for g in range(day.shape[0]):
            e0 += day[g] * light[q, g, 0]
            e1 += day[g] * light[q, g, 1]
            e2 += day[g] * light[q, g, 2]
        out[o.LIGHT_R + k], out[o.LIGHT_G + k], out[o.LIGHT_B + k] = e0, e1, e2


@njit(fastmath=p.STRICT)
def _tint(acc, b, start, count, melanin, out):
    """Albedo of a block with its lesions, in out: pigment first, then pallor, pus, crust and plug over it."""
    for number in range(count):
        k = np.uint64(number)
        red, green, blue = out[o.RED + k], out[o.GREEN + k], out[o.BLUE + k]
        was = out[o.WAS_R + k], out[o.WAS_G + k], out[o.WAS_B + k]
        brown, pus, deep = acc[b + p.A_MELANIN + k], acc[b + p.A_PUS + k], acc[b + p.A_DEEP + k]
        core = acc[b + p.A_CORE + k] * (_1 + F(0.50) * acc[b + p.A_RING + k])
        pale, tan = acc[b + p.A_PALE + k], melanin[start + k]
        dark = min(F(2.5) * tan, _1)
        # The table's surface floor greys what is dark already; a lesion only ever gets warmer there, never slate.
        warm = (_1 + F(0.6) * pale) * (_1 + F(0.10) * (_1 - dark))
        cool = _1 - F(0.14) * dark * min(brown + _4 * core, _1)
        green = min(green, max(red, _1 - dark) * warm * cool)
        a = was[0] * red, was[1] * green, was[2] * min(blue, green * warm * cool)
        mean = (was[0] + was[1] + was[2]) * F(1 / 3)
        # Epidermal pigment in one spot reads warmer than an even tan: less blue comes back.
        warm = min(brown, _1)
        a = a[0] * (_1 + (F(0.03) + F(0.35) * tan) * warm), a[1] * (_1 - F(0.06) * warm), a[2] * (_1 - F(0.18) * warm)
        # Blood deep in the dermis: light that returns from above it is bluer, but not through a dark epidermis.
        cool = F(0.05) - F(0.20) * dark
        a = a[0] * (_1 - F(0.15) * deep), a[1] * (_1 - F(0.17) * deep), a[2] * (_1 + cool * deep)
        white = F(1.22) * was[0] + F(0.030), F(1.30) * was[1] + F(0.028), F(1.30) * was[2] + F(0.026)
        a = _mix(a, white, F(0.45) * pale)
        a = _mix(a, (F(0.30) * a[0] + F(0.06), F(0.22) * a[1], F(0.22) * a[2]), F(0.45) * acc[b + p.A_WET + k])
        bright = F(0.07) + F(0.98) * min(mean / F(0.36), F(1.05))
        warm = _1 - min(bright, _1)  # under a dark epidermis pus reads cream to tan, never white
        white = PUS[0] * bright, PUS[1] * bright * (_1 - F(0.15) * warm), PUS[2] * bright * (_1 - F(0.25) * warm)
        a = _mix(a, white, F(0.61) * pus)
        crust, bright = _mix(CRUST_DARK, CRUST_HONEY, acc[b + p.A_HONEY + k]), F(0.06) + F(2.4) * mean
        a = _mix(a, (crust[0] * bright, crust[1] * bright, crust[2] * bright), F(0.85) * acc[b + p.A_CRUST + k])
        bright = F(0.30) + F(2.0) * mean
        a = _mix(a, (PLUG[0] * bright, PLUG[1] * bright, PLUG[2] * bright), F(0.84) * acc[b + p.A_PLUG + k])
        out[o.RED + k], out[o.GREEN + k], out[o.BLUE + k] = a[0], a[1], a[2]


@njit(fastmath=p.STRICT)
def _kinds(acc, b, out):
    """Fill rows FORMED and SHOWN of out: above 0 where a lesion has relief or cover; where it shows at all. Whether any
    lane is the one, the other."""
    any_formed, shown = _0, _0
    for number in range(p.LANES):
        k = np.uint64(number)
        x, y, z = acc[b + p.A_X + k], acc[b + p.A_Y + k], acc[b + p.A_Z + k]
        covered = acc[b + p.A_WET + k] + acc[b + p.A_CRUST + k] + acc[b + p.A_PLUG + k] + acc[b + p.A_PIT + k]
        stain = acc[b + p.A_CORE + k] + acc[b + p.A_HALO + k] + F(0.1) * acc[b + p.A_MELANIN + k]
        stain += F(0.01) * (acc[b + p.A_DEEP + k] + acc[b + p.A_PALE + k] + acc[b + p.A_PUS + k])
        formed = max(x * x + y * y + z * z - FLAT2, covered)
        out[o.FORMED + k], out[o.SHOWN + k] = formed, max(formed, stain - FAINT)
    for number in range(p.LANES):
        k = np.uint64(number)
        any_formed, shown = max(any_formed, out[o.FORMED + k]), max(shown, out[o.SHOWN + k])
    return any_formed > _0, shown > _0


@njit(fastmath=p.STRICT)
def shade(
    acc, met, inverse, clear, pixel, normal, view, flow, seen, light, gloss, through, sheen, melanin, blood, albedo,
    oil, rough, table, mel_scale, blood_scale, day, power, oil_today, relief, wrap, direction, spread, veil, picture,
):  # fmt: skip
    """Add the change to `picture` (h * w, 3). acc, met: what `paint` wrote; inverse (n, 3): `inverses`; clear (n, G):
    `clear_gloss`; day (G,): the day's factor on each group; power (G,): times the group's strength; relief (G, 3):
    `relief_light`; veil (3,): share of light that a tan over the lesions lets through."""
    lane = np.zeros(o.SHADE_ROWS * p.LANES, np.float32)
    # In the buffer's order, not the lesions': its many arrays are then read as streams.
    for number in range(met.size):
        at, start = met[np.uint64(number)], np.uint64(number * p.LANES)
        if at < 0:
            continue
        b = np.uint64(at * p.CHANNELS * p.LANES)
        any_formed, shown = _kinds(acc, b, lane)
        if not shown:
            continue
        count = min(p.LANES, pixel.size - number * p.LANES)
        _pigment(acc, b, start, count, melanin, blood, F(table.shape[0] - 1), (mel_scale, blood_scale), lane)
        _look_up(start, count, table, inverse, albedo, light, day, lane)
        _tint(acc, b, start, count, melanin, lane)
        if any_formed:
            o.relight(
                acc, b, start, count, normal, view, flow, seen, clear, oil, rough, power, relief, wrap, direction,
                spread, lane,
            )  # fmt: skip
        for column in range(count):
            k = np.uint64(column)
            if lane[o.SHOWN + k] <= _0:
                continue
            q = start + k
            e0, e1, e2 = lane[o.LIGHT_R + k], lane[o.LIGHT_G + k], lane[o.LIGHT_B + k]
            f0, f1, f2, sparkle = e0, e1, e2, _0
            formed = lane[o.FORMED + k] > _0
            # Gloss over a stain on dark skin would turn it slate; inflamed and scaling skin is duller, too.
            stain = acc[b + p.A_MELANIN + k] + acc[b + p.A_DEEP + k] + _4 * acc[b + p.A_CORE + k]
            dull = F(0.40) * min(_4 * melanin[q], _1) * min(stain, _1)
            if formed or dull > F(0.02):
                shine, before = _0, _0
                if formed:
                    f0, f1, f2 = lane[o.FORM_R + k], lane[o.FORM_G + k], lane[o.FORM_B + k]
                    shine = lane[o.SHINE + k]
                for g in range(day.shape[0]):
                    before += day[g] * gloss[q, g]
                cover = max(acc[b + p.A_CRUST + k], acc[b + p.A_PLUG + k])
                matt = (_1 - F(0.88) * cover) * (_1 - max(dull - F(0.02), _0))
                # Stretched over a comedone, skin shines: in a highlight all that shows.
                matt *= _1 + F(0.26) * acc[b + p.A_PALE + k]
                sparkle = (max(before + shine, _0) * matt - before) * sheen[q] * oil_today
            i = np.uint64(pixel[q])
            # Light below zero would ring in the lens.
            was0, was1, was2 = lane[o.WAS_R + k] * e0, lane[o.WAS_G + k] * e1, lane[o.WAS_B + k] * e2
            picture[i, 0] = max(picture[i, 0] + (lane[o.RED + k] * f0 - was0) * through[q, 0] * veil[0] + sparkle, _0)
            picture[i, 1] = max(picture[i, 1] + (lane[o.GREEN + k] * f1 - was1) * through[q, 1] * veil[1] + sparkle, _0)
            picture[i, 2] = max(picture[i, 2] + (lane[o.BLUE + k] * f2 - was2) * through[q, 2] * veil[2] + sparkle, _0)
