"""LoRA files: which layout, whether whole and for which base; and severity as a mix of neighbouring grades."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .extras import need_peft, without_notes, wrong
from .files import Tensors, load_tensors
from .layouts import BASE_OF_CROSS, Shapes

PAIRS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "kohya": ((".lora_down.weight", ".lora_up.weight"),),
        "diffusers": (
            (".lora_A.weight", ".lora_B.weight"),
            (".lora.down.weight", ".lora.up.weight"),
            ("_lora.down.weight", "_lora.up.weight"),
        ),
    }
)
"""Layout -> endings of the two halves (down, up) of one low-rank change."""
TEXT = ("lora_te", "text_encoder")


def lora_layout(shapes: Shapes, path: str | os.PathLike[str], cross: int) -> str:
    """ "kohya" (lora_unet_*, with .alpha) or "diffusers" (unet.*). Raises where halves are missing or do not fit.

    cross : the width of the text that the UNet attends to (2048 SDXL, 768 SD1.5).
    """
    layout = "kohya" if any(key.startswith("lora_unet_") for key in shapes) else "diffusers"
    ends = PAIRS[layout]
    downs = [(key, key.removesuffix(down) + up) for key in shapes for down, up in ends if key.endswith(down)]
    text = next((key for key in shapes if key.startswith(TEXT)), None)
    if text:
        raise wrong(path, f"the key {text}", "a LoRA of the UNet alone", "Text encoders are not changed here.")
    if not downs:
        some = ", ".join(sorted(shapes)[:2]) or "no key"
        allowed = "lora_unet_*.lora_down.weight (kohya) or unet.*.lora_A.weight (diffusers)"
        raise wrong(path, some, allowed, "It is no LoRA of a layout that is known here.")
    for down, up in downs:
        if up not in shapes:
            raise wrong(path, f"{down} without {up}", "both halves of every pair", "The file is incomplete.")
        if shapes[down][0] != shapes[up][1]:
            raise wrong(path, f"{down} {shapes[down]}, {up} {shapes[up]}", "halves of one rank")
    for down, _ in downs:
        if re.search(r"attn2[._]to_k|attn2\.processor\.to_k", down) and shapes[down][1] != cross:
            given, ours = (f"{BASE_OF_CROSS.get(n, 'unknown base')} ({n})" for n in (shapes[down][1], cross))
            raise wrong(path, f"{down} for {given}", f"a LoRA for {ours}", "It was made for another base model.")
    return layout


def load_lora(path: str | os.PathLike[str], cross: int) -> Tensors:
    """Read and check a LoRA's file."""
    tensors = load_tensors(path)
    lora_layout({key: tuple(value.shape) for key, value in tensors.items()}, path, cross)
    return tensors


def add_lora(pipeline: Any, tensors: Tensors, name: str, path: str | os.PathLike[str]) -> None:
    """Put a checked LoRA into the pipeline's UNet under `name`; raises unless every pair found its layer."""
    need_peft(str(path))
    pairs = sum(key.endswith(tuple(end for ends in PAIRS.values() for end, _ in ends)) for key in tensors)
    try:
        with without_notes():
            pipeline.load_lora_weights(dict(tensors), adapter_name=name)
    except (ValueError, RuntimeError) as error:
        raise wrong(path, f"keys that fit no layer ({str(error)[:120]})", "a LoRA made for this UNet") from None
    found = sum(name in getattr(module, "lora_A", ()) for module in pipeline.unet.modules())
    if found != pairs:
        advice = "It was made for another UNet."
        raise wrong(path, f"{pairs} pairs, of which {found} fit", "a LoRA whose every pair fits this UNet", advice)


def fuse_loras(pipeline: Any, names: Sequence[str]) -> None:
    """Add the named LoRAs, at weight 1, to the UNet's weights for good: no cost at each step."""
    if names:
        pipeline.set_adapters(list(names), [1.0] * len(names))
        pipeline.fuse_lora(components=["unet"], adapter_names=list(names))
        pipeline.unload_lora_weights()


def grade_weights(severity: float, grades: int = 4) -> dict[int, float]:
    """Severity -> weight of each grade's LoRA: the two neighbouring grades share it, 1 - f and f.

    >>> grade_weights(1.25)
    {1: 0.75, 2: 0.25}
    >>> grade_weights(3)
    {3: 1.0}
    """
    top = grades - 1
    if not 0 <= severity <= top:
        raise wrong("severity", severity, f"0 to {top}")
    low = min(math.floor(severity), top)
    rest = float(severity - low)
    return {grade: weight for grade, weight in ((low, 1 - rest), (low + 1, rest)) if weight > 0}


def severity_adapters(weights: Mapping[int, float]) -> tuple[list[str], list[float]]:
    """Names and weights for `pipeline.set_adapters`; their low-rank changes add up linearly."""
    return [f"grade{grade}" for grade in weights], list(weights.values())
