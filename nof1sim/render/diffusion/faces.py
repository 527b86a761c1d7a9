"""Whose face is in a picture: insightface behind a thin adapter that never downloads.

An embedding belongs to the pack of networks that made it: InstantID takes the raw one of antelopev2, FaceID the normed
one of buffalo_l. They are kept apart by name, and numbers of two packs are never compared.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Fault, ModelNotAvailable, RenderError

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

RECOGNISERS = {"glintr100.onnx": "antelopev2", "w600k_r50.onnx": "buffalo_l"}
"""The network that makes the embedding -> the pack that it comes with."""
DETECTORS = {"antelopev2": "scrfd_10g_bnkps.onnx", "buffalo_l": "det_10g.onnx"}
DETECTOR_PX = (640, 640)
EMBEDDING = 512
SECOND_FACE = 0.25
"""A second face of at least this share of the largest one's area makes a picture ambiguous."""
PADDING = 0.5
"""Where no face is found a margin of this share of the picture is tried: detectors miss faces that fill the frame."""


@dataclass(frozen=True, slots=True)
class FaceIdentity:
    """A face as numbers.

    embedding : (512,) float32, raw, as InstantID takes it.  normed_embedding : (512,) float32 of length 1, for FaceID.
    pack : name of the networks that made it.  kps_px : (5, 2) float32, x and y of the eyes, the nose's tip and the
    corners of the mouth, image's left first.  bbox_px : (4,) float32, left, top, right, bottom.  det_score : 0 to 1.
    """

    embedding: NDArray[np.float32]
    normed_embedding: NDArray[np.float32]
    pack: str
    kps_px: NDArray[np.float32]
    bbox_px: NDArray[np.float32]
    det_score: float


def cosine(a: FaceIdentity, b: FaceIdentity) -> float:
    """Likeness of two faces, -1 to 1. A RenderError where different packs made them."""
    if a.pack != b.pack:
        fault = Fault(
            "cosine", f"embeddings of {a.pack} and {b.pack}", "two of the same pack", "Analyse both with one."
        )
        raise RenderError(str(fault))
    return float(np.dot(a.normed_embedding.astype(np.float64), b.normed_embedding.astype(np.float64)))


@dataclass(frozen=True, slots=True)
class FaceReader:
    """Finds the face of a picture. pack : name of its networks.  analysis : insightface's FaceAnalysis."""

    pack: str
    analysis: Any

    def analyse(self, image: Pixels, where: str = "the picture") -> FaceIdentity:
        """The identity of the one face in a picture.

        Parameters
        ----------
        image : (h, w, 3) uint8 sRGB.
        where : what the picture is called in an error.

        Raises
        ------
        RenderError
            No face, or a second one that is not much smaller.
        """
        faces, shift = self._faces(image), 0.0
        if not faces:
            shift = round(PADDING * max(image.shape[:2]))
            faces = self._faces(np.pad(image, ((shift, shift), (shift, shift), (0, 0)), constant_values=127))
        if not faces:
            advice = "Give a picture with a whole face, facing the camera."
            raise RenderError(str(Fault(where, "no face found", "one face", advice)))
        faces = sorted(faces, key=_area, reverse=True)
        if len(faces) > 1 and _area(faces[1]) >= SECOND_FACE * _area(faces[0]):
            given = (
                f"{len(faces)} faces, the second with {_area(faces[1]) / _area(faces[0]):.0%} of the first one's area"
            )
            raise RenderError(str(Fault(where, given, "one face", "Crop the picture to the person who is meant.")))
        return self._identity(faces[0], shift)

    def _faces(self, image: Pixels) -> list[Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # scikit-image, at each alignment
            return list(self.analysis.get(np.ascontiguousarray(image[:, :, ::-1])))  # it wants blue first

    def _identity(self, face: Any, shift: float) -> FaceIdentity:
        embedding = np.asarray(face.embedding, np.float32)
        length = float(np.linalg.norm(embedding))
        if embedding.shape != (EMBEDDING,) or not np.isfinite(length) or length == 0:
            given = f"an embedding of shape {embedding.shape}, length {length:.3g}"
            raise ModelNotAvailable(str(Fault(self.pack, given, f"({EMBEDDING},), finite", "The files are damaged.")))
        return FaceIdentity(
            embedding,
            embedding / np.float32(length),
            self.pack,
            np.asarray(face.kps, np.float32) - np.float32(shift),
            np.asarray(face.bbox, np.float32) - np.float32(shift),
            float(face.det_score),
        )


def _area(face: Any) -> float:
    left, top, right, bottom = (float(edge) for edge in face.bbox)
    return max(right - left, 0.0) * max(bottom - top, 0.0)


def load_faces(directory: Path, providers: Sequence[str] = ("CPUExecutionProvider",)) -> FaceReader:
    """Load a pack of networks from its directory.

    Parameters
    ----------
    directory : holds the pack's .onnx files, e.g. `Resolved.folder` of antelopev2 or buffalo_l.
    providers : onnxruntime's execution providers, the preferred one first.

    Raises
    ------
    ModelNotAvailable
        The extra `face` is not installed; or the directory is missing, holds a folder of its own name, another network,
        or files that cannot be read.
    """
    pack = pack_of(directory)
    try:
        from insightface.app import FaceAnalysis  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        advice = 'Install it: pip install "nof1sim[face]".'
        raise ModelNotAvailable(str(Fault("faces", f"{error}", "the extra `face`", advice))) from None
    try:
        # A directory as `name` is loaded as it stands; a name alone would start a download.
        analysis = FaceAnalysis(
            name=str(directory.resolve()), providers=list(providers), allowed_modules=["detection", "recognition"]
        )
        analysis.prepare(ctx_id=-1 if tuple(providers) == ("CPUExecutionProvider",) else 0, det_size=DETECTOR_PX)
    except Exception as error:  # whatever onnx, protobuf and the runtime throw at damaged bytes
        given = f"{type(error).__name__}: {error}"
        advice = f"Check it: nof1sim models verify {pack}."
        raise ModelNotAvailable(str(Fault(f"faces: {directory}", given, f"the files of {pack}", advice))) from error
    if not {"detection", "recognition"} <= set(analysis.models):
        fault = Fault(f"faces: {directory}", sorted(analysis.models), "a detector and a recogniser")
        raise ModelNotAvailable(f"{fault} Check it: nof1sim models verify {pack}.")
    return FaceReader(pack, analysis)


def pack_of(directory: Path) -> str:
    """Which pack a directory holds, by its files. Raises ModelNotAvailable as `load_faces`."""
    names = {path.name for path in directory.glob("*.onnx")} if directory.is_dir() else set[str]()
    packs = [pack for file, pack in RECOGNISERS.items() if file in names]
    if len(packs) == 1 and DETECTORS[packs[0]] in names:
        return packs[0]
    expected = "; ".join(f"{pack}: {DETECTORS[pack]} and {file}" for file, pack in RECOGNISERS.items())
    raise ModelNotAvailable(
        f"faces: {directory}: {_found(directory, names)}; expected {expected}.{_advice(directory, names)} "
        "Get one with `nof1sim models pull antelopev2 --accept-license`, or from a zip or folder that you have: --from."
    )


def _found(directory: Path, names: set[str]) -> str:
    if not directory.is_dir():
        return "no such folder"
    inside = sorted(names) or sorted(path.name for path in directory.iterdir())[:8]
    return f"found {', '.join(inside) or 'nothing'}"


def _advice(directory: Path, names: set[str]) -> str:
    if directory.is_dir() and not names:
        for inner in sorted(path for path in directory.iterdir() if path.is_dir()):
            if any(inner.glob("*.onnx")):
                return f" The files lie one folder deeper, in {inner}: move them up, or give that folder."
    if "arcface.onnx" in names:
        return " arcface.onnx is a different network under the same pack's name: its embeddings do not fit."
    if sum(file in names for file in RECOGNISERS) > 1:
        return " Two packs lie in one folder: give each a folder of its own."
    return ""
