"""Low-rank changes inside a network: put in by peft, drawn by address, read out in diffusers' layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import Fault, InputError
from ..randomness import stream
from ..render.diffusion.extras import need_peft, optional

ADAPTER = "lora"
"""Its name inside peft, where there is one at a time."""
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")
"""Attention layers of CLIP's text encoders."""


def add_lora(model: Any, rank: int, alpha: float, targets: Sequence[str]) -> Any:
    """Put a LoRA beside the target layers of a diffusers or transformers model; the rest stays frozen.

    Raises
    ------
    InputError
        No layer's name ends so.
    """
    need_peft("lora")
    torch, peft = optional("torch"), optional("peft")
    model.requires_grad_(False)
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(targets))
    try:
        with torch.random.fork_rng(devices=[]):  # peft draws weights that are replaced
            model.add_adapter(config, ADAPTER)
    except ValueError as error:
        fault = Fault("lora.targets", ",".join(targets), "ends of names of linear layers", str(error)[:120])
        raise InputError(str(fault)) from None
    for parameter in lora_parameters(model).values():
        parameter.data = parameter.data.float()
    return model


def lora_parameters(model: Any) -> dict[str, Any]:
    """Name of the layer with ".lora_A.weight" (down) or ".lora_B.weight" (up) -> parameter, in the model's order."""
    return {
        name.replace(f".{ADAPTER}.weight", ".weight"): parameter
        for name, parameter in model.named_parameters()
        if f".lora_A.{ADAPTER}." in name or f".lora_B.{ADAPTER}." in name
    }


def all_parameters(models: Mapping[str, Any]) -> dict[str, Any]:
    """The same of several models, each name with its model's in front: "unet.", "text_encoder." ..."""
    return {f"{part}.{name}": p for part, model in models.items() for name, p in lora_parameters(model).items()}


def draw_weights(models: Mapping[str, Any], seed: int, *address: str | int) -> None:
    """Fresh weights: down uniform within 1 / sqrt(inputs), up 0, so that nothing is changed yet (Hu et al. 2021)."""
    torch = optional("torch")
    for name, parameter in all_parameters(models).items():
        value = np.zeros(tuple(parameter.shape), np.float32)
        if name.endswith(".lora_A.weight"):
            bound = parameter.shape[1] ** -0.5
            value = stream(seed, *address, "weights", name).uniform(-bound, bound, value.shape).astype(np.float32)
        parameter.data.copy_(torch.from_numpy(value))


def taken(models: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the weights, on the CPU."""
    return {name: p.detach().to("cpu", copy=True) for name, p in all_parameters(models).items()}


def put(models: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    """Take weights in. InputError where they are of other layers or another rank."""
    ours = all_parameters(models)
    odd = sorted(set(ours) ^ set(weights)) or [n for n, p in ours.items() if tuple(p.shape) != tuple(weights[n].shape)]
    if odd:
        fault = Fault("checkpoint", odd[0], "the layers and the rank of the options", "It is of another network.")
        raise InputError(str(fault))
    for name, parameter in ours.items():
        parameter.data.copy_(weights[name])


def published(weights: Mapping[str, Any], scale: float) -> dict[str, Any]:
    """The weights as diffusers saves them. scale (alpha / rank) is multiplied into the up half: whoever loads the file
    needs to know of no alpha."""
    return {
        name: (value * scale if name.endswith(".lora_B.weight") else value).contiguous()
        for name, value in weights.items()
    }


@contextmanager
def without_lora(models: Mapping[str, Any]) -> Iterator[None]:
    """The networks as they were before, inside."""
    for model in models.values():
        model.disable_adapters()
    try:
        yield
    finally:
        for model in models.values():
            model.enable_adapters()
