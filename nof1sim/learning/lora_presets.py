"""Presets of LoRA fine-tuning, among them a published recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from ..errors import Fault, InputError, unknown_name
from .lora_options import BASES, LoraOptions

HETTICH2024 = LoraOptions(
    base="sdxl", size_px=1024, steps=500, batch=1, accumulate=3, rate=1e-4, rank=4, per_grade=True, snr_gamma=5.0,
    optimiser="adamw8bit", precision="fp16",
)  # fmt: skip
"""M. Hettich's recipe (synthetic_acne_images, 2024): one DreamBooth LoRA a grade, seed 0, no prior preservation. The
rank is that which the size of the published files (23,390,424 bytes) tells."""
PRESETS: dict[str, LoraOptions] = {
    "sdxl": LoraOptions(size_px=1024, accumulate=3),
    "sd15": LoraOptions(base="sd15"),
    "hettich2024": HETTICH2024,
}


def lora_options(name: str, changes: Mapping[str, Any] | None = None, model: str | None = None) -> LoraOptions:
    """A preset with some settings changed.

    model : "lora-sdxl" or "lora-sd15", where it was asked for by that name: it must fit the preset.

    Raises
    ------
    UnknownNameError
        No preset or setting has that name.
    InputError
        Settings that are not allowed; a preset for the other base network.
    """
    if name not in PRESETS:
        raise unknown_name("preset", "--preset", name, PRESETS)
    known = [field.name for field in fields(LoraOptions)]
    for key in changes or {}:
        if key not in known:
            raise unknown_name("setting", f"lora.{key}", key, known)
    changed = dict(changes or {})
    if isinstance(targets := changed.get("targets"), str | list):
        changed["targets"] = tuple(targets.split(",") if isinstance(targets, str) else targets)
    try:
        options = replace(PRESETS[name], **changed)
    except TypeError as error:
        raise InputError(str(Fault("lora", str(error), "settings of the kinds that the documentation lists"))) from None
    if model is not None and BASES[model] != options.base:
        raise InputError(str(Fault("--preset", name, f"a preset for {model}", f"This one is for {options.base}.")))
    return options


READING = ("labels", "every")
"""Settings that say what is read (`lora_data.read_lora_data`), not how it is learnt."""


def settings_of(model: str, given: Mapping[str, Any]) -> tuple[LoraOptions, dict[str, Any]]:
    """What `--set key=value` says for a model: its options, and how the data are read.

    `preset` names the preset that the others change; default: that of the model's base. Errors as of `lora_options`.

    >>> settings_of("lora-sdxl", {"preset": "hettich2024", "steps": 9, "labels": "severity"})[1]
    {'labels': 'severity'}
    """
    rest = {key: value for key, value in given.items() if key not in (*READING, "preset")}
    reading = {key: given[key] for key in READING if key in given}
    return lora_options(str(given.get("preset", BASES[model])), rest, model), reading
