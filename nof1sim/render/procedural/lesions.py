"""A day's lesions on the clear face: pigment, relief and gloss in mm on the skin, added as a sparse difference.

Lesions only add blood or melanin to the skin's own, relief, and a little pus, crust or plug, so they look right on
every skin tone. Everything has a finite radius (`reach_mm`); a pixel outside gets exactly nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nof1sim.model import STAGE_CODE, Lesions, Nuisance
from nof1sim.render.procedural import atlas
from nof1sim.render.procedural.fields import turn
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.light import COLOUR, GLOSSY, LIGHTS, STRENGTH, WRAP, gloss, mix
from nof1sim.render.procedural.pigment import darkness
from nof1sim.render.procedural.plate import Plate
from nof1sim.render.procedural.shade import BROAD_ROUGHNESS
from nof1sim.render.skin import chromophores

F32 = NDArray[np.floating]

CONTRAST_FLOOR = 2.0
"""A counted lesion of at least 1 mm changes its core by at least this many grey levels of 8-bit sRGB: mean absolute
difference over core pixels and channels against the clear face, neutral nuisance, wherever it faces the camera enough
to cover 3 pixels (1 mm at 512 px covers 3.8 face on). Smaller pictures blur small lesions below it."""
MIN_ERYTHEMA, MIN_MELANIN, MIN_PALE = 0.24, 0.30, 0.80
"""What a counted lesion of each family shows at least, whatever its course says, so that the floor holds."""

BLOOD_CORE, BLOOD_HALO = 0.170, 0.085
"""Blood volume fraction that erythema 1 adds in the core and in the halo (a fresh papule about ten-folds it)."""
BLOOD_LIMIT = 0.27
"""Where crowded lesions saturate: the dermis holds no more blood."""
MELANIN_GAIN = 1.15
"""Relative increase of melanin at melanin 1."""
PUS = np.array([0.66, 0.53, 0.31])
CRUST = np.array([0.17, 0.065, 0.03])
PLUG = np.array([0.035, 0.025, 0.02])
"""Linear albedos; pus and crust scale with the skin around them."""

# Columns of a lesion's drawing record.
X, Y, Z, RADIUS, REACH, CORE, HALO, MELANIN, PUS_, PLUG_, CRUST_, PALE, HEIGHT, EDGE, ID = range(15)
# Channels that `_paint` accumulates per skin pixel.
A_BLOOD, A_MELANIN, A_PUS, A_PLUG, A_CRUST, A_PALE, A_GX, A_GY, A_GZ, A_TENSE = range(10)


def records(plate: Plate, lesions: Lesions) -> tuple[NDArray, F32, NDArray]:
    """Drawing records (n, 15) of the visible lesions, their pixel place and half-size on the canvas (n, 3), and the
    seeds of their outlines (n,)."""
    day = lesions.take(lesions.visible)
    u, v = atlas.on_mesh(plate.head.chart, day.x_mm, day.y_mm)
    centre, normal = sample(plate.head.skin, u, v), sample(plate.head.normals, u, v)
    dark = darkness(plate.head.face)
    stage = day.stage
    closed = stage == STAGE_CODE["closed_comedone"]
    flat = np.isin(stage, [STAGE_CODE["erythema"], STAGE_CODE["hyperpigmentation"], STAGE_CODE["scar"]])
    comedone = closed | (stage == STAGE_CODE["open_comedone"]) | (stage == STAGE_CODE["microcomedone"])
    inflamed = ~flat & ~comedone
    erythema, melanin = day.erythema.copy(), day.melanin.copy()
    erythema = np.where(day.counted & inflamed, np.maximum(erythema, MIN_ERYTHEMA), erythema)
    brown = day.counted & (stage == STAGE_CODE["hyperpigmentation"])
    melanin = np.where(brown, np.maximum(melanin, MIN_MELANIN), melanin)
    r = day.diameter_mm / 2
    out = np.zeros((len(day), 15))
    out[:, X : Z + 1] = centre
    out[:, RADIUS] = r
    # Inflamed lesions redden the skin around them; comedones and marks end near their outline.
    out[:, REACH] = np.where(inflamed, 2.9 * r + 1.6, np.where(flat, 1.9 * r + 0.3, 1.7 * r + 0.3))
    out[:, CORE] = BLOOD_CORE * erythema * (1 - 0.25 * dark)
    out[:, HALO] = np.where(inflamed, BLOOD_HALO * erythema * (1 - 0.25 * dark), 0.0)
    # Inflammation on dark skin reads as brown to violet more than as red.
    out[:, MELANIN] = MELANIN_GAIN * (melanin + np.where(inflamed, 0.35 * dark * erythema, 0.0)) / (1 + 0.5 * dark)
    out[:, PUS_], out[:, PLUG_], out[:, CRUST_] = day.pus, day.plug, day.crust
    out[:, PALE] = np.where(closed, np.where(day.counted, MIN_PALE, 0.40), 0.0)
    # Steeper than this a dome turns into a bead of glass.
    out[:, HEIGHT] = np.clip(day.height_mm, -0.5 * r, 0.7 * r)
    out[:, EDGE] = np.where(flat, 4.0, np.where(comedone, 6.0, 5.5))
    out[:, ID] = day.lesion_id
    placed = plate.camera.place(centre)
    sx, sy, f = plate.camera.project(placed)
    place = np.stack([sx, sy, f * plate.camera.per_mm * out[:, REACH] + 1.0], -1)
    facing = turn(normal, plate.camera.rotation)[:, 2] > -0.3
    return out[facing], np.ascontiguousarray(place[facing], dtype=np.float32), day.shape[facing].astype(np.int64)


@njit(cache=True, fastmath=True)
def _paint(slot, spot, lock, rec, place, seeds, acc, nearest, closeness):
    """Accumulate lesions over skin pixels: acc (n, 10), zero before; nearest (n,): row of the lesion that a pixel
    belongs to, -1 before; closeness (n,): its distance in radii."""
    w = slot.shape[0]
    for i in range(rec.shape[0]):
        r, reach, edge = rec[i, RADIUS], rec[i, REACH], rec[i, EDGE]
        s = seeds[i]
        p1, p2, p3 = (s % 628) / 100.0, ((s // 628) % 628) / 100.0, ((s // 394384) % 628) / 100.0
        left, right = max(0, int(place[i, 0] - place[i, 2])), min(w - 1, int(place[i, 0] + place[i, 2]) + 1)
        top, low = max(0, int(place[i, 1] - place[i, 2])), min(w - 1, int(place[i, 1] + place[i, 2]) + 1)
        for y in range(top, low + 1):
            for x in range(left, right + 1):
                q = slot[y, x]
                if q < 0:
                    continue
                dx, dy, dz = spot[q, 0] - rec[i, X], spot[q, 1] - rec[i, Y], spot[q, 2] - rec[i, Z]
                d2 = dx * dx + dy * dy + dz * dz
                if d2 >= reach * reach:
                    continue
                d = math.sqrt(d2)
                k = lock[q]
                if d / r < closeness[q]:
                    closeness[q] = d / r
                    nearest[q] = i
                fade = 1 - d2 / (reach * reach)
                if rec[i, HALO] > 0:
                    acc[q, A_BLOOD] += k * rec[i, HALO] * fade * fade * fade
                if d > 2.0 * r + 0.4:
                    continue
                angle = math.atan2(dy, dx + 0.6 * dz)
                wobble = 1 + 0.13 * math.sin(2 * angle + p1) + 0.09 * math.sin(3 * angle + p2)
                wobble += 0.06 * math.sin(5 * angle + p3)
                t = d / (r * wobble)
                end = min(1.0, (2.0 * r + 0.4 - d) / (0.4 * r + 0.2))  # the sigmoid's tail ends exactly at zero
                core = k * end / (1 + math.exp((t - 1.0) * edge))
                acc[q, A_BLOOD] += rec[i, CORE] * core
                acc[q, A_MELANIN] += rec[i, MELANIN] * core
                if rec[i, PALE] > 0:
                    acc[q, A_PALE] = max(acc[q, A_PALE], rec[i, PALE] * core)
                _caps(rec, i, q, d, r, wobble, k, acc)
                _dome(rec, i, q, d, r, k * end, dx, dy, dz, acc)


@njit(cache=True, fastmath=True)
def _caps(rec, i, q, d, r, wobble, k, acc):
    pus = rec[i, PUS_]
    if pus > 0:
        t = d / (r * 0.52 * (1 + 0.9 * (wobble - 1)) * (0.7 + 0.3 * pus))
        acc[q, A_PUS] = max(acc[q, A_PUS], k * pus / (1 + math.exp((t - 1) * 3.8)))
    if rec[i, PLUG_] > 0:
        t = d / (r * 0.72)
        acc[q, A_PLUG] = max(acc[q, A_PLUG], k * rec[i, PLUG_] / (1 + math.exp((t - 1) * 6.0)))
    if rec[i, CRUST_] > 0:
        t = d / (r * 0.62 * wobble * wobble)
        acc[q, A_CRUST] = max(acc[q, A_CRUST], k * rec[i, CRUST_] / (1 + math.exp((t - 1) * 7.0)))


@njit(cache=True, fastmath=True)
def _dome(rec, i, q, d, r, k, dx, dy, dz, acc):
    """Slope of the dome h = H exp(-(d / 1.02 r)^2.4), with a nearly flush step at the pus cap."""
    height = rec[i, HEIGHT]
    if height == 0 or d < 1e-6:
        return
    s = d / (1.02 * r)
    slope = -2.4 * s**1.4 * math.exp(-(s**2.4)) * height / (1.02 * r)
    if rec[i, PUS_] > 0:
        s = d / (0.6 * r)
        slope -= 0.12 * rec[i, PUS_] * 2 * s * math.exp(-s * s) * abs(height) / (0.6 * r)
    slope *= k / d
    acc[q, A_GX] += slope * dx
    acc[q, A_GY] += slope * dy
    acc[q, A_GZ] += slope * dz
    acc[q, A_TENSE] = max(acc[q, A_TENSE], k * min(abs(height) / 0.5, 1.0) * math.exp(-s * s))


@njit(cache=True, fastmath=True)
def _tilt(n, g, limit):
    """Normal tilted by a slope vector within the tangent plane."""
    along = n[0] * g[0] + n[1] * g[1] + n[2] * g[2]
    gx, gy, gz = g[0] - along * n[0], g[1] - along * n[1], g[2] - along * n[2]
    size = math.sqrt(gx * gx + gy * gy + gz * gz)
    k = min(1.0, limit / max(size, 1e-6))
    x, y, z = n[0] - gx * k, n[1] - gy * k, n[2] - gz * k
    inverse = 1 / math.sqrt(x * x + y * y + z * z)
    return x * inverse, y * inverse, z * inverse


@njit(cache=True, fastmath=True)
def _tint(acc, was, melanin, blood, table, limit, pus_colour, crust_colour, plug_colour):
    """Albedo of a spot with its lesions: pigment first, then pallor, pus, crust and plug over it."""
    extra = limit * (1 - math.exp(-acc[A_BLOOD] / limit))
    a0, a1, a2 = chromophores.look_up(table, melanin * (1 + acc[A_MELANIN]), blood + extra)
    mean = (was[0] + was[1] + was[2]) / 3
    k = 0.45 * acc[A_PALE]
    a0, a1, a2 = a0 + k * (0.28 * a0 + 0.02), a1 + k * (0.42 * a1 + 0.03), a2 + k * (0.42 * a2 + 0.03)
    for layer in range(3):
        if layer == 0:
            k, scale, colour = 0.62 * acc[A_PUS], 0.20 + 0.85 * min(max(mean / 0.33, 0.12), 1.1), pus_colour
        elif layer == 1:
            k, scale, colour = 0.75 * acc[A_CRUST], 0.22 + 2.0 * mean, crust_colour
        else:
            k, scale, colour = 0.80 * acc[A_PLUG], 1.0, plug_colour
        a0 += k * (colour[0] * scale - a0)
        a1 += k * (colour[1] * scale - a1)
        a2 += k * (colour[2] * scale - a2)
    return a0, a1, a2


@njit(cache=True, fastmath=True)
def _shade(
    acc, rotation, normal, view, flow, seen, light, shine, through, sheen, melanin, blood, albedo, oil, rough, table,
    strength, power, colour, wrap, broad, oil_today, dirs, weights, starts, pus_colour, crust_colour, plug_colour,
    limit, rows, out,
):  # fmt: skip
    """Change of linear light (m, 3) of skin rows `rows` (m,) under a day's light `strength` (4,)."""
    att = (0.62, 0.84, 0.92)
    for m in range(rows.size):
        q = rows[m]
        e0, e1, e2, gloss0 = 0.0, 0.0, 0.0, 0.0
        for g in range(flow.shape[1]):
            e0 += strength[g] * light[q, g, 0]
            e1 += strength[g] * light[q, g, 1]
            e2 += strength[g] * light[q, g, 2]
            gloss0 += strength[g] * shine[q, g]
        was = (albedo[q, 0], albedo[q, 1], albedo[q, 2])
        now = _tint(acc[q], was, melanin[q], blood[q], table, limit, pus_colour, crust_colour, plug_colour)
        f0, f1, f2, gloss1 = e0, e1, e2, gloss0
        h = (acc[q, A_GX], acc[q, A_GY], acc[q, A_GZ])
        if h[0] != 0 or h[1] != 0 or h[2] != 0:
            turned = (
                rotation[0, 0] * h[0] + rotation[0, 1] * h[1] + rotation[0, 2] * h[2],
                rotation[1, 0] * h[0] + rotation[1, 1] * h[1] + rotation[1, 2] * h[2],
                rotation[2, 0] * h[0] + rotation[2, 1] * h[1] + rotation[2, 2] * h[2],
            )
            n = (normal[q, 0], normal[q, 1], normal[q, 2])
            t = _tilt(n, turned, 1.1)
            wet = acc[q, A_TENSE]
            # Sharp highlights on domes read as beads of glass: lesions are duller than the skin around them.
            polish = min(max(rough[q] + 0.07 * wet, 0.2), 0.6)
            fat = oil[q] * (1 - 0.15 * wet - 0.6 * acc[q, A_CRUST] - 0.8 * acc[q, A_PLUG])
            for g in range(flow.shape[1]):
                bx, by, bz = flow[q, g, 0], flow[q, g, 1], flow[q, g, 2]
                size = math.sqrt(bx * bx + by * by + bz * bz)
                old = n[0] * bx + n[1] * by + n[2] * bz
                new = t[0] * bx + t[1] * by + t[2] * bz
                d0 = max(new + wrap[0] * size, 0.0) - max(old + wrap[0] * size, 0.0)
                d1 = max(new + wrap[1] * size, 0.0) - max(old + wrap[1] * size, 0.0)
                d2 = max(new + wrap[2] * size, 0.0) - max(old + wrap[2] * size, 0.0)
                s = power[g]
                f0 += s * att[0] * colour[g, 0] * d0 / (1 + wrap[0])
                f1 += s * att[1] * colour[g, 1] * d1 / (1 + wrap[1])
                f2 += s * att[2] * colour[g, 2] * d2 / (1 + wrap[2])
                if starts[g + 1] > starts[g] and seen[q, g] > 0:
                    ds, ws = dirs[starts[g] : starts[g + 1]], weights[starts[g] : starts[g + 1]]
                    v = (view[q, 0], view[q, 1], view[q, 2])
                    s0, b0 = gloss(n[0], n[1], n[2], v[0], v[1], v[2], ds, ws, rough[q], broad)
                    s1, b1 = gloss(t[0], t[1], t[2], v[0], v[1], v[2], ds, ws, polish, broad)
                    change = 1.05 * (fat * s1 - oil[q] * s0) + 0.62 * (b1 - b0)
                    gloss1 += s * seen[q, g] * change
            f0, f1, f2 = max(f0, 0.25 * e0), max(f1, 0.25 * e1), max(f2, 0.25 * e2)
            gloss1 = max(gloss1, 0.0)
        sparkle = (gloss1 - gloss0) * sheen[q] * oil_today
        out[m, 0] = (now[0] * f0 - was[0] * e0) * through[q, 0] + sparkle
        out[m, 1] = (now[1] * f1 - was[1] * e1) * through[q, 1] + sparkle
        out[m, 2] = (now[2] * f2 - was[2] * e2) * through[q, 2] + sparkle


@njit(cache=True, fastmath=True)
def _scatter(rows, nearest, pixel, change, ids, w, supersample, light, touched, closest, closeness):
    """Add the change to the picture and give each touched pixel the id of the lesion that lies nearest in it."""
    scale = np.float32(1.0 / (supersample * supersample))
    for m in range(rows.size):
        q = rows[m]
        y, x = pixel[q] // w // supersample, pixel[q] % w // supersample
        for c in range(3):
            light[y, x, c] += scale * change[m, c]
        if touched[y, x] == 0 or closeness[q] < closest[y, x]:
            touched[y, x] = ids[nearest[q]]
            closest[y, x] = closeness[q]


# A few directions per group are enough for the gloss of a dome a millimetre wide.
_FEW = tuple(
    (g.directions[::2], g.weights[::2] * (g.weights.sum() / g.weights[::2].sum()))
    if k != GLOSSY else (g.directions[:0], g.weights[:0])
    for k, g in enumerate(LIGHTS)
)
_DIRECTIONS = np.ascontiguousarray(np.concatenate([d for d, _ in _FEW]))
_WEIGHTS = np.ascontiguousarray(np.concatenate([w for _, w in _FEW]))
_STARTS = np.cumsum([0] + [len(w) for _, w in _FEW])


def add_lesions(
    plate: Plate, rec: NDArray, place: F32, seeds: NDArray, nuisance: Nuisance, light: F32
) -> NDArray[np.int32]:
    """Add the `records` of a day to linear light (s, s, 3), in place. Returns the touched map (s, s): id or 0."""
    touched = np.zeros(light.shape[:2], np.int32)
    if len(rec) == 0:
        return touched
    skin = plate.skin
    n = skin.pixel.size
    acc, nearest = np.zeros((n, 10), np.float32), np.full(n, -1, np.int32)
    closeness = np.full(n, 1e9, np.float32)
    _paint(skin.slot, skin.spot, skin.lock, rec, place, seeds, acc, nearest, closeness)
    rows = np.flatnonzero(nearest >= 0)
    strength = mix(nuisance)
    change = np.empty((rows.size, 3), np.float32)
    _shade(
        acc, plate.camera.rotation, skin.normal, skin.view, skin.flow, skin.seen, skin.light, skin.gloss, skin.through,
        skin.sheen, skin.melanin, skin.blood, skin.albedo, skin.oil, skin.rough, chromophores.TABLE, strength,
        strength * STRENGTH, COLOUR, WRAP, BROAD_ROUGHNESS, np.float32(nuisance.oil), _DIRECTIONS, _WEIGHTS, _STARTS,
        PUS, CRUST, PLUG, BLOOD_LIMIT, rows, change,
    )  # fmt: skip
    ids = rec[:, ID].astype(np.int32)
    closest = np.zeros(light.shape[:2], np.float32)
    _scatter(rows, nearest, skin.pixel, change, ids, plate.camera.width, 1, light, touched, closest,
             closeness)  # fmt: skip
    # A pixel whose light a lesion can push below zero would ring in the lens: floor it where touched.
    np.maximum(light, 0, out=light, where=(touched > 0)[..., None])
    return touched
