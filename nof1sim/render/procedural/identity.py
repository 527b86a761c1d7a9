"""A person's parameter vector: drawn once from published anthropometry, age, sex and skin tone; never from the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim.model import Patient
from nof1sim.randomness import key64, stream
from nof1sim.render.procedural.anthropometry import LATER, LEAST, MEASURES, MODES, MOST, WITH_FULLNESS, WITH_TONE
from nof1sim.render.procedural.looks import draw_dress, draw_looks

SPREAD = 1.15
"""A little wider than the published SDs: twelve faces on a sheet should not look like siblings."""
PACE = (0.78, 1.15)
"""Seeming years per year after 24: people of one age look up to eight years apart (by eye; that they differ so, and by
what: Gunn et al., PLoS ONE 2009, 4:e8021)."""
TEEN_DIMORPHISM = 0.5
"""Share of the difference between the sexes that boys of 14 years still have to grow; girls are ahead of them."""


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
    iris: int
    band: int
    garment: int
    backdrop: int
    moles: int

    @property
    def seeming_years(self) -> float:
        """Age that the skin shows."""
        return seeming_years(self.age_years, self.noise_seed)

    def __getattr__(self, name: str) -> float:
        # The tables of numbers read as attributes: face.nose_width, face.chin_width, face.oil.
        for table in (self.measures, self.modes, self.looks):
            if name in table:
                return table[name]
        raise AttributeError(name)


@dataclass(frozen=True, slots=True)
class _Person:
    """What the tables need to know: man; youth 1 at 14 years and 0 from 19; ageing 0 at 24 and 1 at 44; dark 0 .. 1."""

    male: bool
    youth: float
    ageing: float
    dark: float

    def mean(self, male: float, female: float) -> float:
        """Mean of the person's sex at the person's age."""
        if not self.male:
            return female
        return male + (female - male) * TEEN_DIMORPHISM * min(self.youth, 1.0)


def seeming_years(age_years: float, noise_seed: int) -> float:
    """Age at the person's own pace of ageing."""
    pace = PACE[0] + (PACE[1] - PACE[0]) * ((noise_seed * 0.7320508076) % 1.0)
    return age_years + (pace - 1) * max(0.0, age_years - 24)


def _measures(rng: Generator, who: _Person) -> dict[str, float]:
    factors = rng.normal(0, 1, 4)
    own = rng.normal(0, 1, len(MEASURES))
    out: dict[str, float] = {}
    for (name, t), e in zip(MEASURES.items(), own, strict=True):
        sd = t.male_sd if who.male else t.female_sd
        common = sum(a * b for a, b in zip(t.load, factors, strict=True))
        rest = max(0.1, 1 - sum(a * a for a in t.load)) ** 0.5
        mean = who.mean(t.male, t.female) + t.youth * who.youth + t.ageing * who.ageing
        out[name] = float(mean + sd * np.clip(SPREAD * (common + rest * e), -2.6, 2.6))
    return out


def _modes(z: NDArray, who: _Person) -> dict[str, float]:
    # One number for each mode, in a fixed order: a new mode goes to the end of the table, and LATER counts it.
    z = np.clip(z, -2.6, 2.6)
    out: dict[str, float] = {}
    for (name, t), e in zip(MODES.items(), z, strict=True):
        out[name] = float(who.mean(t.male, t.female) + t.youth * who.youth + t.ageing * who.ageing + t.sd * e)
    # A strong or soft example of its sex is so in all that differs between the sexes.
    typical = out["masculine"] - who.mean(MODES["masculine"].male, MODES["masculine"].female)
    for name, t in MODES.items():
        if name != "masculine":
            out[name] += 0.30 * typical * (t.male - t.female)
    return out


def _shape(rng_measures: Generator, rng_modes: Generator, who: _Person) -> tuple[dict[str, float], dict[str, float]]:
    """Lengths in mm and shape modes, with what depends on fullness and skin tone."""
    measures = _measures(rng_measures, who)
    early = rng_modes.normal(0, 1, len(MODES) - LATER)
    share = rng_modes.uniform(0, 1, len(WITH_TONE))
    modes = _modes(np.concatenate([early, rng_modes.normal(0, 1, LATER)]), who)
    shifts = [(name, by * who.dark * float(u)) for (name, by), u in zip(WITH_TONE.items(), share, strict=True)]
    shifts += [(name, by * modes["fullness"]) for name, by in WITH_FULLNESS.items()]
    for name, by in shifts:
        table = measures if name in measures else modes
        table[name] += by
    for name, t in MODES.items():
        modes[name] = float(np.clip(modes[name], t.low, t.high))
    for name, low in LEAST.items():
        measures[name] = max(measures[name], low)
    for name, high in MOST.items():
        measures[name] = min(measures[name], high)
    # A mouth twice as wide as high is pursed.
    purse = min(1.0, 0.53 * measures["mouth_width"] / (measures["upper_lip"] + measures["lower_lip"]))
    measures["upper_lip"], measures["lower_lip"] = purse * measures["upper_lip"], purse * measures["lower_lip"]
    return measures, modes


def draw_face(seed: int, patient: Patient) -> Face:
    """The face that belongs to (seed, patient key, age, sex, skin tone)."""

    def rng(part: str) -> Generator:
        return stream(seed, patient.key, "face", part)

    noise_seed = key64(seed, patient.key, "face", "noise") % 1_000_003
    who = _Person(
        male=patient.sex == "M",
        youth=float(np.clip((19 - patient.age_years) / 5, 0, 1.2)),
        ageing=float(np.clip((seeming_years(patient.age_years, noise_seed) - 24) / 20, 0, 1.25)),
        dark=float(np.clip((20 - patient.ita_deg) / 60, 0, 1)),
    )
    measures, modes = _shape(rng("measures"), rng("modes"), who)
    return Face(
        noise_seed=noise_seed,
        male=who.male,
        age_years=float(patient.age_years),
        ita_deg=float(patient.ita_deg),
        measures=measures,
        modes=modes,
        asymmetry=tuple(float(v) for v in np.clip(rng("asymmetry").normal(0, 1, 8), -2.2, 2.2)),
        looks=draw_looks(rng("looks"), patient),
        **draw_dress(rng, patient),  # type: ignore[arg-type]
    )


def describe(face: Face) -> dict[str, float | str]:
    """Flat numbers for `Render.face`."""
    out: dict[str, float | str] = {"wear": face.wear, "iris": face.iris, "backdrop": face.backdrop}
    for table in (face.measures, face.modes, face.looks):
        out.update(table)
    return out
