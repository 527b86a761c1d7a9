"""What a finished shard leaves behind: one part file, written last. No part, not done."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from ..errors import DatasetError
from ..model import Unit
from .layout import LAYERS, PARTS, part_path
from .tables import read_parquet, write_parquet
from .target import Stored, Target

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
    "boxes": pl.List(BOX),
}
"""Columns of a part: a row is a picture. `nuisance` and `drawn` are JSON texts. An offset is the place in the pack."""

UNIT = ("rank", "day", "occasion", "view")


def part_row(
    unit: Unit,
    files: Mapping[str, Stored],
    said: Mapping[str, Mapping[str, Any]] | None = None,
    boxes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """One row of a part.

    Parameters
    ----------
    files : by their kind (of KINDS): the image and what else was written of the picture.
    said : by SAID.
    boxes : each a mapping with lesion_id, x, y, w, h (pixels), area_px.
    """
    row: dict[str, Any] = {"rank": unit.rank, "day": unit.day, "occasion": unit.occasion, "view": unit.view}
    for kind in KINDS:
        stored = files.get(kind)
        row[kind] = stored.path if stored else None
        row[f"{kind}_sha256"] = stored.sha256 if stored else None
        row[f"{kind}_bytes"] = stored.bytes if stored else None
        row[f"{kind}_offset"] = stored.offset if stored else None
    texts = {name: _text((said or {}).get(name)) for name in SAID}
    return row | texts | {"boxes": [dict(box) for box in boxes]}


def commit_part(target: Target, shard_id: str, digest: str, rows: list[dict[str, Any]]) -> Stored:
    """Say that a shard is done. Call it last, when every file that the rows name is written.

    Parameters
    ----------
    digest : the protocol's; parts of another protocol are refused by `committed`.
    rows : as `part_row` makes them.
    """
    frame = pl.DataFrame([{"digest": digest, **row} for row in rows], schema=SCHEMA)
    data = write_parquet(frame.sort(UNIT))
    return target.store(part_path(shard_id, hashlib.sha256(data).hexdigest()[:16]), data)


def committed(target: Target, digest: str, overwrite: bool = False) -> set[Unit]:
    """The pictures that are done.

    A part that cannot be read is removed with a warning, and a picture of which a file (image, mask, layer) has
    vanished does not count: both are simply drawn again.

    Parameters
    ----------
    overwrite : remove parts of another protocol, and the files they name, instead of refusing them.

    Raises
    ------
    DatasetError
        A part of another protocol.
    """
    if overwrite:
        _remove_foreign(target, digest)
    there = pl.Series(target.list(), dtype=pl.String)
    done: set[Unit] = set()
    for frame in read_parts(target, digest):
        whole = frame.filter(
            *(pl.col(kind).is_null() | pl.coalesce(pack_of(kind), kind).is_in(there.implode()) for kind in KINDS)
        )
        done.update(Unit(*key) for key in whole.select(UNIT).iter_rows())
    return done


def _remove_foreign(target: Target, digest: str) -> None:
    """Remove the parts of other protocols; first the files that they name, which may stand where ours should."""
    for path, frame in _sound_parts(target):
        if _foreign(frame, digest):
            for file in (*files_of(frame), *packs_of(frame)):
                target.remove(file)
            target.remove(path)


def _foreign(frame: pl.DataFrame, digest: str) -> bool:
    return bool(set(frame["digest"].unique()) - {digest})


def read_parts(target: Target, digest: str) -> Iterator[pl.DataFrame]:
    """The parts, one frame each, in the order of their names; one of another protocol is refused."""
    for _, frame in _sound_parts(target):
        if _foreign(frame, digest):
            raise DatasetError(
                f"{target}: holds pictures of another protocol ({frame['digest'][0][:12]}, asked for {digest[:12]}). "
                "Give another --out, or --overwrite."
            )
        yield frame


def _sound_parts(target: Target) -> Iterator[tuple[str, pl.DataFrame]]:
    """Paths and content of the parts; a damaged one is removed with a warning."""
    for path in target.list(PARTS):
        data = target.read(path)
        if hashlib.sha256(data).hexdigest()[:16] != path.removesuffix(".parquet").rpartition("-")[2]:
            warnings.warn(f"{target}: the part {path} is damaged; its pictures are drawn again.", stacklevel=2)
            target.remove(path)
            continue
        yield path, read_parquet(data)


def all_rows(target: Target, digest: str) -> pl.DataFrame:
    """The rows of all parts, one a picture, in the order of patient, day, occasion, view."""
    frames = [pl.DataFrame(schema=SCHEMA), *read_parts(target, digest)]
    return pl.concat(frames).unique(UNIT, keep="first").sort(UNIT)


def files_of(rows: pl.DataFrame) -> dict[str, tuple[str, int]]:
    """Path -> (SHA-256, bytes) of every image, mask and layer that the rows name."""
    files: dict[str, tuple[str, int]] = {}
    for kind in KINDS:
        named = rows.select(kind, f"{kind}_sha256", f"{kind}_bytes").drop_nulls()
        files |= {path: (sha256, size) for path, sha256, size in named.iter_rows()}
    return files


def pack_of(kind: str) -> str:
    """The column that names the pack of a kind of file (of KINDS): photographs, and what is true of them, lie apart."""
    return PACKS[kind != "image"]


def packs_of(rows: pl.DataFrame) -> dict[str, tuple[str, int]]:
    """Path -> (SHA-256, bytes) of every pack that the rows name."""
    files: dict[str, tuple[str, int]] = {}
    for pack in PACKS:
        named = rows.select(pack, f"{pack}_sha256", f"{pack}_bytes").drop_nulls().unique()
        files |= {path: (sha256, size) for path, sha256, size in named.iter_rows()}
    return files


def committed_shards(target: Target) -> set[str]:
    """Ids of the shards that have a part, by the names of the parts alone: none is read."""
    return {path.removeprefix(f"{PARTS}/").rpartition("-")[0] for path in target.list(PARTS)}


def boxes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The boxes of all rows, one a row of the result: rank, day, occasion, view, image, then the box."""
    boxes = rows.select(*UNIT, "image", "boxes").filter(pl.col("boxes").list.len() > 0)
    return boxes.explode("boxes").unnest("boxes")


def _text(values: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(values or {}), sort_keys=True, separators=(",", ":"))
