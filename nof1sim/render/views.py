"""Scene -> View: the day's pose, light and camera, drawn by address.

A day's nuisance is a first-order autoregression over days that can be asked at any day without replaying those before:
a truncated moving average over innovations, each drawn by its own address. So day 200 costs what day 1 costs, and a
longer trial keeps its pictures.
"""

from __future__ import annotations

import math

import numpy as np

from nof1sim.model import Nuisance, Scene, View
from nof1sim.protocol.types import NuisanceSettings
from nof1sim.randomness import stream

ANGLE_LIMIT_DEG = 3.0
"""Yaw and pitch are clipped here: small turns are a 2-D parallax, good for about this much."""
TRUNCATE_AT = 1e-3
"""Innovations that weigh less than this share of today's are left out."""
OCCASION_SHARE = 0.3
"""Share of a day's variance that differs between two pictures taken on the same day."""

FIELDS = (
    "yaw_deg", "pitch_deg", "roll_deg", "scale", "shift_x", "shift_y", "exposure_ev", "white_balance_k",
    "light_key", "light_fill", "light_ring", "light_room", "oil", "blur",
)  # fmt: skip
"""What is drawn for a picture, one standard normal each, in this order: adding one at the end moves no other."""


def _day_normals(seed: int, patient_key: str, day: int, correlation: float) -> np.ndarray:
    """Standard normals of a day, (len(FIELDS),), correlated with those of the days before."""
    rho = min(max(float(correlation), 0.0), 0.98)
    lags = 1 if rho == 0 else 1 + math.ceil(math.log(TRUNCATE_AT) / math.log(rho))
    total = np.zeros(len(FIELDS))
    for k in range(lags):
        total += rho**k * stream(seed, patient_key, day - k, "nuisance").normal(size=len(FIELDS))
    # The exact variance of the truncated sum, so that every day has the stated SD.
    return total * math.sqrt((1 - rho**2) / (1 - rho ** (2 * lags)))


def draw_nuisance(
    seed: int, patient_key: str, day: int, occasion: int, view: str, settings: NuisanceSettings
) -> Nuisance:
    """The nuisance of one picture. A pure function of its arguments.

    Pictures of one day share `1 - OCCASION_SHARE` of their variance.
    """
    shared = _day_normals(seed, patient_key, day, settings.day_correlation)
    own = stream(seed, patient_key, day, occasion, view, "nuisance").normal(size=len(FIELDS))
    mixed = np.sqrt(1 - OCCASION_SHARE) * shared + np.sqrt(OCCASION_SHARE) * own
    z = {name: float(value) for name, value in zip(FIELDS, np.clip(mixed, -3.5, 3.5), strict=True)}
    s = settings

    def angle(name: str, sd: float) -> float:
        return min(max(z[name] * sd, -ANGLE_LIMIT_DEG), ANGLE_LIMIT_DEG)

    return Nuisance(
        yaw_deg=angle("yaw_deg", s.yaw_sd_deg),
        pitch_deg=angle("pitch_deg", s.pitch_sd_deg),
        roll_deg=z["roll_deg"] * s.roll_sd_deg,
        scale=math.exp(z["scale"] * s.scale_sd),
        shift_x=z["shift_x"] * s.shift_sd,
        shift_y=z["shift_y"] * s.shift_sd,
        exposure_ev=z["exposure_ev"] * s.exposure_sd_ev,
        white_balance_k=z["white_balance_k"] * s.white_balance_sd_k,
        light_key=math.exp(z["light_key"] * s.light_sd),
        light_fill=math.exp(z["light_fill"] * s.light_sd),
        light_ring=math.exp(z["light_ring"] * s.light_sd),
        light_room=math.exp(z["light_room"] * s.light_sd),
        oil=math.exp(z["oil"] * s.oil_sd),
        blur_px=0.5 * math.erfc(-z["blur"] / math.sqrt(2)) * s.blur_max_px,  # uniform from 0 to the maximum
        noise=float(s.noise),
    )


def view_of(scene: Scene, seed: int, occasion: int, view: str, size_px: int, settings: NuisanceSettings | None) -> View:
    """The complete View of a scene. `settings` None: the neutral nuisance, a picture of the skin alone."""
    key = scene.patient.key
    nuisance = Nuisance() if settings is None else draw_nuisance(seed, key, scene.day, occasion, view, settings)
    return View(scene, view, nuisance, size_px, seed, (key, scene.day, occasion, view))
