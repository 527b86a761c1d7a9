"""The visible scene of a plate as a coarse mesh of its pixels: what a small turn of the head moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # whose parts load on first use
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import turn
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.screen import Camera, Screen

F32 = NDArray[np.floating]
ACROSS = 72
"""Cells along a side of the plate, at most; a cell is 2 pixels or more."""
BEYOND_MM, SHOULDERS, CROWN_MM, CROWN_WIDE_MM = 60.0, 1.7, 18.0, 120.0
FALL, HELD_MM = 0.5, 4.0
"""How steeply hair lies behind what hides some of it, mm to a mm beside its edge, and over how much that is smoothed: a
turn would part it from hair that no pixel shows, and nobody sees how far hair moves."""
EAR_MM = (-62.0, -55.0)
"""Above this height and behind this depth is the ear: between cheek and ear skin goes on that no front view shows, and
a turn stretches what there is, as smoothly as it can."""
STEP_MM, STEP_PX = 12.0, 3.0
"""Where the person is deeper by so many mm and pixels from one pixel to the next, one thing lies before another."""
FRINGE = 2
"""Cells by which the mesh goes on beyond the person, so that it carries the soft edge."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Every `cell` pixels of the plate a node, (rows, columns): place (.., 3) in camera axes, mm; smile (.., 3): mm
    moved by a full smile, camera axes; ok: on the person or its fringe.

    A cell in which the person's depth steps, (rows - 1, columns - 1), is `torn`: between its nodes all pixels count,
    fine_place and fine_smile (k, cell + 1, cell + 1, 3), the first of them pixel `corner` (k, 2), row and column. What
    is deeper by step_mm from one to the next does not hang together.
    """

    cell: int
    place: F32
    smile: F32
    ok: NDArray[np.bool_]
    torn: NDArray[np.bool_]
    corner: NDArray[np.int64]
    fine_place: F32
    fine_smile: F32
    step_mm: float


def nodes_of(head: Head, camera: Camera, depth: F32, screen: Screen, index: NDArray, first: NDArray) -> Nodes:
    """depth (s, s): camera z of the person, far behind elsewhere; index, first: plate pixels and a canvas row each."""
    side = camera.width
    cell = max(2, -(-side // ACROSS))
    at = np.minimum(np.arange(0, side - 1 + cell, cell), side - 1)
    step = STEP_MM + STEP_PX / camera.per_mm
    lookup = np.full(side * side, -1, np.int64)
    lookup[index] = first
    hair, ear = np.zeros((2, side, side), bool)
    hair.reshape(-1)[index] = screen.layer("hair", first) > 0.5
    ear.reshape(-1)[index] = (screen.spot[first, 1] > EAR_MM[0]) & (screen.spot[first, 2] < EAR_MM[1])
    depth = _held(_with_edges(depth, ear, step), hair & ~ear, step, camera.per_mm)
    z = depth[np.ix_(at, at)].astype(np.float32)
    on = z > -900

    def smile_at(y: NDArray, x: NDArray) -> F32:
        """mm moved by a smile at pixels."""
        row = lookup[y * side + x]
        q = np.maximum(row, 0).ravel()
        moved = sample(head.smile, screen.column[q], screen.row[q]) * (screen.owner[q] == 0)[:, None]
        return (turn(moved, camera.rotation).reshape(*row.shape, 3) * (row >= 0)[..., None]).astype(np.float32)

    def placed(y: NDArray, x: NDArray, z: F32) -> F32:
        """Camera axes of pixels at depth z."""
        f, half = camera.distance_mm / (camera.distance_mm - z), side / 2 - 0.5
        along, up = (x - half) / (f * camera.per_mm) + camera.x, (half - y) / (f * camera.per_mm) + camera.y
        return np.stack([along, up, z], -1).astype(np.float32)

    torn = _torn(depth, ear, cell, len(at) - 1, step)
    corner = np.argwhere(torn) * cell
    within = np.arange(cell + 1)
    fine_y, fine_x = np.broadcast_arrays(
        np.minimum(corner[:, :1, None] + within[:, None], side - 1), np.minimum(corner[:, 1:, None] + within, side - 1)
    )
    y, x = np.broadcast_arrays(at[:, None], at[None])
    z, on = _grown(_calm(z, on), on)
    place = placed(y, x, z)
    _go_on(place, camera, on)
    fine_place, fine_smile = placed(fine_y, fine_x, depth[fine_y, fine_x]), smile_at(fine_y, fine_x)
    return Nodes(cell, place, smile_at(y, x), on, torn, corner, fine_place, fine_smile, step)


def _with_edges(depth: F32, ear: NDArray[np.bool_], step: float) -> F32:
    """Depth in which the pixels beside an edge, whose colours are mixtures, go with what lies in front."""
    near = -_beside(-depth)
    return np.where((near - depth > step) & (depth > -900) & ~ear, near, depth)


def _held(depth: F32, hair: NDArray[np.bool_], step: float, per_mm: float) -> F32:
    """Depth in which hair lies little more than a step behind the edge next to it, and farther away from that."""
    behind = _beside(depth)
    edge = (depth - behind > step) & (behind > -900)
    if not edge.any():
        return depth
    away, (y, x) = scipy.ndimage.distance_transform_edt(~edge, return_indices=True)
    most = depth[y, x] - 1.05 * step
    least = scipy.ndimage.gaussian_filter(most - FALL * away / per_mm, HELD_MM * per_mm)
    return np.where(hair, np.maximum(depth, np.minimum(least, most)), depth).astype(np.float32)


def _beside(values: F32) -> F32:
    """The least of each pixel's four neighbours."""
    p = np.pad(values, 1, mode="edge")
    return np.minimum(np.minimum(p[1:-1, :-2], p[1:-1, 2:]), np.minimum(p[:-2, 1:-1], p[2:, 1:-1]))


def _blocks(pixels: NDArray[np.bool_], cell: int, cells: int) -> NDArray[np.bool_]:
    """Cells (cells, cells) that have any of the pixels (s, s)."""
    out = np.zeros((cells, cells), bool)
    at = np.minimum(np.argwhere(pixels) // cell, cells - 1)  # the last cell has one row and column more
    out[at[:, 0], at[:, 1]] = True
    return out


def _torn(depth: F32, ear: NDArray[np.bool_], cell: int, cells: int, step: float) -> NDArray[np.bool_]:
    """Cells (cells, cells) in which the person's depth steps from one pixel to the next, but not next to the outline,
    whose nodes have another depth than their pixels (`_calm`)."""
    jump = np.zeros(depth.shape, bool)
    jump[:, :-1] |= np.abs(np.diff(depth, axis=1)) > step
    jump[:-1] |= np.abs(np.diff(depth, axis=0)) > step
    whole = ~scipy.ndimage.binary_dilation(_blocks(depth < -900, cell, cells), np.ones((3, 3)), border_value=1)
    return _blocks(jump, cell, cells) & whole & ~_blocks(ear, cell, cells)


def _go_on(place: F32, camera: Camera, on: NDArray[np.bool_]) -> None:
    """Draw the outermost nodes out, in place, so that no pose shows where the plate ends: the crown closes above, as
    round as it is wide there, the body goes on beside and below, where it widens towards the shoulders."""
    if on[0].any():
        x = place[0, :, 0]
        left, right = float(x[on[0]].min()), float(x[on[0]].max())
        t = np.clip((2 * x - left - right) / max(right - left, 1.0), -1, 1)
        place[0, :, 1] += CROWN_MM * np.minimum((right - left) / CROWN_WIDE_MM, 1.0) * (1 - t * t)
        place[0, :, 0] = (left + right) / 2 + 0.8 * (x - (left + right) / 2)
    place[:, 0, 0] -= BEYOND_MM
    place[:, -1, 0] += BEYOND_MM
    place[-1, :, 1] -= BEYOND_MM
    place[-1, :, 0] = camera.x + SHOULDERS * (place[-1, :, 0] - camera.x)


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
