"""What the command line does and shows of renderers that learn."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .console import human, models_from, progress_bar
from .errors import Fault, InputError
from .simulation.request import parse_columns, parse_scale

if TYPE_CHECKING:
    from .evaluation.learned import Comparison
    from .learning.lora_data import LoraData
    from .learning.samples import Samples
    from .learning.train import Told

SHOWN_FAULTS = 10
SIZE_PX = 64
"""Of the pictures, unless --size says otherwise."""
RESUME = "The same command with --resume goes on from the last checkpoint."


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
    val: float | None


def read(data: Data, size_px: int, seed: int, tell: Any = None) -> Samples:
    """The pictures that a command is given."""
    from .learning.samples import VAL_SHARE, read_samples

    return read_samples(
        data.source, size_px, table=data.table, columns=parse_columns(data.columns), severity=data.severity,
        scale=parse_scale(data.scale), views=[name.strip() for name in data.views.split(",") if name.strip()],
        resize=data.resize, val=VAL_SHARE if data.val is None else data.val, seed=seed, told=tell,
    )  # fmt: skip


def train_and_show(
    data: Data, model: str, texts: Sequence[str], out: Path, *, size: int | None, epochs: int | None,
    batch: int | None, seed: int, threads: int | None, sheet_every: int | None, resume: bool, overwrite: bool,
    models: Path | None,
) -> None:  # fmt: skip
    """Train under a progress bar, then say what was learnt and where it lies."""
    from .learning.checkpoint import open_checkpoint
    from .learning.lora_options import BASES
    from .learning.models import make_options, parse_set
    from .learning.torches import import_safetensors
    from .learning.train import SHEET_EVERY, check_place, fit, settings_for

    import_safetensors()
    if model in BASES:
        _only_without_lora({"--epochs": epochs, "--sheet-every": sheet_every, "--scale": data.scale})
        own = {key: value for key, value in (("size_px", size), ("batch", batch)) if value is not None}
        with models_from(models):
            _train_lora(
                data, model, own | parse_set(texts), out, seed=seed, threads=threads, resume=resume, overwrite=overwrite
            )
        return
    options = make_options(model, parse_set(texts))
    settings = settings_for(
        model, options, epochs=epochs, batch=batch, seed=seed, threads=threads,
        sheet_every=SHEET_EVERY if sheet_every is None else sheet_every,
    )  # fmt: skip
    check_place(out, resume, overwrite)
    with progress_bar(RESUME) as tell:
        samples = read(data, SIZE_PX if size is None else size, seed, tell)
        done = fit(samples, settings, out, resume=resume, overwrite=overwrite, told=lambda now: tell(*_line(now)))
    _say_left_out(samples.faults, samples.notes)
    scale = samples.scale
    counts = ", ".join(
        f"{part}: {len(samples.rows(part))} pictures of {len(samples.people(part))} persons"
        for part in ("train", "val")
    )
    typer.echo(f"{counts}; severity {scale.column}, {scale.low:g} to {scale.high:g}.")
    about = open_checkpoint(out).about
    last = ", ".join(f"{name} {value:.4g}" for name, value in (done.losses[-1] if done.losses else {}).items())
    typer.echo(
        f"{out}: {model} of {samples.size_px} px, {about['parameters']:,} parameters "
        f"({human(about['weights']['bytes'])}), {len(done.losses)} epochs in {done.seconds:.0f} s "
        f"on {about['device']}; {last}."
    )
    if done.sheet is not None:
        typer.echo(f"Look at {done.sheet}: people with * were set aside, the model never saw them.")
    typer.echo(f"Use it: nof1sim simulate --renderer learned:{out}")


def _line(now: Told) -> tuple[int, int, str]:
    losses = " ".join(f"{name} {value:.3g}" for name, value in now.losses.items())
    return now.done, now.total, f"Epoch {now.epoch}: {losses}"


def _say_left_out(faults: Sequence[str], notes: Sequence[str]) -> None:
    for fault in faults[:SHOWN_FAULTS]:
        typer.echo(f"Left out: {fault}", err=True)
    if len(faults) > SHOWN_FAULTS:
        typer.echo(f"... and {len(faults) - SHOWN_FAULTS} more.", err=True)
    for note in notes:
        typer.echo(f"Note: {note}", err=True)


def _only_without_lora(given: Mapping[str, Any]) -> None:
    """An InputError for options that a LoRA has no use for."""
    advice = "A LoRA takes --set steps=N and --set sample_every=N, and learns grades: --set labels=..."
    faults = [Fault(name, value, "not with a LoRA", advice) for name, value in given.items() if value is not None]
    if faults:
        raise InputError("\n".join(map(str, faults)))


def _train_lora(
    data: Data, model: str, given: Mapping[str, Any], out: Path, *, seed: int, threads: int | None, resume: bool,
    overwrite: bool,
) -> None:  # fmt: skip
    """The same for a LoRA."""
    from .analysis.embed.networks import threads as threads_of
    from .learning.lora import train_lora
    from .learning.lora_files import open_lora
    from .learning.lora_presets import settings_of

    options, reading = settings_of(model, given)
    pictures = _lora_data(data, reading, seed)
    with threads_of(threads), progress_bar(RESUME) as tell:
        train_lora(pictures, options, out, seed=seed, resume=resume, overwrite=overwrite, progress=tell)
    found = open_lora(out)
    _say_left_out((), found.about["data"]["notes"])
    size = sum(one["bytes"] for one in found.about["weights"]["files"])
    grades = ", ".join(f"{n} of grade {grade}" for grade, n in found.about["data"]["grades"].items())
    typer.echo(
        f"{out}: {model} of {found.size_px} px ({human(size)}), pictures: {grades} ({pictures.label}), "
        f"{options.steps} steps in {found.about['seconds']:.0f} s on {found.about['device']}."
    )
    typer.echo(f"Look: nof1sim learn sample {out}. Use it: nof1sim simulate --renderer learned:{out}")


def _lora_data(data: Data, reading: Mapping[str, Any], seed: int) -> LoraData:
    """The pictures that a LoRA is to learn from, without the persons who are set aside."""
    from .learning.lora_data import read_lora_data
    from .learning.samples import set_aside

    columns = parse_columns(data.columns) or {}
    if data.table is not None and data.severity is not None:
        columns = {**columns, "label": data.severity}
    asked: dict[str, Any] = {
        "view": data.views.strip(), "table": data.table, "columns": columns or None,
        "column": data.severity if data.table is None else None, **reading,
    }  # fmt: skip
    found = read_lora_data(data.source, **asked)
    people = sorted(set(found.examples.persons))
    aside = set_aside(people, data.val or 0.0, seed)
    return read_lora_data(data.source, **asked, people=set(people) - aside) if aside else found


def sample_and_show(
    folder: Path, patients: int, severity: str | None, out: Path, seed: int, models: Path | None
) -> None:
    """Draw a sheet (.png) or single pictures (a folder); of a LoRA a sheet."""
    from .learning.checkpoint import open_checkpoint
    from .learning.invented import draw_people, write_pictures, write_sheet
    from .learning.lora_files import LoraCheckpoint
    from .learning.lora_sample import sample_lora

    found = open_checkpoint(folder)
    if isinstance(found, LoraCheckpoint):
        if out.suffix.lower() != ".png":
            raise InputError(str(Fault("--out", out.name, "a name that ends with .png: a LoRA draws a sheet")))
        grades = None if severity is None else _grades(severity, found.grades)
        with models_from(models), progress_bar("Nothing was written.") as tell:
            sample_lora(found, out, rows=patients, seed=seed, grades=grades, progress=tell)
        typer.echo(f"Wrote {out}")
        return
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


def _grades(text: str, known: Sequence[int]) -> list[int]:
    """`0,3` as grades that were learnt."""
    parts = [part.strip() for part in text.split(",")]
    if wrong := [part for part in parts if part not in map(str, known)]:
        raise InputError(str(Fault("--severity", wrong[0], f"grades it has learnt: {', '.join(map(str, known))}")))
    return [int(part) for part in parts]


def show_models() -> None:
    """A table: model, what keeps a person the same, settings."""
    from .learning.base import MODELS
    from .learning.lora_data import LABELS
    from .learning.lora_options import BASES, document_of
    from .learning.lora_presets import PRESETS
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
    for name, base in BASES.items():
        own = {"preset": base, "labels": LABELS[0], "every": 1, **document_of(PRESETS[base])}
        settings = ", ".join(f"{key}={value}" for key, value in own.items() if key != "base")
        table.add_row(name, "base", "-", str(own["batch"]), escape(settings))
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
