"""Small faces, drawn once for all tests of the renderer."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.model import STAGE_CODE, Lesions, Nuisance, Patient, Scene, View
from nof1sim.render.procedural import ProceduralRenderer

HEIGHT = {"papule": 0.5, "pustule": 0.6, "nodule": 0.8, "closed_comedone": 0.25, "open_comedone": 0.05, "scar": -0.3}


def make_patient(rank: int = 0, *, age: float = 24.0, sex: str = "F", ita: float = 40.0) -> Patient:
    return Patient(f"P{rank + 1:03d}", str(rank + 1), rank, age, sex, ita, 2)


def make_lesions(places, stage="papule", diameter_mm=4.0, erythema=0.8, visible=True, counted=True) -> Lesions:
    """Lesions of one kind at chart places [(x, y), ...], ids from 1."""
    n = len(places)
    x, y = np.array(places, float).reshape(n, 2).T
    full = np.ones(n)
    inflamed = stage in ("papule", "pustule", "nodule", "erythema")
    return Lesions(
        lesion_id=np.arange(1, n + 1),
        x_mm=x,
        y_mm=y,
        stage=np.full(n, STAGE_CODE[stage], np.int8),
        diameter_mm=diameter_mm * full,
        height_mm=HEIGHT.get(stage, 0.0) * full,
        erythema=(erythema if inflamed else 0.0) * full,
        melanin=(0.5 if stage == "hyperpigmentation" else 0.0) * full,
        pus=(1.0 if stage == "pustule" else 0.0) * full,
        plug=(1.0 if stage == "open_comedone" else 0.0) * full,
        crust=(1.0 if stage == "crust" else 0.0) * full,
        shape=np.arange(n) * 7919 + 5,
        visible=np.full(n, visible),
        counted=np.full(n, counted),
    )


def make_view(
    lesions: Lesions, patient: Patient | None = None, *, size: int = 64, view: str = "front",
    nuisance: Nuisance | None = None, day: int = 1, seed: int = 0,
) -> View:  # fmt: skip
    patient = patient or make_patient()
    return View(Scene(patient, day, lesions), view, nuisance or Nuisance(), size, seed, (patient.key, day, 1, view))


@pytest.fixture(scope="package")
def renderer() -> ProceduralRenderer:
    """One renderer for the whole package; its cache must never show in a result."""
    return ProceduralRenderer()
