"""Reading a packed dataset: files that lie in packs are read by their usual paths, as if each lay there by itself."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import polars as pl

from ..errors import DatasetError
from .layout import PACK_INDEX, PACKS, TRUTH, TRUTH_PACK_INDEX, TRUTH_PACKS, is_pack, is_picture
from .tables import read_parquet
from .target import Target

COLUMNS: dict[str, pl.DataType] = {
    "path": pl.String(),
    "pack": pl.String(),
    "offset": pl.Int64(),
    "bytes": pl.Int64(),
    "sha256": pl.String(),
}
"""Columns of packs.parquet, and of truth/packs.parquet: a row is a file, sorted by path."""
INDICES = (PACK_INDEX, TRUTH_PACK_INDEX)
LARGEST = 1 << 31
"""Bytes of a member at most."""
AHEAD = 4 << 20
"""Bytes that are read at once from a remote pack while it is read in order."""
GAP = 1 << 20
"""What may lie between two members that count as read in order (masks that nobody asked for)."""
BLOCKS = 8
"""Places in packs at which reading in order is noticed: views, and photographs and masks, are often read in turn."""


class PackedTarget(Target):
    """A finished dataset whose pictures lie in packs. To be read only."""

    def path_of(self, path: str) -> Path | None:
        return None if self._member(path) else super().path_of(path)

    def read(self, path: str) -> bytes:
        """The content of a file, or of a member of a pack: one ranged read."""
        found = self._member(path)
        if found is None:
            return super().read(path)
        pack, offset, size = found
        data = self._ahead(pack, offset, size) if self.local is None else self.read_range(pack, offset, offset + size)
        if len(data) != size:
            raise DatasetError(f"{self}: {pack} is cut short: {path!r} is not in it. Copy it again.")
        return data

    def exists(self, path: str) -> bool:
        found = self._member(path)
        return super().exists(path) if found is None else found[0] in self._packs

    def list(self, prefix: str = "") -> list[str]:
        """Every file below a folder, those in packs, too."""
        below = f"{prefix.rstrip('/')}/" if prefix else ""
        members = (path for index in self._indices.values() for path in _listed(index, self._packs, below))
        return sorted({*super().list(prefix), *members})

    def _member(self, path: str) -> tuple[str, int, int] | None:
        """Pack, offset and size of a file that lies in a pack; None of any other."""
        if not is_picture(path):
            return None
        index = self._indices.get(TRUTH_PACK_INDEX if path.startswith(f"{TRUTH}/") else PACK_INDEX)
        if index is None:
            return None
        place = bisect_left(index["path"], path)  # type: ignore[arg-type]  (a Series is a sequence)
        if place == index.height or index["path"][place] != path:
            return None
        return index["pack"][place], index["offset"][place], index["bytes"][place]

    def _ahead(self, pack: str, offset: int, size: int) -> bytes:
        """A piece of a remote pack; while pieces are asked for in order, many are fetched at once."""
        own = [block for block in self._blocks if block[0] == pack and block[1] <= offset]
        for block in own:
            _, start, data = block
            if offset + size <= start + len(data):
                break
        else:
            in_order = any(offset <= start + len(data) + GAP for _, start, data in own)
            start, data = offset, self.read_range(pack, offset, offset + max(size, AHEAD if in_order else 0))
            block = (pack, start, data)
        self._blocks = [block, *(other for other in self._blocks if other is not block)][:BLOCKS]
        return data[offset - start : offset - start + size]

    _blocks: list[tuple[str, int, bytes]] = []  # pack, place and bytes of what was fetched last, the latest first

    @cached_property
    def _packs(self) -> set[str]:
        """The packs that are there: looked up once, since a finished dataset stays as it is."""
        return {path for folder in (PACKS, TRUTH_PACKS) for path in Target.list(self, folder)}

    @cached_property
    def _indices(self) -> dict[str, pl.DataFrame]:
        present = (path for path in INDICES if Target.exists(self, path))
        return {path: read_index(self, path).drop("sha256") for path in present}


def opened(url: str | os.PathLike[str]) -> Target:
    """A dataset to read from, packed or not: this is the one place that asks which."""
    target = Target(url)
    return PackedTarget(url) if target.exists(PACK_INDEX) else target


def members(target: Target, path: str) -> Iterator[tuple[str, str, int]]:
    """Path, SHA-256 and size of every file that an index lists."""
    return read_index(target, path).select("path", "sha256", "bytes").iter_rows()


def read_index(target: Target, path: str) -> pl.DataFrame:
    """An index, checked: sorted, each path once, each piece within a pack of its own side of the truth.

    Raises
    ------
    DatasetError
        It is missing, or is no index of ours.
    """
    found = read_parquet(Target.read(target, path))
    if found.schema != COLUMNS:
        raise DatasetError(f"{target}: {path} has other columns than {', '.join(COLUMNS)}. Copy it again.")
    side = f"{TRUTH}/" if path == TRUTH_PACK_INDEX else ""
    packs = found["pack"].unique().drop_nulls()
    wrong = [name for name in packs if not is_pack(name) or name.startswith(f"{TRUTH}/") is not bool(side)]
    sound = (
        not wrong
        and not found.null_count().sum_horizontal().item()
        and found["path"].is_sorted()
        and found["path"].is_unique().all()
        and found["path"].str.starts_with(side or "images/").all()
        and found["offset"].ge(0).all()
        and found["bytes"].is_between(0, LARGEST).all()
    )
    if not sound:
        raise DatasetError(f"{target}: {path} does not say where files lie. Copy it again.")
    return found


def _listed(index: pl.DataFrame, packs: set[str], below: str) -> list[str]:
    there = pl.Series(sorted(packs), dtype=pl.String)
    found = index.filter(pl.col("pack").is_in(there.implode()) & pl.col("path").str.starts_with(below))
    return found["path"].to_list()
