"""The one face of a picture: insightface's detector behind a thin adapter that never downloads. Needs the extra `face`.

Shared by who asks whose face it is (`diffusion.faces`) and who asks where its parts lie (`portrait.detect`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Fault, ModelNotAvailable, RenderError

Pixels = NDArray[np.uint8]

DETECTOR_PX = (640, 640)
CPU = ("CPUExecutionProvider",)
SECOND_FACE = 0.25
"""A second face of at least this share of the largest one's area makes a picture ambiguous."""
PADDING = 0.6
"""Where no face is found a margin of this share of the longer side is tried: detectors miss faces that fill the frame.

An audit of ACNE04, half-faces taken from near, found the face in 9 % of the photographs as they are, and in 96 % with
this margin.
"""


def open_analysis(directory: Path, modules: Sequence[str], pack: str, providers: Sequence[str] = CPU) -> Any:
    """insightface's FaceAnalysis over the networks of a folder.

    Parameters
    ----------
    directory : holds the .onnx files.
    modules : which networks: "detection" and others of insightface's task names.
    pack : what the folder is called in an error.
    providers : onnxruntime's execution providers, the preferred one first.

    Raises
    ------
    ModelNotAvailable
        The extra `face` is not installed, or a file cannot be read.
    """
    try:
        from insightface.app import FaceAnalysis  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        advice = 'Install it: pip install "nof1sim[face]".'
        raise ModelNotAvailable(str(Fault("faces", f"{error}", "the extra `face`", advice))) from None
    try:
        # A directory as `name` is loaded as it stands; a name alone would start a download.
        analysis = FaceAnalysis(name=str(directory.resolve()), providers=list(providers), allowed_modules=list(modules))
        analysis.prepare(ctx_id=-1 if tuple(providers) == CPU else 0, det_size=DETECTOR_PX)
    except Exception as error:  # whatever onnx, protobuf and the runtime throw at damaged bytes
        given = f"{type(error).__name__}: {error}"
        advice = f"Check it: nof1sim models verify {pack}."
        raise ModelNotAvailable(str(Fault(f"faces: {directory}", given, f"the files of {pack}", advice))) from error
    return analysis


def one_face(analysis: Any, image: Pixels, where: str) -> tuple[Any, float]:
    """The one face of a picture (h, w, 3) uint8 sRGB, as insightface describes it, and by how much to shift it.

    Coordinates of the face less the shift are pixels of the picture. `where`: what the picture is called in an error.

    Raises
    ------
    RenderError
        No face, or a second one that is not much smaller.
    """
    faces, shift = _faces(analysis, image), 0.0
    if not faces:
        shift = round(PADDING * max(image.shape[:2]))
        faces = _faces(analysis, np.pad(image, ((shift, shift), (shift, shift), (0, 0)), constant_values=127))
    if not faces:
        advice = "Give a picture with a whole face, facing the camera."
        raise RenderError(str(Fault(where, "no face found", "one face", advice)))
    faces = sorted(faces, key=_area, reverse=True)
    share = _area(faces[1]) / _area(faces[0]) if len(faces) > 1 else 0.0
    if share >= SECOND_FACE:
        given = f"{len(faces)} faces, the second with {share:.0%} of the first one's area"
        raise RenderError(str(Fault(where, given, "one face", "Crop the picture to the person who is meant.")))
    return faces[0], shift


def _faces(analysis: Any, image: Pixels) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # scikit-image, at each alignment
        return list(analysis.get(np.ascontiguousarray(image[:, :, ::-1])))  # it wants blue first


def _area(face: Any) -> float:
    left, top, right, bottom = (float(edge) for edge in face.bbox)
    return max(right - left, 0.0) * max(bottom - top, 0.0)
