"""Renderers for tests: found as `nof1sim_test_renderers:Dots`, also by spawned processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nof1sim.errors import RenderError
from nof1sim.model import Render, View
from nof1sim.protocol.part import Part
from nof1sim.randomness import stream
from nof1sim.render.masks import measure


class Dots:
    """A grey field with one dot a visible lesion: quick, and as repeatable as the real thing."""

    name = "dots"
    modality = "test picture"
    views: tuple[str, ...] = ("front", "left")
    repeatable: Literal["bitwise", "seeded"] = "bitwise"
    batch_size = 1
    layers = ("parts", "depth", "normals", "chart")

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
        ids, boxes, area = measure(core)
        face = {"nose_width": float(view.scene.patient.rank)}
        drawn = {"renderer": self.name} | asdict(view.nuisance) | face
        layers = {name: layer for name, layer in truth_images(size).items() if name in view.layers}
        points = {"nose": (1.0, float("nan"))}
        return Render(pixels.astype(np.uint8), core, core, ids, boxes, area, points, drawn, layers, face)


class TintOptions(Part):
    """Options of `Tinted`."""

    tint: Annotated[int, Field(ge=0)] = 3


class Tinted(Dots):
    """Dots with an option."""

    Options = TintOptions

    def __init__(self, options: TintOptions) -> None:
        super().__init__()
        self.options = options


def truth_images(size: int) -> dict[str, np.ndarray]:
    """A disc of skin before nothing, with each layer's units."""
    y, x = (np.mgrid[:size, :size] - size / 2) / (size / 2)
    skin = x**2 + y**2 < 0.8
    ball = np.stack([x, -y, np.sqrt(np.maximum(1 - x**2 - y**2, 0))], -1)
    return {
        "parts": skin.astype(np.uint8),
        "depth": np.where(skin, 1150.25 - 90 * ball[..., 2], np.nan),
        "normals": np.where(skin[..., None], ball, np.nan),
        "chart": np.where(skin[..., None], np.stack([80 * x, -100 * y], -1), np.nan),
    }


class Fails(Dots):
    """Cannot draw day 3."""

    def _draw(self, view: View) -> Render:
        if view.scene.day == 3:
            raise RenderError("images.renderer: day 3 cannot be drawn.")
        return super()._draw(view)


class Turns(Dots):
    """Draws turned views, too, and no layers."""

    layers = ()

    @staticmethod
    def accepts(view: str) -> bool:
        return view in Dots.views or view.startswith("yaw")


class Empty(Dots):
    """Says that it has layers, and gives none."""

    def _draw(self, view: View) -> Render:
        return replace(super()._draw(view), layers={})


class Together(Dots):
    """Draws several at once, and a picture shows with which others: the worst case of "seeded"."""

    repeatable = "seeded"
    batch_size = 4
    processes = 1

    def render(self, views: Sequence[View]) -> list[Render]:
        if len(views) > 1 and any(view.scene.day == 6 and view.scene.patient.rank == 2 for view in views):
            raise RenderError("images.renderer: this batch cannot be drawn.")
        mean = int(np.mean([view.scene.day for view in views]) * 8)
        found = super().render(views)
        for render in found:
            render.pixels[:2, :2] = mean
        return found


class TogetherFails(Together):
    """Cannot draw day 3, in company or alone."""

    def render(self, views: Sequence[View]) -> list[Render]:
        if any(view.scene.day == 3 for view in views):
            raise RenderError("images.renderer: day 3 cannot be drawn.")
        return super().render(views)
