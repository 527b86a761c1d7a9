"""Model files that the user has already: a folder or a zip, brought into the models directory and checked."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ...errors import Fault, ModelNotAvailable
from .lock import Lock, LockedFile, LockedModel, read_lock, write_lock
from .places import LOCK_NAME, MODELS_VARIABLE, Places
from .pull import Step, require_licences, today
from .registry import Resolved
from .specs import ModelFile, ModelSpec
from .verify import Tell, check


def take(spec: ModelSpec, source: Path, places: Places, *, accepted: bool = False, tell: Tell | None = None) -> Step:
    """Copy a model's files from a folder or a zip into `MODELS/<artifact>/`, flat where it was wrapped in more folders.

    Raises
    ------
    ModelNotAvailable
        No models directory, no such source, files missing, bytes of another network, or a licence not accepted.
    """
    if places.models is None:
        advice = f"Give --models DIR, or set {MODELS_VARIABLE}."
        raise ModelNotAvailable(str(Fault("models pull --from", "no models directory", "a folder to copy to", advice)))
    lock_path = places.models / LOCK_NAME
    agreed = require_licences([spec], read_lock(lock_path), accepted)
    target = places.models / spec.artifact
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        files = _copy(spec, source, partial)
        checks = check(Resolved(spec, files, "models directory"), Lock(), tell=tell)
        wrong = [one for one in checks if one.status == "differs"]
        if wrong:
            lines = "\n".join(f"  {one.path}: sha256 {one.given}; {spec.artifact} has {one.wanted}" for one in wrong)
            advice = "It is damaged, or another network under the same name. Get the right one."
            raise ModelNotAvailable(f"models pull --from {source}: not {spec.artifact}:\n{lines}\n{advice}")
        if target.exists():
            raise ModelNotAvailable(str(Fault(str(target), "exists", "no such folder yet", "Remove it first.")))
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    locked = {one.path: LockedFile(one.size_bytes, one.given) for one in checks}
    lock = read_lock(lock_path).with_accepted(agreed, today())
    write_lock(lock_path, lock.with_model(spec.artifact, LockedModel(spec.repo, None, today(), locked)))
    there = tuple(replace(one, file=target / one.file.relative_to(partial)) for one in checks)
    return Step(spec, "fetched", None, checks=there)


def _copy(spec: ModelSpec, source: Path, target: Path) -> Mapping[str, Path]:
    """Copy the model's files, and only them, from wherever they lie under the source."""
    if source.is_file() and not zipfile.is_zipfile(source):
        raise ModelNotAvailable(str(Fault("models pull --from", str(source), "a folder, or a zip file")))
    if not source.exists():
        raise ModelNotAvailable(str(Fault("models pull --from", str(source), "a folder or zip file that exists")))
    copied: dict[str, Path] = {}
    copy = _copy_zip if source.is_file() else _copy_folder
    try:
        for file, here in copy(spec, source, target):
            copied[file.path] = here
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:  # full disk, password, cut download
        given = f"{type(error).__name__}: {error}"
        raise ModelNotAvailable(str(Fault(f"models pull --from {source}", given, "files that can be read"))) from error
    missing = [file.path for file in spec.files if not file.optional and file.path not in copied]
    if missing:
        raise ModelNotAvailable(
            f"models pull --from {source}: {spec.artifact} needs {', '.join(missing)}; found there: {_seen(source)}."
        )
    return copied


def _copy_folder(spec: ModelSpec, source: Path, target: Path) -> Iterator[tuple[ModelFile, Path]]:
    every = sorted(path for path in source.rglob("*") if path.is_file())
    for file in spec.files:
        inner = _inner(spec, file)
        hits = [path for path in every if path.as_posix().endswith(f"/{inner}")]
        if hits:
            here = target / inner
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(min(hits, key=lambda path: len(path.parts)), here)
            yield file, here


def _copy_zip(spec: ModelSpec, source: Path, target: Path) -> Iterator[tuple[ModelFile, Path]]:
    with zipfile.ZipFile(source) as archive:
        for file in spec.files:
            inner = _inner(spec, file)
            hits = [name for name in archive.namelist() if f"/{name}".endswith(f"/{inner}")]
            if hits:
                here = target / inner  # our own path, never the archive's
                here.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(min(hits, key=len)) as packed, here.open("wb") as stream:
                    shutil.copyfileobj(packed, stream)
                yield file, here


def _inner(spec: ModelSpec, file: ModelFile) -> PurePosixPath:
    return PurePosixPath(file.path).relative_to(spec.subfolder) if spec.subfolder else PurePosixPath(file.path)


def _seen(source: Path) -> str:
    if source.is_file():
        with zipfile.ZipFile(source) as archive:
            names = sorted(archive.namelist())
    else:
        names = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (", ".join(names[:8]) or "nothing") + more
