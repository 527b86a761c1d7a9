"""The registry as text for the docs, so that page and code cannot drift apart."""

from __future__ import annotations

from .artifacts import SPECS
from .licences import LICENCES


def licence_table() -> str:
    """Every model with its repository, size, pinned revision and terms, as Markdown."""
    lines = [
        "| model | repository | GB | revision | terms | `--accept-license` |",
        "|---|---|---|---|---|---|",
    ]
    for name, spec in SPECS.items():
        licence = LICENCES[spec.licence]
        revision = f"`{spec.revision[:8]}`" if spec.revision else "not pinned yet"
        terms = f"{licence.title}. {licence.forbids}" + ("" if licence.confirmed else " (to confirm)")
        accept = "needed" if licence.needs_acceptance else ""
        size = f"{spec.about_bytes / 1e9:.2f}"
        lines.append(f"| `{name}` | {spec.repo} | {size} | {revision} | {terms} | {accept} |")
    return "\n".join(lines)
