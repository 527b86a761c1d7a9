"""The manifests, and every file that they cover."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from ...errors import DatasetError
from ...protocol.load import TRUTH_FORMAT
from ..layout import (
    IMAGE_SUMS,
    MANIFEST,
    MANIFEST_SHA,
    START,
    TRUTH,
    TRUTH_MANIFEST,
    TRUTH_SUMS,
    WORK,
    is_index,
    is_pack,
)
from ..manifest import FORMAT, SCHEMA_VERSION
from ..target import TEMPORARY
from .findings import Log
from .subject import Skip, Subject, strict_json, unsafe

COPY = "Copy it again, or simulate anew."
EXTRAS = re.compile(r"analysis/.*|croissant\.json|[^/]*-?report\.html|\.DS_Store|Thumbs\.db")
"""What our own commands, or a file browser, may put beside a dataset."""
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_SHA = re.compile(r"[0-9a-f]{64}")


def manifests(subject: Subject, log: Log) -> int:
    """manifest.sha256 and the two manifests; what they list goes to `subject.listed`."""
    if not subject.has(MANIFEST_SHA):
        _say_what_it_is(subject, log)
    sums = dict(_lines(subject, log, MANIFEST_SHA))
    for path in sorted({MANIFEST, TRUTH_MANIFEST} ^ sums.keys()):
        what = "does not list it" if path in (MANIFEST, TRUTH_MANIFEST) else "lists what is no manifest"
        log.error(path, f"{MANIFEST_SHA} {what}.", COPY)
    blinded = not any(path.startswith(f"{TRUTH}/") for path in (*subject.there, *subject.odd))
    subject.state = "blinded" if blinded else "finished"
    subject.manifest = _manifest(subject, log, MANIFEST, FORMAT, sums) or {}
    if not subject.manifest:
        raise Skip("the manifest cannot be used")
    if blinded:
        log.note("The dataset comes without its truth/ folder: what only a simulator knows could not be checked.")
    else:
        subject.truth = _manifest(subject, log, TRUTH_MANIFEST, TRUTH_FORMAT, sums) or {}
    if subject.truth and subject.truth["digest"] != subject.manifest["digest"]:
        log.error(TRUTH_MANIFEST, f"its digest is not that of {MANIFEST}.", "Files of two datasets were mixed: " + COPY)
    for path, document in ((MANIFEST, subject.manifest), (TRUTH_MANIFEST, subject.truth)):
        for name, entry in document.get("files", {}).items():
            _list(subject, log, path, name, entry["sha256"], entry["bytes"])
    for path in (IMAGE_SUMS, TRUTH_SUMS):
        if path in subject.listed and subject.has(path):
            for name, sha256 in _lines(subject, log, path):
                _list(subject, log, path, name, sha256, None)
    for path in [path for path in subject.listed if is_index(path)]:
        if subject.has(path):
            _list_members(subject, log, path)
    return 1 + bool(subject.truth)


def _list_members(subject: Subject, log: Log, path: str) -> None:
    """Note what lies in the packs, if the index is the one that was written."""
    try:
        if _sha256(subject, path) != subject.listed[path][0]:
            raise DatasetError("it is not the file that was written")
        for name, sha256, size in subject.unpack(path):
            _list(subject, log, path, name, sha256, size)
    except DatasetError as error:
        log.error(path, f"cannot be used: {error}.", COPY)


def _say_what_it_is(subject: Subject, log: Log) -> None:
    if subject.has(START):
        subject.state = "unfinished"
        log.error("", "the dataset is unfinished.", _how_to_finish(subject))
    else:
        advice = "Give a folder that nof1sim wrote."
        log.error("", f"is no dataset: there is no {MANIFEST_SHA}.", advice)
    raise Skip("there is no finished dataset")


def _how_to_finish(subject: Subject) -> str:
    try:
        note = strict_json(subject.read(START))
    except DatasetError:
        note = {}
    if note.get("clearing"):
        return "It was being replaced. This goes on: nof1sim simulate, with the same protocol, --out and --overwrite."
    return "This finishes it: nof1sim simulate with the same protocol and the same --out."


def _lines(subject: Subject, log: Log, path: str) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of every line of a list."""
    try:
        text = subject.read(path).decode("utf-8")
    except (DatasetError, ValueError) as error:
        log.error(path, f"cannot be read ({error}).", COPY)
        return
    if not text.endswith("\n"):
        log.error(path, "its last line has no end.", COPY)
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        found = _LINE.fullmatch(line)
        if found:
            yield found[2], found[1]
        else:
            log.error(path, f"line {number} is not a SHA-256, two spaces and a path.", COPY)


def _manifest(subject: Subject, log: Log, path: str, format: str, sums: dict[str, str]) -> dict[str, Any] | None:
    """A manifest that is sound enough to go on with, or None."""
    try:
        data = subject.read(path)
        if hashlib.sha256(data).hexdigest() != sums.get(path):
            log.error(path, f"is not the file that was written ({MANIFEST_SHA} differs).", COPY)
        found = strict_json(data)
    except DatasetError as error:
        log.error(path, f"cannot be used: {error}.", COPY)
        return None
    version = found.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        advice = "Update nof1sim: pip install --upgrade nof1sim."
        log.error(path, f"has schema version {version}; this nof1sim reads up to {SCHEMA_VERSION}.", advice)
        return None
    faults = [what for what in _faults(found, path, format) if what]
    for what in faults:
        log.error(path, what, COPY)
    return None if faults else found


def _faults(found: dict[str, Any], path: str, format: str) -> Iterator[str]:
    if found.get("format") != format:
        yield f"its format is {found.get('format')!r}, not {format!r}."
    if found.get("schema_version") != SCHEMA_VERSION or isinstance(found.get("schema_version"), bool):
        yield f"its schema version is {found.get('schema_version')!r}, not {SCHEMA_VERSION}."
    if found.get("synthetic") is not True:
        yield "does not say that the dataset is synthetic."
    if not (isinstance(found.get("digest"), str) and _SHA.fullmatch(found["digest"])):
        yield "has no digest of the protocol."
    own = "protocol" if path == TRUTH_MANIFEST else "versions"
    for name in (own, "files"):
        if not isinstance(found.get(name), dict):
            yield f"has no mapping {name!r}."
    if path == MANIFEST and not all(isinstance(value, str) for value in _mapping(found, "versions").values()):
        yield "a version is no text."
    if wrong := [name for name, entry in _mapping(found, "files").items() if not _is_entry(entry)]:
        yield f"its entry of {wrong[0]!r} is no SHA-256 with a number of bytes (so are {len(wrong) - 1} others)."


def _mapping(found: dict[str, Any], name: str) -> dict[str, Any]:
    return found[name] if isinstance(found.get(name), dict) else {}


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or entry.keys() != {"sha256", "bytes"}:
        return False
    sha256, size = entry["sha256"], entry["bytes"]
    return isinstance(sha256, str) and bool(_SHA.fullmatch(sha256)) and type(size) is int and size >= 0


def _list(subject: Subject, log: Log, by: str, path: str, sha256: str, size: int | None) -> None:
    """Note a file as covered; an unsafe path never is, and so is never opened."""
    if why := unsafe(path):
        log.error(by, f"lists the path {path!r}: {why}.", "Do not trust this dataset.")
    elif path in subject.listed:
        log.error(by, f"lists {path!r} a second time.", COPY)
    elif path.startswith(f"{TRUTH}/") is not by.startswith(f"{TRUTH}/"):
        log.error(by, f"lists {path!r}, which belongs into the other manifest.", COPY)
    else:
        subject.listed[path] = (sha256, size)


def files(subject: Subject, log: Log) -> int:
    """Every covered file is there, a regular file, and has the listed bytes."""
    for path, (sha256, size) in sorted(subject.listed.items(), key=lambda item: (not is_pack(item[0]), item[0])):
        if path in subject.odd:
            log.error(path, f"is {subject.odd[path]}; only regular files are read.", COPY)
        elif not subject.has(path):
            log.error(path, "is missing.", COPY)
        elif None not in (size, subject.there[path]) and subject.there[path] != size:
            log.error(path, f"has {subject.there[path]} bytes; the manifest lists {size}.", COPY)
        elif _sha256(subject, path) != sha256:
            log.error(path, "is not the file that the manifest lists: its bytes differ.", COPY)
    return len(subject.listed)


def _sha256(subject: Subject, path: str) -> str:
    local = subject.target.path_of(path)
    if local is None:
        return hashlib.sha256(subject.read(path)).hexdigest()
    with local.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def foreign(subject: Subject, log: Log) -> int:
    """Files that nobody lists. They harm nothing, and nobody vouches for them."""
    known = subject.listed.keys() | {MANIFEST, TRUTH_MANIFEST, MANIFEST_SHA}
    others = [path for path in sorted((*subject.there, *subject.odd)) if path not in known]
    for path in others:
        if path.startswith(f"{WORK}/"):
            log.warn(
                path, "is the trace of a run that was stopped while it tidied up.", "Simulate once more, or go on."
            )
        elif any(name.startswith(TEMPORARY) for name in path.split("/")):
            log.warn(path, "is what an interrupted write left behind.", "Remove it.")
        elif path in subject.odd:
            log.warn(path, f"is {subject.odd[path]}; it was not followed.", "Remove it.")
        elif not EXTRAS.fullmatch(path):
            log.warn(path, "is no file of the dataset: no manifest lists it.", "Move it elsewhere, or ignore it.")
    return len(subject.there) + len(subject.odd)
