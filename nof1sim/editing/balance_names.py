"""Every path of a balanced folder, as pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from nof1sim.dataset.labelled import Labelled
from nof1sim.dataset.layout import SUFFIX
from nof1sim.render.portrait.sidecar import ENDING

from .balance_plan import Task

TABLE = "balance.csv"
MANIFEST_TABLE = "manifest.csv"
MANIFEST = "manifest.json"
LABELS = "labels.csv"
EDITED, ORIGINALS = "edited", "originals"
WORK = ".nof1sim"
START = ".nof1sim/start.json"
RECORDS = ".nof1sim/records"
LOCKS = ".nof1sim/locks"


def stems(rows: Iterable[Labelled]) -> Mapping[str, str]:
    """A photograph's path -> its path without its ending; with it (`a/x_png`) where `a/x.jpg` is there, too.

    Names that differ by case alone count as the same: on many disks they are.
    """
    plain = {row.path: PurePosixPath(row.path).with_suffix("").as_posix() for row in rows}
    often = Counter(stem.lower() for stem in plain.values())
    found = {}
    for path, stem in plain.items():
        found[path] = stem if often[stem.lower()] == 1 else f"{stem}_{PurePosixPath(path).suffix[1:]}"
    if len({stem.lower() for stem in found.values()}) < len(found):  # x_png.jpg beside x.png: number them
        return {path: f"{stem}_{number}" for number, (path, stem) in enumerate(sorted(found.items()))}
    return found


def original_path(stem: str, format: str) -> str:
    """`originals/a/x.jpg`: the copy of a photograph."""
    return f"{ORIGINALS}/{stem}{SUFFIX[format]}"


def edited_path(task: Task, stem: str, format: str) -> str:
    """`edited/train/3/a/x_3_1.jpg`: the first picture of class 3 made of a photograph."""
    return f"{EDITED}/{task.split}/{task.label}/{stem}_{task.label}_{task.repeat}{SUFFIX[format]}"


def record_path(path: str) -> str:
    """What is noted of a finished picture."""
    return f"{RECORDS}/{path}.json"


def points_path(path: str) -> str:
    """The key points beside a picture."""
    return f"{path}{ENDING}"


def reason(path: Path, error: Exception) -> str:
    """Why a photograph failed, without its own path or name at the front: whoever lists it says that."""
    return str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
