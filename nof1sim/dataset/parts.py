"""What a finished shard leaves behind: one part file, written last. No part, not done."""

from __future__ import annotations

import functools
import hashlib
import json
import operator
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl

from ..errors import DatasetError
from ..model import Unit
from .layout import LAYERS, PARTS, part_folder, part_name, part_path
from .tables import read_parquet, write_parquet
from .target import Stored, Target

POINT = pl.Struct({"name": pl.String, "x": pl.Float64, "y": pl.Float64})
BOX = pl.Struct(
    {"lesion_id": pl.Int64, "x": pl.Float64, "y": pl.Float64, "w": pl.Float64, "h": pl.Float64, "area_px": pl.Int64}
)
KINDS = ("image", "mask", "support", *LAYERS)
"""Files of a picture."""
SAID = ("nuisance", "drawn", "face", "probe")
"""What is said about a picture: how it departs from neutral, what the renderer chose for it, and for the person; and
what a probe of the renderer found (see `nof1sim.simulation.quality`)."""
PACKS = ("pack", "truth_pack")
"""With `images.layout: packed`: the tar file that holds the image, and the one that holds all else of it."""
SCHEMA: dict[str, Any] = {
    "digest": pl.String,
    "rank": pl.Int64,
    "day": pl.Int64,
    "occasion": pl.Int64,
    "view": pl.String,
    **{
        f"{kind}{suffix}": dtype
        for kind in (*KINDS, *PACKS)
        for suffix, dtype in (("", pl.String), ("_sha256", pl.String), ("_bytes", pl.Int64))
    },
    **{f"{kind}_offset": pl.Int64 for kind in KINDS},
    **dict.fromkeys(SAID, pl.String),
    "points": pl.List(POINT),
    "boxes": pl.List(BOX),
}
"""Columns of a part: a row is a picture. Those of SAID are JSON texts. An offset is the place in the pack."""

UNIT = ("rank", "day", "occasion", "view")


def part_row(
    unit: Unit,
    files: Mapping[str, Stored],
    said: Mapping[str, Mapping[str, Any]] | None = None,
    boxes: Sequence[Mapping[str, Any]] = (),
    points: Mapping[str, Sequence[float | None]] | None = None,
) -> dict[str, Any]:
    """One row of a part.

    Parameters
    ----------
    files : by their kind (of KINDS): the image and what else was written of the picture.
    said : by SAID.
    boxes : each a mapping with lesion_id, x, y, w, h (pixels), area_px.
    points : the key points: name -> (x, y) in pixels; None where hidden.
    """
    row: dict[str, Any] = {"rank": unit.rank, "day": unit.day, "occasion": unit.occasion, "view": unit.view}
    for kind in KINDS:
        stored = files.get(kind)
        row[kind] = stored.path if stored else None
        row[f"{kind}_sha256"] = stored.sha256 if stored else None
        row[f"{kind}_bytes"] = stored.bytes if stored else None
        row[f"{kind}_offset"] = stored.offset if stored else None
    texts = {name: _text((said or {}).get(name)) for name in SAID}
    places = [{"name": name, "x": x, "y": y} for name, (x, y) in sorted((points or {}).items())]
    return row | texts | {"points": places, "boxes": [dict(box) for box in boxes]}


def commit_part(target: Target, shard_id: str, digest: str, rows: list[dict[str, Any]]) -> Stored:
    """Say that a shard, of one patient, is done. Call it last, when every file that the rows name is written.

    Parameters
    ----------
    digest : the protocol's; parts of another protocol are refused by `committed`.
    rows : as `part_row` makes them; at least one.
    """
    frame = pl.DataFrame([{"digest": digest, **row} for row in rows], schema=SCHEMA)
    data = write_parquet(frame.sort(UNIT))
    checksum = hashlib.sha256(data).hexdigest()[:16]
    return target.store(part_path(rows[0]["rank"], len(rows), shard_id, checksum), data)


def count(target: Target) -> int:
    """How many pictures the names of the parts tell of: at least as many as are done. Nothing is read."""
    return sum(part_name(path)[1] for folder in target.folders(PARTS) for path in target.list(folder))


def committed(
    target: Target, digest: str, overwrite: bool = False, ranks: Sequence[int] | None = None
) -> Iterator[pl.DataFrame]:
    """The pictures that are done: a frame of rank, day, occasion, view for each patient, in order.

    A part that cannot be read is removed with a warning, and a picture of which a file (image, mask, layer) has
    vanished does not count: both are simply drawn again.

    Parameters
    ----------
    overwrite : remove parts of another protocol, and the files they name, instead of refusing them.
    ranks : the patients that are asked for, ascending; None: all. Only their parts are read.

    Raises
    ------
    DatasetError
        A part of another protocol.
    """
    if overwrite:
        _remove_foreign(target, digest)
    there = Presence(target)
    for frame in by_patient(target, digest, ranks, columns=("digest", *UNIT, *KINDS, *PACKS)):
        gone = [~there.has(_places(frame, kind)) for kind in KINDS]
        yield frame.select(UNIT).filter(~functools.reduce(operator.or_, gone))


def _places(frame: pl.DataFrame, kind: str) -> pl.Series:
    """Where each picture's file of a kind lies, by itself or in a pack; null where there is none."""
    place = pl.when(pl.col(kind).is_not_null()).then(pl.coalesce(pack_of(kind), kind))
    return frame.select(place.alias(kind)).to_series()


class Presence:
    """Which files are there. A folder is listed once for all paths that follow one another; few listings are held."""

    def __init__(self, target: Target) -> None:
        self._names = functools.lru_cache(maxsize=2 * len(KINDS))(lambda folder: frozenset(target.list(folder)))

    def has(self, paths: pl.Series) -> pl.Series:
        """Whether each path is that of a file, as a column of bool; true where there is none."""
        return pl.Series([path is None or self.holds(path) for path in paths], dtype=pl.Boolean)

    def holds(self, path: str) -> bool:
        """Whether there is a file of this path."""
        return path in self._names(path.rpartition("/")[0])


def _remove_foreign(target: Target, digest: str) -> None:
    """Remove the parts of other protocols; first the files that they name, which may stand where ours should."""
    for path, frame in _sound_parts(target, _paths(target)):
        if _foreign(frame, digest):
            for file, _ in sums_of(frame):
                target.remove(file)
            target.remove(path)


def _foreign(frame: pl.DataFrame, digest: str) -> bool:
    return bool(set(frame["digest"].unique()) - {digest})


def _paths(target: Target) -> Iterator[str]:
    """The parts, those of a patient side by side, the patients in order; a folder's names at a time."""
    for folder in target.folders(PARTS):
        yield from (path for path in target.list(folder) if part_name(path)[1])


def by_patient(
    target: Target, digest: str, ranks: Sequence[int] | None = None, columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """The rows of the parts, one a picture, in the order of day, occasion, view; one frame a patient, in order.

    Memory holds one patient's.

    Parameters
    ----------
    ranks : the patients that are asked for, ascending; None: all. Who has no picture has no frame.
    columns : of SCHEMA, with "digest" and UNIT; None: all.

    Raises
    ------
    DatasetError
        A part of another protocol.
    """
    paths = _paths(target) if ranks is None else _paths_of(target, ranks)
    for _, own in groupby(paths, key=lambda path: part_name(path)[0]):
        frames = [frame for _, frame in _sound_parts(target, own, columns)]
        if foreign := next((frame["digest"][0] for frame in frames if _foreign(frame, digest)), None):
            raise DatasetError(
                f"{target}: holds pictures of another protocol ({foreign[:12]}, asked for {digest[:12]}). "
                "Give another --out, or --overwrite."
            )
        if frames:
            yield pl.concat(frames).unique(UNIT, keep="first", maintain_order=True).sort(UNIT)


def none() -> pl.DataFrame:
    """No rows."""
    return pl.DataFrame(schema=SCHEMA)


def _paths_of(target: Target, ranks: Sequence[int]) -> Iterator[str]:
    wanted = frozenset(ranks)
    for folder in dict.fromkeys(part_folder(rank) for rank in ranks):
        yield from (path for path in target.list(folder) if part_name(path)[0] in wanted)


def _sound_parts(
    target: Target, paths: Iterable[str], columns: Sequence[str] | None = None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Paths and content of the parts; a damaged one is removed with a warning."""
    for path in paths:
        data = target.read(path)
        if hashlib.sha256(data).hexdigest()[:16] != path.removesuffix(".parquet").rpartition("-")[2]:
            warnings.warn(f"{target}: the part {path} is damaged; its pictures are drawn again.", stacklevel=2)
            target.remove(path)
            continue
        yield path, read_parquet(data, columns)


def sums_of(rows: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of every image, mask and layer that the rows name; of packs where they lie in packs."""
    for kind in KINDS:
        alone = rows.filter(pl.col(pack_of(kind)).is_null())
        yield from alone.select(kind, f"{kind}_sha256").drop_nulls().iter_rows()
    for pack in PACKS:
        yield from rows.select(pack, f"{pack}_sha256").drop_nulls().unique(maintain_order=True).iter_rows()


def pack_of(kind: str) -> str:
    """The column that names the pack of a kind of file (of KINDS): photographs, and what is true of them, lie apart."""
    return PACKS[kind != "image"]


def boxes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The boxes of all rows, one a row of the result: rank, day, occasion, view, image, then the box."""
    return _each(rows, "boxes")


def points_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The key points of all rows, likewise: rank, day, occasion, view, image, name, x, y."""
    return _each(rows, "points")


def _each(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    held = rows.select(*UNIT, "image", column).filter(pl.col(column).list.len() > 0)
    return held.explode(column).unnest(column)


def _text(values: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(values or {}), sort_keys=True, separators=(",", ":"))
