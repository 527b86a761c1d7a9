"""Settings of LoRA fine-tuning. Needs no torch.

LoRA: Hu et al., arXiv 2106.09685. DreamBooth and prior preservation: Ruiz et al., arXiv 2208.12242. Min-SNR weights:
Hang et al., arXiv 2303.09556.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import Fault, InputError, did_you_mean

Base = Literal["sdxl", "sd15"]
BASES: dict[str, Base] = {"lora-sdxl": "sdxl", "lora-sd15": "sd15"}
"""Name of the model on the command line -> base network."""
ARTIFACT = {"sdxl": "sdxl-base", "sd15": "sd15-base"}
"""Base network -> its name in `nof1sim models`."""
CHOICES = {
    "base": ("sdxl", "sd15"),
    "optimiser": ("adamw", "adamw8bit"),
    "precision": ("auto", "fp32", "fp16", "bf16"),
    "prediction": ("auto", "epsilon", "v_prediction"),
}


@dataclass(frozen=True, slots=True)
class LoraOptions:
    """How a LoRA is trained.

    base : "sdxl" or "sd15".  size_px : side of the squares, a multiple of 64.
    steps : of the optimiser, each of `accumulate` passes over `batch` pictures.  rate : learning rate, constant.
    rank, alpha : of the low-rank change, scaled by alpha / rank; alpha None: the rank.  targets : layers of the UNet
        by the end of their name.  text_encoder : change the attention of the text encoders, too.
    per_grade : one LoRA a grade (DreamBooth); else one for all, told apart by the prompt.
    prompt : what stands under a picture; {grade} is the number of its grade.
    snr_gamma : of min-SNR weights; None: every time step weighs the same.  prediction : what the UNet predicts;
        "auto": what the base's scheduler says.
    prior_images : pictures of `prior_prompt` that the base draws itself, to be kept as it draws them (prior
        preservation); 0: none.  prior_weight : of their loss.  prior_steps : with which each is drawn.
    flip : mirror half of the pictures.  balanced : the grades take turns, however many pictures each has.
    optimiser : "adamw", or "adamw8bit" (bitsandbytes, GPU).  decay, clip : weight decay, greatest norm of a gradient.
    precision : of the frozen weights; "auto": half on a GPU, single elsewhere. The LoRA itself is single precision.
    checkpointing : compute activations twice instead of keeping them (gradient checkpointing).
    checkpoint_every : steps between checkpoints.  sample_every : steps between sample sheets; 0: none.
    sample_steps : of the schedule that a sample is drawn with.

    Raises
    ------
    InputError
        Lists every setting that is not allowed.
    """

    base: Base = "sdxl"
    size_px: int = 512
    steps: int = 500
    batch: int = 1
    accumulate: int = 1
    rate: float = 1e-4
    rank: int = 4
    alpha: float | None = None
    targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0")
    text_encoder: bool = False
    per_grade: bool = False
    prompt: str = "photo of a person with acne{grade}"
    snr_gamma: float | None = 5.0
    prediction: Literal["auto", "epsilon", "v_prediction"] = "auto"
    prior_images: int = 0
    prior_prompt: str = "photo of a person"
    prior_weight: float = 1.0
    prior_steps: int = 30
    flip: bool = False
    balanced: bool = False
    optimiser: Literal["adamw", "adamw8bit"] = "adamw"
    decay: float = 1e-2
    clip: float = 1.0
    precision: Literal["auto", "fp32", "fp16", "bf16"] = "auto"
    checkpointing: bool = True
    checkpoint_every: int = 50
    sample_every: int = 0
    sample_steps: int = 30

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise InputError("\n".join(map(str, faults)))

    @property
    def scale(self) -> float:
        """What the low-rank change is multiplied by."""
        return (self.rank if self.alpha is None else self.alpha) / self.rank

    def prompt_of(self, grade: int) -> str:
        """What stands under a picture of a grade."""
        return self.prompt.format(grade=grade)


def options_from(document: Mapping[str, Any]) -> LoraOptions:
    """The options that a manifest has. InputError where it has others."""
    try:
        return LoraOptions(**{**document, "targets": tuple(document["targets"])})
    except (TypeError, KeyError) as error:
        fault = Fault("manifest.json: options", str(error), "the options of this version of nof1sim")
        raise InputError(str(fault)) from None


def document_of(options: LoraOptions) -> dict[str, Any]:
    """The options as plain values."""
    return {**asdict(options), "targets": list(options.targets)}


WHOLE = {
    "size_px": 64, "steps": 1, "batch": 1, "accumulate": 1, "rank": 1, "prior_images": 0, "prior_steps": 1,
    "checkpoint_every": 1, "sample_every": 0, "sample_steps": 1,
}  # fmt: skip
"""Whole numbers and the least that each may be."""
ABOVE_ZERO = ("rate", "clip")
NOT_NEGATIVE = ("prior_weight", "decay")


def _faults(o: LoraOptions) -> list[Fault]:
    faults: list[Fault] = []

    def need(name: str, good: bool, allowed: str, advice: str = "") -> None:
        if not good:
            faults.append(Fault(f"lora.{name}", getattr(o, name), allowed, advice))

    for name, allowed in CHOICES.items():
        given = getattr(o, name)
        need(name, given in allowed, ", ".join(allowed), did_you_mean(given, allowed))
    for name, least in WHOLE.items():
        given = getattr(o, name)
        need(name, isinstance(given, int) and not isinstance(given, bool) and given >= least, f"{least} or more")
    for name in ABOVE_ZERO:
        need(name, _is_number(getattr(o, name)) and getattr(o, name) > 0, "a number above 0")
    for name in NOT_NEGATIVE:
        need(name, _is_number(getattr(o, name)) and getattr(o, name) >= 0, "0 or more")
    for name in ("alpha", "snr_gamma"):
        given = getattr(o, name)
        need(name, given is None or (_is_number(given) and given > 0), "a number above 0, or nothing (null)")
    need("size_px", isinstance(o.size_px, int) and o.size_px % 64 == 0, "a multiple of 64")
    need("targets", bool(o.targets) and all(o.targets), "one or more ends of layers' names, such as to_q")
    need("prompt", _fills(o.prompt), "text whose only name in braces is {grade}", 'Such as "photo of acne{grade}".')
    if not o.per_grade and _fills(o.prompt):
        need("prompt", "{grade}" in o.prompt, "text with {grade} in it", "Or one LoRA a grade: per_grade.")
    return faults


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _fills(text: str) -> bool:
    try:
        return all(name in (None, "grade") for _, name, _, _ in string.Formatter().parse(text))
    except ValueError:
        return False
