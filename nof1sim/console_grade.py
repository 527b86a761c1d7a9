"""What the command line does and shows of graders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .console import progress_bar
from .errors import Fault, InputError
from .plugins import installed

if TYPE_CHECKING:
    from .grading.evaluate import Evaluation
    from .grading.examples import Asked
    from .grading.recipe import Recipe
    from .grading.steps import Epoch

SHOWN_FAULTS = 10


def names(text: str | None) -> list[str]:
    """`front,left` as a list."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def views_of(text: str | None, data: str, table: Path | None) -> tuple[str, ...]:
    """`front,left` as views; where nothing is given, those of the usual ones that the data have."""
    from .grading.sources import default_views

    return default_views(data, table) if text is None else tuple(names(text))


def shares_of(text: str | None) -> dict[str, float]:
    """`train=.8,val=.1,test=.1` as shares; the default where there is none. InputError for anything else."""
    from .grading.split import PARTS, SHARES

    if text is None:
        return SHARES
    try:
        found = {name.strip(): float(share) for name, share in (pair.split("=") for pair in text.split(","))}
    except ValueError:
        found = {}
    if not found or not set(found) <= set(PARTS) or "train" not in found:
        raise InputError(str(Fault("--split", text, "shares of train, val and test, such as train=.8,val=.1,test=.1")))
    return found


def train_and_show(
    data: str, out: Path, asked: Asked, recipe: Recipe, *, table: Path | None, columns: str | None, split: str | None,
    seed: int, resume: bool, overwrite: bool, models: Path | None, plots: bool | None,
) -> None:  # fmt: skip
    """Train under a progress bar, then evaluate the test part."""
    from .grading.fit import fit
    from .grading.plots import curves_plot
    from .grading.saved import write_whole
    from .grading.sources import read_examples
    from .grading.split import split_examples
    from .simulation.request import parse_columns

    drawn = _plots(plots)
    examples = read_examples(data, asked, labels=table, columns=parse_columns(columns))
    parts = split_examples(examples, seed, shares_of(split))
    _say_faults(examples.faults, SHOWN_FAULTS)
    with progress_bar("The same command with --resume goes on from here.") as tell:

        def told(epoch: Epoch) -> None:
            loss, val = epoch.loss, f"{epoch.balanced_accuracy:.0%}"
            tell(epoch.epoch, recipe.epochs, f"Epoch {epoch.epoch}: loss {loss:.3f}, validation {val} balanced")

        done = fit(
            examples, recipe, out, seed=seed, split=parts, resume=resume, overwrite=overwrite,
            reader=_reader(examples.folder, models), progress=tell, told=told,
        )  # fmt: skip
    about = done.grader.about
    _say_notes(done.notes)
    if drawn:
        write_whole(out / "curves.png", curves_plot(done.epochs, about["best_epoch"]))
    typer.echo(
        f"{out}: {about['network']['weights']:,} weights, {len(done.epochs)} epochs in {done.seconds:.0f} s on "
        f"{about['device']}; kept epoch {about['best_epoch']}."
    )
    _show_parts(about)
    if len(parts.people.get("test", ())):
        evaluate_and_show(
            out, data, part="test", real=None, labels=None, table=table, columns=columns, every=asked.every,
            column=asked.column, out=None, models=models, plots=plots, seed=seed, trained=True,
        )  # fmt: skip


def _show_parts(about: Any) -> None:
    table = Table("part", "people", *about["scale"]["grades"], title="Examples of each grade", title_justify="left")
    for part, counts in about["data"]["grades"].items():
        total = sum(counts.values())
        cells = [f"{n} ({n / total:.0%})" for n in counts.values()]
        table.add_row(part, str(len(about["split"]["people"][part])), *cells)
    _console().print(table)


def predict_and_show(model: Path, data: str, out: Path, every: int, models: Path | None) -> None:
    """Predict into a CSV file; exit status 1 where photographs could not be read."""
    from .grading.predict import asked_of, predict, scores_csv
    from .grading.saved import load_grader, write_whole
    from .grading.seen import crop_notes, seen_note
    from .grading.sources import read_examples

    grader = load_grader(model)
    examples = read_examples(data, asked_of(grader, every), labelled=False)
    with progress_bar("Nothing was written.") as tell:
        found = predict(grader, examples, _reader(examples.folder, models), tell)
    write_whole(out, scores_csv(found))
    typer.echo(f"{out}: {len(found.examples)} graded.")
    _say_notes((*crop_notes(grader, found.pictures.crops), *seen_note(grader, found.pictures)))
    _say_faults(found.pictures.faults)
    if found.pictures.faults:
        raise typer.Exit(1)


def evaluate_and_show(
    model: Path, data: str | None, *, part: str, real: str | None, labels: Path | None, table: Path | None,
    columns: str | None, every: int, column: str | None, out: Path | None, models: Path | None, plots: bool | None,
    seed: int, trained: bool = False,
) -> None:  # fmt: skip
    """Evaluate, print, write JSON, scores and plots; exit status 1 where some were left out. trained : right after the
    training, which has listed them."""
    from .grading.evaluate import evaluate, evaluation_json, held_out, test_rows, unseen
    from .grading.plots import evaluation_plots
    from .grading.predict import asked_of, predict, scores_csv
    from .grading.saved import load_grader, write_whole
    from .grading.sources import read_examples
    from .simulation.request import parse_columns

    if (data is None) == (real is None):
        raise InputError(str(Fault("evaluate", f"{data} and --real {real}", "either DATA or --real DIR")))
    drawn, grader = _plots(plots), load_grader(model)
    place = out or model / ("evaluation" if real is None else "real")
    asked = asked_of(grader, every, column or (grader.asked.column if data else None))
    examples = read_examples(data or real or "", asked, labels=table or labels, columns=parse_columns(columns))
    if real is not None:
        chosen, what = test_rows(examples), f"real photographs: {Path(real).name}"
    elif part == "all":
        chosen, what = examples, "all, none seen in training"
    else:
        chosen, what = held_out(grader, examples, part), f"{part} part, held-out people"
    with progress_bar("Nothing was written.") as tell:
        found = predict(grader, chosen, _reader(chosen.folder, models), tell)
    if real is not None or part == "all":
        found = unseen(grader, found)
    one = evaluate(grader, found, what, seed)
    write_whole(place / "evaluation.json", evaluation_json(one))
    write_whole(place / "scores.csv", scores_csv(found))
    for name, png in evaluation_plots(one) if drawn else ():
        write_whole(place / name, png)
    show_evaluation(one)
    typer.echo(f"Wrote {place}")
    if one.left_out and not trained:
        _say_faults(one.left_out)
        raise typer.Exit(1)


def show_evaluation(one: Evaluation) -> None:
    """Confusion, measures by grade, measures over all with intervals, and the baseline."""
    from .grading import metrics

    console = _console()
    table = Table("true \\ predicted", *one.titles, "recall", "precision", "F1", title=escape(one.what),
                  title_justify="left")  # fmt: skip
    columns = zip(metrics.recall(one.table), metrics.precision(one.table), metrics.f1(one.table), strict=True)
    for title, row, three in zip(one.titles, one.table, columns, strict=True):
        total = max(int(row.sum()), 1)
        table.add_row(title, *(f"{n} ({n / total:.0%})" for n in row), *(_number(x) for x in three))
    console.print(table)
    for name, value in one.summary.items():
        boot = one.by_person[name]
        extra = f"; Wilson {one.wilson.low:.3f} to {one.wilson.high:.3f}" if name == "accuracy" else ""
        console.print(f"{name.replace('_', ' ')}: {_number(value)} (95 % by persons {_number(boot.low)} to "
                      f"{_number(boot.high)}{extra})", highlight=False)  # fmt: skip
    console.print(f"{one.n} examples of {one.persons} persons. Always saying {one.majority}: accuracy "
                  f"{one.majority_accuracy:.3f}, balanced {_number(one.majority_balanced)}.",
                  highlight=False)  # fmt: skip
    _say_notes(one.notes)


def trial_and_show(
    model: Path, dataset: str, *, contrast: str | None, drop_days: int | None, tau: str | None, gamma: str | None,
    with_truth: bool, out: Path | None,
) -> None:  # fmt: skip
    """Grade a trial, analyse it, print; the truth beside it last, in a labelled step."""
    from .analysis import text
    from .analysis.study import read_study
    from .evaluation.folder import place_of, recover_from, settings_of
    from .grading.predict import scores_csv
    from .grading.saved import load_grader, write_whole
    from .grading.trial import grade_trial

    grader, study = load_grader(model), read_study(dataset)
    settings = settings_of(study, tau=tau, gamma=gamma, protocol=None, contrast=contrast, drop_days=drop_days)
    with progress_bar("Nothing was written.") as tell:
        done = grade_trial(grader, dataset, settings, tell)
    place = out or place_of(dataset, None) / "grader"
    write_whole(place / "grades.csv", scores_csv(done.found))
    text.write(place, text.files(done.result))
    console = _console()
    text.show(done.result, console)
    _say_notes(done.notes)
    fu = done.fu2023
    console.print()
    console.rule("[bold]As Fu et al. 2023", align="left")
    console.print(f"score ~ treatment, random intercept per patient, REML: {done.result.contrast}: {fu.estimate:.4f} "
                  f"(SE {fu.se:.4f}), p = {fu.p:.3g}", highlight=False)  # fmt: skip
    console.print(f"Correlation of the grader's score with the recorded one: {_number(done.correlation)}; within "
                  f"patients {_number(done.within)}.", highlight=False)  # fmt: skip
    if with_truth:
        _show_truth(recover_from(dataset, done.result), console)
    console.print(f"\nWrote {escape(str(place))}")


def _show_truth(recovery: Any, console: Console) -> None:
    """The last step, after the analysis: each score beside the truth, in grades of severity."""
    if not recovery:
        return
    table = Table("score", "r within patients", "score per grade", "method", "estimand", "truth", "estimate", "covered",
                  title="Beside the truth (the analysis above did not see it)", title_justify="left")  # fmt: skip
    for one in recovery:
        for found in one.found:
            if found.level == "pooled":
                covered = {1.0: "yes", 0.0: "no"}.get(found.covered, "-")
                head = (escape(one.score), _number(one.within_r), _number(one.slope), found.method, found.estimand)
                table.add_row(*head, _number(found.truth), _number(found.estimate), covered)
    console.print()
    console.print(table)


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=150)


def _plots(wanted: bool | None) -> bool:
    """Whether plots are drawn; that matplotlib is missing is said before the work."""
    if wanted:
        from .analysis.plots import load_pyplot

        load_pyplot()
    return installed("matplotlib") if wanted is None else wanted


def _reader(folder: Path | None, models: Path | None) -> Any:
    """The face finder for photographs of the user's, where a pack is on this machine; not needed for datasets."""
    if folder is None:
        return None
    from .render.portrait.detect import open_landmarks

    return open_landmarks(models)


def _say_notes(notes: Sequence[str]) -> None:
    for note in notes:
        typer.echo(note if note.startswith("Warning: ") else f"Note: {note}", err=True)


def _say_faults(faults: Sequence[str], most: int | None = None) -> None:
    """A line each; of a training not more than `most`."""
    for fault in faults[:most]:
        typer.echo(f"Left out: {fault}", err=True)
    if most is not None and len(faults) > most:
        typer.echo(f"... and {len(faults) - most} more.", err=True)
