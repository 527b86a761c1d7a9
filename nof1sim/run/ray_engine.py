"""The engine `ray`: workers as actors of a Ray cluster, or of a Ray started for the run on this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import DatasetError, Nof1simError
from ..versions import versions
from .deal import Deal
from .engine import MakeWorker, Report
from .local import IN_FLIGHT
from .ray_actor import Actor, environment
from .ray_cluster import joined, slots
from .units import Shard, halves, place

RETRIES = 3
"""How often Ray starts a dead actor anew, and what it was at."""
DEATHS = ("RayActorError", "WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError")
"""Ray's exceptions that say that a process or a node is gone for good."""
WAIT_SECONDS = 600.0
"""How long a cluster may take to start the first worker: a cloud has to start machines."""


class RayEngine:
    """Actors of Ray, each a process that builds its worker once and stays with a patient.

    Parameters
    ----------
    workers : actors; default one per CPU (with `gpus`, one per GPU) that the cluster has now. Where it has fewer, the
        others start as room is made, by a cluster that grows, for instance.
    address : `auto` or `host:port` on a machine of the cluster, `ray://host:port` from elsewhere; None: RAY_ADDRESS,
        or a Ray of this machine that ends with the run.
    gpus : GPUs of each actor; .5: two share one.

    Raises
    ------
    DatasetError
        A number that cannot be.
    """

    def __init__(self, workers: int | None = None, address: str | None = None, gpus: float = 0.0) -> None:
        if workers is not None and workers < 1:
            raise DatasetError(f"--workers: got {workers}; allowed: 1 or more. Leave it out for one per CPU.")
        if not (0 <= gpus < 1 or gpus == int(gpus) > 0):
            raise DatasetError(f"--gpus: got {gpus}; allowed: 0, a fraction of one, or a whole number.")
        self.workers, self.address, self.gpus = workers, address, gpus

    def map(self, make_worker: MakeWorker, shards: Collection[Shard]) -> Generator[Report, None, None]:
        """One report a shard, as they come (of one that kills its process, a report for each of its pieces).

        An actor or a node that dies is replaced, and its shards are drawn again. A picture on which a process died
        again and again is reported as failed, and the rest goes on.

        Raises
        ------
        DatasetError
            Ray is not installed, no cluster answers, the versions are mixed, or no worker can be started.
        """
        if not shards:
            return
        with joined(self.address, self.workers, self.gpus) as ray:
            count = self.workers or slots(ray.nodes(), self.gpus)
            if count < 1:
                what = "CPU" if not self.gpus else f"node with a CPU and {self.gpus:g} GPU"
                raise DatasetError(
                    f"The Ray cluster has no {what} for a worker now. If it grows on demand, say how many workers: "
                    "--workers N; otherwise add machines."
                )
            crew = _Crew(ray, make_worker, shards, min(count, len(shards)), self.gpus)
            try:
                yield from crew.reports()
            finally:
                crew.dismiss()


@dataclass(slots=True)
class _Lane:
    """An actor and what it has been given, in order; None: dismissed, since there is nothing left for it.

    up : its worker is built.  restarted : its process died before its last report.  again : shards of a dead one.
    """

    number: int
    actor: Any = None
    ready: Any = None
    up: bool = False
    restarted: bool = False
    running: deque[tuple[Any, Shard]] = field(default_factory=deque)
    again: deque[Shard] = field(default_factory=deque)

    @property
    def next(self) -> Any:
        """The call to wait for: an actor works in order."""
        return self.running[0][0] if self.up else self.ready


class _Crew:
    """The actors of a run."""

    def __init__(self, ray: Any, make_worker: MakeWorker, shards: Collection[Shard], count: int, gpus: float) -> None:
        self._ray, self._gpus = ray, gpus
        self._deaths = tuple(getattr(ray.exceptions, name) for name in DEATHS)
        self._order = ray.cloudpickle.dumps(make_worker)
        self._hired = ray.remote(Actor).options(
            num_cpus=1,
            num_gpus=gpus,
            max_restarts=RETRIES,
            max_task_retries=RETRIES,
            runtime_env={"env_vars": environment()},
            scheduling_strategy="SPREAD",
        )
        self._deal = Deal(shards, count)
        self._lanes = [_Lane(number) for number in range(count)]

    def reports(self) -> Iterator[Report]:
        """Keep every actor supplied, and give the reports as they come."""
        for lane in self._lanes:
            self._hire(lane)
        while True:
            for lane in self._lanes:
                self._supply(lane)
            calls = {lane.next: lane for lane in self._lanes if lane.actor is not None}
            if not calls:
                return
            found, _ = self._ray.wait([*calls], timeout=WAIT_SECONDS)
            if not found:
                self._look_for_life()
            for call in found:
                yield from self._taken(calls[call])

    def dismiss(self) -> None:
        """End all actors, at once; nothing is lost, since files appear whole or not at all."""
        for lane in self._lanes:
            self._end(lane)

    def _hire(self, lane: _Lane) -> None:
        """A new actor; it gets no shard before its worker is built."""
        lane.actor = self._hired.remote(versions(), self._order)
        lane.ready, lane.up, lane.restarted = lane.actor.ready.remote(), False, False

    def _end(self, lane: _Lane) -> None:
        if lane.actor is not None:
            self._ray.kill(lane.actor)
            lane.actor = None

    def _supply(self, lane: _Lane) -> None:
        """Hand out shards; an actor for which none is left makes room, perhaps for one whose node has gone."""
        if lane.actor is None or not lane.up:
            return
        while len(lane.running) < IN_FLIGHT:
            shard = lane.again.popleft() if lane.again else self._deal.take(lane.number)
            if shard is None:
                break
            lane.running.append((lane.actor.work.remote(shard), shard))
        if not lane.running:
            self._end(lane)

    def _taken(self, lane: _Lane) -> Iterator[Report]:
        """What the call that a lane waited for has given."""
        try:
            given = self._ray.get(lane.next)
        except self._deaths as error:
            if not lane.up:
                raise DatasetError(_stillborn(error)) from error
            yield from self._bury(lane)
            return
        if not lane.up:
            lane.up = True
            outcome = given
        else:
            lane.running.popleft()
            lane.restarted, outcome = given.restarted, given.outcome
        if isinstance(outcome, Nof1simError):
            raise outcome
        if outcome is not None:
            yield outcome

    def _bury(self, lane: _Lane) -> Iterator[Report]:
        """Replace an actor that has died for good; what it was at is cut in two, down to the picture to blame.

        If it had survived a death before (so it said with its last report), some of its lives may have been lost on
        earlier shards, or with their nodes, and what it was at is not to blame yet.
        """
        self._end(lane)
        (_, shard), *waiting = lane.running
        lane.running.clear()
        lane.again.extendleft(other for _, other in reversed(waiting))
        if lane.restarted:
            lane.again.appendleft(shard)
        elif len(shard.units) > 1 and not shard.pieces:  # joined shards make one file: all or nothing
            lane.again.extendleft(reversed(halves(shard)))
        else:
            yield Report(0, (_poisoned(shard),))
        self._hire(lane)

    def _look_for_life(self) -> None:
        """Nothing has come for a long time: pictures may take long, but somebody must be there to draw them."""
        room = slots(self._ray.nodes(), self._gpus)
        if room and any(lane.up for lane in self._lanes if lane.actor is not None):
            return
        raise DatasetError(
            f"The Ray cluster has given no worker a place for {WAIT_SECONDS / 60:.0f} minutes (it has room for {room}, "
            "other users' included). Finished pictures are kept: add machines, or wait for the others, and run the "
            "same command again."
        )


def _stillborn(error: Exception) -> str:
    why = " ".join(str(error).split())
    return (
        "A worker died while it was being built, on the Ray cluster. Install the same nof1sim on every machine, with "
        f"enough memory for a worker per CPU (or fewer --workers). Ray says: {why[:600]}"
    )


def _poisoned(shard: Shard) -> str:
    first, more = place(shard.units[0]), len(shard.units) - 1
    where = f"{first} and {more} pictures after it" if more else first
    return (
        f"{where}: its process died {RETRIES + 1} times (killed, or out of memory; Ray's logs may say "
        "why). The same command tries it again."
    )
