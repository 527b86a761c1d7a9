"""Lists of pictures as `sha256sum` writes and checks them: sorted by path, and as long as the study."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from .target import Stored, Target, letters

RUN_LINES = 1 << 17
"""Lines sorted in memory; longer lists are sorted in runs on the disk, which are then merged."""
RUNS = 200
"""Runs that are open at once while they are merged: systems allow a process 256 or 1024 open files."""


class Sums:
    """A list in the making: `add` pictures in any order, then `store` it. Memory holds one run, however long the list.

    Parameters
    ----------
    path : of the list in the dataset.
    folder : a place on this machine, on the disk of the dataset: `Target.scratch`.
    """

    def __init__(self, path: str, target: Target, folder: Path) -> None:
        self.path = path
        self._target, self._stem = target, folder / path.replace("/", "-")
        self._waiting: list[bytes] = []
        self._runs: list[Path] = []
        self._made = 0

    def add(self, pictures: Iterable[tuple[str, str]]) -> None:
        """Some pictures more: path and SHA-256 of each. No path has a control character."""
        self._waiting += (f"{path}\t{sha256}\n".encode() for path, sha256 in pictures)
        if len(self._waiting) >= RUN_LINES:
            self._flush()

    def store(self) -> Stored | None:
        """Put the list into the dataset; None, and no file, where there is no picture."""
        self._flush()
        if not self._runs:
            return None
        return self._target.take_in(self.path, self._written(_as_checked(self._merged())))

    def _flush(self) -> None:
        if self._waiting:
            # A tab sorts before whatever a path may hold: so the lines are in the order of their paths.
            lines, self._waiting = sorted(self._waiting), []
            self._runs.append(self._written(lines))
        if len(self._runs) >= RUNS:
            self._runs = [self._written(self._merged())]

    def _merged(self) -> Iterator[bytes]:
        """The lines of all runs in order; the runs are gone afterwards."""
        with ExitStack() as stack:
            yield from heapq.merge(*[stack.enter_context(run.open("rb")) for run in self._runs])
        for run in self._runs:
            run.unlink()

    def _written(self, lines: Iterable[bytes]) -> Path:
        self._made += 1
        made = self._stem.with_name(f"{self._stem.name}.{self._made}")
        with letters(self._target, self.path), made.open("wb") as file:
            file.writelines(lines)
        return made


def _as_checked(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        path, _, sha256 = line[:-1].partition(b"\t")
        yield sha256 + b"  " + path + b"\n"
