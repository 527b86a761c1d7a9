"""How a person looks apart from the shape of the head: skin, hair, eyes, what they wear, where they stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from nof1sim.model import Patient

WEARS = ("band", "cap", "tied", "short")
WEAR_SHARE = {"F": (0.38, 0.20, 0.42, 0.0), "M": (0.18, 0.17, 0.10, 0.55)}
"""How often each sex comes with headband, bouffant cap, hair tied (or combed) back, cropped hair."""


def draw_looks(rng: Generator, patient: Patient) -> dict[str, float]:
    """Numbers of skin and hair."""
    z, u = rng.normal(0, 1, 12), rng.uniform(0, 1, 12)
    light = patient.ita_deg > 35
    beard = np.clip((patient.age_years - 14.5) / 8.5, 0, 1) ** 1.3 if patient.sex == "M" else 0.0
    beard *= min(1.0, 0.3 + 0.7 * u[0] + 0.012 * max(0.0, patient.age_years - 25))  # it grows denser into the forties
    out = {
        "blood": np.clip(1 + 0.18 * z[0], 0.6, 1.5),  # factor on the dermal blood fraction
        "ruddy": np.clip(1 + 0.35 * z[1], 0.3, 1.9),  # factor on the red cheeks and nose
        "oil": np.clip(1 + 0.25 * z[2] + 0.12 * (patient.age_years < 22), 0.5, 1.7),
        "freckles": max(0.0, -0.15 + 0.6 * z[3] + 0.01 * (patient.ita_deg - 45)) if light else 0.0,
        "beard": beard,
        "hair_volume_mm": 7 + abs(3 * z[4]),
        "lip_colour": np.clip(1 + 0.22 * z[5], 0.55, 1.5),
        "dark_circles": np.clip(
            1 + 0.5 * z[6] + 0.02 * (patient.age_years - 25) - 0.06 * max(0.0, 20 - patient.age_years), 0.1, 2.6
        ),
        "pores": np.clip(1 + 0.25 * z[7], 0.5, 1.6),
        "pupil_mm": 1.9 + 0.15 * np.clip(z[8], -2, 2),
        "lip_brown": np.clip(z[9], -2, 2),  # how brown the lips of dark skin are
        "lashes": np.clip(1 + 0.16 * z[10], 0.65, 1.4),  # factor on their length
    }
    out |= _hair(patient, u)
    return {name: float(value) for name, value in out.items()}


def _hair(patient: Patient, u: np.ndarray) -> dict[str, float]:
    """Pigment concentrations of d'Eon et al. (2011), 0.1 blond to 2.4 black, and the hair's shape. Spread follows
    skin tone: light hair on light skin only, grey from the thirties on; shares judged by eye."""
    pale = float(np.clip((patient.ita_deg + 5) / 60, 0, 1))
    coily = float(np.clip((5 - patient.ita_deg) / 30, 0, 1))
    low, high = np.log(2.0 * 0.06**pale), np.log(2.4 * 0.5**pale)
    return {
        "hair_eumelanin": np.exp(low + (high - low) * u[1] ** 0.75),
        "hair_pheomelanin": pale * (0.03 + 0.10 * u[2] + 0.55 * max(0.0, u[2] - 0.93) / 0.07),
        "hair_grey": _grey(patient, u[3], u[7]),
        "hair_curl": coily * (0.55 + 0.45 * u[4]) + (1 - coily) * 0.45 * max(0.0, u[4] - 0.7) / 0.3,
        "hair_wave": 1.0 + 4.0 * u[5],  # mm by which strands stray sideways
        "hair_side": u[9] - 0.5,  # to which side hair is combed back
        "hairline_back": u[6] * (0.25 if patient.sex == "F" else _receded(patient.age_years)),
        "crop_mm": 1.5 + 5.0 * u[7],
        "beard_mm": 0.3 + 2.4 * u[8] ** 2,  # how long stubble stands where beard grows
    }


def _grey(patient: Patient, early: float, dyed: float) -> float:
    """Share of grey hair. Three in four have some at 45 to 65, a quarter of it on average (Panhard et al., Br J
    Dermatol 2012, 167:865); it begins in the thirties, later on dark skin (Tobin and Paus, Exp Gerontol 2001, 36:29).
    early, dyed : the person's numbers, 0 .. 1."""
    onset = 42 - 12 * early + 5 * float(np.clip((10 - patient.ita_deg) / 40, 0, 1))
    grey = float(np.clip((patient.age_years - onset) / 34, 0, 0.7))
    # Six of ten women colour it, and their roots show (share by eye).
    return grey * (0.2 if patient.sex == "F" and dyed < 0.6 else 0.85)


def _receded(age_years: float) -> float:
    """Factor on how far a man's temples recede: the corners form in the late teens and go back from the twenties on
    (Hamilton, Ann N Y Acad Sci 1951, 53:708)."""
    return float(np.interp(age_years, [14, 19, 25, 45], [0.1, 0.7, 1.0, 2.6]))


def draw_dress(rng: Callable[[str], Generator], patient: Patient) -> dict[str, str | int]:
    """Fields of `Face` that name one of several: wear, iris, band, garment, backdrop; and the count of moles."""
    light = patient.ita_deg > 35
    wear, colour = rng("wear"), rng("colour").uniform(0, 1, 4)
    iris = np.searchsorted(np.cumsum([0.2, 0.2, 0.2, 0.25] if light else [0.7, 0.27, 0.03]), colour[1])
    return {
        "wear": WEARS[min(3, int(np.searchsorted(np.cumsum(WEAR_SHARE[patient.sex]), wear.uniform())))],
        "iris": int(min(iris, 4)),
        "band": int(wear.integers(0, 12)),
        "garment": int(wear.integers(0, 36)),
        "backdrop": int(wear.integers(0, 12)),
        "moles": int(rng("moles").poisson(4)),
    }
