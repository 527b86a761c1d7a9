"""Hugging Face imagefolder: for each split a folder with the images and one table, `file_name` first.

The table is metadata.csv where pandas, which opens it there, reads back what was written. Nested lesions (`--truth`)
and texts that look like numbers or gaps ("007", "None") go into metadata.parquet, which the same loader reads.
https://huggingface.co/docs/datasets/image_dataset
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from ..columns import TEXT
from ..reader import Dataset
from ..spool import PORTION_ROWS
from ..tables import write_csv, write_parquet
from .base import Options, Tell
from .common import parts_of, write_note
from .records import card, frame, need_pictures, record, split_name, types
from .source import Source, has_masks, mask_in

GAPS = frozenset({"", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "None", "n/a", "null"})
"""What pandas.read_csv takes for a gap by default ("na_values" of pandas 2 and 3), beside what reads as a number."""
_WHOLE = re.compile(r"0|-?[1-9]\d{0,14}")


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write the folder."""
    total, done = need_pictures(dataset), 0
    source, columns = Source(dataset), types(dataset, options.truth)
    ending = "csv" if not options.truth and csv_keeps(dataset.observations(), columns) else "parquet"
    schema: dict[str, pl.DataType] = {"file_name": TEXT}
    masks = options.truth and has_masks(source)
    if masks:
        schema["mask_file_name"] = TEXT
    schema |= columns
    parts = parts_of(dataset, options.split, options.seed)
    for part, ranks in parts.items():
        folder = out / split_name(part)
        folder.mkdir(parents=True)
        table = _Rows(folder / f"metadata.{ending}", schema)
        for picture in source.pictures(ranks, options.truth):
            source.copy(picture.path, folder / picture.path)
            row: dict[str, Any] = {"file_name": picture.path, **record(picture, options.truth)}
            if masks and (mask := mask_in(source, picture.path)):
                row["mask_file_name"] = mask.removeprefix("truth/")
                source.copy(mask, folder / row["mask_file_name"])
            table.add(row)
            done += 1
            tell(done, total, "Copying")
        table.close()
    files = {split_name(part): f"{split_name(part)}/**" for part in parts}
    (out / "README.md").write_text(_card(dataset, files, schema), encoding="utf-8", newline="\n")
    write_note(out, dataset, "imagefolder", options)


def csv_keeps(table: pl.DataFrame, columns: Iterable[str]) -> bool:
    """Whether pandas, asked for nothing special, reads the texts of a table as what they are.

    Whole numbers as patient_id may become integers: they come back equal, and in all splits alike.
    """
    for name in columns:
        if name not in table.columns or table[name].dtype != TEXT:
            continue
        values = table[name].drop_nulls().unique().to_list()
        if name == "patient_id" and all(_WHOLE.fullmatch(value) for value in values):
            continue
        if any(value in GAPS or value != value.strip() or _odd(value) for value in values):
            return False
    return True


def _odd(text: str) -> bool:
    """Whether a text may read as a number, or as true and false."""
    if text.lower() in ("true", "false") or "#" in text:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Rows:
    """Rows into a CSV file, or into a Parquet file of row groups, without holding them all."""

    def __init__(self, path: Path, schema: dict[str, pl.DataType]) -> None:
        self.path, self.schema = path, schema
        self._rows: list[dict[str, Any]] = []
        self._pieces: list[Path] = []
        self._limit = PORTION_ROWS if path.suffix == ".csv" else 2_000

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= self._limit:
            self._flush()

    def close(self) -> None:
        if self._rows or not self._pieces:
            self._flush()
        if self.path.suffix == ".csv":
            return
        rows = pl.scan_parquet(self._pieces, glob=False, hive_partitioning=False)
        rows.sink_parquet(self.path, compression="zstd", row_group_size=self._limit, maintain_order=True)
        for piece in self._pieces:
            piece.unlink()

    def _flush(self) -> None:
        table, self._rows = frame(self._rows, self.schema), []
        piece = self.path.with_suffix(f".{len(self._pieces)}")
        if self.path.suffix == ".csv":
            with self.path.open("ab") as file:
                file.write(write_csv(table, header=not self._pieces))
        else:
            piece.write_bytes(write_parquet(table))
        self._pieces.append(piece)


def _card(dataset: Dataset, files: dict[str, str], columns: Iterable[str]) -> str:
    opening = 'from datasets import load_dataset\n\nphotographs = load_dataset("imagefolder", data_dir=".")'
    names = ", ".join(files)
    note = (
        f'The splits ({names}) are folders. `load_dataset(".")` reads their names from the header above; '
        '`load_dataset("imagefolder", data_dir=".")` knows train, validation and test only.'
    )
    return card(dataset, files, opening, columns, [note, ""])
