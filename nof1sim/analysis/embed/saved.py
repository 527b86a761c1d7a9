"""Fitted embedders as files, and back: a model that one analysis learnt serves the next unchanged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ...errors import AnalysisError, Fault
from ..images import Shots
from ..preprocess import Array
from .base import Embedder, Needs, Progress

SUFFIX = ".npz"


@dataclass(frozen=True, slots=True)
class Ready:
    """A fitted embedder that `fit` leaves as it is."""

    fitted: Embedder
    path: str

    @property
    def name(self) -> str:
        return self.fitted.name

    @property
    def needs(self) -> Needs:
        return self.fitted.needs

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        return (f"learnt earlier: {Path(self.path).name}",)

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Ready:
        return self

    def embed(self, shots: Shots) -> Array:
        return self.fitted.embed(shots)


def open_saved(path: str) -> Ready:
    """What an embedder's `save` wrote, by its .npz. An AnalysisError where it is missing or something else."""
    from .autoencoder import Autoencoder
    from .pca import PixelPca

    file = Path(path)
    if not file.is_file():
        raise AnalysisError(str(Fault("embedder", path, "a saved model", "There is no such file.")))
    if file.with_suffix(".json").exists():
        return Ready(Autoencoder.load(file), path)
    try:
        return Ready(PixelPca.load(file), path)
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        advice = f"Keep the .json beside it. {error}."
        raise AnalysisError(str(Fault("embedder", path, "NAME.npz as an analysis saved it", advice))) from error


def save(fitted: Embedder, path: Path) -> bool:
    """Write a fitted embedder beside `path` (its ending is chosen); False where it has learnt nothing to keep."""
    keep = getattr(fitted, "save", None)
    if keep is None:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    keep(path)
    return True
