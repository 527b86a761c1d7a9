"""A conditional DCGAN (Radford et al. 2016; Mirza & Osindero 2014): a number of the person's and a severity to a face.

The face is invented. The person's noise alone decides what is drawn up to `settled_px`, the severity joins above it:
so that one person at two severities is one face. torch loads inside.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from . import blocks, critic
from .blocks import easing, follow, fresh, scalars, steps_taken
from .torches import descend, doublings, import_torch, set_rate

if TYPE_CHECKING:
    from .base import Asked, Batch, Draw

COARSE = 8


@dataclass(frozen=True, slots=True)
class DcganOptions:
    """code : numbers of a person.  widths : generator's channels at 4, 8 ... px (the last as often as needed).
    critic_widths : the critic's, see `critic_of`.  settled_px : up to this side the severity has no say.
    dose : weight of the severity that the critic reads.  steady : weight of the difference between one person's
    pictures at two severities, both reduced to `COARSE` x `COARSE`, where lesions hardly count.
    rate, critic_rate : of Adam; both rates fall in the second half.  average : decay of the running mean
    of weights that pictures are drawn with.
    """

    code: int = 64
    widths: tuple[int, ...] = (128, 96, 64, 40, 24)
    critic_widths: tuple[int, ...] = (32, 64, 96, 128)
    settled_px: int = 8
    dose: float = 2.0
    steady: float = 5.0
    rate: float = 1e-3
    critic_rate: float = 1e-3
    average: float = 0.995

    def __post_init__(self) -> None:
        blocks.check_settings(self, ("code", "rate", "critic_rate"), ("average",))


class Dcgan:
    """See the module. A `Learner`; identity "noise"."""

    name = "dcgan"
    identity: Literal["base", "noise", "edit"] = "noise"
    Options = DcganOptions
    epochs, batch = 25, 16

    def __init__(self, options: DcganOptions, size_px: int, seed: int) -> None:
        self.torch = torch = import_torch()
        self.options = options
        net = fresh(lambda: _generator(options, size_px), seed, self.name)
        judge = fresh(lambda: critic.critic_of(options.critic_widths, size_px), seed, f"{self.name} critic")
        adam = torch.optim.Adam
        self.networks: Mapping[str, Any] = {"generator": net, "critic": judge}
        self.optimisers: Mapping[str, Any] = {
            "generator": adam(net.parameters(), lr=options.rate, betas=(0.0, 0.99)),  # as Karras et al. 2018
            "critic": adam(judge.parameters(), lr=options.critic_rate, betas=(0.0, 0.99)),
        }
        self.averages: Mapping[str, Any] = {"generator": blocks.average_of(net)}

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        """A step of the critic, then one of the generator against it."""
        torch, options, n = self.torch, self.options, len(batch.image)
        net, judge = self.networks["generator"], self.networks["critic"]
        against, towards = self.optimisers["critic"], self.optimisers["generator"]
        set_rate(against, options.critic_rate * easing(done))
        set_rate(towards, options.rate * easing(done))
        # The severities that there are, on persons that come twice: what differs then should be the severity alone.
        asked = batch.severity[torch.argsort(draw(n)).to(batch.severity.device)]
        fake = net(draw(n // 2 + 1, options.code).to(batch.image).repeat_interleave(2, 0)[:n], asked)
        steep = steps_taken(against) % critic.R1_EVERY == 0
        judged = critic.critic_loss(judge, batch.image, batch.severity, fake.detach(), asked, draw, steep)
        losses = {"critic": descend(against, judged)}
        if not math.isfinite(losses["critic"]):
            return losses
        fooled, dose = critic.fooling_losses(judge, fake, asked, draw)
        coarse = torch.nn.functional.adaptive_avg_pool2d(fake, COARSE)
        steady = (coarse[0 : n - 1 : 2] - coarse[1::2]).abs().sum() / max(1, n // 2 * 3 * COARSE**2)
        losses |= {"generator": descend(towards, fooled + options.dose * dose + options.steady * steady)}
        losses |= {"dose": float(dose.detach()), "steady": float(steady.detach())}
        if math.isfinite(losses["generator"]):
            follow(torch, self.averages["generator"], net, steps_taken(towards), options.average)
        return losses

    def sample(self, asked: Asked) -> tuple[Any, None]:
        """Pictures (n, 3, s, s) of the persons that the noise stands for; bases and days play no part."""
        torch = self.torch
        codes = torch.stack([draw(self.options.code) for draw in asked.person]).to(asked.severity)
        with torch.no_grad():
            return self.averages["generator"](codes, asked.severity), None


def _generator(options: DcganOptions, size_px: int) -> Any:
    """((n, code), severity (n,)) -> pictures (n, 3, s, s): 4 px by a linear layer, then doubled by nearest neighbours
    and a 3 x 3 convolution (Odena et al. 2016: no chequered patterns), each norm conditioned."""
    torch = import_torch()
    nn = torch.nn
    widths, about = options.widths, options.widths[0]
    table = [widths[min(level, len(widths) - 1)] for level in range(doublings(size_px) + 1)]

    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.person, self.severity = blocks.perceptron(options.code, about), blocks.perceptron(3, about)
            self.enter = nn.Linear(options.code, table[0] * 16)
            self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, 1, 1) for a, b in itertools.pairwise(table))
            self.norms = nn.ModuleList(blocks.film(about, width) for width in table)
            self.leave = nn.Conv2d(table[-1], 3, 3, 1, 1)

        def forward(self, code: Any, severity: Any) -> Any:
            who, ill = self.person(code), self.severity(scalars(torch, severity))
            h = self.enter(code).view(len(code), -1, 4, 4).contiguous(memory_format=torch.channels_last)
            h = nn.functional.silu(self.norms[0](h, who))
            for conv, norm in zip(self.convs, self.norms[1:], strict=True):
                h = conv(nn.functional.interpolate(h, scale_factor=2.0))
                h = nn.functional.silu(norm(h, who + ill if h.shape[-1] > options.settled_px else who))
            return torch.tanh(self.leave(h))

    return Generator()
