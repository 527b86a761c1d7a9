"""What the learned renderers learnt from, as pictures: to find out what they learnt by heart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from ...analysis.images import Pixels, load
from ...dataset.labelled_rows import images_below
from ...dataset.layout import MANIFEST, TRUTH_MANIFEST
from ...dataset.reader import Dataset
from ...dataset.target import Target
from ...errors import Fault, InputError
from ...model import Ints

T = TypeVar("T")

VIEW = "front"
MOST = 5000
"""Pictures that are read at most, evenly over the folder."""


@dataclass(frozen=True, slots=True)
class Training:
    """pixels (n, size, size, 3) uint8; who (n,) index of the person; notes for a reader."""

    pixels: Pixels
    who: Ints
    notes: tuple[str, ...] = ()

    @property
    def one_each(self) -> Ints:
        """A row a person: the middle one of theirs."""
        rows = [np.flatnonzero(self.who == person) for person in np.unique(self.who)]
        return np.array([some[some.size // 2] for some in rows], np.int64)


def read_training(source: str, size_px: int, seed: int, nuisance: str) -> Training:
    """A dataset's photographs from the front, or all pictures below a folder, at the size of the comparison.

    Parameters
    ----------
    seed, nuisance : the comparison's. With the training's own seed its people would be compared with themselves.

    Raises
    ------
    InputError
        No folder or no picture, or a dataset that was simulated with the comparison's seed.
    AnalysisError
        Pictures that cannot be read, or of several sizes.
    """
    if Target(source).exists(MANIFEST):
        return _of_dataset(Dataset(source), size_px, seed, nuisance)
    folder = Path(source)
    names = images_below(folder) if folder.is_dir() else []
    if not names:
        raise InputError(str(Fault("--training", source, "a dataset's folder, or a folder of pictures")))
    chosen = _some(names)
    note = "the training folder does not tell persons: each of its pictures counts as one"
    return Training(load(lambda name: (folder / name).read_bytes(), chosen, size_px), np.arange(len(chosen)), (note,))


def _of_dataset(dataset: Dataset, size_px: int, seed: int, nuisance: str) -> Training:
    units = _some([unit for unit in dataset.units() if unit.view == VIEW])
    if not units:
        raise InputError(str(Fault("--training", dataset.url, "a dataset with photographs of the view front")))
    notes: list[str] = []
    if dataset.target.exists(TRUTH_MANIFEST):
        protocol = dataset.truth_manifest["protocol"]
        if protocol["seed"] == seed:
            advice = "Its people are those of the training: give another one."
            raise InputError(str(Fault("--seed", seed, f"another seed than {seed}, the training's", advice)))
        images = protocol["images"]
        if images["nuisance"]["preset"] != nuisance:
            given = images["nuisance"]["preset"]
            notes.append(f"the training has photographs with nuisance {given!r}, the comparison with {nuisance!r}")
        if images["size_px"] != size_px:
            notes.append(f"the training has pictures of {images['size_px']} px; they were resized to {size_px} px")
    paths = {dataset.path(unit): unit for unit in units}
    who = np.array([unit.rank for unit in paths.values()], np.int64)
    return Training(load(dataset.read, list(paths), size_px), who, tuple(notes))


def _some(items: list[T]) -> list[T]:
    """At most `MOST` of them, evenly."""
    if len(items) <= MOST:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, MOST).astype(int).tolist()]
