"""Files of this machine that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

TEMPORARY = ".nof1sim-tmp-"
"""How the name of a file, or of its folder, begins while it is being written."""


def write_atomically(path: Path, data: bytes) -> None:
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


def create(path: Path, data: bytes) -> bool:
    """Write a file that is not there yet; False where there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return False
    return True


def remove(path: Path, root: Path) -> None:
    """Remove a file, if there is one, and the folders that it leaves empty, up to `root`."""
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == root:
            break
        try:
            folder.rmdir()
        except OSError:
            break


def files_below(folder: Path, root: Path) -> Iterator[str]:
    """Every file below a folder, relative to the root."""
    for place, _, names in os.walk(folder):
        inner = Path(place).relative_to(root).as_posix()
        yield from names if inner == "." else (f"{inner}/{name}" for name in names)


def folders(folder: Path) -> list[str]:
    """The names of the folders directly in a folder; none where it is missing."""
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_dir()]
    except FileNotFoundError:
        return []


def is_temporary(path: str) -> bool:
    """Whether it is the path of a file that is being written."""
    return any(name.startswith(TEMPORARY) for name in path.split("/"))


def _opened(path: Path) -> Any:
    """A new file; its folder is made when it is missing (another process may just have removed it)."""
    try:
        return open(path, "xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb")
