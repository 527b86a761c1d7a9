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
from nof1sim.render.procedural.loft import Loft, build_loft
from nof1sim.render.procedural.mouth import lips, philtrum, smile
from nof1sim.render.procedural.nose import add_nose
from nof1sim.render.procedural.raster import draw_mesh
from nof1sim.render.procedural.scalp import cover, shell

F32 = NDArray[np.floating]

LAYERS = (
    "bare", "lip", "lip_line", "nostril", "lid", "lid_up", "crease", "fold", "tear",
    "hair", "temple", "cloth", "elastic", "garment", "q", "chart_x", "chart_y", "caruncle",
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
    front: look-up from frontal (x, y) to (column, row); smile (rows, columns, 3): mm by which a slight closed-lip
    smile moves each vertex at full strength.
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


def _features(face: Face, m: Landmarks, x: F32, y: F32, z: F32, closed: bool) -> tuple[F32, dict[str, F32], Lids]:
    """Nose, lips, lids and folds on a part of the base surface: new depths, fields and lids."""
    front = ramp(-72, -48, z).astype(np.float32)
    fold_height, fold, tear = sculpt.folds(face, m, x, y)
    base = z + fold_height * front
    deep, nostril = add_nose(face, m, x, y, base)
    lip_height, lip, lip_line = lips(face, m, x, y)
    deep = deep + (lip_height + philtrum(face, m, x, y)) * front
    deep, lids = add_lids(face, m, x, y, deep, front, base, closed)
    fields = {
        "lip": lip * (front > 0.5), "lip_line": lip_line * (front > 0.5), "nostril": nostril, "lid": lids.distance,
        "lid_up": lids.upper, "crease": lids.crease, "caruncle": lids.caruncle, "fold": fold, "tear": tear,
    }  # fmt: skip
    return z + (deep - z) * ramp(0, 0.6, front), fields, lids


def _face_window(m: Landmarks, loft: Loft) -> tuple[slice, slice]:
    """Rows and columns outside which the base surface has no feature."""
    rows = np.flatnonzero((loft.y[:, 0] < 52) & (loft.y[:, 0] > m.menton - 14))
    columns = np.flatnonzero((loft.z[rows[0] : rows[-1]] > -76).any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(0, int(columns[-1]) + 1)


def build_head(face: Face, n: int, closed: bool = False) -> Head:
    """Build the head of a face with n x n vertices; `closed` shuts the eyes and changes nothing else."""
    m = landmarks_of(face)
    loft = build_loft(face, m, n)
    window = _face_window(m, loft)
    z = loft.z.copy()
    z[window], part, lids = _features(face, m, loft.x[window], loft.y[window], loft.z[window], closed)
    fields = {}
    for name, values in part.items():
        half = np.full(z.shape, -99.0 if name == "lid" else 0.0, np.float32)
        half[window] = values
        fields[name] = _mirrored(half)
    chart = atlas.chart_coordinates(face, m, loft)
    fields["chart_x"], fields["chart_y"] = _mirrored(chart[..., 0], odd=True), _mirrored(chart[..., 1])
    skin = np.stack([_mirrored(loft.x, odd=True), _mirrored(loft.y), _mirrored(z)], -1)
    lift = smile(m, loft.x, loft.y, loft.z)
    grin = np.stack([_mirrored(lift[..., 0], odd=True), _mirrored(lift[..., 1]), _mirrored(lift[..., 2])], -1)
    return _dress(face, m, lids, skewed(face, skin).astype(np.float32), fields, grin)


def _dress(face: Face, m: Landmarks, lids: Lids, skin: F32, fields: dict[str, F32], grin: F32) -> Head:
    chart = np.stack([fields["chart_x"], fields["chart_y"]], -1)
    over = cover(face, m, skin, chart)
    for name in ("hair", "temple", "cloth", "elastic", "garment", "q", "bare"):
        fields[name] = getattr(over, name)
    surface = shell(skin, grid_normals(skin), over.lift)
    n = skin.shape[0]
    samples = max(60, n * 160 // 1024)
    ears = (build_ear(face, 1, skin, samples), build_ear(face, -1, skin, samples))
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
        grin,
    )


def _front_lookup(skin: F32) -> tuple[F32, F32]:
    depth = np.full(FRONT_SIZE, -1e9, np.float32)
    column, row = np.zeros(FRONT_SIZE, np.float32), np.zeros(FRONT_SIZE, np.float32)
    owner = np.full(FRONT_SIZE, -1, np.int32)
    k = FRONT_PER_MM
    # The back of the head is never in front: leave its columns out.
    skip = skin.shape[1] // 10
    part = skin[:, skip : skin.shape[1] - skip]
    sx, sy = (part[..., 0] - FRONT_LEFT) * k, (FRONT_TOP - part[..., 1]) * k
    draw_mesh(sx, sy, np.ascontiguousarray(part[..., 2]), depth, column, row, owner, 0)
    column[owner >= 0] += skip
    return column, row
