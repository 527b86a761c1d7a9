"""Frames to the bytes of CSV and Parquet files and back, in the order and types that `columns.py` lists."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import polars as pl
import polars.selectors as cs

from ..errors import DatasetError
from .columns import TABLES, Table

__all__ = ["TABLES", "Table", "conform", "read_csv", "read_parquet", "write_csv", "write_parquet"]


def conform(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the columns of table `name` in their order and types; a NaN becomes null.

    Raises
    ------
    ValueError
        A column is unknown, missing, of another type, or null where it must not be (a bug, not a user's error).
    """
    table = TABLES[name]
    columns = {given: table.column(given) for given in frame.columns}
    if unknown := [given for given, column in columns.items() if column is None]:
        raise ValueError(f"table {name!r} knows no column {', '.join(unknown)}")
    if missing := [column.name for column in table.columns if column.required and column.name not in columns]:
        raise ValueError(f"table {name!r} lacks {', '.join(missing)}")
    order = sorted(frame.columns, key=table.rank(frame.columns))
    types = {given: column.dtype for given, column in columns.items() if column is not None}
    try:
        frame = frame.select(pl.col(given).cast(types[given]) for given in order)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"table {name!r}: {error}") from error
    frame = without_nan(frame)
    for given, column in columns.items():
        if column is not None and not column.nullable and frame[given].null_count():
            raise ValueError(f"table {name!r}: column {given!r} may not be empty")
    return frame


def without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with null for NaN and 0 for minus 0: one way to write each value."""
    numbers = cs.float()
    return frame.with_columns(pl.when(numbers != 0).then(numbers.fill_nan(None)).otherwise(numbers.abs()))


def write_csv(frame: pl.DataFrame, header: bool = True) -> bytes:
    """A frame as UTF-8 CSV: LF, no index, the shortest number that reads back equal, empty for null, true/false."""
    return without_nan(frame).write_csv(line_terminator="\n", include_header=header).encode()


def write_parquet(frame: pl.DataFrame) -> bytes:
    """A frame as Parquet; equal frames give equal bytes with the same version of polars."""
    file = io.BytesIO()
    frame.rechunk().write_parquet(file, compression="zstd", compression_level=3, statistics=True)
    return file.getvalue()


def read_csv(data: bytes, name: str | None = None) -> pl.DataFrame:
    """A CSV file as a frame; with the types of table `name`, where given.

    Raises
    ------
    DatasetError
        Not readable as CSV, or a value that its column cannot hold.
    """
    types = _types(name, _header(data))
    try:
        return pl.read_csv(data, schema_overrides=types, infer_schema_length=None)
    except pl.exceptions.NoDataError as error:
        raise DatasetError(f"The table {name or ''} is empty: it has no header. Copy the file again.") from error
    except pl.exceptions.PolarsError as error:
        raise DatasetError(f"The table {name or ''} cannot be read: {_first_line(error)}. Copy it again.") from error


def read_parquet(data: bytes, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A Parquet file, or some of its columns, as a frame. A damaged file is a DatasetError."""
    if len(data) < 12 or data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        raise DatasetError("A Parquet file is truncated or is none. Copy it again.")
    try:
        return pl.read_parquet(io.BytesIO(data), columns=None if columns is None else list(columns))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise DatasetError(f"A Parquet file is damaged: {_first_line(error)}. Copy it again.") from error


def _header(data: bytes) -> list[str]:
    try:
        return pl.read_csv(data, n_rows=0, infer_schema=False).columns
    except pl.exceptions.PolarsError:
        return []


def _types(name: str | None, columns: Iterable[str]) -> dict[str, pl.DataType]:
    if name is None:
        return {}
    found = {given: TABLES[name].column(given) for given in columns}
    return {given: column.dtype for given, column in found.items() if column is not None}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
