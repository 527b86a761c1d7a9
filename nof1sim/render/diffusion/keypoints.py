"""The drawing of five key points that IdentityNet takes as its picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

REFERENCE_PX = 1024
"""Canvas on which the published sizes hold; smaller and larger ones are scaled."""
RADIUS_PX = 10.0
HALF_WIDTH_PX = 4.0
DIM = 0.6
"""The limbs are dimmed by this before the points are drawn over them."""
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255))
"""Of the points, in insightface's order: the two eyes, the nose, the corners of the mouth."""
LIMBS = ((0, 2), (1, 2), (3, 2), (4, 2))
ARC_STEPS = 90


def draw_keypoints(kps_px: ArrayLike, size_px: tuple[int, int], reference_px: float | None = None) -> NDArray[np.uint8]:
    """Limbs from the nose to the other points as thin ellipses, dimmed, and the points as discs, on black.

    The published drawing (InstantID) with PIL in place of OpenCV; the two differ at edges only.

    Parameters
    ----------
    kps_px : (5, 2) x and y of the points.
    size_px : width and height of the canvas.
    reference_px : canvas by which radius and width are scaled: 1024 draws them as published. Default: the longer side
        of the canvas. A crop of a portrait that is drawn larger passes the portrait's side times that factor.

    Returns
    -------
    (h, w, 3) uint8.
    """
    points = np.asarray(kps_px, np.float64)
    scale = (reference_px or max(size_px)) / REFERENCE_PX
    limbs = Image.new("RGB", size_px)
    pen = ImageDraw.Draw(limbs)
    for first, last in LIMBS:
        pen.polygon(_ellipse(points[first], points[last], HALF_WIDTH_PX * scale), fill=COLOURS[first])
    canvas = Image.fromarray((np.asarray(limbs) * DIM).astype(np.uint8))
    pen = ImageDraw.Draw(canvas)
    radius = RADIUS_PX * scale
    for (x, y), colour in zip(points, COLOURS, strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return np.asarray(canvas)


def _ellipse(a: NDArray[np.float64], b: NDArray[np.float64], half_width: float) -> list[tuple[float, float]]:
    """Outline of the ellipse from `a` to `b`."""
    middle, half = (a + b) / 2, float(np.hypot(*(a - b))) / 2
    turn = math.atan2(b[1] - a[1], b[0] - a[0])
    angle = np.linspace(0, 2 * math.pi, ARC_STEPS, endpoint=False)
    along, across = half * np.cos(angle), half_width * np.sin(angle)
    x = middle[0] + along * math.cos(turn) - across * math.sin(turn)
    y = middle[1] + along * math.sin(turn) + across * math.cos(turn)
    return list(zip(x.tolist(), y.tolist(), strict=True))
