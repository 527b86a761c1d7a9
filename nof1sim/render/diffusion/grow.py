"""Growth: a rash that spreads is painted mask after mask, each over what was painted before, every mask kept.

For conditions that spread over the skin (exanthems). Only what is new of a mask is painted, so what is there already
never changes, and outside the last mask the bytes are the portrait's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...model import Bools
from .extras import wrong
from .jobs import Painter, PaintJob


@dataclass(frozen=True, slots=True)
class Grown:
    """A step of growth. pixels (h, w, 3) uint8: the picture so far.

    mask : (h, w) 0..1, the extent so far.  painted : (h, w) bool, what this step painted.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.floating]
    painted: Bools


def grow(
    painter: Painter,
    start: PaintJob,
    masks: Sequence[NDArray[np.floating]],
    prompts: Sequence[str] | str | None = None,
    overlap_px: int = 0,
) -> list[Grown]:
    """Paint growing masks, one after the other.

    Parameters
    ----------
    painter : paints regions.
    start : portrait, prompts, identity, seed and strength as for any region; its mask is not used. The step's number
        is added to the seed's address.
    masks : each (h, w) 0..1 and nowhere below the one before. A step that adds nothing paints nothing.
    prompts : a prompt for each step, or one for all; None takes that of `start`.
    overlap_px : how far a step may reach into what was painted before. A painter fades inside its region, so that at
        0 a thin rim of the skin below can stay between two steps; the width of its feather closes it. At 0 what was
        painted stays byte for byte.

    Returns
    -------
    A step for each mask. Outside its mask a picture has the portrait's bytes, and outside what a step painted those
    of the step before; both are asserted.

    Raises
    ------
    RenderError
        A mask of another size, one that does not contain the one before, or prompts that are not one a mask.
    """
    words = _prompts(start.prompt if prompts is None else prompts, len(masks))
    below, before, out = start.portrait, np.zeros(start.portrait.shape[:2]), []
    for number, (mask, prompt) in enumerate(zip(masks, words, strict=True)):
        _check(mask, before, number)
        new = _painted((mask > 0) & (before == 0), before > 0, overlap_px)
        if new.any():
            job = replace(
                start, portrait=below, mask=np.where(new, mask, 0.0), prompt=prompt,
                seed_address=(*start.seed_address, "grow", number),
            )  # fmt: skip
            [painted] = painter.paint([job])
            _assert_kept(painted, below, new, "what earlier steps painted")
            _assert_kept(painted, start.portrait, mask > 0, "the portrait outside the mask")
            below = painted
        out.append(Grown(below, mask, new))
        before = mask
    return out


def _prompts(prompts: Sequence[str] | str, steps: int) -> Sequence[str]:
    if isinstance(prompts, str):
        return [prompts] * steps
    if len(prompts) != steps:
        raise wrong("prompts", len(prompts), f"one, or {steps}: one a mask")
    return prompts


def _check(mask: NDArray[np.floating], before: NDArray[np.floating], number: int) -> None:
    if mask.shape != before.shape:
        raise wrong(f"masks[{number}]", mask.shape, f"{before.shape}, the portrait's size")
    lost = int((~(mask >= before)).sum())
    if lost:
        advice = "Growth never shrinks: give the union of the masks so far."
        raise wrong(f"masks[{number}]", f"{lost} pixels below the mask before", "a mask that contains it", advice)


def _painted(fresh: Bools, old: Bools, overlap_px: int) -> Bools:
    """What a step paints: what is fresh, and what is old within reach of it."""
    if overlap_px <= 0 or not fresh.any():
        return fresh
    return fresh | (old & (np.asarray(ndimage.distance_transform_edt(~fresh)) <= overlap_px))


def _assert_kept(new: NDArray[np.uint8], old: NDArray[np.uint8], touched: Bools, what: str) -> None:
    if not np.array_equal(new[~touched], old[~touched]):
        raise AssertionError(f"the painter changed {what}")
