"""Analytic and learned renderers on the same patients and days: every measure of `learned_result.MEASURES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...analysis.embed.base import Embedder
from ...grading.saved import Grader, load_grader, write_whole
from ...simulation.plan import Plan
from .cases import Cases, Settings, cases_of, check_settings, open_renderer, protocol_of
from .draw import Drawn, draw_cases, draw_crowd
from .measures import Bench, rows_of
from .model import check_size, described, names_of
from .result import Row, Value, document, to_json, to_markdown
from .severity import check_grader
from .sheet import sheet_png
from .space import choose_space, fit_space
from .training import Training, read_training

Progress = Callable[[int, int, str], None]
"""Called with pictures done, pictures in all, what is being done."""
FILES = ("compare.json", "compare.md", "sheet.png")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A finished comparison.

    rows : a renderer each, the analytic one first.  references : figures that belong to no renderer.
    document : what compare.json holds.  drawn, cases, training : the pictures, for the sheet.
    """

    settings: Settings
    rows: tuple[Row, ...]
    references: Mapping[str, Value]
    document: Mapping[str, Any] = field(repr=False)
    drawn: tuple[Drawn, ...] = field(repr=False)
    cases: Cases = field(repr=False)
    training: Training | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ready:
    """All that can be missing, found before a picture is drawn."""

    plan: Plan
    renderers: Mapping[str, Any]
    embedders: Mapping[str, Embedder]
    grader: Grader | None
    training: Training | None


def compare_renderers(settings: Settings, progress: Progress | None = None) -> Comparison:
    """Draw the same people with every renderer, and measure.

    Equal settings and versions give equal figures on one CPU type, but for the times.

    Raises
    ------
    ProtocolError, UnknownNameError
        Numbers out of range, an unknown renderer, embedder or protocol, a view that a renderer cannot draw.
    InputError
        A checkpoint, grader or training folder that is not one; the training's own seed.
    RenderError, AnalysisError
        A checkpoint of another size; torch is missing; an embedder that cannot tell people apart.
    """
    say = progress or (lambda *_: None)
    say(0, 1, "Opening renderers")
    ready = _ready(settings)
    cases = cases_of(ready.plan, settings)
    total = len(settings.names) * cases.drawn_by_all + 2 * settings.people
    done, drawn = 0, []

    def told(count: int) -> None:
        nonlocal done
        done += count
        say(done, total, f"Drawing by {what}")

    for what, renderer in ready.renderers.items():
        drawn.append(draw_cases(what, renderer, cases, told))
    what = f"{settings.analytic}: other people"
    analytic = ready.renderers[settings.analytic]
    reference, fitting = (
        draw_crowd(settings.analytic, analytic, views, told) for views in (cases.reference, cases.fitting)
    )
    say(total, total, "Measuring")
    spaces = {name: fit_space(embedder, fitting, settings.seed) for name, embedder in ready.embedders.items()}
    bench = Bench(settings, cases, spaces, reference, ready.grader, ready.training, drawn[0])
    rows, references = rows_of(bench, drawn)
    titles = names_of(settings.names)
    rows = tuple(described(row, title) for row, title in zip(rows, titles, strict=True))
    about = {
        "identity": spaces[settings.embedder].about,
        **{f"features_{name}": spaces[name].about for name in settings.features},
        "notes": _notes(settings, ready),
    }
    found = document(settings, rows, references, about)
    return Comparison(settings, rows, references, found, tuple(drawn), cases, ready.training)


def _ready(settings: Settings) -> _Ready:
    check_settings(settings)
    grader = None if settings.grader is None else load_grader(settings.grader)
    if grader is not None:
        check_grader(grader)
    embedders = {settings.embedder: choose_space(settings.embedder, "--embedder", settings.models)}
    for name in settings.features:
        embedders.setdefault(name, choose_space(name, "--features", settings.models))
    for name in settings.names:
        check_size(name, settings.size_px)
    protocol = protocol_of(settings)
    renderers = {name: open_renderer(name, protocol) for name in settings.names}
    training = None
    if settings.training is not None:
        training = read_training(settings.training, settings.size_px, settings.seed, settings.nuisance)
    return _Ready(Plan(protocol), renderers, embedders, grader, training)


def _notes(settings: Settings, ready: _Ready) -> list[str]:
    p = settings
    notes = [
        f"{p.patients} patients x {p.days} days and {p.people} further people, {p.size_px} px, seed {p.seed}, nuisance "
        f"{p.nuisance}, protocol {ready.plan.protocol.name} (digest {ready.plan.protocol.digest[:12]})"
    ]
    if ready.grader is not None:
        notes.append(f"grader: labels {ready.grader.asked.labels}, {ready.grader.recipe.size_px} px")
    notes.extend(ready.training.notes if ready.training else ())
    return notes


def write_comparison(found: Comparison, out: Path, command: str = "") -> list[Path]:
    """Write compare.json, compare.md and sheet.png, each whole; those of an earlier comparison are replaced.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    sheet = sheet_png(found)
    data = (to_json(found.document), to_markdown(found.document, found.rows, command).encode(), sheet)
    paths = [out / name for name in FILES]
    for path, one in zip(paths, data, strict=True):
        write_whole(path, one)
    return paths
