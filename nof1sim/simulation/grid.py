"""Which pictures a trial has, which of them a run draws, and which are done: bits, not a list as long as the study."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..dataset.packing import PACK_PICTURES
from ..model import Bools, Unit
from ..run.units import Shard, choose, joined, partition, remaining
from .plan import Plan, units_at

SHARD_PICTURES = 20
"""Pictures committed together: what a killed worker draws again at most."""


class Grid:
    """The pictures of a plan. Some bytes a picture are all that a driver holds of them.

    planned : (patients, days, occasions) of bool: the photographs that are taken, in every view.
    done : (patients, days, occasions, views) of bool: those that are drawn and committed.
    packed : whether pictures lie in packs. A pack is drawn whole or not at all, so that it has the same bytes however
        the work was shared out or interrupted: it belongs to the share that its first picture belongs to.
    """

    def __init__(self, plan: Plan) -> None:
        protocol = plan.protocol
        self.views = tuple(protocol.images.views)
        self.packed = protocol.images.layout == "packed"
        self._sizes = (SHARD_PICTURES, PACK_PICTURES if self.packed else 0)
        shape = (protocol.cohort.patients, protocol.days, protocol.images.occasions_per_day)
        self.planned: Bools = np.zeros(shape, bool)
        for rank in range(shape[0] if protocol.images.enabled else 0):
            self.planned[rank] = plan.photographed(rank)
        self.done: Bools = np.zeros((*shape, len(self.views)), bool)

    @property
    def total(self) -> int:
        """Pictures of the whole trial."""
        return int(self.planned.sum()) * len(self.views)

    def read(self, committed: Iterable[pl.DataFrame]) -> None:
        """These pictures (frames of rank, day, occasion, view) are done, and no others."""
        self.done[:] = False
        for some in committed:
            rank, day, occasion = (some[name].to_numpy() for name in ("rank", "day", "occasion"))
            view = np.array([self.views.index(view) for view in some["view"]], np.int64)
            self.done[rank, day - 1, occasion - 1, view] = True

    def of_share(self, share: str) -> Bools:
        """Those of one share `i/n`, as `done`."""
        taken = self.planned & choose(np.asarray(self.planned.any(axis=2)), share)[:, :, None]
        own = np.repeat(taken[..., None], len(self.views), axis=3)
        cut = np.flatnonzero((taken.any(axis=(1, 2))) & (taken != self.planned).any(axis=(1, 2))).tolist()
        for rank in cut if self.packed else ():  # a patient of several shares
            numbers = self.numbers(rank)
            first = _first_of_each(numbers)
            own[rank] = np.isin(numbers, numbers[own[rank] & first]) & (numbers >= 0)
        return own

    def ranks_of(self, share: str) -> list[int]:
        """The patients of whom a share has pictures."""
        return np.flatnonzero(self.of_share(share).any(axis=(1, 2, 3))).tolist()

    def missing(self, share: str | None = None) -> int:
        """How many are not done, of the trial or of one share."""
        wanted = self.planned[..., None] if share is None else self.of_share(share)
        return int((wanted & ~self.done).sum())

    def todo(self, rank: int, own: Bools) -> Bools:
        """Of these pictures of a patient, (days, occasions, views), those still to be drawn: of packs all or none."""
        left = own & ~self.done[rank]
        if not self.packed or not left.any():
            return left
        numbers = self.numbers(rank)
        return np.isin(numbers, numbers[left]) & own

    def numbers(self, rank: int) -> NDArray[np.int64]:
        """The number of the shard of each picture of a patient, (days, occasions, views); -1 where there is none."""
        planned = self.planned[rank]
        found = np.full((*planned.shape, len(self.views)), -1)
        found[planned] = _numbers(int(planned.sum()), self.views, self._sizes)
        return found

    def shards_of(self, rank: int, todo: Bools) -> list[Shard]:
        """The shards of a patient, one view after the other: a renderer keeps few views prepared.

        They are cut from all pictures of the patient, so that what is done already changes no picture's neighbours.

        todo : (days, occasions, views) of bool.
        """
        units = units_at(rank, self.planned[rank], self.views)
        wanted = {u for u in units if todo[u.day - 1, u.occasion - 1, self.views.index(u.view)]}
        shards = _cut(units, self.views, self._sizes)
        if self.packed:
            return [shard for shard in shards if shard.units[0] in wanted]
        return remaining(shards, wanted)


class Work(Collection[Shard]):
    """The shards of what a share still has to draw, patient by patient: made while they are asked for, never held.

    before : pictures of the share that were done already.  total : pictures of the share.
    """

    def __init__(self, grid: Grid, share: str) -> None:
        own = grid.of_share(share)
        self._grid = grid
        self._todo: Bools = np.stack([grid.todo(rank, own[rank]) for rank in range(len(own))])
        self._ranks = np.flatnonzero(self._todo.any(axis=(1, 2, 3))).tolist()
        self._count = sum(np.unique(grid.numbers(rank)[self._todo[rank]]).size for rank in self._ranks)
        self.total = int(own.sum())
        self.before = self.total - int(self._todo.sum())

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Shard]:
        return (shard for rank in self._ranks for shard in self._grid.shards_of(rank, self._todo[rank]))

    def __contains__(self, shard: object) -> bool:
        return any(shard == one for one in self)


def _cut(units: Sequence[Unit], views: Sequence[str], sizes: tuple[int, int]) -> list[Shard]:
    """All shards of a patient's pictures. sizes : pictures of a shard, and of a pack (0: there are none)."""
    shard, pack = sizes
    cut = [found for view in views for found in partition([u for u in units if u.view == view], shard)]
    return joined(cut, pack) if pack else cut


@lru_cache(maxsize=64)
def _numbers(photographs: int, views: tuple[str, ...], sizes: tuple[int, int]) -> NDArray[np.int64]:
    """The number of the shard of each picture of a patient with so many photographs, (photographs, views)."""
    found = np.zeros((photographs, len(views)), np.int64)
    units = [Unit(0, day + 1, view=view) for day in range(photographs) for view in views]
    for number, shard in enumerate(_cut(units, views, sizes)):
        for unit in shard.units:
            found[unit.day - 1, views.index(unit.view)] = number
    return found


def _first_of_each(numbers: NDArray[np.int64]) -> Bools:
    """Which pictures are the first of their shard: the first view's, then the earliest."""
    by_view = np.moveaxis(numbers, -1, 0)
    _, places = np.unique(by_view, return_index=True)
    found = np.zeros(numbers.size, bool)
    found[places] = True
    return np.moveaxis(found.reshape(by_view.shape), 0, -1) & (numbers >= 0)
