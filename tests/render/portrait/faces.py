"""Faces of the procedural renderer as "photographs": their geometry is known without any landmark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from nof1sim.model import Lesions, Nuisance, Patient, Render, Scene, View
from nof1sim.render.portrait.face_map import FaceMap
from nof1sim.render.portrait.photograph import Photograph, from_pixels
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.procedural.lesions import sites_of
from nof1sim.render.procedural.plate import Plate
from nof1sim.render.procedural.renderer import no_lesions
from nof1sim.render.skin import Sites

BEYOND_PX = 0.03
"""How far the chart is continued over hair, brows and background, as landmarks would; share of the picture."""


@dataclass(frozen=True)
class Person:
    """One invented person's picture without lesions: the photograph, its geometry, the truth, and who drew it."""

    view: View
    photograph: Photograph
    face: FaceMap
    render: Render
    renderer: ProceduralRenderer

    def with_lesions(self, lesions: Lesions) -> Render:
        """The renderer's own picture of lesions on this face: the ideal."""
        scene = Scene(self.view.scene.patient, 1, lesions)
        v = self.view
        return self.renderer.render([View(scene, v.view, v.nuisance, v.size_px, v.seed, v.address, v.layers)])[0]


def person(
    ita: float = 40.0, *, size: int = 256, rank: int = 0, sex: str = "F", age: float = 24.0, view: str = "front",
    nuisance: Nuisance | None = None,
) -> Person:  # fmt: skip
    """A photograph of somebody; the same arguments give the same one."""
    return _person(ita, size, rank, sex, age, view, nuisance or Nuisance())


@lru_cache(maxsize=24)
def _person(ita, size, rank, sex, age, view, nuisance) -> Person:
    patient = Patient(f"P{rank + 1:03d}", str(rank + 1), rank, age, sex, ita, 2)
    address = (patient.key, 1, 1, view)
    look = View(Scene(patient, 1, no_lesions()), view, nuisance, size, 0, address, ("parts", "chart", "normals"))
    renderer = _renderer(patient.key, ita, sex, age)
    render = renderer.render([look])[0]
    return Person(look, from_pixels(render.pixels), _face_map(renderer.plate(look), render), render, renderer)


@lru_cache(maxsize=6)
def _renderer(*_who: object) -> ProceduralRenderer:
    """One a person: each keeps the plates of one."""
    return ProceduralRenderer()


def _face_map(plate: Plate, render: Render) -> FaceMap:
    """From the plate itself; the pose must be neutral."""
    margin, size = plate.margin, plate.size
    slot = plate.skin.slot[margin : margin + size, margin : margin + size]
    spot = np.where((slot >= 0)[..., None], plate.skin.spot[np.maximum(slot, 0)], np.nan)
    chart, normal = render.layers["chart"], render.layers["normals"]
    known = np.isfinite(chart[..., 0]) & np.isfinite(spot[..., 0])
    near = ndimage.binary_closing(np.pad(known, 40), iterations=max(2, round(BEYOND_PX * 2 * size)))[40:-40, 40:-40]
    near = ndimage.binary_dilation(ndimage.binary_fill_holes(near | known), iterations=round(BEYOND_PX * size))
    all_known = np.concatenate([chart, spot, normal], -1)
    filled = _smoothly_filled(all_known, known)
    filled[~near] = np.nan
    filled[..., 5:] /= np.linalg.norm(filled[..., 5:], axis=-1, keepdims=True)
    chart, spot, normal = (np.ascontiguousarray(a, dtype=np.float32) for a in np.split(filled, [2, 5], -1))
    skin, frame = plate.skin, plate.frame

    def place(x: np.ndarray, y: np.ndarray) -> Sites:
        n = len(x)
        table = no_lesions()
        columns = {name: np.zeros(n, getattr(table, name).dtype) for name in Lesions.__dataclass_fields__}
        sites = sites_of(plate, Lesions(**columns | {"x_mm": np.asarray(x, float), "y_mm": np.asarray(y, float)}))
        away = (sites.normal @ skin.rotation.T)[:, 2] < 0.1
        px = np.where(away, np.nan, sites.x_px - margin), np.where(away, np.nan, sites.y_px - margin)
        return Sites(sites.spot, sites.normal, *(p.astype(np.float32) for p in px), sites.px_per_mm)

    return FaceMap(
        chart, spot, normal, skin.mm_per_px, skin.rotation, frame.yaw_deg, frame.pitch_deg, 0.0, place,
    )  # fmt: skip


def _smoothly_filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """values (h, w, c) where known; elsewhere harmonic-like, from coarse to fine."""
    out = np.where(known[..., None], values, 0.0)
    weight = known.astype(float)
    filled, got = out.copy(), weight.copy()
    for sigma in (2, 4, 8, 16, 32, 64):
        w = ndimage.gaussian_filter(weight, sigma)
        part = np.stack([ndimage.gaussian_filter(out[..., k], sigma) for k in range(out.shape[-1])], -1)
        here = (got < 0.5) & (w > 0.02)
        filled[here] = part[here] / w[here][:, None]
        got[here] = 1
    return filled


def acne(severity: float, rank: int = 0, *, seed: int = 0, days: int = 3) -> Lesions:
    """A person's lesions on a day of steady acne of this severity."""
    from nof1sim.conditions.acne.condition import Acne
    from nof1sim.model import Drive
    from nof1sim.protocol import load_protocol

    patient = Patient(f"P{rank + 1:03d}", str(rank + 1), rank, 24.0, "F", 40.0, 2)
    condition = Acne(load_protocol("default").condition)
    drive = Drive(np.full(days, severity), None, None, 0.0, 1.0, days)
    return condition.on(condition.field(patient, drive, seed), days)
