"""One photograph of a piece of skin with a day's lesions, and the truth of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Lesions
from nof1sim.randomness import key64
from nof1sim.render.skin import Sites
from nof1sim.render.skin.records import records

from . import backdrop, camera, hair, shade
from . import geometry as geo
from .clear import workspace
from .compiled import njit
from .piece import Piece
from .shot import Shot

F = np.float32
REACH = 2.0
"""How far beyond its radius, in diameters, a lesion may reach; and REACH_MM more."""
REACH_MM = 8.0


@dataclass(frozen=True, slots=True)
class Patch:
    """A photograph and its truth, all (h, w).

    pixels : (h, w, 3) uint8 sRGB. core : lesion_id within the table's diameter, else 0. support : every pixel that a
    lesion may have changed. skin : what is skin. mm_per_px : in the middle of the picture.
    """

    pixels: NDArray[np.uint8]
    core: NDArray[np.int32]
    support: NDArray[np.bool_]
    skin: NDArray[np.bool_]
    mm_per_px: float


@dataclass(frozen=True, slots=True)
class Studio:
    """A piece of skin ready to be photographed, and the square of its chart that pictures show."""

    piece: Piece
    square: geo.Square


def photograph(
    studio: Studio, lesions: Lesions, shot: Shot, size_px: int, seed: int, address: Sequence[str | int]
) -> Patch:
    """The photograph: a pure function of its arguments. One thread may draw at a time.

    lesions : places on the chart of the piece, mm from its middle. address : of the sensor's noise.
    """
    piece, shape = studio.piece, (size_px, size_px)
    frame = geo.frame_of(piece, shot, size_px)
    lamps = shade.lamps_of(shot, piece.field_mm)
    clear = workspace(size_px, shade.groups_of(lamps))
    found = _records(piece, frame, lesions)
    touched, core = clear.paint(piece, frame, lamps, shade.lighting_of(lamps, shot), *found)
    canvas = clear.picture.reshape(*shape, 3)
    clear.covered[:] = 0
    hair.comb(hair.fur_of(piece, studio.square), frame, clear.covered)
    hair.lay(clear.covered, hair.colour(piece) * F(lamps.room + lamps.key + lamps.flash), canvas)
    edge = bool(clear.cover.min() < 1)
    if edge:
        backdrop.fill(piece, frame, lamps, clear.cover, clear.picture)
    pixels = camera.develop(canvas, shot, key64(seed, *address, "sensor"))
    support = _grown(touched > 0, camera.reach_px(shot, size_px))
    skin = (clear.cover >= 0.5).reshape(shape) if edge else np.ones(shape, bool)
    if edge:
        core[~skin] = 0
    return Patch(pixels, core, support, skin, frame.pixel)


def _records(piece: Piece, frame: geo.Frame, lesions: Lesions) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Drawing records and ids of the lesions that may touch the picture."""
    places = geo.locate(frame, lesions.x_mm, lesions.y_mm)
    near = _near(frame, lesions, places)
    places = Sites(*(getattr(places, f.name)[near] for f in fields(places)))
    dark = float(np.clip((30 - piece.ita_deg) / 60, 0, 1))
    return records(lesions.take(near), places, geo.rotation_of(frame), frame.pixel, dark)


def _near(frame: geo.Frame, lesions: Lesions, places: Sites) -> NDArray[np.int64]:
    """Lesions that may touch the picture."""
    margin = (REACH * lesions.diameter_mm + REACH_MM) * places.px_per_mm
    inside = [(at > -margin) & (at < frame.size + margin) for at in (places.x_px, places.y_px)]
    return np.flatnonzero(lesions.visible & inside[0] & inside[1])


def areas(core: NDArray[np.int32], top: int) -> NDArray[np.int64]:
    """Pixels of each lesion_id up to `top` in a map of cores, (top + 1,); those of 0, no lesion, are not counted."""
    area = np.zeros(top + 1, np.int64)
    _count(core.ravel(), area)
    return area


@njit()
def _count(core, area):
    for q in range(core.size):
        k = core[np.uint64(q)]
        if k > 0:
            area[np.uint64(k)] += 1


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """The mask and all pixels within `reach` of it, along both axes."""
    if not reach or not mask.any():
        return mask
    high, grown = np.zeros_like(mask), np.zeros_like(mask)
    _grow(mask.view(np.uint8), reach, high.view(np.uint8), grown.view(np.uint8))
    return grown


@njit()
def _grow(mask, reach, high, out):
    """Set out (h, w) within `reach` rows and columns of a set pixel of mask; high: within the rows alone."""
    h, w = mask.shape
    for row in range(h):
        y = np.uint64(row)
        for other in range(max(row - reach, 0), min(row + reach + 1, h)):
            k = np.uint64(other)
            for x in range(w):
                high[y, np.uint64(x)] |= mask[k, np.uint64(x)]
        for shift in range(-reach, reach + 1):
            for x in range(max(0, shift), min(w, w + shift)):
                out[y, np.uint64(x)] |= high[y, np.uint64(x - shift)]
