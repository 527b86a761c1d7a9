"""This person's face in three dimensions: the mean face, posed, and shifted so that the key points are met."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import face_edge_mm
from nof1sim.errors import Fault, RenderError
from nof1sim.render.portrait.adapt import shift_field
from nof1sim.render.portrait.mean_head import COLUMN_MM, ROW_MM, MeanHead, on_grid
from nof1sim.render.portrait.pose import CENTRE, DISTANCE_MM, Pose
from nof1sim.render.procedural.fields import dot, grid_normals, turn, unit
from nof1sim.render.procedural.filters import sample

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

SEEN_DEG = 80.0
"""Skin turned away by more than this from the line of sight cannot be judged, nor a key point on it."""
STRAY_MM = 28.0
"""A key point farther than this from where the posed mean face has it is not that point."""
NOISE_PX, NOISE_MM = 0.5, 1.0
"""How far the surface may miss a key point: landmarks, clicked or found, are no better than this."""
CONTOUR_NOISE_MM, CONTOUR_STRAY_MM = 2.5, 14.0
CONTOUR = ("temple", "zygion", "gonion")
"""Key points (and the 68-point scheme's first 17) that lie on an outline and so have no place of their own:
they may be missed by CONTOUR_NOISE_MM, and are let go beyond CONTOUR_STRAY_MM."""
FOLDED = (
    "key points: they fold the face or mirror it; allowed: points of one face, the patient's left at the image's "
    "right. Check which point is which."
)


@dataclass(frozen=True, slots=True)
class Found:
    """The key points of a photograph. names; px (n, 2) in it; place (n, 3): on the mean head, canonical mm; chart
    (n, 2): on the chart, mm."""

    names: tuple[str, ...]
    px: Floats
    place: Floats
    chart: Floats


@dataclass(frozen=True, slots=True)
class Surface:
    """This person's face, a grid on the chart as `MeanHead`'s. spot (rows, columns, 3): canonical mm; normal (.., 3):
    unit, canonical; x_px, y_px, px_per_mm (..): projected; facing (..): cosine of normal and line of sight."""

    pose: Pose
    spot: F32
    normal: F32
    x_px: F32
    y_px: F32
    px_per_mm: F32
    facing: F32


def fit_surface(pose: Pose, head: MeanHead, found: Found) -> Surface:
    """The person's face under a pose.

    The key points shift it in the picture's plane; how deep it is stays the mean's. Canonical places follow, so that
    a millimetre on the surface is a millimetre in the picture.

    Raises RenderError for a key point that cannot be where it is said to be, or a face that folds.
    """
    placed = pose.placed(head.spot)
    x, y, f = pose.project(pose.placed(found.place))
    shift = np.stack([(found.px[:, 0] - x) / f, (y - found.px[:, 1]) / f], -1)
    before = _facing(placed, grid_normals(placed))
    # Points on skin that is turned away are guesses of whoever gave them; landmarkers put them on the outline.
    used = sample(before.astype(np.float32), *on_grid(*found.chart.T)) > math.cos(math.radians(SEEN_DEG))
    off, contour = np.hypot(*shift.T), np.array([_on_contour(name) for name in found.names])
    _check_stray(found.names, np.where(used & ~contour, off, 0.0))
    used &= ~contour | (off < CONTOUR_STRAY_MM)
    if used.any():
        noise = np.where(contour, CONTOUR_NOISE_MM, NOISE_MM) + NOISE_PX / pose.px_per_mm
        placed[..., :2] += shift_field(found.chart[used], shift[used], noise[used], COLUMN_MM, ROW_MM)
    normal = grid_normals(placed)
    facing = _facing(placed, normal)
    on_face = np.abs(COLUMN_MM)[None] < face_edge_mm(np.asarray(ROW_MM, float))[:, None]
    if (on_face & (before > 0.5) & (facing < 0)).any():
        raise RenderError(FOLDED)
    x, y, f = pose.project(placed)
    back = pose.turned.T
    spot = turn(placed, back) + CENTRE
    arrays = (spot, turn(normal, back), x, y, f, facing)
    return Surface(pose, *(np.ascontiguousarray(a, dtype=np.float32) for a in arrays))


def _on_contour(name: str) -> bool:
    return name.startswith(CONTOUR) or (name.startswith("ibug_") and int(name[5:]) <= 17)


def _check_stray(names: tuple[str, ...], off_mm: Floats) -> None:
    far = sorted(((d, name) for name, d in zip(names, off_mm, strict=True) if d > STRAY_MM), reverse=True)
    if far:
        given = ", ".join(f"{name} {d:.0f} mm off" for d, name in far[:4])
        advice = "Check which point is which and that all are of one face, or leave out the hidden ones."
        raise RenderError(str(Fault("key points", given, f"within {STRAY_MM:.0f} mm of a face's usual place", advice)))


def _facing(placed: NDArray, normal: NDArray) -> NDArray:
    """Cosine of normals and lines of sight (...) of places (..., 3) in camera axes."""
    return dot(normal, unit(np.array([0.0, 0.0, DISTANCE_MM]) - placed))
