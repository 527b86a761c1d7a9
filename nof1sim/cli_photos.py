"""The commands about the user's own photographs: options and a few lines each, no logic."""

from __future__ import annotations

import typer

app = typer.Typer()
