"""Where the parts of the face lie in a photograph: from the file beside it, or else from a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nof1sim.errors import Fault, RenderError

from .sidecar import ENDING, find_sidecar, load_sidecar


@dataclass(frozen=True, slots=True)
class Landmarks:
    """points_px : name -> (x, y), hidden ones left out.  source : "clicked", "insightface landmark_3d_68" ..."""

    points_px: Mapping[str, tuple[float, float]]
    source: str


class Pictured(Protocol):
    """What is asked of a photograph here (`photograph.Photograph`). pixels : (h, w, 3) uint8, upright."""

    @property
    def name(self) -> str: ...
    @property
    def pixels(self) -> NDArray[np.uint8]: ...


class LandmarkReader(Protocol):
    """Finds the landmarks of a picture's one face, as `detect.open_landmarks` does."""

    def landmarks(self, pixels: NDArray[np.uint8], where: str) -> Landmarks: ...


def landmarks_for(
    path: str | os.PathLike[str] | None, photograph: Pictured, reader: LandmarkReader | None = None
) -> Landmarks:
    """The key points of a photograph: its sidecar file's, else the reader's.

    Parameters
    ----------
    path : of the photograph; None for one that has no file.
    photograph : its pixels, upright.
    reader : `detect.open_landmarks(...)`, or None where there are no networks.

    Raises
    ------
    InputError
        The sidecar has faults (`sidecar.load_sidecar`).
    RenderError
        Neither a sidecar nor a reader; or the reader finds no face, several, or one too small.
    """
    beside = None if path is None else find_sidecar(Path(path))
    if beside is not None:
        height, width = photograph.pixels.shape[:2]
        found = load_sidecar(beside, (width, height))
        return Landmarks(found.points_px, found.source)
    if reader is not None:
        return reader.landmarks(photograph.pixels, photograph.name)
    file = photograph.name if path is None else Path(path).name
    ways = (
        "one of three: points clicked on a page of this machine (nof1sim landmarks FILE); a file of key points beside "
        f"the photograph (FILE{ENDING}); or a face pack (pip install 'nof1sim[face]', nof1sim models pull buffalo_l "
        "--accept-license)"
    )
    raise RenderError(str(Fault(file, "no landmarks", ways)))
