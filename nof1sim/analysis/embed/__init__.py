"""Images to vectors. `choose(name)` finds an embedder, `vectors(embedder, shots)` asks it and checks the answer."""

from .base import Embedder, Needs, Progress, choose, vectors

__all__ = ["Embedder", "Needs", "Progress", "choose", "vectors"]
