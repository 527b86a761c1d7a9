"""A piece of skin and its lesions in one photograph, in memory that is used again: fresh memory for each picture would
cost more than filling it.

Some rows at a time: first what lesions add to each of their pixels (`render.skin.paint`), then strip by strip the clear
skin and, while all is known of it, what lesions change (`change`). So nothing of a pixel is kept but its colour.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin import Lighting, lanes, relight
from nof1sim.render.skin.blocks import LANES
from nof1sim.render.skin.cores import label
from nof1sim.render.skin.paint import paint
from nof1sim.render.skin.shading import day_of

from . import change, shade, texture
from . import geometry as geo
from . import strip as s
from .compiled import njit
from .piece import Piece
from .tiles import BROAD_MM, DOT_MM, DOT_SIDE, FINE_MM, FINE_SIDE, level_of, tiles

F = np.float32
F32 = NDArray[np.float32]
ROUGH = 0.46
"""Roughness of body skin's gloss: little of it is sharp."""
OIL = 1.6
"""Amount of gloss, of a site's 1."""


class Clear:
    """cover (n,) : see `geometry.skin_at`. picture (n, 3) : linear light. covered (h, w) : by hair."""

    def __init__(self, size: int, groups: int) -> None:
        n = size * size
        self.cover, self.picture, self.covered = np.zeros(n, F), np.zeros((n, 3), F), np.zeros((size, size), F)
        self._band = change.band_of(size, groups)

    def paint(
        self, piece: Piece, frame: geo.Frame, lamps: shade.Lamps, lighting: Lighting, records: F32,
        ids: NDArray[np.int32],
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
        """Fill cover and picture, lesions (see `render.skin.records`) included; maps (h, w) of what these touched and
        of their cores."""
        touched, core = (np.zeros((frame.size, frame.size), np.int32) for _ in range(2))
        skin = shade.Skin(piece.melanin, piece.blood, OIL * piece.oil, ROUGH)
        amounts = texture.Amounts(piece.lines, piece.pores, piece.veins, piece.freckles, piece.form, piece.uneven)
        ones = (1.0,) * len(lighting.strength)
        _paint(
            frame, lamps, skin, amounts, _cloth(piece, frame), shade.colours(piece.melanin, piece.blood),
            lighting.colour, day_of(lighting, ones, 1.0, (1.0, 1.0, 1.0)), lighting.spread, lighting.wrap, records,
            ids, lanes.GRAIN, self._band, self.cover, self.picture, touched.ravel(), core.ravel(),
        )  # fmt: skip
        return touched, core


def _cloth(piece: Piece, frame: geo.Frame) -> texture.Cloth:
    t, level, dots = tiles(), level_of(frame.pixel, FINE_MM), level_of(frame.pixel, DOT_MM)
    at, moles = geo.locate(frame, piece.moles[:, 0], piece.moles[:, 1]), piece.moles
    return texture.Cloth(
        t.lines[level].ravel(), t.pores[level].ravel(), t.dots[dots].ravel(), t.broad, FINE_SIDE >> level,
        DOT_SIDE >> dots, FINE_MM * 2**level, DOT_MM * 2**dots, BROAD_MM, piece.turns, piece.creases, moles,
        np.stack([at.x_px, at.y_px], -1),
    )  # fmt: skip


@lru_cache(maxsize=4)
def workspace(size_px: int, groups: int) -> Clear:
    """The memory of this process for pictures of a size."""
    return Clear(size_px, groups)


@njit()
def _paint(
    f, lamps, skin, amounts, cloth, colours, colour, day, spread, wrap, records, ids, grain, band, cover, picture,
    touched, core,
):  # fmt: skip
    size, lesions = f.size, records.shape[0] > 0
    step = 4 if f.pixel <= 0.7 else 2 if f.pixel <= 1.4 else 1
    b, whole = np.zeros(s.SIZE, np.float32), np.zeros(s.WHOLE_SIZE, np.int32)
    lane = np.zeros(relight.SHADE_ROWS * LANES, np.float32)
    wide = (size + s.WIDTH - 1) // s.WIDTH * s.WIDTH
    low, high = np.zeros((8, wide), np.float32), np.zeros((8, wide), np.float32)
    places = np.empty(((size + step - 2) // step + 1, 8), np.float32)
    texture.broad_row(f, 0, step, cloth.broad, cloth.turns[1], cloth.broad_mm, places, high)
    change.constants(lamps, skin, band.known)
    for top in range(0, size, change.BAND):
        bottom = min(top + change.BAND, size)
        if lesions:
            change.places(f, top, bottom, b, band.place)
            paint(band.slot[: bottom - top], top, band.place, records, grain, band.met, band.acc)
        for row in range(top, bottom):
            if row % step == 0:
                low, high = high, low
                next_row = min(row + step, size - 1)
                texture.broad_row(f, next_row, step, cloth.broad, cloth.turns[1], cloth.broad_mm, places, high)
            for start in range(0, size, s.WIDTH):
                geo.place(f, row, start, b)
                at, many = row * size + start, min(s.WIDTH, size - start)
                most = F(0)
                for i in range(many):
                    cover[at + i] = b[s.COVER + i]
                    most = max(most, b[s.COVER + i])
                if most <= F(0):
                    continue
                texture.between(low, high, start, F(row % step) / F(step), b)
                texture.weave(f, row, start, cloth, amounts, b, whole)
                shade.pigment(b, whole, colours, skin)
                shade.tilt(f, lamps, row, start, b)
                shade.shine(b, skin, lamps, spread)
                shade.light(b, lamps, colour, wrap)
                shade.show(b)
                if lesions:
                    change.change(b, ((row - top) * wide + start) // LANES, band, day, lane)
                shade.store(b, at, many, picture)
        if lesions:
            label(band.met, band.pixel, band.acc, ids, touched[top * size :], core[top * size :])
