"""Lesions on a photograph: drawn on its skin under its light; only what changes becomes pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Lesions
from nof1sim.render.light import to_display
from nof1sim.render.masks import dilate, measure
from nof1sim.render.portrait.finish import compressed
from nof1sim.render.portrait.prepare import Canvas
from nof1sim.render.procedural.filters import blur
from nof1sim.render.skin import Sites, draw

Labels = NDArray[np.int32]

ON_SKIN, STRENGTH = 0.9, 0.4
"""Share of a lesion's core that must be skin, and its mean weight there (see `skin.fade_of`), or it is not drawn."""
TURNS = 2 * np.pi * np.arange(16) / 16
RINGS = np.sqrt((np.arange(4) + 0.5) / 4)
"""Places of a core that are looked up: angles and, of its radius, the middles of rings of equal area."""


@dataclass(frozen=True, slots=True)
class Composite:
    """A photograph with lesions. pixels (h, w, 3); lesion, support (h, w): lesion_id or 0, of its core (the table's
    diameter), and of the core and every pixel that differs from the photograph; drawn: ids of the lesions with a core
    in it."""

    pixels: NDArray[np.uint8]
    lesion: Labels
    support: Labels
    drawn: tuple[int, ...]


def compose(canvas: Canvas, lesions: Lesions) -> Composite:
    """Draw the visible lesions that lie on skin which the camera sees. Outside `support` all bytes are the
    photograph's."""
    sites = canvas.face.place(lesions.x_mm, lesions.y_mm)
    here = np.flatnonzero(lesions.visible & on_skin(canvas, lesions, sites))
    lesions, sites = lesions.take(here), Sites(*(getattr(sites, f)[here] for f in Sites.__dataclass_fields__))
    work = canvas.scratch
    touched, core = draw(work.draw, lesions, sites, work.light, dark=canvas.dark, day=(1.0, 1.0, 1.0), oil=1.0)
    near = dilate(touched, canvas.finish.reach_px)
    box = _box(near)
    if box is None:
        return Composite(canvas.photograph.pixels.copy(), core, near, ())
    pixels = canvas.photograph.pixels.copy()
    pixels[box] = _developed(canvas, near[box] > 0, box)
    work.light[box] = work.smooth[box]
    if canvas.finish.jpeg is not None:
        pixels = np.where(near[..., None] > 0, compressed(pixels, canvas.finish.jpeg), canvas.photograph.pixels)
    apart = pixels[box] != canvas.photograph.pixels[box]
    differs = apart[..., 0] | apart[..., 1] | apart[..., 2]
    support = np.zeros_like(near)
    support[box] = np.where(differs, near[box], core[box])  # a core that changes no byte is a lesion's all the same
    assert not differs[near[box] == 0].any(), "a pixel beyond every lesion's reach has changed"
    return Composite(pixels, core, support, tuple(measure(core)[0].tolist()))


def _box(near: Labels) -> tuple[slice, slice] | None:
    """Rows and columns of all that is not 0; None where all is."""
    rows, columns = (np.flatnonzero(near.any(axis)) for axis in (1, 0))
    if rows.size == 0:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def on_skin(canvas: Canvas, lesions: Lesions, sites: Sites) -> NDArray[np.bool_]:
    """(k,) whether the core of each lesion lies on skin that the camera sees, all but a tenth of it, and far enough
    from where skin ends to show."""
    h, w = canvas.skin.shape
    seen = np.isfinite(sites.x_px) & np.isfinite(sites.y_px)
    normal = sites.normal @ canvas.face.rotation.T
    east = np.stack([normal[:, 2], -normal[:, 0]], -1)  # (0, 1, 0) x normal: x and z
    east /= np.maximum(np.linalg.norm(east, axis=1, keepdims=True), 1e-6)
    north_x, north_y = normal[:, 1] * east[:, 1], normal[:, 2] * east[:, 0] - normal[:, 0] * east[:, 1]
    turn = np.tile(TURNS, RINGS.size)
    radius = np.repeat(RINGS, TURNS.size) * 0.5 * lesions.diameter_mm[:, None]
    radius = radius * np.nan_to_num(sites.px_per_mm, nan=1.0)[:, None]
    x = sites.x_px[:, None] + radius * (np.cos(turn) * east[:, :1] + np.sin(turn) * north_x[:, None])
    y = sites.y_px[:, None] - radius * np.sin(turn) * north_y[:, None]
    x, y = np.concatenate([x, sites.x_px[:, None]], 1), np.concatenate([y, sites.y_px[:, None]], 1)
    column, row = (np.rint(np.nan_to_num(a, nan=-9.0)).astype(int) for a in (x, y))
    inside = (column >= 0) & (column < w) & (row >= 0) & (row < h)
    row, column = np.clip(row, 0, h - 1), np.clip(column, 0, w - 1)
    skin, slot = inside & (canvas.skin[row, column] > 0.5), canvas.buffer.slot[row, column]
    weight = np.where(skin & (slot >= 0), canvas.buffer.lock[slot], 0.0)
    on = skin[:, -1] & (skin[:, :-1].mean(1) >= ON_SKIN) & (weight.mean(1) >= STRENGTH)
    return seen & (normal[:, 2] > 0.1) & on


def _developed(canvas: Canvas, near: NDArray[np.bool_], box: tuple[slice, slice]) -> NDArray[np.uint8]:
    """A box of the photograph with the change of the scratch's light from the smooth skin, blurred, added as
    displayed, where `near`."""
    work, finish = canvas.scratch, canvas.finish
    change = work.light[box] - work.smooth[box]
    if finish.soften_px:
        change = blur(change, finish.soften_px)
    before = work.soft[box][near]
    after = np.maximum(before + change[near], 0)
    pixels = canvas.photograph.pixels[box].copy()
    steps = 255 * (to_display(after) - to_display(before))
    pixels[near] = np.clip(np.rint(pixels[near] + steps), 0, 255).astype(np.uint8)
    return pixels
