"""Photographs to test with: procedural faces, written as picture files with their key points beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from nof1sim.model import Nuisance, Patient, Render, Scene, View
from nof1sim.render.portrait.sidecar import write_sidecar
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.procedural.renderer import no_lesions

NAMES = (
    "exocanthion_right", "exocanthion_left", "nasion", "pronasale", "alare_right", "alare_left", "cheilion_right",
    "cheilion_left", "menton", "trichion", "ibug_03", "ibug_15",
)  # fmt: skip
PEOPLE = (Patient("P001", "1", 0, 24.0, "F", 45.0, 2), Patient("P002", "2", 1, 31.0, "M", -20.0, 5))
SIZE = 256


@cache
def portrait(person: int, size: int = SIZE) -> Render:
    """A clear face, seen from the front."""
    patient = PEOPLE[person]
    view = View(Scene(patient, 1, no_lesions()), "front", Nuisance(noise=1.0), size, 7, (patient.key, 1, 1, "front"))
    return ProceduralRenderer().render([view])[0]


def points(person: int, size: int = SIZE) -> dict[str, tuple[float, float]]:
    """The twelve key points of a face."""
    return {name: portrait(person, size).keypoints_px[name] for name in NAMES}


def write_photo(path: Path, person: int, sidecar: bool = True) -> Path:
    """A photograph as PNG, or as JPEG by its name's ending, and its key points."""
    Image.fromarray(portrait(person).pixels).save(path, quality=95)
    if sidecar:
        write_sidecar(path.with_name(f"{path.name}.landmarks.json"), points(person), (SIZE, SIZE), "clicked")
    return path


def write_photos(folder: Path, names: tuple[str, ...] = ("anna.png", "bela.jpg")) -> Path:
    """A folder of photographs, the two persons in turn; every one has bytes of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, name in enumerate(names):
        write_photo(folder / name, k % 2)
        if k > 1:
            pixels = np.array(portrait(k % 2).pixels)
            pixels[0, 0] = (k, 0, 0)
            Image.fromarray(pixels).save(folder / name, quality=95)
    return folder
