"""simulate(): write a protocol's function out over its grid; resume, sharding and verification need nothing more."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from .. import plugins
from ..conditions.design import crossover_warning
from ..dataset import layout, manifest, parts
from ..dataset.letters import kind_of
from ..dataset.packs import PackedTarget, opened
from ..dataset.target import Target
from ..errors import DatasetError, Fault, ProtocolError, refuse
from ..protocol import Protocol, load_protocol
from ..run.engine import Engine
from ..run.local import SerialEngine, cores
from ..run.lock import at_work, hold, locked, refuse_others
from ..run.share import ALL, parse_share
from ..run.units import Shard
from ..severity.given import Given
from ..severity.saturation import saturation_warning
from .closing import close, locks_of
from .first_run import compile_first
from .grid import Grid, Work
from .plan import BLOCK_PATIENTS, Plan
from .renderers import check_images, needs_settling, processes, require_photographs, settled
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
    engine_options: Mapping[str, Any] | None = None,
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
    engine : "serial", "processes", "ray" or a plug-in; default by the number of workers
    engine_options : what else the engine takes by name, such as {"address": "auto"} for "ray"; None is left out
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
    if needs_settling(chosen.images):
        with settled(chosen) as own:
            return simulate(
                own, out, given=given, workers=workers, engine=engine, engine_options=engine_options, shard=shard,
                overwrite=overwrite, progress=progress,
            )  # fmt: skip
    tell = progress or (lambda done, total, what: None)
    plan, target = Plan(chosen, given), Target(str(out))
    share = shard or ALL
    check_images(chosen)
    parse_share(share)
    running = make_engine(workers, engine, engine_options, at_most=processes(chosen.images))
    if overwrite or not manifest.is_complete(target):
        require_photographs(chosen.images)
    target.ensure_writable()
    locks = locks_of(target)
    _refuse_memory(target, running)
    with locked(locks, share):
        with hold(locks, "start", wait_seconds=600):  # a thousand shares may start at once
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
        if len(work):
            compile_first(plan, running, lambda what: tell(work.before, work.total, what))
        drawn, failures = _draw(plan, target, work, running, lambda n: tell(work.before + n, work.total, "Drawing"))
        complete = False
        if not failures:
            tell(work.total, work.total, "Writing tables")
            complete = close(plan, target, grid) == 0
    return Outcome(str(out), drawn, grid.total, complete, failures, warnings_of(plan))


def _refuse_memory(target: Target, running: Engine) -> None:
    if kind_of(target.url) == "memory" and not isinstance(running, SerialEngine):
        raise DatasetError(
            f"{target}: memory:// is that of one process, so other processes cannot write there. Give --workers 1, "
            "or another --out."
        )


def _refuse_if_files_are_gone(target: Target) -> None:
    """A complete dataset is left alone; if somebody took files out of it, say so."""
    there, packed = parts.Presence(target), isinstance(opened(target.url), PackedTarget)
    gone, first = 0, ""
    for path, _ in manifest.covered(target):
        if not (packed and layout.is_picture(path)) and not there.holds(path):
            gone, first = gone + 1, min(first or path, path)
    if gone:
        raise DatasetError(
            f"{target}: the dataset was complete, but {gone} of its files are gone ({first} ...). "
            "Copy them back, or make it anew with --overwrite."
        )


def make_engine(
    workers: int | None,
    engine: str | None,
    options: Mapping[str, Any] | None = None,
    *,
    at_most: int | None = None,
) -> Engine:
    """The engine of a name, or the one that fits the number of workers.

    Parameters
    ----------
    options : keyword arguments of the engine's class; those that are None are left out.
    at_most : workers, where the user gave no number: what the renderer wants. With GPUs the engine counts those.

    Raises
    ------
    ProtocolError
        No such number of workers, no such engine, or an option that the engine does not have.
    """
    if workers is not None and workers < 1:
        fault = Fault("--workers", workers, "1 or more", "Leave it out for one per core.")
        raise ProtocolError(str(fault), [fault])
    if engine == "serial" and workers not in (None, 1):
        fault = Fault(
            "--workers", workers, "1 with --engine serial", "Leave --engine out to draw in several processes."
        )
        raise ProtocolError(str(fault), [fault])
    given = {name: value for name, value in (options or {}).items() if value is not None}
    count = at_most if workers is None and not given.get("gpus") else workers
    name = engine or ("serial" if (count or cores()) == 1 else "processes")
    found = plugins.resolve("engines", name, "--engine")
    known = [*signature(found).parameters][1:]
    allowed = f"{', '.join(known) or 'no options'} with --engine {name}"
    unknown = [option for option in given if option not in known]
    refuse([Fault(f"--{o}", given[o], allowed, "A cluster wants --engine ray.") for o in unknown], "The run")
    return found(count, **given)


def _draw(
    plan: Plan, target: Target, shards: Collection[Shard], running: Engine, step: Callable[[int], None]
) -> tuple[int, tuple[str, ...]]:
    """Draw the pictures of the shards; how many, and the failures as sentences."""
    place = str(target.local or target.url)  # a worker elsewhere has another current folder
    make_worker = functools.partial(Worker, WorkOrder(plan.protocol.canonical_json(), place, plan.given))
    drawn, failures = 0, []
    step(0)
    with _getting_ready(plan, running), closing(running.map(make_worker, shards)) as reports:
        for report in reports:
            drawn += report.done
            failures += report.failures
            step(drawn)
    return drawn, tuple(failures)


@contextmanager
def _getting_ready(plan: Plan, running: Engine) -> Iterator[None]:
    """While other processes draw, this one loads what the tables will need: kernels, and where lesions can be."""
    if isinstance(running, SerialEngine):
        yield
        return

    def load() -> None:
        with suppress(Exception):  # whoever needs it for something meets the error, too
            plan.block(0, 1)

    thread = Thread(target=load)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def warnings_of(plan: Plan) -> tuple[str, ...]:
    """What a user should know of a trial of their own design: a condition that does not come back, days at the
    bounds of the scale, confounded pictures."""
    if plan.protocol.design.counterfactual != "factual":
        return ()
    protocol = plan.protocol
    found = (crossover_warning(protocol), _saturation(plan), protocol.images.confounding.warning)
    return tuple(warning for warning in found if warning)


def _saturation(plan: Plan) -> str | None:
    if plan.given is not None:
        return None
    some = min(WARNED_PATIENTS, plan.protocol.cohort.patients)
    starts = range(0, some, BLOCK_PATIENTS)
    each = [plan.course(first, min(BLOCK_PATIENTS, some - first)).trajectories.severity for first in starts]
    known = [severity for severity in each if severity is not None]
    return saturation_warning(plan.protocol, np.concatenate(known)) if known else None
