"""The square of a photograph that a day's pictures start from, and the face in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nof1sim.errors import Fault, RenderError
from nof1sim.render.skin.warp import PLACES

from .face_map import FaceMap
from .geometry import fit_face
from .photograph import Box, Photograph, crop_points, cropped
from .prepare import Canvas, prepare

Points = Mapping[str, tuple[float, float]]

WIDTH_MM = 240.0
"""Width of the square at the face: that of the procedural renderer's front view, so that lesions have its sizes."""
MIDDLE_MM = (0.0, -25.0)
"""Place of the face chart in the middle of the square."""
LEAST_SIDE_PX = 128
"""A smaller square has a papule of 3 mm on less than two pixels of its own, whatever it is enlarged to."""
PROBE_PX = 256
"""Side of the picture on which a face is fitted alone, whatever the size of its photograph."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """A patient's photograph ready for every day. points_px: key points in the square. box: of the square in the
    photograph, px: left, top, right, bottom."""

    canvas: Canvas
    points_px: dict[str, tuple[float, float]]
    box: Box


def sit(photograph: Photograph, points_px: Points, size_px: int) -> Sitting:
    """Cut the square around the face, fit the face, and prepare its skin.

    The square is moved and, where it is wider than the picture, made smaller until it lies within: no pixel is made up.

    Raises
    ------
    RenderError
        A face that is too small; or as `fit_face` and `prepare`.
    """
    box = square(photograph, points_px)
    base = cropped(photograph, box, size_px)
    points = crop_points(points_px, box, size_px)
    return Sitting(prepare(base, fit_face(points, (size_px, size_px))), points, box)


def square(photograph: Photograph, points_px: Points) -> Box:
    """The square around the face, in whole pixels of the photograph."""
    height, width = photograph.pixels.shape[:2]
    face, share, _ = probe(points_px)
    side = round(min(WIDTH_MM / (face.mm_per_px * share), width, height))
    if side < LEAST_SIDE_PX:
        given = f"a face of about {side * 150 / WIDTH_MM:.0f} px"
        allowed = f"{LEAST_SIDE_PX * 150 / WIDTH_MM:.0f} px or more from ear to ear"
        raise RenderError(str(Fault(photograph.name, given, allowed, "Give a larger picture, or one from nearer.")))
    x, y = _middle(points_px)
    left = int(np.clip(round(x + 0.5 - side / 2), 0, width - side))
    top = int(np.clip(round(y + 0.5 - side / 2), 0, height - side))
    return float(left), float(top), float(left + side), float(top + side)


def probe(points_px: Points) -> tuple[FaceMap, float, tuple[float, float]]:
    """The face by itself in a picture of PROBE_PX, and how that picture lies in the photograph.

    Returns
    -------
    face : as `fit_face`.  share, offset : place (x, y) of the photograph is ((x, y) - offset) * share of the probe.
    """
    at = np.array([place for name, place in points_px.items() if name in PLACES], float)
    low, high = at.min(0), at.max(0)
    share = PROBE_PX / (2 * float((high - low).max()) or 1.0)
    left, top = ((low + high) / 2 - PROBE_PX / 2 / share).tolist()
    scaled = {name: ((x - left) * share, (y - top) * share) for name, (x, y) in points_px.items()}
    return fit_face(scaled, (PROBE_PX, PROBE_PX)), share, (left, top)


def _middle(points_px: Points) -> tuple[float, float]:
    """Where MIDDLE_MM lies in the photograph, by an affine fit."""
    known = [name for name in points_px if name in PLACES]
    chart = np.array([(*PLACES[name], 1.0) for name in known])
    affine, *_ = np.linalg.lstsq(chart, np.array([points_px[name] for name in known], float), rcond=None)
    x, y = np.array([*MIDDLE_MM, 1.0]) @ affine
    return float(x), float(y)
