"""A plate's person under a day's light; and what a person does to the skin: tan, beard, make-up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.procedural.compose import weigh
from nof1sim.render.procedural.light import GLOSSY, mix
from nof1sim.render.procedural.plate import BACKDROP_SHARE, BACKDROP_STEPS, Plate
from nof1sim.render.skin import chromophores

F32 = NDArray[np.floating]

BEARD_DEPTH = np.array([0.62, 0.58, 0.52], np.float32)
"""Share of the light that a full growth of some days takes."""
FOUNDATION = 0.60
"""Share of the skin's own colour, lesions included, that full make-up hides: what foundations reach in practice is
more on redness than on relief, so relief and gloss stay."""


def day_image(plate: Plate, nuisance: Nuisance, veil: F32, image: F32) -> None:
    """Fill the person's pixels of image (s, s, 4) with linear light, times cover; veil (3,): `tan_factor`."""
    factor = mix(nuisance) * np.float32(plate.step)
    weights = np.stack([factor * np.float32(nuisance.oil), factor])
    weights[0, GLOSSY] = 0  # none is there to be read
    growth = BEARD_DEPTH * np.float32(nuisance.beard)
    weigh(plate.planes.reshape(-1), weights, plate.index, plate.bare, veil, plate.beard, growth, image.reshape(-1))


def brightness(nuisance: Nuisance) -> np.float32:
    """Light of one step of a plate's backdrop."""
    return np.float32((mix(nuisance) * BACKDROP_SHARE).sum() / BACKDROP_STEPS)


def tan_factor(plate: Plate, tan: float) -> F32:
    """Factor (3,) on the light of skin whose melanin rises by the share `tan`; lesions lie under it."""
    if tan <= 0:
        return np.ones(3, np.float32)
    melanin, blood = plate.typical
    pair = chromophores.albedo(np.array([melanin, melanin * (1 + tan)]), np.array([blood, blood]))
    return pair[1] / pair[0]


def even_skin(plate: Plate, image: F32) -> F32:
    """Light (n, 3) of the plate's paintable skin, were its colour the same everywhere: what foundation shows."""
    albedo = plate.skin.albedo
    return image.reshape(-1, 4)[plate.skin.pixel, :3] * (np.median(albedo, axis=0) / np.maximum(albedo, 1e-3))


def make_up(plate: Plate, image: F32, even: F32, amount: float) -> None:
    """Cover the day's skin, lesions included, by foundation of the `even` colour."""
    flat = image.reshape(-1, 4)[:, :3]
    at = plate.skin.pixel
    cover = (np.float32(FOUNDATION * amount) * plate.skin.lock)[:, None]
    flat[at] += cover * (even - flat[at])
