"""Pictures from a model: arrays in, arrays out, randomness by address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import Asked, Draw, Learner
from .torches import Pixels, device_here, draw_of, import_torch, to_pixels, to_tensor

Address = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """pixels (n, s, s, 3) uint8; changed (n, s, s) float32, 0 to 1, how much of each pixel the model changed, where it
    says so; by_chance: whether anything was drawn anew for the day."""

    pixels: Pixels
    changed: NDArray[np.float32] | None
    by_chance: bool


def draw_pictures(
    learner: Learner,
    base: Pixels,
    base_severity: NDArray[np.floating[Any]],
    severity: NDArray[np.floating[Any]],
    seed: int,
    people: Sequence[Address],
    days: Sequence[Address],
) -> Drawn:
    """Pictures of people at severities.

    Parameters
    ----------
    base : (n, s, s, 3) uint8.  base_severity, severity : (n,), 0 to 1.
    people, days : n addresses; pictures of one person have one address in `people` and each its own in `days`.
    """
    torch, device = import_torch(), device_here()
    pixels, changed, asked_for = [], [], list[tuple[int, ...]]()
    for net in (*learner.networks.values(), *learner.averages.values()):
        net.eval()
    with torch.no_grad():
        for first in range(len(base)):  # one by one: in a batch of another size a sum may round otherwise
            some = slice(first, first + 1)
            before, after = (torch.from_numpy(np.asarray(s[some], np.float32)) for s in (base_severity, severity))
            asked = Asked(
                to_tensor(base[some], device), before.to(device), after.to(device),
                [draw_of(seed, "person", *one, device=device) for one in people[some]],
                [_noted(draw_of(seed, "day", *one, device=device), asked_for) for one in days[some]],
            )  # fmt: skip
            made, where = learner.sample(asked)
            pixels.append(to_pixels(made))
            if where is not None:
                changed.append(where.detach().float().cpu().numpy())
    return Drawn(np.concatenate(pixels), np.concatenate(changed) if changed else None, bool(asked_for))


def _noted(draw: Draw, asked_for: list[tuple[int, ...]]) -> Draw:
    """The same draw; that it was used is noted."""

    def noted(*shape: int) -> Any:
        asked_for.append(shape)
        return draw(*shape)

    return noted
