"""The commands about photographs beside a trial, the user's own and patches of skin: options and a few lines each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .errors import InputError

app = typer.Typer()


@app.command(
    epilog="Examples:\n\nnof1sim landmarks photos\n\nnof1sim landmarks anna.jpg bela.jpg --no-browser\n\n"
    "nof1sim landmarks photos --check"
)
def landmarks(
    photographs: Annotated[list[Path] | None, typer.Argument(help="Photographs, or folders of them.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only list the photographs without landmarks.")] = False,
    names: Annotated[bool, typer.Option("--names", help="Only list the names that key points may have.")] = False,
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Click the key points of faces on a page of this machine; they are saved beside the photographs."""
    from . import console_landmarks

    if names:
        console_landmarks.show_names()
    elif check:
        if not console_landmarks.check_landmarks(photographs or []):
            raise typer.Exit(1)
    else:
        console_landmarks.click_landmarks(photographs or [], port=port, browser=browser)


@app.command(
    epilog="Examples:\n\n"
    'nof1sim edit anna.jpg --severity 2.5 --consent "signed form v2"\n\n'
    'nof1sim edit anna.jpg --grade 3 --reduce 1 --out anna-severe --format jpeg --consent "signed form v2"\n\n'
    'nof1sim edit anna.jpg --severity 0 --reduce 1 --consent "signed form v2"\n\n'
    'nof1sim edit half-faces --half --grade 2 --out edits --consent "ACNE04, academic use"\n\n'
    'nof1sim edit cheek.png --patch --patch-width-mm 60 --lesions lesions.csv --consent "signed form v2"'
)
def edit(
    photographs: Annotated[list[Path] | None, typer.Argument(help="Photographs, or folders of them.")] = None,
    severity: Annotated[float | None, typer.Option(help="Lesions of a severity from 0 to 3.")] = None,
    grade: Annotated[int | None, typer.Option(help="Lesions of a Hayashi class, 0 (mild) to 3 (very severe).")] = None,
    lesions: Annotated[
        Path | None, typer.Option(help="Your own lesions, CSV or Parquet: x_mm, y_mm, stage ...")
    ] = None,
    reduce: Annotated[float, typer.Option(help="First fade the spots that are there: 0 not at all, 1 all.")] = 0.0,
    consent: Annotated[str, typer.Option(help="What the person's consent covers this by; noted. Required.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder; default: PHOTO_edited beside it. Of several: required.")
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="It shows half a face, whose own count is classed.")] = False,
    patch: Annotated[bool, typer.Option("--patch", help="It shows skin without a face.")] = False,
    mm_per_px: Annotated[float | None, typer.Option(help="Of a patch: width of a pixel.")] = None,
    patch_width_mm: Annotated[float | None, typer.Option(help="Of a patch: or its whole width.")] = None,
    landmarks: Annotated[Path | None, typer.Option(help="Key points (JSON); default: the file beside.")] = None,
    seed: Annotated[int, typer.Option(help="An integer >= 0: which lesions.")] = 0,
    age: Annotated[float, typer.Option(help="Years, 10 to 100: adult women have more on the chin.")] = 22.0,
    sex: Annotated[str, typer.Option(help="F or M.")] = "F",
    image_format: Annotated[str, typer.Option("--format", help="png, or also a copy as jpeg or webp.")] = "png",
    quality: Annotated[int | None, typer.Option(help="Of it; default: 95, or a JPEG photograph's own.")] = None,
    models: Annotated[Path | None, typer.Option(help="Your models directory with a face pack.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier edit.")] = False,
) -> None:
    """Put the acne of a severity on photographs, or take spots away: picture, masks, lesion table, before and after.

    Exit status 0: all are done; 1: some photographs could not be edited and are listed; 2: the request is wrong.
    """
    from . import console_edit

    scope = console_edit.scope_of(half=half, patch=patch)
    wish = console_edit.wish_of(
        severity, grade, lesions, reduce, scope, age, sex, seed=seed, consent=consent, landmarks=landmarks,
        mm_per_px=mm_per_px, width_mm=patch_width_mm, format=image_format, quality=quality,
    )  # fmt: skip
    if not console_edit.edit(photographs or [], out, wish, models, overwrite=overwrite):
        raise typer.Exit(1)


@app.command(
    epilog="Examples:\n\n"
    'nof1sim balance photos --labels labels.csv --to 400 --out balanced --consent "signed form v2"\n\n'
    "nof1sim balance photos --labels labels.csv --columns file=image,label=grade,person=patient --to 400 --dry-run\n\n"
    'nof1sim balance ACNE04 --labels all.csv --to 400 --half --out balanced --consent "ACNE04, academic use"'
)
def balance(
    folder: Annotated[Path, typer.Argument(help="The photographs, at any depth.")],
    to: Annotated[int, typer.Option("--to", help="Images that each class should have.")],
    labels: Annotated[
        Path | None,
        typer.Option(help="CSV, Parquet or ACNE04 list (.txt); default: folders are named as the classes."),
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Their columns: file=image,label=grade,person=patient")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write or continue.")] = None,
    consent: Annotated[str, typer.Option(help="What the persons' consent covers this by; noted.")] = "",
    classes: Annotated[
        str | None, typer.Option(help="Class names, lowest first, or bands: clear=0-0,mild=1-5,severe=6-")
    ] = None,
    splits: Annotated[str | None, typer.Option(help="Splits to balance, each by itself; default: train.")] = None,
    fill: Annotated[str | None, typer.Option(help="Only bring these classes up; default: all.")] = None,
    reduce: Annotated[bool, typer.Option("--reduce", help="Also take lesions off, from the next class above.")] = False,
    per_source: Annotated[int, typer.Option(help="Edited pictures made of one photograph at most.")] = 3,
    half: Annotated[bool, typer.Option("--half", help="All photographs show half a face; classed by its count.")] = (
        False
    ),
    seed: Annotated[int, typer.Option(help="An integer >= 0: who becomes what, and which lesions.")] = 0,
    image_format: Annotated[str, typer.Option(help="jpeg (quality 95), png or webp.")] = "jpeg",
    copy_originals: Annotated[
        bool, typer.Option("--copy-originals/--no-copy-originals", help="Also copy the photographs, without metadata.")
    ] = True,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core.")] = None,
    models: Annotated[Path | None, typer.Option(help="Directory of face packs; default: NOF1SIM_MODELS.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the table; write nothing.")] = False,
) -> None:
    """Bring every severity class of a labelled folder to a number of images by editing photographs of other classes.

    Exit status 0: every class has its number; 1: photographs ran out; 2: the request is wrong.
    """
    from . import console_balance

    ask = console_balance.ask_of(classes, to, splits, fill, reduce=reduce, per_source=per_source, seed=seed)
    if dry_run:
        console_balance.show_balance_plan(folder, labels, columns, ask)
        return
    style = console_balance.style_of(image_format, originals=copy_originals, half=half)
    console_balance.balance(folder, labels, columns, out, ask, consent, style, workers, models)


@app.command(
    epilog="Examples:\n\n"
    "nof1sim patches --condition exanthem --n 500 --out patches\n\n"
    "nof1sim patches --condition acne --patients 5 --days 28 --quality clinic --out series\n\n"
    "nof1sim patches --condition exanthem --sheet sheet.png"
)
def patches(
    condition: Annotated[str, typer.Option(help="exanthem, acne, or a condition of yours: module:Thing.")],
    out: Annotated[str | None, typer.Option("--out", "-o", help="Folder to write or continue.")] = None,
    n: Annotated[int | None, typer.Option("--n", help="Single patches, each of another person; default: 500.")] = None,
    size: Annotated[int, typer.Option(help="Size of a picture in pixels, 64 to 2048.")] = 256,
    quality: Annotated[
        str, typer.Option(help="none, clinic, amateur or 0 to 1: how badly they are taken.")
    ] = "amateur",
    patients: Annotated[int | None, typer.Option(help="A series: so many patients, a piece of skin of each.")] = None,
    days: Annotated[int | None, typer.Option(help="Of a series: its length.")] = None,
    protocol: Annotated[str | None, typer.Option("--protocol", "-p", help="Of a series: its protocol.")] = None,
    seed: Annotated[int, typer.Option(help="An integer >= 0.")] = 0,
    image_format: Annotated[str, typer.Option(help="jpeg, png or webp.")] = "jpeg",
    sheet: Annotated[Path | None, typer.Option(help="Also draw a contact sheet: skin types and severities.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core.")] = None,
) -> None:
    """Photographs of pieces of skin in amateur quality, with masks of every lesion: single ones, or day by day."""
    from . import console_patches

    style = console_patches.style_of(condition, size, quality, seed, image_format)
    a_series = console_patches.refuse_mixed(n, patients, days, protocol)
    if sheet is not None:
        console_patches.sheet(style, sheet)
    if out is None and sheet is None:
        raise InputError("patches: --out is missing; give a folder to write, or --sheet FILE.png to look at a few.")
    if out is None:
        return
    if a_series:
        console_patches.trial(out, patients, days, protocol, style, workers)
    else:
        console_patches.singles(out, n, style, workers)
