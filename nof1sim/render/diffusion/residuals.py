"""A painted lesion as what it does to the light: its optical density, kept once and replayed every day.

Density = log(clear skin / painted skin), in linear light, by channel. Densities of overlapping lesions add up, as
absorbers do (Beer-Lambert), and a smaller amplitude is a paler lesion and not a grey one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nof1sim.render import light

from .episodes import Episodes, Passes, box_of, ellipse, reach_mm

F32 = NDArray[np.floating]

FLOOR = 0.004
"""Added to linear light: the density of black is not infinite."""
RIM = 0.25
"""Share of a region's radius over which its density fades to nothing at the edge."""
LEAST_DENSITY = 0.10
"""Greatest density that a painted lesion must reach: a table's lesion may not be invisible (about 5 grey levels on
light skin). A fainter painting is raised to it, by at most MOST_RAISED."""
MOST_RAISED = 4.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """A lesion at its height. density (h, w, 3): over a box of the portrait whose middle pixel is the centre.

    centre : x, y of the lesion within the stamp, px. raised : factor that made it visible; 1 for most. faint : even
    so it is less than a lesion of the table should be.
    """

    density: NDArray[np.float16]
    centre: tuple[float, float]
    raised: float
    faint: bool


def to_linear(pixels: NDArray[np.uint8]) -> F32:
    """sRGB bytes to linear light 0 .. 1 (IEC 61966-2-1)."""
    return _LINEAR[pixels]


def to_bytes(linear: F32) -> NDArray[np.uint8]:
    """Linear light to sRGB bytes."""
    return np.rint(255 * light.to_display(linear)).astype(np.uint8)


_LINEAR = light.to_linear(np.arange(256) / 255).astype(np.float32)


def density(clear: NDArray[np.uint8], painted: NDArray[np.uint8]) -> F32:
    """What was painted over a clear picture, (h, w, 3)."""
    return np.log((to_linear(clear) + FLOOR) / (to_linear(painted) + FLOOR))


def stamps_of(
    episodes: Episodes, passes: Passes, portrait: NDArray[np.uint8], painted: list[NDArray[np.uint8]]
) -> list[Stamp]:
    """One stamp an episode, in its order, from the pictures of the passes; borrowed ones are fitted to their place."""
    size = portrait.shape[0]
    found: dict[int, Stamp] = {}
    for one, picture in zip(passes.each, painted, strict=True):
        for row in one.rows:
            found[row] = _cut(episodes, row, portrait, picture, size)
    for row, lender in passes.lent.items():
        found[row] = _fitted(found[lender], episodes, row, lender, size)
    return [found[row] for row in range(len(episodes))]


def _cut(episodes: Episodes, row: int, portrait: NDArray[np.uint8], picture: NDArray[np.uint8], size: int) -> Stamp:
    centre = episodes.centre_px[row]
    y0, y1, x0, x1 = box = box_of(centre, episodes.reach_px[row], size)
    away = ellipse(episodes.shape[row], centre, reach_mm(episodes, row), box)
    what = density(portrait[y0:y1, x0:x1], picture[y0:y1, x0:x1]) * window(away)[..., None]
    greatest = float(np.abs(what).max(initial=0))
    raised = min(max(LEAST_DENSITY / max(greatest, 1e-6), 1.0), MOST_RAISED)
    faint = greatest * raised < LEAST_DENSITY * 0.999
    return Stamp((what * raised).astype(np.float16), (centre[0] - x0, centre[1] - y0), raised, faint)


def window(away: NDArray[np.floating]) -> F32:
    """1 within, falling smoothly to 0 at `away` = 1."""
    t = np.clip((1 - away) / RIM, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _fitted(stamp: Stamp, episodes: Episodes, row: int, lender: int, size: int) -> Stamp:
    """A stamp moved to another lesion's place, its shape and size taken from there."""
    centre = episodes.centre_px[row]
    box = box_of(centre, episodes.reach_px[row], size)
    turn = episodes.shape[lender] @ np.linalg.inv(episodes.shape[row])
    scale = reach_mm(episodes, lender) / reach_mm(episodes, row)
    what = sampled(stamp, box, centre, turn * scale)
    return Stamp(what.astype(np.float16), (centre[0] - box[2], centre[1] - box[0]), stamp.raised, stamp.faint)


def sampled(stamp: Stamp, box: tuple[int, int, int, int], centre_px: NDArray, turn: NDArray) -> F32:
    """A stamp's density over a box of the portrait, its centre at `centre_px`; `turn` (2, 2): px there -> px here."""
    y, x = np.mgrid[box[0] : box[1], box[2] : box[3]]
    away = np.stack([x - centre_px[0], y - centre_px[1]], axis=-1) @ np.asarray(turn).T
    at = np.stack([away[..., 1] + stamp.centre[1], away[..., 0] + stamp.centre[0]])
    channels = [ndimage.map_coordinates(stamp.density[..., c].astype(np.float32), at, order=1) for c in range(3)]
    return np.stack(channels, axis=-1)
