"""A grader as a folder: model.json says everything, weights.npz has the numbers; state.npz while it is being trained.

model.json is written last: a folder without it is not finished. All files are written aside first, then renamed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis.embed.networks import Weights, put
from ..dataset.local_files import write_atomically
from ..errors import DatasetError, Fault, InputError
from .examples import Asked
from .heads import HEADS
from .networks import build
from .recipe import Recipe
from .scales import Scale
from .split import Split
from .steps import Epoch, State

KIND, VERSION = "nof1sim grader", 1
MODEL, WEIGHTS, STATE = "model.json", "weights.npz", "state.npz"
PACKAGES = ("nof1sim", "numpy", "scipy", "pillow", "polars", "torch")


@dataclass(frozen=True, slots=True)
class Grader:
    """A trained grader. about: the whole model.json; split: who was in which part of its training."""

    recipe: Recipe
    asked: Asked
    weights: Weights
    split: Split
    about: Mapping[str, Any]
    folder: Path

    @property
    def scale(self) -> Scale:
        """The scale that it grades on."""
        return self.asked.scale

    def network(self) -> Any:
        """Its torch module, without dropout."""
        return put(build(self.recipe, HEADS[self.recipe.head].outputs(len(self.scale))), self.weights).eval()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is whole, or not there. InputError where it cannot be written."""
    try:
        write_atomically(path, data)
    except OSError as error:
        raise InputError(str(Fault("--out", str(path), "a folder of yours", f"{error.strerror}."))) from None


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of an .npz (no pickle)."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def json_bytes(document: Any) -> bytes:
    """A document as JSON; numbers that are none become null."""
    return (json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def save_state(folder: Path, state: State, job: str) -> None:
    """The checkpoint of a training that goes on. job : digest of all that decides its outcome."""
    head = {"job": job, "epochs": [asdict(epoch) for epoch in state.epochs], "best_epoch": state.best_epoch,
            "waited": state.waited, "seconds": state.seconds}  # fmt: skip
    arrays = {"head": np.frombuffer(json.dumps(head).encode(), np.uint8)}
    for name, group in (("weights", state.weights), ("best", state.best), ("moments", state.moments)):
        arrays |= {f"{name}:{key}": value for key, value in group.items()}
    write_whole(folder / STATE, packed(arrays))


def load_state(folder: Path, job: str) -> State:
    """The checkpoint in a folder.

    Raises
    ------
    InputError
        There is none, it is damaged, or it is of another training (other data, settings or seed).
    """
    path = folder / STATE
    if not path.is_file():
        what = "a finished model" if (folder / MODEL).is_file() else "no checkpoint"
        raise InputError(str(Fault("--resume", f"{folder}: {what}", "the folder of a training that was stopped")))
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(arrays["head"].tobytes())
    except (OSError, ValueError, KeyError) as error:
        raise InputError(str(Fault("--resume", str(path), "a checkpoint", f"It is damaged: {error}."))) from None
    if head["job"] != job:
        advice = "Give the same data, options and seed as before; or start anew with --overwrite."
        raise InputError(str(Fault("--resume", str(path), "the checkpoint of this very training", advice)))
    groups: dict[str, dict[str, np.ndarray]] = {"weights": {}, "best": {}, "moments": {}}
    for key, value in arrays.items():
        group, _, name = key.partition(":")
        if name:
            groups[group][name] = value
    epochs = [Epoch(**epoch) for epoch in head["epochs"]]
    return State(groups["weights"], groups["best"], groups["moments"], epochs, head["best_epoch"], head["waited"],
                 head["seconds"])  # fmt: skip


def save_grader(folder: Path, state: State, about: Mapping[str, Any]) -> None:
    """The finished grader; the checkpoint goes."""
    data = packed(state.best)
    write_whole(folder / WEIGHTS, data)
    about = {"kind": KIND, "schema_version": VERSION, **about, "weights_sha256": hashlib.sha256(data).hexdigest()}
    write_whole(folder / MODEL, json_bytes(about))
    (folder / STATE).unlink(missing_ok=True)


def load_grader(folder: str | os.PathLike[str]) -> Grader:
    """A finished grader. An InputError where the folder has none, or its files are damaged or of two graders."""
    place = Path(folder)
    if not (place / MODEL).is_file():
        started = (place / STATE).is_file()
        advice = "Its training was stopped: the same train command with --resume." if started else ""
        raise InputError(str(Fault("MODEL", str(place), "a folder that nof1sim grade train has finished", advice)))
    try:
        about = json.loads((place / MODEL).read_text(encoding="utf-8"))
        if about.get("kind") != KIND or about["schema_version"] != VERSION:
            given = f"{about.get('kind')!r}, version {about.get('schema_version')}"
            raise InputError(str(Fault(str(place / MODEL), given, f"a {KIND} of version {VERSION}")))
        data = (place / WEIGHTS).read_bytes()
        if hashlib.sha256(data).hexdigest() != about["weights_sha256"]:
            advice = "One of the two was changed or copied alone; copy the whole folder again."
            raise InputError(str(Fault(str(place / WEIGHTS), "another file", "the weights of model.json", advice)))
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            weights: Weights = {name: file[name] for name in file.files}
        asked = Asked(**(about["asked"] | {"views": tuple(about["asked"]["views"])}))
        split = Split({part: tuple(people) for part, people in about["split"]["people"].items()}, about["split"]["how"])
        return Grader(Recipe(**about["recipe"]), asked, weights, split, about, place)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DatasetError) as error:
        raise InputError(str(Fault("MODEL", str(place), "the whole folder of a grader", f"{error}."))) from None
