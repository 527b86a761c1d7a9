"""The folder under examination: it is only read, never left, and no symbolic link in it is followed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from ...errors import DatasetError
from .. import pieces
from ..columns import TABLES
from ..layout import is_pack, piece_of
from ..packs import members, opened
from ..tables import read_csv
from ..target import Target
from .findings import State

LIMIT_BYTES = 1 << 30
"""No file that is read whole is bigger in a dataset of a million pictures."""
LIMIT_ROWS = 1 << 34


class Skip(Exception):  # noqa: N818  (a way out, not an error)
    """A check cannot be run; the text says why."""


@dataclass(slots=True)
class Subject:
    """What of a dataset could be read so far. The checks fill it in the order in which they run.

    there : path -> bytes of every regular file (None where the target does not say).  odd : path -> what else is there
    (symbolic links, pipes, devices).  manifest, truth : the manifests, once they are known to be sound.
    listed : path -> (SHA-256, bytes or None) of every file that they cover.
    """

    target: Target
    there: dict[str, int | None]
    odd: Mapping[str, str]
    manifest: dict[str, Any] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)
    listed: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    protocol: Any = None
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    state: State = "none"

    def read(self, path: str, limit: int = LIMIT_BYTES) -> bytes:
        """A regular file of the folder, whole. Anything else is a DatasetError."""
        self.check(path, limit)
        return self.target.read(path)

    def check(self, path: str, limit: int = LIMIT_BYTES) -> None:
        """A DatasetError where there is no such regular file, or one that is too big to be right."""
        if path in self.odd:
            raise DatasetError(f"it is {self.odd[path]}, not a file")
        if path not in self.there:
            raise DatasetError("it is missing")
        if (self.there[path] or 0) > limit:
            raise DatasetError(f"it has {self.there[path]} bytes; at most {limit} can be right")

    def unpack(self, index: str) -> Iterator[tuple[str, str, int]]:
        """Path, SHA-256 and size of what an index says of the packs; it is there from now on, if its pack is."""
        if any(map(is_pack, self.odd)):
            raise DatasetError("a pack is no regular file")
        for path, sha256, size in members(self.target, index):
            if path in self.there:
                raise DatasetError(f"it lists {path}, which lies there by itself, too")
            if self.target.exists(path):
                self.there[path] = size
            yield path, sha256, size

    def has(self, path: str) -> bool:
        """Whether there is such a regular file."""
        return path in self.there

    def frame(self, name: str) -> pl.DataFrame:
        """A table that is read whole: those with a row a patient or a day, never those with a row a lesion."""
        if name not in self.frames:
            self.frames[name] = (
                read_csv(self.read(self._files(name)[0]), name) if _is_csv(name) else self.scan(name).collect()
            )
        return self.frames[name]

    def scan(self, name: str) -> pl.LazyFrame:
        """A table as a plan, to be collected in portions."""
        if _is_csv(name):
            return self.frame(name).lazy()
        files = self._files(name)
        for path in files:
            self.check(path)
        plan = pieces.scan(self.target, files)
        if plan.select(pl.len()).collect().item() > LIMIT_ROWS:
            raise DatasetError("it has more rows than any dataset")
        return plan

    def _files(self, name: str) -> list[str]:
        own = files_of(name, self.there)
        if not own:
            raise Skip(f"{TABLES[name].path} is not there")
        return own

    @property
    def views(self) -> list[str]:
        """Views that the observations have a column of."""
        return [name.removeprefix("image_") for name in self.frame("observations").columns if name.startswith("image_")]


def files_of(name: str, paths: Collection[str]) -> list[str]:
    """The files of a table among these: one, or its pieces."""
    path = TABLES[name].path
    return [path] if path in paths else sorted(one for one in paths if piece_of(one) == path)


def _is_csv(name: str) -> bool:
    return TABLES[name].path.endswith(".csv")


def subject_of(url: str | os.PathLike[str]) -> Subject:
    """Look through a folder (or an fsspec URL), without opening anything."""
    target = opened(url)
    if target.local is None:
        return Subject(target, dict.fromkeys(Target.list(target)), {})
    there: dict[str, int | None] = {}
    odd: dict[str, str] = {}
    for path, status in _walk(target.local):
        if stat.S_ISREG(status.st_mode):
            there[path] = status.st_size
        else:
            odd[path] = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no regular file (a pipe or a device)"
    return Subject(target, there, odd)


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below a folder but the folders, with its status; links are met, not followed."""
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        try:
            entries = sorted(os.scandir(root / inner), key=lambda entry: entry.name)
        except OSError as error:
            raise DatasetError(
                f"{root / inner}: cannot be looked through ({error.strerror or error}). Give a folder."
            ) from error
        for entry in entries:
            path = f"{inner}/{entry.name}" if inner else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                yield path, entry.stat(follow_symlinks=False)


def unsafe(path: object) -> str:
    """Why a path may not stand in a list or a table; "" where it may. Relative, POSIX, inside the folder."""
    if not isinstance(path, str) or not path:
        return "it is no path"
    if "\\" in path or "\0" in path or any(ord(letter) < 32 for letter in path):
        return "it has a backslash or a control character"
    if path.startswith(("/", "~")) or (len(path) > 1 and path[1] == ":"):
        return "it is absolute"
    if any(part in ("", ".", "..") for part in path.split("/")) or PurePosixPath(path).as_posix() != path:
        return "it leads out of the folder, or is written in a roundabout way"
    return ""


def strict_json(data: bytes) -> dict[str, Any]:
    """A JSON mapping: UTF-8, no NaN, no key given twice, not nested beyond reason. Otherwise a DatasetError."""

    def refuse(text: str) -> None:
        raise ValueError(f"it holds {text}, which is no JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("it gives a key twice")
        return found

    try:
        document = json.loads(data.decode("utf-8"), parse_constant=refuse, object_pairs_hook=unique)
    except RecursionError as error:
        raise DatasetError("it is nested too deeply") from error
    except ValueError as error:
        raise DatasetError(f"it is no sound JSON ({error})") from error
    if not isinstance(document, dict):
        raise DatasetError("it is no JSON mapping")
    return document
