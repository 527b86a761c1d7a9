"""Where a dataset is written: a folder, or anything fsspec can reach. Files appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

from ..errors import DatasetError

TEMPORARY = ".nof1sim-tmp-"
"""How the name of a file, or of its folder, begins while it is being written."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_NOT_A_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}


@dataclass(frozen=True, slots=True)
class Stored:
    """A written file: its path relative to the root, its SHA-256 (hexadecimal) and its size."""

    path: str
    sha256: str
    bytes: int


class Target:
    """The root of a dataset. Cheap to build and to pickle; every path is relative to the root.

    Parameters
    ----------
    url
        A local folder, or a URL that fsspec knows (`s3://bucket/trial`, `memory://trial`).

    Raises
    ------
    DatasetError
        No such kind of URL, or the package that reads it is not installed.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.url = os.fspath(url)
        try:
            self._fs, root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise DatasetError(
                f"{self.url}: cannot be opened ({error}). Give a folder or a URL of fsspec's."
            ) from error
        self._root = str(root).rstrip("/")
        self.local: Path | None = Path(root) if _is_local(self._fs) else None
        """The folder on this machine, or None where the target is remote."""

    def __str__(self) -> str:
        return self.url

    def _checked(self, path: str) -> str:
        """A path as it came; one that leads out of the root is refused."""
        if path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
            raise DatasetError(
                f"{self}: {path!r} leads out of the dataset; allowed: paths within it. Nothing was read."
            )
        return path

    def path_of(self, path: str) -> Path | None:
        """Where a file lies on this machine; None where the target is remote."""
        return None if self.local is None else self.local / self._checked(path)

    def write(self, path: str, data: bytes) -> None:
        """Write a file whole: a reader, or a crash, meets the old content or the new, never a half."""
        with letters(self, path):
            if self.local is None:
                self._put(self._full(path), data)
            else:
                _write_atomically(self.local / self._checked(path), data)

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
                self._fs.makedirs(self._full(path).rpartition("/")[0], exist_ok=True)
                self._fs.put_file(str(file), self._full(path))
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
            made = tempfile.mkdtemp(prefix=TEMPORARY, dir=self.path_of(folder))
        try:
            yield Path(made)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def read(self, path: str) -> bytes:
        """The content of a file. A missing file is a DatasetError."""
        with letters(self, path):
            return (
                self._fs.cat_file(self._full(path))
                if self.local is None
                else (self.local / self._checked(path)).read_bytes()
            )

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        with letters(self, path):
            return (
                bool(self._fs.isfile(self._full(path)))
                if self.local is None
                else (self.local / self._checked(path)).is_file()
            )

    def list(self, prefix: str = "") -> list[str]:
        """Every file below a folder, relative to the root, sorted; files that are being written are left out."""
        return [path for path in self._find(prefix) if not _temporary(path)]

    def folders(self, path: str) -> list[str]:
        """The folders directly in a folder, relative to the root, sorted."""
        with letters(self, path):
            try:
                if self.local is not None:
                    found = [entry.name for entry in os.scandir(self.local / self._checked(path)) if entry.is_dir()]
                else:
                    self._fs.invalidate_cache()
                    there = self._fs.ls(self._full(path), detail=True)
                    found = [str(e["name"]).rstrip("/").rpartition("/")[2] for e in there if e["type"] == "directory"]
            except FileNotFoundError:
                return []
        return sorted(f"{path}/{name}" for name in found)

    def lines(self, path: str) -> Iterator[str]:
        """The lines of a text, one after another: memory holds a few, however many there are."""
        with letters(self, path):
            local = self.path_of(path)
            with self._fs.open(self._full(path), "rb") if local is None else local.open("rb") as file:
                for line in file:
                    yield line.decode("utf-8", "replace").rstrip("\n")

    def remove(self, path: str) -> None:
        """Remove a file, if there is one, and the folders that it leaves empty."""
        with letters(self, path):
            if self.local is None:
                with suppress(FileNotFoundError):
                    self._fs.rm_file(self._full(path))
                return
            (self.local / self._checked(path)).unlink(missing_ok=True)
            for folder in (self.local / path).parents:
                if folder == self.local:
                    break
                try:
                    folder.rmdir()
                except OSError:
                    break

    def sweep(self) -> int:
        """Remove what interrupted writes left behind; the number of files. Only while nobody else writes."""
        every = self._find("") if self.local is None else _files_below(self.local, self.local)
        stray = [path for path in every if _temporary(path)]
        for path in stray:
            self.remove(path)
        return len(stray)

    def ensure_writable(self) -> None:
        """Make the folder, and try a write.

        Raises
        ------
        DatasetError
            The path is a file, or cannot be written.
        """
        probe = f"{TEMPORARY}probe-{secrets.token_hex(4)}"
        if self.local is not None and self.local.exists() and not self.local.is_dir():
            raise DatasetError(f"{self}: is a file; a dataset is a folder. Give another --out.")
        try:
            self.write(probe, b"")
        except DatasetError as error:
            raise DatasetError(f"{self}: cannot be written ({_reason(error)}). Give another --out.") from error
        self.remove(probe)

    def _full(self, path: str) -> str:
        return f"{self._root}/{self._checked(path)}" if path else self._root

    def _put(self, path: str, data: bytes) -> None:
        try:
            self._fs.pipe_file(path, data)
        except FileNotFoundError:  # a file system with folders
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(path, data)

    def _find(self, prefix: str) -> list[str]:
        if self.local is not None:
            return sorted(_files_below(self.local / prefix, self.local))
        with letters(self, prefix):
            self._fs.invalidate_cache()
            try:
                found = self._fs.find(self._full(prefix))
            except FileNotFoundError:
                return []
        return sorted(str(path)[len(self._root) :].lstrip("/") for path in found)


def _reason(error: DatasetError) -> str:
    cause = error.__cause__
    return (cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)).rstrip(".").lower()


@contextmanager
def letters(target: Target, path: str) -> Iterator[None]:
    """Turn the errors of file systems into letters to the user."""
    try:
        yield
    except FileNotFoundError as error:
        raise DatasetError(f"{target}: there is no {path!r}. Is it a complete dataset?") from error
    except OSError as error:
        raise DatasetError(_letter(target, path, error)) from error


def _letter(target: Target, path: str, error: OSError) -> str:
    if error.errno in _FULL:
        return (
            f"{target}: the disk is full (writing {path!r}). Everything finished is kept: "
            "free some space and run the same command again, or give an --out on another disk."
        )
    if error.errno in _FORBIDDEN or isinstance(error, PermissionError):
        return f"{target}: cannot be written ({error.strerror or error}). Give an --out that you may write to."
    if error.errno in _NOT_A_FOLDER:
        return f"{target}: a file stands where a folder is needed ({path!r}). Give another --out, or move the file."
    return f"{target}: {path!r} cannot be read or written ({error.strerror or error})."


def _write_atomically(path: Path, data: bytes) -> None:
    """Temporary file in the same folder, flushed to the disk, renamed. A crash leaves at most the temporary."""
    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        with _opened(temporary) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _opened(path: Path) -> Any:
    """A new file; its folder is made when it is missing (another process may just have removed it)."""
    try:
        return open(path, "xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb")


def _files_below(folder: Path, root: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        inner = Path(place).relative_to(root).as_posix()
        yield from names if inner == "." else (f"{inner}/{name}" for name in names)


def _temporary(path: str) -> bool:
    return any(name.startswith(TEMPORARY) for name in path.split("/"))


def _is_local(fs: Any) -> bool:
    protocol = fs.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)
