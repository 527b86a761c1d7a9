"""Bring every severity class of a labelled folder to a number of images by editing photographs of other classes.

A split is balanced by itself; a person's edited pictures stay in the person's split. The run can be stopped and started
again at any time: the bytes are the same, whatever the interruptions and the number of processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from nof1sim.dataset.images import Format
from nof1sim.dataset.labelled import Labelled, LabelledFolder, read_labelled
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError, InputError
from nof1sim.model import Unit
from nof1sim.run.local import ProcessEngine, SerialEngine, cores
from nof1sim.run.lock import locked
from nof1sim.run.units import Shard, shard_id

from . import balance_files as files
from . import balance_names as names
from .balance_plan import Ask, Line, Task, Uses, bar, deal, refuse_impossible, splits_of, table
from .balance_work import Job, MakeEditor, MakeWork, Record, read_record

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Style:
    """How pictures are written, and what with. half: every photograph shows half a face, whose own count is classed.
    originals: copy them, too."""

    format: Format = "jpeg"
    quality: int = 95
    originals: bool = True
    half: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A folder, what is wanted of it, and the edits of a run in which no photograph is bad."""

    labelled: LabelledFolder
    ask: Ask
    splits: tuple[str, ...]
    tasks: tuple[Task, ...]

    @property
    def lines(self) -> list[Line]:
        """The table that is to be expected."""
        return table(self.labelled.rows, self.ask, self.splits, self.tasks)


@dataclass(frozen=True, slots=True)
class Failure:
    """A photograph that could not be used, not at all or not for one class (`label`), and why."""

    path: str
    label: str | None
    error: str

    def __str__(self) -> str:
        return f"{self.path}{'' if self.label is None else f' as class {self.label}'}: {self.error}"


@dataclass(frozen=True, slots=True)
class Balanced:
    """What a run did. lines: the table; tasks: the edits, in order; failures: photographs that could not be used."""

    out: str
    lines: tuple[Line, ...]
    tasks: tuple[Task, ...]
    failures: tuple[Failure, ...]
    labelled: LabelledFolder

    @property
    def splits_edited_for_testing(self) -> str:
        """Names of validation and test splits that got edited pictures."""
        return ", ".join(name for name in ("val", "test") if any(task.split == name for task in self.tasks))

    @property
    def missed(self) -> tuple[Line, ...]:
        """Classes that are still below their target."""
        return tuple(line for line in self.lines if line.short)


def plan(
    folder: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None,
    ask: Ask,
    columns: Mapping[str, str] | None = None,
) -> Planned:
    """Read the labels and deal the edits; no photograph is looked at. Parameters and errors as `balance`."""
    _check(ask)
    labelled = read_labelled(folder, labels, columns, classes=[band.name for band in ask.bands])
    return _planned(labelled, ask)


def balance(
    folder: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    ask: Ask,
    consent: str,
    *,
    columns: Mapping[str, str] | None = None,
    style: Style | None = None,
    workers: int | None = None,
    make: MakeEditor | None = None,
    progress: Tell | None = None,
) -> Balanced:
    """Balance a labelled folder into another one.

    Parameters
    ----------
    folder, labels, columns : see `dataset.labelled.read_labelled`.
    out : a local folder outside `folder`; a run that was stopped goes on there.
    ask : target, splits, classes.
    consent : what the persons' consent covers this use by; noted in the manifest.
    workers : processes; None: one per core. 1 works in this process.
    make : builds an editor in each process; None: lesions drawn on the photographs (`balance_editor`).
    progress : called with pictures done, pictures to do, and a word.

    Returns
    -------
    What was done. A photograph that cannot be edited is a failure, and another takes its place while there are some.

    Raises
    ------
    InputError
        See `read_labelled`; no consent; a target, split or class that is none; a class that no photograph could become.
    DatasetError
        `out` holds something else, or cannot be written; another run is at work there; a process died.
    """
    style = style or Style()
    if not consent.strip():
        raise InputError("--consent: got nothing; allowed: what covers this use, such as 'signed form v2'.")
    planned = plan(folder, labels, ask, columns)
    if make is None:
        from .balance_editor import MakePortraitEditor

        make = MakePortraitEditor(half=style.half)
    target = _target(Path(folder), Path(out))
    with locked(target.path_of(names.LOCKS)):
        files.claim(target, planned, style, consent)
        run = _Run(planned, target, style, make, workers or cores(), progress or _silent)
        return run.all(consent)


class _Run:
    """The steps of a run: copies, then rounds of edits until nothing is short or nothing is left, then the tables."""

    def __init__(
        self, planned: Planned, target: Target, style: Style, make: MakeEditor, workers: int, tell: Tell
    ) -> None:
        self.planned, self.target, self.style, self.make = planned, target, style, make
        self.workers, self.tell = workers, tell
        self.stems = names.stems(planned.labelled.rows)
        self.done = 0
        self.expected = len(planned.tasks) + style.originals * len(planned.labelled.rows)

    def all(self, consent: str) -> Balanced:
        labelled, failures = self.planned.labelled, list[Failure]()
        copies: list[tuple[Labelled, Record]] = []
        rows = labelled.rows
        if self.style.originals:
            copies, failures = self.copied(rows)
            rows = tuple(row for row, _ in copies)
        ask, splits = self.planned.ask, self.planned.splits
        made, bad = self.edited(rows)
        failures += bad
        lines = tuple(table(rows, ask, splits, [task for task, _ in made]))
        result = Balanced(str(self.target), lines, tuple(task for task, _ in made), tuple(failures), labelled)
        files.finish(self.target, result, ask, self.style, consent, copies, made)
        return result

    def copied(self, rows: Sequence[Labelled]) -> tuple[list[tuple[Labelled, Record]], list[Failure]]:
        """Copies without metadata; a photograph that cannot be read is a failure, and is no source either."""
        jobs = [Job(names.original_path(self.stems[row.path], self.style.format), row.path) for row in rows]
        records = self.worked(jobs, "Copying")
        both = list(zip(rows, records, strict=True))
        failures = [Failure(row.path, None, record.error) for row, record in both if record.error]
        return [(row, record) for row, record in both if not record.error], failures

    def edited(self, rows: Sequence[Labelled]) -> tuple[list[tuple[Task, Record]], list[Failure]]:
        """Rounds of edits. A round depends on nothing but the rounds before it, so a run that goes on repeats them."""
        ask, uses = self.planned.ask, Uses()
        made: list[tuple[Task, Record]] = []
        failures: list[Failure] = []
        blamed: set[str] = set()
        while True:
            lines = table(rows, ask, self.planned.splits, [task for task, _ in made])
            tasks = deal(rows, ask, lines, uses)
            if not tasks:
                return made, failures
            jobs = [Job(self.file_of(task), task.source.path, task) for task in tasks]
            for task, record in zip(tasks, self.worked(jobs, "Editing"), strict=True):
                if not record.error:
                    made.append((task, record))
                    continue
                bar(task, uses, record.whole, ask.bands)
                if not (record.whole and task.source.path in blamed):
                    failures.append(Failure(task.source.path, None if record.whole else task.label, record.error))
                blamed |= {task.source.path} if record.whole else set()

    def file_of(self, task: Task) -> str:
        return names.edited_path(task, self.stems[task.source.path], self.style.format)

    def worked(self, jobs: Sequence[Job], what: str) -> list[Record]:
        """The records of jobs, in their order; those that an earlier run has finished are not done again."""
        found = {job.file: read_record(self.target, job.file) for job in jobs}
        todo = [job for job in jobs if found[job.file] is None]
        self.done += len(jobs) - len(todo)
        shards, by_unit = _shards(todo)
        work = MakeWork(str(self.planned.labelled.folder), str(self.target), by_unit, self.make,
                        self.style.format, self.style.quality)  # fmt: skip
        engine = ProcessEngine(self.workers) if self.workers != 1 and len(shards) > 1 else SerialEngine()
        for report in engine.map(work, shards):
            self.done += report.done
            self.tell(self.done, max(self.done, self.expected), what)
        records = {job.file: found[job.file] or read_record(self.target, job.file) for job in jobs}
        if lost := [file for file, record in records.items() if record is None]:
            raise DatasetError(f"{self.target}: {lost[0]!r} was written and is gone. Run the same command again.")
        return [record for job in jobs if (record := records[job.file]) is not None]


def _planned(labelled: LabelledFolder, ask: Ask) -> Planned:
    splits = splits_of(labelled.rows, ask, labelled.splits_known)
    lines = table(labelled.rows, ask, splits)
    refuse_impossible(labelled.rows, ask, lines)
    return Planned(labelled, ask, splits, tuple(deal(labelled.rows, ask, lines, Uses())))


def _check(ask: Ask) -> None:
    known = [band.name for band in ask.bands]
    if ask.to < 1:
        raise InputError(f"--to: got {ask.to}; allowed: 1 or more images a class.")
    if ask.per_source < 1:
        raise InputError(f"--per-source: got {ask.per_source}; allowed: 1 or more edited pictures of a photograph.")
    if ask.seed < 0:
        raise InputError(f"--seed: got {ask.seed}; allowed: an integer of 0 or more.")
    if unknown := [name for name in ask.fill or () if name not in known]:
        raise InputError(f"--fill: got {unknown[0]!r}; allowed: the classes {', '.join(known)}.")


def _target(folder: Path, out: Path) -> Target:
    """The folder to write; not in the photographs' folder nor around it, where one would be taken for the other."""
    home, place = folder.resolve(), out.resolve()
    if home.is_relative_to(place) or place.is_relative_to(home):
        raise InputError(f"--out: got {out}; allowed: a folder beside {folder}, not in it nor around it.")
    target = Target(str(out))
    target.ensure_writable()
    return target


def _shards(jobs: Iterable[Job]) -> tuple[list[Shard], dict[tuple[int, int], Job]]:
    """One job a shard; those of a photograph one after another, under one rank, so that one process does them."""
    shards, by_unit = [], {}
    ordered = sorted(jobs, key=lambda job: (job.source, job.file))
    for rank, (_, group) in enumerate(groupby(ordered, key=lambda job: job.source)):
        for number, job in enumerate(group, start=1):
            unit = Unit(rank, number)
            by_unit[rank, number] = job
            shards.append(Shard(shard_id((unit,)), (unit,)))
    return shards, by_unit


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what
