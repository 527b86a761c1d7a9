"""What the generators share: building blocks as tables of layers, weights by address, running means.

torch loads inside. No torch random state is read or moved: weights come by address, noise from a `Draw`.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import Fault, InputError
from .torches import built, doublings, import_torch

if TYPE_CHECKING:
    from .base import Draw

GAUGED, LEAST_SD = 100, 1e-3
"""Batches that a `gauge` measures; the least SD that it gives, a fraction of a grey level."""
GROUPS = 8
"""Channels are normalised in so many groups (Wu & He 2018): unlike batch norm it does not mix people."""


def fresh(make: Callable[[], Any], seed: int, name: str) -> Any:
    """The module that `make` builds, its weights drawn by address; layers marked by `zeroed` are 0."""
    torch = import_torch()
    net = built(make, seed, name)
    with torch.no_grad():
        for layer in net.modules():
            if getattr(layer, "starts_at_zero", False):
                layer.weight.zero_()
    return net.to(memory_format=torch.channels_last)


def check_settings(options: Any, above_zero: Sequence[str], shares: Sequence[str]) -> None:
    """An InputError that lists numbers of the options that are not above 0, shares that are not 0 to 1, and channels
    that are not multiples of `GROUPS`."""
    faults = [
        Fault(name, getattr(options, name), "a number above 0")
        for name in above_zero
        if not 0 < getattr(options, name) < math.inf
    ]
    faults += [Fault(name, getattr(options, name), "0 to 1") for name in shares if not 0 <= getattr(options, name) <= 1]
    for name in ("widths", "critic_widths"):
        widths = getattr(options, name, (GROUPS,))
        if not widths or any(width < GROUPS or width % GROUPS for width in widths):
            faults.append(Fault(name, widths, f"one or more multiples of {GROUPS}"))
    if faults:
        raise InputError("\n".join(map(str, faults)))


def check_levels(widths: Sequence[int], size_px: int) -> None:
    """An InputError where pictures of a side cannot be halved as often as a U-Net has widths."""
    if doublings(size_px) < 1 or 2 ** len(widths) > size_px // 2:
        raise InputError(str(Fault("widths", widths, f"fewer at {size_px} px: each halves the side")))


def scalars(torch: Any, *numbers: Any) -> Any:
    """Numbers (n,) of 0 to 1 -> (n, 3 x numbers): each with the sine and cosine of half a turn. No faster wave, so
    that what hangs on them changes smoothly."""
    x = torch.stack(numbers, 1)
    return torch.cat([x * 2 - 1, torch.sin(math.pi * x), torch.cos(math.pi * x)], 1)


def uniform(torch: Any, draw: Draw, *shape: int) -> Any:
    """Uniform numbers from 0 to 1, through the normal distribution function."""
    return torch.special.ndtr(draw(*shape))


def perceptron(inputs: int, width: int) -> Any:
    """Two linear layers, (n, inputs) -> (n, width)."""
    nn = import_torch().nn
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())


def zeroed(layer: Any) -> Any:
    """The layer, marked to start with weights of 0."""
    layer.starts_at_zero = True
    return layer


def film(condition: int, width: int) -> Any:
    """Group norm whose scale and shift follow a condition (FiLM: Perez et al. 2018): (x, (n, condition)) -> x."""
    torch = import_torch()
    nn = torch.nn

    class Film(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.GroupNorm(math.gcd(GROUPS, width), width)
            self.turn = zeroed(nn.Linear(condition, 2 * width))

        def forward(self, x: Any, about: Any) -> Any:
            scale, shift = self.turn(about)[:, :, None, None].chunk(2, 1)
            return torch.addcmul(shift, self.norm(x), 1 + scale)

    return Film()


def residual(before: int, after: int, condition: int) -> Any:
    """A residual block (He et al. 2016, with the norms first), both norms conditioned: (x, condition) -> x."""
    torch = import_torch()
    nn = torch.nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norms = nn.ModuleList([film(condition, before), film(condition, after)])
            self.first = nn.Conv2d(before, after, 3, 1, 1)
            self.second = zeroed(nn.Conv2d(after, after, 3, 1, 1))
            self.short = nn.Identity() if before == after else nn.Conv2d(before, after, 1)

        def forward(self, x: Any, about: Any) -> Any:
            silu = nn.functional.silu
            h = self.first(silu(self.norms[0](x, about)))
            return self.short(x) + self.second(silu(self.norms[1](h, about)))

    return Residual()


def unet(widths: Sequence[int], inputs: int, outputs: int, condition: int) -> Any:
    """A U-Net (Ronneberger et al. 2015) of residual blocks, one a level down and one up.

    widths[i] are the channels at side / 2**(i + 1). Pictures come and go as 2 x 2 px in the channels (Shi et al.
    2016), a quarter of the work: ((n, inputs, s, s), (n, condition)) -> (n, outputs, s, s). It starts by giving 0.
    """
    torch = import_torch()
    nn = torch.nn
    pairs = list(itertools.pairwise(widths))

    class Unet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            first, last = widths[0], widths[-1]
            self.enter = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * inputs, first, 3, 1, 1))
            self.down = nn.ModuleList(residual(a, a, condition) for a in widths[:-1])
            self.shrink = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in pairs)
            self.middle = nn.ModuleList(residual(last, last, condition) for _ in range(2))
            self.up = nn.ModuleList(residual(a + b, a, condition) for a, b in pairs)
            leave = zeroed(nn.Conv2d(first, 4 * outputs, 3, 1, 1))
            self.leave = nn.ModuleList([film(condition, first), nn.Sequential(leave, nn.PixelShuffle(2))])

        def forward(self, x: Any, about: Any) -> Any:
            h, kept = self.enter(x.contiguous(memory_format=torch.channels_last)), []
            for block, shrink in zip(self.down, self.shrink, strict=True):
                h = block(h, about)
                kept.append(h)
                h = shrink(h)
            for block in self.middle:
                h = block(h, about)
            for block in reversed(self.up):
                h = block(torch.cat([nn.functional.interpolate(h, scale_factor=2.0), kept.pop()], 1), about)
            return self.leave[1](nn.functional.silu(self.leave[0](h, about)))

    return Unet()


def steps_taken(optimiser: Any) -> int:
    """How many steps an Adam has taken; part of its state, so a resumed training goes on counting."""
    return int(next((state["step"] for state in optimiser.state.values()), 0))


def average_of(net: Any) -> Any:
    """A copy that `follow` keeps as the running mean of the network's weights."""
    mean = copy.deepcopy(net).eval()
    return mean.requires_grad_(False)


def follow(torch: Any, mean: Any, net: Any, steps: int, decay: float) -> None:
    """Move a running mean of weights; early steps weigh less than `decay` would have them. Buffers are copied."""
    share = 1 - min(decay, (1 + steps) / (10 + steps))
    with torch.no_grad():
        for kept, new in zip(mean.parameters(), net.parameters(), strict=True):
            kept.lerp_(new, share)
        for kept, new in zip(mean.buffers(), net.buffers(), strict=True):
            kept.copy_(new)


def gauge(channels: int, kinds: int = 1) -> Any:
    """A module that measures how much things (n, channels, h, w) vary around 0, in the first `GAUGED` batches.

    Pictures of one person differ by a tenth of what pictures differ by, and by how much depends on the data: a model
    that learns the difference learns it in these units. kinds : parts of the channels with an SD each. Called, it gives
    the SD (1, channels, 1, 1) with this batch counted in; `keep` then stores the batch. Its state is in buffers, so a
    resumed training has it.
    """
    torch = import_torch()

    class Gauge(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("square", torch.zeros(kinds))
            self.register_buffer("batches", torch.zeros(()))

        def forward(self, x: Any = None) -> Any:
            square, batches = (self.square, self.batches) if x is None else self._with(x)
            sd = torch.sqrt(square / batches.clamp(min=1)).clamp(min=LEAST_SD)
            return sd.repeat_interleave(channels // kinds)[None, :, None, None]

        def keep(self, x: Any) -> None:
            self.square, self.batches = self._with(x)

        def _with(self, x: Any) -> tuple[Any, Any]:
            more = (self.batches < GAUGED).to(self.batches)
            return self.square + more * x.detach().square().reshape(len(x), kinds, -1).mean((0, 2)), self.batches + more

    return Gauge()


def easing(done: float) -> float:
    """Share of the full rate: 1 for half of the training, then falling to 0 in a straight line."""
    return min(1.0, 2 * (1 - done))
