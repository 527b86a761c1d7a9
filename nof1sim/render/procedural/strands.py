"""Hair drawn strand by strand: eyebrows, lashes, and fine hair at the temples. Coverage maps on the canvas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.procedural.fields import cross, turn, unit
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.head import FRONT_LEFT, FRONT_PER_MM, FRONT_TOP, Head
from nof1sim.render.procedural.landmarks import brow_half, brow_line, skewed
from nof1sim.render.procedural.raster import draw_strands
from nof1sim.render.procedural.screen import Screen

F32 = NDArray[np.floating]


@dataclass(slots=True)
class Hairs:
    """Coverage (w, w) of brows, lashes and temple hair."""

    brow: F32
    lash: F32
    temple: F32


def draw_hairs(head: Head, screen: Screen) -> Hairs:
    """All strands of the face. The same hairs on every day, view and size."""
    w = screen.camera.width
    depth = screen.canvas(screen.place[:, 2], -1e3)
    brow, lash, temple = (np.zeros((w, w), np.float32) for _ in range(3))
    for side in (1, -1):
        rng = stream(head.face.noise_seed, "hairs", side)
        _brow(head, screen, side, rng, brow)
        for upper in (True, False):
            _lashes(head, screen, side, upper, rng, depth, lash)
    _temples(head, screen, stream(head.face.noise_seed, "temples"), depth, temple)
    return Hairs(brow, lash, temple)


def _draw(screen: Screen, canvas: F32, points: F32, width_mm: NDArray, opacity: NDArray) -> None:
    sx, sy, _ = screen.camera.project(screen.camera.place(points))
    width = np.asarray(width_mm * screen.camera.per_mm, np.float32)
    draw_strands(canvas, np.stack([sx, sy], -1), width, np.asarray(opacity, np.float32))


def _visible(screen: Screen, roots: F32, depth: F32, slack_mm: float) -> NDArray:
    """Which root points are not hidden behind something nearer by `slack_mm`."""
    placed = screen.camera.place(roots)
    sx, sy, _ = screen.camera.project(placed)
    i = np.clip(sx.astype(int), 0, screen.camera.width - 1)
    j = np.clip(sy.astype(int), 0, screen.camera.width - 1)
    return depth[j, i] < placed[:, 2] + slack_mm


def _brow(head: Head, screen: Screen, side: int, rng: Generator, canvas: F32) -> None:
    face, m = head.face, head.marks
    n = int(620 * face.brow_density)
    s, k = rng.beta(1.15, 1.35, n), np.clip(rng.normal(0, 0.42, n), -1, 1)
    x = m.brow_inner + (m.brow_outer - m.brow_inner) * s
    y = brow_line(face, s) + k * brow_half(face, s)
    lean = np.interp(s, [0, 0.12, 0.35, 0.7, 1], np.radians([78, 62, 34, 6, -28]))
    angle = lean + 0.30 * rng.normal(size=n) - k * 0.35 * (s > 0.1)
    length = 0.85 * np.interp(s, [0, 0.3, 0.8, 1], [5, 7.0, 6.2, 4.5]) * (1 + 0.18 * rng.normal(size=n))
    f = np.linspace(0, 1, 5)[None]
    bend = angle[:, None] - 0.35 * f
    px = (x[:, None] + length[:, None] * f * np.cos(bend)) * side
    py = y[:, None] + length[:, None] * f * np.sin(bend)
    u = sample(head.front[0], (px - FRONT_LEFT) * FRONT_PER_MM, (FRONT_TOP - py) * FRONT_PER_MM)
    v = sample(head.front[1], (px - FRONT_LEFT) * FRONT_PER_MM, (FRONT_TOP - py) * FRONT_PER_MM)
    normal = sample(head.normals, u, v)
    points = sample(head.surface, u, v) + normal * (0.3 + np.sin(np.pi * 0.9 * f))[..., None].astype(np.float32)
    width, opacity = 0.16 * (0.7 + 0.6 * rng.random(n)), 0.55 + 0.4 * rng.random(n)
    facing = turn(normal, screen.camera.rotation)[..., 2].mean(1) > 0.05
    _draw(screen, canvas, points[facing], width[facing], opacity[facing])


def _lashes(head: Head, screen: Screen, side: int, upper: bool, rng: Generator, depth: F32, canvas: F32) -> None:
    face, m, lids = head.face, head.marks, head.lids
    n = (75 if face.male else 95) if upper else 48
    t = np.sort(rng.uniform(0.12 if upper else 0.2, 0.985, n))
    x = m.eye_inner + (m.eye_outer - m.eye_inner) * t
    y = lids.upper_at(x) if upper else lids.lower_at(x)
    r2 = (x - lids.centre[0]) ** 2 + (y - lids.centre[1]) ** 2
    z = lids.centre[2] + np.sqrt(np.maximum(12.9**2 - r2, 4)) + 0.2
    if upper:
        length = (5.6 if face.male else 6.8) * np.interp(t, [0, 0.3, 0.7, 1], [0.45, 0.8, 1, 0.95])
    else:
        length = 3.6 * np.interp(t, [0, 0.5, 1], [0.5, 0.8, 1])
    length = (length * (1 + 0.12 * rng.normal(size=n)))[:, None]
    fan = ((t - 0.45) * 1.5 + 0.16 * rng.normal(size=n))[:, None]
    f = np.linspace(0, 1, 6)[None]
    up = length * (-0.16 * f + 0.50 * f * f) if upper else -length * 0.35 * (f + f * f)
    out = length * (0.78 * f - 0.12 * f * f) if upper else length * (0.6 * f - 0.1 * f * f)
    points = np.stack([(x[:, None] + fan * length * f * 0.55) * side, y[:, None] + up, z[:, None] + out], -1)
    points = skewed(face, points).astype(np.float32)
    width = (0.17 if upper else 0.09) * (0.8 + 0.4 * rng.random(n))
    opacity = (0.8 if upper else 0.45) * (0.8 + 0.2 * rng.random(n))
    seen = _visible(screen, points[:, 0], depth, 5.0)
    _draw(screen, canvas, points[seen], width[seen], opacity[seen])


def _temples(head: Head, screen: Screen, rng: Generator, depth: F32, canvas: F32) -> None:
    """Short hair in front of the ear, combed back."""
    where = np.flatnonzero(((head.layer("temple") > 0.3) & (head.layer("cloth") < 0.5)).ravel())
    n = 900 if head.face.wear == "band" else 350
    if where.size == 0:
        return
    du = np.gradient(head.skin, axis=1).astype(np.float32)
    area = cross(np.gradient(head.skin, axis=0).astype(np.float32), du).reshape(-1, 3)[where]
    weight = np.cumsum(np.sqrt((area**2).sum(-1)).astype(float))
    j = where[np.minimum(np.searchsorted(weight, rng.random(n) * weight[-1]), where.size - 1)]
    root, normal = head.skin.reshape(-1, 3)[j], head.normals.reshape(-1, 3)[j]
    d = np.stack([np.zeros(n), -0.75 + 0.35 * rng.normal(size=n), -0.75 + 0.2 * rng.normal(size=n)], 1)
    d = unit(d - normal * (d * normal).sum(1, keepdims=True))
    length, f = rng.uniform(5, 12, n)[:, None, None], np.linspace(0, 1, 5)[None, :, None]
    points = root[:, None] + d[:, None] * length * f + normal[:, None] * (0.2 + 1.2 * np.sin(np.pi * 0.8 * f))
    points[:, :, 1] -= 2 * f[..., 0] ** 2
    width, opacity = 0.13 * (0.7 + 0.6 * rng.random(n)), 0.35 + 0.45 * rng.random(n)
    seen = _visible(screen, root, depth, 4.0) & (turn(normal, screen.camera.rotation)[:, 2] > -0.05)
    _draw(screen, canvas, points[seen].astype(np.float32), width[seen], opacity[seen])
