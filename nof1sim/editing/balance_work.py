"""One picture of a balanced folder at a time: read, edit, encode, write, note. Runs in any process, in any order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nof1sim.dataset.images import Format, encode, encode_bare
from nof1sim.dataset.target import Target
from nof1sim.errors import InputError, Nof1simError
from nof1sim.render.portrait.sidecar import NAMES, find_sidecar, load_sidecar, sidecar_bytes
from nof1sim.run.engine import Report, Worker
from nof1sim.run.units import Shard

from .balance_names import points_path, reason, record_path
from .balance_plan import Task

Points = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Made:
    """What an edit gave. pixels (h, w, 3) uint8 sRGB. added: lesions drawn; hayashi: class of the added lesions;
    landmarks: where the key points came from; points_px: the key points, by name."""

    pixels: NDArray[np.uint8]
    added: int
    hayashi: int
    landmarks: str = ""
    points_px: Points = field(default_factory=dict)


class Editor(Protocol):
    """Edits photographs; built once in a process. Errors of its (Nof1simError) bar a photograph, any other is a bug."""

    def read(self, path: Path) -> NDArray[np.uint8]:
        """The pixels (h, w, 3) of a photograph, upright; InputError if it is none."""
        ...

    def open(self, path: Path) -> Any:
        """A photograph, ready to be edited many times: RenderError without one face."""
        ...

    def edit(self, opened: Any, task: Task) -> Made:
        """A task done: RenderError where it cannot be."""
        ...


MakeEditor = Callable[[], Editor]
"""Picklable; heavy things load when it is called."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is noted of a picture. Done: sha256, of the key points beside it, too ("" where there are none), and
    the edit's numbers. Failed: `error`, and whether the photograph
    itself is to blame (`whole`), so that no other edit of it needs to be tried."""

    file: str
    sha256: str = ""
    sha256_points: str = ""
    added: int = 0
    hayashi: int = 0
    landmarks: str = ""
    error: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to write: `task` None is the copy of a photograph as it is. source: its path in the folder."""

    file: str
    source: str
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class MakeWork:
    """Builds the worker of a process; jobs by rank and day of their `Unit`."""

    folder: str
    out: str
    jobs: Mapping[tuple[int, int], Job]
    make: MakeEditor
    format: Format = "jpeg"
    quality: int = 95

    def __call__(self) -> Worker:
        return _Work(self, self.make(), Target(self.out))


class _Work:
    """The worker: remembers the last photograph, for the jobs of one come one after another."""

    def __init__(self, plan: MakeWork, editor: Editor, target: Target) -> None:
        self._plan, self._editor, self._target = plan, editor, target
        self._last: tuple[str, Any] = ("", None)

    def __call__(self, shard: Shard) -> Report:
        records = [self._one(self._plan.jobs[unit.rank, unit.day]) for unit in shard.units]
        failures = tuple(f"{record.file}: {record.error}" for record in records if record.error)
        return Report(len(records) - len(failures), failures)

    def _one(self, job: Job) -> Record:
        record, data, points = self._done(job)
        if points:
            stored = self._target.store(points_path(job.file), points)
            record = replace(record, sha256_points=stored.sha256)
        if data:
            stored = self._target.store(job.file, data)
            record = replace(record, sha256=stored.sha256)
        write_record(self._target, record)
        return record

    def _done(self, job: Job) -> tuple[Record, bytes, bytes]:
        """A job's record, still without hashes, its file and the key points beside it; no file if it failed."""
        plan, path = self._plan, Path(self._plan.folder) / job.source
        opened = False
        try:
            if job.task is None:
                pixels = self._editor.read(path)
                return Record(job.file), encode_bare(pixels, plan.format, plan.quality), _points_beside(path, pixels)
            canvas = self._opened(path)
            opened = True
            made = self._editor.edit(canvas, job.task)
        except Nof1simError as error:
            return Record(job.file, error=reason(path, error), whole=not opened), b"", b""
        note = {"kind": "edited photograph", "label": job.task.label, "added_lesions": made.added}
        data = encode(made.pixels, plan.format, plan.quality, note, persons="photographs")
        points = _sidecar(made.points_px, made.pixels, made.landmarks)
        return Record(job.file, added=made.added, hayashi=made.hayashi, landmarks=made.landmarks), data, points

    def _opened(self, path: Path) -> Any:
        if self._last[0] != str(path):
            self._last = ("", None)
            self._last = (str(path), self._editor.open(path))
        return self._last[1]


def _points_beside(path: Path, pixels: NDArray[np.uint8]) -> bytes:
    """The key points beside a photograph, as they lie in its copy; nothing if there are none that can be used."""
    beside = find_sidecar(path)
    if beside is None:
        return b""
    try:
        found = load_sidecar(beside, (pixels.shape[1], pixels.shape[0]))
    except InputError:  # an edit of it says so; the photograph itself is in order
        return b""
    return _sidecar(found.points_px, pixels, found.source)


def _sidecar(points_px: Points, pixels: NDArray[np.uint8], source: str) -> bytes:
    """The sidecar file of a picture. Networks guess points outside of it: these count as hidden."""
    height, width = pixels.shape[:2]
    shown = {
        name: at if 0 <= at[0] < width and 0 <= at[1] < height else None
        for name, at in points_px.items()
        if name in NAMES
    }
    try:
        return sidecar_bytes(shown, (width, height), source)
    except InputError:  # too few of them in the picture
        return b""


def write_record(target: Target, record: Record) -> None:
    """Note a finished picture: after its file, so that what is noted is there."""
    target.write(record_path(record.file), (json.dumps(asdict(record), sort_keys=True) + "\n").encode())


def read_record(target: Target, file: str) -> Record | None:
    """What is noted of a picture; None if there is nothing, or the file is not the one that was noted."""
    path = record_path(file)
    if not target.exists(path):
        return None
    try:
        record = Record(**json.loads(target.read(path)))
    except (ValueError, TypeError):  # damaged: the picture is made again
        return None
    if record.error:
        return record
    wanted = {file: record.sha256} | ({points_path(file): record.sha256_points} if record.sha256_points else {})
    for name, sha256 in wanted.items():
        if not target.exists(name) or hashlib.sha256(target.read(name)).hexdigest() != sha256:
            return None
    return record
