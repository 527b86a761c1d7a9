"""Renderers for tests of the comparison: a simple honest one, and others that each do one thing badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from nof1sim.model import Lesions, Render, View
from nof1sim.randomness import stream
from nof1sim.render.masks import measure

LEARNT: list[np.ndarray] = []
"""What `Memoriser` knows; a test fills it."""
REDNESS = (14, -26, -24)


class Truth:
    """A smooth pattern of the person's own on skin, and a red disc for each visible lesion. Nothing else changes."""

    name = "truth"
    modality = "test picture"
    views: tuple[str, ...] = ("front",)
    repeatable: Literal["bitwise", "seeded"] = "bitwise"
    batch_size = 4

    def render(self, views: Sequence[View]) -> list[Render]:
        return [self.draw(view) for view in views]

    def draw(self, view: View) -> Render:
        core, strength = discs(self.lesions(view), view.size_px)
        return rendered(self.face(view) + strength[..., None] * np.array(REDNESS), core)

    def face(self, view: View) -> np.ndarray:
        return pattern(self.who(view), view.size_px)

    def who(self, view: View) -> tuple[str | int, ...]:
        return (view.seed, view.scene.patient.key)

    def lesions(self, view: View) -> Lesions:
        return view.scene.lesions


class Frozen(Truth):
    """Ignores severity: the same clear face on every day, and no masks."""

    def draw(self, view: View) -> Render:
        return rendered(self.face(view), np.zeros((view.size_px, view.size_px), np.int32))


class Stranger(Truth):
    """Another person every day."""

    def who(self, view: View) -> tuple[str | int, ...]:
        return (view.seed, view.scene.patient.key, view.scene.day)


class Clones(Truth):
    """Everybody has the same face."""

    def who(self, view: View) -> tuple[str | int, ...]:
        return (0, "one")


class Twins(Truth):
    """Always the same person for a patient, but not the protocol's."""

    def who(self, view: View) -> tuple[str | int, ...]:
        return (view.seed, view.scene.patient.key, "twin")


class Restless(Truth):
    """Redraws the skin everywhere every day: by a few grey levels."""

    def face(self, view: View) -> np.ndarray:
        noise = stream(view.seed, *view.address, "skin").integers(-6, 7, (view.size_px, view.size_px, 3))
        return super().face(view) + noise


class Wanderer(Truth):
    """As many lesions as asked for, on other places every day."""

    def lesions(self, view: View) -> Lesions:
        lesions = view.scene.lesions
        rng = stream(view.seed, *view.address, "places")
        x, y = rng.uniform(-70, 70, len(lesions)), rng.uniform(-90, 70, len(lesions))
        return replace(lesions, x_mm=x, y_mm=y)


class Flushed(Truth):
    """Reddens the whole face smoothly with severity and draws no lesion."""

    def draw(self, view: View) -> Render:
        down = np.linspace(0.5, 1.5, view.size_px)[:, None, None]
        flush = down * len(view.scene.lesions) / 40 * np.array(REDNESS)
        return rendered(self.face(view) + flush, np.zeros((view.size_px, view.size_px), np.int32))


class Blurred(Truth):
    """Smooths everything away that is small."""

    def draw(self, view: View) -> Render:
        render = super().draw(view)
        return replace(render, pixels=gaussian_filter(render.pixels.astype(float), (2, 2, 0)).astype(np.uint8))


class Memoriser(Truth):
    """Gives back a picture of its training, one for each address."""

    def draw(self, view: View) -> Render:
        place = int(stream(view.seed, *view.address, "memory").integers(len(LEARNT)))
        return rendered(LEARNT[place], np.zeros((view.size_px, view.size_px), np.int32))


class Small(Truth):
    """Draws the size that it was trained at, whatever is asked for."""

    def draw(self, view: View) -> Render:
        return super().draw(replace(view, size_px=view.size_px // 2))


def pattern(who: tuple[str | int, ...], size: int) -> np.ndarray:
    """(size, size, 3): skin with a smooth pattern and a fine grain of a person's own."""
    rng = stream(0, *who, "face")
    coarse = np.stack([zoom(rng.normal(0, 14, (5, 5)), size / 5, order=3)[:size, :size] for _ in range(3)], -1)
    grain = rng.normal(0, 0.4, (size, size, 1))
    return np.array([185, 140, 120]) + rng.normal(0, 10, 3) + coarse + grain


def discs(lesions: Lesions, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A spot of about one pixel for each visible lesion, the later on top: its id and its redness, (size, size)."""
    core, strength = np.zeros((size, size), np.int32), np.zeros((size, size))
    shown = lesions.take(lesions.visible)
    y, x = np.mgrid[:size, :size]
    across, down = (shown.x_mm + 90) / 180 * size, (90 - shown.y_mm) / 220 * size
    for i in range(len(shown)):
        where = (x - across[i]) ** 2 + (y - down[i]) ** 2 <= 0.6
        core[where], strength[where] = shown.lesion_id[i], shown.erythema[i]
    return core, strength


def rendered(pixels: np.ndarray, core: np.ndarray) -> Render:
    ids, boxes, area = measure(core)
    whole = np.clip(np.round(pixels), 0, 255).astype(np.uint8)
    return Render(whole, core, core, ids, boxes, area, {}, {"renderer": "test"})
