"""A piece of skin and its lesions in one photograph, in memory that is used again: fresh memory for each picture would
cost more than filling it.

BAND rows at a time: first what lesions add to each of their pixels (`render.skin.paint`), then strip by strip the clear
skin and, while all is known of it, what lesions change (`render.skin.shading`). So nothing of a pixel is kept but its
colour, and what lesions add stays near the processor.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin import Lighting, blocks, lanes, relight
from nof1sim.render.skin.blocks import LANES
from nof1sim.render.skin.cores import label
from nof1sim.render.skin.draw import memory
from nof1sim.render.skin.paint import paint
from nof1sim.render.skin.shading import day_of, invert, kinds, shade_block

from . import geometry as geo
from . import shade, texture
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
BAND = 32


class Band(NamedTuple):
    """The lesion layer's memory of BAND rows, whose blocks begin anew in each row; see `render.skin.Primed`. known :
    of one block."""

    slot: NDArray[np.int32]
    pixel: NDArray[np.int64]
    place: F32
    known: F32
    met: NDArray[np.int32]
    acc: F32


def _band(size: int, groups: int) -> Band:
    wide = -(-size // s.WIDTH) * s.WIDTH
    count = BAND * wide // LANES
    column, row = np.arange(size), np.arange(BAND)[:, None]
    pixel = np.zeros((BAND, wide), np.int64)
    pixel[:, :size] = row * size + column
    return Band(
        (row * wide + column).astype(np.int32), pixel.ravel(), np.zeros(count * blocks.PLACE * LANES, F),
        np.zeros(blocks.layout(groups)[3], F), *memory(count),
    )  # fmt: skip


class Clear:
    """cover (n,) : see `geometry.skin_at`. picture (n, 3) : linear light. covered (h, w) : by hair."""

    def __init__(self, size: int, groups: int) -> None:
        n = size * size
        self.cover, self.picture, self.covered = np.zeros(n, F), np.zeros((n, 3), F), np.zeros((size, size), F)
        self._band, self._layout = _band(size, groups), blocks.layout(groups)

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
            lighting.colour, day_of(lighting, ones, 1.0, (1.0, 1.0, 1.0)), self._layout, records, ids, lanes.GRAIN,
            self._band, self.cover, self.picture, touched.ravel(), core.ravel(),
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
    f, lamps, skin, amounts, cloth, colours, colour, day, layout, records, ids, grain, band, cover, picture, touched,
    core,
):  # fmt: skip
    size, lesions = f.size, records.shape[0] > 0
    step = 4 if f.pixel <= 0.7 else 2 if f.pixel <= 1.4 else 1
    b, whole = np.zeros(s.SIZE, np.float32), np.zeros(s.WHOLE_SIZE, np.int32)
    lane = np.zeros(relight.SHADE_ROWS * LANES, np.float32)
    wide = (size + s.WIDTH - 1) // s.WIDTH * s.WIDTH
    low, high = np.zeros((8, wide), np.float32), np.zeros((8, wide), np.float32)
    places = np.empty(((size + step - 2) // step + 1, 8), np.float32)
    texture.broad_row(f, 0, step, cloth.broad, cloth.turns[1], cloth.broad_mm, places, high)
    _constants(lamps, skin, layout, band.known)
    for top in range(0, size, BAND):
        bottom = min(top + BAND, size)
        if lesions:
            _places(f, top, bottom, b, band.place)
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
                shade.shine(b, skin, lamps, day.spread)
                shade.light(b, lamps, colour, day.wrap)
                shade.show(b)
                if lesions:
                    _change(b, ((row - top) * wide + start) // LANES, band, layout, day, lane)
                shade.store(b, at, many, picture)
        if lesions:
            label(band.met, band.pixel, band.acc, ids, touched[top * size :], core[top * size :])


@njit()
def _places(f, top, bottom, b, place):
    """Places on the skin of rows top to bottom, as painting takes them."""
    at = np.uint64(0)
    for row in range(top, bottom):
        for start in range(0, f.size, s.WIDTH):
            geo.place(f, row, start, b)
            for first in range(0, s.WIDTH, LANES):
                for number in range(LANES):
                    i, k = np.uint64(first + number), np.uint64(number)
                    skin = b[s.COVER + i] > F(0)
                    place[at + blocks.P_X + k] = b[s.A + i] if skin else blocks.AWAY_MM
                    place[at + blocks.P_Y + k], place[at + blocks.P_Z + k] = b[s.C + i], b[s.Z + i]
                    place[at + blocks.P_LOCK + k] = F(1)
                at += np.uint64(blocks.PLACE * LANES)


@njit()
def _constants(lamps, skin, layout, known):
    """What is the same for all pixels."""
    _, form, flow, _ = layout
    key = flow + blocks.FLOW * LANES
    for number in range(LANES):
        k = np.uint64(number)
        known[form + blocks.OIL + k], known[form + blocks.ROUGH + k] = skin.oil, skin.rough
        known[flow + blocks.FLOW_X + k], known[flow + blocks.FLOW_Y + k] = shade.ROOM_FLOW[0], shade.ROOM_FLOW[1]
        known[flow + blocks.FLOW_Z + k] = shade.ROOM_FLOW[2]
        known[key + blocks.FLOW_X + k], known[key + blocks.FLOW_Y + k] = lamps.x, lamps.y
        known[key + blocks.FLOW_Z + k], known[key + blocks.SEEN + k] = lamps.z, 1


@njit()
def _change(b, block, band, layout, day, lane):
    """Add to a strip's picture what lesions change in it; block : where the strip begins among those of the band."""
    _, form, flow, _ = layout
    f, g, here = np.uint64(form), np.uint64(flow), np.uint64(0)
    for number in range(s.WIDTH // LANES):
        at = band.met[np.uint64(block + number)]
        if at < 0:
            continue
        a, first = np.uint64(at * lanes.CHANNELS * LANES), np.uint64(number * LANES)
        formed, shown = kinds(band.acc, a, lane)
        if shown:
            _lay(b, first, band.known, f, g + np.uint64(blocks.FLOW * LANES), day.power.size > shade.FLASH, lane)
            invert(band.known, here, day.table)
            shade_block(band.acc, a, band.known, here, f, g, day, formed, lane)
            _add(lane, b, first)


@njit()
def _lay(b, first, known, form, key, flash, lane):
    """What is known of a block's pixels, of a strip from its lane `first` on; see `render.skin.blocks`."""
    for number in range(LANES):
        k = np.uint64(number)
        i = first + k
        lane[relight.LIT_R + k], lane[relight.LIT_G + k] = b[s.LIGHT_R + i], b[s.LIGHT_G + i]
        lane[relight.LIT_B + k], lane[relight.BEFORE + k] = b[s.LIGHT_B + i], b[s.GLOSSY + i]
        known[blocks.MELANIN + k], known[blocks.BLOOD + k] = b[s.MELANIN + i], b[s.BLOOD + i]
        known[blocks.ALBEDO_R + k], known[blocks.ALBEDO_G + k] = b[s.ALBEDO_R + i], b[s.ALBEDO_G + i]
        known[blocks.ALBEDO_B + k] = b[s.ALBEDO_B + i]
        known[blocks.THROUGH_R + k] = known[blocks.THROUGH_G + k] = known[blocks.THROUGH_B + k] = b[s.LENS + i]
        known[blocks.SHEEN + k] = b[s.LENS + i]
    for number in range(LANES):
        k = np.uint64(number)
        i = first + k
        known[form + blocks.NORMAL_X + k], known[form + blocks.NORMAL_Y + k] = b[s.NORMAL_X + i], b[s.NORMAL_Y + i]
        known[form + blocks.NORMAL_Z + k], known[form + blocks.VIEW_X + k] = b[s.NORMAL_Z + i], b[s.VIEW_X + i]
        known[form + blocks.VIEW_Y + k], known[form + blocks.VIEW_Z + k] = b[s.VIEW_Y + i], b[s.VIEW_Z + i]
        known[key + blocks.SHINE + k] = b[s.KEY_SHINE + i]
    if flash:
        g = key + np.uint64(blocks.FLOW * LANES)
        for number in range(LANES):
            k = np.uint64(number)
            i = first + k
            near = b[s.NEAR + i]
            known[g + blocks.FLOW_X + k], known[g + blocks.FLOW_Y + k] = b[s.VIEW_X + i] * near, b[s.VIEW_Y + i] * near
            known[g + blocks.FLOW_Z + k], known[g + blocks.SEEN + k] = b[s.VIEW_Z + i] * near, near
            known[g + blocks.SHINE + k] = b[s.FLASH_SHINE + i]


@njit()
def _add(lane, b, first):
    """Add the change of a block to a strip's picture. Light below zero would ring in the lens."""
    for number in range(LANES):
        k = np.uint64(number)
        i = first + k
        b[s.FIRST + i] = max(b[s.FIRST + i] + lane[relight.RED + k], F(0))
        b[s.SECOND + i] = max(b[s.SECOND + i] + lane[relight.GREEN + k], F(0))
        b[s.THIRD + i] = max(b[s.THIRD + i] + lane[relight.BLUE + k], F(0))
