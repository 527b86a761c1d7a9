"""Principal components of the pixels, by a randomised SVD that reads the pictures in batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import AnalysisError, Fault
from ...randomness import stream
from ..images import Shots, batches
from ..preprocess import Array, Preprocessing
from .base import Needs, Progress

COMPONENTS, OVERSAMPLING, POWER = 16, 10, 2


@dataclass(frozen=True, slots=True)
class PixelPca:
    """Halko, Martinsson & Tropp 2011, algorithm 4.4 with two power iterations, on pixels minus their overall mean."""

    name: str = "pca"
    size_px: int = 64
    components: int = COMPONENTS
    mean: Array | None = None
    axes: Array | None = None

    @property
    def needs(self) -> Needs:
        return Needs(self.size_px, Preprocessing(self.size_px))

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> PixelPca:
        """The leading axes (components, h * w * 3); fewer where there are fewer pictures."""
        mean = shots.pixels.mean(0, dtype=np.float64).astype(np.float32).ravel() / 255
        width = min(self.components + OVERSAMPLING, len(shots), mean.size)
        basis = stream(seed, "pca").standard_normal((mean.size, width)).astype(np.float32)
        for _ in range(POWER + 1):
            basis = np.linalg.qr(sum_of_products(shots, mean, basis))[0]
        small = np.concatenate([(rows(shots, part) - mean) @ basis for part in batches(len(shots))])
        _, _, turn = np.linalg.svd(small, full_matrices=False)
        axes = (basis @ turn.T).T[: self.components]
        return replace(self, mean=mean, axes=np.ascontiguousarray(axes))

    def embed(self, shots: Shots) -> Array:
        mean, axes = self._fitted()
        return np.concatenate([(rows(shots, part) - mean) @ axes.T for part in batches(len(shots))], dtype=np.float32)

    def picture(self, direction: Array) -> Array:
        """A direction in the vectors' space as (h, w, 3)."""
        return (direction @ self._fitted()[1]).reshape(self.size_px, self.size_px, 3)

    def save(self, path: str | Path) -> None:
        """Mean and axes as .npz (arrays only, no pickle)."""
        mean, axes = self._fitted()
        np.savez(Path(path).with_suffix(".npz"), mean=mean, axes=axes, size_px=np.int64(self.size_px))

    @classmethod
    def load(cls, path: str | Path) -> PixelPca:
        """What `save` wrote."""
        with np.load(Path(path).with_suffix(".npz"), allow_pickle=False) as file:
            return cls("pca", int(file["size_px"]), len(file["axes"]), file["mean"], file["axes"])

    def _fitted(self) -> tuple[Array, Array]:
        if self.mean is None or self.axes is None:
            raise AnalysisError(str(Fault("embedder pca", "not fitted", "a fitted one", "Call fit first.")))
        return self.mean, self.axes


def rows(shots: Shots, part: slice) -> Array:
    """Pictures as rows (b, h * w * 3), 0 to 1."""
    pixels = shots.pixels[part]
    return np.divide(pixels.reshape(len(pixels), -1), 255, dtype=np.float32)


def sum_of_products(shots: Shots, mean: Array, basis: Array) -> Array:
    """X' X basis for the centred pictures X, never held whole."""
    total: Array = np.zeros(basis.shape, np.float32)
    for part in batches(len(shots)):
        centred = rows(shots, part) - mean
        total += centred.T @ (centred @ basis)
    return total
