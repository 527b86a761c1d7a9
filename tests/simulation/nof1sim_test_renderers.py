"""Renderers for tests: found as `nof1sim_test_renderers:Dots`, also by spawned processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from nof1sim.errors import RenderError
from nof1sim.model import Render, View
from nof1sim.randomness import stream


class Dots:
    """A grey field with one dot a visible lesion: quick, and as repeatable as the real thing."""

    name = "dots"
    modality = "test picture"
    views: tuple[str, ...] = ("front", "left")
    repeatable: Literal["bitwise", "seeded"] = "bitwise"
    batch_size = 1

    def __init__(self, options: object = None) -> None:
        del options

    def render(self, views: Sequence[View]) -> list[Render]:
        return [self._draw(view) for view in views]

    def _draw(self, view: View) -> Render:
        size, lesions = view.size_px, view.scene.lesions.take(view.scene.lesions.visible)
        core = np.zeros((size, size), np.int32)
        x = ((lesions.x_mm + 90) / 180 * (size - 1)).astype(int)
        y = ((90 - lesions.y_mm) / 220 * (size - 1)).astype(int)
        core[y, x] = lesions.lesion_id
        noise = stream(view.seed, *view.address, "sensor").integers(0, 4, (size, size, 3))
        pixels = (120 + 20 * view.nuisance.exposure_ev + 60 * (core > 0)[..., None] + noise).clip(0, 255)
        ids = np.unique(core[core > 0]).astype(np.int64)
        boxes = np.ones((ids.size, 4))
        drawn = {"renderer": self.name}
        area = np.ones(ids.size, np.int64)
        return Render(pixels.astype(np.uint8), core, core, ids, boxes, area, {"nose": (1.0, float("nan"))}, drawn)


class Fails(Dots):
    """Cannot draw day 3."""

    def _draw(self, view: View) -> Render:
        if view.scene.day == 3:
            raise RenderError("images.renderer: day 3 cannot be drawn.")
        return super()._draw(view)
