"""What the command line does and shows of edited photographs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, get_args

import typer

from .console import progress_bar
from .dataset.images import Format
from .editing import batch
from .editing.edit import SCOPES, Edited, Scope, Want
from .editing.files import Wish, check_wish
from .editing.given import read_lesions
from .errors import Fault, InputError
from .render.portrait.folder import photographs_of
from .render.portrait.spots import Spots

OUTSIDE = (
    "got a link that leads out of its folder; allowed: files of the folder. Name the file itself, or copy it there."
)
HAYASHI = ("mild", "moderate", "severe", "very severe")


def scope_of(*, half: bool, patch: bool) -> Scope:
    """What the photographs show. InputError: half a face and a patch at once."""
    if half and patch:
        raise InputError(str(Fault("--half and --patch", "both", "one of them")))
    return SCOPES[1] if half else SCOPES[2] if patch else SCOPES[0]


def wish_of(
    severity: float | None, grade: int | None, lesions: Path | None, reduce: float, scope: Scope, age: float, sex: str,
    *, format: str, **more: Any,
) -> Wish:  # fmt: skip
    """What is asked, from the words of the command line. InputError: nothing asked, too much, an unknown word."""
    given = [
        name
        for name, value in (("--severity", severity), ("--grade", grade), ("--lesions", lesions))
        if value is not None
    ]
    if len(given) > 1:
        raise InputError(str(Fault(" and ".join(given), "together", "one of --severity, --grade and --lesions")))
    if not given and reduce == 0:
        raise InputError(str(Fault("edit", "nothing to do", "--severity, --grade, --lesions or --reduce")))
    if sex not in ("F", "M"):
        raise InputError(str(Fault("--sex", sex, "F or M")))
    if format not in get_args(Format):
        raise InputError(str(Fault("--format", format, ", ".join(get_args(Format)))))
    want = Want(severity=severity, grade=grade, reduce=reduce, scope=scope, age_years=age, sex=sex)  # pyright: ignore[reportArgumentType] (checked above)
    wish = Wish(want, format=format, table=None if lesions is None else read_lesions(lesions), **more)  # pyright: ignore[reportArgumentType]
    check_wish(wish)
    return wish


def edit(given: Sequence[Path], out: Path | None, wish: Wish, models: Path | None, *, overwrite: bool) -> bool:
    """Edit photographs under a progress bar and say what became of each; whether all went well."""
    from .render.portrait.detect import open_landmarks

    photographs = photographs_of(given)
    folders = batch.folders_of(photographs, out)
    failed = [batch.Failed(path, OUTSIDE) for path in photographs if path not in given and _leads_out(path)]
    refused = {bad.source for bad in failed}
    pairs = [pair for pair in zip(photographs, folders, strict=True) if pair[0] not in refused]
    advice = "Finished edits are there; give only the other photographs, or --overwrite."
    with nullcontext() if len(photographs) == 1 else progress_bar(advice) as tell:
        for one in batch.edit_all(
            [path for path, _ in pairs],
            [folder for _, folder in pairs],
            wish,
            lambda: open_landmarks(models),
            overwrite=overwrite,
            tell=tell,
        ):
            if isinstance(one, batch.Failed):
                failed.append(one)
                continue
            typer.echo(f"{one.folder}: {summary(one.edited, wish.want)}")
            for note in one.edited.notes:
                typer.echo(f"Note: {one.source.name} {note}.", err=True)
    for bad in failed:
        typer.echo(f"Failed: {bad.source}: {bad.why}", err=True)
    if failed:
        typer.echo(f"{len(photographs) - len(failed)} of {len(photographs)} photographs edited.", err=True)
    return not failed


def _leads_out(path: Path) -> bool:
    """Whether a file of a given folder is a link to a file outside of that folder."""
    return not path.resolve().is_relative_to(path.parent.resolve())


def summary(edited: Edited, want: Want) -> str:
    """One line: what was found, what was added."""
    added = f"{edited.added} inflammatory lesions added of {int(edited.drawn.sum())} lesions in all"
    if edited.grade is not None and edited.added:
        added += f" (Hayashi {edited.grade}, {HAYASHI[edited.grade]})"
    before = f"; before: {found_text(edited.found)}"
    return (
        added + before + ("" if edited.left is None else f"; reduced: {edited.found.count} -> {edited.left} red spots")
    )


def found_text(found: Spots) -> str:
    """Existing spots in words."""
    return f"about {found.count} red spots, {int((found.kind > 0).sum())} brown ones"
