"""A checkpoint as a folder: manifest.json says everything, the weights are safetensors beside it.

The files with numbers are named by their content and written first, the manifest, which names them, last: whenever a
training is killed, the folder holds the last whole checkpoint. No pickle is ever read: one can run any code.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dataset.local_files import write_atomically
from ..errors import Fault, InputError, Nof1simError
from ..grading.saved import json_bytes
from .base import Learner
from .lora_files import LoraCheckpoint, lora_of
from .lora_options import BASES
from .manifest import KIND, MANIFEST, VERSION, WHOLE, Opened, read_manifest
from .models import make_learner, make_options
from .sample_rows import Scale
from .torches import import_safetensors

ENDING = ".safetensors"
AVERAGE = "average."
"""Before the name of a network whose running mean is stored beside it."""
Tensors = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint(Opened):
    """A checkpoint that was opened. Its weights are read, and checked against the manifest, by `learner`."""

    @property
    def scale(self) -> Scale:
        """What its severities mean."""
        return Scale(**self.about["severity"])

    def learner(self) -> Learner:
        """The model with its weights, ready to draw. An InputError where they are of another architecture."""
        options = make_options(self.model, self.about["options"], f"{self.folder / MANIFEST}: options.")
        learner = make_learner(self.model, options, self.size_px, int(self.about["seed"]))
        put_weights(learner, read_tensors(self.folder, self.about["weights"]), str(self.folder))
        for net in (*learner.networks.values(), *learner.averages.values()):
            net.eval()
        return learner


def weights_of(learner: Learner) -> Tensors:
    """All that is needed to draw: `network.parameter`, and `average.network.parameter`."""
    groups = [("", learner.networks), (AVERAGE, learner.averages)]
    return {
        f"{before}{name}.{key}": _kept(value)
        for before, nets in groups
        for name, net in nets.items()
        for key, value in net.state_dict().items()
    }


def put_weights(learner: Learner, weights: Tensors, where: str) -> None:
    """The reverse of `weights_of`. InputError unless names and shapes are the model's own."""
    own = weights_of(learner)
    if lost := sorted(set(own) ^ set(weights)):
        given = f"{lost[0]} {'missing' if lost[0] in own else 'of something else'} ({len(lost)} differ)"
        raise InputError(str(Fault(where, given, f"the weights of this {learner.name}", _OTHER)))
    for key, value in own.items():
        if tuple(value.shape) != tuple(weights[key].shape):
            given = f"{key} of shape {tuple(weights[key].shape)}"
            raise InputError(str(Fault(where, given, f"shape {tuple(value.shape)}", _OTHER)))
    for before, nets in (("", learner.networks), (AVERAGE, learner.averages)):
        for name, net in nets.items():
            net.load_state_dict({key: weights[f"{before}{name}.{key}"] for key in net.state_dict()})


_OTHER = "It is of another architecture, size or version of nof1sim: use the folder as the training wrote it."


def _kept(value: Any) -> Any:
    return value.detach().cpu().contiguous().clone()


def moments_of(learner: Learner) -> Tensors:
    """What the optimisers remember: `optimiser/place/name`."""
    import torch  # pyright: ignore[reportMissingImports]

    return {
        f"{which}/{place}/{name}": _kept(value if torch.is_tensor(value) else torch.tensor(value, dtype=torch.float64))
        for which, optimiser in learner.optimisers.items()
        for place, memory in optimiser.state_dict()["state"].items()
        for name, value in memory.items()
        if value is not None
    }


def put_moments(learner: Learner, moments: Tensors) -> None:
    """The reverse of `moments_of`."""
    for which, optimiser in learner.optimisers.items():
        state: dict[int, Tensors] = {}
        for key, value in moments.items():
            owner, place, name = key.split("/", 2)
            if owner == which:
                state.setdefault(int(place), {})[name] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def save(folder: Path, about: Mapping[str, Any], weights: Tensors, moments: Tensors | None) -> None:
    """Write a checkpoint. moments : None where the training is finished.

    Raises
    ------
    InputError
        The folder cannot be written; what was there before stands.
    """
    try:
        named = {"weights": _write(folder, "weights", weights),
                 "training": None if moments is None else _write(folder, "training", moments)}  # fmt: skip
        document = {"kind": KIND, "schema_version": VERSION, **about, **named}
        write_atomically(folder / MANIFEST, json_bytes(document))
    except OSError as error:
        raise InputError(str(Fault("--out", str(folder), "a folder of yours", f"{error.strerror}."))) from None
    keep = {found["file"] for found in named.values() if found}
    for path in folder.glob(f"*{ENDING}"):
        if path.name not in keep and path.name.split("-")[0] in named:
            path.unlink(missing_ok=True)


def _write(folder: Path, what: str, tensors: Tensors) -> dict[str, Any]:
    data = import_safetensors().save(tensors)
    digest = hashlib.sha256(data).hexdigest()
    name = f"{what}-{digest[:12]}{ENDING}"
    write_atomically(folder / name, data)
    return {"file": name, "sha256": digest, "bytes": len(data)}


def read_tensors(folder: Path, named: Mapping[str, Any]) -> Tensors:
    """The tensors of a file that a manifest names. InputError for one that is missing, truncated or altered."""
    path = folder / Path(str(named["file"])).name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(str(Fault(str(path), error.strerror, "the file that manifest.json names", WHOLE))) from None
    if len(data) != named["bytes"]:
        raise InputError(str(Fault(str(path), f"{len(data)} bytes", f"{named['bytes']} bytes", f"Cut off. {WHOLE}")))
    if hashlib.sha256(data).hexdigest() != named["sha256"]:
        raise InputError(str(Fault(str(path), "altered bytes", "the SHA-256 that manifest.json names", WHOLE)))
    try:
        return import_safetensors().load(data)
    except Nof1simError:
        raise
    except Exception as error:  # safetensors has an error class of its own, which only the package can name
        raise InputError(str(Fault(str(path), f"{error}", "a safetensors file", WHOLE))) from None


def open_checkpoint(path: str | os.PathLike[str], where: str = "CHECKPOINT") -> Checkpoint | LoraCheckpoint:
    """The checkpoint in a folder, without loading its weights: a LoRA where the manifest's model is one.

    Raises
    ------
    InputError
        As of `manifest.read_manifest`; of a LoRA also weights that are missing or altered.
    """
    found = read_manifest(path, where)
    return lora_of(found) if found.model in BASES else Checkpoint(found.folder, found.about)
