"""What the command line does and shows of renderers that learn."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .console import human, progress_bar
from .errors import Fault, InputError
from .simulation.request import parse_columns, parse_scale

if TYPE_CHECKING:
    from .evaluation.learned import Comparison
    from .learning.samples import Samples
    from .learning.train import Told

SHOWN_FAULTS = 10
RESUME = "The same command with --resume goes on from the last finished epoch."


@dataclass(frozen=True, slots=True)
class Data:
    """What the command line says of the pictures."""

    source: str
    table: Path | None
    columns: str | None
    severity: str | None
    scale: str | None
    views: str
    resize: bool
    val: float


def read(data: Data, size_px: int, seed: int, tell: Any = None) -> Samples:
    """The pictures that a command is given."""
    from .learning.samples import read_samples

    return read_samples(
        data.source, size_px, table=data.table, columns=parse_columns(data.columns), severity=data.severity,
        scale=parse_scale(data.scale), views=[name.strip() for name in data.views.split(",") if name.strip()],
        resize=data.resize, val=data.val, seed=seed, told=tell,
    )  # fmt: skip


def train_and_show(
    data: Data, model: str, texts: Sequence[str], out: Path, *, size: int, epochs: int | None, batch: int | None,
    seed: int, threads: int | None, sheet_every: int, resume: bool, overwrite: bool,
) -> None:  # fmt: skip
    """Train under a progress bar, then say what was learnt and where it lies."""
    from .learning.checkpoint import open_checkpoint
    from .learning.models import make_options, parse_set
    from .learning.torches import import_safetensors
    from .learning.train import check_place, fit, settings_for

    import_safetensors()
    options = make_options(model, parse_set(texts))
    settings = settings_for(
        model, options, epochs=epochs, batch=batch, seed=seed, threads=threads, sheet_every=sheet_every
    )
    check_place(out, resume, overwrite)
    with progress_bar(RESUME) as tell:
        samples = read(data, size, seed, tell)
        done = fit(samples, settings, out, resume=resume, overwrite=overwrite, told=lambda now: tell(*_line(now)))
    _say_samples(samples)
    about = open_checkpoint(out).about
    last = ", ".join(f"{name} {value:.4g}" for name, value in (done.losses[-1] if done.losses else {}).items())
    typer.echo(
        f"{out}: {model} of {size} px, {about['parameters']:,} parameters ({human(about['weights']['bytes'])}), "
        f"{len(done.losses)} epochs in {done.seconds:.0f} s on {about['device']}; {last}."
    )
    if done.sheet is not None:
        typer.echo(f"Look at {done.sheet}: people with * were set aside, the model never saw them.")
    typer.echo(f"Use it: nof1sim simulate --renderer learned:{out}")


def _line(now: Told) -> tuple[int, int, str]:
    losses = " ".join(f"{name} {value:.3g}" for name, value in now.losses.items())
    return now.done, now.total, f"Epoch {now.epoch}: {losses}"


def _say_samples(samples: Samples) -> None:
    for fault in samples.faults[:SHOWN_FAULTS]:
        typer.echo(f"Left out: {fault}", err=True)
    if len(samples.faults) > SHOWN_FAULTS:
        typer.echo(f"... and {len(samples.faults) - SHOWN_FAULTS} more.", err=True)
    for note in samples.notes:
        typer.echo(f"Note: {note}", err=True)
    scale = samples.scale
    counts = ", ".join(
        f"{part}: {len(samples.rows(part))} pictures of {len(samples.people(part))} persons"
        for part in ("train", "val")
    )
    typer.echo(f"{counts}; severity {scale.column}, {scale.low:g} to {scale.high:g}.")


def sample_and_show(folder: Path, patients: int, severity: str | None, out: Path, seed: int) -> None:
    """Draw a sheet (.png) or single pictures (a folder)."""
    from .learning.checkpoint import open_checkpoint
    from .learning.invented import draw_people, write_pictures, write_sheet

    found = open_checkpoint(folder)
    drawn = draw_people(found, patients, _severities(severity, found.scale), seed)
    if out.suffix.lower() == ".png":
        write_sheet(drawn, out)
        typer.echo(f"Wrote {out}")
        return
    if out.suffix:
        raise InputError(str(Fault("--out", out.name, "a name that ends with .png, or a folder")))
    for path in write_pictures(drawn, out):
        typer.echo(f"Wrote {path}")


def _severities(text: str | None, scale: Any) -> list[float]:
    """`0,1,2,3` as shares of the scale; five even steps where nothing is given."""
    from .learning.sheet import even_shares

    if text is None:
        return even_shares()
    allowed = f"numbers from {scale.low:g} to {scale.high:g} ({scale.column}), such as {scale.low:g},{scale.high:g}"
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(str(Fault("--severity", text, allowed))) from None
    if wrong := [value for value in values if not scale.low <= value <= scale.high]:
        raise InputError(str(Fault("--severity", wrong[0], allowed)))
    return [scale.share(value) for value in values]


def show_models() -> None:
    """A table: model, what keeps a person the same, settings."""
    from .learning.base import MODELS
    from .learning.models import make_options, model_class, options_json

    table = Table("model", "identity", "epochs", "batch", "settings (--set key=value)", title_justify="left")
    for name in MODELS:
        try:
            found = model_class(name)
        except ImportError as error:
            table.add_row(name, "-", "-", "-", f"not here: {escape(str(error))}")
            continue
        settings = ", ".join(f"{key}={value}" for key, value in options_json(name, make_options(name, {})).items())
        own = (str(getattr(found, key, "-")) for key in ("epochs", "batch"))
        table.add_row(name, found.identity, *own, escape(settings))
    Console().print(table)


def compare_and_show(renderers: str, out: Path, *, features: str, **options: Any) -> None:
    """Compare under a progress bar, write the three files, print the table."""
    from .evaluation.learned import compare_renderers, write_comparison
    from .evaluation.learned.cases import Settings

    settings = Settings(renderers=_listed(renderers), features=_listed(features), **options)
    with progress_bar("Nothing was written.") as tell:
        found = compare_renderers(settings, tell)
    asked = {"renderers": renderers, "out": str(out), "features": features, **options}
    paths = write_comparison(found, out, _command(asked))
    show_comparison(found)
    for path in paths:
        typer.echo(f"Wrote {path}")


def show_comparison(found: Comparison) -> None:
    """The table of compare.md, then what a reader should know."""
    from .evaluation.learned.result import HEAD, lines_of, remarks

    console = Console()
    console = console if console.is_terminal else Console(width=max(150, 64 + 24 * len(found.rows)))
    table = Table(*HEAD, *(escape(row.title) for row in found.rows), title_justify="left",
                  title="Renderers on the same people and days")  # fmt: skip
    for line in lines_of(found.rows):
        table.add_row(*map(escape, line))
    console.print(table)
    for line in remarks(found.document, found.rows):
        typer.echo(line[0].upper() + line[1:])


def _listed(text: str) -> tuple[str, ...]:
    """`a,b` as names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _command(options: dict[str, Any]) -> str:
    """The command that was given, with every option that differs from nothing."""
    names = {"size_px": "size"}
    words = [
        f"--{names.get(name, name)} {shlex.quote(str(value))}" for name, value in options.items() if value is not None
    ]
    return " ".join(("nof1sim learn compare", *words))
