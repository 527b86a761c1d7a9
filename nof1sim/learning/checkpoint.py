"""A checkpoint as a folder: manifest.json says everything, the weights are safetensors beside it.

The files with numbers are named by their content and written first, the manifest, which names them, last: whenever a
training is killed, the folder holds the last whole checkpoint. No pickle is ever read: one can run any code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dataset.local_files import write_atomically
from ..errors import Fault, InputError, Nof1simError
from ..grading.saved import json_bytes
from .base import MODELS, Learner
from .models import make_learner, make_options
from .sample_rows import Scale
from .torches import import_safetensors

KIND, VERSION = "nof1sim learned renderer", 1
MANIFEST = "manifest.json"
ENDING = ".safetensors"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
AVERAGE = "average."
"""Before the name of a network whose running mean is stored beside it."""
Tensors = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that was opened: its manifest is in order and its weights are those that the manifest names."""

    folder: Path
    about: Mapping[str, Any]

    @property
    def model(self) -> str:
        return str(self.about["model"])

    @property
    def size_px(self) -> int:
        return int(self.about["size_px"])

    @property
    def sha256(self) -> str:
        """Of all that decides a picture (model, settings, size, weights): what a protocol names."""
        decides = [self.model, self.about["options"], self.size_px, self.about["weights"]["sha256"]]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()

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
        raise InputError(str(Fault(str(path), error.strerror, "the file that manifest.json names", _WHOLE))) from None
    if len(data) != named["bytes"]:
        raise InputError(str(Fault(str(path), f"{len(data)} bytes", f"{named['bytes']} bytes", f"Cut off. {_WHOLE}")))
    if hashlib.sha256(data).hexdigest() != named["sha256"]:
        raise InputError(str(Fault(str(path), "altered bytes", "the SHA-256 that manifest.json names", _WHOLE)))
    try:
        return import_safetensors().load(data)
    except Nof1simError:
        raise
    except Exception as error:  # safetensors has an error class of its own, which only the package can name
        raise InputError(str(Fault(str(path), f"{error}", "a safetensors file", _WHOLE))) from None


_WHOLE = "Copy the whole folder of the checkpoint again."


def open_checkpoint(path: str | os.PathLike[str], where: str = "CHECKPOINT") -> Checkpoint:
    """The checkpoint in a folder, without loading its weights.

    Raises
    ------
    InputError
        A pickle, no checkpoint, one of another version of this format or of an unknown model, a file cut off.
    """
    folder = Path(path).expanduser()
    _refuse_pickles(folder, where)
    if not (folder / MANIFEST).is_file():
        given = f"no {MANIFEST} in it" if folder.is_dir() else "no folder of that name"
        raise InputError(str(Fault(f"{where} {folder}", given, "a folder that nof1sim learn train wrote")))
    try:
        about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        kind, version = about.get("kind"), about.get("schema_version")
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            str(Fault(str(folder / MANIFEST), f"{error}", "the manifest of a checkpoint", _WHOLE))
        ) from None
    if (kind, version) != (KIND, VERSION):
        given = f"{kind!r}, version {version}"
        advice = "Use the version of nof1sim that wrote it, or train anew."
        raise InputError(str(Fault(str(folder / MANIFEST), given, f"{KIND!r}, version {VERSION}", advice)))
    if about.get("model") not in MODELS:
        raise InputError(str(Fault(str(folder / MANIFEST), about.get("model"), f"a model of {', '.join(MODELS)}")))
    lost = [key for key in ("options", "size_px", "channels", "severity", "seed", "weights") if key not in about]
    if lost or about["channels"] != 3:
        given = f"no {lost[0]}" if lost else f"{about['channels']} channels"
        raise InputError(str(Fault(str(folder / MANIFEST), given, "a whole manifest, 3 channels", _WHOLE)))
    return Checkpoint(folder, about)


def _refuse_pickles(path: Path, where: str) -> None:
    why = "A pickle can run any code when it is read. Give a folder with safetensors that nof1sim learn train wrote."
    if path.suffix.lower() in PICKLES:
        raise InputError(str(Fault(where, path.name, "a folder, and no pickle", why)))
    if path.is_file():
        raise InputError(str(Fault(where, str(path), "the checkpoint's folder, not a file in it")))
    inside = sorted(one.name for one in path.glob("*") if one.suffix.lower() in PICKLES) if path.is_dir() else []
    if inside and not (path / MANIFEST).is_file():
        raise InputError(str(Fault(where, f"a folder with {', '.join(inside[:3])}", "safetensors, no pickle", why)))
