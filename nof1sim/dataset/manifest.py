"""Provenance: what a folder was started as, and what a finished one holds. No clock, no host, no absolute path."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal

from .. import __version__
from ..errors import DatasetError
from ..protocol.load import TRUTH_FORMAT
from ..versions import differences, versions
from .layout import (
    IMAGE_SUMS,
    LOCKS,
    MANIFEST,
    MANIFEST_SHA,
    PARTS,
    START,
    TRUTH,
    TRUTH_MANIFEST,
    TRUTH_SUMS,
    WORK,
    is_generated,
    is_index,
)
from .packs import members
from .target import Target

FORMAT = "nof1sim-dataset"
SCHEMA_VERSION = 1

Files = Mapping[str, tuple[str, int]]
State = Literal["new", "resumed", "complete"]


def start(
    target: Target,
    protocol_json: str,
    digest: str,
    overwrite: bool = False,
    before_clearing: Callable[[], None] | None = None,
    shares: int = 1,
) -> State:
    """Claim a folder for one protocol: a new one, or one that the same protocol began. Call it under a lock.

    Parameters
    ----------
    overwrite : remove a dataset that lies there; only the files that a run writes, never others. An unfinished one
        of the same protocol is continued all the same: other shares may be at work on it.
    before_clearing : called before an old dataset is removed; raises where that may not be, since others are at work.
    shares : in how many shares the run is cut, for who closes it (`started`).

    Returns
    -------
    "new", "resumed", or "complete" when there is nothing left to do.

    Raises
    ------
    DatasetError
        The folder is a file, cannot be written, holds something else, another protocol, or another version's pictures.
    """
    target.ensure_writable()
    pinned = versions()
    packed = json.loads(protocol_json).get("images", {}).get("layout") == "packed"
    state = _claimed(target, digest, pinned, overwrite, packed)
    if state == "complete":
        tidy(target)
        return state
    if state == "new":
        known = [path for path in target.list() if not path.startswith(f"{LOCKS}/")]
        if known and before_clearing is not None:
            before_clearing()
        if known:
            _clear(target, known)
    note = {"format": FORMAT, "digest": digest, "versions": pinned, "shares": shares}
    target.write(START, _bytes(note | {"protocol": json.loads(protocol_json)}))
    target.remove(MANIFEST_SHA)
    return state


def started(target: Target) -> dict[str, Any]:
    """The note of the unfinished run in a folder: `protocol` (a document), `digest`, `shares`.

    Raises
    ------
    DatasetError
        No run was started here, or one with other versions of what the bytes depend on.
    """
    note = _read_json(target, START)
    if note is None or "protocol" not in note:
        raise DatasetError(f"{target}: nothing was started here. Run the simulation first: nof1sim simulate --out ...")
    if note.get("versions") != versions():
        raise DatasetError(_difference(target, note, str(note.get("digest")), versions(), complete=False))
    return note


def finish(
    target: Target,
    digest: str,
    files: Files,
    observation_info: Mapping[str, Any],
    truth_info: Mapping[str, Any] | None = None,
) -> None:
    """Write the manifests and remove the traces of the run. A crash at any point is mended by calling it again.

    Parameters
    ----------
    digest : the protocol's; another one must not have claimed the folder meanwhile.
    files : path -> (SHA-256, bytes) of every file of the dataset but the manifests and the pictures: these are listed
        in IMAGE_SUMS and TRUTH_SUMS (see `nof1sim.dataset.sums`), which `files` names.
    observation_info : further entries of manifest.json (counts and such): nothing that a real study would not know.
    truth_info : further entries of truth/manifest.json (seed, nuisance of each image).
    """
    note = _read_json(target, START)
    if note is None:
        raise DatasetError(f"{target}: nothing was started here. Run the simulation first.")
    if note.get("digest") != digest:
        raise DatasetError(_difference(target, note, digest, versions(), complete=False))
    hidden = {path: entry for path, entry in files.items() if path.startswith(f"{TRUTH}/")}
    shown = {path: entry for path, entry in files.items() if path not in hidden}
    head = {"schema_version": SCHEMA_VERSION, "synthetic": True, "digest": digest}
    truth = {
        "format": TRUTH_FORMAT,
        **head,
        **(truth_info or {}),
        "protocol": note["protocol"],
        "files": _listed(hidden),
    }
    manifest = {
        "format": FORMAT,
        **head,
        "versions": note["versions"],
        **observation_info,
        "files": _listed(shown),
    }
    lines = []
    for path, document in ((TRUTH_MANIFEST, truth), (MANIFEST, manifest)):
        stored = target.store(path, _bytes(document))
        lines.append(f"{stored.sha256}  {path}\n")
    target.write(MANIFEST_SHA, "".join(reversed(lines)).encode())
    tidy(target)


def covered(target: Target) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of every file that the manifests vouch for, the manifests themselves excepted.

    A dataset without its truth/ is for somebody blinded: then only what is there.
    """
    for manifest in (MANIFEST, TRUTH_MANIFEST):
        if not target.exists(manifest):
            continue
        for path, entry in read_manifest(target, manifest)["files"].items():
            yield path, entry["sha256"]
            if path in (IMAGE_SUMS, TRUTH_SUMS) and target.exists(path):
                yield from _sums(target.lines(path))
            elif is_index(path) and target.exists(path):
                yield from ((member, sha256) for member, sha256, _ in members(target, path))


def _sums(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of each line as `sha256sum` writes it."""
    for line in lines:
        sha256, _, path = line.partition("  ")
        yield path, sha256


def tidy(target: Target) -> None:
    """Remove what only an unfinished dataset needs: parts, locks, half-written files, and last the start note."""
    target.sweep()
    for folder in (*target.folders(PARTS), PARTS):
        for path in target.list(folder):
            target.remove(path)
    for path in target.list(LOCKS):
        with suppress(DatasetError):  # Windows removes no file that is open: its holder will
            target.remove(path)
    target.remove(START)


def is_complete(target: Target) -> bool:
    """Whether the dataset is finished and its manifest is the one that was written."""
    return _checksums(target).get(MANIFEST) == _sha256(target, MANIFEST) is not None


def read_manifest(target: Target, path: str = MANIFEST) -> dict[str, Any]:
    """A manifest (the other is TRUTH_MANIFEST), checked against manifest.sha256.

    Raises
    ------
    DatasetError
        No dataset, an unfinished one (the message says what finishes it), a changed manifest, or a newer one.
    """
    if not target.exists(path) or not target.exists(MANIFEST_SHA):
        raise DatasetError(_incomplete(target, path))
    if _checksums(target).get(path) != _sha256(target, path):
        raise DatasetError(
            f"{target}: {path} is not the file that was written ({MANIFEST_SHA} differs). Copy it again."
        )
    found = _read_json(target, path)
    if found is None or found.get("format") not in (FORMAT, TRUTH_FORMAT):
        raise DatasetError(f"{target}: {path} is not a manifest of nof1sim's.")
    if not isinstance(version := found.get("schema_version"), int) or version > SCHEMA_VERSION:
        raise DatasetError(
            f"{target}: {path} has schema_version {version!r}; nof1sim {__version__} reads up to {SCHEMA_VERSION}. "
            "A newer nof1sim wrote it: upgrade nof1sim (pip install --upgrade nof1sim)."
        )
    return found


def _claimed(target: Target, digest: str, versions: dict[str, str], overwrite: bool, packed: bool) -> State:
    """What a folder is to this protocol; "new" where it is free, or may be freed."""
    note = _read_json(target, START)
    if note is not None and note.get("clearing"):
        return "new"
    if note is None and not target.exists(MANIFEST_SHA):
        _refuse_foreign(target)
        return "new"
    complete = is_complete(target)
    held = note if note is not None else (_read_json(target, MANIFEST) or {})
    if held.get("digest") == digest and held.get("versions") == versions and _is_packed(held) is packed:
        if complete and not overwrite:
            return "complete"
        if note is not None and not complete:
            return "resumed"
    if overwrite:
        return "new"
    raise DatasetError(_difference(target, held, digest, versions, complete))


def _difference(
    target: Target, held: Mapping[str, Any], digest: str, versions: Mapping[str, str], complete: bool
) -> str:
    kind = "a complete dataset" if complete else "an unfinished dataset"
    if held.get("digest") != digest:
        there = f"{kind} of the protocol {str(held.get('digest'))[:12]}; asked for was {digest[:12]}"
    elif held.get("versions") != dict(versions):
        old: Mapping[str, str] = held.get("versions") or {}
        there = f"{kind} of the same protocol, made with {differences(old, versions)}"
    elif complete or "protocol" in held:
        there = f"{kind} of the same protocol in another layout ({'packed' if _is_packed(held) else 'not packed'})"
    else:
        there = "a dataset whose manifest was changed"
    return f"{target}: holds {there}. Give another --out, or --overwrite to replace it."


def _is_packed(held: Mapping[str, Any]) -> bool:
    """Whether a dataset's start note, or its manifest, says that its pictures lie in packs."""
    images = (held.get("protocol") or held).get("images")
    return isinstance(images, dict) and images.get("layout") == "packed"


def _refuse_foreign(target: Target) -> None:
    foreign = [path for path in target.list() if not path.startswith(f"{WORK}/")]
    if foreign:
        shown = ", ".join(foreign[:3]) + (" ..." if len(foreign) > 3 else "")
        raise DatasetError(
            f"{target}: is not empty and is no dataset ({len(foreign)} files: {shown}). "
            "Give an --out that is empty or does not exist; --overwrite replaces datasets only."
        )


def _clear(target: Target, paths: Iterable[str]) -> None:
    """Remove an old dataset. Marked as being cleared first, so that an interrupted clearing goes on the next time."""
    listed = {**_files(target, MANIFEST), **_files(target, TRUTH_MANIFEST)}
    target.write(START, _bytes({"format": FORMAT, "clearing": True}))
    for path in (MANIFEST_SHA, MANIFEST):
        target.remove(path)
    for path in paths:
        if path != START and (path in listed or is_generated(path)):
            target.remove(path)


def _files(target: Target, path: str) -> dict[str, Any]:
    files = (_read_json(target, path) or {}).get("files")
    return files if isinstance(files, dict) else {}


def _incomplete(target: Target, path: str) -> str:
    note = _read_json(target, START)
    if note is not None:
        again = "nof1sim simulate with the same protocol and the same --out"
        return f"{target}: the dataset is unfinished. This finishes it: {again}"
    if path == TRUTH_MANIFEST and target.exists(MANIFEST):
        return f"{target}: this dataset comes without its truth/ folder; what only a simulator knows is not here."
    return f"{target}: is no dataset (there is no {path} with its {MANIFEST_SHA}). Give a folder that nof1sim wrote."


def _checksums(target: Target) -> dict[str, str]:
    if not target.exists(MANIFEST_SHA):
        return {}
    return dict(_sums(target.lines(MANIFEST_SHA)))


def _sha256(target: Target, path: str) -> str | None:
    return hashlib.sha256(target.read(path)).hexdigest() if target.exists(path) else None


def _listed(files: Files) -> dict[str, dict[str, Any]]:
    return {path: {"sha256": files[path][0], "bytes": files[path][1]} for path in sorted(files)}


def _bytes(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _read_json(target: Target, path: str) -> dict[str, Any] | None:
    """A JSON mapping; None where there is no such file or it is not one."""
    if not target.exists(path):
        return None
    try:
        document = json.loads(target.read(path))
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
