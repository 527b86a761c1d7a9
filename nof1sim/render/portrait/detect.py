"""Landmarks by insightface's networks, from a pack that is on this machine. Needs the extra `face`; never downloads.

The packs antelopev2 and buffalo_l hold two: `1k3d68.onnx` (task landmark_3d_68) and `2d106det.onnx` (landmark_2d_106).
The 68 are taken where both are there: they are the scheme that the face chart's names come from. They are places on
the head in three dimensions: on a turned head the far contour lies behind the visible edge, as the chart's does.

Not checked without weights: that the two networks give their points in the orders that `schemes` tells. What runs is
insightface's own reading of their outputs (tests do so over stub networks of the published shapes).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.errors import Fault, ModelNotAvailable, RenderError
from nof1sim.render.faces import one_face, open_analysis

from .landmarks import Landmarks
from .schemes import named_68, named_106

TASKS = {"landmark_3d_68": ("1k3d68.onnx", named_68), "landmark_2d_106": ("2d106det.onnx", named_106)}
"""Task -> its file in a pack, and what names its points; the preferred one first."""
PACKS = ("buffalo_l", "antelopev2")
LEAST_FACE_PX = 64
"""A face whose box is smaller: its landmarks are guesses, and no lesion of it would have a pixel of its own."""


@dataclass(frozen=True, slots=True)
class FaceLandmarks:
    """Finds the landmarks of a picture's one face. task: one of `TASKS`; analysis: insightface's FaceAnalysis."""

    pack: str
    task: str
    analysis: Any

    def landmarks(self, pixels: NDArray[np.uint8], where: str = "the picture") -> Landmarks:
        """The key points of the one face in a picture (h, w, 3) uint8.

        Raises
        ------
        RenderError
            No face, a second one that is not much smaller, or one too small.
        """
        face, shift = one_face(self.analysis, pixels, where)
        left, top, right, bottom = (float(edge) for edge in face.bbox)
        side = min(right - left, bottom - top)
        if side < LEAST_FACE_PX:
            advice = "Give a larger picture, or one taken from nearer."
            fault = Fault(where, f"a face of {side:.0f} px", f"{LEAST_FACE_PX} px or more", advice)
            raise RenderError(str(fault))
        found = np.asarray(face[self.task], float)[:, :2] - shift
        if not np.isfinite(found).all():
            raise RenderError(str(Fault(where, "landmarks that are no numbers", "finite ones", "Click them instead.")))
        return Landmarks(TASKS[self.task][1](found), f"insightface {self.task} ({self.pack})")


def load_landmarks(directory: Path, pack: str | None = None) -> FaceLandmarks:
    """The landmark network of a pack's folder.

    Raises
    ------
    ModelNotAvailable
        The extra `face` is not installed; there is no detector or no landmark network in the folder; or a file cannot
        be read.
    """
    pack = pack or directory.name
    there = {path.name for path in directory.glob("*.onnx")} if directory.is_dir() else set[str]()
    task = next((task for task, (file, _) in TASKS.items() if file in there), None)
    if task is None:
        files = " or ".join(file for file, _ in TASKS.values())
        advice = "Get the whole pack: nof1sim models pull buffalo_l --accept-license; or click: nof1sim landmarks."
        raise ModelNotAvailable(str(Fault(f"faces: {directory}", sorted(there), f"a detector and {files}", advice)))
    analysis = open_analysis(directory, ("detection", task), pack)
    if task not in analysis.models:
        advice = f"Check it: nof1sim models verify {pack}."
        raise ModelNotAvailable(
            str(Fault(f"faces: {directory}", sorted(analysis.models), f"detection, {task}", advice))
        )
    return FaceLandmarks(pack, task, analysis)


def open_landmarks(models: str | os.PathLike[str] | None = None) -> FaceLandmarks | None:
    """The landmark network of a pack on this machine; None where there is no pack, or no package to run it.

    models : the models directory; None: as the environment says (NOF1SIM_MODELS, the hub's cache).
    """
    from ...plugins import installed
    from ..diffusion.places import Places
    from ..diffusion.registry import SPECS, find

    if not (installed("insightface") and installed("onnxruntime")):
        return None
    places = Places.of(models)
    for pack in PACKS:
        found = find(SPECS[pack], places)
        if found is not None and _has_landmarks(found.files):
            return load_landmarks(found.folder, pack)
    return None


def _has_landmarks(files: Mapping[str, Path]) -> bool:
    return any(path.name == file for path in files.values() for file, _ in TASKS.values())
