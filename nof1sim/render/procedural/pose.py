"""A day's pose: the plate's visible surface turned, smiled and seen from the day's camera, with parallax and occlusion.

The plate's pixels are a mesh in space (`nodes`). Turning the head moves its nodes; drawing the moved mesh with a depth
buffer says for every pixel of the picture which place of the plate it shows. Layered on a backdrop that stays behind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.compiled import njit
from nof1sim.render.procedural.fields import rotation, turn
from nof1sim.render.procedural.plate import Plate
from nof1sim.render.procedural.screen import PIVOT

F32 = NDArray[np.floating]
WHOLE_MM = np.float32(1e9)
"""A step that no surface has: cells that are not torn hang together."""
BEHIND_MM = np.float32(3.0)
"""How far behind a torn cell's own pixels the picture lies that closes gaps between them and their neighbours."""


@dataclass(frozen=True, slots=True)
class Pose:
    """turned (3, 3): rotation about PIVOT from the plate's camera axes to the day's; x, y, distance_mm, per_mm: the
    day's camera; matrix (2, 2), offset (2,): roll, scale and shift in the picture; smile: 0 .. 1; still: True where
    the picture is the plate's own middle."""

    turned: F32
    x: float
    y: float
    distance_mm: float
    per_mm: float
    matrix: F32
    offset: F32
    smile: float
    still: bool

    def moved(self, place: F32, smile: F32) -> F32:
        """Points (k, 3), mm in the plate's camera axes, and what a full smile moves each: picture x and y and depth in
        the day's axes, (3, k)."""
        out = np.empty((3, len(place)), np.float32)
        camera = np.array([self.x, self.y, self.distance_mm, self.per_mm], np.float32)
        _move(place, smile, np.float32(self.smile), PIVOT, self.turned, camera, self.matrix, self.offset, out)
        return out


@dataclass(slots=True)
class Look:
    """For each picture pixel (h, w): u, v: place in the plate, -1 where the backdrop shows; depth: mm, day's axes."""

    u: F32
    v: F32
    depth: F32


def pose_of(plate: Plate, nuisance: Nuisance) -> Pose:
    """The pose of a plate in one photograph."""
    n, camera, size = nuisance, plate.camera, plate.size
    # The day's small turn comes after the view's own, about the camera's axes.
    turned = rotation(math.radians(n.yaw_deg), math.radians(n.pitch_deg))
    x, y = camera.x, camera.y
    if plate.frame.aim is not None:
        # A photographer of a detail keeps it in the middle.
        middle = plate.camera.width // 2
        z = float(plate.depth[middle, middle])
        centre = turn(np.array([x, y, z], np.float32) - PIVOT, turned) + PIVOT
        x, y = float(centre[0]), float(centre[1])
    roll = math.radians(n.roll_deg)
    c, s = math.cos(roll) * n.scale, math.sin(roll) * n.scale
    half = size / 2 - 0.5
    offset = np.array([half + n.shift_x * size, half + n.shift_y * size], np.float32)
    moved = (n.yaw_deg, n.pitch_deg, n.roll_deg, n.scale, n.shift_x, n.shift_y, n.distance, n.smile)
    still = moved == (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0)
    matrix = np.array([[c, -s], [s, c]], np.float32)
    return Pose(turned, x, y, camera.distance_mm * n.distance, camera.per_mm, matrix, offset, n.smile, still)


def look_at(plate: Plate, pose: Pose) -> Look:
    """Which place of the plate each pixel of the picture shows."""
    size = plate.size
    u = np.full((size, size), -1.0, np.float32)
    v = np.full((size, size), -1.0, np.float32)
    depth = np.full((size, size), -1e3, np.float32)
    if pose.still:
        m = plate.margin
        u[:] = np.arange(size, dtype=np.float32) + m
        v[:] = (np.arange(size, dtype=np.float32) + m)[:, None]
        depth[:] = plate.depth[m : m + size, m : m + size]
        return Look(u, v, depth)
    nodes = plate.nodes
    moved = pose.moved(nodes.place.reshape(-1, 3), nodes.smile.reshape(-1, 3)).reshape(3, *nodes.ok.shape)
    last = plate.camera.width - 1
    _draw(*moved, nodes.ok, nodes.torn, nodes.cell, 0, 0, last, WHOLE_MM, u, v, depth)
    fine = pose.moved(nodes.fine_place.reshape(-1, 3), nodes.fine_smile.reshape(-1, 3))
    _draw_torn(fine.reshape(3, *nodes.fine_place.shape[:3]), nodes.corner, last, np.float32(nodes.step_mm), u, v, depth)
    return Look(u, v, depth)


@njit()
def _move(place, smile, amount, pivot, turned, camera, matrix, offset, out):
    """See `Pose.moved`. As numpy's single steps it took as long as half of the drawing."""
    px, py, pz = pivot[0], pivot[1], pivot[2]
    for k in range(place.shape[0]):
        dx = place[k, 0] + amount * smile[k, 0] - px
        dy = place[k, 1] + amount * smile[k, 1] - py
        dz = place[k, 2] + amount * smile[k, 2] - pz
        depth = turned[2, 0] * dx + turned[2, 1] * dy + turned[2, 2] * dz + pz
        f = camera[2] / (camera[2] - depth) * camera[3]
        across = (turned[0, 0] * dx + turned[0, 1] * dy + turned[0, 2] * dz + px - camera[0]) * f
        down = (camera[1] - (turned[1, 0] * dx + turned[1, 1] * dy + turned[1, 2] * dz + py)) * f
        out[0, k] = matrix[0, 0] * across + matrix[0, 1] * down + offset[0]
        out[1, k] = matrix[1, 0] * across + matrix[1, 1] * down + offset[1]
        out[2, k] = depth


@njit(fastmath=True)
def _draw_torn(fine, corner, last, step, u, v, depth):
    """The cells in which one thing lies before another, pixel by pixel: fine (3, k, cell + 1, cell + 1)."""
    cells = fine.shape[2] - 1
    whole, ok = np.zeros((cells, cells), np.bool_), np.ones((cells + 1, cells + 1), np.bool_)
    for k in range(len(corner)):
        _draw(fine[0, k], fine[1, k], fine[2, k], ok, whole, 1, corner[k, 0], corner[k, 1], last, step, u, v, depth)


@njit(fastmath=True)
def _draw(x, y, z, ok, torn, cell, first_row, first_column, last, step, u, v, depth):
    """Depth-buffered triangles of a mesh of plate pixels: place u, v in the plate and depth of picture pixels (h, w).

    A triangle deeper than `step` is what a turn uncovers behind an edge: it shows what lies there, not a mixture. Of
    torn cells only what their pixels leave open is seen.
    """
    h, w = u.shape
    rows, columns = x.shape
    edge, over = np.float32(-1e-5), np.float32(1.00001)
    for r in range(rows - 1):
        for c in range(columns - 1):
            if not (ok[r, c] and ok[r, c + 1] and ok[r + 1, c] and ok[r + 1, c + 1]):
                continue
            left_u, right_u = first_column + c * cell, first_column + (c + 1) * cell
            top_v, low_v = first_row + r * cell, first_row + (r + 1) * cell
            x0, y0, x2, y2 = x[r, c], y[r, c], x[r + 1, c + 1], y[r + 1, c + 1]
            for t in range(2):
                u0, u2 = np.float32(min(left_u, last)), np.float32(min(right_u, last))
                v0, v2 = np.float32(min(top_v, last)), np.float32(min(low_v, last))
                z0, z2 = z[r, c], z[r + 1, c + 1]
                if t == 0:
                    x1, y1, z1, u1, v1 = x[r, c + 1], y[r, c + 1], z[r, c + 1], u2, v0
                else:
                    x1, y1, z1, u1, v1 = x[r + 1, c], y[r + 1, c], z[r + 1, c], u0, v2
                far = min(z0, z1, z2)
                if torn[r, c]:
                    far -= BEHIND_MM
                    z0, z1, z2 = far, far, far
                elif max(z0, z1, z2) - far > step:
                    at_u, at_v = (u0, v0) if far == z0 else ((u1, v1) if far == z1 else (u2, v2))
                    u0, u1, u2, v0, v1, v2 = at_u, at_u, at_u, at_v, at_v, at_v
                    z0, z1, z2 = far, far, far
                left, right = max(0, math.ceil(min(x0, x1, x2))), min(w - 1, math.floor(max(x0, x1, x2)))
                top, low = max(0, math.ceil(min(y0, y1, y2))), min(h - 1, math.floor(max(y0, y1, y2)))
                if left > right or top > low:
                    continue
                det = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
                if abs(det) < np.float32(1e-9):
                    continue
                k = np.float32(1.0) / det
                ax, ay = (y2 - y0) * k, (x2 - x0) * k
                bx, by = (y1 - y0) * k, (x1 - x0) * k
                for j in range(top, low + 1):
                    dy = np.float32(j) - y0
                    near, us, vs = depth[np.uint64(j)], u[np.uint64(j)], v[np.uint64(j)]
                    for i in range(left, right + 1):
                        dx = np.float32(i) - x0
                        b1 = dx * ax - dy * ay
                        b2 = dy * by - dx * bx
                        if b1 < edge or b2 < edge or b1 + b2 > over:
                            continue
                        q = np.uint64(i)
                        d = z0 + b1 * (z1 - z0) + b2 * (z2 - z0)
                        if d > near[q]:
                            near[q] = d
                            us[q] = u0 + b1 * (u1 - u0) + b2 * (u2 - u0)
                            vs[q] = v0 + b1 * (v1 - v0) + b2 * (v2 - v0)
