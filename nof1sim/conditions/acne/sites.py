"""Where lesions can come up: fixed sites of unequal propensity, drawn before any count is known.

Shares of facial inflammatory lesions by region, and adult women's shift from the forehead to the chin and jaw: this
project's summary of Pierard (follicle density), Duquia (male patterns) and clinical texts. Clustering: no published
number; site propensity is Gamma(0.6) times a smooth log-normal field (12 mm, log-SD 0.5) that is 70 % mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.conditions import field, points
from nof1sim.conditions.cells import Cells, cells
from nof1sim.conditions.ground import FACE, Ground
from nof1sim.model import Floats, Patient
from nof1sim.randomness import stream

from .crowd import CELL_MM

SITES = 1600
HARD_CORE_MM = 3.0
JITTER_MM = 0.25
EDGE_MM = 1.0
"""Sites keep this far from brows, lids, lips, nostrils and the edge of the face."""

SHARES = {"forehead": 0.28, "right_cheek": 0.21, "left_cheek": 0.21, "nose": 0.06, "chin": 0.20, "perioral": 0.04}
ADULT_WOMAN_AGE_YEARS = 25.0
ADULT_WOMAN_SHIFT = 0.10
COMEDONE_FACTORS = {
    "forehead": 1.35, "right_cheek": 0.75, "left_cheek": 0.75, "nose": 1.7, "chin": 0.9, "perioral": 0.8,
}  # fmt: skip
"""[D] Comedones are commoner on forehead and nose."""
CORRECTIONS = {
    "forehead": 0.845, "right_cheek": 1.03, "left_cheek": 1.03, "nose": 0.656, "chin": 1.605, "perioral": 0.729,
}  # fmt: skip
"""What makes births come out at SHARES, though half of them start in comedones and busy sites rest: tuned."""
NODULE_ROOM_MM = 6.0
"""[D] Nodules keep this far from lids, lips and the edge of the face."""
CENTRE_MM = 45.0
"""[D] Within a region, propensity falls from the midline as a Gaussian of this SD (Pierard: follicle density)."""
GAMMA_SHAPE = 0.6
FIELD_LENGTH_MM, FIELD_LOG_SD, FIELD_MIRRORED = 12.0, 0.5, 0.7
PATCH_DENSITY = 2.0
"""[D] A piece of skin is taken where the acne is: it has so many times the lesions of an average piece of the face."""
PATCH_RIM_MM = 7.0
"""So far beyond a piece of skin lesions may lie that reach into it: half a large nodule."""


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of one person, (sites,) each. Propensities have mean 1 over sites and are relative."""

    x_mm: Floats
    y_mm: Floats
    region: NDArray[np.int8]  # index into chart.REGIONS; chart.OUTSIDE on a piece of skin
    propensity: Floats
    comedone_propensity: Floats
    ground: Ground

    def __len__(self) -> int:
        return int(self.x_mm.size)


@lru_cache(maxsize=1)
def pattern() -> tuple[Floats, Floats, NDArray[np.int8]]:
    """The candidate pattern common to all faces: x_mm, y_mm, region, (SITES,) each; no random numbers in it."""
    x, y = points.blue_noise(FACE, SITES, EDGE_MM)
    return x, y, chart.region_of(x, y)


@lru_cache(maxsize=1)
def _smoother() -> field.Smoother:
    return field.smoother(FACE, *pattern()[:2], FIELD_LENGTH_MM)


def near(sites: Sites) -> Cells:
    """Which sites lie near which; on a face by the pattern that is common to all faces."""
    return _face_cells() if sites.ground.is_face else cells(sites.x_mm, sites.y_mm, CELL_MM)


@lru_cache(maxsize=1)
def _face_cells() -> Cells:
    return cells(*pattern()[:2], CELL_MM)


def roomy(sites: Sites) -> Floats:
    """Room for a nodule, 1 or 0, (sites,)."""
    return _face_room() if sites.ground.is_face else np.ones(len(sites))


@lru_cache(maxsize=1)
def _face_room() -> Floats:
    return FACE.inside(*pattern()[:2], NODULE_ROOM_MM).astype(float)


def region_shares(patient: Patient) -> Floats:
    """Expected share of inflammatory lesions by region, in the order of chart.REGIONS; sums to 1."""
    shares = dict(SHARES)
    if patient.sex == "F" and patient.age_years >= ADULT_WOMAN_AGE_YEARS:
        shares["forehead"] -= ADULT_WOMAN_SHIFT
        shares["chin"] += ADULT_WOMAN_SHIFT
    return np.array([shares[name] for name in chart.REGIONS])


def draw_sites(patient: Patient, seed: int) -> Sites:
    """The sites of a patient, from the stream (seed, patient, "sites") alone."""
    rng = stream(seed, patient.key, "sites")
    base_x, base_y, base_region = pattern()
    x, y = points.jittered(rng, base_x, base_y, JITTER_MM)
    own = rng.standard_gamma(GAMMA_SHAPE, SITES)
    smooth = field.log_normal(_smoother().draw(rng, FIELD_MIRRORED), FIELD_LOG_SD)
    centre = np.exp(-0.5 * (base_x / CENTRE_MM) ** 2)
    central = np.bincount(base_region, centre, minlength=len(chart.REGIONS))
    corrections = np.array([CORRECTIONS[name] for name in chart.REGIONS])
    regional = (region_shares(patient) * corrections * SITES / central)[base_region] * centre
    propensity = _propensity(own, smooth) * regional
    factor = np.array([COMEDONE_FACTORS[name] for name in chart.REGIONS])[base_region]
    return _sites(FACE, x, y, propensity, np.sqrt(propensity) * factor)


def patch_ground(side_mm: float) -> Ground:
    """The skin on which lesions of a square of `side_mm` lie: the square and a rim."""
    return Ground(side_mm + 2.0 * PATCH_RIM_MM)


def patch_share(ground: Ground) -> float:
    """Lesions on a piece of skin for each one on a whole face of the same severity."""
    return PATCH_DENSITY * ground.area_mm2 / FACE.area_mm2


def draw_patch_sites(ground: Ground, seed: int, address: tuple[str | int, ...]) -> Sites:
    """The sites of a piece of skin, as dense as on a face, from the stream (seed, *address, "sites") alone."""
    rng = stream(seed, *address, "sites")
    base = points.cut(rng, ground, SITES / FACE.area_mm2)
    x, y = points.jittered(rng, *base, JITTER_MM)
    own = rng.standard_gamma(GAMMA_SHAPE, x.size)
    values = field.on_square(rng, ground, *base, FIELD_LENGTH_MM)
    propensity = _propensity(own, field.log_normal(values, FIELD_LOG_SD))
    return _sites(ground, x, y, propensity, np.sqrt(propensity))


def _propensity(own: Floats, smooth: Floats) -> Floats:
    # A floor keeps every site possible: Gamma(0.6) has a pole at 0.
    return np.maximum(own * smooth / GAMMA_SHAPE, 1e-4)


def _sites(ground: Ground, x: Floats, y: Floats, propensity: Floats, comedone: Floats) -> Sites:
    region = ground.region(x, y)
    return Sites(x, y, region, propensity / propensity.mean(), comedone / comedone.mean(), ground)
