"""The adversary of the GAN: is this a photograph, does it fit its severity, and which severity does it show?

Non-saturating logistic loss (Goodfellow et al. 2014) with R1 now and then (Mescheder et al. 2018; the pace: Karras et
al. 2020), severity by projection (Miyato & Koyama 2018) and by a second head (Odena et al. 2017). torch loads inside.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .blocks import perceptron, scalars
from .torches import doublings, import_torch
from .variation import contrast, disturbed

if TYPE_CHECKING:
    from .base import Draw

SLOPE = 0.2
"""Of the leaky ReLU (Radford et al. 2016)."""
R1, R1_EVERY = 1.0, 8
"""Weight of R1, and how many steps apart; each then counts so many times."""
LAST_PX, FEATURES = 4, 128


def critic_of(widths: Sequence[int], size_px: int) -> Any:
    """A module: pictures (n, 3, s, s) -> features (n, k); `score(features, severity)` and `dose(features)`, n each.
    4 x 4 convolutions with stride 2 down to 4 px, widths[i] features (the last as often as needed), no norms."""
    torch = import_torch()
    nn = torch.nn
    table = [6, *(widths[min(level, len(widths) - 1)] for level in range(doublings(size_px, LAST_PX)))]

    class Critic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers: list[Any] = []
            for before, after in itertools.pairwise(table):
                layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE)]
            layers += [nn.Flatten(), nn.Linear(table[-1] * LAST_PX**2, FEATURES), nn.LeakyReLU(SLOPE)]
            self.trunk = nn.Sequential(*layers)
            self.about, self.real, self.read = perceptron(3, FEATURES), nn.Linear(FEATURES, 1), nn.Linear(FEATURES, 1)

        def forward(self, x: Any) -> Any:
            # Contrast beside colour: severity is then seen at once, whatever the light and the complexion.
            x = torch.cat([x, contrast(torch, x)], 1)
            return self.trunk(x.contiguous(memory_format=torch.channels_last))

        def score(self, features: Any, severity: Any) -> Any:
            fit = (self.about(scalars(torch, severity)) * features).sum(1) / FEATURES**0.5
            return self.real(features)[:, 0] + fit

        def dose(self, features: Any) -> Any:
            return self.read(features)[:, 0]

    return Critic()


def critic_loss(critic: Any, real: Any, severity: Any, fake: Any, asked: Any, draw: Draw, steep: bool) -> Any:
    """What the critic lowers. real (n, 3, s, s) show severity (n,), fake (m, 3, s, s) should show asked (m,).

    A photograph with the severity of another counts as fake in proportion to their difference (after Reed et al.
    2016), else the critic may forget the severity. steep : add R1.
    """
    torch = import_torch()
    plus = torch.nn.functional.softplus
    real = disturbed(torch, draw, real).requires_grad_(steep)
    features = critic(real)
    score = critic.score(features, severity)
    other = severity.roll(1)
    wrong = ((severity - other).abs() * plus(critic.score(features, other))).mean()
    loss = plus(-score).mean() + plus(critic.score(critic(disturbed(torch, draw, fake)), asked)).mean() + wrong
    loss = loss + torch.nn.functional.smooth_l1_loss(critic.dose(features), severity, beta=0.1)
    if steep:
        (slope,) = torch.autograd.grad(score.sum(), real, create_graph=True)
        loss = loss + R1_EVERY * R1 / 2 * slope.square().sum((1, 2, 3)).mean()
    return loss


def fooling_losses(critic: Any, fake: Any, asked: Any, draw: Draw) -> tuple[Any, Any]:
    """What a generator lowers: that its pictures are not taken for photographs, and that they show what was asked."""
    torch = import_torch()
    features = critic(disturbed(torch, draw, fake))
    fooled = torch.nn.functional.softplus(-critic.score(features, asked)).mean()
    return fooled, torch.nn.functional.smooth_l1_loss(critic.dose(features), asked, beta=0.1)
