"""What the command line shows of a run: a plan, a progress bar, an outcome."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .simulation.driver import Outcome, simulate
from .simulation.driver import Progress as Tell
from .simulation.renderers import as_kept
from .simulation.request import Job, Trial

IMAGE_BYTES_PER_PIXEL = {"jpeg": 0.35, "png": 1.4, "webp": 0.22}
"""Measured on the default face with its sensor noise, quality 95."""
TRUTH_BYTES_PER_DAY = 14_000
MASK_BYTES_PER_PIXEL = 0.05
LAYER_BYTES_PER_PIXEL = {"parts": 0.02, "depth": 0.6, "normals": 0.8, "chart": 2.5, "binary": 0.01}


def show_plan(job: Job, out: str) -> None:
    """Say what a run would do, and how big it would be; nothing is written."""
    table = Table("folder", "patients", "days", "pictures", "size", "digest", title="A dry run: nothing is written")
    for trial in job.trials(out):
        p = as_kept(trial.protocol)
        days = p.cohort.patients * p.days
        pictures = days * p.images.occasions_per_day * len(p.images.views) if p.images.enabled else 0
        pixels = p.images.size_px**2
        each = IMAGE_BYTES_PER_PIXEL[p.images.format] + MASK_BYTES_PER_PIXEL * p.images.masks
        each += sum(LAYER_BYTES_PER_PIXEL[name] for name in p.images.layers)
        size = pictures * pixels * each + days * TRUTH_BYTES_PER_DAY
        row = (str(trial.out), p.cohort.patients, p.days, f"up to {pictures:,}", f"about {human(size)}", p.digest[:12])
        table.add_row(*map(str, row))
    Console().print(table)


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
