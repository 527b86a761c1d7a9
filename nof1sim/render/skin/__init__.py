"""Lesions and skin optics in canonical face coordinates: shared by every renderer.

`draw` adds a day's lesions to a clear face, given as a `SkinBuffer`; nothing here knows where that face came from.
"""

from nof1sim.render.skin.blocks import Primed
from nof1sim.render.skin.buffer import Lighting, Sites, SkinBuffer
from nof1sim.render.skin.draw import draw, prime
from nof1sim.render.skin.records import CONTRAST_FLOOR
from nof1sim.render.skin.specimens import sample_lesions
from nof1sim.render.skin.warp import ChartWarp, fit_warp

__all__ = [
    "CONTRAST_FLOOR",
    "ChartWarp",
    "Lighting",
    "Primed",
    "Sites",
    "SkinBuffer",
    "draw",
    "fit_warp",
    "prime",
    "sample_lesions",
]
