"""Identity figures of a dataset: reads its pictures, asks a face pack whose face each shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..dataset.images import decode
from ..dataset.reader import Dataset, open_dataset
from ..errors import DatasetError, Fault
from ..model import Unit, patient_key
from ..render.diffusion.faces import FaceReader, load_faces
from ..render.diffusion.identity import IdentityFigures, identity_figures
from ..render.diffusion.places import Places
from ..render.diffusion.registry import resolve

PORTRAIT = "truth/portraits/{key}.png"
"""Where a renderer that starts from a portrait leaves it: the reference; else the patient's first picture is."""

Picture = tuple[str, NDArray[np.uint8]]
Tell = Callable[[int, int, str], None]


def identity_of_dataset(
    dataset: str | os.PathLike[str] | Dataset,
    reader: FaceReader,
    *,
    view: str = "front",
    every: int = 1,
    tell: Tell | None = None,
) -> IdentityFigures:
    """How alike a patient's pictures are to the portrait (or the first picture), and how unlike the patients are.

    Parameters
    ----------
    dataset : a finished dataset, of any renderer.
    reader : see `open_reader`.
    view : which view of each day.  every : use each n-th picture of a patient; the first is always used.
    tell : called with pictures done, pictures in all, what.

    Raises
    ------
    DatasetError
        No dataset, or no pictures of that view.
    """
    opened = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    if every < 1:
        raise DatasetError(str(Fault("every", every, "a whole number of at least 1")))
    units = [unit for unit in opened.units() if unit.view == view]
    if not units:
        views = sorted({unit.view for unit in opened.units()})
        raise DatasetError(str(Fault("view", view, ", ".join(views) or "none: the dataset has no pictures")))
    by_rank: dict[int, list[Unit]] = {}
    for unit in units:
        by_rank.setdefault(unit.rank, []).append(unit)
    chosen = {rank: some[::every] for rank, some in by_rank.items()}
    total, done = sum(map(len, chosen.values())), 0

    def pictures(rank: int, some: list[Unit]) -> Iterator[Picture]:
        nonlocal done
        portrait = PORTRAIT.format(key=patient_key(rank))
        if opened.target.exists(portrait):
            yield portrait, decode(opened.read(portrait))
        for unit in some:
            yield opened.path(unit), opened.image(unit)
            done += 1
            if tell is not None:
                tell(done, total, f"patient {names[rank]}")

    names = opened.patient_ids()
    return identity_figures(((names[rank], pictures(rank, some)) for rank, some in chosen.items()), reader)


def open_reader(pack: str = "antelopev2", models: str | os.PathLike[str] | None = None) -> FaceReader:
    """The face pack of a name, from the models directory or the hub's cache. Raises ModelNotAvailable."""
    return load_faces(resolve([pack], Places.of(models))[pack].folder)
