"""Which process gets which shard: a process stays with a patient, whose face it has prepared."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import groupby

from .units import Shard

WORTH_TAKING = 4
"""Shards that another process must have left before an idle one takes half: preparing a face costs about two."""


class Deal:
    """Hands out shards to `lanes` processes: patient by patient, and at the end half of what the busiest has left.

    Which process draws what changes no byte, only the time. Shards are asked for when they are needed: of a long run
    only those of the patients at hand are ever held.
    """

    def __init__(self, shards: Iterable[Shard], lanes: int) -> None:
        self._patients = (deque(group) for _, group in groupby(shards, key=lambda shard: shard.units[0].rank))
        self._lanes: list[deque[Shard]] = [deque() for _ in range(lanes)]

    def take(self, lane: int) -> Shard | None:
        """The next shard for a process; None if there is nothing worth its while."""
        own = self._lanes[lane]
        if not own:
            own.extend(next(self._patients, ()))
        if not own:
            busiest = max(self._lanes, key=len)
            taken = len(busiest) // 2 if len(busiest) >= WORTH_TAKING else 0
            own.extend(reversed([busiest.pop() for _ in range(taken)]))
        return own.popleft() if own else None
