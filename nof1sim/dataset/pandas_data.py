"""Frames of polars as frames of pandas, for `Dataset.to_pandas`. Needs no pyarrow, unlike polars' own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import pandas

TYPES = {pl.Int64: "Int64", pl.Boolean: "boolean", pl.Date: "datetime64[s]", pl.String: "str"}
"""The pandas type of a column; those that are not here stay numpy's. An empty cell is <NA>, NaT or NaN."""


def to_pandas(frame: pl.DataFrame) -> pandas.DataFrame:
    """The same table: integers as Int64, flags as boolean, dates as datetime64[s], texts as str."""
    import pandas as pd

    columns: dict[str, Any] = {column.name: _column(column) for column in frame}
    return pd.DataFrame(columns)


def _column(column: pl.Series) -> pandas.Series:
    import pandas as pd

    dtype = TYPES.get(column.dtype.base_type())
    if dtype is None:
        return pd.Series(column.to_numpy())
    values = column.to_numpy() if column.dtype == pl.Date else column.to_list()
    return pd.Series(values, dtype=dtype)
