"""A piece of skin: whose, where on the body, how it is shaped and coloured. The same in all photographs of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Floats, Patient
from nof1sim.randomness import key64, stream
from nof1sim.render.skin import chromophores

from .sites import SITES

FIELD_MM = (38.0, 154.0)
"""Width of the picture on the skin: 0.15 to 0.6 mm a pixel at 256 px."""
BLOOD = 0.0135
"""Mean blood volume fraction of the dermis of body skin."""
EDGE_SHARE = 0.16
"""Share of pieces on limbs at whose edge the background shows."""
BACKDROPS = ("sheet", "table", "clothes")


@dataclass(frozen=True, slots=True)
class Piece:
    """All numbers of a piece of skin; lengths in mm, angles in radians, places on its chart: mm from the middle.

    across_mm, along_mm : radii of curvature; offset_mm : how far the ridge of the form lies from the middle;
    axis : its direction in an unturned picture; taper : relative growth of the radius per mm along the axis.
    field_mm : width of an undisturbed picture. melanin, blood : volume fractions. lines, pores, veins, freckles :
    strengths, about 0 to 1.
    moles (k, 5) : x, y, radius, strength, angle. creases (c, 8): place along the axis, slope, sway, sway's wavelength,
    width, depth, half its length, its middle. turns (3, 4) : angle, x, y in mm, and scale of the tiles. key : 64 bits
    for hairs and the like.
    """

    site: str
    across_mm: float
    along_mm: float
    offset_mm: float
    axis: float
    taper: float
    form: float
    field_mm: float
    melanin: float
    blood: float
    ita_deg: float
    uneven: float
    lines: float
    pores: float
    veins: float
    freckles: float
    oil: float
    terminal: float
    hair_way: float
    hair_dark: float
    backdrop: str
    moles: NDArray[np.float32]
    creases: NDArray[np.float32]
    turns: NDArray[np.float32]
    key: int


def draw_piece(patient: Patient, seed: int, address: Sequence[str | int], sites: Sequence[str] = tuple(SITES)) -> Piece:
    """The piece of skin at an address: a pure function of its arguments."""
    rng = stream(seed, *address, "piece")
    u = dict(zip(_NUMBERS, rng.random(len(_NUMBERS)).tolist(), strict=True))
    name = sites[int(u["site"] * len(sites))]
    site = SITES[name]
    field = FIELD_MM[0] * (FIELD_MM[1] / FIELD_MM[0]) ** u["field"]
    across = _between(site.across_mm, u["across"])
    if name == "cheek":
        field = min(field, 85.0)  # farther away it would show a face
    field = min(field, 2.4 * across)
    old = min(max((patient.age_years - 25) / 45, 0.0), 1.0)
    fair = min(max((patient.ita_deg - 10) / 45, 0.0), 1.0)
    man = patient.sex == "M"
    return Piece(
        site=name,
        across_mm=across,
        along_mm=_between(site.along_mm, u["along"]),
        offset_mm=_offset(across, field, u["offset"], u["edge"]),
        axis=2 * math.pi * u["axis"],
        taper=0.0016 * (u["taper"] - 0.5) if across < 130 else 0.0,
        form=0.02 + 0.06 * u["form"],
        field_mm=field,
        melanin=melanin_of(patient.ita_deg, BLOOD * site.red),
        blood=BLOOD * site.red * (0.8 + 0.4 * u["blood"]),
        ita_deg=patient.ita_deg,
        uneven=(0.7 + 0.6 * u["uneven"] + 0.3 * old) * (0.6 + 0.4 * fair),
        lines=site.lines * (0.55 + 0.5 * u["lines"] + 0.5 * old),
        pores=site.pores * (0.5 + 0.7 * u["pores"]),
        veins=0.6 * (u["vein"] < site.veins) * (0.4 + 0.6 * u["veins"]) * (0.3 + 0.7 * fair),
        freckles=min((0.02 + 0.5 * fair * u["freckles"] ** 3) * (0.5 + 1.2 * old) + 0.03 * old, 0.7),
        oil=site.oil * (0.5 + 1.0 * u["oil"]) * (1.1 - 0.4 * old) * (0.45 + 0.55 * fair),
        terminal=site.terminal[man] * u["terminal"] ** 1.5,
        hair_way=2 * math.pi * u["hair_way"],
        hair_dark=min(max(1.25 - 1.1 * fair * u["hair_dark"], 0.25), 1.0),
        backdrop=BACKDROPS[int(3 * u["backdrop"])],
        moles=_moles(rng, fair, field),
        creases=_creases(rng, site.creases, field, u["crease"]),
        turns=_turns(rng),
        key=key64(seed, *address, "piece", "key"),
    )


_NUMBERS = (
    "site", "field", "across", "along", "offset", "edge", "axis", "taper", "form", "blood", "uneven", "lines", "pores",
    "vein", "veins", "freckles", "oil", "terminal", "hair_way", "hair_dark", "backdrop", "crease",
)  # fmt: skip
"""A piece's uniform numbers, in order; new ones go to the end."""


def _between(limits: tuple[float, float], u: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * u


def _offset(across: float, field: float, u: float, edge: float) -> float:
    """Where the middle of the picture lies beside the form's ridge: mostly seen square on, at times at its edge."""
    inside = max(0.97 * across - 0.72 * field, 0.0)
    if edge < EDGE_SHARE and across < 130:
        return math.copysign(across - field * (0.18 + 0.3 * u), edge - EDGE_SHARE / 2)
    return inside * 0.8 * (2 * u - 1)


def _moles(rng: np.random.Generator, fair: float, field: float) -> NDArray[np.float32]:
    """Moles: log-normal radii, fewer on dark skin."""
    most = 12
    far = 1.2 * field
    x, y = 2 * far * rng.random((2, most)) - far
    radius = np.clip(0.75 * np.exp(0.45 * rng.normal(size=most)), 0.35, 2.6)
    strength, angle = rng.random((2, most))
    per_mm2 = (0.00005 + 0.00035 * fair) * rng.random() ** 1.5 * 2.5
    count = min(int(rng.poisson(per_mm2 * (2.4 * field) ** 2)), most)
    columns = (x, y, radius, 0.25 + 0.75 * strength, math.pi * angle)
    return np.array(columns, np.float32)[:, :count].T.copy()


CREASE = np.array([(0.5, 2.5), (18, 60), (0.3, 0.7), (0.2, 0.65), (0.2, 1.2), (-0.5, 0.5)])
"""A crease's sway, the sway's wavelength, width and depth, and its half length and middle as shares of the field."""


def _creases(rng: np.random.Generator, chance: float, field: float, u: float) -> NDArray[np.float32]:
    count = (1 + int(2.5 * u / chance)) if chance and u < chance else 0
    place, slope, numbers = rng.random(4), rng.normal(0, 0.12, 4), rng.random((6, 4))
    more = CREASE[:, :1] + (CREASE[:, 1:] - CREASE[:, :1]) * numbers
    more[4:] *= field
    return np.array([(place - 0.5) * field, slope, *more], np.float32)[:, :count].T.copy()


TILE_SCALES = np.array([(0.8, 1.35), (0.8, 1.3), (0.8, 1.2)])


def _turns(rng: np.random.Generator) -> NDArray[np.float32]:
    first, u = rng.normal(0, 0.25), rng.random(11)
    turns = np.empty((3, 4), np.float32)
    turns[:, 0] = first, *(2 * math.pi * u[:2])
    turns[:, 1:3] = 300 * u[5:].reshape(3, 2)
    turns[:, 3] = TILE_SCALES[:, 0] + (TILE_SCALES[:, 1] - TILE_SCALES[:, 0]) * u[2:5]
    return turns


MELANIN_RANGE = (0.004, 0.80)


MELANIN_STEPS = 1024


def melanin_of(ita_deg: float, blood: float) -> float:
    """Melanin with which evenly lit skin, developed by the neutral camera, has this individual typology angle."""
    melanin, shown = _tones(blood)
    return float(np.interp(-ita_deg, -shown, melanin))


@lru_cache(maxsize=16)
def _tones(blood: float) -> tuple[Floats, Floats]:
    """Melanin from least to most, and the angles at which skin with it is seen."""
    from .camera import developed

    melanin = np.geomspace(*MELANIN_RANGE, MELANIN_STEPS)
    shown = developed(chromophores.albedo(melanin, np.array(blood)))
    return melanin, chromophores.ita_deg(chromophores.lab(shown))
