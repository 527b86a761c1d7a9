"""The command line: reads options, calls the verbs, prints. No logic of its own."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__, cli_analysis, cli_dataset, cli_grade, cli_learn, cli_models, cli_photos
from .errors import InputError, Nof1simError

app = typer.Typer(
    name="nof1sim",
    help="Simulate multimodal N-of-1 trials: within-person crossover trials whose outcome is a daily photograph.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
protocol_app = typer.Typer(no_args_is_help=True, help="List, show, check and import protocols.")
app.add_typer(protocol_app, name="protocol")
app.add_typer(cli_analysis.app)
app.add_typer(cli_dataset.app)
app.add_typer(cli_models.app, name="models")
app.add_typer(cli_photos.app)
app.add_typer(cli_grade.app, name="grade")
app.add_typer(cli_learn.app, name="learn")

Out = Annotated[str, typer.Option("--out", "-o", help="Dataset folder (or fsspec URL) to write or continue.")]
ProtocolOption = Annotated[
    str | None, typer.Option("--protocol", "-p", help="A protocol file, or the name of a shipped one.")
]
SeedOption = Annotated[str | None, typer.Option("--seed", help="An integer >= 0; replaces the protocol's.")]

Faces = Annotated[
    Path | None,
    typer.Option("--faces", help="Folder of photographs, one a patient (renderer portrait); default: NOF1SIM_FACES."),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nof1sim {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Simulate multimodal N-of-1 trials."""


@app.command(
    epilog="Examples:\n\n"
    "nof1sim simulate --patients 10 --days 140 --out trial\n\n"
    "nof1sim simulate --protocol washout --seed 7 --out washout --workers 2\n\n"
    "nof1sim simulate --severity-csv my.csv --columns severity=EASI,patient_id=Subject --scale 0:72 --out mine\n\n"
    "nof1sim simulate --patients 3 --days 42 --renderer portrait --faces photos --consent 'form v2, signed' --out mine"
)
def simulate(
    out: Out = "trial",
    patients: Annotated[int | None, typer.Option(help="Number of patients.")] = None,
    days: Annotated[int | None, typer.Option(help="Length of the study.")] = None,
    protocol: ProtocolOption = None,
    seed: SeedOption = None,
    size: Annotated[int | None, typer.Option(help="Image size in pixels, 64 to 2048.")] = None,
    image_format: Annotated[str | None, typer.Option(help="jpeg, png or webp.")] = None,
    renderer: Annotated[str | None, typer.Option(help="A renderer's name, learned:PATH or module:Thing.")] = None,
    nuisance: Annotated[str | None, typer.Option(help="Photographs: none, clinic or home.")] = None,
    marks: Annotated[str | None, typer.Option(help="Post-inflammatory marks: realistic, fast or off.")] = None,
    layout: Annotated[str | None, typer.Option(help="standard, hettich (image names), or packed (tar files).")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core; diffusion: one.")] = None,
    engine: Annotated[str | None, typer.Option(help="serial, processes or ray.")] = None,
    address: Annotated[str | None, typer.Option(help="Ray cluster to join: auto, host:port, ray://host:port.")] = None,
    gpus: Annotated[float | None, typer.Option(help="Ray: GPUs of each worker; .5: two share one.")] = None,
    shard: Annotated[str | None, typer.Option(help="Only share i of n, as i/n with 0 <= i < n.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the dataset in the folder.")] = False,
    images: Annotated[bool, typer.Option("--images/--no-images", help="Draw the photographs.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a run would cost; draws a few to see.")] = False,
    calibrated: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="--dry-run: draw a few pictures, to time them.")
    ] = True,
    price_cores: Annotated[int | None, typer.Option(help="--dry-run: also the time on so many cores.")] = None,
    twins: Annotated[bool, typer.Option("--twins", help="Also simulate the counterfactual twins.")] = False,
    severity_csv: Annotated[Path | None, typer.Option(help="Your own trajectories, CSV or Parquet.")] = None,
    columns: Annotated[str | None, typer.Option(help="Their columns: severity=EASI,patient_id=Subject")] = None,
    scale: Annotated[str | None, typer.Option(help="Their scale, low:high; default 0:3.")] = None,
    missing: Annotated[str | None, typer.Option(help="Their gaps: error (the default), skip or interpolate.")] = None,
    also: Annotated[str | None, typer.Option(help="Also export: coco,imagefolder ... (nof1sim export --list).")] = None,
    models: Annotated[
        Path | None, typer.Option("--models", help="Directory of diffusion models; default: NOF1SIM_MODELS.")
    ] = None,
    faces: Faces = None,
    consent: Annotated[
        str | None, typer.Option(help="What consent covers this use of the photographs; it is recorded.")
    ] = None,
) -> None:
    """Write a dataset: observations, photographs and the complete truth. The same command resumes a stopped run."""
    from .console import models_from, report_outcome, show_plan, with_progress
    from .console_dataset import export_also, parse_also
    from .simulation import request
    from .simulation.faces import faces_from

    formats = parse_also(also)
    table = None
    if severity_csv is not None:
        table = request.Table(severity_csv, request.parse_columns(columns), request.parse_scale(scale), missing)
    elif columns or scale or missing:
        raise InputError("--columns, --scale, --missing: they describe a table. Give the table: --severity-csv FILE.")
    job = request.prepare(
        protocol=protocol,
        patients=patients,
        days=days,
        seed=seed,
        images={
            "size_px": size,
            "format": image_format,
            "renderer": renderer,
            "layout": layout,
            "enabled": None if images else False,
            "nuisance": None if nuisance is None else {"preset": nuisance},
        },
        marks=marks,
        table=table,
        twins=twins,
        faces=faces,
        consent=consent,
    )
    for note in job.notes:
        typer.echo(note, err=True)
    if dry_run:
        with models_from(models), faces_from(faces):
            show_plan(job, out, calibrated=calibrated, workers=workers, cores=price_cores)
        return
    with models_from(models), faces_from(faces):
        for trial in job.trials(out):
            outcome = with_progress(
                trial,
                workers=workers,
                engine=engine,
                engine_options={"address": address, "gpus": gpus},
                shard=shard,
                overwrite=overwrite,
            )
            report_outcome(outcome)
            export_also(outcome, formats)


@app.command(epilog="Example:\n\nnof1sim finish /shared/trial")
def finish(
    folder: Annotated[str, typer.Argument(help="Dataset folder (or fsspec URL) of a run in several shares.")],
    faces: Faces = None,
) -> None:
    """Close a run in several shares: tables and manifests. Draws nothing; says what is missing, if anything is."""
    from .simulation.closing import finish as close
    from .simulation.faces import faces_from

    with faces_from(faces):
        typer.echo(f"{folder}: complete, {close(folder)} pictures.")


@app.command(epilog="Example:\n\nnof1sim image --protocol default --patient 3 --day 40 --out p3_d40.png")
def image(
    patient: Annotated[int, typer.Option(help="Number of the patient, from 1.")],
    day: Annotated[int, typer.Option(help="Day of the study, from 1.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Picture file: .png, .jpg or .webp.")] = Path("image.png"),
    dataset: Annotated[str | None, typer.Option(help="Draw a picture of this dataset again.")] = None,
    protocol: ProtocolOption = None,
    seed: SeedOption = None,
    occasion: Annotated[int, typer.Option(help="Which photograph of the day, from 1.")] = 1,
    view: Annotated[str, typer.Option(help="front, left, right or another that the renderer draws.")] = "front",
    size: Annotated[int | None, typer.Option(help="Image size in pixels.")] = None,
    faces: Faces = None,
) -> None:
    """Draw one patient-day again, alone: the same picture that a whole run draws."""
    from .simulation import request, single
    from .simulation.faces import faces_from

    plan = request.plan_of(dataset, protocol, seed, size)
    with faces_from(faces):
        single.write_image(plan, patient, day, occasion, view, out)
    typer.echo(f"Wrote {out}")


@app.command(
    epilog="Examples:\n\n"
    "nof1sim gallery --out gallery\n\n"
    "nof1sim gallery --out gallery --only people,tones --people 12 --seed 7\n\n"
    "nof1sim gallery --out gallery --only time --dataset trial --patient 3"
)
def gallery(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the sheets, one PNG each.")],
    people: Annotated[int, typer.Option(help="How many people, the first of the cohort.")] = 40,
    seed: SeedOption = None,
    size: Annotated[int, typer.Option(help="Size of a picture on the sheet in pixels, 64 to 1024.")] = 256,
    only: Annotated[str | None, typer.Option(help="Some of people,tones,ages,views,lesions,time.")] = None,
    patient: Annotated[int, typer.Option(help="Whose face the other sheets show, from 1.")] = 1,
    protocol: ProtocolOption = None,
    dataset: Annotated[str | None, typer.Option(help="The people of this dataset, drawn again.")] = None,
) -> None:
    """Contact sheets to look at: people as they come, skin tones, ages, views, lesions, one patient over time."""
    from .console import progress_bar
    from .simulation import request
    from .simulation.gallery import parse_only, write_gallery

    names = parse_only(only)
    plan = request.plan_of(dataset, protocol, seed, None, patients=max(people, patient, 1))
    with progress_bar("Sheets that were finished are there.") as tell:
        written = write_gallery(plan, out, only=names, people=people, patient=patient, size_px=size, progress=tell)
    for path in written:
        typer.echo(f"Wrote {path}")


@app.command(epilog="Example:\n\nnof1sim verify trial --sample 20")
def verify(
    folder: Annotated[str, typer.Argument(help="Dataset folder, or an fsspec URL.")],
    sample: Annotated[int, typer.Option(help="How many pictures to draw again.")] = 10,
    faces: Faces = None,
) -> None:
    """Compare all files with the manifests and draw a sample again. Exit status 1 if anything differs."""
    from .simulation.faces import faces_from
    from .simulation.verify import verify as check

    with faces_from(faces):
        result = check(folder, sample)
    for line in result.lines():
        typer.echo(line)
    if not result.same:
        raise typer.Exit(1)


@protocol_app.command("list")
def protocol_list() -> None:
    """The shipped protocols, one line each."""
    from .protocol import load_protocol, shipped_protocols

    names = list(shipped_protocols())
    typer.echo(f"{'name':26} {'patients':>8} {'days':>5}  {'sequence':16}  title")
    for name in names:
        if not name.endswith("_null"):
            p = load_protocol(name)
            twin = " *" if f"{name}_null" in names else ""
            typer.echo(f"{name + twin:26} {p.cohort.patients:8} {p.days:5}  {p.design.sequence:16}  {p.title}")
    typer.echo("* has a null twin, NAME_null: the same trial with no effect of the arms.")


@protocol_app.command("show", epilog="Example:\n\nnof1sim protocol show washout --diagram washout.svg")
def protocol_show(
    name: Annotated[str, typer.Argument(help="A protocol file, or the name of a shipped one.")],
    resolved: Annotated[bool, typer.Option("--resolved", help="With every default written out.")] = False,
    diagram: Annotated[Path | None, typer.Option(help="Also draw the schedule into this SVG file.")] = None,
) -> None:
    """A protocol as YAML, and its design report."""
    import yaml

    from .protocol import load_protocol, read_document
    from .report.design import design_report, diagram_svg, to_text

    protocol = load_protocol(name)
    document: dict[str, Any] = protocol.model_dump(mode="json") if resolved else read_document(name)
    typer.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    typer.echo(to_text(design_report(protocol)))
    if diagram is not None:
        _write(diagram, diagram_svg(protocol))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}). Give a file in a folder of yours.") from None
    typer.echo(f"Wrote {path}")


@protocol_app.command("check", epilog="Example:\n\nnof1sim protocol check my.yaml")
def protocol_check(name: Annotated[str, typer.Argument(help="A protocol file, or a shipped name.")]) -> None:
    """Check a protocol: all faults at once, or its design report."""
    from .protocol import load_protocol
    from .report.design import design_report, to_text
    from .simulation.renderers import check_images

    protocol = load_protocol(name)
    check_images(protocol)
    typer.echo(f"{name}: fine (digest {protocol.digest[:16]})\n")
    typer.echo(to_text(design_report(protocol)))


@protocol_app.command("schema")
def protocol_schema() -> None:
    """The JSON schema of protocols (what schemas/protocol.v1.json holds)."""
    from .protocol.schema import schema_text

    typer.echo(schema_text(), nl=False)


@protocol_app.command("import-studyu", epilog="Example:\n\nnof1sim protocol import-studyu study.json --out study.yaml")
def protocol_import_studyu(
    source: Annotated[Path, typer.Argument(help="StudyU study definition (JSON), or an export zip.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Protocol file; default: standard output.")] = None,
) -> None:
    """Turn a StudyU study into a protocol; what StudyU does not say is listed."""
    import yaml

    from .protocol.studyu import import_studyu

    document, notes = import_studyu(source)
    text = "".join(f"# {note}\n" for note in notes) + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise InputError(f"--out: {out} exists; allowed: a new file. Choose another name or remove it.")
    _write(out, text)


def main() -> None:
    """Entry point: a user's mistake becomes a letter and exit status 2; anything else is a bug and shows itself."""
    try:
        app()
    except Nof1simError as error:
        typer.echo(f"nof1sim: {error}", err=True)
        sys.exit(2)
    finally:
        gc.freeze()  # a process that ends would look through all objects once more: a third of a second
