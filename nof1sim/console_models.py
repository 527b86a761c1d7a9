"""What the command line does and shows of published models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from .console import human, progress_bar
from .errors import Fault, InputError, RenderError
from .render.diffusion import given, registry, tables
from .render.diffusion import pull as pulling
from .render.diffusion.artifacts import BUNDLES, SPECS
from .render.diffusion.config import needed_models, parse_options
from .render.diffusion.licences import LICENCES
from .render.diffusion.lock import read_locks
from .render.diffusion.places import Places
from .render.diffusion.verify import Tell, check

SELFTEST = "nof1sim.render.diffusion.selftest"


def show_models(models: Path | None, cache: Path | None) -> None:
    """Bundles, then models, a line each."""
    places = Places.of(models, cache)
    lock = read_locks(places.locks)
    found = {name: registry.find(spec, places, lock) for name, spec in SPECS.items()}
    bundles = Table("bundle", "for", "models", "size", "here", box=None)
    for bundle in BUNDLES.values():
        here = sum(found[name] is not None for name in bundle.artifacts)
        size = sum(SPECS[name].about_bytes for name in bundle.artifacts)
        row = (
            bundle.name,
            bundle.purpose,
            ", ".join(bundle.artifacts),
            human(size),
            f"{here} of {len(bundle.artifacts)}",
        )
        bundles.add_row(*map(escape, row))
    single = Table("model", "what", "size", "licence", "here", box=None)
    for name, spec in SPECS.items():
        model, licence = found[name], LICENCES[spec.licence]
        where = "no" if model is None else str(model.folder)
        terms = f"{licence.title}{' (--accept-license)' if licence.needs_acceptance else ''}"
        single.add_row(*map(escape, (name, spec.purpose, human(spec.about_bytes), terms, where)))
    Console().print(bundles)
    typer.echo()
    Console().print(single)


def show_markdown() -> None:
    """The tables of the docs."""
    typer.echo(tables.licence_table())


def show_plan(names: Sequence[str], models: Path | None, cache: Path | None, *, latest: bool) -> None:
    """Say what a pull would fetch, and how big it is; nothing is written."""
    places = Places.of(models, cache)
    specs = registry.specs_of(names)
    steps = pulling.plan(specs, places, latest=latest)
    table = Table("model", "commit", "state", "to fetch", "licence", title="A dry run: nothing is fetched", box=None)
    for step in steps:
        about = "about " if step.estimated else ""
        size = f"{about}{human(step.fetch_bytes)}" if step.fetch_bytes else ""
        row = (step.spec.artifact, (step.commit or "")[:12], step.state, size, LICENCES[step.spec.licence].title)
        table.add_row(*map(escape, row))
    Console().print(table)
    total, free = sum(step.fetch_bytes for step in steps), pulling.free_bytes(places.cache)
    typer.echo(f"To fetch: {human(total)}. Free in {places.cache}: {human(free)}.")
    if any(step.estimated for step in steps):
        typer.echo("HF_HUB_OFFLINE is set: the hub was not asked, sizes are those of our table.")
    pulling.require_space(steps, places.cache)


def pull(
    names: Sequence[str], models: Path | None, cache: Path | None, *, accepted: bool, latest: bool, trust_hub: bool
) -> None:
    """Fetch models, and say what came."""
    places = Places.of(models, cache)
    specs = registry.specs_of(names)
    for orphan in pulling.remove_orphans(specs, places):
        typer.echo(f"Removed an unfinished download of more than a day ago: {orphan}", err=True)
    with _bytes_bar() as tell:
        steps = pulling.pull(specs, places, accepted=accepted, latest=latest, trust_hub=trust_hub, tell=tell)
    for step in steps:
        _say(step)


def take(names: Sequence[str], source: Path, models: Path | None, *, accepted: bool) -> None:
    """Bring the files of one model from a folder or a zip."""
    specs = registry.specs_of(names)
    if len(specs) != 1:
        raise InputError(str(Fault("models pull --from", ", ".join(names), "one model", "Give its own name.")))
    with _bytes_bar() as tell:
        _say(given.take(specs[0], source, Places.of(models), accepted=accepted, tell=tell))


def _say(step: pulling.Step) -> None:
    commit = f" at commit {step.commit[:12]}" if step.commit else ""
    typer.echo(f"{step.spec.artifact}: {step.state}{commit}")
    for one in step.checks:
        typer.echo(f"  {one.path}: {human(one.size_bytes)}, sha256 {one.given[:12]} ({one.status}, {one.wanted_by})")


def verify(names: Sequence[str], models: Path | None, cache: Path | None) -> bool:
    """Hash models again; whether nothing differs."""
    places = Places.of(models, cache)
    found = registry.resolve(names, places)
    lock = read_locks(places.locks)
    with _bytes_bar() as tell:
        checks = [one for model in found.values() for one in check(model, lock, tell=tell)]
    for one in checks:
        typer.echo(str(one))
    return all(one.status != "differs" for one in checks)


def show_paths(names: Sequence[str], models: Path | None, cache: Path | None) -> None:
    """The folder of each model, a line each."""
    for artifact, model in registry.resolve(names, Places.of(models, cache)).items():
        typer.echo(f"{artifact}\t{model.folder}")


def selftest(renderer: str, models: Path | None, *, preset: str | None, dtype: str | None) -> None:
    """Let the renderer test itself with the real weights."""
    chosen = {"preset": preset, "dtype": dtype}
    options = parse_options({key: value for key, value in chosen.items() if value is not None})
    if find_spec(SELFTEST) is None:
        raise RenderError("models selftest: not in this version; the renderer that it tests is not built yet.")
    found = registry.resolve(needed_models(renderer, options), Places.of(models))
    run: Callable[..., Mapping[str, Any]] = import_module(SELFTEST).selftest
    for name, value in run(renderer, found, options).items():
        typer.echo(f"{name}: {value}")


def identity(folder: str, models: Path | None, *, pack: str, view: str, every: int, as_json: bool) -> None:
    """Identity figures of a dataset, as a table or as JSON."""
    from .simulation.identity import identity_of_dataset, open_reader

    reader = open_reader(pack, models)
    with progress_bar("Nothing was written.") as tell:
        figures = identity_of_dataset(folder, reader, view=view, every=every, tell=tell)
    if as_json:
        typer.echo(json.dumps(figures.document(), indent=1))
        return
    table = Table("patient", "pictures", "no face", "min", "median", "least alike", box=None)
    for one in figures.patients:
        values = ("-" if value is None else f"{value:.3f}" for value in (one.minimum, one.median))
        table.add_row(*map(escape, (one.patient, str(one.pictures), str(one.no_face), *values, one.worst or "")))
    Console().print(table)
    if figures.between is not None and figures.pair is not None:
        typer.echo(f"Between people, at most {figures.between:.3f} (patients {' and '.join(figures.pair)}).")
    for goal, met in figures.goals.items():
        typer.echo(f"Goal {goal}: {'not measured' if met is None else 'met' if met else 'MISSED'}")
    for patient, why in figures.failed.items():
        typer.echo(f"Patient {patient} was left out: {why}", err=True)


@contextmanager
def _bytes_bar() -> Iterator[Tell]:
    """A bar of bytes hashed. It shows only while it moves: downloads have the hub client's own bars."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("Checking", total=None)

    def tell(done: int, total: int, what: str) -> None:
        if not bar.live.is_started:
            bar.start()
        bar.update(task, completed=done, total=total, description=f"Checking {what}")
        if done >= total:
            bar.stop()

    try:
        yield tell
    finally:
        bar.stop()
