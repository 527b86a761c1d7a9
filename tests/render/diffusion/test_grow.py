"""Growth: only what is new is painted, over what is there, and the rest keeps its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nof1sim.errors import RenderError
from nof1sim.render.diffusion.grow import grow
from nof1sim.render.diffusion.jobs import PaintJob

from .tiny import face, picture


class Painter:
    """Fills its mask with a number that goes up; notes its jobs."""

    def __init__(self, beyond: bool = False) -> None:
        self.jobs: list[PaintJob] = []
        self.beyond = beyond

    def paint(self, jobs: Sequence[PaintJob]) -> list[np.ndarray]:
        self.jobs += jobs
        out = [np.where(job.mask[..., None] > 0, len(self.jobs), job.portrait).astype(np.uint8) for job in jobs]
        for one in out if self.beyond else ():
            one[0, 0] += 1
        return out


def discs(*radii: int, side: int = 64) -> list[np.ndarray]:
    y, x = np.mgrid[:side, :side] - side / 2
    return [(np.hypot(x, y) < radius) * 1.0 for radius in radii]


def start(prompt: str = "a rash") -> PaintJob:
    return PaintJob(picture(3), np.zeros((64, 64)), prompt, "", None, ("P001", "rash"), 7)


def test_each_step_paints_the_new_ring_and_keeps_the_rest() -> None:
    painter, masks = Painter(), discs(5, 10, 20)
    steps = grow(painter, start(), masks, ["faint", "red", "dark"])
    assert len(painter.jobs) == 3
    below = picture(3)
    for number, (step, mask) in enumerate(zip(steps, masks, strict=True)):
        assert np.array_equal(step.mask, mask)
        assert np.array_equal(step.pixels[mask == 0], picture(3)[mask == 0])
        ring = mask > (masks[number - 1] if number else 0)
        assert np.array_equal(step.painted, ring)
        assert (step.pixels[ring] == number + 1).all()
        assert np.array_equal(step.pixels[~ring], below[~ring])
        assert np.array_equal(painter.jobs[number].portrait, below)
        below = step.pixels
    assert [job.prompt for job in painter.jobs] == ["faint", "red", "dark"]
    assert len({job.seed_address for job in painter.jobs}) == 3
    assert {job.seed_address[0] for job in painter.jobs} == {"P001"}


def test_a_step_that_adds_nothing_paints_nothing() -> None:
    painter, [mask] = Painter(), discs(8)
    steps = grow(painter, start(), [0 * mask, mask * 0.5, mask])
    assert len(painter.jobs) == 1
    assert np.array_equal(steps[0].pixels, picture(3))
    assert np.array_equal(steps[1].pixels, steps[2].pixels)
    assert not steps[2].painted.any()


def test_an_overlap_reaches_into_what_was_painted_by_that_much() -> None:
    painter, (small, large) = Painter(), discs(10, 16)
    again = grow(painter, start(), [small, large], overlap_px=4)[1].painted & (small > 0)
    y, x = np.nonzero(again)
    away = np.hypot(y - 32, x - 32)
    assert again.any()
    assert away.min() > 10 - 4 - 1.5
    assert not grow(Painter(), start(), [small, small], overlap_px=4)[1].painted.any()


def test_wrong_masks_and_prompts_are_refused() -> None:
    small, large = discs(4, 9)
    for masks, said in (
        ([large, small], r"masks\[1\].*contains it.*union"),
        ([large * np.nan], r"masks\[0\]"),
        ([large[:32]], r"\(64, 64\), the portrait's size"),
    ):
        with pytest.raises(RenderError, match=said):
            grow(Painter(), start(), masks)
    with pytest.raises(RenderError, match=r"prompts: got 1; allowed: one, or 2"):
        grow(Painter(), start(), [small, large], ["one"])


def test_a_painter_that_paints_beyond_its_mask_is_found_out() -> None:
    with pytest.raises(AssertionError, match="the painter changed"):
        grow(Painter(beyond=True), start(), discs(5))


def test_tiny_models_grow_over_what_they_painted(instantid: Any) -> None:
    from dataclasses import replace

    from nof1sim.render.diffusion.sampler import MaskedSampler

    masks = discs(8, 16)
    one, two = grow(MaskedSampler(instantid), replace(start(), identity=face(1)), masks)
    assert (one.pixels != picture(3)).any(-1)[masks[0] > 0].mean() > 0.5
    assert (two.pixels != one.pixels).any(-1)[two.painted].mean() > 0.5
    assert np.array_equal(two.pixels[~two.painted], one.pixels[~two.painted])
    assert np.array_equal(two.pixels[masks[1] == 0], picture(3)[masks[1] == 0])
