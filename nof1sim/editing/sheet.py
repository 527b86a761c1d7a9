"""Before, after, and where: the picture beside an edit that a person looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .edit import Edited
from .stock import kind_of

MOST_PX = 1200
"""Height and width of a panel at most."""
GAP_PX = 8
COLOURS = ((0, 230, 80), (60, 180, 255), (255, 210, 0))
"""Rings of added lesions: inflammatory, comedones, marks."""
FOUND = (255, 255, 255)
"""Rings of the spots that were there before."""


def before_after(edited: Edited, mm_per_px: float) -> NDArray[np.uint8]:
    """(h, w, 3): the photograph, the edit, and the edit with rings: one a lesion, white ones around earlier spots."""
    height, width = edited.pixels.shape[:2]
    scale = min(1.0, MOST_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    panels = [Image.fromarray(pixels) for pixels in (edited.before, edited.pixels, edited.pixels)]
    if scale < 1:
        panels = [panel.resize(size, Image.Resampling.LANCZOS) for panel in panels]
    draw = ImageDraw.Draw(panels[2])
    kinds = kind_of(edited.lesions.stage)
    shown = edited.drawn & np.isfinite(edited.x_px)
    for x, y, d, kind in zip(
        edited.x_px[shown], edited.y_px[shown], edited.lesions.diameter_mm[shown], kinds[shown], strict=True
    ):
        _ring(draw, x * scale, y * scale, 0.5 * d / mm_per_px * scale + 2, COLOURS[kind])
    found = edited.found
    for x, y, d in zip(found.x_px, found.y_px, found.diameter_mm, strict=True):
        _ring(draw, x * scale, y * scale, 0.5 * d / mm_per_px * scale + 2, FOUND)
    gap = np.full((size[1], GAP_PX, 3), 255, np.uint8)
    return np.hstack([np.asarray(panels[0]), gap, np.asarray(panels[1]), gap, np.asarray(panels[2])])


def _ring(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)
