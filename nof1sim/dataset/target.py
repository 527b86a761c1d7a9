"""Where a dataset is written: a folder, or anything fsspec can reach. Files appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import DatasetError
from . import local_files
from .letters import kind_of, letters
from .local_files import TEMPORARY, is_temporary
from .remote import Remote, file_system

__all__ = ["TEMPORARY", "Stored", "Target", "letters"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A written file: its path relative to the root, its SHA-256 (hexadecimal) and its size.

    offset : where it begins in its pack; None for a file by itself (see `nof1sim.dataset.packing`).
    """

    path: str
    sha256: str
    bytes: int
    offset: int | None = None


class Target:
    """The root of a dataset. Cheap to build and to pickle; every path is relative to the root.

    Parameters
    ----------
    url
        A local folder, or a URL that fsspec knows (`s3://bucket/trial`, `memory://trial`). What a store is asked for is
        asked for again while it is throttled or away (see `nof1sim.dataset.remote`).

    Raises
    ------
    DatasetError
        No such kind of URL, or the package that reads it is not installed.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.url = os.fspath(url)
        fs, root = file_system(self.url)
        kind = kind_of(self.url)
        self.local: Path | None = Path(root.rstrip("/") or "/") if kind == "file" else None
        """The folder on this machine, or None where the target is remote."""
        self._remote = Remote(fs, root, kind)

    def __str__(self) -> str:
        return self.url

    def __reduce__(self) -> tuple[type[Target], tuple[str]]:
        return type(self), (self.url,)

    def _checked(self, path: str) -> str:
        """A path as it came; one that leads out of the root is refused."""
        if path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
            raise DatasetError(
                f"{self}: {path!r} leads out of the dataset; allowed: paths within it. Nothing was read."
            )
        return path

    def path_of(self, path: str) -> Path | None:
        """Where a file lies on this machine; None where the target is remote, or the file lies in a pack."""
        return None if self.local is None else self.local / self._checked(path)

    def write(self, path: str, data: bytes) -> None:
        """Write a file whole: a reader, or a crash, meets the old content or the new, never a half."""
        with letters(self, path):
            if self.local is None:
                self._remote.put(self._checked(path), data)
            else:
                local_files.write_atomically(self.local / self._checked(path), data)

    def create(self, path: str, data: bytes) -> bool:
        """Write a small file that is not there yet; False where there is one. Of two writers one wins."""
        with letters(self, path):
            if self.local is None:
                return self._remote.put_new(self._checked(path), data)
            return local_files.create(self.local / self._checked(path), data)

    def store(self, path: str, data: bytes) -> Stored:
        """`write`, and what a manifest says about the file."""
        self.write(path, data)
        return Stored(path, hashlib.sha256(data).hexdigest(), len(data))

    def take_in(self, path: str, file: Path) -> Stored:
        """Move a finished file of this machine (one in `scratch`) into the dataset, whole."""
        with letters(self, path):
            with file.open("rb+") as handle:
                sha256, size = hashlib.file_digest(handle, "sha256").hexdigest(), file.stat().st_size
                os.fsync(handle.fileno())
            if self.local is None:
                self._remote.upload(self._checked(path), file)
                file.unlink()
            else:
                (self.local / self._checked(path)).parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, self.local / path)
        return Stored(path, sha256, size)

    @contextmanager
    def scratch(self, folder: str) -> Iterator[Path]:
        """A folder of this machine for files in the making: below `folder` of a local dataset, on its disk.

        It is removed in the end; what a crash leaves there is swept like half-written files.
        """
        with letters(self, folder):
            if self.local is not None:
                (self.local / folder).mkdir(parents=True, exist_ok=True)
            made = tempfile.mkdtemp(prefix=TEMPORARY, dir=Target.path_of(self, folder))
        try:
            yield Path(made)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def read(self, path: str) -> bytes:
        """The content of a file. A missing file is a DatasetError."""
        with letters(self, path):
            if self.local is None:
                return self._remote.get(self._checked(path))
            return (self.local / self._checked(path)).read_bytes()

    def read_range(self, path: str, start: int, end: int) -> bytes:
        """The bytes of a file from `start` up to `end`, fewer where it ends before."""
        with letters(self, path):
            if self.local is None:
                return self._remote.get(self._checked(path), start, end)
            with (self.local / self._checked(path)).open("rb") as file:
                file.seek(start)
                return file.read(end - start)

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        with letters(self, path):
            if self.local is None:
                return self._remote.exists(self._checked(path))
            return (self.local / self._checked(path)).is_file()

    def list(self, prefix: str = "") -> list[str]:
        """Every file below a folder, relative to the root, sorted; files that are being written are left out."""
        return [path for path in self._find(prefix) if not is_temporary(path)]

    def folders(self, path: str) -> list[str]:
        """The folders directly in a folder, relative to the root, sorted."""
        with letters(self, path):
            found = self._remote.folders(path) if self.local is None else local_files.folders(self.local / path)
        return sorted(f"{path}/{name}" for name in found)

    def lines(self, path: str) -> Iterator[str]:
        """The lines of a text, one after another: memory holds a few, however many there are."""
        with letters(self, path):
            if self.local is None:
                yield from _lines(self._remote.chunks(self._checked(path)))
                return
            with (self.local / self._checked(path)).open("rb") as file:
                for line in file:
                    yield line.decode("utf-8", "replace").rstrip("\n")

    def remove(self, path: str) -> None:
        """Remove a file, if there is one, and the folders that it leaves empty."""
        with letters(self, path):
            if self.local is None:
                self._remote.remove(self._checked(path))
            else:
                local_files.remove(self.local / self._checked(path), self.local)

    def sweep(self) -> int:
        """Remove what interrupted writes left behind; the number of files. Only while nobody else writes."""
        every = self._find("") if self.local is None else local_files.files_below(self.local, self.local)
        stray = [path for path in every if is_temporary(path)]
        for path in stray:
            self.remove(path)
        return len(stray)

    def ensure_writable(self) -> None:
        """Make the folder, and try a write.

        Raises
        ------
        DatasetError
            The path is a file, or cannot be written; there is no such bucket, or no credentials for it.
        """
        probe = f"{TEMPORARY}probe-{secrets.token_hex(4)}"
        if self.local is not None and self.local.exists() and not self.local.is_dir():
            raise DatasetError(f"{self}: is a file; a dataset is a folder. Give another --out.")
        try:
            self.write(probe, b"")
        except DatasetError as error:
            if self.local is None:
                raise
            raise DatasetError(f"{self}: cannot be written ({_reason(error)}). Give another --out.") from error
        self.remove(probe)

    def _find(self, prefix: str) -> list[str]:
        if self.local is not None:
            return sorted(local_files.files_below(self.local / prefix, self.local))
        with letters(self, prefix):
            return self._remote.find(prefix)


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
    if rest:
        yield rest.decode("utf-8", "replace")


def _reason(error: DatasetError) -> str:
    cause = error.__cause__
    return (cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)).rstrip(".").lower()
