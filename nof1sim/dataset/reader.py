"""Reading a dataset. What a study records and what only a simulator knows are different calls."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import DatasetError, unknown_name
from ..model import Nuisance, Unit, patient_key
from . import pieces
from .columns import TABLES
from .images import decode, decode_mask
from .layers import decode_layer
from .layout import FACES, LAYERS, MANIFEST, TRUTH_MANIFEST, layer_of, mask_of, persistence_path
from .manifest import covered, read_manifest
from .packs import opened
from .statements import About, about
from .tables import read_csv, read_parquet

if TYPE_CHECKING:
    import pandas

    from .torch_data import Pictures, Sample

IMAGE_COLUMN = "image_"
NUISANCE = tuple(field.name for field in fields(Nuisance))


class Dataset:
    """A finished dataset. Its manifest is checked on opening, its files are not.

    Raises
    ------
    DatasetError
        No dataset, or an unfinished one; the message says what to do.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.target = opened(url)
        self.url = self.target.url
        self.manifest: dict[str, Any] = read_manifest(self.target, MANIFEST)

    @cached_property
    def about(self) -> About:
        """What is said of it, by who is in its pictures."""
        return about(self.manifest)

    def __repr__(self) -> str:
        return f"Dataset({self.url!r})"

    def observations(self) -> pl.DataFrame:
        """What the study recorded: one row a patient, day and occasion."""
        return self._observations

    def truth(self, name: str) -> pl.DataFrame:
        """What only a simulator knows: patients, days, lesions, lesion_days, boxes, keypoints or images."""
        tables = [table for table in TABLES if table != "observations"]
        if name not in tables:
            raise DatasetError(str(unknown_name("truth table", "truth(name)", name, tables)))
        path = TABLES[name].path
        if path.endswith(".csv"):
            return read_csv(self.target.read(path), name)
        files = pieces.files_of(self.target, name) or [path]  # the letter names what is missing
        return pl.concat([read_parquet(self.target.read(file)) for file in files])

    @cached_property
    def truth_manifest(self) -> dict[str, Any]:
        """The resolved protocol, the seed, the figures of quality."""
        return read_manifest(self.target, TRUTH_MANIFEST)

    def persistence(self, rank: int) -> dict[str, NDArray[Any]]:
        """The lesion persistence map of the patient of a rank (0-based)."""
        with np.load(io.BytesIO(self.target.read(persistence_path(patient_key(rank))))) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def units(self) -> list[Unit]:
        """Every image that the study has, in order. The rank is the patient's place in observations.csv."""
        return list(self._paths)

    def views(self) -> list[str]:
        """Names of the views, in the order of the columns of observations.csv."""
        columns = self._observations.columns
        return [name.removeprefix(IMAGE_COLUMN) for name in columns if name.startswith(IMAGE_COLUMN)]

    def patient_ids(self) -> list[str]:
        """Names of the patients, by rank."""
        return self._observations["patient_id"].unique(maintain_order=True).to_list()

    def path(self, unit: Unit) -> str:
        """The image file of a unit, relative to the dataset. A missing one is a DatasetError."""
        try:
            return self._paths[unit]
        except KeyError:
            raise DatasetError(f"{self.url}: no image of {unit}; the study did not record one.") from None

    def read(self, path: str) -> bytes:
        """The bytes of any file of the dataset."""
        return self.target.read(path)

    def image(self, unit: Unit) -> NDArray[np.uint8]:
        """The pixels (h, w, 3) of an image, sRGB."""
        return decode(self.target.read(self.path(unit)))

    def images(self, view: str | None = None, patient: str | None = None) -> Iterator[tuple[Unit, NDArray[np.uint8]]]:
        """Units and their pixels (h, w, 3), in order, each read when its turn comes: memory holds one.

        Parameters
        ----------
        view : only this view, such as "front"; default all.
        patient : only this patient (a name of `patient_ids`); default all.

        Raises
        ------
        DatasetError
            No such view or patient.
        """
        views, ids = self.views(), self.patient_ids()
        if view is not None and view not in views:
            raise DatasetError(str(unknown_name("view", "images(view)", view, views)))
        if patient is not None and patient not in ids:
            raise DatasetError(str(unknown_name("patient", "images(patient=...)", patient, ids)))
        rank = None if patient is None else ids.index(patient)
        chosen = (unit for unit in self._paths if view in (None, unit.view) and rank in (None, unit.rank))
        return ((unit, self.image(unit)) for unit in chosen)

    def to_pandas(self, truth: bool = False) -> pandas.DataFrame:
        """The observations as a frame of pandas, a row a patient, day and occasion.

        With `truth`, beside them the columns of truth/days.csv that the observations do not have.
        """
        from .pandas_data import to_pandas

        table = self.observations()
        if truth:
            days = self.truth("days")
            more = [name for name in days.columns if name not in table.columns]
            table = table.join(days.select("patient_id", "day", *more), on=("patient_id", "day"), how="left")
        return to_pandas(table)

    def to_torch(
        self,
        part: str | None = None,
        split: Mapping[str, float] | None = None,
        seed: int = 0,
        target: str | None = "AcneSeverity",
        transform: Callable[[Sample], Any] | None = None,
        truth: bool = False,
        mask: bool = False,
    ) -> Pictures:
        """The pictures as a map-style dataset for `torch.utils.data.DataLoader`, split by patient.

        An item is a dict: image, (3, h, w) float32 from 0 to 1; target, float32; patient (rank), day, occasion, view;
        with `mask`, mask, (h, w) int64: the lesion_id of each pixel, 0 for skin.

        Parameters
        ----------
        part : "train", "test" or another name of `split`; default: everybody, no split.
        split : name of a part -> its share of the patients; default {"train": 0.8, "test": 0.2}. Two days of one face
            are nearly the same picture, so nobody is in two parts.
        seed : which patients fall into which part.
        target : a column of numbers of the observations; pictures where it is empty are left out. None: no target.
        transform : called with the whole item, so that image and mask stay together; what it returns is the item.
            For workers it must be picklable.
        truth : the target may also be a column of truth/days.csv, such as "severity_true".
        mask : also the lesion masks (from truth/).

        Raises
        ------
        InputError
            torch is not installed, an unknown part or target, or a split that cannot be made.
        """
        from .torch_data import pictures

        return pictures(self, part, split, seed, target, transform, truth, mask)

    def mask(self, unit: Unit, support: bool = False) -> NDArray[np.int32]:
        """The lesion_id of each pixel (h, w), 0 for skin; with `support`, of every pixel that a lesion touched."""
        return decode_mask(self.target.read(mask_of(self.path(unit), support)))

    def layer(self, unit: Unit, name: str) -> NDArray[Any]:
        """A further truth image (h, w) of a unit: parts, depth, normals, chart or binary, as `Render.layers` says.

        Raises
        ------
        DatasetError
            No such layer, or the dataset was made without it (`images.layers`).
        """
        if name not in LAYERS:
            raise DatasetError(str(unknown_name("layer", "layer(name)", name, LAYERS)))
        path = layer_of(self.path(unit), name)
        if not self.target.exists(path):
            raise DatasetError(f"{self.url}: has no layer {name!r}. Simulate with images.layers: [{name}].")
        return decode_layer(name, self.target.read(path))

    def nuisance(self, unit: Unit) -> dict[str, float | str]:
        """Everything about a photograph that is not the skin's disease; see `nof1sim.model.Nuisance`."""
        found = self._pictures.row(self._places[self.path(unit)], named=True)
        return {name: found[name] or "" if name == "phone" else found[name] for name in NUISANCE}

    def faces(self) -> dict[str, dict[str, float | str]]:
        """Patient key (P001 ...) -> the numbers that the renderer chose for that person."""
        return json.loads(self.target.read(FACES))["faces"]

    def files(self) -> Iterator[tuple[str, str]]:
        """(path, SHA-256) of every file that the manifests vouch for."""
        return covered(self.target)

    @cached_property
    def _pictures(self) -> pl.DataFrame:
        return self.truth("images").select("image", *NUISANCE)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {image: place for place, image in enumerate(self._pictures["image"])}

    @cached_property
    def _observations(self) -> pl.DataFrame:
        return read_csv(self.target.read(TABLES["observations"].path), "observations")

    @cached_property
    def _paths(self) -> dict[Unit, str]:
        table = self._observations
        views = [name for name in table.columns if name.startswith(IMAGE_COLUMN)]
        rank_of = {patient_id: rank for rank, patient_id in enumerate(self.patient_ids())}
        paths: dict[Unit, str] = {}
        for patient_id, day, occasion, *images in table.select("patient_id", "day", "occasion", *views).iter_rows():
            for view, path in zip(views, images, strict=True):
                if path is not None:
                    paths[Unit(rank_of[patient_id], day, occasion, view.removeprefix(IMAGE_COLUMN))] = path
        return paths


def open_dataset(url: str | os.PathLike[str]) -> Dataset:
    """Open a finished dataset: a folder or any URL that fsspec knows."""
    return Dataset(url)
