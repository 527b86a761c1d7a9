"""A small conditional diffusion model: noise to a photograph of the person in the base, at a severity.

Ho et al. 2020, with the cosine schedule of Nichol & Dhariwal 2021 in continuous time, v-prediction (Salimans & Ho
2022), DDIM (Song et al. 2021) and classifier-free guidance (Ho & Salimans 2022). What is diffused is the picture
*minus the base* (as Whang et al. 2022 for deblurring), in units of its own SD: a network that has seen ten people need
not learn to copy an eleventh, and severity is most of what it is shown. torch loads inside.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from . import blocks
from .blocks import easing, follow, fresh, scalars, steps_taken, uniform
from .torches import descend, import_torch, set_rate
from .variation import relit

if TYPE_CHECKING:
    from .base import Asked, Batch, Draw

OFFSET = 0.008
"""Of the cosine schedule (Nichol & Dhariwal 2021, eq. 17): no step is free of noise."""
WAVES = 6
"""Sines and cosines of the time, each of twice the frequency before."""


@dataclass(frozen=True, slots=True)
class DiffusionOptions:
    """widths : channels at 1/2, 1/4 ... of the side.  condition : width of what conditions the blocks.
    rate, decay : of AdamW; the rate falls in the second half.  average : decay of the running mean.
    unknown : share of training pictures without severity.
    steps : of DDIM.  guidance : 1 is none; more overstates the severity's part and takes twice the time.
    day_noise : share of the noise (0 to 1) from the picture's stream instead of the person's. At 0 the person's pose,
        light and sites stay from day to day and only the severity moves them; the day's own would be drawn anew
        each day, lesions included, as no real face changes.
    """

    widths: tuple[int, ...] = (32, 64, 96)
    condition: int = 96
    rate: float = 1e-3
    decay: float = 1e-4
    average: float = 0.995
    unknown: float = 0.1
    steps: int = 25
    guidance: float = 1.0
    day_noise: float = 0.0

    def __post_init__(self) -> None:
        blocks.check_settings(self, ("condition", "rate", "steps"), ("average", "unknown", "day_noise"))


class Denoiser:
    """See the module. A `Learner`; identity "base"."""

    name = "diffusion"
    identity: Literal["base", "noise", "edit"] = "base"
    Options = DiffusionOptions
    epochs, batch = 12, 16

    def __init__(self, options: DiffusionOptions, size_px: int, seed: int) -> None:
        self.torch = torch = import_torch()
        blocks.check_levels(options.widths, size_px)
        self.options = options
        net = fresh(lambda: _network(torch, options), seed, self.name)
        self.networks: Mapping[str, Any] = {"denoiser": net}
        self.optimisers: Mapping[str, Any] = {
            "denoiser": torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=options.decay)
        }
        self.averages: Mapping[str, Any] = {"denoiser": blocks.average_of(net)}

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        """One step of AdamW on the squared error of v."""
        torch, options = self.torch, self.options
        image, base = relit(torch, draw, batch.image, batch.base)
        n = len(image)
        # One draw for the batch, its times evenly apart: less scatter of the loss (Kingma et al. 2021).
        times = (uniform(torch, draw, 1).to(image) + torch.arange(n).to(image) / n).remainder(1)
        known = (uniform(torch, draw, n) >= options.unknown).to(image)
        net, optimiser = self.networks["denoiser"], self.optimisers["denoiser"]
        clean, noise = (image - base) / net.gauge(image - base), draw(*image.shape).to(image)
        keep, add = schedule(torch, times)
        target = keep * noise - add * clean
        guess = net(keep * clean + add * noise, base, times, batch.severity, batch.base_severity, known)
        loss = torch.nn.functional.mse_loss(guess, target)
        set_rate(optimiser, options.rate * easing(done))
        value = descend(optimiser, loss)
        if math.isfinite(value):
            net.gauge.keep(image - base)
            follow(torch, self.averages["denoiser"], net, steps_taken(optimiser), options.average)
        return {"loss": value}

    def sample(self, asked: Asked) -> tuple[Any, None]:
        """Pictures (n, 3, s, s) by DDIM without noise of its own; no mask."""
        torch, options = self.torch, self.options
        shape, base = tuple(asked.base.shape[1:]), asked.base
        z = torch.stack([draw(*shape) for draw in asked.person]).to(base)
        if share := options.day_noise:
            z = math.sqrt(1 - share) * z + math.sqrt(share) * torch.stack([draw(*shape) for draw in asked.day]).to(base)
        times = torch.linspace(1, 0, options.steps + 1).to(base)
        spread = self.averages["denoiser"].gauge()
        low, high = (-1 - base) / spread, (1 - base) / spread
        clean = torch.zeros_like(base)
        with torch.no_grad():
            for now, later in itertools.pairwise(times):
                keep, add = schedule(torch, now.expand(len(base)))
                v = self._guided(z, now.expand(len(base)), asked)
                clean = torch.minimum(torch.maximum(keep * z - add * v, low), high)
                noise = (z - keep * clean) / add
                keep, add = schedule(torch, later.expand(len(base)))
                z = keep * clean + add * noise
            return (base + clean * spread).clamp(-1, 1), None

    def _guided(self, z: Any, times: Any, asked: Asked) -> Any:
        torch, guidance = self.torch, self.options.guidance
        net, one = self.averages["denoiser"], torch.ones_like(times)
        v = net(z, asked.base, times, asked.severity, asked.base_severity, one)
        if guidance == 1:
            return v
        blind = net(z, asked.base, times, asked.severity, asked.base_severity, 0 * one)
        return blind + guidance * (v - blind)


def schedule(torch: Any, times: Any) -> tuple[Any, Any]:
    """Shares of picture and noise at times (n,) from 0 (clean) to 1: (n, 1, 1, 1) each, squares add up to 1."""
    angle = (times + OFFSET) / (1 + OFFSET) * (math.pi / 2)
    angle = angle[:, None, None, None]
    return torch.cos(angle), torch.sin(angle)


def _network(torch: Any, options: DiffusionOptions) -> Any:
    nn = torch.nn

    class Network(nn.Module):
        """(noisy (n, 3, s, s), base, times (n,), severity, base severity, known) -> v (n, 3, s, s)."""

        def __init__(self) -> None:
            super().__init__()
            self.about = blocks.perceptron(2 * WAVES + 7, options.condition)
            self.body, self.gauge = blocks.unet(options.widths, 6, 3, options.condition), blocks.gauge(3)

        def forward(self, noisy: Any, base: Any, times: Any, severity: Any, before: Any, known: Any) -> Any:
            waves = times[:, None] * (math.pi * 2.0 ** torch.arange(WAVES, device=times.device) / 2)
            known = known[:, None]
            about = torch.cat([torch.sin(waves), torch.cos(waves), scalars(torch, severity, before) * known, known], 1)
            return self.body(torch.cat([noisy, base], 1), self.about(about))

    return Network()
