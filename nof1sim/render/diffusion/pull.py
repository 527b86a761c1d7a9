"""Bringing models to this machine: asked for by a person, never by rendering."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ...errors import Fault, ModelNotAvailable
from . import hub
from .licences import LICENCES
from .lock import Lock, LockedFile, LockedModel, read_lock, read_locks, write_lock
from .places import LOCK_NAME, Places, repo_folder
from .registry import Resolved, find
from .specs import ModelSpec
from .verify import Check, Tell, check

ORPHAN_SECONDS = 24 * 3600
"""An unfinished download that nothing has touched for so long belongs to a process that is dead."""
SPARE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """What a pull would do, or has done, for one model.

    state : "there" (nothing to fetch), "to fetch", "fetched".  commit : None where the files are the user's own.
    fetch_bytes : what is to be fetched, by the hub's sizes; by our table's where the hub was not asked (`estimated`).
    """

    spec: ModelSpec
    state: str
    commit: str | None
    fetch_bytes: int = 0
    estimated: bool = False
    checks: tuple[Check, ...] = field(default=())


def require_licences(specs: Sequence[ModelSpec], lock: Lock, accepted: bool) -> list[str]:
    """The licences that the user accepts now. A ModelNotAvailable names those still open, and what they forbid."""
    asked = {spec.licence: LICENCES[spec.licence] for spec in specs if LICENCES[spec.licence].needs_acceptance}
    if accepted:
        return list(asked)
    open_ones = {key: licence for key, licence in asked.items() if key not in lock.accepted}
    if not open_ones:
        return []
    lines = ["models pull: these models come with terms that you must accept first."]
    for key, licence in open_ones.items():
        of = ", ".join(spec.artifact for spec in specs if spec.licence == key)
        lines.append(f"  {of}: {licence.title}. {licence.forbids}")
    lines.append("If you may use them under these terms, give --accept-license; the lock file records the day.")
    raise ModelNotAvailable("\n".join(lines))


def plan(specs: Iterable[ModelSpec], places: Places, *, latest: bool = False) -> list[Step]:
    """What a pull would do, with the sizes that the hub states. Asks the hub, writes nothing."""
    lock = read_locks(places.locks)
    return [_plan_one(spec, places, lock, latest) for spec in specs]


def _plan_one(spec: ModelSpec, places: Places, lock: Lock, latest: bool) -> Step:
    here = find(spec, places, lock)
    if here is not None and (here.commit is None or not latest):
        return Step(spec, "there", here.commit)
    if hub.is_offline():
        return Step(spec, "to fetch", spec.revision, spec.about_bytes, estimated=True)
    listing = hub.list_files(spec, None if latest else spec.revision)
    snapshot = repo_folder(places.cache, spec.repo) / "snapshots" / listing.commit
    blobs = repo_folder(places.cache, spec.repo) / "blobs"
    have = {path for path in listing.sizes if (snapshot / path).exists() or _has_blob(blobs, listing.hashes.get(path))}
    size = sum(size for path, size in listing.sizes.items() if path not in have)
    return Step(spec, "to fetch", listing.commit, size)


def _has_blob(blobs: Path, sha256: str | None) -> bool:
    # The cache names a large file by its hash: another commit with the same bytes costs no download.
    return sha256 is not None and (blobs / sha256).exists()


def pull(
    specs: Sequence[ModelSpec],
    places: Places,
    *,
    accepted: bool = False,
    latest: bool = False,
    trust_hub: bool = False,
    tell: Tell | None = None,
) -> list[Step]:
    """Fetch models into the hub's cache, check every large file, write the lock file.

    accepted : the user accepts their licences.  latest : what the repositories have now, not the pinned revisions.
    trust_hub : where the hub's hash of a file is not that of our table, the hub is right.

    Raises
    ------
    ModelNotAvailable
        A licence is not accepted, the disk is too small, the network fails, or bytes are not those that they should be.
    """
    lock_path = places.cache / LOCK_NAME
    lock = read_locks(places.locks)
    agreed = require_licences(specs, lock, accepted)
    hub.client()
    steps = plan(specs, places, latest=latest)
    require_space(steps, places.cache)
    if agreed:
        write_lock(lock_path, read_lock(lock_path).with_accepted(agreed, today()))
    return [_pull_one(step, places, lock_path, trust_hub, tell) for step in steps]


def require_space(steps: Sequence[Step], cache: Path) -> None:
    """A ModelNotAvailable where the disk of the cache cannot hold what is to be fetched."""
    need, free = sum(step.fetch_bytes for step in steps), free_bytes(cache)
    if need and need + SPARE_BYTES > free:
        allowed = f"{(need + SPARE_BYTES) / 1e9:.1f} GB (1 GB of it to spare)"
        advice = "Make room, or give --cache-dir on another disk."
        raise ModelNotAvailable(str(Fault(f"models pull: {cache}", f"{free / 1e9:.1f} GB free", allowed, advice)))


def free_bytes(folder: Path) -> int:
    """Free space where a folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def today() -> str:
    """The day, in UTC."""
    return datetime.now(UTC).date().isoformat()


def _pull_one(step: Step, places: Places, lock_path: Path, trust_hub: bool, tell: Tell | None) -> Step:
    spec = step.spec
    if step.state == "there":
        return step
    if hub.is_offline():
        raise hub.offline(f"models: {spec.artifact} ({spec.repo})")
    listing = hub.list_files(spec, step.commit)
    snapshot = hub.fetch(spec, listing.commit, places.cache)
    files = {path: snapshot / path for path in listing.sizes}
    model = Resolved(spec, files, "hub cache", listing.commit)
    checks = check(model, Lock(), listing.hashes, tell)
    refuse_wrong(checks, listing.hashes, trust_hub)
    entry = LockedModel(
        spec.repo, listing.commit, today(), {one.path: LockedFile(one.size_bytes, one.given) for one in checks}
    )
    write_lock(lock_path, read_lock(lock_path).with_model(spec.artifact, entry))
    return Step(spec, "fetched", listing.commit, step.fetch_bytes, checks=tuple(checks))


def refuse_wrong(checks: Sequence[Check], hub_hashes: Mapping[str, str], trust_hub: bool) -> None:
    """A ModelNotAvailable for bytes that are not what they should be; a file that was damaged on its way is removed."""
    lines: list[str] = []
    for one in (one for one in checks if one.status == "differs"):
        if hub_hashes.get(one.path) != one.given:
            one.file.resolve().unlink(missing_ok=True)
            one.file.unlink(missing_ok=True)
            lines += [f"models: {one}", f"  It was damaged on its way and has been removed. {hub.AGAIN}"]
        elif not trust_hub:
            lines += [f"models: {one}", f"  The hub has another file than our table knows: {one.file}."]
            lines.append("  It may be another version, or another network. If you know that it is right: --trust-hub.")
    if lines:
        raise ModelNotAvailable("\n".join(lines))


def remove_orphans(specs: Iterable[ModelSpec], places: Places, now: Callable[[], float] = time.time) -> list[Path]:
    """Remove what killed downloads of these models left in the cache more than a day ago; the files that are gone."""
    gone: list[Path] = []
    for repo in sorted({spec.repo for spec in specs}):
        for partial in sorted((repo_folder(places.cache, repo) / "blobs").glob("*.incomplete")):
            if now() - partial.stat().st_mtime > ORPHAN_SECONDS:
                partial.unlink(missing_ok=True)
                gone.append(partial)
    return gone
