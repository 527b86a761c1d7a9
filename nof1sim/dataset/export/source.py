"""Pictures of a dataset with their rows, for the exports: streamed, and verified as they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from ...errors import DatasetError
from ...model import Unit
from .. import pieces
from ..columns import TABLES
from ..layout import IMAGE_SUMS, TRUTH_SUMS, mask_of
from ..reader import IMAGE_COLUMN, Dataset
from ..target import letters

SCORES = ("severity_true", "hayashi", "iga", "n_inflammatory")
"""Columns of truth/days.csv that go with a picture, as far as the condition has them."""


class Box(NamedTuple):
    """A lesion in a picture. x, y, w, h in pixels from the upper left; `stage` of that day, `kind` at its height."""

    lesion_id: int
    x: float
    y: float
    w: float
    h: float
    area_px: int
    stage: str
    kind: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph and its row.

    path : of the image, relative to the dataset.
    row : columns of observations.csv without the image_ columns, and `view`; a date is a date, a gap None.
    truth : `SCORES` of the day; empty without truth.
    boxes : lesions in the picture, by lesion_id; none without truth.
    """

    unit: Unit
    path: str
    row: Mapping[str, Any]
    truth: Mapping[str, Any]
    boxes: tuple[Box, ...]


class Source:
    """A dataset whose files are compared with its manifests as they are read; one that differs is a DatasetError."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._sums = {path: bytes.fromhex(sha256) for path, sha256 in dataset.files()}
        for path in {IMAGE_SUMS, TRUTH_SUMS} & self._sums.keys():
            self.check(path)

    def __contains__(self, path: str) -> bool:
        """Whether the manifests list a file."""
        return path in self._sums

    def sha256(self, path: str) -> str:
        """The SHA-256 of a listed file, hexadecimal, as the manifests have it."""
        return self._expected(path).hex()

    def read(self, path: str) -> bytes:
        """The bytes of a listed file, verified."""
        expected = self._expected(path)
        data = self.dataset.read(path)
        self._compare(path, hashlib.sha256(data).digest(), expected)
        return data

    def check(self, path: str) -> None:
        """Verify a listed file without holding it."""
        place = self.dataset.target.path_of(path)
        if place is None:
            self.read(path)
            return
        expected = self._expected(path)
        with letters(self.dataset.target, path), place.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        self._compare(path, digest, expected)

    def copy(self, path: str, to: Path) -> None:
        """Copy a listed file, verified; folders are made."""
        data = self.read(path)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(data)

    def pictures(self, ranks: Collection[int] | None = None, truth: bool = False) -> Iterator[Picture]:
        """Pictures of the patients of these ranks (default: all), patient by patient, in the table's order.

        Of the lesions, memory holds those of one patient.
        """
        wanted = set(range(len(self._ids)) if ranks is None else ranks)
        units = {self.dataset.path(unit): unit for unit in self.dataset.units() if unit.rank in wanted}
        for rank, rows in enumerate(self._observations.partition_by("patient_id", maintain_order=True)):
            if rank in wanted:
                yield from self._of_patient(rows, units, truth)

    def _of_patient(self, rows: pl.DataFrame, units: Mapping[str, Unit], truth: bool) -> Iterator[Picture]:
        patient_id = rows["patient_id"][0]
        scores = self._scores.get(patient_id, {}) if truth else {}
        boxes = self._boxes(patient_id) if truth else {}
        views = [name for name in rows.columns if name.startswith(IMAGE_COLUMN)]
        for row in rows.iter_rows(named=True):
            images = {view: row.pop(view) for view in views}
            for view, path in images.items():
                if path is None:
                    continue
                named = {**row, "view": view.removeprefix(IMAGE_COLUMN)}
                yield Picture(units[path], path, named, scores.get(row["day"], {}), boxes.get(path, ()))

    def _expected(self, path: str) -> bytes:
        if path not in self._sums:
            raise DatasetError(f"{self.dataset.url}: the manifests do not list {path!r}. Copy the dataset again.")
        if ".." in path.split("/") or path.startswith("/") or "\\" in path:
            raise DatasetError(f"{self.dataset.url}: the manifests list {path!r}, which lies outside the dataset.")
        return self._sums[path]

    def _compare(self, path: str, digest: bytes, expected: bytes) -> None:
        if digest != expected:
            raise DatasetError(
                f"{self.dataset.url}: {path} is damaged: it is not the file that was written (SHA-256 differs). "
                "Nothing was exported. Copy it again, or simulate again; nof1sim validate lists all such files."
            )

    @cached_property
    def _ids(self) -> list[str]:
        return self.dataset.patient_ids()

    @cached_property
    def _observations(self) -> pl.DataFrame:
        self.check(TABLES["observations"].path)
        return self.dataset.observations()

    @cached_property
    def _scores(self) -> dict[str, dict[int, dict[str, Any]]]:
        self.check(TABLES["days"].path)
        days = self.dataset.truth("days")
        names = [name for name in SCORES if name in days.columns]
        found: dict[str, dict[int, dict[str, Any]]] = {}
        for patient_id, day, *values in days.select("patient_id", "day", *names).iter_rows():
            found.setdefault(patient_id, {})[day] = dict(zip(names, values, strict=True))
        return found

    def _boxes(self, patient_id: str) -> dict[str, tuple[Box, ...]]:
        lesions = self._scan("lesions", patient_id, "lesion_id", "kind")
        stages = self._scan("lesion_days", patient_id, "day", "lesion_id", "stage")
        columns = ("day", "image", "lesion_id", "x", "y", "w", "h", "area_px")
        table = (
            self._scan("boxes", patient_id, *columns)
            .join(stages, on=["day", "lesion_id"], how="left")
            .join(lesions, on="lesion_id", how="left")
            .sort("image", "lesion_id")
        )
        found: dict[str, list[Box]] = {}
        for image, *box in table.select(*columns[1:], "stage", "kind").iter_rows():
            found.setdefault(image, []).append(Box._make(box))
        return {image: tuple(boxes) for image, boxes in found.items()}

    def _scan(self, name: str, patient_id: str, *columns: str) -> pl.DataFrame:
        """One patient's rows of a Parquet table of the truth."""
        return self._tables[name].filter(pl.col("patient_id") == patient_id).select(columns).collect()

    @cached_property
    def _tables(self) -> dict[str, pl.LazyFrame]:
        """Each big table, to be scanned; its files are verified."""
        found: dict[str, pl.LazyFrame] = {}
        for name in ("lesions", "lesion_days", "boxes"):
            files = pieces.files_of(self.dataset.target, name) or [TABLES[name].path]
            for file in files:
                self.check(file)
            found[name] = pieces.scan(self.dataset.target, files)
        return found


def mask_in(source: Source, path: str) -> str | None:
    """The mask of an image, if the dataset has masks."""
    mask = mask_of(path)
    return mask if mask in source else None


def has_masks(source: Source) -> bool:
    """Whether any photograph has its mask in the dataset."""
    return any(mask_in(source, source.dataset.path(unit)) for unit in source.dataset.units())
