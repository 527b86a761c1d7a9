"""Spaces in which pictures are compared: an embedder's vectors, standardised on analytic pictures of other people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...analysis.embed.base import Embedder, Needs, Progress, choose, vectors
from ...analysis.images import Pixels, Shots
from ...analysis.preprocess import Array
from ...errors import AnalysisError, Fault, RenderError
from ...model import Floats, Ints
from ...render.diffusion.faces import FaceReader

FACE_PACKS = ("antelopev2", "buffalo_l")
FACE_PX = 256
"""Pictures are enlarged to this side for a face network; its detector finds no face in 64 px."""
LEAST_SD = 0.05
"""A dimension is divided by its SD, at least by this share of the largest: one that hardly varies must not decide."""


@dataclass(frozen=True, slots=True)
class Space:
    """A fitted embedder and the scale of its vectors. centre, scale : (k,), of the fitting pictures."""

    name: str
    embedder: Embedder
    centre: Floats
    scale: Floats
    fitted_on: int

    def vectors(self, pixels: Pixels) -> Floats:
        """(n, k) of pictures (n, h, w, 3)."""
        found = vectors(self.embedder, shots_of(resized(pixels, self.embedder.needs.size_px)))
        return (found - self.centre) / self.scale

    def lost(self, found: Floats) -> int:
        """Of vectors (n, k), pictures in which a face pack found no single face; 0 with any other embedder."""
        return int((found == 0).all(-1).sum()) if isinstance(self.embedder, Faces) else 0

    @property
    def about(self) -> str:
        """One sentence for a reader."""
        if isinstance(self.embedder, Faces):
            return f"{self.name}: the face pack's embedding of length 1; pictures enlarged to {FACE_PX} px"
        return (
            f"{self.name}: {self.centre.size} numbers a picture, standardised on {self.fitted_on} analytic pictures, "
            "each of another person"
        )


def choose_space(name: str, where: str, models: str | None = None) -> Embedder:
    """The embedder behind a name, for comparing people: a face pack, or what `nof1sim analyze` takes.

    Raises
    ------
    AnalysisError
        An embedder that takes the person out of the vectors: centred, or a residual from the person's own mean.
    UnknownNameError, ModelNotAvailable
        Nothing answers to the name; the pack is not on this machine.
    """
    if name in FACE_PACKS:
        from ...simulation.identity import open_reader

        return Faces(name, open_reader(name, models))
    embedder = choose(name, where)
    how = embedder.needs.preprocessing
    if how is not None and (how.centred or how.source == "residual"):
        advice = "It subtracts each person's own mean, so that all people look alike to it."
        raise AnalysisError(str(Fault(where, name, "an embedder that keeps who is shown, such as pca", advice)))
    return embedder


def fit_space(embedder: Embedder, pixels: Pixels, seed: int) -> Space:
    """Fit on pictures (n, h, w, 3), each of another person."""
    shots = shots_of(resized(pixels, embedder.needs.size_px))
    fitted = embedder.fit(shots, seed)
    found = vectors(fitted, shots).astype(float)
    if isinstance(fitted, Faces):  # of length 1 as they are, and compared so
        return Space(embedder.name, fitted, np.zeros(found.shape[1]), np.ones(found.shape[1]), len(pixels))
    scale = found.std(0)
    scale = np.maximum(scale, LEAST_SD * scale.max(initial=0.0))
    scale[scale == 0] = 1.0
    return Space(embedder.name, fitted, found.mean(0), scale, len(pixels))


def shots_of(pixels: Pixels, who: Ints | None = None) -> Shots:
    """Pictures as an embedder takes them, each of a person of its own unless `who` (n,) says otherwise."""
    n = len(pixels)
    zeros, nobody = np.zeros(n, np.int64), np.zeros(n, bool)
    return Shots(np.arange(n) if who is None else who, zeros + 1, zeros + 1, zeros + 1, nobody, pixels)


def resized(pixels: Pixels, size_px: int) -> Pixels:
    """Pictures (n, h, w, 3) at another size; area means where the ratio is whole, as the analysis reads files."""
    side = pixels.shape[1]
    if side == size_px:
        return pixels
    how = Image.Resampling.BOX if side % size_px == 0 else Image.Resampling.LANCZOS
    return np.stack([np.asarray(Image.fromarray(one).resize((size_px, size_px), how)) for one in pixels])


@dataclass(frozen=True, slots=True)
class Faces:
    """A face pack's normed embeddings (512) as vectors; a picture without one face has the zero vector."""

    name: str
    reader: FaceReader

    @property
    def needs(self) -> Needs:
        return Needs(FACE_PX)

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Faces:
        return self

    def embed(self, shots: Shots) -> Array:
        return np.stack([self._one(pixels) for pixels in shots.pixels])

    def _one(self, pixels: Pixels) -> Array:
        try:
            return self.reader.analyse(pixels).normed_embedding
        except RenderError:
            return np.zeros(512, np.float32)
