"""The commands about graders: options and a few lines each, no logic."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Networks that grade severity: train, predict, evaluate.")
