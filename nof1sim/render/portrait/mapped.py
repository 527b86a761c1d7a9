"""A person's posed face drawn into the photograph's pixels, and the way back from the chart to the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import face_edge_mm
from nof1sim.render.portrait.face_map import FaceMap
from nof1sim.render.portrait.mean_head import LEFT_MM, STEP_MM, TOP_MM, on_grid
from nof1sim.render.portrait.surface import SEEN_DEG, Surface
from nof1sim.render.procedural.fields import turn, unit
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.raster import draw_mesh
from nof1sim.render.skin import Sites

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

EDGE_MM = 5.0
"""The map goes on beyond the facial skin's edge by this."""
DRAWN_DEG = 86.0
"""Skin turned away by more than this from the line of sight is not mapped."""
NEAR_MM, NEAR_PX = 3.0, 2.0
"""A place is hidden if its pixel shows a place of the chart that is farther away than the sum of these."""


def face_map(surface: Surface, shape: tuple[int, int]) -> FaceMap:
    """The `FaceMap` of a surface in a photograph of `shape` (h, w): nearest surface by a depth buffer."""
    h, w = shape
    depth, column = np.full((h, w), -1e9, np.float32), np.zeros((h, w), np.float32)
    row, owner = np.zeros((h, w), np.float32), np.full((h, w), -1, np.int32)
    draw_mesh(surface.x_px, surface.y_px, surface.px_per_mm, depth, column, row, owner, 0)
    index = np.flatnonzero(owner.ravel() >= 0)
    u, v = column.ravel()[index], row.ravel()[index]
    x, y = LEFT_MM + STEP_MM * u, TOP_MM - STEP_MM * v
    keep = (sample(surface.facing, u, v) > math.cos(math.radians(DRAWN_DEG))) & _on_face(x, y)
    index, u, v, x, y = index[keep], u[keep], v[keep], x[keep], y[keep]
    pose = surface.pose
    turned = pose.turned.astype(np.float32)
    chart = _image(shape, index, np.stack([x, y], -1))
    return FaceMap(
        chart=chart,
        spot=_image(shape, index, sample(surface.spot, u, v)),
        normal=_image(shape, index, unit(turn(sample(surface.normal, u, v), turned))),
        mm_per_px=1.0 / pose.px_per_mm,
        rotation=turned,
        yaw_deg=pose.yaw_deg,
        pitch_deg=pose.pitch_deg,
        roll_deg=pose.roll_deg,
        place=Places(surface, chart),
    )


def _image(shape: tuple[int, int], index: NDArray, values: NDArray) -> F32:
    out = np.full((shape[0] * shape[1], values.shape[1]), np.nan, np.float32)
    out[index] = values
    return out.reshape(*shape, -1)


def _on_face(x: NDArray, y: NDArray) -> NDArray[np.bool_]:
    """Whether chart places lie on the facial skin or up to EDGE_MM beyond it."""
    table = np.arange(-120.0, 80.0, 0.5)
    edge = np.max([face_edge_mm(table + d) for d in (-EDGE_MM, 0.0, EDGE_MM)], axis=0)
    return np.abs(x) < np.interp(y, table, np.where(edge > 0, edge + EDGE_MM, 0.0))


@dataclass(frozen=True, slots=True)
class Places:
    """Where chart places lie in the photograph: `FaceMap.place`. chart (h, w, 2): the map's."""

    surface: Surface
    chart: F32

    def __call__(self, x_mm: Floats, y_mm: Floats) -> Sites:
        """The `Sites` of chart places (n,), mm; NaN pixel coordinates for one that is hidden, turned away by more
        than SEEN_DEG, or off the picture."""
        s, x_mm, y_mm = self.surface, np.asarray(x_mm, float), np.asarray(y_mm, float)
        u, v = on_grid(x_mm, y_mm)
        x, y, f = sample(s.x_px, u, v), sample(s.y_px, u, v), sample(s.px_per_mm, u, v)
        seen = sample(s.facing, u, v) >= math.cos(math.radians(SEEN_DEG))
        seen &= self._shown(x_mm, y_mm, x, y, f)
        x, y = np.where(seen, x, np.nan), np.where(seen, y, np.nan)
        columns = (sample(s.spot, u, v), unit(sample(s.normal, u, v)), x, y, f)
        return Sites(*(np.ascontiguousarray(c, dtype=np.float32) for c in columns))

    def _shown(self, x_mm: Floats, y_mm: Floats, x: NDArray, y: NDArray, f: NDArray) -> NDArray[np.bool_]:
        """Whether the pixel at a place's projection shows that place and nothing in front of it."""
        h, w = self.chart.shape[:2]
        i, j = np.rint(x), np.rint(y)
        inside = (i >= 0) & (j >= 0) & (i < w) & (j < h)
        there = self.chart[np.where(inside, j, 0).astype(int), np.where(inside, i, 0).astype(int)]
        off = np.hypot(there[:, 0] - x_mm, there[:, 1] - y_mm)
        return inside & (off <= NEAR_MM + NEAR_PX / np.maximum(f, 1e-6))
