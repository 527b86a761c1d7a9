"""Parametric head, G-buffer once per identity and view, lesions and development per day: the default renderer."""

from nof1sim.render.procedural.renderer import ProceduralRenderer
from nof1sim.render.skin import CONTRAST_FLOOR

__all__ = ["CONTRAST_FLOOR", "ProceduralRenderer"]
