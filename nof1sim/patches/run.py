"""Take all photographs of a run into a folder. It can be stopped and started again at any time: the bytes are the same,
whatever the interruptions and the number of processes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from nof1sim.dataset.tables import write_csv, write_parquet
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError, InputError
from nof1sim.model import Unit
from nof1sim.run.local import ProcessEngine, SerialEngine, cores
from nof1sim.run.lock import locked
from nof1sim.run.units import Shard, partition
from nof1sim.versions import versions

from .card import card
from .plan import Course, Job, Style, check_style, condition_of, series, single
from .work import MakeWork, read_part

START, LOCKS = ".nof1sim/start.json", ".nof1sim/locks"
MANIFEST, TABLE, LESIONS, CARD = "manifest.json", "metadata.csv", "lesions.parquet", "README.md"
FORMAT, SCHEMA_VERSION = "nof1sim patches", 1
SHARD = 20
"""Photographs that are written and noted together."""

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: the folder, its photographs, those taken now, and the table."""

    out: str
    total: int
    taken: int
    table: pl.DataFrame


def take_singles(
    out: str | os.PathLike[str], n: int, style: Style, workers: int | None = None, progress: Tell | None = None
) -> Outcome:
    """n patches of as many people. Parameters and errors as `_take`; InputError: n below 1."""
    if n < 1:
        raise InputError(f"--n: got {n}; allowed: 1 or more patches.")
    check_style(style)
    condition_of(style.condition)
    jobs = {(k // SHARD, k % SHARD + 1): single(k + 1, style.seed) for k in range(n)}
    return _take(out, jobs, style, {"n": n}, workers, progress)


def take_series(
    out: str | os.PathLike[str],
    courses: Sequence[Course],
    style: Style,
    told: Mapping[str, Any],
    workers: int | None = None,
    progress: Tell | None = None,
) -> Outcome:
    """A piece of skin of each patient on all days. told : what else the folder depends on, as the protocol's digest."""
    check_style(style)
    condition_of(style.condition)
    jobs = {(rank, day): series(course, day) for rank, course in enumerate(courses)
            for day in range(1, len(course.treatment) + 1)}  # fmt: skip
    return _take(out, jobs, style, told, workers, progress)


def _take(
    out: str | os.PathLike[str],
    jobs: Mapping[tuple[int, int], Job],
    style: Style,
    told: Mapping[str, Any],
    workers: int | None,
    progress: Tell | None,
) -> Outcome:
    """Take what is missing of some photographs, then write the tables and, last, the manifest.

    Raises
    ------
    DatasetError
        `out` holds something else or another run, cannot be written, or the disk is full; a process died.
    """
    tell = progress or (lambda done, total, what: None)
    if workers is not None and workers < 1:
        raise InputError(f"--workers: got {workers}; allowed: 1 or more. Leave it out for one per core.")
    target = Target(os.fspath(out))
    target.ensure_writable()
    shards = partition([Unit(rank, day) for rank, day in jobs], SHARD)
    with locked(target.path_of(LOCKS)):
        _claim(target, style, told)
        todo = [shard for shard in shards if read_part(target, shard) is None]
        taken = _work(target, todo, jobs, style, workers or cores(), tell)
        table = _finish(target, shards, style, told)
    return Outcome(str(target), len(jobs), taken, table)


def _work(
    target: Target, todo: Sequence[Shard], jobs: Mapping[tuple[int, int], Job], style: Style, workers: int, tell: Tell
) -> int:
    if not todo:
        return 0
    target.remove(MANIFEST)
    total, done = len(jobs), len(jobs) - sum(len(shard.units) for shard in todo)
    before = done
    engine = ProcessEngine(workers) if workers != 1 and len(todo) > 1 else SerialEngine()
    wanted = {(unit.rank, unit.day) for shard in todo for unit in shard.units}
    make = MakeWork(str(target), style, {key: job for key, job in jobs.items() if key in wanted})
    tell(done, total, "Photographing")
    for report in engine.map(make, todo):
        done += report.done
        tell(done, total, "Photographing")
    return done - before


def _claim(target: Target, style: Style, told: Mapping[str, Any]) -> None:
    """Note in an empty folder what is made there; a folder of the same run is gone on with."""
    wanted = json.loads(json.dumps({"format": FORMAT, "versions": versions(), "options": {**asdict(style), **told}}))
    if target.exists(START):
        try:
            found = json.loads(target.read(START))
        except ValueError:
            found = {}
        if different := _different(found, wanted):
            todo = "It is finished" if target.exists(MANIFEST) else "Run its command again to finish it"
            raise DatasetError(
                f"{target}: an earlier run began here with other {', '.join(different)}. {todo}, or give another --out."
            )
        target.sweep()
        return
    if known := [path for path in target.list() if not path.startswith(f"{LOCKS}/")]:
        raise DatasetError(f"{target}: is not empty ({known[0]}). Give a new folder as --out.")
    target.write(START, _json(wanted))


def _different(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    mine, theirs = wanted["options"], found.get("options", {})
    different = [name for name in ("format", "versions") if found.get(name) != wanted[name]]
    return different + [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]


def _finish(target: Target, shards: Sequence[Shard], style: Style, told: Mapping[str, Any]) -> pl.DataFrame:
    """The tables, the card, and last the manifest with all hashes: a folder without it is not finished."""
    rows: list[dict[str, Any]] = []
    files: dict[str, Any] = {}
    lesions: list[pl.DataFrame] = []
    for shard in shards:
        part = read_part(target, shard)
        if part is None:
            raise DatasetError(f"{target}: files of {len(shard.units)} photographs were written and are gone. Run the "
                               "same command again.")  # fmt: skip
        rows += part[0]["rows"]
        files |= part[0]["files"]
        lesions.append(part[1])
    table = pl.DataFrame(rows, infer_schema_length=None)
    data = {
        TABLE: write_csv(table),
        LESIONS: write_parquet(pl.concat(lesions)),
        CARD: card(table, style, told).encode(),
    }
    for path, content in data.items():
        target.write(path, content)
        files[path] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    document = {
        "format": FORMAT, "schema_version": SCHEMA_VERSION, "synthetic": True, "versions": versions(),
        "options": {**asdict(style), **told}, "photographs": len(rows), "files": dict(sorted(files.items())),
    }  # fmt: skip
    target.write(MANIFEST, _json(document))
    return table


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
