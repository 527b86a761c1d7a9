"""Checksums of weights: streaming, so that a file of many gigabytes needs no memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .lock import Lock, LockedModel
from .registry import Resolved
from .specs import LARGE_BYTES

CHUNK = 8 * 1024 * 1024
Tell = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all, what."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a file's bytes say.

    status : "same"; "differs"; "unknown" where nobody has said what it should be.
    given, wanted : SHA-256; `wanted_by` says who wants it.
    """

    artifact: str
    path: str
    file: Path
    size_bytes: int
    status: Literal["same", "differs", "unknown"]
    given: str
    wanted: str | None
    wanted_by: str

    def __str__(self) -> str:
        text = f"{self.artifact}: {self.path}: {self.status}"
        if self.status == "same":
            return f"{text} as {self.wanted_by} says"
        return f"{text} (sha256 {self.given}" + (f"; {self.wanted_by} says {self.wanted})" if self.wanted else ")")


def sha256_of(file: Path, tell: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file, 64 hex digits. `tell` hears of each piece's bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(CHUNK):
            digest.update(piece)
            if tell is not None:
                tell(len(piece))
    return digest.hexdigest()


def check(model: Resolved, lock: Lock, hub: Mapping[str, str] | None = None, tell: Tell | None = None) -> list[Check]:
    """Hash every large file of a model, and every one that somebody knows a hash of, and compare: with the lock, else
    our table, else what the hub said (`hub`)."""
    locked = lock.models.get(model.spec.artifact)
    wanted = {path: _sayings(model, path, locked, hub or {}) for path in model.files}
    chosen = {path: file for path, file in model.files.items() if wanted[path] or file.stat().st_size >= LARGE_BYTES}
    total = sum(file.stat().st_size for file in chosen.values())
    done = 0
    found: list[Check] = []
    for path, file in chosen.items():
        what = f"{model.spec.artifact}: {path}"

        def advance(count: int, what: str = what) -> None:
            nonlocal done
            done += count
            if tell is not None:
                tell(done, total, what)

        given = sha256_of(file, advance)
        who, said = next(iter(wanted[path].items()), ("nobody", None))
        status = "unknown" if said is None else "same" if said == given else "differs"
        found.append(Check(model.spec.artifact, path, file, file.stat().st_size, status, given, said, who))
    return found


def _sayings(model: Resolved, path: str, locked: LockedModel | None, hub: Mapping[str, str]) -> dict[str, str]:
    """Who says which hash of a file, the strongest first."""
    sayings = {
        "the lock file": locked.files[path].sha256 if locked is not None and path in locked.files else None,
        "the table": _known(model, path),
        "the hub": hub.get(path),
    }
    return {who: said for who, said in sayings.items() if said}


def _known(model: Resolved, path: str) -> str | None:
    """The table's hash of a file. A file without the variant in its name has other bytes, of which nothing is known."""
    file = next((file for file in model.spec.files if file.path == path), None)
    if file is None or model.files[path].name != file.name:
        return None
    return file.sha256
