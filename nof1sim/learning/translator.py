"""An identity-preserving translator: a person's picture and a severity to what has to change, and where.

After SkinGAN (Lu & Krishnamurthy 2021): output = mask * new + (1 - mask) * base, so unchanged skin stays as it was.
The picture of the same person at the severity asked for, which training has at hand, has its lesions at places that
the clear face does not tell, and may show another pose: it is compared pixel by pixel, which says where, and by the
mean colour of `cells`, which says how red; both in units of what they differ by between pictures of a person, so the
less they agree in pose the less each counts. What comes out is the mean of what is likely: skin that reddens where
lesions come, no single lesion. (Asked for unevenness, too, it draws regular streaks.) There is no adversary: the pairs
tell enough. torch loads inside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from . import blocks
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
    """widths, condition : of the U-Net, see `unet`.
    near, far, mask, same : weights of the loss: likeness to the person's picture at that severity by pixels and by
    cells, mean of the mask (its price rises over half of the training), and the change where none was asked for.
    still : share of training pictures for which no change is asked.
    rate : of Adam; it falls in the second half.  average : decay of the running mean of weights that pictures are
    drawn with.
    """

    widths: tuple[int, ...] = (24, 48, 64)
    condition: int = 64
    near: float = 1.0
    far: float = 3.0
    mask: float = 1.0
    same: float = 5.0
    still: float = 0.2
    rate: float = 2e-3
    average: float = 0.99

    def __post_init__(self) -> None:
        blocks.check_settings(self, ("condition", "rate"), ("still", "average"))


class Translator:
    """See the module. A `Learner`; identity "edit"."""

    name = "translator"
    identity: Literal["base", "noise", "edit"] = "edit"
    Options = TranslatorOptions
    epochs, batch = 8, 16

    def __init__(self, options: TranslatorOptions, size_px: int, seed: int) -> None:
        self.torch = torch = import_torch()
        blocks.check_levels(options.widths, size_px)
        self.options = options
        net = fresh(lambda: _editor(options), seed, self.name)
        self.networks: Mapping[str, Any] = {"editor": net}
        self.optimisers: Mapping[str, Any] = {
            "editor": torch.optim.Adam(net.parameters(), lr=options.rate, betas=(0.9, 0.99))
        }
        self.averages: Mapping[str, Any] = {"editor": blocks.average_of(net)}

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        """A step of the editor."""
        torch, options = self.torch, self.options
        image, base = relit(torch, draw, batch.image, batch.base)
        share = (uniform(torch, draw, len(image)) >= options.still).to(image)
        asked = share * batch.severity + (1 - share) * batch.base_severity  # a severity of NaN is then always seen
        net, optimiser = self.networks["editor"], self.optimisers["editor"]
        set_rate(optimiser, options.rate * easing(done))
        new, mask = net(base, batch.base_severity, asked)
        fake = blended(torch, base, new, mask)
        kept = share[:, None, None, None]
        found, wanted, before = (cells(torch, x) for x in (fake, image, base))
        near, far = (fake - image) / net.pixels(image - base), (found - wanted) / net.cells(wanted - before)
        parts = {
            "near": (near.square() * kept).mean(),
            "far": (far.square() * kept).mean(),
            "mask": mask.mean(),
            "same": ((fake - base).abs() * (1 - kept)).mean(),
        }
        # The mask costs nothing at first: one that has closed hardly opens again.
        price = min(1.0, 2 * done)
        total = sum(getattr(options, name) * part * (price if name == "mask" else 1) for name, part in parts.items())
        losses = {"loss": descend(optimiser, total)} | {name: float(part.detach()) for name, part in parts.items()}
        if math.isfinite(losses["loss"]):
            net.pixels.keep(image - base)
            net.cells.keep(wanted - before)
            follow(torch, self.averages["editor"], net, steps_taken(optimiser), options.average)
        return losses

    def sample(self, asked: Asked) -> tuple[Any, Any]:
        """Pictures (n, 3, s, s) and masks (n, s, s). Nothing is drawn by chance."""
        torch, base = self.torch, asked.base
        with torch.no_grad():
            new, mask = self.averages["editor"](base, asked.base_severity, asked.severity)
            mask = torch.where(mask < THRESHOLD, 0.0, mask)
            return torch.where(mask > 0, blended(torch, base, new, mask), base), mask[:, 0]


def blended(torch: Any, base: Any, new: Any, mask: Any) -> Any:
    """mask * new + (1 - mask) * base, the mask (n, 1, s, s)."""
    return torch.lerp(base, new, mask.expand_as(base))


def _editor(options: TranslatorOptions) -> Any:
    torch = import_torch()
    nn = torch.nn

    class Editor(nn.Module):
        """(base (n, 3, s, s), base's severity (n,), the one asked for) -> new picture, mask."""

        def __init__(self) -> None:
            super().__init__()
            self.about = blocks.perceptron(6, options.condition)
            self.body = blocks.unet(options.widths, 3, 4, options.condition)
            self.pixels, self.cells = blocks.gauge(3), blocks.gauge(3)

        def forward(self, base: Any, before: Any, asked: Any) -> tuple[Any, Any]:
            change, where = self.body(base, self.about(scalars(torch, before, asked))).split((3, 1), 1)
            return (base + torch.tanh(change)).clamp(-1, 1), torch.sigmoid(where + START)

    return Editor()
