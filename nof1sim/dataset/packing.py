"""Packs: the files of a shard's pictures in two tar files, so that a million pictures are a thousand objects.

Photographs lie in one pack, what is true of them (masks, layers) in another below `truth/`, so that a dataset for
somebody blinded is still one without that folder. A member is named by the photograph's path with an ending of its own
(`images/P001/P001_d001_front.jpg`, `....mask.png`): what belongs to one picture has one key in both packs, in the same
order, as WebDataset wants it. Within the dataset a file keeps its usual path; the index, `packs/000000.parquet` and so
on for each 64 patients, says where it lies.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from ..model import Unit
from . import parts
from .layout import WORK, pack_path
from .parts import KINDS, pack_of
from .target import Stored, Target, letters

PACK_PICTURES = 1000
"""Pictures of a pack at most: some 100 MB at 512 px. A pack holds pictures of one patient."""


class Loose:
    """Every file by itself: `images.layout` standard and hettich."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def store(self, kind: str, image: str, path: str, data: bytes) -> Stored:
        """Write a file of a picture. `kind` is one of KINDS, `image` the path of the photograph."""
        del kind, image
        return self._target.store(path, data)

    def close(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows as they came: the files are written."""
        return rows


class Packer:
    """The packs of one shard in the making, in a scratch folder of this machine."""

    def __init__(self, target: Target, folder: Path, first: Unit) -> None:
        self._target, self._folder, self._first = target, folder, first
        self._tars: dict[str, tarfile.TarFile] = {}

    def store(self, kind: str, image: str, path: str, data: bytes) -> Stored:
        """Add a file of a picture to its pack."""
        pack = pack_of(kind)
        with letters(self._target, path):
            if pack not in self._tars:
                self._tars[pack] = tarfile.open(self._folder / pack, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
            tar = self._tars[pack]
            info = tarfile.TarInfo(member_name(kind, image, path))  # time 0, owner 0, mode 644: the same bytes
            info.size = len(data)
            offset = tar.offset + tarfile.BLOCKSIZE
            tar.addfile(info, io.BytesIO(data))
        return Stored(path, sha256(data).hexdigest(), len(data), offset)

    def close(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put the packs into the dataset, whole; the rows, which now say in which pack their files lie."""
        said: dict[str, Any] = {}
        for pack, tar in self._tars.items():
            with letters(self._target, pack):
                tar.close()
            path = pack_path(self._first, truth=pack != parts.PACKS[0])
            stored = self._target.take_in(path, self._folder / pack)
            said |= {pack: stored.path, f"{pack}_sha256": stored.sha256, f"{pack}_bytes": stored.bytes}
        return [row | said for row in rows]


@contextmanager
def files_for(target: Target, first: Unit, packed: bool) -> Iterator[Loose | Packer]:
    """Where the files of a shard go, whose first picture is `first`."""
    if not packed:
        yield Loose(target)
        return
    with target.scratch(WORK) as folder:
        yield Packer(target, folder, first)


def member_name(kind: str, image: str, path: str) -> str:
    """`images/P001/P001_d001_front.jpg`, `images/P001/P001_d001_front.mask.png`: one key, as WebDataset cuts names."""
    return image if kind == "image" else f"{PurePosixPath(image).with_suffix('')}.{kind}{PurePosixPath(path).suffix}"


def index_of(rows: pl.DataFrame, pack: str) -> pl.DataFrame:
    """path, pack, offset, bytes, sha256 of every file in the packs of one kind (of `parts.PACKS`), by path."""
    each = [
        rows.select(
            pl.col(kind).alias("path"),
            pl.col(pack).alias("pack"),
            pl.col(f"{kind}_offset").alias("offset"),
            pl.col(f"{kind}_bytes").alias("bytes"),
            pl.col(f"{kind}_sha256").alias("sha256"),
        )
        for kind in KINDS
        if pack_of(kind) == pack
    ]
    return pl.concat(each).drop_nulls().sort("path")
