"""Locks in an object store: a lease is an object that its holder renews; one that is not renewed any more is free.

A lease is made by a conditional put (there must be none of its name), so of two runs that ask at once one gets it.
Nobody's clock is compared with anybody's: whoever finds a lease watches it. A change within `lease_seconds` means that
its holder lives; none means that it is dead, and the lease is taken over. A holder that ran on this machine and has
ended is known to be dead at once. What this cannot do stands in docs/howto/cluster.md ("Locks").
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import DatasetError
from .process import identity, is_gone, is_here

SUFFIX = ".lock"
LEASE_SECONDS = 60.0
"""A lease that stands unchanged for so long belongs to nobody."""
BEAT_SECONDS = 15.0
"""A holder renews its lease so often."""


class Store(Protocol):
    """Where leases lie: `nof1sim.dataset.target.Target` is one."""

    url: str

    def read(self, path: str) -> bytes: ...
    def write(self, path: str, data: bytes) -> None: ...
    def create(self, path: str, data: bytes) -> bool: ...
    def remove(self, path: str) -> None: ...
    def list(self, prefix: str = "") -> list[str]: ...


_held: set[str] = set()  # tokens of the leases that this process holds: one that it could not give back is free


Choice = Callable[[str, dict[str, Any]], bool]
"""Whether a lease is meant, by its name and what it says."""


@dataclass(frozen=True, slots=True)
class Leases:
    """The locks of a remote dataset, in `folder` of the store."""

    store: Store
    folder: str
    lease_seconds: float = LEASE_SECONDS
    beat_seconds: float = BEAT_SECONDS
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @contextmanager
    def hold(self, name: str, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the lease `name`; a live holder is waited for as long as said, a dead one does not count.

        Raises
        ------
        DatasetError
            Another live run holds it.
        """
        token = secrets.token_hex(8)
        _held.add(token)
        ended, lost = threading.Event(), threading.Event()
        beat = threading.Thread(target=self._renew, args=(name, token, ended, lost), daemon=True)
        try:
            self._take(name, token, wait_seconds)
            beat.start()
            yield
        finally:
            ended.set()
            if beat.ident is not None:
                beat.join()
                self._release(name, token)
            _held.discard(token)
            if lost.is_set():
                warnings.warn(
                    f"{self.store.url}: the lock {name!r} was lost for a while; another run may have worked on the "
                    "same pictures. Both write the same bytes.",
                    stacklevel=3,
                )

    def note(self, name: str, more: dict[str, Any]) -> None:
        """Add to what a lease of this process says."""
        self._change(name, more)

    def refuse(self, meant: Choice) -> None:
        """Refuse to go on while a live run holds one of the leases that are `meant`; dead ones are removed.

        Raises
        ------
        DatasetError
            A live run holds one.
        """
        found = {name: who for name, who in self._all().items() if meant(name, who)}
        watched = {name: who for name, who in found.items() if not _gone(who)}
        started = time.monotonic()
        while watched:
            for name, before in list(watched.items()):
                who = self._holder(name)
                if not who:
                    del watched[name]
                elif _here(who) or who != before:
                    raise DatasetError(self._letter(name, who))
            if time.monotonic() - started > self.lease_seconds:
                break
            if watched:
                time.sleep(self.beat_seconds / 5)
        for name, before in found.items():
            if self._holder(name) == before:
                self.store.remove(self._path(name))

    def _take(self, name: str, token: str, wait_seconds: float) -> None:
        path, mine = self._path(name), {**identity(), "token": token, "beats": 0}
        started = unchanged_since = time.monotonic()
        before: dict[str, Any] = {}
        pause = self.beat_seconds / 30
        while not self.store.create(path, _bytes(mine)):
            who, now = self._holder(name), time.monotonic()
            if who.get("token") == token:  # our own put, whose answer was lost
                return
            if who and (_gone(who) or (who == before and now - unchanged_since > self.lease_seconds)):
                if self._take_over(name, who, mine):
                    return
            elif who:
                alive = _here(who) or (who.get("token") == before.get("token") and who != before)
                if alive and now - started >= wait_seconds:
                    raise DatasetError(self._letter(name, who))
            if who != before:
                before, unchanged_since = who, now
            time.sleep(pause)
            pause = min(1.5 * pause, self.beat_seconds / 3)

    def _take_over(self, name: str, dead: dict[str, Any], mine: dict[str, Any]) -> bool:
        """Put our lease in the place of a dead one; of several who want that, one does."""
        path = self._path(name)
        marker = f"{path}.after-{dead.get('token', '')}"
        if not self.store.create(marker, _bytes(mine)):
            who = self._read(marker)
            if not _gone(who):
                time.sleep(self.beat_seconds)
            if self._read(marker) == who and self._holder(name) == dead:  # whoever took it over died over it
                self.store.remove(marker)
            return False
        try:
            if self._holder(name) != dead:
                return False
            self.store.write(path, _bytes(mine))
            return True
        finally:
            self.store.remove(marker)

    def _renew(self, name: str, token: str, ended: threading.Event, lost: threading.Event) -> None:
        while not ended.wait(self.beat_seconds):
            try:
                who = self._holder(name)
                if who.get("token") != token:
                    if who:  # else the end of a run removed it
                        lost.set()
                    return
                self._change(name, {"beats": int(who.get("beats", 0)) + 1})
            except Exception:  # the store is away: the next beat may reach it
                continue

    def _change(self, name: str, more: dict[str, Any]) -> None:
        with self._writing:
            who = self._holder(name)
            if who:
                self.store.write(self._path(name), _bytes(who | more))

    def _release(self, name: str, token: str) -> None:
        with suppress(DatasetError):
            if self._holder(name).get("token") == token:
                self.store.remove(self._path(name))

    def _all(self) -> dict[str, dict[str, Any]]:
        names = [path.rpartition("/")[2] for path in self.store.list(self.folder)]
        names = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
        return {name: who for name in names if (who := self._holder(name))}

    def _holder(self, name: str) -> dict[str, Any]:
        return self._read(self._path(name))

    def _read(self, path: str) -> dict[str, Any]:
        """What a lease says; empty where there is none."""
        try:
            found = json.loads(self.store.read(path))
        except ValueError:
            return {"token": "", "beats": 0}
        except DatasetError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return {}
            raise
        return found if isinstance(found, dict) and found else {"token": "", "beats": 0}

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}{SUFFIX}"

    def _letter(self, name: str, who: dict[str, Any]) -> str:
        process = f" (process {who['pid']})" if "pid" in who else ""
        return (
            f"{self.store.url}: another run{process} is writing here, {name.replace('-', ' ')}. "
            "Wait for it, stop it, or give another --out or another share with the same n (--shard i/n)."
        )


def _gone(who: dict[str, Any]) -> bool:
    """Whether it is known that nobody holds a lease any more."""
    return is_gone(who) or (_mine(who) and who.get("token") not in _held)


def _here(who: dict[str, Any]) -> bool:
    """Whether it is known that the holder of a lease lives, without waiting for its next beat."""
    return is_here(who) and not _gone(who)


def _mine(who: dict[str, Any]) -> bool:
    return is_here(who) and who["pid"] == os.getpid()


def _bytes(who: dict[str, Any]) -> bytes:
    return json.dumps(who, sort_keys=True).encode()
