"""The mean face in three dimensions: the procedural head with mean measures, as a grid over the face chart.

Its shape is that of `procedural.anthropometry` (Farkas 1994 and the international series of 2005), women and men
averaged, 25 years old. A row and a column of the grid are a place on the chart, so that what is interpolated between
its vertices says at once where on the chart a pixel lies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Patient
from nof1sim.render.procedural import atlas
from nof1sim.render.procedural.anthropometry import LEAST, MEASURES, MODES, Measure, Mode
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.head import FRONT_LEFT, FRONT_PER_MM, FRONT_TOP, LAYER, Head, build_head
from nof1sim.render.procedural.identity import Face, draw_face
from nof1sim.render.procedural.lids import EYE_RADIUS_MM
from nof1sim.render.procedural.points import frontal_68
from nof1sim.render.skin.warp import PLACES, PUPIL_MM

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

LEFT_MM, TOP_MM, STEP_MM = -92.0, 74.0, 1.0
"""Chart place of the grid's first vertex, and its step."""
ROWS, COLUMNS = 187, 185
COLUMN_MM, ROW_MM = LEFT_MM + STEP_MM * np.arange(COLUMNS), TOP_MM - STEP_MM * np.arange(ROWS)
MESH = 384
"""Vertices a side of the procedural head from which the grid is read."""


@dataclass(frozen=True, slots=True)
class MeanHead:
    """spot (ROWS, COLUMNS, 3): canonical mm of each chart place of the grid, rows running down the face.

    names; place (n, 3): canonical mm, and chart (n, 2): mm, of every key point that a photograph may have: those of
    `render.skin.warp.PLACES` and `ibug_18` to `ibug_68`.
    """

    spot: F32
    names: tuple[str, ...]
    place: Floats
    chart: Floats


def mean_face() -> Face:
    """Means of women and men of 25 years, symmetric."""

    def mean(t: Measure | Mode) -> float:
        return (t.male + t.female) / 2

    face = draw_face(0, Patient("mean", "mean", 0, 25.0, "F", 40.0, 2))
    measures = {name: max(mean(t), LEAST.get(name, 0.0)) for name, t in MEASURES.items()}
    modes = {name: float(np.clip(mean(t), t.low, t.high)) for name, t in MODES.items()}
    return replace(face, measures=measures, modes=modes, asymmetry=(0.0,) * len(face.asymmetry))


@cache
def mean_head() -> MeanHead:
    """The mean head; built once in a process (a fifth of a second)."""
    head = build_head(mean_face(), MESH)
    x, y = np.meshgrid(COLUMN_MM, ROW_MM)
    u, v = atlas.on_mesh(head.chart, x.ravel(), y.ravel())
    spot = sample(head.skin, u, v).reshape(ROWS, COLUMNS, 3)
    names, place, chart = _key_points(head)
    return MeanHead(np.ascontiguousarray(spot), names, place, chart)


def _key_points(head: Head) -> tuple[tuple[str, ...], Floats, Floats]:
    named = {name: at for name, at in PLACES.items() if not name.startswith("pupil")}
    chart = np.array(list(named.values()))
    on_chart = sample(head.skin, *atlas.on_mesh(head.chart, *chart.T))
    frontal = frontal_68(head)[1]
    x, y = (frontal[:, 0] - FRONT_LEFT) * FRONT_PER_MM, (FRONT_TOP - frontal[:, 1]) * FRONT_PER_MM
    u, v = sample(head.front[0], x, y), sample(head.front[1], x, y)
    own = np.stack([sample(head.layers[..., LAYER[name]], u, v) for name in ("chart_x", "chart_y")], -1)
    globe = np.asarray(head.lids.centre, float) + np.array([0.0, 0.0, EYE_RADIUS_MM])
    pupils = np.stack([globe, globe * [-1, 1, 1]])
    names = (*named, *(f"ibug_{k:02d}" for k in range(18, 69)), "pupil_left", "pupil_right")
    place = np.concatenate([on_chart, sample(head.skin, u, v), pupils]).astype(float)
    return names, place, np.concatenate([chart, own, [(PUPIL_MM, 0.0), (-PUPIL_MM, 0.0)]]).astype(float)


def on_grid(x_mm: Floats, y_mm: Floats) -> tuple[Floats, Floats]:
    """Column and row (n,) of chart places on the grid."""
    return (np.asarray(x_mm, float) - LEFT_MM) / STEP_MM, (TOP_MM - np.asarray(y_mm, float)) / STEP_MM
