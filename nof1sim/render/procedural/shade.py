"""Light on clear skin: fine relief, diffuse irradiance blurred under the skin, gloss, and static dark details."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.procedural.fields import blob, dot, ramp
from nof1sim.render.procedural.filters import blur, sample, wide_blur
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import GLOSSY, LIGHTS, WRAP, gloss_map, wrapped
from nof1sim.render.procedural.pigment import Pigment, darkness
from nof1sim.render.procedural.screen import Screen, blocks
from nof1sim.render.skin import chromophores

F32 = NDArray[np.floating]

SCATTER_MM = (2.5, 0.85, 0.50)
"""Widths of the blur of irradiance under the skin for red, green, blue (Jensen et al. 2001, scaled to taste)."""
WIDE_SHARE = (0.74, 0.52, 0.42)
"""Share of each channel that goes through the wide blur; the rest gets 0.35 of its width."""
BROAD_ROUGHNESS = 0.60
RIM_GLOW = np.array([0.11, 0.025, 0.010], np.float32)
"""Share of the light at an ear that comes through its rim."""
CREVICE = 0.30
"""Share of light that hollows of a millimetre and more take away."""


@dataclass(slots=True)
class SkinLight:
    """Clear skin under each light group, over the screen's n pixels.

    normal (n, 3) with fine relief; albedo (n, 3); irradiance (n, groups, 3); gloss (n, groups); rough (n,).
    """

    normal: F32
    albedo: F32
    irradiance: F32
    gloss: F32
    rough: F32


@njit(fastmath=True)
def _bump(slot, place, normal, height, fade, limit, out):
    """Tilt normals by a height field on the screen (Mikkelsen, JCGT 2020). slot (w, w): pixel to row or -1."""
    w = slot.shape[0]
    for y in range(w):
        for x in range(w):
            q = slot[y, x]
            if q < 0:
                continue
            nx, ny, nz = normal[q, 0], normal[q, 1], normal[q, 2]
            out[q, 0], out[q, 1], out[q, 2] = nx, ny, nz
            if fade[q] <= 0 or x == 0 or y == 0 or x == w - 1 or y == w - 1:
                continue
            left, right, up, down = slot[y, x - 1], slot[y, x + 1], slot[y - 1, x], slot[y + 1, x]
            if left < 0 or right < 0 or up < 0 or down < 0:
                continue
            ax, ay = place[right, 0] - place[left, 0], place[right, 1] - place[left, 1]
            az = place[right, 2] - place[left, 2]
            bx, by = place[down, 0] - place[up, 0], place[down, 1] - place[up, 1]
            bz = place[down, 2] - place[up, 2]
            hx, hy = height[right] - height[left], height[down] - height[up]
            r1x, r1y, r1z = by * nz - bz * ny, bz * nx - bx * nz, bx * ny - by * nx
            r2x, r2y, r2z = ny * az - nz * ay, nz * ax - nx * az, nx * ay - ny * ax
            det = ax * r1x + ay * r1y + az * r1z
            k = (1.0 if det >= 0 else -1.0) / (abs(det) + 1e-4)
            gx, gy, gz = (hx * r1x + hy * r2x) * k, (hx * r1y + hy * r2y) * k, (hx * r1z + hy * r2z) * k
            size = math.sqrt(gx * gx + gy * gy + gz * gz)
            s = fade[q] * min(1.0, limit / max(size, 1e-6))
            mx, my, mz = nx - gx * s, ny - gy * s, nz - gz * s
            inverse = 1 / math.sqrt(mx * mx + my * my + mz * mz)
            out[q, 0], out[q, 1], out[q, 2] = mx * inverse, my * inverse, mz * inverse


def slots(screen: Screen) -> NDArray[np.int32]:
    """(w, w) map from pixel to the screen's flat rows, -1 on the backdrop."""
    w = screen.camera.width
    slot = np.full(w * w, -1, np.int32)
    slot[screen.index] = np.arange(screen.index.size, dtype=np.int32)
    return slot.reshape(w, w)


def bumped(screen: Screen, height: F32, fade: F32, limit: float = 0.5) -> F32:
    """Normals (n, 3) tilted by a height field (n,) in mm, `fade` 0 .. 1 (n,), slope at most `limit`."""
    smooth = blur(screen.canvas(height), 0.6).reshape(-1)[screen.index]
    out = np.empty_like(screen.normal)
    _bump(slots(screen), screen.place, screen.normal, smooth, np.asarray(fade, np.float32), limit, out)
    return out


def skin_mask(screen: Screen) -> F32:
    """1 where a pixel shows skin (n,)."""
    return np.clip(np.where(screen.owner == 0, screen.layer("bare"), 1.0), 0, 1).astype(np.float32)


def light_skin(screen: Screen, skin: Pigment, melanin: float, blood: float, supersample: int) -> SkinLight:
    """Shade clear skin with base volume fractions `melanin` and `blood`."""
    mask = skin_mask(screen)
    facing = np.clip(dot(screen.normal, screen.view()), 0, 1)
    normal = bumped(screen, skin.height, mask * ramp(0.15, 0.5, facing))
    rough = np.clip(0.36 - 0.05 * (skin.oil - 1), 0.26, 0.46).astype(np.float32)
    shine = _gloss(screen, skin, normal, rough, mask)
    light = np.empty((screen.index.size, len(LIGHTS), 3), np.float32)
    for at in blocks(np.arange(len(light))):
        part = slice(at[0], at[-1] + 1)
        wrapped(normal[part], screen.flow(at), WRAP, light[part])
    # The ear's rim is thin: red light from behind comes through.
    thin = np.flatnonzero(screen.owner > 0)
    flow = screen.flow(thin)
    amount = np.sqrt(dot(flow, flow))
    light[thin] += (amount * (1 - np.clip(1.6 * screen.hollow[thin], 0, 1))[:, None])[..., None] * RIM_GLOW
    _scatter(screen, mask, light, supersample)
    colour = chromophores.albedo(melanin * skin.melanin, blood * skin.blood)
    return SkinLight(normal, colour, light, shine, rough)


@njit()
def _taken(values, at, out):
    """Columns out (c, k) of values (n, c) at `at` (k,)."""
    for k in range(at.size):
        q = at[k]
        for c in range(out.shape[0]):
            out[c, k] = values[q, c]


def _columns(values: F32, at: NDArray[np.integer]) -> F32:
    out = np.empty((values.shape[1], at.size), np.float32)
    _taken(values, at, out)
    return out


@njit()
def _put(columns, at, out):
    """The reverse: out (n, c) at `at` from columns (c, k)."""
    for k in range(at.size):
        q = at[k]
        for c in range(columns.shape[0]):
            out[q, c] = columns[c, k]


def _gloss(screen: Screen, skin: Pigment, normal: F32, rough: F32, mask: F32) -> F32:
    """Reflection of each light group (n, groups) on clear skin."""
    shine = np.zeros((screen.index.size, len(LIGHTS)), np.float32)
    for at in blocks(np.flatnonzero(mask > 0.02)):
        normals, views = _columns(normal, at), np.ascontiguousarray(screen.view(at).T)
        seen = np.ascontiguousarray(screen.seen(at).T)
        fat, soft, sharp = skin.oil[at], skin.soft[at], rough[at]
        out = np.zeros_like(seen)
        for g, group in enumerate(LIGHTS):
            if g != GLOSSY:
                way = (group.directions, group.weights)
                gloss_map(normals, views, seen[g], *way, sharp, BROAD_ROUGHNESS, fat, soft, out[g])
        _put(out, at, shine)
    return shine


@njit(fastmath=True)
def _gather_light(light, mask, to, channel, image, weight):
    """Sums over picture pixels: image (pixels, groups), a channel of light (n, groups, 3) on skin; weight (pixels,)."""
    for q in range(to.size):
        k = mask[q]
        if k > np.float32(0.02):
            p = to[q]
            weight[p] += k
            for g in range(light.shape[1]):
                image[p, g] += k * light[q, g, channel]


@njit(fastmath=True)
def _spread_light(mask, to, channel, wide, wide_norm, near, near_norm, share, light):
    for q in range(to.size):
        if mask[q] > np.float32(0.02):
            p = to[q]
            a = share / max(wide_norm[p], np.float32(0.02))
            b = (np.float32(1.0) - share) / max(near_norm[p], np.float32(0.02))
            for g in range(light.shape[1]):
                light[q, g, channel] = a * wide[p, g] + b * near[p, g]


def _scatter(screen: Screen, mask: F32, light: F32, supersample: int) -> None:
    """Blur irradiance within the skin, per channel; changes `light`. Works at the picture's resolution, to which
    everything is averaged in the end."""
    canvas, groups = screen.camera.width, light.shape[1]
    w = canvas // supersample
    to = (screen.index // canvas // supersample * w + screen.index % canvas // supersample).astype(np.int32)
    per_mm = screen.camera.per_mm / supersample
    for c in range(3):
        image, weight = np.zeros((w * w, groups), np.float32), np.zeros(w * w, np.float32)
        _gather_light(light, mask, to, c, image, weight)
        image, weight = image.reshape(w, w, groups), weight.reshape(w, w)
        sigmas = (SCATTER_MM[c] * per_mm, 0.35 * SCATTER_MM[c] * per_mm)
        (wide, wide_norm), (near, near_norm) = ((wide_blur(image, s), wide_blur(weight, s)) for s in sigmas)
        _spread_light(
            mask, to, c, wide.reshape(-1, groups), wide_norm.ravel(), near.reshape(-1, groups), near_norm.ravel(),
            np.float32(WIDE_SHARE[c]), light,
        )  # fmt: skip


def _hollows(head: Head, screen: Screen) -> F32:
    """How many mm (n,) skin lies below its surroundings, of some 6 mm: beside the nose, under lip and chin, at lids."""
    n = head.skin.shape[0]
    step = max(1, n // 160)
    p = np.ascontiguousarray(head.skin[::step, ::step])
    below = dot(wide_blur(p, 2.6 * n / step / 160) - p, head.normals[::step, ::step])
    out = np.zeros(screen.index.size, np.float32)
    at = np.flatnonzero((screen.owner == 0) & (screen.layer("bare") > 0.02))
    out[at] = sample(below.astype(np.float32), screen.column[at] / step, screen.row[at] / step)
    return out


@njit(fastmath=True)
def _dim(factor, amount, red, green, blue):
    for q in range(amount.size):
        a = min(max(amount[q], np.float32(0.0)), np.float32(1.0))
        factor[q, 0] *= np.float32(1.0) - a * red
        factor[q, 1] *= np.float32(1.0) - a * green
        factor[q, 2] *= np.float32(1.0) - a * blue


def _shaded(screen: Screen) -> F32:
    """How much cloth and hair there is round about (n,), 0 .. 1: they throw a shade."""
    covered = screen.canvas(np.maximum(screen.layer("cloth"), 0.3 * screen.layer("hair")))
    return wide_blur(covered, 2.2 * screen.camera.per_mm).reshape(-1)[screen.index]


def details(head: Head, screen: Screen, skin: Pigment, brow: F32) -> tuple[F32, F32]:
    """Factor (n, 3) of small dark things on skin light - nostrils, mouth line, creases, stubble, the lash line, the
    shade under band or cap - and factor (n,) on gloss. brow (n,): blurred cover of the eyebrow."""
    face = head.face
    layer = screen.layer
    factor = np.ones((screen.index.size, 3), np.float32)

    def dim(amount: F32, depth: tuple[float, float, float]) -> None:
        _dim(factor, np.asarray(amount, np.float32), *(np.float32(d) for d in depth))

    dim(layer("nostril"), (0.86, 0.93, 0.95))
    dim(layer("lip_line"), (0.74, 0.76, 0.74))
    # More red than blue goes: light scattered under the skin has filled the crease with red.
    dim(0.60 * layer("crease"), (0.78, 0.46, 0.36))
    # Lid margins and corners: moist, shaded skin, not the glow of light under thin skin.
    dim(ramp(-0.35, 0.4, layer("lid")), (0.58, 0.40, 0.36))
    dim(layer("fold") * float(np.clip(face.smile_fold, 0, 1.5)) * 0.26, (0.5, 0.6, 0.6))
    dim(1.5 * _shaded(screen) * (1 - np.clip(layer("cloth"), 0, 1)), (0.56, 0.60, 0.62))
    dim(0.55 * ramp(0.0, 0.6, layer("hair")) * (1 - layer("cloth")), (0.42, 0.56, 0.64))
    dim(1.15 * screen.hollow, (0.55, 0.68, 0.72))
    # Light that comes back out of a hollow has met skin twice: it is darker and redder.
    dim(CREVICE * np.clip(_hollows(head, screen), 0, 1), (0.48, 0.60, 0.66))
    # Veins under the thin skin of the lower lid: the coolest place of the face.
    below = blob(np.abs(screen.spot[:, 0]), screen.spot[:, 1], head.marks.eye_middle, -9, 12, 4.5)
    dim(0.5 * (1 - darkness(face)) * face.dark_circles * below, (0.16, 0.12, 0.05))
    dim(skin.stubble, (0.62, 0.60, 0.55))
    dim(0.55 * skin.beard, (0.42, 0.36, 0.30))
    lashes = np.exp(-(((layer("lid") + 0.2) / 0.75) ** 2)) * layer("lid_up") * (0.55 if face.male else 0.75)
    dim(lashes, (0.75, 0.80, 0.82))
    dim(0.38 * brow, (0.6, 0.6, 0.6))
    dim(0.22 * skin.pore, (0.50, 0.60, 0.65))
    # Scalp between hairs lies in their shade: it does not shine.
    sheen = (1 - 0.75 * layer("nostril")) * (1 - 0.6 * lashes) * (1 - 0.85 * ramp(0.0, 0.25, layer("hair")))
    return factor, sheen.astype(np.float32)
