"""What the command line shows of a run: a plan, a progress bar, an outcome."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .errors import Fault, InputError
from .run.local import cores as available_cores
from .simulation.driver import Outcome, simulate
from .simulation.driver import Progress as Tell
from .simulation.renderers import as_kept, processes, settled
from .simulation.request import Job, Trial

if TYPE_CHECKING:
    from .simulation.price import Price, Sample


def show_plan(
    job: Job, out: str, calibrated: bool = False, workers: int | None = None, cores: int | None = None
) -> None:
    """Say what a run would do, and how big it would be; nothing is written.

    calibrated : draw some pictures, to tell what it would cost.  workers : of this computer, for the time; None: as
    many as a run would take.  cores : the time on so many cores, too.
    """
    from .simulation import price

    if cores is not None and cores < 1:
        raise InputError(str(Fault("--price-cores", cores, "1 or more", "Give the cores of the cluster.")))
    table = Table("folder", "patients", "days", "pictures", "size", "digest", title="A dry run: nothing is written")
    trials = list(job.trials(out))
    for trial in trials:
        p = as_kept(trial.protocol)
        pictures, size = price.size_of(p).pictures, human(price.rough_bytes(p))
        row = (str(trial.out), p.cohort.patients, p.days, f"up to {pictures:,}", f"about {size}", p.digest[:12])
        table.add_row(*map(str, row))
    Console().print(table)
    if calibrated:
        with settled(job.protocol) as protocol:
            sample = price.calibrate(protocol, job.given)
        hands = workers or processes(protocol.images) or available_cores()
        for line in price_lines(price.price(protocol, sample), sample, hands, cores):
            typer.echo(line)
        if len(trials) > 1:
            typer.echo(f"That is for one of the {len(trials)} folders; the others cost about as much each.")


def price_lines(cost: Price, sample: Sample, workers: int, cores: int | None) -> Iterator[str]:
    """A calibrated price in words."""
    low, mean, high = cost.core_s
    total = cost.image_bytes + cost.truth_bytes + cost.table_bytes
    yield (
        f"Size: {human(total)} (images {human(cost.image_bytes)}, masks and layers {human(cost.truth_bytes)}, "
        f"tables {human(cost.table_bytes)})."
    )
    spread = f"({low / 3600:.3g} to {high / 3600:.3g}, if all were as the quickest or the slowest patient drawn)"
    if len(sample.picture_s) == 1:
        spread = "(from one patient alone: there was no time for a second one)"
    yield f"Work: {mean / 3600:.3g} core-hours for pictures {spread}."
    yield f"Tables: {duration(cost.closing_s)} in one process at the end."
    for count, where in ((workers, "here"), (cores, "of a cluster, if they are as fast as these")):
        if count is not None:
            yield f"Time with {count} core{'s' if count > 1 else ''} {where}: {duration(cost.wall_s(count))}."
    if sample.memory_bytes:
        yield f"Memory: about {human(sample.memory_bytes)} a process."
    yield (
        f"From {sample.drawn} pictures of {len(sample.tables_s)} patients, drawn in {sample.seconds:.0f} s. "
        "Processor time: waiting for a slow disk or store, or for a core that others use, comes on top."
    )


def duration(seconds: float) -> str:
    """A time as people say it."""
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 86_400:.3g} days"


def human(size: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _interrupted(error: BaseException | None) -> bool:
    """Whether a Ctrl-C is at the bottom of an error: while kernels load, it reaches us as a SystemError of another."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


@contextmanager
def progress_bar(advice: str) -> Iterator[Tell]:
    """A progress bar, moved by calling what it gives; Ctrl-C ends with `advice` and exit status 130."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Starting", total=None, rate="")

        def tell(done: int, total: int, what: str) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f} pictures/s" if speed else ""
            bar.update(task, completed=done, total=total, description=what, rate=rate)

        try:
            yield tell
        except (KeyboardInterrupt, SystemError) as stop:
            if not _interrupted(stop):
                raise
            bar.stop()
            typer.echo(f"Stopped. {advice}", err=True)
            raise typer.Exit(130) from None


@contextmanager
def models_from(folder: Path | None) -> Iterator[None]:
    """Diffusion models come from `folder` inside, in worker processes, too; None: as the environment says.

    Raises
    ------
    ModelNotAvailable
        There is no such folder.
    """
    if folder is None:
        yield
        return
    from .render.diffusion.places import MODELS_VARIABLE, Places

    before = os.environ.get(MODELS_VARIABLE)
    os.environ[MODELS_VARIABLE] = str(Places.of(folder).models)
    try:
        yield
    finally:
        del os.environ[MODELS_VARIABLE]
        if before is not None:
            os.environ[MODELS_VARIABLE] = before


def with_progress(
    trial: Trial,
    *,
    workers: int | None,
    engine: str | None,
    engine_options: Mapping[str, Any],
    shard: str | None,
    overwrite: bool,
) -> Outcome:
    """Run a trial under a progress bar; Ctrl-C leaves a folder that the same command finishes."""
    with progress_bar("The same command goes on from here.") as tell:
        return simulate(
            trial.protocol,
            trial.out,
            given=trial.given,
            workers=workers,
            engine=engine,
            engine_options=engine_options,
            shard=shard,
            overwrite=overwrite,
            progress=tell,
        )


def report_outcome(outcome: Outcome) -> None:
    """Say what a run did; exit status 1 if pictures failed."""
    for warning in outcome.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    for failure in outcome.failures:
        typer.echo(f"Failed: {failure}", err=True)
    if outcome.complete:
        typer.echo(f"{outcome.out}: complete, {outcome.total} pictures ({outcome.drawn} drawn now).")
    elif not outcome.failures:
        typer.echo(f"{outcome.out}: this share is done ({outcome.drawn} pictures); others remain of {outcome.total}.")
    if outcome.failures:
        raise typer.Exit(1)
