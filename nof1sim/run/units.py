"""Which pictures a run draws, and in which portions."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ..model import Unit
from .share import parse_share


@dataclass(frozen=True, slots=True)
class Shard:
    """Pictures of one patient that are drawn, written and committed together. `id` is a hash of the units.

    whole : the shard as the plan has it, of which `units` is what is still to be drawn; empty: the same.
    """

    id: str
    units: tuple[Unit, ...]
    whole: tuple[Unit, ...] = ()

    def batches(self, size: int) -> list[tuple[Unit, ...]]:
        """The whole shard in runs of `size`, without those of which nothing is to be drawn.

        A picture is always in the same batch: however much of the shard an earlier run, or another share, has drawn.
        """
        whole, todo = self.whole or self.units, set(self.units)
        cut = [whole[first : first + size] for first in range(0, len(whole), size)]
        return [batch for batch in cut if not todo.isdisjoint(batch)]


def partition(units: Iterable[Unit], size: int) -> list[Shard]:
    """The units in shards of at most `size`, in order; a shard never spans patients."""
    if size < 1:
        raise ValueError(f"a shard holds at least 1 unit, got {size}")
    shards = []
    for _, group in groupby(sorted(units), key=lambda unit: unit.rank):
        own = tuple(group)
        shards += [own[first : first + size] for first in range(0, len(own), size)]
    return [Shard(shard_id(shard), shard) for shard in shards]


def remaining(shards: Iterable[Shard], todo: Collection[Unit]) -> list[Shard]:
    """What of each shard is in `todo`; shards of which nothing is left out."""
    wanted, found = set(todo), []
    for shard in shards:
        units = tuple(unit for unit in shard.units if unit in wanted)
        if units:
            found.append(Shard(shard_id(units), units, shard.units))
    return found


def shard_id(units: Iterable[Unit]) -> str:
    """16 hexadecimal digits that depend on the units alone."""
    text = "\n".join(f"{unit.rank} {unit.day} {unit.occasion} {unit.view}" for unit in units)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def choose(days: NDArray[np.bool_], share: str) -> NDArray[np.bool_]:
    """Which days of which patients are those of one share `i/n`: whole patients by rank modulo n.

    With more shares than patients, patients are split too, into runs of days.

    Parameters
    ----------
    days : (patients, days) of bool: the days with a picture. The whole plan (not what remains of it), so that every
        share sees the same patients.

    Returns
    -------
    (patients, days) of bool. Of all shares, each day is in one.
    """
    index, shares = parse_share(share)
    own = np.zeros(days.shape, bool)
    ranks = np.flatnonzero(days.any(axis=1))
    if shares <= ranks.size:
        own[ranks[ranks % shares == index]] = True
    elif ranks.size:
        place, run = index % ranks.size, index // ranks.size
        runs = -(-(shares - place) // ranks.size)
        rank = ranks[place]
        number = np.cumsum(days[rank]) - 1
        own[rank] = number * runs // (number[-1] + 1) == run
    return own & days
