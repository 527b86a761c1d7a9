"""A person's head as grids of vertices, with everything about its skin that no view and no day changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural import atlas, sculpt
from nof1sim.render.procedural.ears import Ear, build_ear
from nof1sim.render.procedural.fields import grid_normals, ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks, landmarks_of, skewed
from nof1sim.render.procedural.lids import Lids, add_lids
from nof1sim.render.procedural.loft import build_loft
from nof1sim.render.procedural.mouth import lips, philtrum
from nof1sim.render.procedural.nose import add_nose
from nof1sim.render.procedural.raster import draw_mesh
from nof1sim.render.procedural.scalp import cover, shell

F32 = NDArray[np.floating]

LAYERS = (
    "bare", "lip", "lip_line", "nostril", "lid", "lid_up", "crease", "fold", "tear",
    "hair", "temple", "cloth", "elastic", "garment", "q", "chart_x", "chart_y",
)  # fmt: skip
"""Scalar fields on the vertices, in the order of `Head.layers`' last axis."""
LAYER = {name: i for i, name in enumerate(LAYERS)}

FRONT_PER_MM, FRONT_LEFT, FRONT_TOP, FRONT_SIZE = 3, -85.0, 110.0, (780, 510)
"""Frontal look-up raster: pixels per mm, left and upper edge in mm, rows and columns."""


@dataclass(slots=True)
class Head:
    """One person, rows from crown to chest, columns from the image's left round the front to its right.

    skin (rows, columns, 3) mm: bare skin, the canonical place of every spot; surface: with hair and cloth;
    normals: of `surface`; layers (rows, columns, len(LAYERS)); chart: look-up from the chart to (column, row);
    front: look-up from frontal (x, y) to (column, row).
    """

    face: Face
    marks: Landmarks
    lids: Lids
    skin: F32
    surface: F32
    normals: F32
    layers: F32
    ears: tuple[Ear, Ear]
    chart: tuple[F32, F32]
    front: tuple[F32, F32]
    smile: F32

    def layer(self, name: str) -> F32:
        """One scalar field (rows, columns)."""
        return self.layers[..., LAYER[name]]


def _mirrored(a: F32, odd: bool = False) -> F32:
    """Whole grid from the x >= 0 half; `odd` fields change sign across the midline."""
    return np.concatenate([-a[:, ::-1] if odd else a[:, ::-1], a], axis=1)


def build_head(face: Face, n: int) -> Head:
    """Build the head of a face with n x n vertices."""
    m = landmarks_of(face)
    loft = build_loft(face, m, n)
    x, y = loft.x, loft.y
    front = ramp(-92, -55, loft.z).astype(np.float32)
    crease_height, fold, tear = sculpt.folds(face, m, x, y)
    base = loft.z + (sculpt.broad_forms(face, m, x, y) + crease_height) * front
    z, nostril = add_nose(face, m, x, y, base)
    lip_height, lip, lip_line = lips(face, m, x, y)
    z = z + (lip_height + philtrum(face, m, x, y)) * front
    z, lids = add_lids(face, m, x, y, z, front, base)
    z = np.where(front > 0, loft.z + (z - loft.z) * ramp(0, 0.6, front), loft.z)
    z = z + sculpt.neck(face, m, x, y) * front
    chart = atlas.chart_coordinates(face, m, loft)
    half = {
        "lip": lip * (front > 0.5), "lip_line": lip_line, "nostril": nostril, "lid": lids.distance,
        "lid_up": lids.upper, "crease": lids.crease, "fold": fold, "tear": tear,
        "chart_y": chart[..., 1],
    }  # fmt: skip
    fields = {name: _mirrored(a.astype(np.float32)) for name, a in half.items()}
    fields["chart_x"] = _mirrored(chart[..., 0], odd=True)
    skin = np.stack([_mirrored(x, odd=True), _mirrored(y), _mirrored(z.astype(np.float32))], -1)
    return _dress(face, m, lids, skewed(face, skin).astype(np.float32), fields)


def _dress(face: Face, m: Landmarks, lids: Lids, skin: F32, fields: dict[str, F32]) -> Head:
    over = cover(face, m, skin)
    for name in ("hair", "temple", "cloth", "elastic", "garment", "q", "bare"):
        fields[name] = getattr(over, name)
    surface = shell(skin, grid_normals(skin), over.lift)
    n = skin.shape[0]
    samples = max(60, n * 160 // 1024)
    ears = (build_ear(face, 1, skin, samples), build_ear(face, -1, skin, samples))
    chart = np.stack([fields["chart_x"], fields["chart_y"]], -1)
    return Head(
        face,
        m,
        lids,
        skin,
        surface,
        grid_normals(surface),
        np.ascontiguousarray(np.stack([fields[name] for name in LAYERS], -1)),
        ears,
        atlas.chart_lookup(chart, skin[..., 2]),
        _front_lookup(skin),
        np.zeros_like(skin),
    )


def _front_lookup(skin: F32) -> tuple[F32, F32]:
    depth = np.full(FRONT_SIZE, -1e9, np.float32)
    column, row = np.zeros(FRONT_SIZE, np.float32), np.zeros(FRONT_SIZE, np.float32)
    owner = np.full(FRONT_SIZE, -1, np.int32)
    k = FRONT_PER_MM
    sx, sy = (skin[..., 0] - FRONT_LEFT) * k, (FRONT_TOP - skin[..., 1]) * k
    draw_mesh(sx, sy, np.ascontiguousarray(skin[..., 2]), depth, column, row, owner, 0)
    return column, row
