"""The lock file: which commit of each model came, its bytes' hashes, and which licences were accepted, when."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from ...errors import Fault, ModelNotAvailable

VERSION = 1
NOTHING: Mapping[str, LockedModel] = MappingProxyType({})
NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file as it came."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LockedModel:
    """A model as it came. commit : None for files that the user gave.  files : path in the repository -> file."""

    repo: str
    commit: str | None
    date: str
    files: Mapping[str, LockedFile]


@dataclass(frozen=True, slots=True)
class Lock:
    """models : our name -> what came.  accepted : key of a licence -> ISO date on which the user accepted it."""

    models: Mapping[str, LockedModel] = field(default_factory=lambda: NOTHING)
    accepted: Mapping[str, str] = field(default_factory=lambda: NOBODY)

    def with_model(self, artifact: str, model: LockedModel) -> Lock:
        """The same with one more model, or another state of it."""
        return replace(self, models={**self.models, artifact: model})

    def with_accepted(self, licences: Iterable[str], date: str) -> Lock:
        """The same with licences accepted on a day; an earlier day stays."""
        return replace(self, accepted={**dict.fromkeys(licences, date), **self.accepted})

    def merged(self, other: Lock) -> Lock:
        """Both; where both know a thing, `other` is right."""
        return Lock({**self.models, **other.models}, {**self.accepted, **other.accepted})


def read_lock(path: Path) -> Lock:
    """The lock of a folder; an empty one where there is no file. A damaged one is a ModelNotAvailable."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            raise ValueError(f"version {document['version']}")
        models = {
            artifact: LockedModel(
                entry["repo"],
                entry["commit"],
                entry["date"],
                {name: LockedFile(int(one["size_bytes"]), one["sha256"]) for name, one in entry["files"].items()},
            )
            for artifact, entry in document["models"].items()
        }
        return Lock(models, dict(document["accepted"]))
    except FileNotFoundError:
        return Lock()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fault = Fault(
            str(path), f"{type(error).__name__}: {error}", f"a lock file of version {VERSION}",
            "Remove it; `nof1sim models pull` writes it again (licences must be accepted again).",
        )  # fmt: skip
        raise ModelNotAvailable(str(fault)) from None


def read_locks(paths: Iterable[Path]) -> Lock:
    """Several locks as one, the later ones stronger."""
    lock = Lock()
    for path in paths:
        lock = lock.merged(read_lock(path))
    return lock


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock so that a reader sees the old file or the new one, never a half."""
    models = {
        artifact: asdict(replace(model, files=dict(model.files))) for artifact, model in sorted(lock.models.items())
    }
    document = {"version": VERSION, "models": models, "accepted": dict(sorted(lock.accepted.items()))}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    partial.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
