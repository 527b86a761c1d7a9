"""Closing a run: the tables and manifests, once no picture is missing; else what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..dataset import layout, manifest, parts
from ..dataset.target import Target
from ..errors import DatasetError, InputError
from ..protocol import Protocol
from ..run.lease import Leases
from ..run.lock import Locks, hold
from . import files
from .grid import Grid
from .plan import Plan

WAIT_SECONDS = 86400.0
"""How long a run waits for another that is closing the dataset, or looks whether it can: a big one takes hours."""
SHOWN = 8
"""Shares named in a letter."""


def finish(out: str | Path) -> int:
    """Close a run of several shares whose pictures are all there; how many pictures the dataset has.

    A complete dataset is left alone. Nothing is drawn.

    Raises
    ------
    DatasetError
        Pictures are missing: the letter says how many, and of which shares. Or nothing was started here, or with other
        versions.
    InputError
        The severities are the user's own, and their table is not in the folder yet.
    """
    target = Target(str(out))
    if not manifest.is_complete(target):
        note = manifest.started(target)
        protocol = Protocol.model_validate(note["protocol"])
        if protocol.given is not None:
            raise InputError(
                f"{target}: was started from a table of severities, which is not here. Run the simulate command with "
                "that table and without --shard: it draws nothing anew and closes the run."
            )
        plan = Plan(protocol)
        grid = Grid(plan)
        if close(plan, target, grid):
            grid.read(parts.committed(target, protocol.digest))
            raise DatasetError(" ".join(_letter(target, grid, note.get("shares", 1))))
    return manifest.read_manifest(target)["images"]["count"]


def close(plan: Plan, target: Target, grid: Grid) -> int:
    """Finish the dataset if no picture is missing; how many are, at least. Of several runs the last one does it.

    grid : of the plan; it says afterwards what is done, unless the names of the parts tell of too few to read them.
    """
    short = grid.total - parts.count(target)
    if short > 0 and not manifest.is_complete(target):
        return short
    with hold(locks_of(target), "finish", WAIT_SECONDS):
        if manifest.is_complete(target):
            return 0
        grid.read(parts.committed(target, plan.protocol.digest))
        missing = grid.missing()
        if not missing:
            files.finish(plan, target)
        return missing


def locks_of(target: Target) -> Locks:
    """Where the locks of a dataset lie: in its folder, or as leases in the store."""
    return target.path_of(layout.LOCKS) or Leases(target, layout.LOCKS)


def _letter(target: Target, grid: Grid, shares: int) -> Iterator[str]:
    missing = grid.missing()
    yield f"{target}: {missing:,} of {grid.total:,} pictures are missing."
    if shares > 1:
        late = {f"{i}/{shares}": grid.missing(f"{i}/{shares}") for i in range(shares)}
        late = {share: count for share, count in late.items() if count}
        named = ", ".join(f"{share} ({count:,})" for share, count in list(late.items())[:SHOWN])
        yield f"Of these shares: {named}{' ...' if len(late) > SHOWN else ''}."
        yield "Run them (again): nof1sim simulate --shard i/n with the same protocol and the same --out."
    else:
        yield "Run nof1sim simulate with the same protocol and the same --out."
