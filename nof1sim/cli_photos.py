"""The commands about the user's own photographs: options and a few lines each, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    from . import console_photos

    if names:
        console_photos.show_names()
    elif check:
        if not console_photos.check_landmarks(photographs or []):
            raise typer.Exit(1)
    else:
        console_photos.click_landmarks(photographs or [], port=port, browser=browser)
