"""From a model's name and `key=value` texts to a learner; every fault is a letter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

from ..errors import Fault, InputError, did_you_mean
from .base import MODELS, Learner
from .lora_options import BASES
from .torches import device_here


def model_class(name: str, where: str = "--model") -> Any:
    """The class of a model. InputError for an unknown name."""
    if name not in MODELS:
        known = (*MODELS, *BASES)
        raise InputError(str(Fault(where, name, ", ".join(known), did_you_mean(name, known))))
    module, _, thing = MODELS[name].partition(":")
    return getattr(import_module(module), thing)


def option_names(options: Any) -> list[str]:
    """Names of the settings of an Options class."""
    return [field.name for field in fields(options)] if is_dataclass(options) else list(options.model_fields)


def parse_set(texts: Iterable[str]) -> dict[str, Any]:
    """`["code=64", "rate=1e-3"]` as a dict; values are JSON where they can be, else text."""
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError(str(Fault("--set", text, "key=value, such as code=64")))
        if key.strip() in found:
            raise InputError(str(Fault("--set", text, f"{key.strip()} once")))
        try:
            found[key.strip()] = json.loads(value)
        except ValueError:
            found[key.strip()] = value.strip()
    return found


def make_options(name: str, given: Mapping[str, Any], where: str = "--set") -> Any:
    """A model's Options with these settings. InputError lists unknown names and values that do not fit."""
    from pydantic import TypeAdapter, ValidationError

    options = model_class(name).Options
    known = option_names(options)
    faults = [
        Fault(f"{where} {key}", value, f"of {name}: {', '.join(known) or 'no settings'}", did_you_mean(key, known))
        for key, value in given.items()
        if key not in known
    ]
    if not faults:
        try:
            return TypeAdapter(options).validate_python(dict(given))
        except ValidationError as error:
            faults = [Fault(f"{where} {'.'.join(map(str, e['loc']))}", e["input"], e["msg"]) for e in error.errors()]
    raise InputError("\n".join(map(str, faults)))


def options_json(name: str, options: Any) -> dict[str, Any]:
    """An Options instance as JSON values."""
    from pydantic import TypeAdapter

    return TypeAdapter(model_class(name).Options).dump_python(options, mode="json")


def make_learner(name: str, options: Any, size_px: int, seed: int) -> Learner:
    """A model with fresh weights, its networks on the device that is used here."""
    learner: Learner = model_class(name)(options, size_px, seed)
    device = device_here()
    for group in (learner.networks, learner.averages):
        for net in group.values():
            net.to(device)
    return learner
