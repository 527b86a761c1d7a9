"""A renderer for tests of the analysis, found as `nof1sim_test_faces:Spots`: red spots on one colour of skin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from nof1sim.model import Render, View
from nof1sim.randomness import stream
from nof1sim.render.masks import measure


class Spots:
    """A plain field with a red square for each visible lesion, under a little sensor noise."""

    name = "spots"
    modality = "test picture"
    views: tuple[str, ...] = ("front", "left")
    repeatable: Literal["bitwise", "seeded"] = "bitwise"
    batch_size = 1
    layers = ()

    def __init__(self, options: object = None) -> None:
        del options

    def render(self, views: Sequence[View]) -> list[Render]:
        return [self._draw(view) for view in views]

    def _draw(self, view: View) -> Render:
        size, lesions = view.size_px, view.scene.lesions.take(view.scene.lesions.visible)
        core = np.zeros((size, size), np.int32)
        x = ((lesions.x_mm + 90) / 180 * (size - 3)).astype(int)
        y = ((90 - lesions.y_mm) / 220 * (size - 3)).astype(int)
        for down in range(2):
            for right in range(2):
                core[y + down, x + right] = lesions.lesion_id
        skin = np.array([190, 140, 120]) - 15 * view.scene.patient.rank
        noise = stream(view.seed, *view.address, "sensor").integers(0, 4, (size, size, 3))
        pixels = skin + noise - (core > 0)[..., None] * np.array([10, 45, 40])
        ids, boxes, area = measure(core)
        drawn, face = {"renderer": self.name}, {"nose_width": float(view.scene.patient.rank)}
        return Render(pixels.astype(np.uint8), core, core, ids, boxes, area, {"nose": (1.0, 1.0)}, drawn, {}, face)
