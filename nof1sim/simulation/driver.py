"""simulate(): write a protocol's function out over its grid; resume, sharding and verification need nothing more."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

from .. import plugins
from ..dataset import layout, manifest, parts
from ..dataset.letters import kind_of
from ..dataset.packing import PACK_PICTURES
from ..dataset.packs import opened
from ..dataset.target import Target
from ..errors import DatasetError, Fault, ProtocolError, refuse
from ..model import Unit
from ..protocol import Protocol, load_protocol
from ..run.engine import Engine
from ..run.lease import Leases
from ..run.local import SerialEngine, cores
from ..run.lock import Locks, at_work, hold, locked, refuse_others
from ..run.share import ALL, parse_share
from ..run.units import Shard, choose, joined, partition, remaining
from ..severity.given import Given
from ..severity.saturation import saturation_warning
from . import files
from .plan import Plan
from .renderers import check_images, needs_settling, processes, require_photographs, settled
from .worker import Worker, WorkOrder

Progress = Callable[[int, int, str], None]
"""Called with pictures done, pictures in all, and what is going on."""

WARNED_PATIENTS = 1000
"""Patients that are looked at for warnings."""

SHARD_PICTURES = 20
"""Pictures committed together: what a killed worker draws again at most."""


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
            state = manifest.start(target, chosen.canonical_json(), chosen.digest, overwrite, before_clearing=alone)
            at_work(locks, share)
        if state == "complete":
            _refuse_if_files_are_gone(target)
            return Outcome(str(out), 0, manifest.read_manifest(target)["images"]["count"], complete=True)
        tell(0, 0, "Planning")
        units = plan.units() if chosen.images.enabled else []
        mine = choose(units, share)
        done = parts.committed(target, chosen.digest, overwrite)
        if chosen.images.layout == "packed":
            mine, shards = _packs(units, mine, done)
        else:
            shards = _shards(units, [unit for unit in mine if unit not in done])
        before = len(mine) - sum(len(shard.units) for shard in shards)
        drawn, failures = _draw(plan, target, shards, running, lambda n: tell(before + n, len(mine), "Drawing"))
        complete = False
        if not failures:
            tell(len(mine), len(mine), "Writing tables")
            complete = _finish(plan, target, units)
    return Outcome(str(out), drawn, len(units), complete, failures, warnings_of(plan))


def _finish(plan: Plan, target: Target, units: Sequence[Unit]) -> bool:
    """Close the dataset if no picture is missing; whether it is complete. Of several shares the last one does it."""
    if plan.protocol.images.layout == "packed":  # of a thousand shares all but the last see by names that others remain
        wanted = {shard.id for shard in joined(_shards(units, units), PACK_PICTURES)}
        if not wanted <= parts.committed_shards(target) and not manifest.is_complete(target):
            return False
    with hold(locks_of(target), "finish", wait_seconds=600):
        if manifest.is_complete(target):
            return True
        if not parts.committed(target, plan.protocol.digest) >= set(units):
            return False
        files.finish(plan, target)
        return True


def locks_of(target: Target) -> Locks:
    """Where the locks of a dataset lie: in its folder, or as leases in the store."""
    return target.path_of(layout.LOCKS) or Leases(target, layout.LOCKS)


def _refuse_memory(target: Target, running: Engine) -> None:
    if kind_of(target.url) == "memory" and not isinstance(running, SerialEngine):
        raise DatasetError(
            f"{target}: memory:// is that of one process, so other processes cannot write there. Give --workers 1, "
            "or another --out."
        )


def _refuse_if_files_are_gone(target: Target) -> None:
    """A complete dataset is left alone; if somebody took files out of it, say so."""
    gone = sorted({path for path, _ in manifest.covered(target)} - set(opened(target.url).list()))
    if gone:
        raise DatasetError(
            f"{target}: the dataset was complete, but {len(gone)} of its files are gone ({gone[0]} ...). "
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
    plan: Plan, target: Target, shards: Sequence[Shard], running: Engine, step: Callable[[int], None]
) -> tuple[int, tuple[str, ...]]:
    """Draw the pictures of the shards; how many, and the failures as sentences."""
    place = str(target.local or target.url)  # a worker elsewhere has another current folder
    make_worker = functools.partial(Worker, WorkOrder(plan.protocol.canonical_json(), place, plan.given))
    drawn, failures = 0, []
    step(0)
    with closing(running.map(make_worker, shards)) as reports:
        for report in reports:
            drawn += report.done
            failures += report.failures
            step(drawn)
    return drawn, tuple(failures)


def _shards(units: Sequence[Unit], todo: Sequence[Unit]) -> list[Shard]:
    """Shards patient by patient, and one view after the other: a renderer keeps few views prepared.

    They are cut from all units of the plan, so that what is done already changes no picture's neighbours.
    """
    views = dict.fromkeys(unit.view for unit in units)
    shards = [s for view in views for s in partition([u for u in units if u.view == view], SHARD_PICTURES)]
    return sorted(remaining(shards, todo), key=lambda shard: shard.units[0].rank)


def _packs(units: Sequence[Unit], mine: Collection[Unit], done: Collection[Unit]) -> tuple[list[Unit], list[Shard]]:
    """The units of this share, and its shards that are still to be drawn, each of which makes a pack.

    A pack is drawn whole or not at all, so that it has the same bytes however the work was shared out or interrupted:
    it belongs to the share that its first picture belongs to.
    """
    mine, done = set(mine), set(done)
    own = [shard for shard in joined(_shards(units, units), PACK_PICTURES) if shard.units[0] in mine]
    return [unit for shard in own for unit in shard.units], [shard for shard in own if not done.issuperset(shard.units)]


def warnings_of(plan: Plan) -> tuple[str, ...]:
    """What a user should know of a trial of their own design: days at the bounds of the scale, confounded pictures."""
    if plan.protocol.design.counterfactual != "factual":
        return ()
    return tuple(found for found in (_saturation(plan), plan.protocol.images.confounding.warning) if found)


def _saturation(plan: Plan) -> str | None:
    if plan.given is not None:
        return None
    severity = plan.course(0, min(WARNED_PATIENTS, plan.protocol.cohort.patients)).trajectories.severity
    return None if severity is None else saturation_warning(plan.protocol, severity)
