"""Where a protocol's checkpoint lies: it names the weights by hash, the folder is this machine's business."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from ..dataset.statements import Persons
from ..errors import Fault, InputError, ModelNotAvailable
from ..protocol.part import Part
from ..render.diffusion.places import Places
from ..render.diffusion.registry import resolve
from .checkpoint import Checkpoint, open_checkpoint
from .lora_files import LoraCheckpoint
from .lora_options import ARTIFACT
from .lora_render import LoraRenderOptions

LEARNED_VARIABLE = "NOF1SIM_LEARNED"
"""Environment variable with the folders of checkpoints, parted as PATH is: worker processes inherit it."""
WHERE = "images.renderer_options"
NODES = 25
"""Of the count map that a protocol keeps: with 24 steps every anchor of the acne maps (`conditions.acne.counts`) is a
node."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class LearnedOptions(Part):
    """Options of the renderer `learned`. `--renderer learned:PATH` writes `checkpoint`, `counts` and `persons`."""

    checkpoint: Sha256 | None = Field(
        default=None, description="SHA-256 of model, settings, size and weights; needed where there is no `path`."
    )
    path: str | None = Field(
        default=None, description="Folder of the checkpoint. It is read once, and replaced by `checkpoint`."
    )
    counts: list[Count] = Field(
        default=[],
        description="Lesions of the whole face at even steps of severity, 0 to the most; none: acne's inflammatory.",
    )
    persons: Persons = Field(
        default="invented", description="Whom the model learnt from: as the checkpoint says, which must agree."
    )
    consent: str | None = Field(
        default=None, description="Of a model that learnt from photographs: who consented to this use. It is recorded."
    )
    lora: LoraRenderOptions | None = Field(default=None, description="How a LoRA checkpoint draws.")

    @model_validator(mode="after")
    def _names_a_checkpoint(self) -> LearnedOptions:
        if self.checkpoint is None and self.path is None:
            raise ValueError("`checkpoint` or `path`; on the command line: --renderer learned:PATH")
        if self.counts and (len(self.counts) < 2 or sorted(set(self.counts)) != list(self.counts)):
            raise ValueError("counts that rise, two or more")
        return self


def find(options: LearnedOptions, environ: Mapping[str, str] = os.environ) -> Checkpoint | LoraCheckpoint:
    """The checkpoint that options name.

    Raises
    ------
    ModelNotAvailable
        None of the folders known here holds it; or it cannot be used.
    """
    wanted, where = options.checkpoint, f"{WHERE}.checkpoint"
    folders = [options.path] if options.path else [p for p in environ.get(LEARNED_VARIABLE, "").split(os.pathsep) if p]
    if not folders:
        allowed = f"the checkpoint's folder in the environment: {LEARNED_VARIABLE}=FOLDER nof1sim ..."
        advice = "`simulate` also takes --renderer learned:FOLDER."
        raise ModelNotAvailable(str(Fault(where, f"{wanted}, and no folder to look in", allowed, advice)))
    others, broken = [], []
    for folder in folders:
        try:
            found = open_checkpoint(folder, LEARNED_VARIABLE)
        except InputError as error:
            broken.append(str(error))
            continue
        if wanted in (None, found.sha256):
            return _agreeing(found, options)
        others.append(f"{folder} holds {found.sha256[:12]}")
    advice = "; ".join([*others, *broken])
    raise ModelNotAvailable(str(Fault(where, wanted, "the hash of a checkpoint in the folders known here", advice)))


def _agreeing(found: Checkpoint | LoraCheckpoint, options: LearnedOptions) -> Checkpoint | LoraCheckpoint:
    """The checkpoint, unless the options say of it what is not so: a dataset repeats what they say."""
    if options.path is None and options.persons != found.persons:
        raise ModelNotAvailable(str(Fault(f"{WHERE}.persons", options.persons, f"{found.persons}, as it has learnt")))
    if options.lora is not None and not isinstance(found, LoraCheckpoint):
        raise ModelNotAvailable(str(Fault(f"{WHERE}.lora", "options of a LoRA", f"none with a {found.model}")))
    return found


def settle(given: Mapping[str, Any], condition: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Options with a path -> options that any machine can use, and the variable that says where it lies here.

    Options without a path stay as they are. condition : `conditions.base.Condition`; its count map is written down.

    Raises
    ------
    InputError
        The path holds no checkpoint, or not the one that `checkpoint` names.
    """
    if not given.get("path"):
        return dict(given), {}
    path = str(given["path"])
    found = open_checkpoint(path, "--renderer learned")
    if given.get("checkpoint") not in (None, found.sha256):
        allowed = f"{given['checkpoint']}, which the protocol names"
        raise InputError(str(Fault(f"{WHERE}.path {path}", f"checkpoint {found.sha256[:16]}", allowed)))
    rest = {key: value for key, value in given.items() if key != "path"}
    options = {"counts": count_nodes(condition)} | rest | {"checkpoint": found.sha256}
    if found.persons != "invented":
        options["persons"] = found.persons
    if isinstance(found, LoraCheckpoint):
        options.setdefault("lora", {})
    before = [folder for folder in os.environ.get(LEARNED_VARIABLE, "").split(os.pathsep) if folder]
    return options, {LEARNED_VARIABLE: os.pathsep.join([str(Path(path).expanduser().resolve()), *before])}


def count_nodes(condition: Any) -> list[float]:
    """Lesions at NODES even steps of a condition's severity, from 0 to its most, to a hundredth."""
    import numpy as np

    top = float(condition.severity_of_count(np.array([np.inf]))[0])
    counts = condition.count_of_severity(np.linspace(0.0, top, NODES))
    return [round(float(count), 2) for count in counts]


def missing(options: Mapping[str, Any]) -> Sequence[str]:
    """Why the checkpoint that options name cannot be used here, or the base of a LoRA; empty where it can."""
    try:
        found = find(LearnedOptions.model_validate(dict(options)))
        if isinstance(found, LoraCheckpoint):
            resolve([ARTIFACT[found.options.base]], Places.of())
    except ModelNotAvailable as error:
        return [str(error)]
    return []


def persons(options: Mapping[str, Any]) -> Persons:
    """Who is in the pictures: real persons where the model learnt from photographs, whose faces it can show."""
    if options.get("path"):
        return open_checkpoint(str(options["path"]), "--renderer learned").persons
    return "photographs" if options.get("persons") == "photographs" else "invented"


def processes(options: Mapping[str, Any]) -> int | None:
    """How many processes draw: one where a LoRA's base network fills a GPU."""
    return None if options.get("lora") is None else 1
