"""The commands about a finished dataset: options and a few lines each, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

Folder = Annotated[str, typer.Argument(help="Dataset folder, or an fsspec URL.")]


@app.command(
    epilog="Examples:\n\n"
    "nof1sim export trial --to coco\n\n"
    "nof1sim export trial --to imagefolder --split train=.8,test=.2 --truth --out hub\n\n"
    "nof1sim export trial --to timelapse --set format=gif,size=256\n\n"
    "nof1sim export --list"
)
def export(
    folder: Annotated[str | None, typer.Argument(help="Dataset folder, or an fsspec URL.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The format; see --list.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where; default: FOLDER-exports/FORMAT.")] = None,
    truth: Annotated[bool, typer.Option("--truth", help="Also what only a simulator knows.")] = False,
    split: Annotated[str | None, typer.Option(help="Shares of the patients: train=.8,test=.2")] = None,
    seed: Annotated[int, typer.Option(help="Which patients fall into which part.")] = 0,
    more: Annotated[str | None, typer.Option("--set", help="Options of one format: name=value,name=value")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    list_formats: Annotated[bool, typer.Option("--list", help="Show the formats.")] = False,
) -> None:
    """Write a dataset in the format of another tool."""
    from . import console_dataset

    if list_formats:
        console_dataset.show_formats()
        return
    options = console_dataset.options_of(truth=truth, split=split, seed=seed, more=more)
    console_dataset.export(folder, to, out, options, overwrite=overwrite)


@app.command(
    epilog="Examples:\n\nnof1sim validate trial\n\nnof1sim validate trial --redraw 20 --json > validation.json"
)
def validate(
    folder: Folder,
    redraw: Annotated[int, typer.Option(help="Also draw so many pictures again and compare their bytes.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    faces: Annotated[
        Path | None, typer.Option("--faces", help="For --redraw: the photographs; default: NOF1SIM_FACES.")
    ] = None,
) -> None:
    """Check everything that a dataset says of itself. Exit status 0: nothing is wrong; 1: something is."""
    from . import console_dataset
    from .simulation.faces import faces_from

    with faces_from(faces):
        fine = console_dataset.validate(folder, redraw=redraw, as_json=as_json)
    if not fine:
        raise typer.Exit(1)


@app.command(epilog="Examples:\n\nnof1sim report trial\n\nnof1sim report trial --out trial.html --max-mb 10")
def report(
    folder: Folder,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="HTML file; default: FOLDER-report.html.")] = None,
    max_mb: Annotated[float, typer.Option(help="Size of the file at most; pictures are sampled to fit.")] = 20.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier report.")] = False,
) -> None:
    """A dataset as one HTML file to look at: designs, courses, a scrubber through the days, lesions, checks."""
    from . import console_dataset

    console_dataset.report(folder, out, max_mb=max_mb, overwrite=overwrite)


@app.command(epilog="Example:\n\nnof1sim view trial --port 8000")
def view(
    folder: Folder,
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
) -> None:
    """The same page, served on this machine only, with the pictures at their full size. Ctrl-C ends it."""
    from . import console_dataset

    console_dataset.view(folder, port=port, browser=browser)


@app.command(epilog="Examples:\n\nnof1sim datasheet trial > datasheet.md\n\nnof1sim datasheet trial --truth")
def datasheet(
    folder: Folder,
    truth: Annotated[bool, typer.Option("--truth", help="Also the parameters: effects, noise, seed.")] = False,
) -> None:
    """Print the datasheet: what is simulated, for what use, its limits and licence; on request the parameters."""
    from . import console_dataset

    console_dataset.datasheet(folder, truth=truth)
