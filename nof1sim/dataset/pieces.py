"""Tables of the truth that lie in pieces, with `images.layout: packed`: read as the one table that they are."""

from __future__ import annotations

import io
from collections.abc import Sequence

import polars as pl

from .layout import PIECES
from .tables import TABLES
from .target import Target


def files_of(target: Target, name: str) -> list[str]:
    """The files of a table: one, or its pieces in the order of the patients; none where it is not there."""
    path = TABLES[name].path
    if target.exists(path):
        return [path]
    return target.list(path.removesuffix(".parquet")) if name in PIECES else []


def scan(target: Target, paths: Sequence[str]) -> pl.LazyFrame:
    """A Parquet table, from its files, to be collected in portions. Of a remote dataset the files are fetched whole."""
    places = [target.path_of(path) for path in paths]
    if None in places:
        return pl.scan_parquet([io.BytesIO(target.read(path)) for path in paths])
    return pl.scan_parquet(places, glob=False, hive_partitioning=False)  # type: ignore[arg-type]
