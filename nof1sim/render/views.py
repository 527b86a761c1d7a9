"""Scene -> View: the day's pose, light and camera, drawn by address.

A day's nuisance is a first-order autoregression over days that can be asked at any day without replaying those before:
a truncated moving average over innovations, each drawn by its own address. So day 200 costs what day 1 costs, and a
longer trial keeps its pictures. What belongs to the person rather than to the picture is in `nof1sim.render.habits`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from nof1sim.model import Nuisance, Patient, Scene, View
from nof1sim.protocol.images import Kind, NuisanceSettings
from nof1sim.randomness import stream
from nof1sim.render import habits as h

ANGLE_LIMIT_DEG = 10.0
"""Yaw and pitch are clipped here, at every dial."""
TRUNCATE_AT = 1e-3
"""Innovations that weigh less than this share of today's are left out."""
OCCASION_SHARE = 0.3
"""Share of a day's variance that differs between two pictures taken on the same day."""
LARGEST_Z = 3.5

FIELDS = (
    "yaw_deg", "pitch_deg", "roll_deg", "scale", "shift_x", "shift_y", "exposure_ev", "white_balance_k",
    "light_key", "light_fill", "light_ring", "light_room", "oil", "blur_px", "motion_px", "motion_deg", "tint",
    "light_side", "light_hard", "smile", "eyes_closed", "distance",
)  # fmt: skip
"""What is drawn for a picture, one standard normal each, in this order: adding one at the end moves no other."""

# The full range of each kind: what dial 1 does. Dials below 1 take their share of it.
SPREAD: dict[str, tuple[Kind, float]] = {
    "yaw_deg": ("pose", 8.0),
    "pitch_deg": ("pose", 8.0),
    "roll_deg": ("framing", 5.0),
    "shift_x": ("framing", 0.02),
    "shift_y": ("framing", 0.02),
    "exposure_ev": ("exposure", 0.8),
    "white_balance_k": ("white_balance", 900.0),
    "tint": ("white_balance", 0.06),
    "light_side": ("light", 0.6),
}
"""Field -> its kind and its standard deviation at dial 1; normal around 0."""
LOG_SPREAD: dict[str, tuple[Kind, float]] = {
    "scale": ("framing", 0.05),
    "light_key": ("light", 0.25),
    "light_fill": ("light", 0.25),
    "light_ring": ("light", 0.25),
    "light_room": ("light", 0.25),
    "oil": ("oil", 0.40),
}
"""Field -> its kind and the standard deviation of its logarithm at dial 1; lognormal around 1."""
TOP: dict[str, tuple[Kind, float]] = {
    "blur_px": ("focus", 3.2),
    "light_hard": ("shadows", 1.0),
}
"""Field -> its kind and its maximum at dial 1; uniform from 0."""
MOTION_PX, STILL_SHARE = 8.0, 0.6
"""The longest motion blur at dial 1; the share of pictures without any. Between them it is quadratic."""
NEAREST, NEAR_SPREAD = 0.35, 0.10
"""Distance: the nearest habit of a person at dial 1 (others hold the camera farther), and its log-SD over the days."""
DISTANCE_LIMITS = (0.3, 1.6)
SMILE, TAN, BEARD, NOISE = 1.0, 0.4, 1.0, 4.0
"""The broadest smile (the square of a uniform number), the deepest tan, a beard of ten days, the sensor's noise."""
LIMITS = {
    "yaw_deg": (-ANGLE_LIMIT_DEG, ANGLE_LIMIT_DEG),
    "pitch_deg": (-ANGLE_LIMIT_DEG, ANGLE_LIMIT_DEG),
    "distance": DISTANCE_LIMITS,
    "light_side": (-1.0, 1.0),
    **dict.fromkeys(("light_hard", "smile", "beard", "makeup"), (0.0, 1.0)),
}
"""Field -> where it is clipped, shift and all."""

TOWARD: dict[Kind, Mapping[str, float]] = {
    "pose": {"yaw_deg": 8.0},  # turned to one side
    "framing": {"scale": 0.10},  # larger; logarithm
    "distance": {"distance": math.log(0.5)},  # nearer; logarithm
    "focus": {"blur_px": 3.2},  # softer
    "motion": {"motion_px": 8.0},  # smeared
    "exposure": {"exposure_ev": 0.8},  # brighter
    "white_balance": {"white_balance_k": -900.0},  # warmer
    "light": {"light_fill": 0.5, "light_ring": 0.5, "light_key": -0.25},  # more from all around: flatter; logarithms
    "shadows": {"light_hard": 1.0},  # harder
    "oil": {"oil": -0.8},  # duller; logarithm
    "beard": {"beard": 1.0},  # longer
    "tan": {"tan": 0.4},  # browner
    "expression": {"smile": 1.0},  # smiling
    "eyes": {"eyes_closed": 1.0},  # closed more often
    "noise": {"noise": 4.0},  # noisier
}
"""Confounding at strength 1: what the mean of each field rises by in the treatment's periods. Make-up is worn on that
many more of the days, and the phone becomes `habits.SMOOTH` to that share."""

NO_SHIFT: Mapping[Kind, float] = MappingProxyType({})


def _day_normals(seed: int, patient_key: str, day: int, correlation: float) -> np.ndarray:
    """Standard normals of a day, (len(FIELDS),), correlated with those of the days before."""
    rho = min(max(float(correlation), 0.0), 0.98)
    lags = 1 if rho == 0 else 1 + math.ceil(math.log(TRUNCATE_AT) / math.log(rho))
    total = np.zeros(len(FIELDS))
    for k in range(lags):
        total += rho**k * _innovations(seed, patient_key, day - k)
    # The exact variance of the truncated sum, so that every day has the stated SD.
    return total * math.sqrt((1 - rho**2) / (1 - rho ** (2 * lags)))


@lru_cache(maxsize=512)
def _innovations(seed: int, patient_key: str, day: int) -> np.ndarray:
    """What is new on a day, (len(FIELDS),) standard normals; neighbouring days ask for the same ones."""
    drawn = stream(seed, patient_key, day, "nuisance").normal(size=len(FIELDS))
    drawn.setflags(write=False)
    return drawn


def draw_nuisance(
    seed: int,
    patient: Patient,
    day: int,
    occasion: int,
    view: str,
    settings: NuisanceSettings,
    shifted: Mapping[Kind, float] = NO_SHIFT,
) -> Nuisance:
    """The nuisance of one picture. A pure function of its arguments.

    Pictures of one day share `1 - OCCASION_SHARE` of their variance; beard, make-up, tan and phone wholly.

    Parameters
    ----------
    shifted : kind -> strength, 0 to 1, of the shift along `TOWARD`: photographs confounded with the treatment.
    """
    shared = _day_normals(seed, patient.key, day, settings.day_correlation)
    own = stream(seed, patient.key, day, occasion, view, "nuisance").normal(size=len(FIELDS))
    mixed = np.sqrt(1 - OCCASION_SHARE) * shared + np.sqrt(OCCASION_SHARE) * own
    z = {name: float(value) for name, value in zip(FIELDS, np.clip(mixed, -LARGEST_Z, LARGEST_Z), strict=True)}
    z["eyes_closed"] = float(own[FIELDS.index("eyes_closed")])  # a blink belongs to one picture
    dials, shift = settings.dials, _shift(shifted)
    habits = h.habits_of(seed, patient)
    values = _spread(z, dials, shift)
    phone, distance = _camera(habits, dials, shifted)
    logarithm = distance + dials["distance"] * NEAR_SPREAD * z["distance"] + shift.get("distance", 0.0)
    worn = shifted.get("makeup", 0.0)
    values |= phone | {
        "distance": math.exp(logarithm),
        "motion_px": _motion(z["motion_px"], dials["motion"]) + shift.get("motion_px", 0.0),
        "smile": dials["expression"] * SMILE * h.uniform_of(z["smile"]) ** 2 + shift.get("smile", 0.0),
        "eyes_closed": float(h.uniform_of(z["eyes_closed"]) < dials["eyes"] + shift.get("eyes_closed", 0.0)),
        "makeup": h.makeup_on(seed, habits, patient, day, dials["makeup"], worn) if dials["makeup"] or worn else 0.0,
        "tan": (dials["tan"] * TAN * h.tan_on(seed, patient, day) if dials["tan"] else 0.0) + shift.get("tan", 0.0),
        "beard": dials["beard"] * BEARD * h.beard_on(habits, day) + shift.get("beard", 0.0) * habits.growth,
        "noise": dials["noise"] * NOISE * phone["noise"] + shift.get("noise", 0.0),
    }
    values["motion_deg"] = 180.0 * h.uniform_of(z["motion_deg"]) if values["motion_px"] else 0.0
    clipped = {name: min(max(values[name], low), high) for name, (low, high) in LIMITS.items()}
    return Nuisance(**values | clipped)


def _shift(shifted: Mapping[Kind, float]) -> dict[str, float]:
    """Field -> what its mean (or the logarithm of its median) is shifted by."""
    return {
        field: strength * full for kind, strength in shifted.items() for field, full in TOWARD.get(kind, {}).items()
    }


def _spread(z: Mapping[str, float], dials: Mapping[Kind, float], shift: Mapping[str, float]) -> dict[str, Any]:
    """The fields of the three tables."""
    plain = {name: z[name] * sd * dials[kind] + shift.get(name, 0.0) for name, (kind, sd) in SPREAD.items()}
    log = {name: math.exp(z[name] * sd * dials[kind] + shift.get(name, 0.0)) for name, (kind, sd) in LOG_SPREAD.items()}
    top = {
        name: h.uniform_of(z[name]) * most * dials[kind] + shift.get(name, 0.0) for name, (kind, most) in TOP.items()
    }
    return plain | log | top


def _motion(z: float, dial: float) -> float:
    """Most pictures are still; a few are smeared badly."""
    return dial * MOTION_PX * max(0.0, (h.uniform_of(z) - STILL_SHARE) / (1 - STILL_SHARE)) ** 2


def _camera(
    habits: h.Habits, dials: Mapping[Kind, float], shifted: Mapping[Kind, float]
) -> tuple[dict[str, Any], float]:
    """What the person's phone, mixed into the clinic's camera, does; and the logarithm of its distance."""
    share, taken_over = dials["phone"], shifted.get("phone", 0.0)
    mine, smooth = habits.phone, h.SMOOTH
    weights = ((mine, share * (1 - taken_over)), (smooth, taken_over))

    def mix(name: str, neutral: float) -> float:
        return neutral + sum(weight * (getattr(phone, name) - neutral) for phone, weight in weights)

    mixed: dict[str, Any] = {
        "contrast": mix("contrast", 0.0),
        "saturation": mix("saturation", 1.0),
        "sharpening": mix("sharpening", 1.0),
        "noise": mix("noise", 1.0),
        "jpeg_quality": float(round(mix("jpeg_quality", 100.0))) if share or taken_over else 0.0,
        "phone": smooth.name if taken_over > share * (1 - taken_over) else mine.name if share else "",
    }
    distance = sum(weight * math.log(phone.distance) for phone, weight in weights)
    return mixed, distance + dials["distance"] * habits.near * math.log(NEAREST)


def view_of(
    scene: Scene,
    seed: int,
    occasion: int,
    view: str,
    size_px: int,
    settings: NuisanceSettings | None,
    shifted: Mapping[Kind, float] = NO_SHIFT,
    layers: tuple[str, ...] = (),
) -> View:
    """The complete View of a scene. `settings` None: the neutral nuisance, a picture of the skin alone."""
    patient = scene.patient
    nuisance = Nuisance()
    if settings is not None:
        nuisance = draw_nuisance(seed, patient, scene.day, occasion, view, settings, shifted)
    return View(scene, view, nuisance, size_px, seed, (patient.key, scene.day, occasion, view), layers)
