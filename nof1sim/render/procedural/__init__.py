"""Parametric head, G-buffer once per identity and view, lesions and development per day: the default renderer."""

from nof1sim.render.procedural.lesions import CONTRAST_FLOOR
from nof1sim.render.procedural.renderer import ProceduralRenderer

__all__ = ["CONTRAST_FLOOR", "ProceduralRenderer"]
