"""Reading a packed dataset: files that lie in packs are read by their usual paths, as if each lay there by itself."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

import polars as pl

from ..errors import DatasetError
from .layout import PACKS, PIECE_PATIENTS, TRUTH, TRUTH_PACKS, index_path, is_index, is_pack, is_picture, rank_of
from .tables import read_parquet
from .target import Target

COLUMNS: dict[str, pl.DataType] = {
    "path": pl.String(),
    "pack": pl.String(),
    "offset": pl.Int64(),
    "bytes": pl.Int64(),
    "sha256": pl.String(),
}
"""Columns of an index: a row is a file, sorted by path."""
LARGEST = 1 << 31
"""Bytes of a member at most."""
AHEAD = 4 << 20
"""Bytes that are read at once from a remote pack while it is read in order."""
GAP = 1 << 20
"""What may lie between two members that count as read in order (masks that nobody asked for)."""
INDICES_HELD = 8
"""Pieces of the index that are held: of 64 patients each."""
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
        return super().exists(path) if found is None else found[0] in self._there

    def list(self, prefix: str = "") -> list[str]:
        """Every file below a folder, those in packs, too."""
        below = f"{prefix.rstrip('/')}/" if prefix else ""
        found = {*super().list(prefix)}
        for path in sorted(self._there):
            if is_index(path):
                found.update(_listed(read_index(self, path), self._there, below))
        return sorted(found)

    def _member(self, path: str) -> tuple[str, int, int] | None:
        """Pack, offset and size of a file that lies in a pack; None of any other."""
        rank = rank_of(path) if is_picture(path) else -1
        piece = index_path(max(rank, 0), truth=path.startswith(f"{TRUTH}/"))
        if rank < 0 or piece not in self._there:
            return None
        index = self._index(piece)
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
    def _there(self) -> set[str]:
        """The packs that are there, and their index: looked up once, since a finished dataset stays as it is."""
        return {path for folder in (PACKS, TRUTH_PACKS) for path in Target.list(self, folder)}

    @cached_property
    def _index(self) -> Callable[[str], pl.DataFrame]:
        return lru_cache(maxsize=INDICES_HELD)(lambda piece: read_index(self, piece).drop("sha256"))


def opened(url: str | os.PathLike[str]) -> Target:
    """A dataset to read from, packed or not: this is the one place that asks which."""
    target = Target(url)
    return PackedTarget(url) if target.exists(index_path(0)) else target


def members(target: Target, path: str) -> Iterator[tuple[str, str, int]]:
    """Path, SHA-256 and size of every file that a piece of the index lists."""
    return read_index(target, path).select("path", "sha256", "bytes").iter_rows()


def read_index(target: Target, path: str) -> pl.DataFrame:
    """A piece of the index, checked: sorted, each path once and of its patients, each file in a pack of its own side
    of the truth.

    Raises
    ------
    DatasetError
        It is missing, or is no index of ours.
    """
    found = read_parquet(Target.read(target, path))
    if found.schema != COLUMNS:
        raise DatasetError(f"{target}: {path} has other columns than {', '.join(COLUMNS)}. Copy it again.")
    side = f"{TRUTH}/" if path.startswith(f"{TRUTH}/") else ""
    packs = found["pack"].unique().drop_nulls()
    wrong = [name for name in packs if not is_pack(name) or name.startswith(f"{TRUTH}/") is not bool(side)]
    sound = (
        not wrong
        and not found.null_count().sum_horizontal().item()
        and found["path"].is_sorted()
        and found["path"].is_unique().all()
        and found["path"].str.starts_with(side or "images/").all()
        and (_ranks(found["path"]) // PIECE_PATIENTS == int(PurePosixPath(path).stem)).all()
        and found["offset"].ge(0).all()
        and found["bytes"].is_between(0, LARGEST).all()
    )
    if not sound:
        raise DatasetError(f"{target}: {path} does not say where files lie. Copy it again.")
    return found


def _ranks(pictures: pl.Series) -> pl.Series:
    """`layout.rank_of` of each path."""
    return pictures.str.extract(r"/P(\d+)/[^/]+$").cast(pl.Int64) - 1


def _listed(index: pl.DataFrame, packs: set[str], below: str) -> list[str]:
    there = pl.Series(sorted(packs), dtype=pl.String)
    found = index.filter(pl.col("pack").is_in(there.implode()) & pl.col("path").str.starts_with(below))
    return found["path"].to_list()
