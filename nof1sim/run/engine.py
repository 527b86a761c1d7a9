"""The Engine interface: where shards are worked off."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
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

    def map(self, make_worker: MakeWorker, shards: Sequence[Shard]) -> Generator[Report, None, None]:
        """One report a shard, in any order, as they come; closing the generator stops the work.

        An error that the worker raises ends the run; what is committed stays.
        """
        ...
