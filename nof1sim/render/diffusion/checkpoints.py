"""An adapter's checkpoint: which family it is, and whether it fits the UNet, before diffusers sees it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .extras import wrong
from .files import Tensors, load_tensors, safetensors_shapes, save_tensors
from .layouts import BASE_OF_CROSS, FAMILIES, Family, Shape, Shapes, Site, adapter_layout

SECTIONS = ("image_proj", "ip_adapter")
_SEEN = "perceiver_resampler.proj_in.weight"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A checked adapter as diffusers may be handed it.

    inputs : width of what it is fed: of CLIP's output where it looks through CLIP, else 512.
    sections : {"image_proj": {key: tensor}, "ip_adapter": {...}}.
    """

    path: Path
    family: Family
    inputs: int
    sections: dict[str, Tensors]


def attention_sites(unet: Any) -> tuple[Site, ...]:
    """The attention processors of a UNet2DConditionModel in the order that checkpoints number them.

    Those of a projection that is already loaded, which diffusers lists at the end, are left out.
    """
    widths = list(unet.config.block_out_channels)
    sites = []
    for n, name in enumerate(key for key in unet.attn_processors if not key.startswith("encoder_hid_proj")):
        part, _, rest = name.partition(".")
        block = int(rest.split(".")[0]) if part != "mid_block" else -1
        hidden = widths[::-1][block] if part == "up_blocks" else widths[block]
        cross = None if name.endswith("attn1.processor") else int(unet.config.cross_attention_dim)
        sites.append(Site(n, name, hidden, cross))
    return tuple(sites)


def detect_family(shapes: Shapes, path: str | os.PathLike[str]) -> Family:
    """The family from key names and shapes. FaceID-Plus v1 and v2 hold the same tensors: the file's name tells them."""
    path = Path(path)
    for section in SECTIONS:
        if not any(key.startswith(section + ".") for key in shapes):
            allowed = f"the sections {' and '.join(SECTIONS)} of an InstantID or IP-Adapter checkpoint"
            raise wrong(path, f"no key {section}.*", allowed, _other_kind(shapes))
    keys = {key.removeprefix("image_proj.") for key in shapes if key.startswith("image_proj.")}
    if "proj.3.weight" in keys:
        raise wrong(path, "image_proj.proj.3.weight (IP-Adapter full-face)", "one of: " + ", ".join(FAMILIES))
    if "proj.weight" in keys:
        return FAMILIES["plain"]
    if any(key.startswith("perceiver_resampler.") for key in keys):
        return FAMILIES["faceid-plusv2" if "plusv2" in path.name.lower() else "faceid-plus"]
    if "latents" in keys:
        inputs = shapes.get("image_proj.proj_in.weight", (0, 0))[-1]
        return FAMILIES["instantid" if inputs == 512 else "plus"]
    if {"proj.0.weight", "norm.weight"} & keys:
        lora = any(".to_q_lora." in key for key in shapes)
        return FAMILIES["faceid" if lora else "portrait"]
    allowed = "latents, proj.weight, proj.0.weight or perceiver_resampler.* below image_proj"
    raise wrong(path, f"image_proj with {', '.join(sorted(keys)[:3])} ...", allowed)


def _other_kind(shapes: Shapes) -> str:
    if any("lora" in key for key in shapes):
        return "This looks like a LoRA: name it as a LoRA, not as the adapter."
    if any(key.startswith(("down_blocks.", "controlnet_", "conv_in.")) for key in shapes):
        return "This looks like a UNet or ControlNet."
    return ""


def expected_layout(family: Family, sites: Sequence[Site], shapes: Shapes, path: Path) -> dict[str, Shape]:
    """The layout that a file of this family must have; sizes that a family leaves open are read off the file."""

    def size(key: str, axis: int) -> int:
        key = f"image_proj.{key}"
        if key not in shapes or len(shapes[key]) <= axis:
            raise wrong(path, f"no usable key {key}", f"a complete {family.title} checkpoint")
        return shapes[key][axis]

    dim = 0
    if "image_proj.latents" in shapes:
        inputs, tokens, dim, cross = size("proj_in.weight", 1), size("latents", 1), size("latents", 2), None
    else:
        first, last = ("proj.weight", "proj.weight") if family.name == "plain" else ("proj.0.weight", "proj.2.weight")
        cross = size("norm.weight", 0)
        inputs, tokens = size(first, 1), size(last, 0) // max(cross, 1)
    cross = size("proj_out.weight", 0) if cross is None else cross
    _check_base(family, sites, cross, path)
    for what, value, allowed in (("input", inputs, family.inputs), ("tokens", tokens, family.tokens)):
        if value not in allowed:
            choices = " or ".join(map(str, allowed))
            raise wrong(path, f"{family.title}, {what} {value}", f"{what} {choices}", "It is another model's file.")
    rank = shapes.get(f"ip_adapter.{sites[0].n}.to_q_lora.down.weight", (128,))[0]
    return adapter_layout(family, sites, inputs, tokens, dim, rank)


def _check_base(family: Family, sites: Sequence[Site], cross: int, path: Path) -> None:
    ours = next(site.cross for site in sites if site.cross) or 0
    if cross != ours:
        file, unet = (f"{BASE_OF_CROSS.get(width, 'unknown base')} (tokens of {width})" for width in (cross, ours))
        advice = "Take the adapter that was made for this base model."
        raise wrong(path, f"{family.title} for {file}", f"an adapter for {unet}, the UNet's", advice)


def check_adapter(shapes: Shapes, sites: Sequence[Site], path: str | os.PathLike[str]) -> Family:
    """The family of a checkpoint with these shapes; a RenderError names the first key that does not fit `sites`."""
    path = Path(path)
    family = detect_family(shapes, path)
    due = expected_layout(family, sites, shapes, path)
    for key in due:
        if key not in shapes:
            raise wrong(path, f"no key {key}", f"the {len(due)} tensors of {family.title}", "The file is incomplete.")
    for key, shape in shapes.items():
        if key not in due:
            raise wrong(path, f"the key {key} {shape}", f"the {len(due)} tensors of {family.title}")
        if due[key] != shape:
            raise wrong(path, f"{key} of shape {shape}", f"shape {due[key]}", "It was made for another UNet.")
    return family


def load_adapter(path: str | os.PathLike[str], unet: Any) -> Adapter:
    """Read and check an adapter's file (.bin or .safetensors) for this UNet."""
    path = Path(path)
    sites = attention_sites(unet)
    if path.suffix == ".safetensors":  # the header suffices to refuse a wrong file at once
        check_adapter(safetensors_shapes(path), sites, path)
    tensors = load_tensors(path)
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    family = check_adapter(shapes, sites, path)
    sections = {
        name: {key.removeprefix(name + "."): value for key, value in tensors.items() if key.startswith(name + ".")}
        for name in SECTIONS
    }
    first = {"plain": "proj.weight", "faceid-plus": _SEEN, "faceid-plusv2": _SEEN}.get(family.name, "proj_in.weight")
    entry = sections["image_proj"].get(first)
    return Adapter(path, family, 512 if entry is None else int(entry.shape[1]), sections)


def to_safetensors(path: str | os.PathLike[str]) -> Path:
    """Write `NAME.safetensors` beside a pickled checkpoint, same tensors and precision; returns its path.

    A safetensors file holds no code, loads by memory map, and is what should be loaded at run time.
    """
    path = Path(path)
    return save_tensors(load_tensors(path), path.with_suffix(".safetensors"))
