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


PARTS = {"background": 0, "skin": 1, "lips": 2, "eyes": 3, "brows": 4, "hair": 5, "cloth": 6, "headwear": 7}
"""Codes of a part mask. `cloth` is the garment; ears and neck are skin."""
LAYERS = ("parts", "depth", "normals", "chart")
"""Truth images that a renderer may be asked for beside the picture: part codes (h, w) uint8; depth (h, w) float32, mm
towards the camera from the pupils' plane, NaN on the background; normals (h, w, 3) float32, camera axes (x right, y
up, z to the camera), NaN on the background; chart (h, w, 2) float32, place on the canonical face chart, mm, NaN off the
facial skin."""
