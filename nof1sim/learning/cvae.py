"""A conditional variational autoencoder: a face as some numbers, drawn again at any severity.

Kingma and Welling 2014 (arXiv 1312.6114) with a condition as Sohn, Lee and Yan 2015 (NeurIPS 28) have it: encoder
q(z | picture, its severity), decoder p(picture | z, severity). That z may not carry the severity is asked for by a
second term: z of the person's base picture must give, at the picture's severity, the picture. So a renderer draws a
day from the clear face alone. Pictures are means of what is likely: the skin reddens, single spots blur.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import Fault, InputError
from .base import Asked, Batch, Draw
from .torches import built, descend, doublings, import_torch, set_rate

if TYPE_CHECKING:
    from torch import Tensor  # pyright: ignore[reportMissingImports]

START_PX = 4
HATS = 2
"""A severity is told as its weights on so many nodes from 0 to 1, linear between two. With five the redness of a face
went up and down with severity: the nodes between learnt the light of the few days near them."""
WARM_UP = 0.05


@dataclass(frozen=True, slots=True)
class CvaeOptions:
    """Settings. code : numbers a face; width : channels at 4 px, halved where pictures double, 24 at least.

    rate : the highest learning rate of Adam. sigma : SD of a pixel around the decoder's, -1 to 1; smaller: nearer to
    the picture, less room for chance. beta : weight of the divergence from a standard normal.
    """

    code: int = 64
    width: int = 128
    rate: float = 2e-3
    sigma: float = 0.1
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
    epochs, batch = 40, 32

    def __init__(self, options: CvaeOptions, size_px: int, seed: int) -> None:
        self.options = options
        widths = channels(options.width, doublings(size_px, START_PX))
        self.net = built(lambda: network(options.code, widths), seed, self.name)
        self.networks: Mapping[str, Any] = {"cvae": self.net}
        adam = import_torch().optim.Adam(self.net.parameters(), lr=options.rate)
        self.optimisers: Mapping[str, Any] = {"cvae": adam}
        self.averages: Mapping[str, Any] = {}

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        """Half of the batch is drawn from codes of the pictures themselves, half from codes of their base pictures; all
        at the pictures' severities, and held against the pictures. Both halves at once would cost twice the time."""
        torch, half = import_torch(), len(batch.image) // 2
        set_rate(self.optimisers["cvae"], self.options.rate * rate_at(done))
        shown = torch.cat([batch.image[:half], batch.base[half:]])
        mean, log_variance = encode(self.net, shown, torch.cat([batch.severity[:half], batch.base_severity[half:]]))
        z = mean + torch.exp(0.5 * log_variance) * draw(*mean.shape)
        missed = ((decode(self.net, z, batch.severity) - batch.image) ** 2).mean((1, 2, 3))
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
        pixels = batch.image[0].numel()
        loss = (missed / (2 * self.options.sigma**2) + self.options.beta * divergence / pixels).mean()
        value = descend(self.optimisers["cvae"], loss)
        return {"loss": value, "missed": float(missed.detach().mean()), "divergence": float(divergence.detach().mean())}

    def sample(self, asked: Asked) -> tuple[Tensor, None]:
        """The mean of each base's code, drawn at the severity. Nothing is drawn by chance."""
        mean, _ = encode(self.net, asked.base, asked.base_severity)
        return decode(self.net, mean, asked.severity).clamp(-1, 1), None


def rate_at(done: float) -> float:
    """Share of the highest learning rate: up during the first steps, then down along a cosine."""
    if done < WARM_UP:
        return 0.1 + 0.9 * done / WARM_UP
    return 0.02 + 0.49 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def channels(width: int, times: int) -> list[int]:
    """Channels at 4, 8, 16 ... px."""
    return [max(24, width // 2 ** max(0, k - 1) // 8 * 8) for k in range(times + 1)]


def network(code: int, widths: list[int]) -> Any:
    """A ModuleDict. down: picture and severity plane to 4 px; code; up: from 4 px, a block a doubling, each shifted
    and scaled by the severity (FiLM, Perez et al. 2018); out: the last doubling, four pixels from each."""
    nn = import_torch().nn
    down: list[Any] = []
    before = 4
    for width in (*widths[-2::-1],):
        down += [nn.Conv2d(before, width, 3, 2, 1), nn.GroupNorm(8, width), nn.SiLU()]
        before = width
    flat = widths[0] * START_PX**2
    steps = list(itertools.pairwise(widths[:-1]))
    return nn.ModuleDict({
        "down": nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, 2 * code)),
        "open": nn.Linear(code + HATS, flat),
        "up": nn.ModuleList([nn.Conv2d(a, b, 3, 1, 1) for a, b in steps]),
        "norm": nn.ModuleList([nn.GroupNorm(8, b) for _, b in steps]),
        "film": nn.ModuleList([nn.Linear(HATS, 2 * b) for _, b in steps]),
        "out": nn.Sequential(nn.Conv2d(widths[-2], 12, 3, 1, 1), nn.PixelShuffle(2)),
    })  # fmt: skip


def hats(severity: Tensor) -> Tensor:
    """(n,) from 0 to 1 -> (n, HATS): weights on even nodes, which add up to 1."""
    torch = import_torch()
    nodes = torch.linspace(0, 1, HATS, device=severity.device)
    return (1 - (severity[:, None] - nodes).abs() * (HATS - 1)).clamp(min=0)


def encode(net: Any, image: Tensor, severity: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance (n, code) of pictures (n, 3, s, s) at severities (n,)."""
    torch = import_torch()
    plane = severity[:, None, None, None].expand(-1, 1, *image.shape[2:])
    mean, log_variance = net["down"](torch.cat([image, plane], 1)).chunk(2, 1)
    return mean, log_variance.clamp(-12, 4)


def decode(net: Any, z: Tensor, severity: Tensor) -> Tensor:
    """Pictures (n, 3, s, s) of codes (n, code) at severities (n,)."""
    torch = import_torch()
    told = hats(severity)
    x = net["open"](torch.cat([z, told], 1)).unflatten(1, (-1, START_PX, START_PX))
    for up, norm, film in zip(net["up"], net["norm"], net["film"], strict=True):
        scale, shift = film(told)[:, :, None, None].chunk(2, 1)
        x = torch.nn.functional.interpolate(torch.nn.functional.silu(x), scale_factor=2)
        x = norm(up(x)) * (1 + scale) + shift
    return net["out"](torch.nn.functional.silu(x))
