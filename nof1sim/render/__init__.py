"""Scene -> pixels. Knows no trial. Importing this package loads no renderer."""

from nof1sim.render.base import RENDERERS, Renderer, known_renderers, load_renderer
from nof1sim.render.views import NuisanceSettings, draw_nuisance, view_of

__all__ = [
    "RENDERERS",
    "NuisanceSettings",
    "Renderer",
    "draw_nuisance",
    "known_renderers",
    "load_renderer",
    "view_of",
]
