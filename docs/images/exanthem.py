"""Draws docs/images/exanthem.jpg: one rash on three skins, from the burst to clear skin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from nof1sim import load_protocol
from nof1sim.model import Drive, Scene
from nof1sim.protocol import with_changes
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.views import view_of
from nof1sim.simulation.plan import Plan

DAYS = (5, 10, 16, 20, 23)
SEVERITY = np.concatenate([np.zeros(3), np.full(8, 2.7), 2.7 * np.clip(1 - np.arange(1, 14) / 9, 0, 1)])
"""Clear, eight days of rash, and nine in which it goes."""


def cheeks(skin: str, renderer: ProceduralRenderer) -> np.ndarray:
    """The left cheek of a person of a skin type on DAYS, side by side."""
    cohort = {"patients": 1, "fitzpatrick": {name: float(name == skin) for name in ("I", "II", "III", "IV", "V", "VI")}}
    protocol = with_changes(load_protocol("exanthem_episode"), cohort=cohort)
    plan = Plan(protocol)
    (patient,) = plan.course(0, 1).cohort.patients
    field = plan.condition.field(patient, Drive(SEVERITY, None, None, 0.0, 0.0, SEVERITY.size), 0)
    scenes = [Scene(patient, day, plan.condition.on(field, day), field) for day in DAYS]
    views = [view_of(scene, 0, 1, "front", 1024, protocol.images.nuisance, {}, ()) for scene in scenes]
    return np.concatenate([renderer.render([view])[0].pixels[330:780, 560:860] for view in views], axis=1)


if __name__ == "__main__":
    renderer = ProceduralRenderer()
    rows = np.concatenate([cheeks(skin, renderer) for skin in ("II", "IV", "VI")])
    Image.fromarray(rows).resize((1200, 1080), Image.Resampling.LANCZOS).save(
        Path(__file__).with_name("exanthem.jpg"),
        quality=86,
        comment="Synthetic images of people who do not exist. Not for diagnosis.",
    )
