"""Where lesions can come up: fixed sites of unequal propensity, drawn before any count is known.

Shares of facial inflammatory lesions by region, and adult women's shift from the forehead to the chin and jaw: this
project's summary of Pierard (follicle density), Duquia (male patterns) and clinical texts. Clustering: no published
number; site propensity is Gamma(0.6) times a smooth log-normal field (12 mm, log-SD 0.5) that is 70 % mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.model import Floats, Patient
from nof1sim.randomness import stream

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
_KNOT_MM = 8.0


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of one person, (sites,) each. Propensities have mean 1 over sites and are relative."""

    x_mm: Floats
    y_mm: Floats
    region: NDArray[np.int8]  # index into chart.REGIONS
    propensity: Floats
    comedone_propensity: Floats

    def __len__(self) -> int:
        return int(self.x_mm.size)


def _inside(x: NDArray[Any], y: NDArray[Any], margin: float) -> NDArray[np.bool_]:
    ok = chart.region_of(x, y) >= 0
    for angle in np.arange(8) * np.pi / 4:
        ok &= chart.region_of(x + margin * np.cos(angle), y + margin * np.sin(angle)) >= 0
    return ok


@lru_cache(maxsize=1)
def pattern() -> tuple[Floats, Floats, NDArray[np.int8]]:
    """The candidate pattern common to all faces: x_mm, y_mm, region, (SITES,) each; no random numbers in it.

    A low-discrepancy sequence (Roberts's R2) relaxed by short-range repulsion to blue noise.
    """
    from .relax import relax

    count = 8 * SITES
    n = np.arange(1, count + 1)
    span = chart.Y_LIMITS_MM[1] - chart.Y_LIMITS_MM[0]
    x = (2.0 * ((0.5 + n * 0.7548776662466927) % 1.0) - 1.0) * chart.X_LIMIT_MM
    y = chart.Y_LIMITS_MM[0] + ((0.5 + n * 0.5698402909980532) % 1.0) * span
    keep = np.flatnonzero(_inside(x, y, EDGE_MM))[:SITES]
    grid_x = np.arange(-chart.X_LIMIT_MM - 4, chart.X_LIMIT_MM + 4.25, 0.25)
    grid_y = np.arange(chart.Y_LIMITS_MM[0] - 4, chart.Y_LIMITS_MM[1] + 4.25, 0.25)
    allowed = _inside(*np.meshgrid(grid_x, grid_y), EDGE_MM)
    x, y = relax(x[keep].copy(), y[keep].copy(), allowed, float(grid_x[0]), float(grid_y[0]), 0.25)
    return x, y, chart.region_of(x, y)


@lru_cache(maxsize=1)
def _smoother() -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Knots near each site (sites, near), their weights (unit variance), and each knot's mirror image (knots,)."""
    x, y, _ = pattern()
    half = np.arange(_KNOT_MM / 2, chart.X_LIMIT_MM + 3 * _KNOT_MM, _KNOT_MM)
    knots_x = np.concatenate([-half[::-1], half])
    knots_y = np.arange(chart.Y_LIMITS_MM[0] - 3 * _KNOT_MM, chart.Y_LIMITS_MM[1] + 3 * _KNOT_MM, _KNOT_MM)
    kx, ky = (part.ravel() for part in np.meshgrid(knots_x, knots_y))
    mirror = np.arange(kx.size).reshape(knots_y.size, knots_x.size)[:, ::-1].ravel()
    square = (x[:, None] - kx) ** 2 + (y[:, None] - ky) ** 2
    near = np.argsort(square, axis=1, kind="stable")[:, :48]
    # White noise under a Gaussian of SD s has the covariance exp(-d2 / (4 s2)): s = length / sqrt(2).
    weight = np.exp(-np.take_along_axis(square, near, axis=1) / FIELD_LENGTH_MM**2)
    return near, weight / np.sqrt((weight**2).sum(axis=1, keepdims=True)), mirror


@lru_cache(maxsize=1)
def surroundings() -> tuple[Floats, NDArray[np.int32], Floats]:
    """Room for a nodule, 1 or 0, (sites,); the neighbours of each site, nearest first, and their distances in mm."""
    x, y, _ = pattern()
    far = np.hypot(x[:, None] - x, y[:, None] - y)
    near = np.argsort(far, axis=1, kind="stable")[:, 1:33]
    roomy = _inside(x, y, NODULE_ROOM_MM).astype(float)
    return roomy, near.astype(np.int32), np.ascontiguousarray(np.take_along_axis(far, near, axis=1))


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
    near, weight, mirror = _smoother()
    turn, far = rng.random(SITES) * 2.0 * np.pi, np.sqrt(rng.random(SITES)) * JITTER_MM
    x, y = base_x + far * np.cos(turn), base_y + far * np.sin(turn)
    own = rng.standard_gamma(GAMMA_SHAPE, SITES)
    both, single = rng.standard_normal((2, mirror.size))
    both = (both + both[mirror]) / np.sqrt(2.0)
    noise = np.sqrt(FIELD_MIRRORED) * both + np.sqrt(1.0 - FIELD_MIRRORED) * single
    smooth = np.einsum("ij,ij->i", weight, noise[near])
    field = np.exp(FIELD_LOG_SD * smooth - FIELD_LOG_SD**2 / 2.0)
    centre = np.exp(-0.5 * (base_x / CENTRE_MM) ** 2)
    central = np.bincount(base_region, centre, minlength=len(chart.REGIONS))
    corrections = np.array([CORRECTIONS[name] for name in chart.REGIONS])
    regional = (region_shares(patient) * corrections * SITES / central)[base_region] * centre
    # A floor keeps every site possible: Gamma(0.6) has a pole at 0.
    propensity = np.maximum(own * field / GAMMA_SHAPE, 1e-4) * regional
    factor = np.array([COMEDONE_FACTORS[name] for name in chart.REGIONS])[base_region]
    comedone = np.sqrt(propensity) * factor
    return Sites(x, y, chart.region_of(x, y), propensity / propensity.mean(), comedone / comedone.mean())
