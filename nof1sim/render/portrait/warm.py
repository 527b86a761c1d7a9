"""Compiles what the first picture would otherwise wait for, on skin that is nobody's."""

from __future__ import annotations

import numpy as np

from nof1sim.model import Nuisance
from nof1sim.randomness import stream
from nof1sim.render.camera import shoot
from nof1sim.render.skin import sample_lesions

from .compose import compose
from .patch import flat_map
from .photograph import from_pixels
from .prepare import prepare

SIZE_PX = 96
SKIN = (205.0, 160.0, 140.0)


def warm_up() -> None:
    """Prepare a patch, put lesions on it, and photograph it."""
    grain = stream(0, "warm-up").normal(0, 3, (SIZE_PX, SIZE_PX, 3))
    pixels = np.clip(np.array(SKIN) + grain, 0, 255).astype(np.uint8)
    canvas = prepare(from_pixels(pixels, "warm-up"), flat_map((SIZE_PX, SIZE_PX), 0.5))
    made = compose(canvas, sample_lesions("papule", [(0.0, 0.0)]))
    shoot(made.pixels, made.lesion, made.support, {}, Nuisance(roll_deg=1.0, noise=1.0, blur_px=1.0), (0, "warm-up"))
