"""What the command line does and shows of a finished dataset."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .console import human, progress_bar
from .dataset.export import base
from .dataset.reader import open_dataset
from .dataset.validation.findings import Checked, Validation, lines
from .errors import InputError
from .report.page import write_report
from .report.serve import HOST, serve
from .simulation.driver import Outcome
from .simulation.validation import validate as check

TRUTH = {"never": "", "optional": "with --truth", "always": "holds the truth"}


def show_formats() -> None:
    """The formats of `export`, a line each."""
    table = Table("format", "what", "truth", "options (--set)", box=None)
    for name, found in base.FORMATS.items():
        options = "; ".join(f"{key}: {meaning}" for key, meaning in found.options.items())
        table.add_row(name, escape(found.title), TRUTH[found.truth], escape(options))
    Console().print(table)


def options_of(*, truth: bool, split: str | None, seed: int, more: str | None) -> base.Options:
    """The options of an export from the words of the command line."""
    shares = {name: _share(name, value) for name, value in _pairs("--split", split).items()}
    return base.Options(truth, shares, seed, _pairs("--set", more))


def export(folder: str | None, to: str | None, out: Path | None, options: base.Options, *, overwrite: bool) -> None:
    """Export under a progress bar."""
    if folder is None or to is None:
        missing = "FOLDER" if folder is None else "--to"
        raise InputError(f"export: {missing} is missing; give both, or --list to see the formats.")
    dataset = open_dataset(folder)
    with progress_bar("Nothing was written.") as tell:
        place = base.export(dataset, to, out, options, overwrite=overwrite, tell=tell)
    typer.echo(f"Wrote {place}")


def parse_also(text: str | None) -> tuple[str, ...]:
    """The formats of `--also coco,imagefolder`, each known."""
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    for name in names:
        base.format_of(name)
    return names


def export_also(outcome: Outcome, formats: tuple[str, ...]) -> None:
    """Export what a run has just completed; an earlier export of the folder is replaced."""
    if not outcome.complete:
        return
    for name in formats:
        export(outcome.out, name, None, base.Options(), overwrite=True)


def validate(folder: str, *, redraw: int, as_json: bool) -> bool:
    """Validate under a progress bar, and show what was found; whether nothing is wrong."""
    with progress_bar("Nothing was changed.") as tell:
        found = check(folder, redraw, tell)
    if as_json:
        typer.echo(json.dumps(found.document(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show_validation(found)
    return found.valid


def show_validation(found: Validation) -> None:
    """A line a check, then what is wrong, then the verdict."""
    console = Console(soft_wrap=True, highlight=False)
    for done in found.checks if found.digest else ():
        looked = f"not checked: {done.skipped}" if done.skipped else f"{done.looked_at:,} {done.of}"
        console.print(f"{mark_of(done)} {escape(done.title)} ({escape(looked)})")
    for line in (*(f"Note: {note}" for note in found.notes), *lines(found)):
        console.print(escape(line))


def mark_of(done: Checked) -> str:
    """What stands before a check."""
    if done.errors:
        return "[red]wrong[/red]"
    if done.warnings:
        return "[yellow]odd  [/yellow]"
    return "-    " if done.skipped else "[green]ok   [/green]"


def report(folder: str, out: Path | None, *, max_mb: float, overwrite: bool) -> None:
    """Write the page of a dataset under a progress bar."""
    dataset = open_dataset(folder)
    with progress_bar("Nothing was written.") as tell:
        place = write_report(dataset, out, max_mb=max_mb, overwrite=overwrite, tell=tell)
    typer.echo(f"Wrote {place} ({human(place.stat().st_size)}). Open it in a browser.")


def view(folder: str, *, port: int, browser: bool) -> None:
    """Serve the page of a dataset to this machine until Ctrl-C."""
    with serve(open_dataset(folder), port) as server:
        url = f"http://{HOST}:{server.server_address[1]}/"
        typer.echo(f"{url} shows {folder}. Ctrl-C ends it.")
        if browser:
            webbrowser.open(url)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            typer.echo("Ended.")


def datasheet(folder: str, *, truth: bool) -> None:
    """Print the datasheet as Markdown."""
    from .dataset.datasheet import datasheet as text

    typer.echo(text(open_dataset(folder), truth), nl=False)


def _pairs(where: str, text: str | None) -> dict[str, str]:
    """`a=1,b=2` as a mapping."""
    found: dict[str, str] = {}
    for part in (text or "").split(","):
        name, sign, value = (word.strip() for word in part.partition("="))
        if not part.strip():
            continue
        if not (name and sign and value) or name in found:
            raise InputError(f"{where}: got {text!r}; allowed: name=value,name=value, each name once.")
        found[name] = value
    return found


def _share(name: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = float("nan")
    if not 0 < share <= 1:
        raise InputError(
            f"--split {name}: got {value!r}; allowed: a share above 0, at most 1, such as train=.8,test=.2"
        )
    return share
