"""A LoRA checkpoint as a folder: manifest.json says everything, the weights lie beside it in diffusers' layout.

While it is being trained: state.safetensors (the LoRA that is being trained and its optimiser) and
latents.safetensors. The manifest is written last: a folder without it is not finished. No pickle is ever read.
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
from ..errors import Fault, InputError, RenderError
from ..grading.saved import json_bytes
from ..render.diffusion.extras import optional
from ..render.diffusion.files import safetensors_shapes
from ..render.diffusion.verify import sha256_of
from .lora_latents import Latents
from .lora_options import BASES, LoraOptions, options_from
from .lora_train import State
from .manifest import KIND, MANIFEST, VERSION, WHOLE, Opened, read_manifest

STATE, LATENTS = "state.safetensors", "latents.safetensors"
WEIGHTS = "pytorch_lora_weights.safetensors"
"""The name that diffusers looks for in a folder."""
ALL = "all"
"""The one LoRA of all grades."""


@dataclass(frozen=True, slots=True)
class LoraCheckpoint(Opened):
    """A finished training. files: name of a LoRA ("all", or "0", "1" ...) -> its file."""

    options: LoraOptions
    files: Mapping[str, Path]

    @property
    def grades(self) -> tuple[int, ...]:
        """The grades that it has learnt, ascending."""
        return tuple(self.about["severity"]["grades"])

    def file_of(self, grade: int) -> Path:
        """The LoRA that a grade is drawn with. InputError: it has not learnt that grade."""
        if grade not in self.grades:
            allowed = f"{', '.join(map(str, self.grades))}: what {self.folder.name} has learnt"
            raise InputError(str(Fault("grade", grade, allowed)))
        return self.files[str(grade) if self.options.per_grade else ALL]


def path_of(name: str) -> str:
    """Where a LoRA lies in the folder: the one of all grades at the top, a grade's as in a models directory."""
    return WEIGHTS if name == ALL else f"acne{name}-lora/{WEIGHTS}"


def write_tensors(path: Path, tensors: Mapping[str, Any], head: Mapping[str, Any] | None = None) -> str:
    """Write tensors, with a JSON head beside them, whole or not at all; the SHA-256 of the file.

    Raises
    ------
    InputError
        It cannot be written.
    """
    said = None if head is None else {"nof1sim": json.dumps(head)}
    data = optional("safetensors.torch").save({k: v.contiguous() for k, v in tensors.items()}, metadata=said)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise InputError(str(Fault(f"--out {path}", error.strerror, "a folder of yours"))) from None
    return hashlib.sha256(data).hexdigest()


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reverse: tensors and head. InputError for a file that is damaged, or of something else."""
    try:
        safetensors_shapes(path)
        with optional("safetensors").safe_open(path, "pt") as file:
            head = json.loads((file.metadata() or {})["nof1sim"])
            return {key: file.get_tensor(key) for key in file.keys()}, head  # noqa: SIM118
    except (OSError, ValueError, KeyError, RenderError) as error:
        given = f"a damaged file ({str(error)[-60:]})"
        fault = Fault(f"--resume {path}", given, "the file of a training", "Start anew with --overwrite.")
        raise InputError(str(fault)) from None


def save_state(folder: Path, job: str, name: str, state: State, done: Mapping[str, Any]) -> None:
    """Write a checkpoint of a training that goes on. done: of the LoRAs before this one, what the manifest will say."""
    tensors = {f"weights:{key}": value for key, value in state.weights.items()}
    tensors |= {f"moments:{key}": value for key, value in state.moments.items()}
    head = {"job": job, "name": name, "plain": state.plain, "losses": state.losses, "skipped": state.skipped,
            "seconds": state.seconds, "done": done}  # fmt: skip
    write_tensors(folder / STATE, tensors, head)


def load_state(folder: Path, job: str) -> tuple[str, State, dict[str, Any]]:
    """Name of the LoRA that is being trained, its state, and what is done. ("", a fresh state, nothing) where the
    training was stopped before its first checkpoint. InputError: it is of another training."""
    if not (folder / STATE).is_file():
        return "", State(), {}
    tensors, head = read_tensors(folder / STATE)
    check_job(folder, head, job)
    groups: dict[str, dict[str, Any]] = {"weights": {}, "moments": {}}
    for key, value in tensors.items():
        group, _, name = key.partition(":")
        groups[group][name] = value
    state = State(groups["weights"], groups["moments"], head["plain"], head["losses"], head["skipped"], head["seconds"])
    return head["name"], state, head["done"]


def check_job(folder: Path, head: Mapping[str, Any], job: str) -> None:
    """InputError unless a file is of this very training."""
    if head.get("job") != job:
        advice = "Give the same data, base, options and seed as before; or start anew with --overwrite."
        raise InputError(
            str(Fault(f"--resume {folder}", "another training", "the folder of this very training", advice))
        )


def save_latents(folder: Path, job: str, latents: Latents, faults: tuple[str, ...]) -> None:
    """Keep latents for a training that is resumed."""
    tensors = {name: getattr(latents, name) for name in Latents.__slots__ if name != "sha256"}
    write_tensors(folder / LATENTS, tensors, {"job": job, "faults": faults, "sha256": latents.sha256})


def load_latents(folder: Path, job: str) -> tuple[Latents, tuple[str, ...]] | None:
    """Kept latents and the letters of what was left out; None where there are none."""
    if not (folder / LATENTS).is_file():
        return None
    tensors, head = read_tensors(folder / LATENTS)
    check_job(folder, head, job)
    return Latents(**tensors, sha256=tuple(head["sha256"])), tuple(head["faults"])


def finish(folder: Path, about: Mapping[str, Any], done: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the manifest; the training's own files go. done: name of a LoRA -> sha256, losses, seconds."""
    files = [{"name": name, "file": path_of(name), "sha256": one["sha256"],
              "bytes": (folder / path_of(name)).stat().st_size} for name, one in done.items()]  # fmt: skip
    whole = hashlib.sha256("".join(one["sha256"] for one in files).encode()).hexdigest()
    document = {
        "kind": KIND, "schema_version": VERSION, **about,
        "losses": {name: one["losses"] for name, one in done.items()},
        "seconds": round(sum(one["seconds"] for one in done.values()), 1),
        "weights": {"sha256": whole, "files": files},
    }  # fmt: skip
    write_atomically(folder / MANIFEST, json_bytes(document))
    for name in (STATE, LATENTS):
        (folder / name).unlink(missing_ok=True)


def open_lora(path: str | os.PathLike[str], where: str = "CHECKPOINT") -> LoraCheckpoint:
    """A finished LoRA training. Its weights are hashed, not loaded.

    Raises
    ------
    InputError
        As of `manifest.read_manifest`; another model, a file of weights that is missing or altered.
    """
    found = read_manifest(path, where)
    if found.model not in BASES:
        raise InputError(str(Fault(str(found.folder / MANIFEST), f"model {found.model!r}", " or ".join(BASES))))
    return lora_of(found)


def lora_of(found: Opened) -> LoraCheckpoint:
    """The LoRA of a manifest that was read. InputError: weights that are missing or altered, unknown options."""
    try:
        files = {one["name"]: _checked(found.folder, one) for one in found.about["weights"]["files"]}
        return LoraCheckpoint(found.folder, found.about, options_from(found.about["options"]), files)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(str(Fault(str(found.folder / MANIFEST), str(error), "a whole manifest", WHOLE))) from None


def _checked(folder: Path, named: Mapping[str, Any]) -> Path:
    """A file of weights, its bytes those that the manifest names."""
    path = folder / path_of(named["name"])
    if not path.is_file():
        raise InputError(str(Fault(str(path), "no such file", "the file that manifest.json names", WHOLE)))
    if path.stat().st_size != named["bytes"] or sha256_of(path) != named["sha256"]:
        raise InputError(str(Fault(str(path), "other bytes", "those that manifest.json names", WHOLE)))
    return path
