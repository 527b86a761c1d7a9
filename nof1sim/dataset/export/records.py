"""A picture as a flat record, for exports that keep image and row together; its types; the card of such an export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from ...errors import DatasetError
from ..columns import FLOAT, INT, TABLES, TEXT
from ..reader import IMAGE_COLUMN, Dataset
from .common import WHOLE
from .source import SCORES, Picture

OBJECTS = "objects"
"""Column of the lesions in a picture: a list per field, in the same order."""
LESIONS: dict[str, pl.DataType] = {
    "bbox": pl.List(pl.List(FLOAT)),
    "categories": pl.List(TEXT),
    "kind": pl.List(TEXT),
    "lesion_id": pl.List(INT),
    "area_px": pl.List(INT),
}
"""Fields of `OBJECTS`: boxes as x, y, w, h in pixels; the category is the stage of that day."""


def types(dataset: Dataset, truth: bool) -> dict[str, pl.DataType]:
    """Column -> type of `record`, in order."""
    names = [name for name in dataset.observations().columns if not name.startswith(IMAGE_COLUMN)]
    found = {name: _dtype("observations", name) for name in names} | {"view": TEXT}
    if truth:
        scores = [name for name in SCORES if name in dataset.truth("days").columns]
        found |= {name: _dtype("days", name) for name in scores} | {OBJECTS: pl.Struct(LESIONS)}
    return found


def record(picture: Picture, truth: bool) -> dict[str, Any]:
    """The columns of `types` for one picture."""
    if not truth:
        return dict(picture.row)
    boxes = picture.boxes
    lesions = {
        "bbox": [[box.x, box.y, box.w, box.h] for box in boxes],
        "categories": [box.stage for box in boxes],
        "kind": [box.kind for box in boxes],
        "lesion_id": [box.lesion_id for box in boxes],
        "area_px": [box.area_px for box in boxes],
    }
    return {**picture.row, **picture.truth, OBJECTS: lesions}


def frame(records: Sequence[Mapping[str, Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Records as a frame. Polars would make a series of every single box; here they are grouped from one long table."""
    plain = {name: dtype for name, dtype in schema.items() if name != OBJECTS}
    table = pl.DataFrame([{name: one.get(name) for name in plain} for one in records], schema=plain)
    if OBJECTS not in schema:
        return table
    found: list[dict[str, list[Any]]] = [one[OBJECTS] for one in records]
    long: dict[str, list[Any]] = {name: [value for one in found for value in one[name]] for name in LESIONS}
    corners = np.array(long.pop("bbox"), float).reshape(-1, 4)
    lesions = pl.DataFrame(long, schema={name: _inner(LESIONS[name]) for name in long}).with_columns(
        pl.Series("row", np.repeat(np.arange(len(found)), [len(one["lesion_id"]) for one in found])),
        *(pl.Series(f"bbox_{place}", corners[:, place]) for place in range(4)),
    )
    grouped = lesions.with_columns(bbox=pl.concat_list(r"^bbox_\d$")).group_by("row", maintain_order=True).agg(*LESIONS)
    rows = pl.DataFrame({"row": np.arange(len(found))}).join(grouped, on="row", how="left", maintain_order="left")
    objects = rows.select(pl.struct(pl.col(name).fill_null([]).cast(dtype) for name, dtype in LESIONS.items()))
    return table.with_columns(objects.to_series().alias(OBJECTS)).select(*schema)


def _inner(dtype: Any) -> pl.DataType:
    return dtype.inner


def need_pictures(dataset: Dataset) -> int:
    """How many photographs a dataset has. None is a DatasetError."""
    count = len(dataset.units())
    if not count:
        raise DatasetError(f"{dataset.url}: has no photographs, and this format is made of them. Try --to adam.")
    return count


def split_name(part: str) -> str:
    """The name of a part as Hugging Face calls it: everything is "train" where nobody asked for a split."""
    return "train" if part == WHOLE else part


def card(
    dataset: Dataset, files: Mapping[str, str], opening: str, columns: Iterable[str], more: Sequence[str] = ()
) -> str:
    """README.md of an export, with the header that Hugging Face reads.

    Parameters
    ----------
    files : split -> pattern of its files.
    opening : Python that opens the export.
    columns : those to explain.
    more : paragraphs at the end.
    """
    configs = "\n".join(f"  - split: {name}\n    path: {pattern}" for name, pattern in files.items())
    rows = "\n".join(f"| `{name}` | {_meaning(name)} |" for name in columns)
    digest = dataset.manifest["digest"]
    paragraphs = "\n".join(f"\n{text}" for text in more)
    return f"""---
license: other
language: [en]
tags: [synthetic, simulation, n-of-1, crossover-trial, longitudinal, dermatology]
task_categories: [image-classification, object-detection]
configs:
- config_name: default
  data_files:
{configs}
---

# Photographs of a simulated series of N-of-1 trials

**{dataset.about.says} Not for diagnosis.** Exported by nof1sim from the
dataset of the protocol `{digest}`.

```python
{opening}
```

| column | meaning |
|---|---|
{rows}

Splits are by patient, never by image: two days of one person are nearly the same picture.
{paragraphs}"""


def _dtype(table: str, name: str) -> pl.DataType:
    column = TABLES[table].column(name)
    return TEXT if column is None else column.dtype


_MEANINGS = {
    "file_name": "The photograph, relative to this table.",
    "mask_file_name": "Truth: the instance mask, relative to this table; the value of a pixel is its lesion_id.",
    "image": "The photograph.",
    "mask": "Truth: the instance mask (16-bit PNG); the value of a pixel is its lesion_id, 0 is skin.",
    "view": "From where: front, left, yaw20 and so on.",
    OBJECTS: "Truth: the lesions; `bbox` is x, y, w, h in pixels, `categories` the stage of the day.",
}


def _meaning(name: str) -> str:
    if name in _MEANINGS:
        return _MEANINGS[name]
    for table, prefix in (("observations", ""), ("days", "Truth: ")):
        if column := TABLES[table].column(name):
            return f"{prefix}{column.description}{f' Unit: {column.unit}.' if column.unit else ''}"
    return ""
