"""One run at a time: a lock per shard of a dataset.

In a folder the system releases a lock when its holder dies, however it dies. In an object store a lock is a lease that
its holder renews (`nof1sim.run.lease`).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import DatasetError
from .lease import Leases
from .process import identity, lives
from .share import ALL, parse_share

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TRIES = 5
PAUSE_SECONDS = 0.05
"""A lock is asked for several times: somebody may be looking whether its holder lives, which takes a moment."""
BYTE = 1 << 20
"""Windows locks a byte that nobody reads."""
SUFFIX = ".lock"

Locks = str | os.PathLike[str] | Leases | None
"""Where the locks of a dataset lie: a folder, or leases in a store; None: there are none."""


@contextmanager
def hold(folder: Locks, name: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock `name` in `folder` (made when missing).

    A lock that a dead run left does not count. For short work (claiming a folder, finishing it) wait for the others.

    Raises
    ------
    DatasetError
        Another live run holds it.
    """
    if folder is None:
        yield
        return
    if isinstance(folder, Leases):
        with folder.hold(name, wait_seconds):
            yield
        return
    path = Path(folder) / f"{name}{SUFFIX}"
    try:
        handle = _taken(path, TRIES + round(wait_seconds / PAUSE_SECONDS))
    except OSError as error:
        raise DatasetError(f"{path.parent}: cannot be locked ({error.strerror}). Give another --out.") from error
    try:
        yield
    finally:
        _release(handle, path)


@contextmanager
def locked(folder: Locks, share: str = ALL) -> Iterator[None]:
    """Hold the lock of one share `i/n` of a dataset; shares of another n overlap with it and are refused too."""
    shares = parse_share(share)[1]
    with hold(folder, _name(share)):
        if isinstance(folder, Leases):
            folder.refuse(lambda name, _: name.startswith("share-") and not name.endswith(f"-of-{shares}"))
            folder = None
        for path in sorted(Path(folder).glob(f"share-*{SUFFIX}")) if folder is not None else ():
            if not path.stem.endswith(f"-of-{shares}") and _alive(path):
                raise DatasetError(_letter(path))
        yield


def at_work(folder: Locks, share: str = ALL) -> None:
    """Note in the share's lock, which this process holds, that the run has claimed the folder and now writes there.

    Raises
    ------
    DatasetError
        The note cannot be written: the disk is full.
    """
    if folder is None:
        return
    if isinstance(folder, Leases):
        folder.note(_name(share), {"at_work": True})
        return
    path = _path(folder, share)
    try:
        with suppress(FileNotFoundError), open(path, "r+") as file:  # the end of a run may have removed it
            file.truncate(0)
            file.write(json.dumps(identity() | {"at_work": True}))
    except OSError as error:
        raise DatasetError(f"{path.parent}: cannot be locked ({error.strerror}). Free some space.") from error


def refuse_others(folder: Locks, share: str = ALL) -> None:
    """Refuse to go on while a live run is at work on another share: to be asked before a folder is cleared.

    A run that only waits to claim the folder does not count: so all shares may be started anew at the same time.

    Raises
    ------
    DatasetError
        Another live run is at work.
    """
    if folder is None:
        return
    if isinstance(folder, Leases):
        folder.refuse(lambda name, who: name.startswith("share-") and name != _name(share) and bool(who.get("at_work")))
        return
    own = _path(folder, share)
    for path in sorted(Path(folder).glob(f"share-*{SUFFIX}")):
        if path.name != own.name and _alive(path) and holder(path).get("at_work"):
            raise DatasetError(_letter(path))


def holder(path: Path) -> dict[str, Any]:
    """Who holds, or held, a lock: `pid`, and on Linux `boot` and `started`. Empty if that cannot be read."""
    try:
        found = json.loads(path.read_bytes()[:4096])
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(share: str) -> str:
    index, shares = parse_share(share)
    return f"share-{index}-of-{shares}"


def _path(folder: str | os.PathLike[str], share: str) -> Path:
    return Path(folder) / f"{_name(share)}{SUFFIX}"


def _taken(path: Path, tries: int) -> int:
    """An open handle that holds the lock."""
    for attempt in range(tries):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except (FileNotFoundError, FileExistsError):  # another run just removed the empty folder
            if path.parent.exists() and not path.parent.is_dir():
                raise
            continue
        if _try(handle, path) and _same(handle, path):
            try:
                os.ftruncate(handle, 0)
                os.write(handle, json.dumps(identity()).encode())
            except OSError:  # a full disk: this process must not hold on to a lock that it does not use
                _release(handle, path)
                raise
            return handle
        os.close(handle)
    raise DatasetError(_letter(path))


def _release(handle: int, path: Path) -> None:
    """Remove the lock, and the folders it leaves empty (`.nof1sim/locks`)."""
    with suppress(OSError):
        if _same(handle, path):  # the end of the run may have removed it, and another run made its own
            path.unlink()
    os.close(handle)
    with suppress(OSError):
        path.parent.rmdir()
        if path.parent.parent.name.startswith("."):
            path.parent.parent.rmdir()


def _letter(path: Path) -> str:
    who, root = holder(path), path.parent.parent.parent
    process = f" (process {who['pid']})" if "pid" in who else ""
    return (
        f"{root}: another run{process} is writing here, {path.stem.replace('-', ' ')}. "
        "Wait for it, stop it, or give another --out or another share with the same n (--shard i/n)."
    )


def _alive(path: Path) -> bool:
    """Whether a live run holds the lock; a lock without one is removed."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return path.exists()
    try:
        if not _try(handle, path):
            return True
        with suppress(OSError):
            path.unlink()
        return False
    finally:
        os.close(handle)


def _try(handle: int, path: Path) -> bool:
    """Take the system's lock on an open file; where the file system has none, ask whether the holder lives."""
    try:
        _system_lock(handle)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return not _lives(holder(path))
    return True


def _system_lock(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _same(handle: int, path: Path) -> bool:
    """Whether the file that is locked is still the one of that name (its last holder may just have removed it)."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _lives(who: dict[str, Any]) -> bool:
    """Whether another process holds a lock that the system does not keep."""
    return who.get("pid") != os.getpid() and lives(who)
