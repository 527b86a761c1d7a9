"""What `nof1sim patches` does and says on a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import typer

from .console import progress_bar
from .dataset.images import Format
from .errors import Fault, InputError
from .patches.plan import SITES, Course, Style, check_style, condition_of
from .patches.run import Outcome, take_series, take_singles
from .patches.sheet import write_sheet
from .patches.shot import QUALITY

AGAIN = "The same command goes on from here."


def style_of(condition: str, size: int, quality: str, seed: int, image_format: str) -> Style:
    """What all patches share, from the words of the command line. InputError: a word or number out of range."""
    try:
        dial = QUALITY[quality] if quality in QUALITY else float(quality)
    except ValueError:
        allowed = f"{', '.join(QUALITY)} or a number from 0 to 1"
        raise InputError(str(Fault("--quality", quality, allowed))) from None
    if image_format not in get_args(Format):
        raise InputError(str(Fault("--image-format", image_format, ", ".join(get_args(Format)))))
    style = Style(condition, size, dial, seed, image_format)  # pyright: ignore[reportArgumentType] (checked above)
    check_style(style)
    condition_of(condition)
    return style


def sheet(style: Style, path: Path) -> None:
    """Draw the contact sheet."""
    write_sheet(path, style)
    typer.echo(f"Wrote {path}")


def singles(out: str, n: int | None, style: Style, workers: int | None) -> None:
    """Patches of many people, under a progress bar."""
    with progress_bar(AGAIN) as tell:
        done = take_singles(out, 500 if n is None else n, style, workers, tell)
    _report(done)


def trial(
    out: str, patients: int | None, days: int | None, protocol: str | None, style: Style, workers: int | None
) -> None:
    """A piece of skin of each patient of a trial, day by day, under a progress bar."""
    courses, told, notes = courses_of(patients, days, protocol, style)
    for note in notes:
        typer.echo(note, err=True)
    with progress_bar(AGAIN) as tell:
        done = take_series(out, courses, style, told, workers, tell)
    _report(done)


def refuse_mixed(n: int | None, patients: int | None, days: int | None, protocol: str | None) -> bool:
    """Whether a series is asked for. InputError: days of nobody, or a number of single patches beside a series."""
    if days is not None and patients is None and protocol is None:
        advice = "Say of how many: --patients 5, or give a --protocol."
        raise InputError(str(Fault("--days", days, "only with --patients or --protocol", advice)))
    wanted = patients is not None or protocol is not None
    if wanted and n is not None:
        advice = "A series has a photograph for each patient and day."
        raise InputError(str(Fault("--n", n, "nothing beside --patients, --days and --protocol", advice)))
    return wanted


def courses_of(
    patients: int | None, days: int | None, protocol: str | None, style: Style
) -> tuple[list[Course], dict[str, Any], tuple[str, ...]]:
    """The patients of a trial, what the folder depends on beside the style, and what there is to say.

    The severities are those that `nof1sim simulate` gives the same protocol, patients, days and seed.
    """
    from .conditions.design import crossover_warning
    from .simulation.plan import Plan
    from .simulation.request import prepare

    job = prepare(protocol=protocol, patients=patients, days=days, seed=style.seed)
    plan = Plan(job.protocol)
    courses = [course for block in plan.blocks() for course in _courses(block)]
    told = {"patients": len(courses), "days": job.protocol.days, "protocol": job.protocol.name,
            "digest": job.protocol.digest}  # fmt: skip
    warning = crossover_warning(job.protocol, style.condition)
    return courses, told, (*job.notes, *((f"Note: {warning}",) if warning else ()))


def _courses(block: Any) -> list[Course]:
    from .severity.trajectory import drive_of

    schedule, found = block.schedule, []
    for i, patient in enumerate(block.cohort.patients):
        labels = [schedule.labels[code] for code in schedule.label[i].tolist()]
        drive = drive_of(block.trajectories, block.cohort, i)
        found.append(Course(patient, drive, block.severity[i], schedule.block[i].tolist(), labels))
    return found


def _report(done: Outcome) -> None:
    table = done.table
    share = float(table["area_share"].to_numpy().mean())
    typer.echo(
        f"{done.out}: complete, {done.total} photographs ({done.taken} taken now); {table['site'].n_unique()} of "
        f"{len(SITES)} kinds of site, on average {100 * share:.1f} % of the skin ill."
    )
