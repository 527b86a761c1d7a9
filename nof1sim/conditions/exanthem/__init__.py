"""Maculopapular exanthem: one episode of hundreds of small red macules and papules that run together.

Light to import; scipy loads on first use.
"""

from .condition import Exanthem

__all__ = ["Exanthem"]
