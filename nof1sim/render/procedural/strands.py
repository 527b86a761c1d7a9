"""Hair drawn strand by strand: brows and lashes here, scalp and beard in `stray`. Coverage maps on the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.procedural.fields import turn
from nof1sim.render.procedural.filters import blur, sample
from nof1sim.render.procedural.head import FRONT_LEFT, FRONT_PER_MM, FRONT_TOP, Head
from nof1sim.render.procedural.landmarks import brow_half, brow_line, skewed
from nof1sim.render.procedural.screen import Screen
from nof1sim.render.procedural.stray import Strands, draw, draw_kind, visible

F32 = NDArray[np.floating]
BROW_SHADE_MM = 1.1
"""Width of the shade that a brow throws on the skin round it."""


Some = tuple[NDArray[np.integer], F32]
"""Pixels (k,) and their cover (k,): hairs cover few of them, and this is where a worker holds most memory."""
LEAST = 0.003
"""Cover below which there is no hair."""


@dataclass(slots=True)
class Hairs:
    """Cover of the screen's pixels by brows, lashes, hair at the hairline and the temples, beard and stray hair; of the
    canvas's by stray hair `beyond` the person. brow_shade (n,): the brows, blurred."""

    brow: Some
    brow_shade: F32
    lash: Some
    temple: Some
    beard: Some
    stray: Some
    beyond: Some


def draw_hairs(head: Head, screen: Screen, kinds: Sequence[Strands | None]) -> Hairs:
    """All strands of the face; kinds: `kinds_of` the head. The same hairs on every day, view and size."""
    w = screen.camera.width
    depth = screen.canvas(screen.place[:, 2], -1e3)
    brow, lash = np.zeros((w, w), np.float32), np.zeros((w, w), np.float32)
    for side in (1, -1):
        rng = stream(head.face.noise_seed, "hairs", side)
        _brow(head, screen, side, rng, brow)
        for upper in (True, False):
            _lashes(head, screen, side, upper, rng, depth, lash)
    shade = blur(brow, BROW_SHADE_MM * screen.camera.per_mm).reshape(-1)[screen.index]
    on_skin = _on(screen, brow), shade, _on(screen, lash)
    temple, beard = (_on(screen, _canvas_of(kind, screen, depth)) for kind in kinds[:2])
    stray = _canvas_of(kinds[2], screen, depth)
    near = _on(screen, stray)
    stray.reshape(-1)[screen.index] = 0.0
    return Hairs(*on_skin, temple, beard, near, _some(stray.reshape(-1)))


def _some(cover: F32) -> Some:
    at = np.flatnonzero(cover > LEAST)
    return at, cover[at]


def _on(screen: Screen, canvas: F32) -> Some:
    return _some(canvas.reshape(-1)[screen.index])


def _canvas_of(kind: Strands | None, screen: Screen, depth: F32) -> F32:
    canvas = np.zeros_like(depth)
    draw_kind(screen, depth, kind, canvas)
    return canvas


def _brow(head: Head, screen: Screen, side: int, rng: Generator, canvas: F32) -> None:
    face, m = head.face, head.marks
    n = int(980 * max(face.brow_density, 0.75))
    s, k = rng.beta(1.35, 1.3, n), np.clip(rng.normal(0, 0.55, n), -1.2, 1.2)
    # A fifth are vellus hairs round the brow: finer, paler, farther out.
    vellus = rng.random(n) < 0.24
    k = np.where(vellus, 1.7 * k, k)
    x = m.brow_inner + (m.brow_outer - m.brow_inner) * s
    y = brow_line(face, s) + k * (1.02 * brow_half(face, s) + 0.75)
    lean = np.interp(s, [0, 0.12, 0.35, 0.7, 1], np.radians([82, 64, 34, 8, -26]))
    # Upper hairs lie down, lower ones up, so the body closes to a spine.
    angle = lean + 0.22 * rng.normal(size=n) - k * 0.50 * (s > 0.1)
    length = 0.82 * np.interp(s, [0, 0.25, 0.8, 1], [4.6, 7.0, 6.4, 4.2]) * (1 + 0.18 * rng.normal(size=n))
    length = np.where(vellus, 0.6 * length, length)
    f = np.linspace(0, 1, 5)[None]
    bend = angle[:, None] - (0.30 + 0.25 * rng.normal(size=n)[:, None]) * f
    px = (x[:, None] + length[:, None] * f * np.cos(bend)) * side
    py = y[:, None] + length[:, None] * f * np.sin(bend)
    u = sample(head.front[0], (px - FRONT_LEFT) * FRONT_PER_MM, (FRONT_TOP - py) * FRONT_PER_MM)
    v = sample(head.front[1], (px - FRONT_LEFT) * FRONT_PER_MM, (FRONT_TOP - py) * FRONT_PER_MM)
    normal = sample(head.normals, u, v)
    points = sample(head.surface, u, v) + normal * (0.3 + np.sin(np.pi * 0.9 * f))[..., None].astype(np.float32)
    width = np.where(vellus, 0.07, 0.125) * (0.7 + 0.6 * rng.random(n))
    # Sparse and soft at the inner end and the tail.
    strong = np.interp(s, [0, 0.10, 0.30, 0.75, 1], [0.35, 0.65, 0.9, 0.85, 0.25])
    # ... and at its upper and lower borders.
    opacity = strong * (0.60 + 0.40 * rng.random(n)) * (1 - 0.6 * np.minimum(np.abs(k) / 1.2, 1) ** 2)
    facing = turn(normal, screen.camera.rotation)[..., 2].mean(1) > 0.05
    draw(screen, canvas, points[facing], width[facing], opacity[facing])


def _lashes(head: Head, screen: Screen, side: int, upper: bool, rng: Generator, depth: F32, canvas: F32) -> None:
    face, m, lids = head.face, head.marks, head.lids
    n = (150 if face.male else 190) if upper else 60
    t = rng.uniform(0.10 if upper else 0.2, 0.985, n)
    # Lashes stick together in threes and fours: roots and tips draw towards their tuft's.
    tuft = np.round(t * 34) / 34
    x = m.eye_inner + (m.eye_outer - m.eye_inner) * (0.7 * t + 0.3 * tuft)
    y = lids.upper_at(x) if upper else lids.lower_at(x)
    r2 = (x - lids.centre[0]) ** 2 + (y - lids.centre[1]) ** 2
    z = lids.centre[2] + np.sqrt(np.maximum(12.9**2 - r2, 4)) + 0.2
    if upper:
        length = (5.8 if face.male else 6.8) * face.lashes * np.interp(t, [0, 0.3, 0.7, 1], [0.45, 0.8, 1, 0.95])
    else:
        length = 3.4 * np.interp(t, [0, 0.5, 1], [0.5, 0.8, 1])
    length = (length * np.clip(1 + 0.18 * rng.normal(size=n), 0.5, 1.3))[:, None]
    fan = ((0.4 * t + 0.6 * tuft - 0.42) * 1.6 + 0.08 * rng.normal(size=n))[:, None]
    f = np.linspace(0, 1, 6)[None]
    curl = (0.50 + 0.10 * rng.normal(size=n))[:, None]
    # On a shut lid the upper lashes hang and turn up at their tips only.
    lift = -0.75 * f + 0.6 * curl * f * f if lids.shut else -0.18 * f + curl * f * f
    up = length * lift if upper else -length * 0.36 * (f + f * f)
    out = length * (0.78 * f - 0.14 * f * f) if upper else length * (0.6 * f - 0.1 * f * f)
    points = np.stack([(x[:, None] + fan * length * f * 0.55) * side, y[:, None] + up, z[:, None] + out], -1)
    points = skewed(face, points).astype(np.float32)
    width = (0.14 if upper else 0.08) * (0.75 + 0.5 * rng.random(n))
    opacity = (0.85 if upper else 0.36) * (0.75 + 0.25 * rng.random(n))
    seen = visible(screen, points[:, 0], depth, 5.0)
    draw(screen, canvas, points[seen], width[seen], opacity[seen])
