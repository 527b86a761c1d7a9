"""Random changes of pictures while learning, differentiable and drawn from a `Draw`. torch loads inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .blocks import uniform

if TYPE_CHECKING:
    from .base import Draw

GAIN_SD, TINT_SD = 0.15, 0.06
"""Of the logarithm of a picture's exposure, and of each channel's: about what amateur photographs differ by."""
DARK, CONTRAST = 0.05, 3.0
"""Added before a logarithm; what makes contrasts about 1."""
SHIFT = 1 / 8
"""Pictures are moved by up to this share of their side (Zhao et al. 2020)."""


def relit(torch: Any, draw: Draw, *pictures: Any) -> tuple[Any, ...]:
    """Pictures (n, 3, s, s), -1 to 1, of the same n people, mirrored (half of them) and lit otherwise, all alike.

    With few people this is where new complexions and rooms come from; what differs *between* the pictures stays.
    """
    n = len(pictures[0])
    mirror = (draw(n) > 0).to(pictures[0].device)[:, None, None, None]
    log = GAIN_SD * draw(n, 1, 1, 1) + TINT_SD * draw(n, 3, 1, 1)
    gain = torch.exp(log).to(pictures[0])
    out = []
    for x in pictures:
        turned = torch.where(mirror, x.flip(3), x)
        out.append(((turned + 1) * gain - 1).clamp(-1, 1))
    return tuple(out)


def disturbed(torch: Any, draw: Draw, x: Any) -> Any:
    """Pictures for a critic (DiffAugment, Zhao et al. 2020): exposure, tint, mirror, translation. Not the
    saturation, which would stand for redness."""
    n, side = len(x), x.shape[-1]
    x = (x + 1) * torch.exp(GAIN_SD * draw(n, 1, 1, 1) + TINT_SD * draw(n, 3, 1, 1)).to(x) - 1
    x = torch.where((draw(n) > 0).to(x.device)[:, None, None, None], x.flip(3), x)
    far = max(1, round(side * SHIFT))
    moved = (uniform(torch, draw, n, 2) * (2 * far + 1)).long().clamp(0, 2 * far).tolist()
    padded = torch.nn.functional.pad(x, (far, far, far, far))
    return torch.stack([one[:, a : a + side, b : b + side] for one, (a, b) in zip(padded, moved, strict=True)])


def contrast(torch: Any, x: Any, window: int | None = None) -> Any:
    """Pictures (n, 3, s, s), -1 to 1 -> redness, yellowness and lightness (n, 3, s, s), each minus its neighbourhood.

    Logarithms of red over green, green over blue and of the mean go with haemoglobin and melanin (Beer-Lambert); what
    is left without the neighbourhood hardly knows the light's colour or the complexion. About -1 to 1. window : side
    of the neighbourhood, px, odd; None: an eighth of the picture's.
    """
    log = torch.log(((x + 1) / 2).clamp(min=0) + DARK)
    red, green, blue = log.unbind(1)
    channels = torch.stack([red - green, green - blue, log.mean(1)], 1)
    window = window or max(1, x.shape[-1] // 16) * 2 + 1
    around = torch.nn.functional.avg_pool2d(channels, window, 1, window // 2, count_include_pad=False)
    return CONTRAST * (channels - around)


def cells(torch: Any, x: Any) -> Any:
    """Mean colour in overlapping cells of an eighth of the side: (n, 3, k, k).

    What two photographs of a person can be compared by although the head has moved by some pixels, and the lesions are
    elsewhere in the cell.
    """
    side = max(2, x.shape[-1] // 8)
    return torch.nn.functional.avg_pool2d(x, side, side // 2)
