"""Whose face is in a picture: insightface behind a thin adapter that never downloads.

An embedding belongs to the pack of networks that made it: InstantID takes the raw one of antelopev2, FaceID the normed
one of buffalo_l. They are kept apart by name, and numbers of two packs are never compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Fault, ModelNotAvailable, RenderError
from ..faces import CPU, one_face, open_analysis

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

RECOGNISERS = {"glintr100.onnx": "antelopev2", "w600k_r50.onnx": "buffalo_l"}
"""The network that makes the embedding -> the pack that it comes with."""
DETECTORS = {"antelopev2": "scrfd_10g_bnkps.onnx", "buffalo_l": "det_10g.onnx"}
EMBEDDING = 512


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
        return self._identity(*one_face(self.analysis, image, where))

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


def load_faces(directory: Path, providers: Sequence[str] = CPU) -> FaceReader:
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
    analysis = open_analysis(directory, ("detection", "recognition"), pack, providers)
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
