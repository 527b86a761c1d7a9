"""Pictures and what is to be learnt from them, as a map-style dataset of torch's. torch is loaded where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..errors import InputError, unknown_name
from ..model import Unit
from .images import decode, decode_mask
from .layout import mask_of
from .splits import split_patients
from .target import Target

if TYPE_CHECKING:
    from .reader import Dataset

SPLIT = {"train": 0.8, "test": 0.2}
"""Shares of the patients, if nobody says otherwise."""
KEY = ("patient_id", "day", "occasion")

Sample = dict[str, Any]
"""image: (3, h, w) float32, 0 to 1. target: float32. mask: (h, w) int64. patient, day, occasion: int. view: text."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture: what it shows, its file, and what is to be learnt from it (None: nothing)."""

    unit: Unit
    path: str
    target: float | None


class Pictures:
    """A map-style dataset: `torch.utils.data.DataLoader` takes it as it is, with workers of any start method.

    It holds paths, no pixels; each item is read and decoded when it is asked for. `items[i]` says what item i is.
    """

    def __init__(
        self,
        target: Target,
        items: tuple[Item, ...],
        transform: Callable[[Sample], Any] | None = None,
        mask: bool = False,
    ) -> None:
        self.items, self.transform, self.mask = items, transform, mask
        self._target = target

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        torch, item = import_torch(), self.items[index]
        pixels = np.array(decode(self._target.read(item.path)))  # a copy: torch wants to be able to write
        sample: Sample = {"image": torch.from_numpy(pixels).permute(2, 0, 1).contiguous().to(torch.float32) / 255}
        if item.target is not None:
            sample["target"] = torch.tensor(item.target, dtype=torch.float32)
        if self.mask:
            ids = decode_mask(self._target.read(mask_of(item.path)))
            sample["mask"] = torch.from_numpy(ids.astype(np.int64))
        unit = item.unit
        sample |= {"patient": unit.rank, "day": unit.day, "occasion": unit.occasion, "view": unit.view}
        return sample if self.transform is None else self.transform(sample)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


def pictures(
    dataset: Dataset,
    part: str | None = None,
    split: Mapping[str, float] | None = None,
    seed: int = 0,
    target: str | None = "AcneSeverity",
    transform: Callable[[Sample], Any] | None = None,
    truth: bool = False,
    mask: bool = False,
) -> Pictures:
    """What `Dataset.to_torch` gives; the parameters are explained there."""
    import_torch()
    shares = dict(split or SPLIT)
    if part is not None and part not in shares:
        raise InputError(str(unknown_name("part of the split", "to_torch(part=...)", part, shares)))
    ids = dataset.patient_ids()
    chosen = set(range(len(ids)) if part is None else split_patients(len(ids), shares, seed)[part])
    values = {} if target is None else _values(dataset, target, truth)
    items = [
        Item(unit, dataset.path(unit), values.get((ids[unit.rank], unit.day, unit.occasion)))
        for unit in dataset.units()
        if unit.rank in chosen
    ]
    kept = tuple(item for item in items if target is None or item.target is not None)
    return Pictures(dataset.target, kept, transform, mask)


def import_torch() -> Any:
    """The torch module. By name: the datasets part must not depend on it, only meet it.

    Raises
    ------
    InputError
        torch is not installed; the letter names the extra.
    """
    try:
        return import_module("torch")
    except ImportError:
        raise InputError(
            "to_torch: got no torch; allowed: an installed torch. pip install 'nof1sim[analysis]', or read the images "
            "with dataset.images()."
        ) from None


def _values(dataset: Dataset, name: str, truth: bool) -> dict[tuple[Any, ...], float]:
    """(patient_id, day, occasion) -> the number in a column; rows where it is empty are left out."""
    table = dataset.observations()
    if truth and name not in table.columns:
        table = table.join(dataset.truth("days"), on=KEY[:2], how="left", suffix=" in truth")
    usable = [column for column, dtype in table.schema.items() if dtype.is_numeric() or dtype == pl.Boolean]
    if name not in usable:
        hint = "" if truth else " With truth=True the columns of truth/days.csv are known, too."
        raise InputError(f"{unknown_name('target', 'to_torch(target=...)', name, usable)}{hint}")
    rows = table.select(*KEY, pl.col(name).cast(pl.Float64).alias(" value")).drop_nulls(" value")
    return {(who, day, occasion): value for who, day, occasion, value in rows.iter_rows()}
