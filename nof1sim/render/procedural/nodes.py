"""The visible scene of a plate as a coarse mesh of its pixels: what a small turn of the head moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import turn
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.scalp import hangs
from nof1sim.render.procedural.screen import Camera, Screen

F32 = NDArray[np.floating]
ACROSS = 72
"""Cells along a side of the plate, at most; a cell is 2 pixels or more."""
BEYOND_MM, SHOULDERS, CROWN_MM = 60.0, 1.7, 14.0
FALL, FALL_CELLS = 0.6, 8
"""How steeply hair beside the neck may lie behind the nodes beside it, and over how many cells: a deep step inside the
person would tear in a turned head, and nobody sees how much that hair moves."""
FRINGE = 2
"""Cells by which the mesh goes on beyond the person, so that it carries the soft edge."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Every `cell` pixels of the plate a node, (rows, columns): place (.., 3) in camera axes, mm; smile (.., 3): mm
    moved by a full smile, camera axes; ok: on the person or its fringe."""

    cell: int
    place: F32
    smile: F32
    ok: NDArray[np.bool_]


def nodes_of(head: Head, camera: Camera, depth: F32, screen: Screen, index: NDArray, first: NDArray) -> Nodes:
    """depth (s, s): camera z of the person, far behind elsewhere; index, first: plate pixels and a canvas row each."""
    side = camera.width
    cell = max(2, -(-side // ACROSS))
    at = np.minimum(np.arange(0, side - 1 + cell, cell), side - 1)
    z = depth[np.ix_(at, at)].astype(np.float32)
    on = z > -900
    smile = np.zeros((*z.shape, 3), np.float32)
    lookup = np.full(side * side, -1, np.int64)
    lookup[index] = first
    rows = lookup[(at[:, None] * side + at[None]).ravel()]
    seen = np.flatnonzero(rows >= 0)
    q = rows[seen]
    moved = sample(head.smile, screen.column[q], screen.row[q]) * (screen.owner[q] == 0)[:, None]
    smile.reshape(-1, 3)[seen] = turn(moved, camera.rotation)
    if hangs(head.face):
        back = np.zeros(z.size, bool)
        y, depth_mm = screen.spot[q, 1], screen.spot[q, 2]
        beside_neck = (y < -20) & (depth_mm < -85) | (y < head.marks.menton) & (depth_mm < -50)
        back[seen] = beside_neck & (screen.owner[q] == 0)
        z = _drawn_near(z, back.reshape(z.shape), FALL * cell / camera.per_mm)
    z, on = _grown(_calm(z, on), on)
    f = camera.distance_mm / (camera.distance_mm - z)
    half = side / 2 - 0.5
    x = (at[None] - half) / (f * camera.per_mm) + camera.x
    y = (half - at[:, None]) / (f * camera.per_mm) + camera.y
    place = np.stack([np.broadcast_to(x, z.shape), np.broadcast_to(y, z.shape), z], -1).astype(np.float32)
    _go_on(place, camera)
    return Nodes(cell, place, smile, on)


def _go_on(place: F32, camera: Camera) -> None:
    """Draw the outermost nodes out, in place, so that no pose shows where the plate ends: the crown closes above, the
    body goes on beside and below, where it widens towards the shoulders."""
    place[0, :, 1] += CROWN_MM
    place[0, :, 0] = camera.x + 0.5 * (place[0, :, 0] - camera.x)
    place[:, 0, 0] -= BEYOND_MM
    place[:, -1, 0] += BEYOND_MM
    place[-1, :, 1] -= BEYOND_MM
    place[-1, :, 0] = camera.x + SHOULDERS * (place[-1, :, 0] - camera.x)


def _drawn_near(z: F32, back: NDArray[np.bool_], fall: float) -> F32:
    """Depth in which the nodes `back` lie at most `fall` mm behind each node beside them."""
    for _ in range(FALL_CELLS):
        p = np.pad(z, 1, mode="edge")
        beside = np.maximum(np.maximum(p[1:-1, :-2], p[1:-1, 2:]), np.maximum(p[:-2, 1:-1], p[2:, 1:-1]))
        z = np.where(back, np.maximum(z, beside - fall), z).astype(np.float32)
    return z


def _calm(z: F32, on: NDArray[np.bool_]) -> F32:
    """Depth with a rim as deep as the surface just inside it: there the skin turns away, and single pixels of the
    outline would each move by an amount of their own."""
    inner = on.copy()
    for axis in (0, 1):
        for step in (1, -1):
            inner &= np.roll(on, step, axis)
    soft, _ = _grown(np.where(inner, z, 0), inner)
    return np.where(on & ~inner, soft, z).astype(np.float32)


def _grown(z: F32, on: NDArray[np.bool_]) -> tuple[F32, NDArray[np.bool_]]:
    """Depth carried on by FRINGE nodes beyond the person: the mean of the neighbours that have one."""
    z = np.where(on, z, 0).astype(np.float32)
    for _ in range(FRINGE):
        total, count = np.zeros_like(z), np.zeros(z.shape, np.float32)
        p, o = np.pad(z, 1), np.pad(on, 1)
        for dy in (0, 1, 2):
            for dx in (0, 1, 2):
                inside = o[dy : dy + z.shape[0], dx : dx + z.shape[1]]
                total += np.where(inside, p[dy : dy + z.shape[0], dx : dx + z.shape[1]], 0)
                count += inside
        new = ~on & (count > 0)
        z = np.where(new, total / np.maximum(count, 1), z).astype(np.float32)
        on = on | new
    return np.where(on, z, -100).astype(np.float32), on
