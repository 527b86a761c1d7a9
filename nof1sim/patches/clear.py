"""Clear skin of one photograph: every number that the lesion layer asks for, in memory that is used again.

Fresh memory for each picture would cost more than filling it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin import Lighting, SkinBuffer, empty_scratch
from nof1sim.render.skin.relight import RELIEF, clear_gloss

from . import geometry as geo
from . import shade
from .piece import Piece
from .texture import add_moles, texture
from .tiles import BROAD_MM, DOT_MM, FINE_MM, level_of, tiles

F = np.float32
ROUGH = 0.46
"""Roughness of body skin's gloss: little of it is sharp."""
OIL = 1.6
"""Amount of gloss, of a site's 1."""


class Clear:
    """Arrays of a picture's n pixels, g groups of light; see `nof1sim.render.skin.SkinBuffer`.

    cover (n,) : see `geometry.place`. picture (n, 3) : linear light. covered (h, w) : by hair.
    """

    lighting: Lighting

    def __init__(self, size: int, groups: int) -> None:
        n = size * size

        def empty(*shape: int) -> NDArray[np.float32]:
            return np.zeros((n, *shape), F)

        self.chart, self.cover, self.picture = empty(2), empty(), empty(3)
        self.spot, self.smooth, self.normal, self.view, self.albedo = (empty(3) for _ in range(5))
        self.slope, self.stain, self.dim = empty(2), empty(2), empty()
        self.flow, self.light, self.seen, self.gloss = empty(groups, 3), empty(groups, 3), empty(groups), empty(groups)
        self.through, self.sheen, self.melanin, self.blood = empty(3), empty(), empty(), empty()
        self.oil, self.rough, self.lock = empty(), empty() + F(ROUGH), empty() + F(1)
        self.covered = np.zeros((size, size), F)
        self.pixel = np.arange(n)
        self.slot = np.empty((size, size), np.int32)
        self.scratch = empty_scratch(n, empty(groups), empty(3))

    def paint(self, piece: Piece, frame: geo.Frame, lamps: shade.Lamps, lighting: Lighting) -> None:
        """Fill everything for one photograph of a piece."""
        self.lighting = lighting
        geo.place(frame, self.chart, self.spot, self.smooth, self.cover)
        self._stain(piece, frame)
        table = shade.colours(piece.melanin, piece.blood)
        shade.paint_skin(
            table, F(piece.melanin), F(piece.blood), self.stain, self.cover, self.albedo, self.melanin, self.blood
        )
        shade.tilt(frame, lamps, self.slope, self.cover, self.smooth, self.normal, self.view, self.flow, self.seen)
        self.oil[:] = OIL * piece.oil
        shine, way, spread = self.scratch.shine, lighting.direction, lighting.spread
        clear_gloss(self.normal, self.view, self.seen, self.oil, self.rough, way, spread, shine)
        shade.light_skin(
            frame, lamps, lighting.colour, lighting.wrap, RELIEF, self.dim, self.cover, self.albedo, self.smooth,
            self.normal, self.flow, self.seen, shine, self.light, self.gloss, self.through, self.sheen, self.picture,
        )  # fmt: skip

    def _stain(self, piece: Piece, frame: geo.Frame) -> None:
        t, level, dots = tiles(), level_of(frame.pixel, FINE_MM), level_of(frame.pixel, DOT_MM)
        step = 4 if frame.pixel <= 0.7 else 2 if frame.pixel <= 1.4 else 1
        look = np.array([piece.lines, piece.pores, piece.veins, piece.freckles, piece.form, piece.uneven], F)
        texture(
            self.chart, self.cover, frame.size, step, t.lines[level], t.pores[level],
            FINE_MM * 2**level, t.broad, BROAD_MM, t.dots[dots], DOT_MM * 2**dots, piece.turns, piece.creases, look,
            self.slope, self.stain, self.dim,
        )  # fmt: skip
        if len(piece.moles):
            at = geo.locate(frame, piece.moles[:, 0], piece.moles[:, 1])
            add_moles(piece.moles, at.x_px, at.y_px, F(1 / frame.pixel), self.chart, frame.size, self.stain)

    def buffer(self, piece: Piece, frame: geo.Frame) -> SkinBuffer:
        """What lesions are drawn on; it shares this memory."""
        self.slot[:] = np.where(self.cover > 0, self.pixel, -1).reshape(self.slot.shape)
        return SkinBuffer(
            self.pixel, self.slot, self.spot, self.normal, self.view, self.flow, self.seen, self.light, self.gloss,
            self.through, self.sheen, self.melanin, self.blood, self.albedo, self.oil, self.rough, self.lock,
            frame.pixel, geo.rotation_of(frame),
        )  # fmt: skip


@lru_cache(maxsize=4)
def workspace(size_px: int, groups: int) -> Clear:
    """The memory of this process for pictures of a size."""
    return Clear(size_px, groups)
