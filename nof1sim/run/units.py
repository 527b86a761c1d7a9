"""Which pictures a run draws, and in which portions."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
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
    pieces : where it was joined of smaller shards, those: no batch spans two of them.
    """

    id: str
    units: tuple[Unit, ...]
    whole: tuple[Unit, ...] = ()
    pieces: tuple[tuple[Unit, ...], ...] = ()

    def batches(self, size: int) -> list[tuple[Unit, ...]]:
        """The whole shard in runs of `size`, without those of which nothing is to be drawn.

        A picture is always in the same batch: however much of the shard an earlier run, or another share, has drawn.
        """
        todo, pieces = set(self.units), self.pieces or (self.whole or self.units,)
        cut = [piece[first : first + size] for piece in pieces for first in range(0, len(piece), size)]
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


def halves(shard: Shard) -> list[Shard]:
    """A shard of two or more pictures in two; the pictures keep their batches."""
    middle = len(shard.units) // 2
    cut = (shard.units[:middle], shard.units[middle:])
    return [Shard(shard_id(units), units, shard.whole or shard.units) for units in cut]


def place(unit: Unit) -> str:
    """Which picture, as a user says it; how a sentence about a failure begins."""
    return f"patient {unit.rank + 1}, day {unit.day} ({unit.view}, occasion {unit.occasion})"


def joined(shards: Iterable[Shard], size: int) -> list[Shard]:
    """Neighbouring shards of one patient as one, of at most `size` units where a single one has no more."""
    found: list[list[Shard]] = []
    for shard in shards:
        last = found[-1] if found else []
        fits = sum(len(one.units) for one in last) + len(shard.units) <= size
        if last and fits and last[0].units[0].rank == shard.units[0].rank:
            last.append(shard)
        else:
            found.append([shard])
    return [_join(some) for some in found]


def _join(shards: Sequence[Shard]) -> Shard:
    units = tuple(unit for shard in shards for unit in shard.units)
    return Shard(shard_id(units), units, pieces=tuple(shard.units for shard in shards))


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
