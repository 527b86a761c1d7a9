"""A close-up of skin without a face: flat, seen square on."""

from __future__ import annotations

import numpy as np

from nof1sim.errors import Fault, RenderError
from nof1sim.render.portrait.face_map import FaceMap, Floats
from nof1sim.render.skin import Sites

FINEST, COARSEST = 0.005, 1.0
"""Limits of a patch's scale, mm a pixel: a lesion of 3 mm covers 3 to 600 of them."""


def flat_map(shape: tuple[int, int], mm_per_px: float) -> FaceMap:
    """A patch of skin of (height, width) px as a plane: its chart is mm from the middle, x right, y up.

    Raises
    ------
    RenderError
        A scale that no photograph of skin has.
    """
    if not FINEST <= mm_per_px <= COARSEST:
        advice = "Measure the width of the patch in mm and divide it by the photograph's width in px."
        raise RenderError(str(Fault("mm_per_px", mm_per_px, f"{FINEST} to {COARSEST}", advice)))
    h, w = shape
    middle_x, middle_y = (w - 1) / 2, (h - 1) / 2
    spot = np.zeros((h, w, 3), np.float32)
    spot[..., 0] = (np.arange(w) - middle_x) * mm_per_px
    spot[..., 1] = ((middle_y - np.arange(h)) * mm_per_px)[:, None]
    normal = np.zeros((h, w, 3), np.float32)
    normal[..., 2] = 1.0

    def place(x_mm: Floats, y_mm: Floats) -> Sites:
        x, y = np.asarray(x_mm, float), np.asarray(y_mm, float)
        at_x, at_y = middle_x + x / mm_per_px, middle_y - y / mm_per_px
        inside = (at_x > -0.5) & (at_x < w - 0.5) & (at_y > -0.5) & (at_y < h - 0.5)
        columns = (
            np.stack([x, y, np.zeros_like(x)], -1), np.tile([0.0, 0.0, 1.0], (x.size, 1)),
            np.where(inside, at_x, np.nan), np.where(inside, at_y, np.nan), np.full(x.size, 1 / mm_per_px),
        )  # fmt: skip
        return Sites(*(np.ascontiguousarray(c, dtype=np.float32) for c in columns))

    rotation = np.eye(3, dtype=np.float32)
    return FaceMap(np.ascontiguousarray(spot[..., :2]), spot, normal, mm_per_px, rotation, 0.0, 0.0, 0.0, place)


def is_flat(face: FaceMap) -> bool:
    """Whether a map is that of a patch: a plane, where the chart's regions mean nothing."""
    return not face.spot[..., 2].any()
