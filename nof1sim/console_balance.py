"""What the command line does and shows of labelled folders brought to balance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

import typer
from rich.console import Console
from rich.table import Table

from .console import models_from, progress_bar
from .dataset.images import Format
from .dataset.labelled import LabelledFolder
from .editing import balance as balancing
from .editing.balance_names import TABLE
from .editing.balance_plan import Ask, Line
from .editing.bands import parse_classes
from .errors import InputError

MOST_LINES = 20
"""Faults of a kind that are shown; the manifest has all."""


def ask_of(
    classes: str | None, to: int, splits: str | None, fill: str | None, *, reduce: bool, per_source: int, seed: int
) -> Ask:
    """What is wanted of a balance, from the words of the command line."""
    return Ask(parse_classes(classes), to, _names(splits), _names(fill), reduce, per_source, seed)


def style_of(image_format: str, *, originals: bool, half: bool) -> balancing.Style:
    """How a balance writes its pictures. InputError: an unknown format."""
    for format in get_args(Format):
        if image_format == format:
            return balancing.Style(format, originals=originals, half=half)
    raise InputError(f"--image-format: got {image_format!r}; allowed: {', '.join(get_args(Format))}.")


def show_balance_plan(folder: Path, labels: Path | None, columns: str | None, ask: Ask) -> None:
    """The table that a balance would give; nothing is written."""
    planned = balancing.plan(folder, labels, ask, _columns(columns))
    _tell_labels(planned.labelled)
    _show(planned.lines, "A dry run: nothing is written, no photograph was looked at")
    _advise(line for line in planned.lines if line.short)


def balance(
    folder: Path,
    labels: Path | None,
    columns: str | None,
    out: Path | None,
    ask: Ask,
    consent: str,
    style: balancing.Style,
    workers: int | None,
    models: Path | None,
) -> None:
    """Balance a folder under a progress bar; exit status 1 if a class missed its target."""
    if out is None:
        raise InputError("balance: --out is missing; give a folder to write, or --dry-run to see the table.")
    with models_from(models), progress_bar("The same command goes on from here.") as tell:
        done = balancing.balance(
            folder, labels, out, ask, consent, columns=_columns(columns), style=style, workers=workers, progress=tell
        )
    _tell_labels(done.labelled)
    _tell("Could not be used", done.failures)
    if done.splits_edited_for_testing:
        typer.echo(
            f"Warning: split {done.splits_edited_for_testing} was edited: do not report results on it.", err=True
        )
    _show(done.lines, f"{out} ({TABLE})")
    if done.missed:
        _advise(done.missed)
        raise typer.Exit(1)


def _show(lines: Sequence[Line], title: str) -> None:
    table = Table("class", "label", "original", "generated", "total")
    for line in lines:
        name = line.title if len({line.split for line in lines}) == 1 else f"{line.split}: {line.title}"
        total = f"{line.total}" if not line.short else f"{line.total} of {line.target}"
        table.add_row(name, line.label, f"{line.original}", f"+{line.generated}", total)
    typer.echo(f"{title}:")
    Console().print(table)


def _tell_labels(labelled: LabelledFolder) -> None:
    _tell("Left out", labelled.faults)
    _tell("Warning", labelled.warnings)
    for note in labelled.notes:
        typer.echo(f"Note: {note}", err=True)


def _tell(what: str, faults: Sequence[object]) -> None:
    for fault in faults[:MOST_LINES]:
        typer.echo(f"{what}: {fault}", err=True)
    if len(faults) > MOST_LINES:
        typer.echo(f"{what}: {len(faults) - MOST_LINES} more.", err=True)


def _advise(short: Iterable[Line]) -> None:
    for line in short:
        typer.echo(
            f"Missed: class {line.label} ({line.title}), split {line.split}: {line.total} of {line.target}. "
            "Add photographs, or landmarks to those that could not be used, or raise --per-source.",
            err=True,
        )


def _names(text: str | None) -> tuple[str, ...] | None:
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    return names or None


def _columns(text: str | None) -> dict[str, str] | None:
    """`file=image,label=grade` as a mapping."""
    if text is None:
        return None
    found: dict[str, str] = {}
    for part in text.split(","):
        key, sign, name = (word.strip() for word in part.partition("="))
        if not (key and sign and name) or key in found:
            raise InputError(f"--columns: got {text!r}; allowed: file=NAME,label=NAME,person=NAME,split=NAME.")
        found[key] = name
    return found
