"""The lighting set-up: two softboxes, a ring light at the lens, the room, a bare lamp; and gloss.

Vector irradiance: per light group the mesh stores B = sum of weight x visibility x direction. Any normal, also one
tilted by a pore or a papule, then gets its shade as N.B: soft shadow, occlusion and relief in one product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.compiled import njit
from nof1sim.render.procedural.fields import unit
from nof1sim.render.procedural.raster import draw_depth, gather_light
from nof1sim.render.skin.buffer import Lighting

F32 = NDArray[np.floating]

GROUPS = ("key", "fill", "ring", "room", "lamp")
STRENGTH = np.array([1.60, 0.38, 0.28, 0.155, 1.60], np.float32)
"""Weight of each group: a high, strong key; flat light looks far worse. The lamp takes the key's place when hard."""
GLOSSY = 3
"""The room makes no highlights: it comes from everywhere. Its place in GROUPS."""
COLOUR = np.array(
    [[1.0, 0.985, 0.96], [0.985, 0.99, 1.0], [1.0, 1.0, 1.0], [0.97, 0.99, 1.02], [1.0, 0.98, 0.95]], np.float32
)
KEY, FILL = (-0.55, 0.70, 0.66), (0.80, 0.34, 0.62)
"""Directions of the softboxes, camera axes."""
ROOM = 16
"""Directions that stand for the light of the room."""
WRAP = np.array([0.29, 0.14, 0.09], np.float32)
"""Per channel: how far light wraps round a form under the skin (red travels farthest)."""
SCENE_MM = 360.0
"""Width of the depth maps."""
ORIGIN = np.array([0, -25, -90], np.float32)


@dataclass(frozen=True, slots=True)
class Group:
    """directions (k, 3) unit; weights (k,)."""

    directions: F32
    weights: F32


def _disc(centre: tuple[float, float, float], half_angle_deg: float, n: int) -> NDArray:
    """Directions spread evenly (golden angle) over a disc."""
    c = unit(np.array(centre))
    a = unit(np.cross(c, [0, 1, 0.01]))
    b = np.cross(a, c)
    i = np.arange(n) + 0.5
    r, t = np.sqrt(i / n) * np.tan(np.radians(half_angle_deg)), i * 2.39996
    return unit(c + (r * np.cos(t))[:, None] * a + (r * np.sin(t))[:, None] * b)


def light_groups() -> tuple[Group, ...]:
    """The groups, in the order of GROUPS."""
    t = np.arange(6) * 2 * np.pi / 6
    ring = unit(np.stack([0.11 * np.cos(t), 0.11 * np.sin(t) + 0.04, np.ones(6)], -1))
    i = np.arange(ROOM) + 0.5
    y, turn = 1 - 1.5 * i / ROOM, i * 2.39996
    r = np.sqrt(1 - y * y)
    room = np.stack([r * np.cos(turn), y, r * np.sin(turn)], -1)
    weight = (0.55 + 0.45 * room[:, 1]) * (0.6 + 0.4 * room[:, 2])
    table = (
        (_disc(KEY, 17, 8), np.full(8, 1 / 8)),
        (_disc(FILL, 17, 5), np.full(5, 1 / 5)),
        (ring, np.full(6, 1 / 6)),
        (room, weight / weight.sum() * 2.6),
        (unit(np.array([KEY])), np.ones(1)),
    )
    return tuple(Group(d.astype(np.float32), w.astype(np.float32)) for d, w in table)


LIGHTS = light_groups()

LIGHTING = Lighting(
    direction=np.stack(
        [unit(np.array(KEY)), unit(np.array(FILL)), unit(np.array([0.0, 0.04, 1.0])), np.zeros(3), unit(np.array(KEY))]
    ).astype(np.float32),
    spread=np.array([0.30, 0.30, 0.11, 0.0, 0.04], np.float32),
    strength=STRENGTH,
    colour=COLOUR,
    wrap=WRAP,
)
"""The clinical set-up as lesions see it: one direction a group; the room makes no highlight."""


def illuminate(occluders: list[F32], points: list[F32], normals: list[F32], pixels: int) -> tuple[list[F32], list[F32]]:
    """Vector irradiance (rows, columns, groups, 3) and share of each group seen (rows, columns, groups) of each mesh.

    occluders, points, normals : meshes (rows, columns, 3) in camera axes; pixels : size of the depth maps.
    """
    flow = [np.zeros((*p.shape[:2], len(GROUPS), 3), np.float32) for p in points]
    seen = [np.zeros((*p.shape[:2], len(GROUPS)), np.float32) for p in points]
    for g, group in enumerate(LIGHTS):
        total = float(group.weights.sum())
        for direction, weight in zip(group.directions, group.weights, strict=True):
            a = unit(np.cross([0, 1, 0.02], direction))
            frame = np.stack([a, np.cross(direction, a), direction]).astype(np.float32)
            # Light from everywhere needs no sharp shadows.
            side = pixels // 2 if g == GLOSSY else pixels
            scale = side / SCENE_MM
            depth = np.full((side, side), -1e9, np.float32)
            for mesh in occluders:
                draw_depth(mesh, frame, ORIGIN, scale, depth)
            w = float(weight)
            for p, n, f, s in zip(points, normals, flow, seen, strict=True):
                gather_light(p, n, frame, ORIGIN, scale, depth, w, w / total, g, f, s)
    return flow, seen


BLOCK = 1024
"""Pixels handled together, so that what they need stays in the cache."""
ONE = np.float32(1.0)
F0, SHARP, BROAD = np.float32(0.028), np.float32(1.05), np.float32(0.62)
"""Reflectance of skin looked at squarely (n = 1.4); weights of the sharp and of the broad lobe."""


@njit(fastmath=True)  # a check of each division would keep it from being vectorised
def _lobes(n, v, to, weight, rough, broad_rough, sharp, broad):
    """Add one direction's two GGX lobes (Walter et al. 2007). n, v: three columns each; all in 32 bits and of unit
    stride, so that the loop is vectorised."""
    none, one, eighth, quarter, rest = np.float32(0.0), np.float32(1.0), np.float32(0.125), np.float32(0.25), ONE - F0
    tiny, graze = np.float32(1e-6), np.float32(0.05)
    a2 = broad_rough * broad_rough * broad_rough * broad_rough
    k2 = (broad_rough + one) * (broad_rough + one) * eighth
    lx, ly, lz = to
    xs, ys, zs = n
    us, vs, ws = v
    for q in range(sharp.size):
        nx, ny, nz, vx, vy, vz = xs[q], ys[q], zs[q], us[q], vs[q], ws[q]
        nv = nx * vx + ny * vy + nz * vz
        nv = nv if nv > graze else graze
        nl = nx * lx + ny * ly + nz * lz
        nl = nl if nl > none else none
        hx, hy, hz = lx + vx, ly + vy, lz + vz
        inverse = one / np.sqrt(hx * hx + hy * hy + hz * hz + tiny)
        nh = (nx * hx + ny * hy + nz * hz) * inverse
        c = one - (vx * hx + vy * hy + vz * hz) * inverse
        common = weight * quarter * nl * (F0 + rest * c * c * c * c * c)
        r = rough[q]
        a1, k1 = r * r * r * r, (r + one) * (r + one) * eighth
        d1, d2 = nh * nh * (a1 - one) + one, nh * nh * (a2 - one) + one
        sharp[q] += common * a1 / (d1 * d1 * (nv * (one - k1) + k1) * (nl * (one - k1) + k1))
        broad[q] += common * a2 / (d2 * d2 * (nv * (one - k2) + k2) * (nl * (one - k2) + k2))


@njit(fastmath=True)
def gloss_map(normals, views, seen, directions, weights, rough, broad_rough, oil, soft, out):
    """Specular radiance (n,) of one group over pixels: normals, views (3, n); seen, rough (n,); oil, soft (n,): factors
    on the sharp lobe and on the broad one."""
    sharp, broad = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for start in range(0, out.size, BLOCK):
        m = min(BLOCK, out.size - start)
        part = slice(start, start + m)
        s, b = sharp[:m], broad[:m]
        s[:] = np.float32(0.0)
        b[:] = np.float32(0.0)
        n = (normals[0, part], normals[1, part], normals[2, part])
        v = (views[0, part], views[1, part], views[2, part])
        for k in range(weights.size):
            to = (directions[k, 0], directions[k, 1], directions[k, 2])
            _lobes(n, v, to, weights[k], rough[part], np.float32(broad_rough), s, b)
        for q in range(m):
            i = start + q
            out[i] = (SHARP * oil[i] * s[q] + BROAD * soft[i] * b[q]) * seen[i]


@njit(fastmath=True)
def wrapped(normals, flow, wrap, out):
    """Irradiance per group and channel (n, groups, 3) from vector irradiance (n, groups, 3):
    max(N.B + wrap |B|, 0) / (1 + wrap)."""
    none, scale = np.float32(0.0), np.float32(1.0) / (np.float32(1.0) + wrap)
    red, green, blue = wrap[0], wrap[1], wrap[2]
    of_red, of_green, of_blue = scale[0], scale[1], scale[2]
    for q in range(out.shape[0]):
        nx, ny, nz = normals[q, 0], normals[q, 1], normals[q, 2]
        for g in range(out.shape[1]):  # without a loop over channels or a branch: four times as fast
            bx, by, bz = flow[q, g, 0], flow[q, g, 1], flow[q, g, 2]
            nb = nx * bx + ny * by + nz * bz
            size = math.sqrt(bx * bx + by * by + bz * bz)
            out[q, g, 0] = max(nb + red * size, none) * of_red
            out[q, g, 1] = max(nb + green * size, none) * of_green
            out[q, g, 2] = max(nb + blue * size, none) * of_blue


def mix(nuisance: Nuisance) -> F32:
    """Factor (groups,) on each light group in one picture.

    `light_side` moves light from the softbox at the image's left to the one at its right; `light_hard` swaps the
    softbox for a bare lamp at the same place.
    """
    right, left = max(nuisance.light_side, 0.0), max(-nuisance.light_side, 0.0)
    key = nuisance.light_key * (1 - 0.75 * right + 0.15 * left)
    fill = nuisance.light_fill * (1 + 2.2 * right - 0.8 * left)
    hard = nuisance.light_hard
    lights = [key * (1 - hard), fill, nuisance.light_ring, nuisance.light_room, key * hard]
    return np.array(lights, np.float32)
