"""What a UNet learns from, computed once: the VAE's distribution of every picture, and the base's own pictures.

After this neither VAE nor photographs are needed, so that the memory of a small GPU is the UNet's alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import Fault, InputError
from ..randomness import stream
from ..render.diffusion.conditioning import Conditions
from ..render.diffusion.denoise import Batch, denoise
from ..render.diffusion.extras import optional
from .lora_base import BaseModel, components_of, read_vae
from .lora_data import LoraData
from .lora_options import LoraOptions

Told = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Latents:
    """mean, sd: (n, 4, h, w) float32 of the pictures, times the VAE's factor; mirrored: the same of the mirrored ones
    (empty without flips); sizes: (n, 6) what SDXL is told (height, width, top, left, target height, width); rows: (n,)
    of the data; prior: (m, 4, h, w), the base's own. Torch tensors on the CPU. sha256: n, of the files.
    """

    mean: Any
    sd: Any
    mirrored_mean: Any
    mirrored_sd: Any
    sizes: Any
    rows: Any
    prior: Any
    sha256: tuple[str, ...]

    def drawn(self, picks: np.ndarray, rng: np.random.Generator, flip: bool) -> Any:
        """A draw of each picked picture's distribution, (b, 4, h, w); with `flip` every second one mirrored."""
        torch = optional("torch")
        noise = torch.from_numpy(rng.standard_normal((len(picks), *self.mean.shape[1:]), np.float32))
        mean, sd = self.mean[picks], self.sd[picks]
        if flip:
            turned = torch.from_numpy(rng.random(len(picks)) < 0.5)[:, None, None, None]
            mean = torch.where(turned, self.mirrored_mean[picks], mean)
            sd = torch.where(turned, self.mirrored_sd[picks], sd)
        return mean + sd * noise


def compute_latents(
    data: LoraData, model: BaseModel, options: LoraOptions, device: str, seed: int, told: Told | None = None
) -> tuple[Latents, tuple[str, ...]]:
    """Encode every picture; then draw the prior's. The letters of those that cannot be read come along.

    Raises
    ------
    InputError
        No picture can be read.
    """
    torch, vae = optional("torch"), read_vae(model).to(device)
    found: list[tuple[Any, ...]] = []
    rows, sizes, names, faults = [], [], [], []
    for row, square in data.squares(options.size_px):
        if isinstance(square, str):
            faults.append(square)
            continue
        views = [square.pixels, square.pixels[:, ::-1]] if options.flip else [square.pixels]
        found.append(tuple(part for view in views for part in _encoded(torch, vae, view, device)))
        rows.append(row)
        names.append(square.sha256)
        sizes.append((*square.original, *square.corner, options.size_px, options.size_px))
        if told:
            told(row + 1, len(data), f"Encoding photographs at {options.size_px} px")
    if not rows:
        listed = "\n".join(f"  {fault}" for fault in faults[:10])
        raise InputError(f"{data.examples.source}: none of {len(data)} photographs can be read.\n{listed}")
    del vae
    parts = [torch.stack(part) for part in zip(*found, strict=True)]
    mirrored = parts[2:] if options.flip else [torch.zeros(0), torch.zeros(0)]
    prior = _prior(model, options, seed, told) if options.prior_images else torch.zeros(0)
    latents = Latents(
        parts[0], parts[1], mirrored[0], mirrored[1], torch.tensor(sizes), torch.tensor(rows), prior, tuple(names)
    )
    return latents, tuple(faults)


def _encoded(torch: Any, vae: Any, pixels: np.ndarray, device: str) -> tuple[Any, Any]:
    """Mean and standard deviation (4, h, w) of a picture."""
    planes = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]).to(device)
    with torch.inference_mode():
        said = vae.encode(planes.float() / 127.5 - 1).latent_dist
    factor = vae.config.scaling_factor
    mean, sd = (said.mean[0] * factor).cpu(), (said.std[0] * factor).cpu()
    if not (torch.isfinite(mean).all() and torch.isfinite(sd).all()):
        raise InputError(str(Fault("VAE", "latents that are no numbers", "a VAE that stays finite")))
    return mean.clone(), sd.clone()


def _prior(model: BaseModel, options: LoraOptions, seed: int, told: Told | None) -> Any:
    """Latents that the base draws of the prior prompt, before it learns anything (Ruiz et al. 2023, section 3.3)."""
    torch, models = optional("torch"), components_of(model, options.precision)
    models = replace(models, preset=replace(models.preset, steps=options.prior_steps))
    words, nothing = models.prompts.encode([options.prior_prompt, ""])
    side = options.size_px // models.factor
    found = []
    for number in range(options.prior_images):
        rng = stream(seed, "learn", "lora", "prior", number)
        noise = torch.from_numpy(rng.standard_normal((1, 4, side, side), np.float32))
        size = (options.size_px, options.size_px, 0, 0, options.size_px, options.size_px)
        batch = Batch(
            torch.zeros_like(noise), noise, torch.ones(1, 1, side, side), [words], [nothing], Conditions(), [size]
        )
        found.append(denoise(models, batch, 1.0)[0].float().clone())
        if told:
            told(number + 1, options.prior_images, "Drawing pictures of the prior")
    return torch.stack(found)
