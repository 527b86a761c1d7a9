"""Reading a dataset. What a study records and what only a simulator knows are different calls."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import DatasetError, unknown_name
from ..model import Nuisance, Unit, patient_key
from .columns import TABLES
from .images import decode, decode_mask
from .layers import decode_layer
from .layout import FACES, LAYERS, MANIFEST, TRUTH_MANIFEST, layer_of, mask_of, persistence_path
from .manifest import covered, read_manifest
from .tables import read_csv, read_parquet
from .target import Target

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
        self.target = Target(url)
        self.url = self.target.url
        self.manifest: dict[str, Any] = read_manifest(self.target, MANIFEST)

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
        data = self.target.read(path)
        return read_csv(data, name) if path.endswith(".csv") else read_parquet(data)

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
