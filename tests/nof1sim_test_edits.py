"""Faces of the procedural renderer as a user's photographs, with their key points; found as `nof1sim_test_edits`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from nof1sim.conditions.acne import Acne
from nof1sim.editing.stock import nothing
from nof1sim.model import Drive, Lesions, Nuisance, Patient, Render, Scene, View
from nof1sim.protocol.types import Condition
from nof1sim.render.portrait.geometry import fit_face
from nof1sim.render.portrait.patch import flat_map
from nof1sim.render.portrait.photograph import from_pixels
from nof1sim.render.portrait.prepare import Canvas, prepare
from nof1sim.render.portrait.sidecar import ENDING, NAMES
from nof1sim.render.procedural import ProceduralRenderer

RENDERER = ProceduralRenderer()
LIGHT, DARK = 45.0, -35.0


@lru_cache(maxsize=16)
def photographed(ita: float = LIGHT, severity: float = 0.0, size: int = 384, view: str = "front") -> Render:
    """A person's picture, with acne of a severity (no marks)."""
    patient = Patient("P001", "1", 0, 24.0, "F", ita, 2)
    look = View(Scene(patient, 1, acne(patient, severity)), view, Nuisance(noise=1.0), size, 0, ("P001", 1, 1, view))
    return RENDERER.render([look])[0]


def acne(patient: Patient, severity: float) -> Lesions:
    """All lesions of a day of steady acne."""
    if severity == 0:
        return nothing()
    condition = Acne(Condition(marks="off", scars=False))
    return condition.on(condition.field(patient, Drive(np.full(40, severity), None, None, 0.0, 1.0, 40), 5), 40)


@lru_cache(maxsize=16)
def canvas(ita: float = LIGHT, severity: float = 0.0, size: int = 384, view: str = "front") -> Canvas:
    """The same, prepared, its geometry fitted to its key points."""
    render = photographed(ita, severity, size, view)
    photograph = from_pixels(render.pixels, f"face_{ita:g}_{severity:g}_{view}")
    return prepare(photograph, fit_face(render.keypoints_px, (size, size)))


@lru_cache(maxsize=4)
def patch(mm_per_px: float = 0.125, size: int = 384) -> Canvas:
    """Bare skin of a cheek, 48 mm wide, without a face."""
    return prepare(
        from_pixels(photographed(size=size, view="patch").pixels, "patch"), flat_map((size, size), mm_per_px)
    )


def save(folder: Path, name: str, render: Render, landmarks: bool = True, **how: object) -> Path:
    """Write a picture, with its key points beside it."""
    path = folder / name
    Image.fromarray(render.pixels).save(path, **how)
    if landmarks:
        points = {
            key: [float(value) for value in at]
            for key, at in render.keypoints_px.items()
            if key in NAMES and np.isfinite(at).all() and all(0 <= v < render.pixels.shape[0] for v in at)
        }
        size = [render.pixels.shape[1], render.pixels.shape[0]]
        path.with_name(name + ENDING).write_text(json.dumps({"points_px": points, "size_px": size}))
    return path
