"""A conditional variational autoencoder of what a severity does to a face.

Kingma and Welling 2014 (arXiv 1312.6114) with a condition as Sohn, Lee and Yan 2015 (NeurIPS 28) have it: encoder
q(z | picture, base, severities), decoder p(picture | z, base, severities), z standard normal beforehand. What is coded
is the picture *minus the base*, in units of its own SD: the face is the base's and need not be squeezed through a
code, and z, some numbers at each of a few places of the picture, says where the lesions are. It may not carry the
severity, which the decoder is told. Pictures are means of what is likely: lesions are soft blots.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import Fault, InputError
from . import blocks
from .base import Asked, Batch, Draw
from .blocks import fresh, scalars
from .torches import descend, import_torch, set_rate
from .variation import relit

if TYPE_CHECKING:
    from torch import Tensor  # pyright: ignore[reportMissingImports]

HALVINGS = 3
"""Of the side, between the picture and the places that have a code; also the levels of the decoder."""
WARM_UP = 0.05


@dataclass(frozen=True, slots=True)
class CvaeOptions:
    """Settings. code : numbers at each place, a place an eighth of the side; width : channels at half the side, twice
    and three times as many below.

    rate : the highest learning rate of Adam. sigma : SD of a pixel around the decoder's, in SDs of the change; smaller:
    nearer to the picture, less room for chance. beta : weight of the divergence from a standard normal.
    """

    code: int = 4
    width: int = 32
    rate: float = 2e-3
    sigma: float = 0.5
    beta: float = 1.0

    def __post_init__(self) -> None:
        low = {"code": 1, "width": 8}
        faults = [Fault(name, getattr(self, name), f"{least} or more") for name, least in low.items()
                  if getattr(self, name) < least]  # fmt: skip
        faults += [Fault(name, getattr(self, name), "a number above 0") for name in ("rate", "sigma")
                   if not 0 < getattr(self, name) < math.inf]  # fmt: skip
        if not 0 <= self.beta < math.inf:
            faults.append(Fault("beta", self.beta, "0 or more"))
        if self.width % 8:
            faults.append(Fault("width", self.width, "a multiple of 8"))
        if faults:
            raise InputError("\n".join(map(str, faults)))


class Cvae:
    """See the module; `Learner` for the interface."""

    name = "cvae"
    identity: Literal["base", "noise", "edit"] = "base"
    Options = CvaeOptions
    epochs, batch = 12, 16

    def __init__(self, options: CvaeOptions, size_px: int, seed: int) -> None:
        self.torch = torch = import_torch()
        widths = [options.width * times for times in range(1, HALVINGS + 1)]
        blocks.check_levels(widths, size_px)
        self.options = options
        self.net = fresh(lambda: network(options.code, widths), seed, self.name)
        self.networks: Mapping[str, Any] = {"cvae": self.net}
        self.optimisers: Mapping[str, Any] = {"cvae": torch.optim.Adam(self.net.parameters(), lr=options.rate)}
        self.averages: Mapping[str, Any] = {}

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        """One step of Adam on the usual bound, per pixel."""
        torch, net, options = self.torch, self.net, self.options
        set_rate(self.optimisers["cvae"], options.rate * rate_at(done))
        image, base = relit(torch, draw, batch.image, batch.base)
        change = (image - base) / net["gauge"](image - base)
        mean, log_variance = encode(net, change, base, batch.base_severity, batch.severity)
        z = mean + torch.exp(0.5 * log_variance) * draw(*mean.shape).to(mean)
        missed = (decode(net, z, base, batch.base_severity, batch.severity) - change).square().mean((1, 2, 3))
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum((1, 2, 3))
        loss = (missed / (2 * options.sigma**2) + options.beta * divergence / image[0].numel()).mean()
        value = descend(self.optimisers["cvae"], loss)
        if math.isfinite(value):
            net["gauge"].keep(image - base)
        return {"loss": value, "missed": float(missed.detach().mean()), "divergence": float(divergence.detach().mean())}

    def sample(self, asked: Asked) -> tuple[Tensor, None]:
        """Pictures (n, 3, s, s). The code is the person's: the same blots every day, more or less of them."""
        torch, side = self.torch, asked.base.shape[-1] >> HALVINGS
        z = torch.stack([draw(self.options.code, side, side) for draw in asked.person]).to(asked.base)
        with torch.no_grad():
            change = decode(self.net, z, asked.base, asked.base_severity, asked.severity)
            return (asked.base + change * self.net["gauge"]()).clamp(-1, 1), None


def rate_at(done: float) -> float:
    """Share of the highest learning rate: up during the first steps, then down along a cosine."""
    if done < WARM_UP:
        return 0.1 + 0.9 * done / WARM_UP
    return 0.02 + 0.49 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def network(code: int, widths: list[int]) -> Any:
    """A ModuleDict. down: change, base and two severities to mean and log variance of the code; up: base and code to
    the change, with about: the severities; gauge: the change's SD."""
    nn = import_torch().nn
    down: list[Any] = []
    for before, width in itertools.pairwise([8, *widths]):
        down += [nn.Conv2d(before, width, 4, 2, 1), nn.GroupNorm(8, width), nn.SiLU()]
    return nn.ModuleDict({
        "down": nn.Sequential(*down, nn.Conv2d(widths[-1], 2 * code, 3, 1, 1)),
        "about": blocks.perceptron(6, widths[-1]),
        "up": blocks.unet(widths, 3 + code, 3, widths[-1]),
        "gauge": blocks.gauge(3),
    })  # fmt: skip


def encode(net: Any, change: Tensor, base: Tensor, before: Tensor, severity: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance (n, code, s / 8, s / 8) of changes (n, 3, s, s) of bases, from one severity to another."""
    torch = import_torch()
    planes = torch.stack([before, severity], 1)[:, :, None, None].expand(-1, -1, *base.shape[2:])
    mean, log_variance = net["down"](torch.cat([change, base, planes], 1)).chunk(2, 1)
    return mean, log_variance.clamp(-12, 4)


def decode(net: Any, z: Tensor, base: Tensor, before: Tensor, severity: Tensor) -> Tensor:
    """Changes (n, 3, s, s), in SDs, of codes (n, code, s / 8, s / 8)."""
    torch = import_torch()
    spread = torch.nn.functional.interpolate(z, scale_factor=2.0**HALVINGS, mode="bilinear", align_corners=False)
    return net["up"](torch.cat([base, spread], 1), net["about"](scalars(torch, before, severity)))
