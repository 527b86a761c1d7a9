"""A person's parameter vector: drawn once from published anthropometry, age, sex and skin tone; never from the day.

Means and SDs in mm are adult North American values after Farkas (Anthropometry of the Head and Face, 1994) and the
international series of Farkas et al. (J Craniofac Surg 2005); growth corrections below 18 years follow the same source.
Shape modes without a published SD (folds, curvatures) have SDs judged by eye, and say so by being in `_modes`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from nof1sim.model import Patient
from nof1sim.randomness import key64, stream

# name: male mean, male SD, female mean, female SD, loadings on the factors (size, width, nose, lips)
MEASURES: dict[str, tuple[float, float, float, float, tuple[float, float, float, float]]] = {
    "face_height": (121, 6.0, 112, 5.0, (0.6, -0.3, 0, 0)),  # n-gn
    "face_width": (138, 5.0, 130, 4.6, (0.5, 0.6, 0, 0)),  # zy-zy
    "jaw_width": (106, 5.6, 95, 4.8, (0.4, 0.5, 0, 0)),  # go-go
    "head_width": (151, 5.5, 144, 5.0, (0.5, 0.5, 0, 0)),  # eu-eu
    "head_length": (196, 6.0, 187, 6.0, (0.6, -0.1, 0, 0)),  # g-op
    "nose_height": (54, 3.2, 50.5, 2.8, (0.5, -0.2, -0.2, 0)),  # n-sn
    "nose_width": (35.0, 2.8, 31.0, 2.4, (0.2, 0.2, 0.7, 0.3)),  # al-al
    "nose_depth": (19.5, 1.9, 18.6, 1.7, (0.3, -0.1, -0.5, 0)),  # sn-prn
    "eye_gap": (33, 2.6, 32, 2.5, (0.3, 0.2, 0.4, 0)),  # en-en
    "eye_length": (31.2, 1.4, 31.2, 1.3, (0.5, 0.1, 0, 0)),  # en-ex
    "eye_height": (10.3, 0.9, 11.3, 0.9, (0.0, 0.0, 0, 0)),  # ps-pi
    "mouth_width": (53, 3.4, 49.5, 3.2, (0.4, 0.2, 0.2, 0.4)),  # ch-ch
    "philtrum": (15.5, 2.1, 13.5, 1.9, (0.3, 0, 0, -0.3)),  # sn-ls
    "upper_lip": (7.6, 1.5, 8.2, 1.4, (0.1, 0, 0.1, 0.8)),  # ls-sto
    "lower_lip": (9.8, 1.6, 10.4, 1.5, (0.1, 0, 0.1, 0.8)),  # sto-li
    "forehead": (66, 5.0, 61, 5.0, (0.3, 0, 0, 0)),  # n-tr
    "ear_height": (63, 3.5, 59.5, 3.2, (0.5, 0, 0, 0)),  # sa-sba
    "neck_width": (52, 3.0, 44.5, 2.6, (0.3, 0.5, 0, 0)),  # half width
}

WEARS = ("band", "cap", "tied", "short")
WEAR_SHARE = {"F": (0.38, 0.20, 0.42, 0.0), "M": (0.18, 0.17, 0.10, 0.55)}
"""How often each sex comes with headband, bouffant cap, hair tied (or combed) back, cropped hair."""


@dataclass(frozen=True, slots=True)
class Face:
    """Everything that makes one face. Lengths in mm unless said; `asymmetry` are eight standard normal modes."""

    noise_seed: int
    male: bool
    age_years: float
    ita_deg: float
    measures: dict[str, float]
    modes: dict[str, float]
    asymmetry: tuple[float, ...]
    looks: dict[str, float]
    wear: str
    hair: int
    iris: int
    band: int
    garment: int
    backdrop: int
    moles: int

    def __getattr__(self, name: str) -> float:
        # The tables of numbers read as attributes: face.nose_width, face.chin_width, face.oil.
        for table in (self.measures, self.modes, self.looks):
            if name in table:
                return table[name]
        raise AttributeError(name)


def _measures(rng: Generator, patient: Patient, youth: float, dark: float) -> dict[str, float]:
    factors = rng.normal(0, 1, 4)
    own = rng.normal(0, 1, len(MEASURES))
    spread = rng.uniform(0, 1, 4)
    out: dict[str, float] = {}
    for (name, (mm, ms, fm, fs, load)), e in zip(MEASURES.items(), own, strict=True):
        mean, sd = (mm, ms) if patient.sex == "M" else (fm, fs)
        common = sum(a * b for a, b in zip(load, factors, strict=True))
        rest = max(0.1, 1 - sum(a * a for a in load)) ** 0.5
        # A little wider than the published SD: twelve faces on a sheet should not look like siblings.
        out[name] = float(mean + sd * np.clip(1.2 * (common + rest * e), -2.5, 2.5))
    growth = {"face_height": 5.5, "nose_height": 2.4, "nose_depth": 1.2, "face_width": 3.5, "jaw_width": 4.5}
    for name, by in growth.items():
        out[name] -= by * youth
    out["neck_width"] -= 3.0 * youth
    # Published population means differ along with skin tone (Farkas 2005); the spread within any tone stays wide.
    out["nose_width"] += float(9.0 * dark * spread[0])
    out["nose_depth"] -= float(2.2 * dark * spread[1])
    out["upper_lip"] += float(3.0 * dark * spread[2])
    out["lower_lip"] += float(2.5 * dark * spread[3])
    return out


def _modes(rng: Generator, patient: Patient, youth: float, dark: float) -> dict[str, float]:
    z = iter(rng.normal(0, 1, 64))
    u = iter(rng.uniform(0, 1, 8))
    age, male = patient.age_years, patient.sex == "M"

    def n(sd: float = 1.0) -> float:
        return float(np.clip(next(z), -2.6, 2.6)) * sd

    sex = float(np.clip((1 if male else -1) * (0.85 - 0.5 * youth) + n(0.3), -1.3, 1.3))  # -1 female .. 1 male
    aging = float(np.clip((age - 22) / 25, 0, 1.3))
    return {
        "masculine": sex,
        "fullness": float(np.clip(n(0.95) + 0.25 * youth, -1.6, 2.0)),
        "hood": max(0.0, n(0.5) + 0.5 * aging),
        "epicanthus": float(np.clip(n(0.5) - 0.1, 0, 1.3)),
        "brow_ridge": max(0.2, 1.6 + 1.6 * sex + n(0.7)),
        "orbit": 7.0 + n(1.3),
        "cheekbone": 3.0 + n(1.8) - 0.5 * youth,
        "malar": 3.2 + n(1.5) + 1.3 * youth - 0.6 * aging,
        "hollow": float(np.clip(1.2 + n(1.1) + 0.9 * aging - 1.4 * youth, -0.8, 2.9)),
        "chin_depth": 4.5 + n(1.5) + 0.8 * sex - 0.6 * youth,
        "chin_width": 12.5 + n(1.9) + 2.4 * sex,
        "chin_cleft": max(0.0, n(0.5) + 0.15 * sex),
        "chin_fold": 3.0 + n(0.8),
        "smile_fold": max(0.1, 0.45 + 0.9 * aging + n(0.28) - 0.2 * youth),
        "tear_trough": max(0.1, 0.55 + 0.8 * aging + n(0.35)),
        "jowl": max(0.0, 0.9 * aging + n(0.3)),
        "hump": n(1.3) + 0.35 * sex - 0.5 * youth,
        "root": -1.0 + n(1.4) - 2.2 * dark * next(u),
        "bridge": max(2.6, 4.0 + n(0.7) + 1.2 * dark + 0.4 * sex),
        "tip_radius": 8.6 + n(1.1) + 1.4 * dark * next(u),
        "tip_up": n(1.9) - 0.5 * sex + 0.7 * youth,
        "wing": n(0.7),
        "canthal": 1.7 + n(1.6),
        "crease": float(np.clip(2.8 + n(1.6) - 0.5 * aging, 0.2, 5.6)),
        "lid_fold": 1.0 + abs(n(0.5)),
        "eye_depth": n(1.2) + 0.8 * dark,
        "brow_height": 19.3 + n(1.8) - 1.4 * sex - 0.8 * aging,
        "brow_arch": 2.2 + n(1.2) - 1.2 * sex,
        "brow_thickness": float(np.clip(4.3 + n(0.8) + 1.3 * sex, 2.4, 7.4)),
        "brow_density": float(np.clip(1.0 + n(0.22) + 0.2 * sex, 0.55, 1.5)),
        "jaw_power": float(np.clip(1.95 + n(0.13) + 0.1 * sex, 1.7, 2.35)),
        "face_power": float(np.clip(2.2 + n(0.1), 2.0, 2.45)),
        "forehead_slope": n(3.2) + 2.5 * sex,
        "forehead_bulge": n(1.0) - 0.5 * sex + 0.5 * youth,
        "temple": 3.0 + n(1.2) + 0.8 * aging - 0.6 * youth,
        "mouth_bulge": 2.2 + n(0.7) + 0.5 * dark,
        "lip_roll": float(np.clip(1.0 + n(0.16), 0.6, 1.4)),
        "bow": 1.0 + n(0.5),
        "corner": 0.3 + n(0.8) - 0.4 * aging,
        "ear_angle": float(np.clip(31 + n(6), 23, 46)),
    }


def _looks(rng: Generator, patient: Patient) -> dict[str, float]:
    z, u = rng.normal(0, 1, 12), rng.uniform(0, 1, 12)
    light = patient.ita_deg > 35
    beard = np.clip((patient.age_years - 15) / 8, 0, 1) * (0.15 + 0.85 * u[0]) if patient.sex == "M" else 0.0
    out = {
        "blood": np.clip(1 + 0.18 * z[0], 0.6, 1.5),  # factor on the dermal blood fraction
        "ruddy": np.clip(1 + 0.35 * z[1], 0.3, 1.9),  # factor on the red cheeks and nose
        "oil": np.clip(1 + 0.25 * z[2] + 0.12 * (patient.age_years < 22), 0.5, 1.7),
        "freckles": max(0.0, -0.15 + 0.6 * z[3] + 0.01 * (patient.ita_deg - 45)) if light else 0.0,
        "beard": beard,
        "hair_volume_mm": 7 + abs(3 * z[4]),
        "lip_colour": np.clip(1 + 0.22 * z[5], 0.55, 1.5),
        "dark_circles": np.clip(1 + 0.5 * z[6] + 0.012 * (patient.age_years - 25), 0.1, 2.4),
        "pores": np.clip(1 + 0.25 * z[7], 0.5, 1.6),
        "pupil_mm": 1.9 + 0.15 * np.clip(z[8], -2, 2),
        "hair_shade": np.clip(1 + 0.25 * z[9], 0.5, 1.6),
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
        "hair_grey": np.clip((patient.age_years - 33) / 45, 0, 0.7) * u[3] ** 2,
        "hair_curl": coily * (0.55 + 0.45 * u[4]) + (1 - coily) * 0.45 * max(0.0, u[4] - 0.7) / 0.3,
        "hair_wave": 1.0 + 4.0 * u[5],  # mm by which strands stray sideways
        "hair_side": u[9] - 0.5,  # to which side hair is combed back
        "hairline_back": u[6] * (0.25 if patient.sex == "F" else 1 + 0.04 * max(0.0, patient.age_years - 25)),
        "crop_mm": 1.5 + 5.0 * u[7],
        "beard_mm": 0.3 + 2.4 * u[8] ** 2,  # how long stubble stands where beard grows
    }


def draw_face(seed: int, patient: Patient) -> Face:
    """The face that belongs to (seed, patient key, age, sex, skin tone)."""

    def rng(part: str) -> Generator:
        return stream(seed, patient.key, "face", part)

    youth = float(np.clip((18 - patient.age_years) / 4, 0, 1.25))
    dark = float(np.clip((20 - patient.ita_deg) / 60, 0, 1))
    light = patient.ita_deg > 35
    wear = rng("wear")
    colour = rng("colour").uniform(0, 1, 4)
    hair = np.searchsorted(np.cumsum([0.15, 0.25, 0.3, 0.2] if light else [0.72, 0.26, 0.02]), colour[0])
    iris = np.searchsorted(np.cumsum([0.2, 0.2, 0.2, 0.25] if light else [0.7, 0.27, 0.03]), colour[1])
    return Face(
        noise_seed=key64(seed, patient.key, "face", "noise") % 1_000_003,
        male=patient.sex == "M",
        age_years=float(patient.age_years),
        ita_deg=float(patient.ita_deg),
        measures=_measures(rng("measures"), patient, youth, dark),
        modes=_modes(rng("modes"), patient, youth, dark),
        asymmetry=tuple(float(v) for v in np.clip(rng("asymmetry").normal(0, 1, 8), -2.2, 2.2)),
        looks=_looks(rng("looks"), patient),
        wear=WEARS[min(3, int(np.searchsorted(np.cumsum(WEAR_SHARE[patient.sex]), wear.uniform())))],
        hair=int(min(hair, 4)),
        iris=int(min(iris, 4)),
        band=int(wear.integers(0, 12)),
        garment=int(wear.integers(0, 36)),
        backdrop=int(wear.integers(0, 12)),
        moles=int(rng("moles").poisson(4)),
    )


def describe(face: Face) -> dict[str, float | str]:
    """Flat numbers for `Render.drawn`."""
    out: dict[str, float | str] = {"wear": face.wear, "hair": face.hair, "iris": face.iris, "backdrop": face.backdrop}
    for table in (face.measures, face.modes, face.looks):
        out.update(table)
    return out
