"""One photograph of a piece of skin with a day's lesions, and the truth of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Lesions
from nof1sim.randomness import key64
from nof1sim.render.skin import Sites, chromophores, lanes
from nof1sim.render.skin import draw as draw_lesions
from nof1sim.render.skin.shading import inverses

from . import backdrop, camera, hair, shade
from . import geometry as geo
from .clear import Clear, workspace
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


@dataclass(slots=True)
class Studio:
    """A piece of skin ready to be photographed: its hairs, grown once on the square that pictures show."""

    piece: Piece
    square: geo.Square
    hairs: hair.Hairs = field(init=False)

    def __post_init__(self) -> None:
        self.hairs = hair.grow(self.piece, self.square)


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
    clear.paint(piece, frame, lamps, shade.lighting_of(lamps, shot))
    canvas = clear.picture.reshape(*shape, 3)
    touched, core = _add(clear, frame, lesions, piece)
    clear.covered[:] = 0
    hair.comb(studio.hairs, frame, clear.covered)
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


def _add(clear: Clear, frame: geo.Frame, lesions: Lesions, piece: Piece) -> tuple[NDArray, NDArray]:
    """Draw lesions on the clear skin; maps (h, w) of what they touched and of their cores."""
    places = geo.locate(frame, lesions.x_mm, lesions.y_mm)
    near = _near(frame, lesions, places)
    if not near.size:
        return np.zeros((frame.size, frame.size), np.int32), np.zeros((frame.size, frame.size), np.int32)
    places = Sites(*(getattr(places, f.name)[near] for f in fields(places)))
    dark = float(np.clip((30 - piece.ita_deg) / 60, 0, 1))
    buffer, lighting = clear.buffer(piece, frame), clear.lighting
    scale = F(1 / chromophores.ROOT_MEL), F(1 / chromophores.ROOT_BLOOD)
    inverses(chromophores.ROOT_TABLE, *scale, buffer.melanin, buffer.blood, clear.scratch.inverse)
    lanes.places(buffer.slot, buffer.pixel, buffer.spot, buffer.lock, clear.scratch.place)
    canvas = clear.picture.reshape(frame.size, frame.size, 3)
    ones = (1.0,) * len(lighting.strength)
    return draw_lesions(
        buffer, lesions.take(near), places, lighting, canvas, dark=dark, day=ones, oil=1.0, scratch=clear.scratch
    )


def _near(frame: geo.Frame, lesions: Lesions, places: Sites) -> NDArray[np.int64]:
    """Lesions that may touch the picture."""
    margin = (REACH * lesions.diameter_mm + REACH_MM) * places.px_per_mm
    inside = [(at > -margin) & (at < frame.size + margin) for at in (places.x_px, places.y_px)]
    return np.flatnonzero(lesions.visible & inside[0] & inside[1])


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """The mask and all pixels within `reach` of it, along both axes."""
    if not reach or not mask.any():
        return mask
    grown = mask.copy()
    _grow_rows(mask, reach, grown)
    across = np.ascontiguousarray(grown.T)
    wider = across.copy()
    _grow_rows(across, reach, wider)
    return np.ascontiguousarray(wider.T)


@njit()
def _grow_rows(mask, reach, out):
    """Set out (h, w) within `reach` columns of a set pixel of mask (h, w)."""
    h, w = mask.shape
    for y in range(h):
        last = -reach - 1  # the last set pixel up to here
        for x in range(w):
            if mask[y, x]:
                for k in range(max(last + reach + 1, x - reach, 0), x):
                    out[y, k] = True
                last = x
            elif x - last <= reach:
                out[y, x] = True
