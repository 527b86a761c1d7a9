"""Parquet with the images in it: shards that `load_dataset("parquet", ...)` opens with an Image column.

Row groups of 100 rows and files of at most 300 MB, as the Hugging Face viewer asks.
https://huggingface.co/docs/hub/datasets-image#parquet-format

Written with pyarrow: polars writes a schema without the note in which `datasets` finds the type of an image.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ...errors import DatasetError
from ..columns import TEXT
from ..reader import Dataset
from .base import Options, Tell
from .common import number, parts_of, write_note
from .records import card, need_pictures, record, split_name, types
from .source import Picture, Source, has_masks, mask_in

SIZE_MB = 200.0
ROW_GROUP = 100
IMAGE = pl.Struct({"bytes": pl.Binary(), "path": TEXT})
PIXELS = ("image", "mask")
_NAMES: dict[Any, str] = {
    pl.String: "string",
    pl.Binary: "binary",
    pl.Int64: "int64",
    pl.Float64: "float64",
    pl.Float32: "float32",
    pl.Boolean: "bool",
    pl.Date: "date32",
}
"""Our types as Arrow and the library `datasets` call them."""


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write the folder."""
    total, done = need_pictures(dataset), 0
    limit = number(options, "size_mb", SIZE_MB, 0.001, 300) * 1e6
    source = Source(dataset)
    columns: dict[str, pl.DataType] = {"image": IMAGE}
    masks = options.truth and has_masks(source)
    if masks:
        columns["mask"] = IMAGE
    columns |= types(dataset, options.truth)
    schema = arrow_schema(columns)
    (out / "data").mkdir(parents=True)
    parts = parts_of(dataset, options.split, options.seed)
    for part, ranks in parts.items():
        shards = _Shards(out / "data", split_name(part), schema, limit)
        for picture in source.pictures(ranks, options.truth):
            shards.add(_row(source, picture, options.truth, masks))
            done += 1
            tell(done, total, "Packing")
        shards.close()
    files = {split_name(part): f"data/{split_name(part)}-*" for part in parts}
    (out / "README.md").write_text(_card(dataset, files, columns), encoding="utf-8", newline="\n")
    write_note(out, dataset, "parquet", options)


def arrow_schema(columns: Mapping[str, pl.DataType]) -> Any:
    """The pyarrow schema of these columns, with the note that tells `datasets` which of them are images.

    Raises
    ------
    DatasetError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise DatasetError('--to parquet: needs pyarrow. Install it: pip install "nof1sim[export]"') from error
    features = {name: {"_type": "Image"} if name in PIXELS else _feature(dtype) for name, dtype in columns.items()}
    note = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([(name, _arrow(pa, dtype)) for name, dtype in columns.items()], metadata=note)


def _arrow(pa: Any, dtype: Any) -> Any:
    if isinstance(dtype, pl.List):
        return pa.list_(_arrow(pa, dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pa.struct([(field.name, _arrow(pa, field.dtype)) for field in dtype.fields])
    return pa.type_for_alias(_NAMES[type(dtype)])


def _feature(dtype: Any) -> dict[str, Any]:
    if isinstance(dtype, pl.List):
        return {"feature": _feature(dtype.inner), "_type": "List"}
    if isinstance(dtype, pl.Struct):
        return {field.name: _feature(field.dtype) for field in dtype.fields}
    return {"dtype": _NAMES[type(dtype)], "_type": "Value"}


def _row(source: Source, picture: Picture, truth: bool, masks: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"image": _embedded(source, picture.path)}
    if masks:
        mask = mask_in(source, picture.path)
        row["mask"] = None if mask is None else _embedded(source, mask)
    return row | record(picture, truth)


def _embedded(source: Source, path: str) -> dict[str, Any]:
    return {"bytes": source.read(path), "path": path.rpartition("/")[2]}


class _Shards:
    """The files of a part: a new one as soon as the pictures of one would exceed the limit. Holds one row group."""

    def __init__(self, folder: Path, part: str, schema: Any, limit: float) -> None:
        self._folder, self._part, self._schema, self._limit = folder, part, schema, limit
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._writer: Any = None
        self._written: list[Path] = []

    def add(self, row: dict[str, Any]) -> None:
        size = sum(len(row[name]["bytes"]) for name in PIXELS if row.get(name))
        if self._bytes and self._bytes + size > self._limit:
            self._finish()
        self._rows.append(row)
        self._bytes += size
        if len(self._rows) == ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Finish the last file; now that their number is known, name them."""
        if self._bytes or not self._written:
            self._finish()
        count = len(self._written)
        for place, path in enumerate(self._written):
            path.rename(self._folder / f"{self._part}-{place:05d}-of-{count:05d}.parquet")

    def _finish(self) -> None:
        self._flush()
        self._writer.close()
        self._writer, self._bytes = None, 0

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._written.append(self._folder / f"{self._part}-{len(self._written):05d}")
            # Pictures are compressed already, and minima of their bytes say nothing.
            plain = [name for name in self._schema.names if name not in PIXELS]
            options = {"use_dictionary": plain, "write_statistics": plain, "compression": "none"}
            self._writer = pq.ParquetWriter(self._written[-1], self._schema, **options)
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def _card(dataset: Dataset, files: dict[str, str], columns: Mapping[str, pl.DataType]) -> str:
    patterns = ", ".join(f'"{name}": "{pattern}"' for name, pattern in files.items())
    opening = (
        "from datasets import load_dataset\n\n"
        f'photographs = load_dataset("parquet", data_files={{{patterns}}})   # or load_dataset(".")'
    )
    return card(dataset, files, opening, columns)
