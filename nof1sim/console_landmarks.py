"""What the command line does and shows of the page of landmarks."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from pathlib import Path

import typer

from .errors import Nof1simError
from .render.portrait.folder import photographs_of
from .render.portrait.photograph import read_photograph
from .render.portrait.sidecar import NAMES, find_sidecar, load_sidecar
from .report.landmarks import serve_landmarks
from .report.local_server import HOST


def click_landmarks(given: Sequence[Path], *, port: int, browser: bool) -> None:
    """Serve the page of landmarks to this machine until Ctrl-C."""
    paths = photographs_of(given)
    server, page = serve_landmarks(paths, port)
    with server:
        url = f"http://{HOST}:{server.server_address[1]}{page}"
        count = f"{len(paths)} photograph{'s' if len(paths) > 1 else ''}"
        typer.echo(f"{url} takes the landmarks of {count}. Ctrl-C ends it.")
        if browser:
            webbrowser.open(url)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            lacking = sum(find_sidecar(path) is None for path in paths)
            typer.echo(f"Ended; {lacking} of {count} without landmarks." if lacking else "Ended; all have landmarks.")


def check_landmarks(given: Sequence[Path]) -> bool:
    """List the photographs without landmarks, or with faulty ones; whether there are none."""
    paths = photographs_of(given)
    wrong = [(path, fault) for path in paths if (fault := _fault(path))]
    for path, fault in wrong:
        typer.echo(f"{path}: {fault}")
    typer.echo(f"{len(paths) - len(wrong)} of {len(paths)} photographs have landmarks.")
    return not wrong


def _fault(path: Path) -> str:
    beside = find_sidecar(path)
    if beside is None:
        return "no landmarks"
    try:
        height, width = read_photograph(path).pixels.shape[:2]
        load_sidecar(beside, (width, height))
    except Nof1simError as error:
        return str(error)
    return ""


def show_names() -> None:
    """The names that key points may have, one a line."""
    for name in NAMES:
        typer.echo(name)
