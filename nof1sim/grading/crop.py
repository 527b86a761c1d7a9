"""The face cut out of a photograph, and brought to the network's size.

Bernhard et al. 2024 cut it out with BlazeFace. Here, in this order: from key points in the sidecar of a photograph
(`render.portrait.sidecar`); for our datasets the fixed frame, for their camera always looks at the head; from
insightface's detector where it is installed with its weights (with a grey margin of 60 % of the longer side where it
finds no face at first: on ACNE04's half-faces that lifts 9 % of faces found to 96 %); else the whole photograph, which
the result says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import Nof1simError
from ..render.portrait.landmarks import LandmarkReader
from ..render.portrait.photograph import read_photograph
from ..render.portrait.sidecar import find_sidecar, load_sidecar

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""left, top, right, bottom, px from the outer edge; it may leave the picture, where grey is put."""

FRAME = (1 / 6, 0.2, 5 / 6, 0.2 + 2 / 3)
"""Of a dataset's photograph, shares of its sides: the face of every view from hairline to jaw, hardly any backdrop."""
MARGIN = 0.18
"""Key points end at brows and jaw: the box around them grows by this share of its longer side, and more at the top."""
FOREHEAD = 0.30
GREY = 127


@dataclass(frozen=True, slots=True)
class Crop:
    """A photograph's face (size, size, 3) and how it was found: "frame", "key points", "detector" or "whole"."""

    pixels: Pixels
    how: str


def box_of_points(points_px: Mapping[str, tuple[float, float]]) -> Box:
    """A square around key points, with margins."""
    at = np.array(list(points_px.values()), float)
    low, high = at.min(0), at.max(0)
    side = float((high - low).max())
    centre = (low + high) / 2
    top, bottom = low[1] - FOREHEAD * side, high[1] + MARGIN * side
    half = max((bottom - top) / 2, float(high[0] - low[0]) / 2 + MARGIN * side)
    middle = (top + bottom) / 2
    return float(centre[0] - half), float(middle - half), float(centre[0] + half), float(middle + half)


def cut(pixels: Pixels, box: Box, size_px: int) -> Pixels:
    """The box of a picture at (size_px, size_px), bilinear with antialiasing; grey outside the picture."""
    left, top, right, bottom = (round(edge) for edge in box)
    height, width = pixels.shape[:2]
    pad = max(0, -left, -top, right - width, bottom - height)
    if pad:
        pixels = np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)), constant_values=GREY)
    part = pixels[top + pad : bottom + pad, left + pad : right + pad]
    return np.asarray(Image.fromarray(part).resize((size_px, size_px), Image.Resampling.BILINEAR))


def whole(pixels: Pixels) -> Box:
    """A square around the whole picture."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def frame(pixels: Pixels) -> Box:
    """The fixed frame of a dataset's photograph."""
    height, width = pixels.shape[:2]
    return FRAME[0] * width, FRAME[1] * height, FRAME[2] * width, FRAME[3] * height


def framed(pixels: Pixels, size_px: int) -> Crop:
    """A dataset's photograph in its fixed frame."""
    return Crop(cut(pixels, frame(pixels), size_px), "frame")


def photographed(path: Path, size_px: int, reader: LandmarkReader | None) -> Crop:
    """A photograph of the user's: upright, its face cut out.

    Raises
    ------
    InputError
        The file is no colour photograph (`read_photograph`), or its sidecar has faults.
    """
    photograph = read_photograph(path)
    beside = find_sidecar(path)
    if beside is not None:
        height, width = photograph.pixels.shape[:2]
        points = load_sidecar(beside, (width, height)).points_px
        return Crop(cut(photograph.pixels, box_of_points(points), size_px), "key points")
    if reader is not None:
        try:
            found = reader.landmarks(photograph.pixels, photograph.name)
        except Nof1simError:
            return Crop(cut(photograph.pixels, whole(photograph.pixels), size_px), "whole")
        return Crop(cut(photograph.pixels, box_of_points(found.points_px), size_px), "detector")
    return Crop(cut(photograph.pixels, whole(photograph.pixels), size_px), "whole")


Cropper = Callable[[str], Crop]
"""Path of a photograph -> its face."""
