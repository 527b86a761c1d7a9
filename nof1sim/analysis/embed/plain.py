"""Embedders without a network: means over patches, and the redness index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import AnalysisError, Fault
from ..images import Shots, batches
from ..preprocess import Array, Preprocessing, contrast, face_window, log_red_green, prepared
from .base import Needs, Progress


@dataclass(frozen=True, slots=True)
class Patches:
    """The prepared picture, averaged over patches, as the vector. Nothing is learnt."""

    name: str
    how: Preprocessing

    @property
    def needs(self) -> Needs:
        return Needs(self.how.size_px, self.how)

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Patches:
        return self

    def embed(self, shots: Shots) -> Array:
        return prepared(shots, self.how).reshape(len(shots), -1)

    def picture(self, direction: Array) -> Array:
        """A direction in the vectors' space as (h, w, channels)."""
        side = self.how.size_px // self.how.patch_px
        return direction.reshape(side, side, -1)


PATCH = Patches("patch", Preprocessing(source="residual", patch_px=8))
"""Patch means of the template residual. Sees a still face under changing light; a turning head defeats it."""
TEXTURE = Patches("texture", Preprocessing(source="contrast", patch_px=16, window=True))
"""Patch means of the local redness contrast. Blind to white balance and exposure, and does not ask that a lesion stays
on its pixel."""


@dataclass(frozen=True, slots=True)
class Redness:
    """One number a picture, nothing learnt: the mean local redness contrast over the inner face.

    With `local` False the plain erythema index, mean log(R/G) of linear light: it follows white balance as readily as
    disease, so it serves where colour is calibrated.
    """

    name: str = "redness"
    size_px: int = 64
    local: bool = True

    @property
    def needs(self) -> Needs:
        return Needs(self.size_px)

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Redness:
        return self

    def embed(self, shots: Shots) -> Array:
        """(n, 1). An AnalysisError where the pictures are grey."""
        window = face_window(shots.size_px)
        out = np.empty((len(shots), 1), np.float32)
        coloured = False
        for part in batches(len(shots)):
            pixels = shots.pixels[part]
            coloured = coloured or bool((pixels[..., 0] != pixels[..., 1]).any())
            map_ = contrast(pixels) if self.local else log_red_green(pixels)
            out[part, 0] = (map_ * window).sum((1, 2)) / window.sum()
        if not coloured:
            raise AnalysisError(str(Fault("images", "grey", "colour", "Redness needs colour; use --embedder pca.")))
        return out
