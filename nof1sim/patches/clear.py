"""Clear skin of one photograph, and every number that the lesion layer asks for, in memory that is used again.

Fresh memory for each picture would cost more than filling it. Only pixels that a lesion may reach are kept for it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin import Lighting, Scratch, SkinBuffer, chromophores, empty_scratch, lanes
from nof1sim.render.skin import records as r
from nof1sim.render.skin.shading import inverses

from . import geometry as geo
from . import shade, texture
from . import strip as s
from .compiled import njit
from .piece import Piece
from .tiles import BROAD_MM, DOT_MM, DOT_SIDE, FINE_MM, FINE_SIDE, level_of, tiles

F = np.float32
ROUGH = 0.46
"""Roughness of body skin's gloss: little of it is sharp."""
OIL = 1.6
"""Amount of gloss, of a site's 1."""
F32 = NDArray[np.float32]


class Kept(NamedTuple):
    """Columns of the pixels that lesions may reach, (n, ...); see `nof1sim.render.skin.SkinBuffer`. shine (n, g): gloss
    per unit of light."""

    spot: F32
    normal: F32
    to_camera: F32
    flow: F32
    seen: F32
    light: F32
    gloss: F32
    through: F32
    sheen: F32
    melanin: F32
    blood: F32
    albedo: F32
    shine: F32


class Clear:
    """cover (n,) : see `geometry.skin_at`. picture (n, 3) : linear light. covered (h, w) : by hair. slot (h, w) : row
    of a pixel in `kept`, or -1; span (h, 2) : first column that lesions may reach in a row, and the one after the last.
    """

    def __init__(self, size: int, groups: int) -> None:
        n = size * size

        def empty(*shape: int) -> F32:
            return np.zeros((n, *shape), F)

        self.cover, self.picture, self.covered = empty(), empty(3), np.zeros((size, size), F)
        self.slot, self.span = np.empty((size, size), np.int32), np.empty((size, 2), np.int64)
        self.kept = Kept(
            empty(3), empty(3), empty(3), empty(groups, 3), empty(groups), empty(groups, 3), empty(groups), empty(3),
            empty(), empty(), empty(), empty(3), empty(groups),
        )  # fmt: skip
        self.kept.flow[:, 0], self.kept.seen[:, 1] = shade.ROOM_FLOW, 1  # columns that are the same in all pictures
        self.oil, self.rough, self.lock = empty(), empty() + F(ROUGH), empty() + F(1)
        self.pixel = np.zeros(n, np.int64)
        self.scratch = empty_scratch(n, self.kept.shine, empty(3))

    def paint(self, piece: Piece, frame: geo.Frame, lamps: shade.Lamps, lighting: Lighting, records: F32) -> int:
        """The clear picture; keep what records of lesions may reach. Returns how many pixels these are."""
        reach(records, self.slot, self.span)
        skin = shade.Skin(piece.melanin, piece.blood, OIL * piece.oil, ROUGH)
        amounts = texture.Amounts(piece.lines, piece.pores, piece.veins, piece.freckles, piece.form, piece.uneven)
        return _paint(
            frame, lamps, skin, amounts, _cloth(piece, frame), shade.colours(piece.melanin, piece.blood),
            lighting.colour, lighting.spread, lighting.wrap, self.span, self.slot, self.pixel, self.kept, self.cover,
            self.picture,
        )  # fmt: skip

    def lend(self, n: int, piece: Piece, frame: geo.Frame) -> tuple[SkinBuffer, Scratch]:
        """What lesions are drawn on, n pixels, and with; both share this memory."""
        k = Kept(*(column[:n] for column in self.kept))
        self.oil[:n] = OIL * piece.oil
        inverse, blocks = self.scratch.inverse[:n], -(-n // lanes.LANES)
        inverses(chromophores.ROOT_TABLE, *ROOT_SCALES, k.melanin, k.blood, inverse)
        buffer = SkinBuffer(
            self.pixel[:n], self.slot, k.spot, k.normal, k.to_camera, k.flow, k.seen, k.light, k.gloss, k.through,
            k.sheen, k.melanin, k.blood, k.albedo, self.oil[:n], self.rough[:n], self.lock[:n], frame.pixel,
            geo.rotation_of(frame),
        )  # fmt: skip
        place = self.scratch.place[: blocks * lanes.PLACE * lanes.LANES]
        lanes.places(self.slot, buffer.pixel, k.spot, buffer.lock, place)
        met = self.scratch.met[:blocks]
        return buffer, replace(self.scratch, place=place, met=met, inverse=inverse, shine=k.shine)


ROOT_SCALES = F(1 / chromophores.ROOT_MEL), F(1 / chromophores.ROOT_BLOOD)


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
def reach(records, slot, span):
    """Set slot to 0 where records of lesions may reach, to -1 elsewhere, and span to what columns these are."""
    size = slot.shape[0]
    slot[:], span[:, 0], span[:, 1] = -1, size, 0
    for k in range(records.shape[0]):
        x, y, half = records[k, r.PX], records[k, r.PY], records[k, r.HALF] + F(1)
        for row in range(max(int(y - half), 0), min(int(y + half) + 2, size)):
            wide = math.sqrt(max(half * half - (F(row) - y) * (F(row) - y), F(0)))
            left, right = max(int(x - wide), 0), min(int(x + wide) + 2, size)
            if left < right:
                slot[row, left:right] = 0
                span[row, 0], span[row, 1] = min(span[row, 0], left), max(span[row, 1], right)


@njit()
def _paint(f, lamps, skin, amounts, cloth, colours, colour, spread, wrap, span, slot, pixel, kept, cover, picture):
    """Fill picture, cover and kept, strip by strip; the number of pixels kept."""
    size, count = f.size, 0
    step = 4 if f.pixel <= 0.7 else 2 if f.pixel <= 1.4 else 1
    b, whole = np.zeros(s.SIZE, np.float32), np.zeros(s.WHOLE_SIZE, np.int32)
    wide = (size + s.WIDTH - 1) // s.WIDTH * s.WIDTH
    low, high = np.zeros((8, wide), np.float32), np.zeros((8, wide), np.float32)
    places = np.empty(((size + step - 2) // step + 1, 8), np.float32)
    texture.broad_row(f, 0, step, cloth.broad, cloth.turns[1], cloth.broad_mm, places, high)
    for row in range(size):
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
            shade.show(b, lamps, colour.shape[0], at, many, picture)
            first, last = max(span[row, 0] - start, 0), min(span[row, 1] - start, many)
            if first < last:
                count = _keep(b, lamps, colour.shape[0], at, first, last, slot[row], start, pixel, kept, count)
    return count


@njit()
def _keep(b, lamps, groups, at, first, last, slot, start, pixel, kept, n):
    """Note pixels first to last of a strip that lesions may reach; `n` are noted already. How many are now."""
    power = (F(lamps.room), F(lamps.key), F(lamps.flash))
    key = (F(lamps.x), F(lamps.y), F(lamps.z))
    spot, normal, to_camera, flow, seen, lit, gloss, through, sheen, melanin, blood, albedo, shine = kept
    for i in range(first, last):
        if slot[start + i] < 0 or b[s.COVER + i] <= F(0):
            slot[start + i] = -1
            continue
        q, near, lens = np.uint64(n), b[s.NEAR + i], b[s.LENS + i]
        slot[start + i], pixel[q] = n, at + i
        shine[q, 1], gloss[q, 1] = b[s.KEY_SHINE + i], power[1] * b[s.KEY_SHINE + i]
        for c in range(3):
            k = np.uint64(c)
            spot[q, k], normal[q, k] = b[s.A + c * s.WIDTH + i], b[s.NORMAL_X + c * s.WIDTH + i]
            to_camera[q, k], albedo[q, k] = b[s.VIEW_X + c * s.WIDTH + i], b[s.ALBEDO_R + c * s.WIDTH + i]
            flow[q, 1, k], through[q, k] = key[c], lens
            lit[q, 0, k], lit[q, 1, k] = b[s.LIGHT + c * s.WIDTH + i], b[s.LIGHT + (3 + c) * s.WIDTH + i]
            if groups > shade.FLASH:
                flow[q, 2, k] = b[s.VIEW_X + c * s.WIDTH + i] * near
                lit[q, 2, k] = b[s.LIGHT + (6 + c) * s.WIDTH + i]
        if groups > shade.FLASH:
            seen[q, 2], shine[q, 2], gloss[q, 2] = near, b[s.FLASH_SHINE + i], power[2] * b[s.FLASH_SHINE + i]
        sheen[q], melanin[q], blood[q] = lens, b[s.MELANIN + i], b[s.BLOOD + i]
        n += 1
    return n
