"""Two renderers without weights: lesions painted once and replayed, and the whole face drawn anew each day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nof1sim.chart import KEY_POINTS
from nof1sim.model import View
from nof1sim.randomness import stream
from nof1sim.render.diffusion.baseline import DailyOptions, DailyRenderer
from nof1sim.render.diffusion.config import DiffusionOptions
from nof1sim.render.diffusion.jobs import PaintJob
from nof1sim.render.diffusion.renderer import DiffusionRenderer
from nof1sim.render.diffusion.studio import Portrait, Studio

SIZE = 64
REDDENED = 12
"""Grey levels that green and blue lose a grade."""


def portrait(view: View) -> Portrait:
    """A plain skin with the key points of a face."""
    pixels = np.full((SIZE, SIZE, 3), (190, 150, 130), np.uint8)
    points = {name: (32 + 0.27 * x, 28 - 0.27 * y) for name, (x, y) in KEY_POINTS.items()}
    return Portrait(pixels, points, None, {"portrait": "drawn for a test"})


class Once:
    """Reddens what it is given, by the mask."""

    def paint(self, jobs: Sequence[PaintJob]) -> list[np.ndarray]:
        fade = [1 - job.mask[..., None] * np.array([0.0, 0.5, 0.5]) for job in jobs]
        return [np.rint(job.portrait * part).astype(np.uint8) for job, part in zip(jobs, fade, strict=True)]


class Daily:
    """Noise of the day over the whole face, redder with the grade."""

    def paint(self, jobs: Sequence[PaintJob]) -> list[np.ndarray]:
        out = []
        for job in jobs:
            noise = stream(job.seed, *job.seed_address).integers(-4, 5, job.portrait.shape)
            out.append((job.portrait + noise - np.array([0, 1, 1]) * REDDENED * job.grades[0][0]).astype(np.uint8))
        return out


class PaintOnce(DiffusionRenderer):
    name = "test-paint-once"

    def __init__(self, options: DiffusionOptions | None = None) -> None:
        super().__init__(options, Studio(Once(), portrait))


class PaintDaily(DailyRenderer):
    name = "test-img2img-daily"

    def __init__(self, options: DailyOptions | None = None) -> None:
        super().__init__(options, Studio(Daily(), portrait))
