"""Files that fsspec reaches: asked for again while a store is throttled or away, and put whole.

An object store shows an object only when all of it has arrived, so a put is atomic, also one in several parts
(`put_file` of a big file). Where a file system has no such promise, a file is put under another name and renamed.
"""

from __future__ import annotations

import errno
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Any, TypeVar

import fsspec
from fsspec.config import conf

from ..errors import DatasetError
from .letters import NoBucket, is_no_bucket, is_passing, kind_of
from .local_files import TEMPORARY

WAITS_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Waits between the eight tries of a request: 61.5 s in all, and no dice in them. A request that was refused, or that
asks for what is not there, is not made again."""

OBJECT_STORES = {"s3", "gs", "az"}
WHOLE = OBJECT_STORES | {"memory"}
"""Kinds of which a put is atomic, and which can put an object only if there is none of its name."""
TESTED = "a folder, file://, s3://BUCKET/FOLDER, gs://, az:// or memory://"
PACKAGES = {"s3": "nof1sim[s3]", "gs": "gcsfs", "az": "adlfs"}
"""What to install for a kind of URL."""
S3_CONFIG = {"retries": {"total_max_attempts": 1}, "connect_timeout": 10, "read_timeout": 60}
"""One try a request, since this module makes the others; an answer that takes longer than a minute is none."""

CHUNK_BYTES = 4 << 20
"""What is fetched at once of a file that is read in pieces."""

T = TypeVar("T")


def file_system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it.

    Raises
    ------
    DatasetError
        No such kind of URL, or the package that reads it is not installed.
    """
    kind = kind_of(url)
    try:
        fs, root = fsspec.core.url_to_fs(url, **_options(kind))
    except ImportError as error:
        package = PACKAGES.get(kind)
        what = f'Install it: pip install "{package}".' if package else f"{error}."
        raise DatasetError(f"{url}: cannot be opened: the package that reads {kind}:// is missing. {what}") from error
    except ValueError as error:
        raise DatasetError(f"{url}: cannot be opened ({error}). Give {TESTED}.") from error
    if kind == "s3":
        fs.retries = 1
    return fs, str(root)


def _options(kind: str) -> dict[str, Any]:
    """What a file system is opened with: no listing is remembered, since others write there, too."""
    if kind not in OBJECT_STORES:
        return {}
    options: dict[str, Any] = {"use_listings_cache": False}
    if kind == "s3":
        own = conf.get("s3", {}).get("config_kwargs", {})
        options["config_kwargs"] = S3_CONFIG | own
    return options


def patiently(act: Callable[[], T]) -> T:
    """What `act` gives; a passing error is waited out (`WAITS_SECONDS`), any other is raised at once."""
    for wait in WAITS_SECONDS:
        try:
            return act()
        except Exception as error:
            if not is_passing(error):
                raise
        sleep(wait)
    return act()


class Remote:
    """The files below a root; every path is relative to it. Errors are the file system's own: see `letters`."""

    def __init__(self, fs: Any, root: str, kind: str) -> None:
        self._fs, self._root, self._kind = fs, root.rstrip("/"), kind

    def put(self, path: str, data: bytes) -> None:
        """Write a file whole."""
        self._whole(path, lambda place: self._fs.pipe_file(place, data))

    def upload(self, path: str, file: Path) -> None:
        """Copy a file of this machine to the store, in parts where it is big; nothing is there until all is."""
        self._whole(path, lambda place: self._fs.put_file(str(file), place))

    def put_new(self, path: str, data: bytes) -> bool:
        """Write a file that is not there yet; False where there is one.

        The object stores and memory decide that by themselves, so of two writers one wins. Elsewhere, and in a store
        that knows no conditional put, it is looked up first, and two writers of the same moment may both win.
        """
        if self._kind in WHOLE:
            try:
                self._bucketed(lambda: self._fs.pipe_file(self._full(path), data, mode="create"))
                return True
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno != errno.ENOSYS:
                    raise
        if self.exists(path):
            return False
        self.put(path, data)
        return True

    def get(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """A file's bytes, or those from `start` up to `end`."""
        how: dict[str, Any] = {"start": start, "end": end} if start is not None else {}
        if not how and self._kind == "s3":
            how = {"max_concurrency": 1}  # else the size of each file is asked for first
        return patiently(lambda: self._fs.cat_file(self._full(path), **how))

    def exists(self, path: str) -> bool:
        """Whether there is such a file; an error of the store is an error, not a no."""
        try:
            return patiently(lambda: self._fs.info(self._full(path)))["type"] == "file"
        except FileNotFoundError:
            return False

    def find(self, prefix: str) -> list[str]:
        """Every file below a folder, sorted."""

        def look() -> list[str]:
            self._fs.invalidate_cache()
            return self._fs.find(self._full(prefix))

        try:
            found = patiently(look)
        except FileNotFoundError as error:
            if is_no_bucket(error):
                raise
            return []
        return sorted(str(path)[len(self._root) :].lstrip("/") for path in found)

    def folders(self, path: str) -> list[str]:
        """The names of the folders directly in a folder."""

        def look() -> list[dict[str, Any]]:
            self._fs.invalidate_cache()
            return self._fs.ls(self._full(path), detail=True)

        try:
            found = patiently(look)
        except FileNotFoundError as error:
            if is_no_bucket(error):
                raise
            return []
        return [str(one["name"]).rstrip("/").rpartition("/")[2] for one in found if one["type"] == "directory"]

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's bytes, piece by piece; each is asked for again while the store is away."""
        size = patiently(lambda: self._fs.info(self._full(path)))["size"]
        for start in range(0, size, CHUNK_BYTES):
            yield self.get(path, start, min(start + CHUNK_BYTES, size))

    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""
        with suppress(FileNotFoundError):
            patiently(lambda: self._fs.rm_file(self._full(path)))

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _whole(self, path: str, put: Callable[[str], None]) -> None:
        place = self._full(path)
        if self._kind in WHOLE:
            self._bucketed(lambda: put(place))
            return
        folder = place.rpartition("/")[0]
        aside = f"{folder}/{TEMPORARY}{secrets.token_hex(8)}"

        def put_and_rename() -> None:
            self._fs.makedirs(folder, exist_ok=True)
            put(aside)
            self._fs.mv(aside, place)

        patiently(put_and_rename)

    def _bucketed(self, act: Callable[[], None]) -> None:
        """Write into an object store: it has no folders, so what it does not find is the bucket; none is made."""
        try:
            patiently(act)
        except FileNotFoundError as error:
            raise NoBucket(errno.ENOENT, "there is no such bucket") from error
