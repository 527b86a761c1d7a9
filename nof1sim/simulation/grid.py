"""Which pictures a trial has, which of them a run draws, and which are done: bits, not a list as long as the study."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
import polars as pl

from ..model import Bools
from ..run.units import Shard, choose, partition, remaining
from .plan import Plan, units_at

SHARD_PICTURES = 20
"""Pictures committed together: what a killed worker draws again at most."""


class Grid:
    """The pictures of a plan. A byte or so a picture is all that a driver holds of them.

    planned : (patients, days, occasions) of bool: the photographs that are taken, in every view.
    done : (patients, days, occasions, views) of bool: those that are drawn and committed.
    """

    def __init__(self, plan: Plan) -> None:
        protocol = plan.protocol
        self.views = list(protocol.images.views)
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
        """Those of one share `i/n`, as `planned`."""
        return self.planned & choose(np.asarray(self.planned.any(axis=2)), share)[:, :, None]

    def ranks_of(self, share: str) -> list[int]:
        """The patients of whom a share has pictures."""
        return np.flatnonzero(self.of_share(share).any(axis=(1, 2))).tolist()

    def missing(self, share: str | None = None) -> int:
        """How many are not done, of the trial or of one share."""
        wanted = self.planned if share is None else self.of_share(share)
        return int((wanted[..., None] & ~self.done).sum())

    def shards_of(self, rank: int, todo: Bools) -> list[Shard]:
        """The shards of a patient, one view after the other: a renderer keeps few views prepared.

        They are cut from all pictures of the patient, so that what is done already changes no picture's neighbours.

        todo : (days, occasions, views) of bool.
        """
        units = units_at(rank, self.planned[rank], self.views)
        wanted = [u for u in units if todo[u.day - 1, u.occasion - 1, self.views.index(u.view)]]
        cut = [
            shard for view in self.views for shard in partition([u for u in units if u.view == view], SHARD_PICTURES)
        ]
        return remaining(cut, wanted)


class Work(Collection[Shard]):
    """The shards of what a share still has to draw, patient by patient: made while they are asked for, never held.

    before : pictures of the share that were done already.  total : pictures of the share.
    """

    def __init__(self, grid: Grid, share: str) -> None:
        own = grid.of_share(share)
        self._grid = grid
        self._todo: Bools = own[..., None] & ~grid.done
        self._ranks = np.flatnonzero(self._todo.any(axis=(1, 2, 3))).tolist()
        self._count = sum(self._shards(rank) for rank in self._ranks)
        self.total = int(own.sum()) * len(grid.views)
        self.before = self.total - int(self._todo.sum())

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Shard]:
        return (shard for rank in self._ranks for shard in self._grid.shards_of(rank, self._todo[rank]))

    def __contains__(self, shard: object) -> bool:
        return any(shard == one for one in self)

    def _shards(self, rank: int) -> int:
        """How many shards of a patient have something to draw, without making them."""
        planned = self._grid.planned[rank].ravel()  # by day, then occasion, as the units are
        number = (np.cumsum(planned) - 1) // SHARD_PICTURES
        todo = self._todo[rank].reshape(planned.size, -1)
        return sum(np.unique(number[todo[:, view]]).size for view in range(todo.shape[1]))
