"""Pictures <-> latents of the VAE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .extras import optional

if TYPE_CHECKING:
    from .components import Components


def encode(components: Components, pictures: Sequence[NDArray[np.uint8]]) -> Any:
    """Pictures (h, w, 3) of one size -> scaled latents (b, 4, h / f, w / f) on the CPU.

    The distribution's mode, not a sample: it draws nothing, so a portrait's latents are worth keeping.
    """
    torch, vae = optional("torch"), components.vae
    pixels = torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).copy())
    with torch.inference_mode(), components.resident(vae):
        pixels = pixels.to(components.device, vae.dtype) / 127.5 - 1
        latents = vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor
    return latents.to("cpu", components.dtype)


def decode(components: Components, latents: Any) -> list[NDArray[np.uint8]]:
    """Scaled latents (b, 4, h, w) -> pictures (h f, w f, 3)."""
    torch, vae = optional("torch"), components.vae
    with torch.inference_mode(), components.resident(vae):
        pixels = vae.decode(latents.to(components.device, vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
        pixels = ((pixels.float() + 1) * 127.5).round().clamp(0, 255).to("cpu", torch.uint8)
    return list(pixels.permute(0, 2, 3, 1).numpy())


def resized(picture: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture at (h, w), by Lanczos resampling; itself where it has that size."""
    h, w = size_px
    if picture.shape[:2] == (h, w):
        return picture
    return np.asarray(Image.fromarray(picture).resize((w, h), Image.Resampling.LANCZOS))
