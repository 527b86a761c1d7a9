"""What the manifest of a learned renderer's checkpoint says of its model: the weights are not loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import Fault, InputError
from .result import Row, Value

LEARNED = "learned:"
MANIFEST, TIMING = "manifest.json", "timing.json"
KEPT = ("model", "identity", "size_px", "parameters", "epochs", "epochs_done", "device", "weights")


def model_of(name: str) -> dict[str, Any]:
    """Some of the manifest of `learned:PATH`, and `seconds`, how long its training took, where that is told; nothing of
    another renderer, or of a folder that cannot be read: what is wrong with a checkpoint is its own reader's to say."""
    if not name.startswith(LEARNED):
        return {}
    folder = Path(name.removeprefix(LEARNED)).expanduser()
    about, timing = _read(folder / MANIFEST), _read(folder / TIMING)
    kept = {key: about[key] for key in KEPT if key in about}
    return kept | {key: timing[key] for key in ("seconds",) if key in timing}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def check_size(name: str, size_px: int) -> None:
    """An InputError for a checkpoint of another size than the comparison's."""
    own = model_of(name).get("size_px", size_px)
    if own != size_px:
        advice = f"Compare at its own size (--size {own}), or train another one."
        raise InputError(str(Fault(f"--renderers {name}", f"a checkpoint of {own} px", f"{size_px} px", advice)))


def described(row: Row, title: str) -> Row:
    """A row with its title, its model, and the model's own figures."""
    model = model_of(row.renderer)
    weights, seconds = model.get("weights"), model.get("seconds")
    size = weights.get("bytes") if isinstance(weights, Mapping) else None
    values = {
        "model_mb": Value(None if size is None else size / 1e6, 1),
        "training_seconds": Value(None if seconds is None else float(seconds), 1),
    }
    return replace(row, title=title, model=model, values={**row.values, **values})


def names_of(renderers: Sequence[str]) -> list[str]:
    """Short names: `learned:long/way/cvae` is `cvae`; where two would be alike, as they were given."""
    short = [Path(p.removeprefix(LEARNED)).name if p.startswith(LEARNED) else p for p in renderers]
    return [name if short.count(name) == 1 else path for name, path in zip(short, renderers, strict=True)]
