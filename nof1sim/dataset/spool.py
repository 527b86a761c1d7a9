"""Tables that are too big to hold: written portion by portion, and put into the dataset whole."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ..errors import DatasetError
from .tables import TABLES, conform, write_csv, write_parquet
from .target import Stored, Target, letters

PORTION_ROWS = 1 << 17
"""Rows gathered before they are written, and rows of a Parquet row group: what is held in memory of a table."""
CSV_ROWS = 1 << 14
"""The same for a CSV file, which has no groups."""


class Spool:
    """A table in the making: `add` rows in the order of the table, then `store` it.

    Memory holds a portion, however long the table. The bytes depend on the rows alone: row groups have a fixed number
    of rows, whatever was added at once, and the order is kept with any number of threads.

    Parameters
    ----------
    name : of the table, in `TABLES`.
    path : of the file, where it is but a piece of the table.
    folder : an empty place on this machine, on the disk of the dataset: `Target.scratch`.
    """

    def __init__(self, name: str, target: Target, folder: Path, path: str | None = None) -> None:
        self.name, self.path = name, path or TABLES[name].path
        self.columns: list[str] = []
        self._target, self._file = target, folder / self.path.replace("/", "-")
        self._waiting: list[pl.DataFrame] = []
        self._pieces: list[Path] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Some rows more. Every frame has the same columns; at least one is needed, be it without rows."""
        frame = conform(self.name, frame)
        if self.columns and frame.columns != self.columns:
            raise ValueError(f"table {self.name!r}: the columns changed from {self.columns} to {frame.columns}")
        self.columns = frame.columns
        self._waiting.append(frame)
        portion = min(CSV_ROWS, PORTION_ROWS) if self.path.endswith(".csv") else PORTION_ROWS
        if sum(frame.height for frame in self._waiting) >= portion:
            self._flush()

    def store(self) -> Stored:
        """Put the table into the dataset."""
        if self._waiting:
            self._flush()
        if not self.path.endswith(".csv"):
            self._join()
        return self._target.take_in(self.path, self._file)

    def _flush(self) -> None:
        frame, self._waiting = pl.concat(self._waiting), []
        with letters(self._target, self.path):
            if self.path.endswith(".csv"):
                with self._file.open("ab") as file:
                    file.write(write_csv(frame, header=file.tell() == 0))
            else:
                self._pieces.append(self._file.with_suffix(f".{len(self._pieces)}"))
                self._pieces[-1].write_bytes(write_parquet(frame))

    def _join(self) -> None:
        rows = pl.scan_parquet(self._pieces, glob=False, hive_partitioning=False)
        options = {"compression": "zstd", "compression_level": 3, "statistics": True}
        try:
            rows.sink_parquet(self._file, **options, row_group_size=PORTION_ROWS, maintain_order=True)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DatasetError(
                f"{self._target}: {self.path} cannot be written ({error}). Everything finished is kept: free some "
                "space and run the same command again, or give an --out on another disk."
            ) from error
        for piece in self._pieces:
            piece.unlink()
