"""The twelve points that a person clicks, and what is shown of the face that they make: the chart's grid.

Which twelve: those with which a spline through them (`render.skin.warp`) misses the facial skin of 8 procedural faces
(poses to 12 degrees, clicks off by 1 px of 320) by the least, among the points that one can name and see. Of all
candidates the hairline and the edge of the face at the wings of the nose gain most: without them the forehead and the
cheeks, where most lesions lie, are only guessed from the eyes and the mouth. Pupils are left out: they look around.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import JAW_LINE, face_edge_mm
from nof1sim.errors import Nof1simError
from nof1sim.render.portrait.face_map import FaceMap
from nof1sim.render.portrait.sitting import probe
from nof1sim.render.skin.warp import LEAST_POINTS, PLACES

Floats = NDArray[np.float64]
Points = Mapping[str, tuple[float, float]]

TO_CLICK: tuple[tuple[str, str, str], ...] = (
    ("exocanthion_right", "Outer corner of the right eye", "Where the lids meet, at the image's left."),
    ("exocanthion_left", "Outer corner of the left eye", "Where the lids meet, at the image's right."),
    ("nasion", "Root of the nose", "The deepest point between the eyes."),
    ("pronasale", "Tip of the nose", "The point that stands out farthest."),
    ("alare_right", "Wing of the nose, right", "Its outermost point, at the image's left."),
    ("alare_left", "Wing of the nose, left", "Its outermost point, at the image's right."),
    ("cheilion_right", "Corner of the mouth, right", "Where the lips meet, at the image's left."),
    ("cheilion_left", "Corner of the mouth, left", "Where the lips meet, at the image's right."),
    ("menton", "Lowest point of the chin", "On the edge of the chin, in the middle."),
    ("trichion", "Hairline", "Its middle, above the forehead. Hidden by a fringe? Mark it hidden."),
    ("ibug_03", "Edge of the face, right", "In front of the ear lobe, at the height of the wings of the nose."),
    ("ibug_15", "Edge of the face, left", "In front of the ear lobe, at the height of the wings of the nose."),
)
"""Name, what a person calls it, where to click."""
STEP_MM = 20.0
FINE_MM = 2.0
"""Between the lines of the grid, and between the points of a line."""


def chart_of_points() -> list[dict[str, Any]]:
    """What the page needs to know of each point: its name, its words, its place on the chart (mm)."""
    return [{"name": name, "label": label, "hint": hint, "at": PLACES[name]} for name, label, hint in TO_CLICK]


def face_lines() -> list[list[tuple[float, float]]]:
    """The drawing of a face on the chart, mm: outline, eyes, brows, nose, mouth, as polylines."""
    jaw = [(-x, y) for x, y in JAW_LINE] + list(JAW_LINE[-2::-1])
    turn = np.linspace(np.pi, 0, 25)
    skull = [(float(76 * np.cos(t)), float(-2 + 92 * np.sin(t))) for t in turn]
    hair = [(float(70 * np.cos(t)), float(28 + 40 * np.sin(t))) for t in np.linspace(0.95 * np.pi, 0.05 * np.pi, 19)]
    lines = [jaw + skull[::-1], hair]
    for side in (-1, 1):
        lid = np.linspace(0, 1, 13)
        x = side * (16.3 + 31.2 * lid)
        up, low = 9 * np.sin(np.pi * lid) ** 0.8 - 1, -6 * np.sin(np.pi * lid) - 1
        lines.append(
            [*zip(x.tolist(), up.tolist(), strict=True), *zip(x[::-1].tolist(), low[::-1].tolist(), strict=True)]
        )
        lines.append([(side * 13.0, 16.0), (side * 36.0, 23.0), (side * 54.0, 16.0)])
        lines.append(
            [(side * 7.0, 4.0), (side * 8.5, -26.0), (side * 16.5, -36.0), (side * 16.0, -43.0), (side * 6.0, -45.0)]
        )
    lines.append([(-6.0, -45.0), (0.0, -47.5), (6.0, -45.0)])
    lips = [(-26.5, -68.5), (-12.0, -62.5), (-4.0, -60.0), (0.0, -61.5), (4.0, -60.0), (12.0, -62.5), (26.5, -68.5)]
    return [*lines, [*lips, (12.0, -76.0), (0.0, -78.0), (-12.0, -76.0), (-26.5, -68.5)],
            [(-26.5, -68.5), (0.0, -68.0), (26.5, -68.5)]]  # fmt: skip


def preview(points_px: Points) -> dict[str, Any]:
    """What is shown under the points of a photograph: `lines` (px), and a `message`."""
    if len(points_px) < LEAST_POINTS:
        return {"lines": [], "message": ""}
    try:
        face, share, offset = probe(points_px)
    except Nof1simError as error:
        return {"lines": [], "message": in_words(str(error))}
    return {"lines": grid_lines(face, share, offset), "message": ""}


def grid_lines(face: FaceMap, share: float, offset: tuple[float, float]) -> list[list[list[float]]]:
    """The chart's lines within the face, every 20 mm, as polylines in the picture, px; hidden parts are left out.

    share, offset : as `probe` gives them.
    """
    heights, widths = np.arange(-108.0, 66.0, FINE_MM), np.arange(-76.0, 76.1, FINE_MM)
    edge = [np.stack([side * face_edge_mm(heights), heights], -1) for side in (-1.0, 1.0)]
    upright = [np.stack([np.full(heights.size, x), heights], -1) for x in np.arange(-60.0, 60.1, STEP_MM)]
    level = [np.stack([widths, np.full(widths.size, y)], -1) for y in np.arange(-100.0, 60.1, STEP_MM)]
    lines = []
    for line in (*edge, *upright, *level):
        inside = line[np.abs(line[:, 0]) <= face_edge_mm(line[:, 1]) + 1e-6]
        sites = face.place(inside[:, 0], inside[:, 1])
        at = np.stack([sites.x_px, sites.y_px], -1).astype(float) / share + offset
        seen = np.flatnonzero(np.isfinite(at).all(-1))
        runs = np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1)
        lines += [np.round(at[run], 1).tolist() for run in runs if len(run) > 1]
    return lines


def in_words(text: str) -> str:
    """An error about key points as a line of the page: without what is allowed, points by what a person calls them."""
    for name, label, _ in TO_CLICK:
        text = text.replace(name, label.lower())
    return text.partition("; allowed")[0] + "."
