"""simulate(): write a protocol's function out over its grid; resume, sharding and verification need nothing more."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import plugins
from ..dataset import layout, manifest, parts
from ..dataset.target import Target
from ..errors import DatasetError, Fault, ProtocolError
from ..protocol import Protocol, load_protocol
from ..run.engine import Engine
from ..run.local import cores
from ..run.lock import at_work, hold, locked, refuse_others
from ..run.share import ALL, parse_share
from ..run.units import Shard
from ..severity.given import Given
from ..severity.saturation import saturation_warning
from .closing import close
from .grid import Grid, Work
from .plan import BLOCK_PATIENTS, Plan
from .renderers import check_images, processes, require_photographs
from .worker import Worker, WorkOrder

Progress = Callable[[int, int, str], None]
"""Called with pictures done, pictures in all, and what is going on."""

WARNED_PATIENTS = 1000
"""Patients that are looked at for warnings."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did. `complete`: the folder is finished (else other shards, or failed pictures, remain)."""

    out: str
    drawn: int
    total: int
    complete: bool
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def simulate(
    protocol: Protocol | str | Path,
    out: str | Path = "trial",
    *,
    given: Given | None = None,
    workers: int | None = None,
    engine: str | None = None,
    shard: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Write the dataset of a protocol, or go on with one that was stopped.

    Parameters
    ----------
    protocol : Protocol, or a file or shipped name
    out : folder (or fsspec URL) of the dataset
    given : the user's own severities; then `protocol.given` describes them
    workers : processes; default one per core, or as many as the renderer wants at most
    engine : "serial", "processes" or a plug-in; default by the number of workers
    shard : "i/n", only that share of the patients
    overwrite : replace a dataset that is there
    progress : called as pictures get done

    Raises
    ------
    ProtocolError
        The protocol cannot be run.
    DatasetError
        The folder holds something else, cannot be written, or another run is at work in it.
    """
    chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    tell = progress or (lambda done, total, what: None)
    plan, target = Plan(chosen, given), Target(str(out))
    share = shard or ALL
    check_images(chosen)
    parse_share(share)
    running = make_engine(processes(chosen.images) if workers is None else workers, engine)
    if overwrite or not manifest.is_complete(target):
        require_photographs(chosen.images)
    target.ensure_writable()
    locks = target.path_of(layout.LOCKS)
    with locked(locks, share):
        with hold(locks, "start", wait_seconds=60):
            alone = functools.partial(refuse_others, locks, share)
            claim = (target, chosen.canonical_json(), chosen.digest, overwrite)
            state = manifest.start(*claim, before_clearing=alone, shares=parse_share(share)[1])
            at_work(locks, share)
        if state == "complete":
            _refuse_if_files_are_gone(target)
            return Outcome(str(out), 0, manifest.read_manifest(target)["images"]["count"], complete=True)
        tell(0, 0, "Planning")
        grid = Grid(plan)
        grid.read(parts.committed(target, chosen.digest, overwrite, grid.ranks_of(share)))
        work = Work(grid, share)
        drawn, failures = _draw(plan, target, work, running, lambda n: tell(work.before + n, work.total, "Drawing"))
        complete = False
        if not failures:
            tell(work.total, work.total, "Writing tables")
            complete = close(plan, target, grid) == 0
    return Outcome(str(out), drawn, grid.total, complete, failures, warnings_of(plan))


def _refuse_if_files_are_gone(target: Target) -> None:
    """A complete dataset is left alone; if somebody took files out of it, say so."""
    there = parts.Presence(target)
    gone, first = 0, ""
    for path, _ in manifest.covered(target):
        if not there.holds(path):
            gone, first = gone + 1, min(first or path, path)
    if gone:
        raise DatasetError(
            f"{target}: the dataset was complete, but {gone} of its files are gone ({first} ...). "
            "Copy them back, or make it anew with --overwrite."
        )


def make_engine(workers: int | None, engine: str | None) -> Engine:
    """The engine of a name, or the one that fits the number of workers."""
    if workers is not None and workers < 1:
        fault = Fault("--workers", workers, "1 or more", "Leave it out for one per core.")
        raise ProtocolError(str(fault), [fault])
    count = workers or cores()
    name = engine or ("serial" if count == 1 else "processes")
    return plugins.resolve("engines", name, "--engine")(count)


def _draw(
    plan: Plan, target: Target, shards: Collection[Shard], running: Engine, step: Callable[[int], None]
) -> tuple[int, tuple[str, ...]]:
    """Draw the pictures of the shards; how many, and the failures as sentences."""
    make_worker = functools.partial(Worker, WorkOrder(plan.protocol.canonical_json(), target.url, plan.given))
    drawn, failures = 0, []
    step(0)
    with closing(running.map(make_worker, shards)) as reports:
        for report in reports:
            drawn += report.done
            failures += report.failures
            step(drawn)
    return drawn, tuple(failures)


def warnings_of(plan: Plan) -> tuple[str, ...]:
    """What a user should know of a trial of their own design: days at the bounds of the scale, confounded pictures."""
    if plan.protocol.design.counterfactual != "factual":
        return ()
    return tuple(found for found in (_saturation(plan), plan.protocol.images.confounding.warning) if found)


def _saturation(plan: Plan) -> str | None:
    if plan.given is not None:
        return None
    some = min(WARNED_PATIENTS, plan.protocol.cohort.patients)
    starts = range(0, some, BLOCK_PATIENTS)
    each = [plan.course(first, min(BLOCK_PATIENTS, some - first)).trajectories.severity for first in starts]
    known = [severity for severity in each if severity is not None]
    return saturation_warning(plan.protocol, np.concatenate(known)) if known else None
