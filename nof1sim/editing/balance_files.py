"""The files of a balanced folder beside its pictures: what was wanted, what was made of what, labels, counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

import polars as pl

from nof1sim.dataset.labelled import Labelled
from nof1sim.dataset.manifest import versions
from nof1sim.dataset.tables import write_csv
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError, Fault
from nof1sim.render.portrait.sidecar import ENDING

from . import balance_names as names
from .balance_plan import Ask, Line, Task
from .balance_work import Record

if TYPE_CHECKING:
    from .balance import Balanced, Planned, Style

FORMAT = "nof1sim balanced folder"
SCHEMA_VERSION = 1

MANIFEST_COLUMNS: dict[str, type[pl.DataType]] = {
    "file": pl.String, "source": pl.String, "person": pl.String, "split": pl.String, "source_label": pl.String,
    "label": pl.String, "reduced": pl.Boolean, "asked_half": pl.Int64, "added_lesions": pl.Int64,
    "added_hayashi": pl.Int64, "landmarks": pl.String, "seed_address": pl.String, "seed": pl.String,
    "sha256_source": pl.String, "sha256": pl.String, "sha256_landmarks": pl.String,
}  # fmt: skip
LABEL_COLUMNS = ("file", "label", "person", "split", "origin", "source", "sha256", "sha256_landmarks")


def claim(target: Target, planned: Planned, style: Style, consent: str) -> None:
    """Note in an empty folder what is made there; a folder of the same run is gone on with.

    Raises
    ------
    DatasetError
        The folder holds something else, or a run with other photographs, options or versions.
    """
    wanted = _start(planned, style, consent)
    if target.exists(names.START):
        try:
            found = json.loads(target.read(names.START))
        except ValueError:
            found = {}
        if different := [key for key in wanted if found.get(key) != wanted[key]]:
            raise DatasetError(
                f"{target}: an earlier run began here with other {', '.join(different)}. Run its command again to "
                "finish it, or give another --out."
            )
        target.sweep()
        return
    if known := [path for path in target.list() if not path.startswith(f"{names.LOCKS}/")]:
        raise DatasetError(f"{target}: is not empty ({known[0]}). Give a new folder as --out.")
    target.write(names.START, _json(wanted))


def finish(
    target: Target,
    result: Balanced,
    ask: Ask,
    style: Style,
    consent: str,
    copies: Sequence[tuple[Labelled, Record]],
    made: Sequence[tuple[Task, Record]],
) -> None:
    """Write the tables, and last the manifest with their hashes: a folder without it is not finished."""
    copies = _with_points(target, copies, made)
    table = write_csv(balance_frame(result.lines))
    edits = write_csv(manifest_frame(made))
    labels = write_csv(labels_frame(copies, made, result.labelled.splits_known))
    stored = [
        target.store(path, data)
        for path, data in ((names.TABLE, table), (names.MANIFEST_TABLE, edits), (names.LABELS, labels))
    ]
    labelled = result.labelled
    document = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "versions": versions(),
        "consent": consent,
        "photographs": "real persons; lesions in the pictures under edited/ are synthetic",
        "options": _options(ask, style),
        "persons_known": labelled.persons_known,
        "complete": not result.missed,
        "balance": balance_frame(result.lines).to_dicts(),
        "left_out": [str(_without_folders(fault)) for fault in labelled.faults],
        "failed": [str(failure) for failure in result.failures],
        "warnings": [str(_without_folders(fault)) for fault in labelled.warnings],
        "notes": list(labelled.notes),
        "files": {file.path: {"sha256": file.sha256, "bytes": file.bytes} for file in stored},
    }
    target.write(names.MANIFEST, _json(document))


def _with_points(
    target: Target, copies: Sequence[tuple[Labelled, Record]], made: Sequence[tuple[Task, Record]]
) -> list[tuple[Labelled, Record]]:
    """Copies without key points get those that a network found for an edit of the same photograph."""
    known = {task.source.path: record for task, record in reversed(made) if record.sha256_points}
    found = []
    for row, record in copies:
        if not record.sha256_points and row.path in known:
            points = target.read(names.points_path(known[row.path].file))
            stored = target.store(names.points_path(record.file), points)
            record = replace(record, sha256_points=stored.sha256)
        found.append((row, record))
    return found


def _without_folders(fault: Fault) -> Fault:
    """An absolute path that a row of the user's gave, as the file's name: the manifest tells no folder of a machine."""
    given = fault.given
    if not isinstance(given, str) or not PureWindowsPath(given).root:  # it knows both / and \\ as a root
        return fault
    return replace(fault, given=PureWindowsPath(given).name)


def balance_frame(lines: Iterable[Line]) -> pl.DataFrame:
    """The table of counts, as balance.csv has it."""
    rows = [
        {
            "split": line.split, "label": line.label, "title": line.title, "original": line.original,
            "generated": line.generated, "total": line.total, "target": line.target, "short": line.short,
        }
        for line in lines
    ]  # fmt: skip
    return pl.DataFrame(rows)


def manifest_frame(made: Iterable[tuple[Task, Record]]) -> pl.DataFrame:
    """What was made of what: a row an edited picture, by file."""
    rows = [
        {
            "file": record.file, "source": task.source.path, "person": task.source.who, "split": task.split,
            "source_label": task.source.label, "label": task.label, "reduced": task.reduce,
            "asked_half": task.lesions_half, "added_lesions": record.added, "added_hayashi": record.hayashi,
            "landmarks": record.landmarks, "seed_address": "|".join(map(str, task.address)), "seed": str(task.seed),
            "sha256_source": task.source.sha256, "sha256": record.sha256,
            "sha256_landmarks": record.sha256_points or None,
        }
        for task, record in made
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=MANIFEST_COLUMNS).sort("file")


def labels_frame(
    copies: Iterable[tuple[Labelled, Record]], made: Iterable[tuple[Task, Record]], splits: bool
) -> pl.DataFrame:
    """Labels of the balanced set, as `read_labelled` takes them: of the copies, if there are any, and of the edits.

    Where labels told no persons, the photograph's path stands for the person: its edited pictures stay with it.
    """
    rows = [(record.file, row.label, row, "original", record) for row, record in copies]
    rows += [(record.file, task.label, task.source, "edited", record) for task, record in made]
    frame = pl.DataFrame(
        [(file, label, row.who, row.split, origin, row.path, record.sha256, record.sha256_points or None)
         for file, label, row, origin, record in rows],
        schema=dict.fromkeys(LABEL_COLUMNS, pl.String), orient="row",
    )  # fmt: skip
    return (frame if splits else frame.drop("split")).sort("file")


def _start(planned: Planned, style: Style, consent: str) -> dict[str, Any]:
    """What gives the bytes of a folder: a run goes on only where all of it is the same."""
    labelled = planned.labelled
    sources = [[row.path, row.label, row.person, row.split, row.sha256] for row in labelled.rows]
    points = {
        path.relative_to(labelled.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(labelled.folder.rglob(f"*{ENDING}"))  # other key points give another picture
    }
    return {
        "format": FORMAT,
        "versions": versions(),
        "options": _options(planned.ask, style),
        "consent": consent,
        "photographs": hashlib.sha256(_json(sources)).hexdigest(),
        "landmarks": hashlib.sha256(_json(points)).hexdigest(),
    }


def _options(ask: Ask, style: Style) -> Mapping[str, Any]:
    return json.loads(json.dumps(asdict(ask) | asdict(style)))


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
