"""The commands that analyse: options and a few lines each, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import AnalysisError

app = typer.Typer()

Contrast = Annotated[str | None, typer.Option("--contrast", help="TREATMENT - REFERENCE, by the table's labels.")]
Drop = Annotated[int | None, typer.Option(help="Days to leave out at the start of each period; 0 for none.")]
Tau = Annotated[str | None, typer.Option(help="Known wash-in, days: 4 or Cream=3,Antibiotics=4")]
Gamma = Annotated[str | None, typer.Option(help="Known wash-out, days.")]
Reduction = Annotated[str | None, typer.Option(help="within_pc1 (the default), global_pc1 or per_patient_pc1.")]
Seed = Annotated[int, typer.Option(help="Seed of what is learnt.")]


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


@app.command(
    epilog="Examples:\n\n"
    "nof1sim analyze trial\n\n"
    "nof1sim analyze trial --protocol trial.yaml --embedder texture\n\n"
    "nof1sim analyze scores.csv --score-column AcneSeverity --tau 4 --gamma 5\n\n"
    "nof1sim analyze photos --table diary.csv --columns patient_id=Id,image=File --embedder mymodule:embed"
)
def analyze(
    source: Annotated[str, typer.Argument(help="A dataset's folder, a folder of photographs, or a table.")],
    embedder: Annotated[
        str | None,
        typer.Option(help="texture, autoencoder, redness, patch, pca, vae, schneider2023, module:Thing or a file."),
    ] = None,
    reduction: Reduction = None,
    contrast: Contrast = None,
    tau: Tau = None,
    gamma: Gamma = None,
    protocol: Annotated[str | None, typer.Option(help="Take wash-in and wash-out from this protocol.")] = None,
    drop_days: Drop = None,
    estimate_lags: Annotated[
        bool, typer.Option("--estimate-lags", help="Also estimate wash-in and wash-out, with a bootstrap.")
    ] = False,
    tests: Annotated[str | None, typer.Option(help="Tests for each patient, by name; default: all.")] = None,
    table: Annotated[Path | None, typer.Option(help="The table, for a folder that nof1sim did not write.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder that the table's image names are relative to.")] = None,
    columns: Annotated[str | None, typer.Option(help="The table's columns: patient_id=Id,treatment=Cream")] = None,
    score_column: Annotated[str | None, typer.Option(help="A recorded score.")] = None,
    view: Annotated[str, typer.Option(help="Which photographs: front, left ...")] = "front",
    scores_only: Annotated[bool, typer.Option("--scores-only", help="Leave the photographs alone.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; default: SOURCE/analysis.")] = None,
    plots: Annotated[
        bool | None, typer.Option("--plots/--no-plots", help="Default: where matplotlib is installed.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Find the treatment effect in what a study recorded; beside the truth, last, where a simulator left it."""
    from .analysis.study import read_study
    from .console import progress_bar
    from .console_analysis import show_analysis
    from .evaluation.folder import analyze_folder, place_of, settings_of
    from .simulation.request import parse_columns

    study = read_study(
        source, table=table, images=images, columns=parse_columns(columns), view=view, score=score_column
    )
    settings = settings_of(
        study, tau=tau, gamma=gamma, protocol=protocol, contrast=contrast, reduction=reduction, drop_days=drop_days,
        estimate_lags=estimate_lags, embedders=_names(embedder), tests=_names(tests), seed=seed, images=not scores_only,
    )  # fmt: skip
    with progress_bar("Nothing was written.") as tell:
        done = analyze_folder(study, settings, source=source, out=place_of(source, out), plots=plots, progress=tell)
    show_analysis(done)


@app.command(epilog="Examples:\n\nnof1sim benchmark trial --pipeline texture,pca,mymodule:embed --out compared\n\n"
             "nof1sim benchmark trial --pipeline model.onnx --null trial-twins/zero-effect")  # fmt: skip
def benchmark(
    source: Annotated[str, typer.Argument(help="A simulated dataset's folder, with its truth.")],
    pipeline: Annotated[str, typer.Option(help="Embedders, as analyze --embedder takes them.")] = "texture,patch,pca",
    null: Annotated[str | None, typer.Option(help="Its null twin; default: SOURCE-twins/zero-effect.")] = None,
    contrast: Contrast = None,
    reduction: Reduction = None,
    drop_days: Drop = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the table and the plot.")] = None,
    seed: Seed = 0,
) -> None:
    """Compare pipelines on one dataset: recovery, power, false positives, run time; the ceiling beside them."""
    from .analysis.analyze import Settings
    from .analysis.text import write
    from .console import progress_bar
    from .console_analysis import show_comparison
    from .evaluation.compare import compare, files, null_twin

    given: dict[str, Any] = {"contrast": contrast, "reduction": reduction, "drop_days": drop_days, "seed": seed}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    with progress_bar("Nothing was written.") as tell:
        rows = compare(source, _names(pipeline) or (), null=null_twin(source, null), settings=settings, progress=tell)
    if out is not None:
        write(out, iter(files(rows)))
    show_comparison(rows)


@app.command(
    epilog="Examples:\n\n"
    "nof1sim calibrate default --replicates 200 --out calibration\n\n"
    "nof1sim calibrate default --zero-effect --replicates 200 --pipeline score,texture --out null"
)
def calibrate(
    protocol: Annotated[str, typer.Argument(help="A protocol file, or the name of a shipped one.")],
    replicates: Annotated[int, typer.Option("--replicates", "-r", help="How many trials.")] = 200,
    pipeline: Annotated[str, typer.Option(help="score, oracle, or embedders (these draw pictures).")] = "score",
    zero_effect: Annotated[bool, typer.Option("--zero-effect", help="The null twin: no arm does anything.")] = False,
    size: Annotated[int, typer.Option(help="Pictures' size in pixels, for embedders.")] = 96,
    nuisance: Annotated[str | None, typer.Option(help="Photographs: none, clinic or home.")] = None,
    known_lags: Annotated[bool, typer.Option("--known-lags", help="Analyse with the protocol's tau, gamma.")] = False,
    drop_days: Drop = None,
    contrast: Contrast = None,
    reduction: Reduction = None,
    tests: Annotated[str | None, typer.Option(help="Tests for each patient, by name.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; the same command goes on there.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the protocol's.")] = None,
) -> None:
    """Simulate and analyse many times: type I error, power, bias and coverage, with Monte Carlo intervals."""
    from .console import progress_bar
    from .console_analysis import show_calibration
    from .evaluation.calibrate import calibrate as run
    from .evaluation.calibrate import protocol_for, settings_for

    asked = protocol_for(protocol, zero_effect=zero_effect, size_px=size, nuisance=nuisance, seed=seed)
    settings = settings_for(
        asked, known_lags=known_lags, drop_days=drop_days, contrast=contrast, reduction=reduction, tests=_names(tests)
    )
    names = _names(pipeline)
    if not names:
        raise AnalysisError("--pipeline: got nothing; allowed: score, oracle or embedders, separated by commas.")
    with progress_bar("The same command goes on from here." if out else "Nothing was kept; use --out.") as tell:
        done = run(asked, replicates, out, pipelines=names, settings=settings, workers=workers, progress=tell)
    show_calibration(done)
