"""The Renderer interface. Names resolve in `nof1sim.plugins`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

from nof1sim.model import Render, View


@runtime_checkable
class Renderer(Protocol):
    """Draws pictures. Built once in each process.

    name : as in the protocol.  modality : what the pictures are, e.g. "face photograph".
    views : the views it can draw.  batch_size : how many views it likes at once.
    repeatable : "bitwise" (same bytes on one CPU type) or "seeded" (same up to rounding).
    """

    name: str
    modality: str
    views: tuple[str, ...]
    repeatable: Literal["bitwise", "seeded"]
    batch_size: int

    def render(self, views: Sequence[View]) -> list[Render]:
        """One Render a view, in order. A result depends on its view alone."""
        ...

    def prepare(self) -> None:
        """Load or compile whatever the first picture would otherwise wait for."""
        ...
