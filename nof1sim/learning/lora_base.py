"""The pretrained base network of a LoRA: where it lies, which one it is, its parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..render.diffusion.artifacts import SPECS
from ..render.diffusion.components import Components, ModelPaths, load_components
from ..render.diffusion.extras import optional, wrong
from ..render.diffusion.loading import LoadOptions, Precision, choose_device, read_model, variant
from ..render.diffusion.places import Places
from ..render.diffusion.prompt_book import PromptBook
from ..render.diffusion.registry import find, resolve
from ..render.diffusion.verify import sha256_of
from .lora_options import ARTIFACT, Base

FINITE_VAE = "sdxl-vae-fp16-fix"
"""Taken instead of SDXL's own VAE where it is there."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """base: "sdxl" or "sd15"; folder, vae: where they lie (vae None: the base's own); said: what a manifest says."""

    base: Base
    folder: Path
    vae: Path | None
    said: dict[str, str]

    def book(self, device: str, dtype: Any) -> PromptBook:
        """Its prompts' encoder."""
        encoder = variant(self.folder / "text_encoder")
        return PromptBook(self.folder, self.base, dtype, device, encoder, self.base == "sdxl")


def find_base(base: Base, places: Places | None = None) -> BaseModel:
    """The base network on this machine; its UNet's file is hashed.

    Raises
    ------
    ModelNotAvailable
        It is not here: says what is missing, where it was looked for and which command gets it.
    """
    places = places or Places.of()
    name = ARTIFACT[base]
    found = resolve([name], places)[name]
    fixed = find(SPECS[FINITE_VAE], places) if base == "sdxl" else None
    unet = next(file for path, file in found.files.items() if path.startswith("unet/") and "safetensors" in path)
    said = {"model": name, "repo": found.spec.repo, "commit": found.commit or "local", "unet_sha256": sha256_of(unet)}
    said["vae"] = FINITE_VAE if fixed else "the base's own"
    return BaseModel(base, found.folder, fixed.folder if fixed else None, said)


def read_unet(model: BaseModel, dtype: Any) -> Any:
    """Its UNet, frozen. RenderError: it is for inpainting, or of the other base."""
    folder = model.folder / "unet"
    unet = read_model(optional("diffusers").UNet2DConditionModel, "UNet2DConditionModel", folder, dtype)
    if unet.config.in_channels != 4:
        raise wrong(folder, f"{unet.config.in_channels} input channels", "4", "A model for inpainting cannot be used.")
    if (unet.config.addition_embed_type == "text_time") != (model.base == "sdxl"):
        raise wrong(folder, "a UNet of the other base network", f"that of {ARTIFACT[model.base]}")
    return unet


def read_vae(model: BaseModel) -> Any:
    """Its VAE in single precision: SDXL's own overflows in half."""
    folder, torch = model.vae or model.folder / "vae", optional("torch")
    return read_model(optional("diffusers").AutoencoderKL, "AutoencoderKL", folder, torch.float32)


def device_and_dtype(precision: Precision) -> tuple[str, Any]:
    """The device, and the type of the frozen weights."""
    return choose_device(LoadOptions(precision=precision))


def components_of(
    model: BaseModel, precision: Precision, loras: tuple[Path, ...] = (), preset: str = "base"
) -> Components:
    """The base with LoRAs, ready to draw."""
    paths = ModelPaths(model.folder, vae=model.vae, grade_loras=loras)
    return load_components(paths, LoadOptions(preset, precision=precision))
