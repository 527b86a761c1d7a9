"""Looking models up by name, and finding their files on this machine. Nothing here downloads, or needs any package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ...errors import ModelNotAvailable, unknown_name
from .artifacts import BUNDLES, SPECS
from .licences import LICENCES
from .lock import Lock, read_locks
from .places import MODELS_VARIABLE, Places, repo_folder
from .specs import ModelSpec


@dataclass(frozen=True, slots=True)
class Resolved:
    """A model on this machine.

    files : path in the repository -> file here; optional ones may be missing.
    source : where it was found.  commit : of the hub's cache; None for a folder of the user's.
    """

    spec: ModelSpec
    files: Mapping[str, Path]
    source: Literal["models directory", "hub cache"]
    commit: str | None = None

    @property
    def folder(self) -> Path:
        """The folder to load from: that of the repository's `subfolder`, with the files at their relative places."""
        path, file = next(iter(self.files.items()))
        inner = PurePosixPath(path)
        depth = len(inner.parts) - len(PurePosixPath(self.spec.subfolder).parts)
        return file.parents[depth - 1]

    @property
    def file(self) -> Path:
        """The largest file: the weights, where the model is one file."""
        largest = max(self.spec.files, key=lambda file: file.about_bytes)
        return self.files[largest.path]

    @property
    def variant(self) -> str | None:
        """`fp16` where the files bear it in their names, as diffusers' `variant` wants to know."""
        return "fp16" if any(".fp16." in file.name for file in self.files.values()) else None


def spec_of(artifact: str) -> ModelSpec:
    """A model by our name. An UnknownNameError lists the known ones."""
    if artifact not in SPECS:
        raise unknown_name("model", "artifact", artifact, SPECS)
    return SPECS[artifact]


def specs_of(names: Iterable[str]) -> list[ModelSpec]:
    """The models of bundles and single models, each once, in order. An UnknownNameError lists both kinds of name."""
    found: dict[str, ModelSpec] = {}
    for name in names:
        if name not in BUNDLES and name not in SPECS:
            raise unknown_name("model or bundle", "models", name, [*BUNDLES, *SPECS])
        for artifact in BUNDLES[name].artifacts if name in BUNDLES else (name,):
            found[artifact] = SPECS[artifact]
    return list(found.values())


def find(spec: ModelSpec, places: Places, lock: Lock | None = None) -> Resolved | None:
    """A model in the models directory, else in the hub's cache at its locked or pinned commit; None where it is not."""
    lock = read_locks(places.locks) if lock is None else lock
    for root, strip in _layouts(spec, places):
        files = _files(spec, root, strip)
        if _is_whole(spec, files):
            return Resolved(spec, files, "models directory")
    for commit in _commits(spec, places, lock):
        root = repo_folder(places.cache, spec.repo) / "snapshots" / commit
        files = _files(spec, root, "")
        locked = lock.models.get(spec.artifact)
        more = {path: root / path for path in locked.files} if locked is not None and locked.commit == commit else {}
        if _is_whole(spec, files) and all(file.is_file() for file in more.values()):
            return Resolved(spec, {**files, **more}, "hub cache", commit)
    return None


def resolve(names: Iterable[str], places: Places) -> dict[str, Resolved]:
    """All models of bundles and single models, by our names.

    Raises
    ------
    ModelNotAvailable
        Some are not on this machine: lists all of them with what is missing, where it was looked for, what to do.
    """
    lock = read_locks(places.locks)
    names = list(names)
    found = {spec.artifact: find(spec, places, lock) for spec in specs_of(names)}
    missing = [SPECS[artifact] for artifact, model in found.items() if model is None]
    if missing:
        raise ModelNotAvailable(_letter(names, missing, places, lock))
    return {artifact: model for artifact, model in found.items() if model is not None}


def _layouts(spec: ModelSpec, places: Places) -> Iterator[tuple[Path, str]]:
    """(folder, part of the repository's paths that is left out there), in the order in which they are tried."""
    if places.models is None:
        return
    for name in (spec.artifact, spec.repo.rpartition("/")[2]):
        yield places.models / name, ""
        if spec.subfolder:
            yield places.models / name, spec.subfolder
    if spec.own_name is not None:
        yield places.models, str(PurePosixPath(spec.files[0].path).parent)


def _files(spec: ModelSpec, root: Path, strip: str) -> dict[str, Path]:
    """Which files of a model lie under a folder."""
    found: dict[str, Path] = {}
    for file in spec.files:
        for spelling in file.spellings:
            inner = PurePosixPath(spelling)
            here = root / (inner.relative_to(strip) if strip else inner)
            if here.is_file():
                found[file.path] = here
                break
    return found


def _is_whole(spec: ModelSpec, files: Mapping[str, Path]) -> bool:
    return all(file.optional or file.path in files for file in spec.files)


def _commits(spec: ModelSpec, places: Places, lock: Lock) -> list[str]:
    """Commits to look for: what was pulled, what is pinned, and, where nothing is pinned, what the cache calls main."""
    locked = lock.models.get(spec.artifact)
    if locked is not None and locked.commit is not None:
        return [locked.commit]
    if spec.revision is not None:
        return [spec.revision]
    main = repo_folder(places.cache, spec.repo) / "refs" / "main"
    try:
        return [main.read_text(encoding="utf-8").strip()]
    except OSError:
        return []


def _letter(names: list[str], missing: list[ModelSpec], places: Places, lock: Lock) -> str:
    looked = [] if places.models is None else [f"the models directory {places.models}"]
    looked.append(f"the hub's cache {places.cache}")
    lines = [f"models: {', '.join(names)}: not on this machine. Looked in {' and '.join(looked)}."]
    for spec in missing:
        lines.append(f"  {spec.artifact} ({spec.repo}): missing {_what_is_missing(spec, places, lock)}")
        lines += [f"    {hint}" for hint in _hints(spec, places)]
    accept = any(LICENCES[spec.licence].needs_acceptance for spec in missing)
    command = f"nof1sim models pull {' '.join(names)}{' --accept-license' if accept else ''}"
    lines.append(f"Get them with `{command}`, or give a folder of your own: --models DIR or {MODELS_VARIABLE}.")
    return "\n".join(lines)


def _what_is_missing(spec: ModelSpec, places: Places, lock: Lock) -> str:
    """Of the place that has most of it, what it lacks."""
    tried = [_files(spec, root, strip) for root, strip in _layouts(spec, places)]
    snapshots = repo_folder(places.cache, spec.repo) / "snapshots"
    tried += [_files(spec, snapshots / commit, "") for commit in _commits(spec, places, lock)]
    best = max(tried, key=len, default={})
    lacking = [file.path for file in spec.files if not file.optional and file.path not in best]
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    return ", ".join(lacking[:3]) + more


def _hints(spec: ModelSpec, places: Places) -> Iterator[str]:
    """What is nearly right."""
    for root, strip in _layouts(spec, places):
        inner = root / root.name
        if not strip and _is_whole(spec, _files(spec, inner, "")):
            yield f"{inner}: a folder within a folder of the same name; move its files up into {root}."
    snapshots = repo_folder(places.cache, spec.repo) / "snapshots"
    others = sorted(path.name[:12] for path in snapshots.iterdir()) if snapshots.is_dir() else []
    if others and spec.revision is not None:
        yield f"the cache has commit {', '.join(others)}, pinned is {spec.revision[:12]}; pull fetches what differs."
