"""The lighting set-up: two softboxes, a ring light at the lens, the room, a bare lamp; and gloss.

Vector irradiance: per light group the mesh stores B = sum of weight x visibility x direction. Any normal, also one
tilted by a pore or a papule, then gets its shade as N.B: soft shadow, occlusion and relief in one product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.procedural.fields import unit
from nof1sim.render.procedural.raster import draw_depth, gather_light
from nof1sim.render.skin.buffer import Lighting

F32 = NDArray[np.floating]

GROUPS = ("key", "fill", "ring", "room", "lamp")
STRENGTH = np.array([1.50, 0.46, 0.34, 0.16, 1.50], np.float32)
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
WRAP = np.array([0.23, 0.13, 0.09], np.float32)
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


@njit(cache=True, fastmath=True)
def gloss(nx, ny, nz, vx, vy, vz, directions, weights, rough1, rough2):
    """Two GGX lobes (Walter et al. 2007) of one group at one point: sharp and broad, F0 = 0.028 (skin, n = 1.4)."""
    nv = max(nx * vx + ny * vy + nz * vz, 0.05)
    a1, a2 = rough1 * rough1, rough2 * rough2
    a1, a2 = a1 * a1, a2 * a2
    k1, k2 = (rough1 + 1) * (rough1 + 1) / 8, (rough2 + 1) * (rough2 + 1) / 8
    g1, g2 = 1 / (nv * (1 - k1) + k1), 1 / (nv * (1 - k2) + k2)
    sharp = 0.0
    broad = 0.0
    for k in range(directions.shape[0]):
        lx, ly, lz = directions[k, 0], directions[k, 1], directions[k, 2]
        nl = nx * lx + ny * ly + nz * lz
        if nl <= 0:
            continue
        hx, hy, hz = lx + vx, ly + vy, lz + vz
        inverse = 1 / math.sqrt(hx * hx + hy * hy + hz * hz)
        nh = (nx * hx + ny * hy + nz * hz) * inverse
        c = 1 - (vx * hx + vy * hy + vz * hz) * inverse
        fresnel = 0.028 + 0.972 * c * c * c * c * c
        common = weights[k] * fresnel * 0.25 * nl
        d1, d2 = nh * nh * (a1 - 1) + 1, nh * nh * (a2 - 1) + 1
        sharp += common * a1 / (d1 * d1) * g1 / (nl * (1 - k1) + k1)
        broad += common * a2 / (d2 * d2) * g2 / (nl * (1 - k2) + k2)
    return sharp, broad


@njit(cache=True, fastmath=True)
def gloss_map(normals, views, seen, directions, weights, rough, broad_rough, oil, out):
    """Specular radiance (n,) of one group over pixels: normals, views (n, 3); seen, rough, oil (n,)."""
    for q in range(out.size):
        if seen[q] <= 0:
            out[q] = 0.0
            continue
        s, b = gloss(
            normals[q, 0], normals[q, 1], normals[q, 2], views[q, 0], views[q, 1], views[q, 2],
            directions, weights, rough[q], broad_rough,
        )  # fmt: skip
        out[q] = (1.05 * oil[q] * s + 0.62 * b) * seen[q]


@njit(cache=True, fastmath=True)
def wrapped(normals, flow, wrap, out):
    """Irradiance per channel (n, 3) from vector irradiance of one group: max(N.B + wrap |B|, 0) / (1 + wrap)."""
    for q in range(out.shape[0]):
        bx, by, bz = flow[q, 0], flow[q, 1], flow[q, 2]
        nb = normals[q, 0] * bx + normals[q, 1] * by + normals[q, 2] * bz
        size = math.sqrt(bx * bx + by * by + bz * bz)
        for c in range(3):
            out[q, c] = max(nb + wrap[c] * size, 0.0) / (1 + wrap[c])


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
