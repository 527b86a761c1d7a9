"""Photographs with known truth: procedural faces with papules at known chart places."""

from __future__ import annotations

import numpy as np

from nof1sim.chart import region_of
from nof1sim.model import Nuisance, Render, Scene, View
from nof1sim.render.procedural import ProceduralRenderer

from ..conftest import make_lesions, make_patient

SIX_EIGHT = tuple(f"ibug_{k:02d}" for k in range(1, 69))
TWELVE = (
    "exocanthion_right", "endocanthion_right", "endocanthion_left", "exocanthion_left", "nasion", "pronasale",
    "alare_right", "alare_left", "cheilion_right", "cheilion_left", "labiale_superius", "menton",
)  # fmt: skip
FIVE = ("pupil_right", "pupil_left", "pronasale", "cheilion_right", "cheilion_left")
SPOTS = ((0, 40), (30, 38), (-30, 38), (45, -20), (-45, -20), (28, -35), (-28, -35), (50, -60), (-50, -60), (15, -90),
         (-15, -90), (0, -54))  # fmt: skip
PEOPLE = {"F": (0, 19.0, "F", 45.0), "M": (2, 33.0, "M", -30.0)}


def photograph(renderer: ProceduralRenderer, who: str, view: str, size: int = 256) -> Render:
    """A face with a papule of 6 mm at each of SPOTS (ids from 1), its chart, normals and parts."""
    rank, age, sex, ita = PEOPLE[who]
    patient = make_patient(rank, age=age, sex=sex, ita=ita)
    scene = Scene(patient, 1, make_lesions(SPOTS, diameter_mm=6.0))
    layers = ("parts", "chart", "normals")
    return renderer.render([View(scene, view, Nuisance(), size, 0, (patient.key, 1, 1, view), layers=layers)])[0]


def points(render: Render, names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Some of its key points, NaN ones included."""
    return {name: render.keypoints_px[name] for name in names}


def facial_skin(render: Render) -> np.ndarray:
    """Truly visible facial skin (h, w): where the chart allows a lesion."""
    chart = np.nan_to_num(np.asarray(render.layers["chart"]), nan=999.0)
    return (render.layers["parts"] == 1) & (region_of(chart[..., 0], chart[..., 1]) >= 0)
