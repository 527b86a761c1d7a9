"""The commands about renderers that learn: options and a few lines each, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Renderers that learn: train, sample, compare.")

Models = Annotated[Path | None, typer.Option("--models", help="Of a LoRA: directory of the base networks' weights.")]


@app.command(
    epilog="Examples:\n\n"
    "nof1sim learn train trial --model cvae --size 64 --epochs 40 --out cvae\n\n"
    "nof1sim learn train photos --table labels.csv --severity IGA --scale 0:4 --resize --out mine\n\n"
    "nof1sim learn train trial --model cvae --set code=32 --set rate=1e-3 --out small\n\n"
    "nof1sim learn train trial --model lora-sd15 --set steps=800 --out lora"
)
def train(
    data: Annotated[str, typer.Argument(help="A dataset's folder, or a folder of photographs (--table).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the checkpoint.")],
    model: Annotated[str, typer.Option(help="cvae, dcgan, lora-sdxl ... (nof1sim learn models).")] = "cvae",
    size: Annotated[int | None, typer.Option(help="Side of the pictures, px; default: 64, a LoRA's own.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the pictures; default: the model's own.")] = None,
    batch: Annotated[int | None, typer.Option(help="Pictures a step; default: the model's own.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A setting of the model's: key=value.")] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", help="CSV of a folder: file, severity or grade and, better, person, split."),
    ] = None,
    columns: Annotated[str | None, typer.Option("--columns", help="The table's columns: file=image,person=who")] = None,
    severity: Annotated[
        str | None, typer.Option(help="Column of the severity; default: the true one, else AcneSeverity.")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="Least and most of that column, such as 0:4.")] = None,
    views: Annotated[str, typer.Option(help="Of a dataset: which photographs.")] = "front",
    resize: Annotated[bool, typer.Option("--resize", help="Bring pictures of several sizes to --size.")] = False,
    val: Annotated[
        float | None, typer.Option(help="Share of the persons set aside, to look at; default: .1, of a LoRA 0.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split, the weights and the training.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Of torch; equal numbers give equal results.")] = None,
    sheet_every: Annotated[
        int | None, typer.Option(help="Epochs between two sample sheets; 0: none. Default: 5.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped training was.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the checkpoint in the folder.")] = False,
    models: Models = None,
) -> None:
    """Train a model on pictures with severities; nobody is in two parts. A stopped training goes on with --resume."""
    from .console_learn import Data, train_and_show

    train_and_show(
        Data(data, table, columns, severity, scale, views, resize, val), model, settings or [], out, size=size,
        epochs=epochs, batch=batch, seed=seed, threads=threads, sheet_every=sheet_every, resume=resume,
        overwrite=overwrite, models=models,
    )  # fmt: skip


@app.command(
    epilog="Examples:\n\n"
    "nof1sim learn sample cvae --patients 4 --severity 0,1,2,3 --out sheet.png\n\n"
    "nof1sim learn sample cvae --patients 2 --severity 0,1.5,3 --out pictures"
)
def sample(
    checkpoint: Annotated[Path, typer.Argument(help="Folder that train wrote.")],
    patients: Annotated[int, typer.Option(help="How many invented patients; of a LoRA, how many noises.")] = 4,
    severity: Annotated[
        str | None, typer.Option(help="In units of the training's scale; default: 5 steps, of a LoRA all its grades.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .png sheet, or a folder for single pictures.")] = Path(
        "sheet.png"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the patients.")] = 0,
    models: Models = None,
) -> None:
    """Draw invented patients at given severities: one sheet, or a picture each."""
    from .console_learn import sample_and_show

    sample_and_show(checkpoint, patients, severity, out, seed, models)


@app.command(epilog="Example:\n\nnof1sim learn models")
def models() -> None:
    """The models and their settings, with defaults."""
    from .console_learn import show_models

    show_models()


@app.command(
    epilog="Examples:\n\n"
    "nof1sim learn compare --renderers procedural,learned:cvae --training trial --out compared\n\n"
    "nof1sim learn compare --renderers learned:cvae,learned:dcgan --training trial --grader grader --out compared"
)
def compare(
    renderers: Annotated[str, typer.Option(help="Names: procedural, learned:PATH, portrait, module:Thing ...")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the table and the sheet.")] = Path("compared"),
    patients: Annotated[int, typer.Option(help="People whom every renderer draws on every day.")] = 8,
    days: Annotated[int, typer.Option(help="Days of each of them.")] = 28,
    people: Annotated[int, typer.Option(help="Further people, one picture each: KID, diversity, memorisation.")] = 64,
    size: Annotated[int, typer.Option(help="Side of the pictures, px; a checkpoint has its own.")] = 64,
    seed: Annotated[int, typer.Option(help="Of the people; another one than the training's.")] = 1,
    nuisance: Annotated[str, typer.Option(help="Photographs: none, clinic or home.")] = "none",
    protocol: Annotated[
        str | None, typer.Option("--protocol", "-p", help="A protocol file, or a shipped name.")
    ] = None,
    training: Annotated[str | None, typer.Option(help="What the models learnt from: a dataset or a folder.")] = None,
    grader: Annotated[str | None, typer.Option(help="Folder of nof1sim grade train --views front.")] = None,
    embedder: Annotated[str, typer.Option(help="Who is told apart with: pca, texture, antelopev2 ...")] = "pca",
    features: Annotated[str, typer.Option(help="Spaces of the KID; the first also of the distances.")] = "pca,texture",
    models: Annotated[str | None, typer.Option(help="Directory of face packs; default: NOF1SIM_MODELS.")] = None,
) -> None:
    """Analytic and learned renderers on the same patients and days: a table, a document and a sheet of pictures."""
    from .console_learn import compare_and_show

    compare_and_show(
        renderers, out, patients=patients, days=days, people=people, size_px=size, seed=seed, nuisance=nuisance,
        protocol=protocol, training=training, grader=grader, embedder=embedder, features=features, models=models,
    )  # fmt: skip
