"""Scene -> pixels. Knows no trial. Importing this package loads no renderer."""

from .base import Renderer
from .views import draw_nuisance, view_of

__all__ = ["Renderer", "draw_nuisance", "view_of"]
