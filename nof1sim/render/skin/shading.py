"""The change of linear light in touched pixels: pigment, covers, relief and gloss under a day's light."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nof1sim.render.compiled import njit
from nof1sim.render.skin import blocks as c
from nof1sim.render.skin import chromophores
from nof1sim.render.skin import lanes as p
from nof1sim.render.skin import relight as o
from nof1sim.render.skin.blocks import LANES, STRICT
from nof1sim.render.skin.buffer import F32, Lighting

F = np.float32
_0, _1, _4, _I = F(0), F(1), F(4), np.uint64(1)

BLOOD_LIMIT, HALO_LIMIT = F(0.21), F(0.105)
"""Where crowded lesions saturate: cores, and the diffuse redness around them, which must stay the paler of the two."""
MELANIN_LIMIT = F(2.4)
PUS = (F(0.74), F(0.59), F(0.34))
CRUST_DARK, CRUST_HONEY = (F(0.125), F(0.034), F(0.016)), (F(0.36), F(0.155), F(0.042))
PLUG = (F(0.040), F(0.028), F(0.020))
"""Linear albedos; pus and crust scale with the skin around them."""
MELANIN_SCALE, BLOOD_SCALE = F(1 / chromophores.ROOT_MEL), F(1 / chromophores.ROOT_BLOOD)
TABLE, TOP = chromophores.ROOT_TABLE.ravel(), F(chromophores.STEPS - 1)
FLAT2 = F(1e-4)
"""Square of the slope below which a pixel counts as flat."""
FAINT = F(2e-4)
"""Added blood that no picture shows (a tenth of a grey level)."""


class Day(NamedTuple):
    """Light and skin of a day, G groups of light.

    factor (G,) : the day's on each group; lamps : `relight.lamps_of`; wrap : see `Lighting`; veil : share of light that
    a tan over the lesions lets through, per channel; oil : factor on gloss; table : `chromophores.ROOT_TABLE`, flat.
    """

    factor: F32
    lamps: F32
    wrap: tuple[np.float32, np.float32, np.float32]
    veil: tuple[np.float32, np.float32, np.float32]
    oil: np.float32
    table: F32


def day_of(lighting: Lighting, factor: Sequence[float] | F32, oil: float, veil: Sequence[float] | F32) -> Day:
    """A day under a set-up."""
    factor = np.asarray(factor, np.float32)
    wrap, through = ((F(x[0]), F(x[1]), F(x[2])) for x in (lighting.wrap, veil))
    return Day(factor, o.lamps_of(lighting, factor * lighting.strength), wrap, through, F(oil), TABLE)


@njit(fastmath=STRICT)
def _look_up(table, out):
    """From row (of melanin) and column (of blood) in RED and GREEN to the table's colours, bilinear."""
    n, last, two = np.int32(chromophores.STEPS), np.int32(chromophores.STEPS - 2), np.uint64(2)
    one, row = np.uint64(3), np.uint64(3 * chromophores.STEPS)
    for number in range(LANES):
        k = np.uint64(number)
        y, x = out[o.RED + k], out[o.GREEN + k]
        j, i = min(np.int32(y), last), min(np.int32(x), last)
        out[o.RED + k], out[o.GREEN + k], out[o.BLUE + k] = y - F(j), x - F(i), F((j * n + i) * np.int32(3))
    for number in range(LANES):  # apart, as loads from anywhere come one at a time
        k = np.uint64(number)
        b, a, p = out[o.RED + k], out[o.GREEN + k], np.uint64(np.int32(out[o.BLUE + k]))
        q, r, ab = p + one, p + row, a * b
        t = r + one
        w00, w10, w01 = _1 - a - b + ab, a - ab, b - ab
        out[o.RED + k] = w00 * table[p] + w10 * table[q] + w01 * table[r] + ab * table[t]
        out[o.GREEN + k] = w00 * table[p + _I] + w10 * table[q + _I] + w01 * table[r + _I] + ab * table[t + _I]
        out[o.BLUE + k] = w00 * table[p + two] + w10 * table[q + two] + w01 * table[r + two] + ab * table[t + two]


@njit(fastmath=STRICT)
def invert(skin, s, table, out):
    """Fill INVERSE_* of the block of skin that begins at s: one over the table's colour of its melanin and blood. out :
    memory of `shade_block`."""
    for number in range(LANES):
        k = np.uint64(number)
        out[o.RED + k] = min(math.sqrt(skin[s + c.MELANIN + k] * MELANIN_SCALE) * TOP, TOP)
        out[o.GREEN + k] = min(math.sqrt(skin[s + c.BLOOD + k] * BLOOD_SCALE) * TOP, TOP)
    _look_up(table, out)
    for number in range(LANES):
        k = np.uint64(number)
        skin[s + c.INVERSE_R + k] = _1 / max(out[o.RED + k], F(1e-4))
        skin[s + c.INVERSE_G + k] = _1 / max(out[o.GREEN + k], F(1e-4))
        skin[s + c.INVERSE_B + k] = _1 / max(out[o.BLUE + k], F(1e-4))


@njit(fastmath=STRICT)
def invert_all(skin, numbers, table):
    """`invert` every block of `numbers` numbers."""
    lane = np.zeros(o.SHADE_ROWS * LANES, np.float32)
    for start in range(0, skin.size, numbers):
        invert(skin, np.uint64(start), table, lane)


@njit(fastmath=STRICT)
def _mix(a, b, k):
    return a[0] + k * (b[0] - a[0]), a[1] + k * (b[1] - a[1]), a[2] + k * (b[2] - a[2])


@njit(fastmath=STRICT)
def _pigment(acc, b, skin, s, out):
    """Where in the table of colours the skin of a block and its lesions lies: rows RED and GREEN of out."""
    for number in range(LANES):
        k = np.uint64(number)
        melanin = skin[s + c.MELANIN + k]
        core, halo, brown = acc[b + p.A_CORE + k], acc[b + p.A_HALO + k], acc[b + p.A_MELANIN + k]
        core *= _1 + F(0.50) * acc[b + p.A_RING + k]
        extra = core / (_1 + core / BLOOD_LIMIT) + halo / (_1 + halo / HALO_LIMIT)
        # Near black, more melanin only takes the red that still comes back.
        more = brown / (_1 + brown / MELANIN_LIMIT) * (_1 - F(0.45) * min(F(2.5) * melanin, _1))
        vessels = skin[s + c.BLOOD + k] * (_1 - F(0.45) * acc[b + p.A_PALE + k]) + extra
        out[o.RED + k] = min(math.sqrt(melanin * (_1 + more) * MELANIN_SCALE) * TOP, TOP)
        out[o.GREEN + k] = min(math.sqrt(vessels * BLOOD_SCALE) * TOP, TOP)


@njit(fastmath=STRICT)
def _tint(acc, b, skin, s, out):
    """Albedo of a block with its lesions, in out: pigment first, then pallor, pus, crust and plug over it."""
    for number in range(LANES):
        k = np.uint64(number)
        red, green = skin[s + c.INVERSE_R + k] * out[o.RED + k], skin[s + c.INVERSE_G + k] * out[o.GREEN + k]
        blue = skin[s + c.INVERSE_B + k] * out[o.BLUE + k]
        was = skin[s + c.ALBEDO_R + k], skin[s + c.ALBEDO_G + k], skin[s + c.ALBEDO_B + k]
        brown, pus, deep = acc[b + p.A_MELANIN + k], acc[b + p.A_PUS + k], acc[b + p.A_DEEP + k]
        core = acc[b + p.A_CORE + k] * (_1 + F(0.50) * acc[b + p.A_RING + k])
        pale, tan = acc[b + p.A_PALE + k], skin[s + c.MELANIN + k]
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
        # Blood deep in the dermis: dusky red, and towards violet brown under a dark epidermis (by eye).
        less_r, less_b = F(0.15) + F(0.11) * dark, F(0.13) - F(0.07) * dark
        a = a[0] * (_1 - less_r * deep), a[1] * (_1 - F(0.22) * deep), a[2] * (_1 - less_b * deep)
        lift = _1 - F(0.5) * dark
        white = (
            F(1.24) * was[0] + F(0.030) * lift,
            F(1.28) * was[1] + F(0.026) * lift,
            F(1.26) * was[2] + F(0.022) * lift,
        )
        a = _mix(a, white, F(0.45) * pale)
        a = _mix(a, (F(0.30) * a[0] + F(0.06), F(0.18) * a[1], F(0.18) * a[2]), F(0.55) * acc[b + p.A_WET + k])
        bright = F(0.20) + F(0.84) * min(mean / F(0.36), F(1.05))
        warm = _1 - min(bright, _1)  # under a dark epidermis pus reads cream, never white
        white = PUS[0] * bright, PUS[1] * bright * (_1 - F(0.10) * warm), PUS[2] * bright * (_1 - F(0.22) * warm)
        a = _mix(a, white, F(0.66) * pus)
        crust, bright = _mix(CRUST_DARK, CRUST_HONEY, acc[b + p.A_HONEY + k]), F(0.06) + F(2.4) * mean
        a = _mix(a, (crust[0] * bright, crust[1] * bright, crust[2] * bright), F(0.85) * acc[b + p.A_CRUST + k])
        bright = F(0.30) + F(2.0) * mean
        a = _mix(a, (PLUG[0] * bright, PLUG[1] * bright, PLUG[2] * bright), F(0.84) * acc[b + p.A_PLUG + k])
        out[o.RED + k], out[o.GREEN + k], out[o.BLUE + k] = a[0], a[1], a[2]


@njit(fastmath=STRICT)
def kinds(acc, b, out):
    """Fill rows FORMED and SHOWN of out: above 0 where a lesion has relief or cover; where it shows at all. Whether any
    lane is the one, the other."""
    for number in range(LANES):
        k = np.uint64(number)
        x, y, z = acc[b + p.A_X + k], acc[b + p.A_Y + k], acc[b + p.A_Z + k]
        covered = acc[b + p.A_WET + k] + acc[b + p.A_CRUST + k] + acc[b + p.A_PLUG + k] + acc[b + p.A_PIT + k]
        stain = acc[b + p.A_CORE + k] + acc[b + p.A_HALO + k] + F(0.1) * acc[b + p.A_MELANIN + k]
        stain += F(0.01) * (acc[b + p.A_DEEP + k] + acc[b + p.A_PALE + k] + acc[b + p.A_PUS + k])
        formed = max(x * x + y * y + z * z - FLAT2, covered)
        out[o.FORMED + k], out[o.SHOWN + k] = formed, max(formed, stain - FAINT)
    return p.any_of(out, o.FORMED), p.any_of(out, o.SHOWN)


@njit(fastmath=STRICT)
def _change(acc, b, skin, s, veil, oil, out):
    """From colour in RED, GREEN and BLUE to the change of the picture's light, 0 where a lane shows nothing."""
    veil0, veil1, veil2 = veil
    for number in range(LANES):
        k = np.uint64(number)
        e0, e1, e2 = out[o.LIT_R + k], out[o.LIT_G + k], out[o.LIT_B + k]
        formed = out[o.FORMED + k] > _0
        f0, f1, f2 = out[o.FORM_R + k], out[o.FORM_G + k], out[o.FORM_B + k]
        f0, f1, f2 = f0 if formed else e0, f1 if formed else e1, f2 if formed else e2
        # Gloss over a stain on dark skin would turn it slate; inflamed and scaling skin is duller, too.
        stain = acc[b + p.A_MELANIN + k] + acc[b + p.A_DEEP + k] + _4 * acc[b + p.A_CORE + k]
        dull = F(0.40) * min(_4 * skin[s + c.MELANIN + k], _1) * min(stain, _1)
        blush = acc[b + p.A_CORE + k] + acc[b + p.A_HALO + k]  # under full gloss it would turn mauve
        dull = max(dull, F(0.35) * min(F(12) * blush, _1))
        cover = max(acc[b + p.A_CRUST + k], acc[b + p.A_PLUG + k])
        matt = (_1 - F(0.88) * cover) * (_1 - max(dull - F(0.02), _0))
        # Stretched over a comedone, skin shines: in a highlight all that shows.
        matt *= _1 + F(0.26) * acc[b + p.A_PALE + k]
        before = out[o.BEFORE + k]
        after = max(out[o.AFTER + k] if formed else before, _0)
        sparkle = (after * matt - before) * skin[s + c.SHEEN + k] * oil
        sparkle = sparkle if formed or dull > F(0.02) else _0
        was0, was1, was2 = skin[s + c.ALBEDO_R + k], skin[s + c.ALBEDO_G + k], skin[s + c.ALBEDO_B + k]
        red = (out[o.RED + k] * f0 - was0 * e0) * skin[s + c.THROUGH_R + k] * veil0 + sparkle
        green = (out[o.GREEN + k] * f1 - was1 * e1) * skin[s + c.THROUGH_G + k] * veil1 + sparkle
        blue = (out[o.BLUE + k] * f2 - was2 * e2) * skin[s + c.THROUGH_B + k] * veil2 + sparkle
        shown = out[o.SHOWN + k] > _0
        out[o.RED + k], out[o.GREEN + k] = red if shown else _0, green if shown else _0
        out[o.BLUE + k] = blue if shown else _0


@njit(fastmath=STRICT)
def shade_block(acc, b, skin, s, day, formed, lane):
    """Fill RED, GREEN and BLUE of lane with the change of the picture's light in a block.

    b, s : where the block begins in acc and in skin. lane : LIT_* and BEFORE hold the day's light and gloss on clear
    skin, FORMED and SHOWN what `kinds` found, and so does `formed`.
    """
    _pigment(acc, b, skin, s, lane)
    _look_up(day.table, lane)
    _tint(acc, b, skin, s, lane)
    if formed:
        o.relight(acc, b, skin, s, day.lamps, day.wrap, lane)
    _change(acc, b, skin, s, day.veil, day.oil, lane)


@njit(fastmath=STRICT)
def _daylight(skin, light, factor, out):
    """Fill LIT_* and BEFORE with the day's light and gloss on clear skin; light : where its rows begin."""
    for number in range(LANES):
        k = np.uint64(number)
        out[o.LIT_R + k] = out[o.LIT_G + k] = out[o.LIT_B + k] = out[o.BEFORE + k] = _0
    for group in range(factor.size):
        g, much = light + np.uint64(group * c.LIGHT * LANES), factor[group]
        for number in range(LANES):
            k = np.uint64(number)
            out[o.LIT_R + k] += much * skin[g + c.LIGHT_R + k]
            out[o.LIT_G + k] += much * skin[g + c.LIGHT_G + k]
            out[o.LIT_B + k] += much * skin[g + c.LIGHT_B + k]
            out[o.BEFORE + k] += much * skin[g + c.GLOSS + k]


@njit(fastmath=STRICT)
def shade(acc, met, skin, layout, pixel, day, picture):
    """Add the change to `picture` (h * w, 3 or 4). acc, met: what `paint` wrote; skin, layout : `Primed.known` and
    `blocks.layout`; day : `Day`."""
    lane = np.zeros(o.SHADE_ROWS * LANES, np.float32)
    light, numbers = layout
    # In the buffer's order, not the lesions': it is then read as a stream.
    for number in range(met.size):
        at = met[np.uint64(number)]
        if at < 0:
            continue
        b, s = np.uint64(at * p.CHANNELS * LANES), np.uint64(number * numbers)
        formed, shown = kinds(acc, b, lane)
        if not shown:
            continue
        _daylight(skin, s + np.uint64(light), day.factor, lane)
        shade_block(acc, b, skin, s, day, formed, lane)
        start = number * LANES
        for column in range(min(LANES, pixel.size - start)):
            k = np.uint64(column)
            if lane[o.SHOWN + k] > _0:
                i = np.uint64(pixel[np.uint64(start) + k])
                # Light below zero would ring in the lens.
                picture[i, 0] = max(picture[i, 0] + lane[o.RED + k], _0)
                picture[i, 1] = max(picture[i, 1] + lane[o.GREEN + k], _0)
                picture[i, 2] = max(picture[i, 2] + lane[o.BLUE + k], _0)
