"""The G-buffer: what each pixel of one view of one head looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.procedural.atlas import on_mesh
from nof1sim.render.procedural.fields import make_unit, rotation, turn
from nof1sim.render.procedural.filters import gather_at, sample
from nof1sim.render.procedural.frames import Frame
from nof1sim.render.procedural.halves import from_halves, to_halves
from nof1sim.render.procedural.head import LAYER, Head
from nof1sim.render.procedural.light import GROUPS, illuminate
from nof1sim.render.procedural.raster import draw_mesh

F32 = NDArray[np.floating]

DISTANCE_MM = 1150.0
PIVOT = np.array([0, -20.0, -75.0], np.float32)
"""The point about which a head turns, roughly the atlas joint."""
WANDER_LABEL = "frame"
CHART = ("chart_x", "chart_y")
ALL = slice(None)
BLOCK = 1 << 13
"""Pixels that are looked up at once where the look-up would take much memory."""


def blocks(at: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    """Pixels `at` (k,) in runs of BLOCK, one at least."""
    return [at[start : start + BLOCK] for start in range(0, max(at.size, 1), BLOCK)]


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole camera over a turned head. width: pixels; per_mm: pixels per mm at z = 0; x, y: axis in mm;
    distance_mm: from the plane z = 0."""

    rotation: F32
    width: int
    per_mm: float
    x: float
    y: float
    distance_mm: float = DISTANCE_MM

    def place(self, points: NDArray) -> F32:
        """Head points (..., 3) in camera axes."""
        return turn(points - PIVOT, self.rotation) + PIVOT

    def project(self, placed: NDArray) -> tuple[F32, F32, F32]:
        """Pixel x, y and magnification of points in camera axes."""
        f = self.distance_mm / (self.distance_mm - placed[..., 2])
        px = self.width / 2 - 0.5 + (placed[..., 0] - self.x) * f * self.per_mm
        py = self.width / 2 - 0.5 - (placed[..., 1] - self.y) * f * self.per_mm
        return px.astype(np.float32), py.astype(np.float32), f.astype(np.float32)

    @property
    def eye(self) -> F32:
        """Place of the camera itself (3,), camera axes."""
        return np.array([self.x, self.y, self.distance_mm], np.float32)


def camera_for(head: Head, frame: Frame, width: int, picture: int) -> Camera:
    """The camera of a frame on a canvas of `width` pixels, of which the middle `picture` pixels are the frame."""
    per_mm = picture / frame.width_mm
    yaw, pitch = math.radians(frame.yaw_deg), math.radians(frame.pitch_deg)
    m = head.marks
    if frame.aim is None:
        middle = (m.trichion + m.menton) / 2 + 2
        return Camera(rotation(yaw, pitch), width, per_mm, 26 * math.sin(yaw), middle - 20 * math.sin(pitch))
    wander = stream(head.face.noise_seed, WANDER_LABEL).uniform(-1, 1, 2) * frame.wander_mm
    u, v = on_mesh(head.chart, np.array([frame.aim[0] + wander[0]]), np.array([frame.aim[1] + wander[1]]))
    place, normal = sample(head.skin, u, v)[0], sample(head.normals, u, v)[0].astype(float)
    if frame.square:
        # Most of the way: seen quite square on, a cheek loses its form.
        yaw = -0.9 * math.atan2(normal[0], normal[2])
        pitch = 0.9 * math.atan2(normal[1], math.hypot(normal[0], normal[2]))
    camera = Camera(rotation(yaw, pitch), width, per_mm, 0.0, 0.0)
    placed = camera.place(place)
    return replace(camera, x=float(placed[0]), y=float(placed[1]))


@dataclass(slots=True)
class Screen:
    """Flat arrays over the `n` pixels that show the person; `index` is their place in the w x w canvas.

    owner: 0 head, 1 and 2 ears; spot (n, 3): canonical place on the skin, mm; place, normal, view (n, 3) in camera
    axes (normal without fine relief); layers (len(LAYERS), n), in 16 bits to save
    memory, and chart (n, 2) of them in full; hollow: depth in the ear; column, row (n,): place on the owner's mesh.
    lights: of each owner the light at every `thin`-th vertex (see `illuminate`), which is looked up for the pixels that
    ask: for all of them it would be the biggest array of all.
    """

    camera: Camera
    index: NDArray[np.int32]
    owner: NDArray[np.int8]
    spot: F32
    place: F32
    normal: F32
    layers: NDArray[np.float16]
    chart: F32
    hollow: F32
    column: F32
    row: F32
    thin: int
    lights: Sequence[tuple[F32, F32]]

    def view(self, at: NDArray[np.integer] | slice = ALL) -> F32:
        """Unit direction to the camera (k, 3), camera axes, of all pixels or of some."""
        out = self.camera.eye - self.place[at]
        make_unit(out)
        return out

    def flow(self, at: NDArray[np.integer]) -> F32:
        """Vector irradiance of each light group (k, groups, 3) at pixels `at` (k,)."""
        return self._lit(0, at).reshape(-1, len(GROUPS), 3)

    def seen(self, at: NDArray[np.integer]) -> F32:
        """Share of each light group (k, groups) that reaches pixels `at` (k,)."""
        return self._lit(1, at)

    def _lit(self, which: int, at: NDArray[np.integer]) -> F32:
        u, v, owner = self.column[at] / self.thin, self.row[at] / self.thin, self.owner[at]
        grids = [light[which].reshape(*light[which].shape[:2], -1) for light in self.lights]
        out = np.empty((at.size, grids[0].shape[2]), np.float32)
        for name, grid in enumerate(grids):
            gather_at(grid, u, v, np.flatnonzero(owner == name), out)
        return out

    def layer(self, name: str, at: NDArray[np.integer] | slice = ALL) -> F32:
        """One scalar field, of all pixels (n,) or of some."""
        if name in CHART:
            return self.chart[at, CHART.index(name)]
        halves = self.layers[LAYER[name]].view(np.uint16)[at]
        out = np.empty(halves.size, np.float32)
        from_halves(halves, out)
        return out

    def canvas(self, values: F32, fill: float = 0.0) -> F32:
        """Values (n[, c]) spread on the w x w canvas."""
        w = self.camera.width
        out = np.full((w * w, *values.shape[1:]), fill, np.float32)
        out[self.index] = values
        return out.reshape(w, w, *values.shape[1:])


def look(head: Head, camera: Camera) -> Screen:
    """Rasterise the head and light its vertices."""
    w = camera.width
    meshes = [head.surface, *(e.points for e in head.ears)]
    placed = [camera.place(p) for p in meshes]
    normals = [turn(n, camera.rotation) for n in (head.normals, *(e.normals for e in head.ears))]
    depth, column = np.full((w, w), -1.0, np.float32), np.zeros((w, w), np.float32)
    row, owner = np.zeros((w, w), np.float32), np.full((w, w), -1, np.int8)
    for name, p in enumerate(placed):
        sx, sy, near = camera.project(p)
        draw_mesh(sx, sy, near, depth, column, row, owner, name)
    n = head.skin.shape[0]
    coarse, thin = max(1, round(n / 128)), 3 if n >= 600 else 2  # vertices that throw shadows, and that are lit
    flow, seen = illuminate(
        [np.ascontiguousarray(placed[0][::coarse, ::coarse])] + [np.ascontiguousarray(p[::3, ::3]) for p in placed[1:]],
        [np.ascontiguousarray(p[::thin, ::thin]) for p in placed],
        [np.ascontiguousarray(v[::thin, ::thin]) for v in normals],
        336 if n >= 600 else 224,
    )
    index = np.flatnonzero(owner.ravel() >= 0).astype(np.int32)
    lights = list(zip(flow, seen, strict=True))
    return _gather(head, camera, index, owner, column, row, placed, normals, thin, lights)


def _gather(head, camera, index, owner, column, row, placed, normals, thin, lights) -> Screen:
    count = index.size
    who = owner.ravel()[index]
    u, v = column.ravel()[index], row.ravel()[index]
    place, normal, spot = (np.empty((count, 3), np.float32) for _ in range(3))
    hollow = np.zeros((count, 1), np.float32)
    for name in range(3):
        at = np.flatnonzero(who == name)
        gather_at(placed[name], u, v, at, place)
        gather_at(normals[name], u, v, at, normal)
        gather_at(head.skin if name == 0 else head.ears[name - 1].points, u, v, at, spot)
        if name:
            gather_at(np.ascontiguousarray(head.ears[name - 1].hollow)[..., None], u, v, at, hollow)
    layers, chart = _layers(head, who, u, v)
    make_unit(normal)
    return Screen(
        camera, index, who, spot, place, normal, layers, chart, np.clip(hollow[:, 0], 0, 1), u, v, thin, lights
    )


def _layers(head: Head, who: NDArray[np.int8], u: F32, v: F32) -> tuple[NDArray[np.float16], F32]:
    """`Screen.layers` and `Screen.chart`."""
    layers = np.zeros((len(LAYER), who.size), np.float16)
    layers[LAYER["lid"]], layers[LAYER["bare"]] = -99.0, 1.0
    chart = np.full((who.size, 2), 1e4, np.float32)
    on_head = np.flatnonzero(who == 0)
    for at in blocks(on_head):
        values = sample(head.layers, u[at], v[at])
        chart[at] = values[:, [LAYER[name] for name in CHART]]
        to_halves(values, values.view(np.int32), at, layers.view(np.uint16))
    return layers, chart
