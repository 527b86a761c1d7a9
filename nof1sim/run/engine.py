"""The Engine interface: where shards are worked off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass
from typing import Protocol

from .units import Shard


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a shard. No pixels travel.

    done : pictures written.  failures : a sentence for each picture that failed.
    """

    done: int
    failures: tuple[str, ...] = ()


Worker = Callable[[Shard], Report]
"""Draws, writes and commits a shard."""

MakeWorker = Callable[[], Worker]
"""Builds a worker, once in each process; picklable. Heavy things load here."""


class Engine(Protocol):
    """Runs a worker over shards."""

    def map(self, make_worker: MakeWorker, shards: Collection[Shard]) -> Generator[Report, None, None]:
        """One report a shard, in any order, as they come; closing the generator stops the work.

        shards : as many as its `len`, made while they are iterated over, once: a list of them would be as long as the
        study. Patient by patient.

        An error that the worker raises ends the run; what is committed stays.
        """
        ...
