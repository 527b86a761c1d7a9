"""An identity-preserving translator: a person's picture and a severity to what has to change, and where.

After SkinGAN (Lu & Krishnamurthy 2021): output = mask * new + (1 - mask) * base, so unchanged skin stays as it was. The
picture of the same person at the severity asked for, which training has at hand, shows another pose and another light;
it is compared by `cells`, not pixel by pixel, or the mask would follow the head. torch loads inside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from . import blocks, critic
from .blocks import easing, follow, fresh, scalars, steps_taken, uniform
from .torches import descend, import_torch, set_rate
from .variation import cells, relit

if TYPE_CHECKING:
    from .base import Asked, Batch, Draw

THRESHOLD = 0.05
"""A sampled mask below this is 0, and the picture there is the base's, byte for byte."""
START = -2.0
"""The mask's logit before any learning: .12, little, yet not so little that it could not grow."""


@dataclass(frozen=True, slots=True)
class TranslatorOptions:
    """widths, condition : of the U-Net, see `unet`.  critic_widths : see `critic_of`.
    pair, dose, fool, mask, same : weights of the loss: likeness to the person's picture at that severity, severity
    that the critic reads, being taken for a photograph, mean of the mask (its price rises over half of the training),
    and the change where none was asked for.  still : share of training pictures for which no change is asked.
    rate, critic_rate : of Adam; both fall in the second half.  average : decay of the running mean of weights that
    pictures are drawn with.
    """

    widths: tuple[int, ...] = (24, 48, 64)
    condition: int = 64
    critic_widths: tuple[int, ...] = (32, 64, 96, 128)
    pair: float = 5.0
    dose: float = 5.0
    fool: float = 0.5
    mask: float = 1.0
    same: float = 5.0
    still: float = 0.2
    rate: float = 1e-3
    critic_rate: float = 5e-4
    average: float = 0.995

    def __post_init__(self) -> None:
        blocks.check_settings(self, ("condition", "rate", "critic_rate"), ("still", "average"))


class Translator:
    """See the module. A `Learner`; identity "edit"."""

    name = "translator"
    identity: Literal["base", "noise", "edit"] = "edit"
    Options = TranslatorOptions
    epochs, batch = 25, 16

    def __init__(self, options: TranslatorOptions, size_px: int, seed: int) -> None:
        self.torch = torch = import_torch()
        blocks.check_levels(options.widths, size_px)
        self.options = options
        net = fresh(lambda: _editor(options), seed, self.name)
        judge = fresh(lambda: critic.critic_of(options.critic_widths, size_px), seed, f"{self.name} critic")
        adam = torch.optim.Adam
        self.networks: Mapping[str, Any] = {"editor": net, "critic": judge}
        self.optimisers: Mapping[str, Any] = {
            "editor": adam(net.parameters(), lr=options.rate, betas=(0.5, 0.99)),
            "critic": adam(judge.parameters(), lr=options.critic_rate, betas=(0.5, 0.99)),
        }
        self.averages: Mapping[str, Any] = {"editor": blocks.average_of(net)}

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        """A step of the critic, then one of the editor against it."""
        torch, options = self.torch, self.options
        image, base = relit(torch, draw, batch.image, batch.base)
        still = (uniform(torch, draw, len(image)) < options.still).to(image.device)
        asked = torch.where(still, batch.base_severity, batch.severity)
        net, judge = self.networks["editor"], self.networks["critic"]
        against, towards = self.optimisers["critic"], self.optimisers["editor"]
        set_rate(against, options.critic_rate * easing(done))
        set_rate(towards, options.rate * easing(done))
        new, mask = net(base, batch.base_severity, asked)
        fake = blended(torch, base, new, mask)
        steep = steps_taken(against) % critic.R1_EVERY == 0
        judged = critic.critic_loss(judge, image, batch.severity, fake.detach(), asked, draw, steep)
        losses = {"critic": descend(against, judged)}
        if not math.isfinite(losses["critic"]):
            return losses
        fooled, dose = critic.fooling_losses(judge, fake, asked, draw)
        kept = (~still).to(image)[:, None, None, None]
        parts = {
            "pair": ((cells(torch, fake) - cells(torch, image)).abs() * kept).mean(),
            "dose": dose,
            "fool": fooled,
            "mask": mask.mean(),
            "same": ((fake - base).abs() * (1 - kept)).mean(),
        }
        # The mask costs nothing before the critic can read severities: a mask that has closed hardly opens again.
        price = min(1.0, 2 * done)
        total = sum(getattr(options, name) * part * (price if name == "mask" else 1) for name, part in parts.items())
        losses |= {"editor": descend(towards, total)} | {name: float(part.detach()) for name, part in parts.items()}
        if math.isfinite(losses["editor"]):
            follow(torch, self.averages["editor"], net, steps_taken(towards), options.average)
        return losses

    def sample(self, asked: Asked) -> tuple[Any, Any]:
        """Pictures (n, 3, s, s) and masks (n, s, s). No noise: person and day are told by the base alone."""
        torch = self.torch
        with torch.no_grad():
            new, mask = self.averages["editor"](asked.base, asked.base_severity, asked.severity)
            mask = torch.where(mask < THRESHOLD, 0.0, mask)
            return torch.where(mask > 0, blended(torch, asked.base, new, mask), asked.base), mask[:, 0]


def blended(torch: Any, base: Any, new: Any, mask: Any) -> Any:
    """mask * new + (1 - mask) * base, the mask (n, 1, s, s)."""
    return torch.lerp(base, new, mask.expand_as(base))


def _editor(options: TranslatorOptions) -> Any:
    torch = import_torch()
    nn = torch.nn

    class Editor(nn.Module):
        """(base (n, 3, s, s), its severity (n,), the severity asked for) -> new picture, mask (n, 1, s, s)."""

        def __init__(self) -> None:
            super().__init__()
            self.about = blocks.perceptron(6, options.condition)
            self.body = blocks.unet(options.widths, 3, 4, options.condition)

        def forward(self, base: Any, before: Any, asked: Any) -> tuple[Any, Any]:
            change, where = self.body(base, self.about(scalars(torch, before, asked))).split((3, 1), 1)
            return (base + torch.tanh(change)).clamp(-1, 1), torch.sigmoid(where + START)

    return Editor()
