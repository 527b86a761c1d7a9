"""The commands about graders: options and a few lines each, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Networks that grade severity: train, predict, evaluate.")

Data = Annotated[str, typer.Argument(help="A dataset's folder, or a folder of labelled photographs (--table).")]
Model = Annotated[Path, typer.Argument(help="Folder that train wrote.")]
TableOption = Annotated[Path | None, typer.Option("--table", help="Labels of a folder of photographs: CSV with file, "
                                                  "label and, better, person and split.")]  # fmt: skip
Columns = Annotated[str | None, typer.Option("--columns", help="The table's columns: file=image,label=grade")]
Views = Annotated[str | None, typer.Option(help="Photographs of a visit, together one example; default: those of "
                                          "front,left,right that there are.")]  # fmt: skip
Every = Annotated[int, typer.Option(help="Of a dataset only every so many days, from day 1.")]
Column = Annotated[str | None, typer.Option(help="Column with the label; default: the truth's iga, hayashi or count.")]
Models = Annotated[Path | None, typer.Option("--models", help="Directory of face packs; default: NOF1SIM_MODELS.")]
Plots = Annotated[bool | None, typer.Option("--plots/--no-plots", help="Default: where matplotlib is installed.")]
Seed = Annotated[int, typer.Option(help="Seed of the split, the weights and the training.")]


@app.command(
    epilog="Examples:\n\n"
    "nof1sim grade train visits --out grader\n\n"
    "nof1sim grade train acne04 --table labels.csv --labels hayashi4 --views left --out grader\n\n"
    "nof1sim grade train visits --preset bernhard2024 --out resnet110"
)
def train(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the model.")],
    labels: Annotated[str, typer.Option(help="iga3 (0-1, 2, 3-4), hayashi4 or count (of lesions).")] = "iga3",
    grades: Annotated[str | None, typer.Option(help="For counts: the scale they are cut into.")] = None,
    network: Annotated[str | None, typer.Option(help="small or resnet110.")] = None,
    preset: Annotated[str | None, typer.Option(help="small or bernhard2024: every setting below.")] = None,
    head: Annotated[str | None, typer.Option(help="classes, ordinal or count.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training part.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the faces that the network sees, px.")] = None,
    weights: Annotated[bool, typer.Option("--weights/--no-weights", help="Loss weights inverse to frequency.")] = True,
    augment: Annotated[str | None, typer.Option(help="none, mild or bernhard2024.")] = None,
    batch: Annotated[int | None, typer.Option(help="Examples a step.")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate, the highest.")] = None,
    dropout: Annotated[float | None, typer.Option(help="0 to 0.9.")] = None,
    patience: Annotated[int | None, typer.Option(help="Stop after so many epochs without a gain; 0: never.")] = None,
    measure: Annotated[str | None, typer.Option(help="Best by loss, balanced_accuracy or macro_f1.")] = None,
    views: Views = None,
    each_view: Annotated[bool, typer.Option("--each-view", help="Each photograph is an example of its own.")] = False,
    every: Every = 1,
    column: Column = None,
    table: TableOption = None,
    columns: Columns = None,
    split: Annotated[str | None, typer.Option(help="train=.8,val=.1,test=.1 of the people.")] = None,
    seed: Seed = 0,
    threads: Annotated[int | None, typer.Option(help="Of torch; equal numbers give equal results.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped training was.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model in the folder.")] = False,
    models: Models = None,
    plots: Plots = None,
) -> None:
    """Train a grader; nobody is in two parts of the split. A stopped training goes on with --resume."""
    from . import console_grade as console
    from .grading.examples import Asked
    from .grading.recipe import recipe_of

    asked = Asked(labels, grades or "", console.views_of(views, data, table), each_view, every, column)
    recipe = recipe_of(
        preset, network=network, head=head or ("count" if labels == "count" else None), epochs=epochs, size_px=size,
        weighted=weights, augment=augment, batch=batch, rate=rate, dropout=dropout, patience=patience, measure=measure,
        threads=threads,
    )  # fmt: skip
    console.train_and_show(
        data, out, asked, recipe, table=table, columns=columns, split=split, seed=seed, resume=resume,
        overwrite=overwrite, models=models, plots=plots,
    )  # fmt: skip


@app.command(
    epilog="Examples:\n\nnof1sim grade predict grader trial --out scores.csv\n\n"
    "nof1sim grade predict grader photographs --out scores.csv"
)
def predict(
    model: Model,
    data: Annotated[str, typer.Argument(help="A dataset's folder, or any folder of photographs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file.")] = Path("scores.csv"),
    every: Every = 1,
    models: Models = None,
) -> None:
    """Grade photographs: a row each with probabilities, grade and expected score. Labels are not read."""
    from .console_grade import predict_and_show

    predict_and_show(model, data, out, every, models)


@app.command(
    epilog="Examples:\n\nnof1sim grade evaluate grader visits\n\n"
    "nof1sim grade evaluate grader --real acne04 --labels labels.csv --out real"
)
def evaluate(
    model: Model,
    data: Annotated[str | None, typer.Argument(help="What it was trained on, or other simulated data.")] = None,
    part: Annotated[str, typer.Option(help="test, val or train; all: other data, all unseen.")] = "test",
    real: Annotated[str | None, typer.Option(help="A folder of real photographs, to test on.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels of the real ones; default: folders' names.")] = None,
    table: TableOption = None,
    columns: Columns = None,
    every: Every = 1,
    column: Column = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; default: MODEL/evaluation.")] = None,
    models: Models = None,
    plots: Plots = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
) -> None:
    """Grade people that the model has never seen; beside it what always saying the commonest grade would reach."""
    from .console_grade import evaluate_and_show

    evaluate_and_show(
        model, data, part=part, real=real, labels=labels, table=table, columns=columns, every=every, column=column,
        out=out, models=models, plots=plots, seed=seed,
    )  # fmt: skip


@app.command(epilog="Example:\n\nnof1sim grade trial grader trial")
def trial(
    model: Model,
    dataset: Annotated[str, typer.Argument(help="A trial's folder, as nof1sim wrote it.")],
    contrast: Annotated[str | None, typer.Option(help="TREATMENT - REFERENCE, by the table's labels.")] = None,
    drop_days: Annotated[int | None, typer.Option(help="Days to leave out at the start of each period.")] = None,
    tau: Annotated[str | None, typer.Option(help="Known wash-in, days: 4 or Cream=3,Antibiotics=4")] = None,
    gamma: Annotated[str | None, typer.Option(help="Known wash-out, days.")] = None,
    recover: Annotated[bool, typer.Option("--recover/--no-recover", help="Last, beside the truth.")] = True,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; default: DATASET/analysis/grader.")] = None,
) -> None:
    """A grader's score as the outcome of a trial: predict, then the mixed model, as Fu et al. 2023 did."""
    from .console_grade import trial_and_show

    trial_and_show(
        model, dataset, contrast=contrast, drop_days=drop_days, tau=tau, gamma=gamma, with_truth=recover, out=out
    )
