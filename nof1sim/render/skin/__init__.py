"""Lesions and skin optics in canonical face coordinates: shared by every renderer.

`draw` adds a day's lesions to a clear face, given as a `SkinBuffer`; nothing here knows where that face came from.
"""

from nof1sim.render.skin.buffer import Lighting, Sites, SkinBuffer
from nof1sim.render.skin.draw import Scratch, draw, make_scratch
from nof1sim.render.skin.records import CONTRAST_FLOOR
from nof1sim.render.skin.specimens import sample_lesions

__all__ = ["CONTRAST_FLOOR", "Lighting", "Scratch", "Sites", "SkinBuffer", "draw", "make_scratch", "sample_lesions"]
