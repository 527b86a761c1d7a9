"""Which tensors an adapter's file must hold: names and shapes, as a table of families. No torch here.

Sources: the key names of the published checkpoints (InstantX/InstantID, h94/IP-Adapter, h94/IP-Adapter-FaceID), as
the public loading code of their authors and of diffusers reads them; byte counts are those the hub shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Literal

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

DEPTH, HEAD = 4, 64
"""Layers of a resampler and the width of its heads: diffusers reads no other."""
BASE_OF_CROSS = MappingProxyType({2048: "SDXL", 768: "SD1.5"})
"""Width of the text that a UNet attends to -> base model."""


@dataclass(frozen=True, slots=True)
class Site:
    """One attention processor of a UNet, in the order of `unet.attn_processors`; n is its number in a checkpoint.

    cross : width of the text for a cross-attention, None for a self-attention.
    """

    n: int
    name: str
    hidden: int
    cross: int | None


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of adapter.

    embedding : what it is fed: "raw" or "normed" face embedding, "clip" projected or "clip_hidden" penultimate CLIP.
    inputs : widths of that input which exist.  tokens : how many it turns it into.
    lora : it brings a LoRA for every attention.  clip : it needs a CLIP image encoder.
    shortcut : the face's own tokens are added to what CLIP says.  pack : the insightface pack it was trained with.
    """

    name: str
    title: str
    embedding: Literal["raw", "normed", "clip", "clip_hidden"]
    inputs: tuple[int, ...]
    tokens: tuple[int, ...]
    lora: bool = False
    clip: bool = False
    shortcut: bool = False
    pack: str = ""


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family("instantid", "InstantID", "raw", (512,), (16,), pack="antelopev2"),
            Family("plain", "IP-Adapter", "clip", (1024, 1280), (4,), clip=True),
            Family("plus", "IP-Adapter Plus", "clip_hidden", (1280, 1664), (16,), clip=True),
            Family("faceid", "IP-Adapter FaceID", "normed", (512,), (4,), True, pack="buffalo_l"),
            Family("faceid-plus", "IP-Adapter FaceID-Plus", "normed", (512,), (4,), True, True, pack="buffalo_l"),
            Family("faceid-plusv2", "IP-Adapter FaceID-PlusV2", "normed", (512,), (4,), True, True, True, "buffalo_l"),
            Family("portrait", "IP-Adapter FaceID Portrait", "normed", (512,), (16,), pack="buffalo_l"),
        )
    }
)

PUBLISHED_BYTES: Mapping[tuple[str, str], int] = MappingProxyType(
    {
        ("instantid", "SDXL"): 1_691_134_141,
        ("faceid-plusv2", "SDXL"): 1_487_555_181,
        ("faceid-plus", "SD1.5"): 156_558_503,
        ("portrait", "SD1.5"): 64_586_623,
    }
)
"""Size of the published .bin file where it is known to the byte; the pickle adds some 30 to 500 bytes a tensor."""


def resampler(prefix: str, dim: int, inputs: int, outputs: int, feed_forward: int = 4) -> dict[str, Shape]:
    """The tensors of a perceiver resampler; `dim` = 64 x heads. Its latents are not among them."""
    inner = {f"proj_in.{k}": v for k, v in _linear(dim, inputs).items()}
    inner |= {f"proj_out.{k}": v for k, v in _linear(outputs, dim).items()}
    inner |= {f"norm_out.{k}": v for k, v in _norm(outputs).items()}
    for i in range(DEPTH):
        inner |= {f"layers.{i}.0.{norm}.{k}": v for norm in ("norm1", "norm2") for k, v in _norm(dim).items()}
        inner |= {f"layers.{i}.0.{name}.weight": (rows, dim) for name, rows in (("to_q", dim), ("to_kv", 2 * dim))}
        inner[f"layers.{i}.0.to_out.weight"] = (dim, dim)
        inner |= {f"layers.{i}.1.0.{k}": v for k, v in _norm(dim).items()}
        inner[f"layers.{i}.1.1.weight"] = (feed_forward * dim, dim)
        inner[f"layers.{i}.1.3.weight"] = (dim, feed_forward * dim)
    return {prefix + key: shape for key, shape in inner.items()}


def projection_layout(family: Family, cross: int, inputs: int, tokens: int, dim: int) -> dict[str, Shape]:
    """The tensors of `image_proj`: from an embedding (inputs,) to (tokens, cross). `dim` is a resampler's width."""
    if family.name == "plain":
        layers = {f"proj.{k}": v for k, v in _linear(tokens * cross, inputs).items()}
        return layers | {f"norm.{k}": v for k, v in _norm(cross).items()}
    if family.name in ("instantid", "plus"):
        return {"latents": (1, tokens, dim)} | resampler("", dim, inputs, cross)
    layers = {f"proj.0.{k}": v for k, v in _linear(2 * inputs, inputs).items()}
    layers |= {f"proj.2.{k}": v for k, v in _linear(tokens * cross, 2 * inputs).items()}
    layers |= {f"norm.{k}": v for k, v in _norm(cross).items()}
    if family.clip:  # FaceID-Plus: the face tokens question a CLIP picture of the face
        layers |= resampler("perceiver_resampler.", cross, 1280, cross)
    return layers


def attention_layout(sites: Sequence[Site], lora_rank: int = 0) -> dict[str, Shape]:
    """The tensors of `ip_adapter` for a UNet's attentions; `lora_rank` 0 for a family without LoRA."""
    layers: dict[str, Shape] = {}
    for site in sites:
        for name in ("q", "k", "v", "out") if lora_rank else ():
            into = site.cross if name in "kv" and site.cross else site.hidden
            layers[f"{site.n}.to_{name}_lora.down.weight"] = (lora_rank, into)
            layers[f"{site.n}.to_{name}_lora.up.weight"] = (site.hidden, lora_rank)
        if site.cross:
            layers[f"{site.n}.to_k_ip.weight"] = (site.hidden, site.cross)
            layers[f"{site.n}.to_v_ip.weight"] = (site.hidden, site.cross)
    return layers


def adapter_layout(
    family: Family, sites: Sequence[Site], inputs: int, tokens: int, dim: int = 0, lora_rank: int = 128
) -> dict[str, Shape]:
    """Every tensor of an adapter's file, keys with their section ("image_proj." or "ip_adapter.")."""
    cross = next(site.cross for site in sites if site.cross)
    projection = projection_layout(family, cross, inputs, tokens, dim)
    attention = attention_layout(sites, lora_rank if family.lora else 0)
    return {f"image_proj.{k}": v for k, v in projection.items()} | {f"ip_adapter.{k}": v for k, v in attention.items()}


def data_bytes(layout: Shapes, bytes_each: int) -> int:
    """Bytes of the tensors alone: 4 each in single precision, 2 in half."""
    return bytes_each * sum(prod(shape) for shape in layout.values())


def _linear(rows: int, columns: int) -> dict[str, Shape]:
    return {"weight": (rows, columns), "bias": (rows,)}


def _norm(width: int) -> dict[str, Shape]:
    return {"weight": (width,), "bias": (width,)}
