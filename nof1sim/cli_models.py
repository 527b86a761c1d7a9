"""The commands about published models: options and a few lines each, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Weights of the diffusion renderers: list, pull, verify, find, test them.")

Names = Annotated[list[str], typer.Argument(help="Bundles or single models; see `nof1sim models list`.")]
Models = Annotated[Path | None, typer.Option("--models", help="Your models directory; default: NOF1SIM_MODELS.")]
Cache = Annotated[Path | None, typer.Option("--cache-dir", help="The hub's cache; default: that of other tools.")]


@app.command("list", epilog="Examples:\n\nnof1sim models list\n\nnof1sim models list --models weights")
def models_list(
    models: Models = None,
    cache_dir: Cache = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table of licences, as the docs show it.")] = False,
) -> None:
    """Bundles and models: size, licence, and whether they are on this machine."""
    from . import console_models

    if markdown:
        console_models.show_markdown()
    else:
        console_models.show_models(models, cache_dir)


@app.command(
    epilog="Examples:\n\n"
    "nof1sim models pull instantid --dry-run\n\n"
    "nof1sim models pull instantid lightning --accept-license\n\n"
    "nof1sim models pull antelopev2 --from antelopev2.zip --models weights --accept-license"
)
def pull(
    names: Names,
    models: Models = None,
    cache_dir: Cache = None,
    source: Annotated[Path | None, typer.Option("--from", help="A folder or zip that you have, of one model.")] = None,
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="Accept the terms that the command names.")
    ] = False,
    latest: Annotated[bool, typer.Option("--latest", help="What the hub has now, not the pinned revisions.")] = False,
    trust_hub: Annotated[
        bool, typer.Option("--trust-hub", help="Where the hub's checksum is not that of our table, believe the hub.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be fetched, and how big.")] = False,
) -> None:
    """Fetch models into the hub's cache, check every large file, write a lock file. The same command goes on."""
    from . import console_models

    if source is not None:
        console_models.take(names, source, models, accepted=accept_license)
    elif dry_run:
        console_models.show_plan(names, models, cache_dir, latest=latest)
    else:
        console_models.pull(names, models, cache_dir, accepted=accept_license, latest=latest, trust_hub=trust_hub)


@app.command(epilog="Example:\n\nnof1sim models verify instantid")
def verify(names: Names, models: Models = None, cache_dir: Cache = None) -> None:
    """Hash every large file again. Exit status 0: nothing differs; 1: something does."""
    from . import console_models

    if not console_models.verify(names, models, cache_dir):
        raise typer.Exit(1)


@app.command(epilog="Example:\n\nnof1sim models path instantid")
def path(names: Names, models: Models = None, cache_dir: Cache = None) -> None:
    """Print the folder of each model on this machine. Never downloads."""
    from . import console_models

    console_models.show_paths(names, models, cache_dir)


@app.command(epilog="Example:\n\nnof1sim models selftest instantid --preset lightning4")
def selftest(
    renderer: Annotated[str, typer.Argument(help="instantid, ip-adapter, ip-adapter-faceid or inpaint.")] = "instantid",
    models: Models = None,
    preset: Annotated[str | None, typer.Option(help="As in images.renderer_options.")] = None,
    dtype: Annotated[str | None, typer.Option(help="fp32, fp16 or bf16.")] = None,
) -> None:
    """Draw 1 patient on 3 days with the real weights: identity, difference outside masks, seconds, memory."""
    from . import console_models

    console_models.selftest(renderer, models, preset=preset, dtype=dtype)


@app.command(
    epilog="Examples:\n\nnof1sim models identity trial\n\nnof1sim models identity trial --every 7 --json > figures.json"
)
def identity(
    folder: Annotated[str, typer.Argument(help="Dataset folder, or an fsspec URL.")],
    models: Models = None,
    pack: Annotated[str, typer.Option(help="Face pack: antelopev2 or buffalo_l.")] = "antelopev2",
    view: Annotated[str, typer.Option(help="Which view of each day.")] = "front",
    every: Annotated[int, typer.Option(min=1, help="Use each n-th picture of a patient.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Is it the same face on all of a patient's pictures, and another on the others'?"""
    from . import console_models

    console_models.identity(folder, models, pack=pack, view=view, every=every, as_json=as_json)
