"""What lesions change in a strip of a patch: from the strip's numbers to blocks of the lesion layer, and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin import blocks, lanes, relight
from nof1sim.render.skin.blocks import LANES
from nof1sim.render.skin.draw import memory
from nof1sim.render.skin.shading import invert, kinds, shade_block

from . import geometry as geo
from . import shade
from . import strip as s
from .compiled import njit

F = np.float32
F32 = NDArray[np.float32]
BAND = 32
"""Rows that lesions are added up in at a time: what is added then stays near the processor."""
ROOM, KEY, FLASH = (np.uint64((blocks.KNOWN + group * blocks.FLOW) * LANES) for group in range(3))
"""Where a block's rows of what each group of light does to form begin."""
(
    LIGHT_R, LIGHT_G, LIGHT_B, GLOSSY, MELANIN, BLOOD, ALBEDO_R, ALBEDO_G, ALBEDO_B, LENS, NORMAL_X, NORMAL_Y, NORMAL_Z,
    VIEW_X, VIEW_Y, VIEW_Z, NEAR, KEY_SHINE, FLASH_SHINE, FIRST, SECOND, THIRD,
) = map(np.uint64, (
    s.LIGHT_R, s.LIGHT_G, s.LIGHT_B, s.GLOSSY, s.MELANIN, s.BLOOD, s.ALBEDO_R, s.ALBEDO_G, s.ALBEDO_B, s.LENS,
    s.NORMAL_X, s.NORMAL_Y, s.NORMAL_Z, s.VIEW_X, s.VIEW_Y, s.VIEW_Z, s.NEAR, s.KEY_SHINE, s.FLASH_SHINE, s.FIRST,
    s.SECOND, s.THIRD,
))  # fmt: skip
"""Rows of a strip without sign: no index is then checked for being negative, which would keep loops scalar."""


class Band(NamedTuple):
    """The lesion layer's memory of BAND rows, whose blocks begin anew in each row; see `render.skin.Primed`. known :
    of one block."""

    slot: NDArray[np.int32]
    pixel: NDArray[np.int64]
    place: F32
    known: F32
    met: NDArray[np.int32]
    acc: F32


def band_of(size: int, groups: int) -> Band:
    """Of pictures of a size, under so many groups of light."""
    wide = -(-size // s.WIDTH) * s.WIDTH
    count = BAND * wide // LANES
    column, row = np.arange(size), np.arange(BAND)[:, None]
    pixel = np.zeros((BAND, wide), np.int64)
    pixel[:, :size] = row * size + column
    return Band(
        (row * wide + column).astype(np.int32), pixel.ravel(), np.zeros(count * blocks.PLACE * LANES, F),
        np.zeros(blocks.layout(groups)[1], F), *memory(count),
    )  # fmt: skip


@njit()
def places(f, top, bottom, b, place):
    """Places on the skin of rows top to bottom, as painting takes them."""
    at = np.uint64(0)
    for row in range(top, bottom):
        for start in range(0, f.size, s.WIDTH):
            geo.place(f, row, start, b)
            for first in range(0, s.WIDTH, LANES):
                for number in range(LANES):
                    i, k = first + number, np.uint64(number)
                    skin = b[s.COVER + i] > F(0)
                    place[at + blocks.P_X + k] = b[s.A + i] if skin else blocks.AWAY_MM
                    place[at + blocks.P_Y + k], place[at + blocks.P_Z + k] = b[s.C + i], b[s.Z + i]
                    place[at + blocks.P_LOCK + k] = F(1)
                at += np.uint64(blocks.PLACE * LANES)


@njit()
def constants(lamps, skin, known):
    """What is the same for all pixels."""
    for number in range(LANES):
        k = np.uint64(number)
        known[blocks.OIL + k], known[blocks.ROUGH + k] = skin.oil, skin.rough
        known[ROOM + blocks.FLOW_X + k], known[ROOM + blocks.FLOW_Y + k] = shade.ROOM_FLOW[0], shade.ROOM_FLOW[1]
        known[ROOM + blocks.FLOW_Z + k] = shade.ROOM_FLOW[2]
        known[KEY + blocks.FLOW_X + k], known[KEY + blocks.FLOW_Y + k] = lamps.x, lamps.y
        known[KEY + blocks.FLOW_Z + k], known[KEY + blocks.SEEN + k] = lamps.z, 1


@njit()
def change(b, block, band, day, lane):
    """Add to a strip's picture what lesions change in it; block : where the strip begins among those of the band."""
    for number in range(s.WIDTH // LANES):
        at = band.met[np.uint64(block + number)]
        if at < 0:
            continue
        a, first = np.uint64(at * lanes.CHANNELS * LANES), np.uint64(number * LANES)
        formed, shown = kinds(band.acc, a, lane)
        if shown:
            _tell(b, first, band.known, lane)
            if formed and day.factor.size > shade.FLASH:
                _tell_flash(b, first, band.known)
            invert(band.known, np.uint64(0), day.table, lane)
            shade_block(band.acc, a, band.known, np.uint64(0), day, formed, lane)
            _add(lane, b, first)


@njit()
def _tell(b, first, known, lane):
    """What is known of a block's pixels, from lane `first` of a strip on; see `render.skin.blocks`."""
    for number in range(LANES):
        k = np.uint64(number)
        i = first + k
        lane[relight.LIT_R + k], lane[relight.LIT_G + k] = b[LIGHT_R + i], b[LIGHT_G + i]
        lane[relight.LIT_B + k], lane[relight.BEFORE + k] = b[LIGHT_B + i], b[GLOSSY + i]
        known[blocks.MELANIN + k], known[blocks.BLOOD + k] = b[MELANIN + i], b[BLOOD + i]
        known[blocks.ALBEDO_R + k], known[blocks.ALBEDO_G + k] = b[ALBEDO_R + i], b[ALBEDO_G + i]
        known[blocks.ALBEDO_B + k], lens = b[ALBEDO_B + i], b[LENS + i]
        known[blocks.THROUGH_R + k], known[blocks.THROUGH_G + k], known[blocks.THROUGH_B + k] = lens, lens, lens
        known[blocks.SHEEN + k] = lens
        known[blocks.NORMAL_X + k], known[blocks.NORMAL_Y + k] = b[NORMAL_X + i], b[NORMAL_Y + i]
        known[blocks.NORMAL_Z + k], known[blocks.VIEW_X + k] = b[NORMAL_Z + i], b[VIEW_X + i]
        known[blocks.VIEW_Y + k], known[blocks.VIEW_Z + k] = b[VIEW_Y + i], b[VIEW_Z + i]
        known[KEY + blocks.SHINE + k] = b[KEY_SHINE + i]


@njit()
def _tell_flash(b, first, known):
    """The same of what a flash does to their form."""
    for number in range(LANES):
        k = np.uint64(number)
        i = first + k
        near = b[NEAR + i]
        known[FLASH + blocks.FLOW_X + k] = b[VIEW_X + i] * near
        known[FLASH + blocks.FLOW_Y + k] = b[VIEW_Y + i] * near
        known[FLASH + blocks.FLOW_Z + k], known[FLASH + blocks.SEEN + k] = b[VIEW_Z + i] * near, near
        known[FLASH + blocks.SHINE + k] = b[FLASH_SHINE + i]


@njit()
def _add(lane, b, first):
    """Add the change of a block to a strip's picture. Light below zero would ring in the lens."""
    for number in range(LANES):
        k = np.uint64(number)
        i = first + k
        b[FIRST + i] = max(b[FIRST + i] + lane[relight.RED + k], F(0))
        b[SECOND + i] = max(b[SECOND + i] + lane[relight.GREEN + k], F(0))
        b[THIRD + i] = max(b[THIRD + i] + lane[relight.BLUE + k], F(0))
