"""The procedural renderer: an invented person's clinical photograph, computed from numbers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Literal, TypeVar

import numpy as np

from nof1sim.errors import Fault, RenderError
from nof1sim.model import Lesions, Nuisance, Patient, Render, Scene, View
from nof1sim.randomness import key64
from nof1sim.render.masks import dilate, measure
from nof1sim.render.procedural.camera import Pose, develop, forward, glare_of, nearest_map, pose_of, reach_px, warp
from nof1sim.render.procedural.cores import core_labels
from nof1sim.render.procedural.head import Head, build_head
from nof1sim.render.procedural.identity import describe, draw_face
from nof1sim.render.procedural.lesions import add_lesions, records
from nof1sim.render.procedural.plate import Plate, build_plate
from nof1sim.render.procedural.screen import WIDTH_MM, YAW_DEG

T = TypeVar("T")
SIZES_PX = (64, 2048)
KEPT = 2
"""Heads and plates that a renderer keeps: memory against speed, never a change of result."""


def mesh_and_supersample(size_px: int) -> tuple[int, int]:
    """Vertices a side and canvas pixels per picture pixel."""
    if size_px <= 128:
        return 512, 3
    if size_px <= 640:
        return 1024, 2
    return 1280, 2 if size_px <= 1024 else 1


def no_lesions() -> Lesions:
    """An empty day."""
    ints, floats, flags = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    stage = np.zeros(0, np.int8)
    f = floats
    return Lesions(ints, f, f, stage, f, f, f, f, f, f, f, ints, flags, flags)


class ProceduralRenderer:
    """Draws `View`s on the CPU; the same bytes whatever the order, the process and what was drawn before."""

    name = "procedural"
    modality = "face photograph"
    views: tuple[str, ...] = tuple(YAW_DEG)
    repeatable: Literal["bitwise", "seeded"] = "bitwise"
    batch_size = 1

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        if options:
            raise RenderError(str(Fault("images.options", dict(options), "none for the procedural renderer")))
        self._heads: OrderedDict[Hashable, Head] = OrderedDict()
        self._plates: OrderedDict[Hashable, Plate] = OrderedDict()

    def prepare(self) -> None:
        """Compile all kernels by drawing one small face."""
        patient = Patient("P001", "1", 0, 25.0, "F", 40.0, 2)
        view = View(Scene(patient, 1, _sample_lesion()), "front", Nuisance(yaw_deg=1.0, noise=1.0), 64, 0, ("P001",))
        ProceduralRenderer().render([view])

    def render(self, views: Sequence[View]) -> list[Render]:
        """Draw each view, in order."""
        return [self._draw(view) for view in views]

    def plate(self, view: View) -> Plate:
        """The clear face of a view; cached."""
        _check(view)
        mesh, supersample = mesh_and_supersample(view.size_px)
        patient = view.scene.patient
        who = (view.seed, patient.key, patient.age_years, patient.sex, patient.ita_deg)

        def head() -> Head:
            face = draw_face(view.seed, patient)
            return _kept(self._heads, (*who, mesh), lambda: build_head(face, mesh))

        key = (*who, view.view, view.size_px)
        return _kept(self._plates, key, lambda: build_plate(head(), view.view, view.size_px, supersample))

    def _draw(self, view: View) -> Render:
        plate, nuisance, size = self.plate(view), view.nuisance, view.size_px
        light = plate.clear(nuisance)
        glare = glare_of(light)
        rec, place, seeds = records(plate, view.scene.lesions)
        touched = add_lesions(plate, rec, place, seeds, nuisance, light)
        core = core_labels(plate, rec, place)
        pose = pose_of(nuisance, size, plate.margin, size / WIDTH_MM)
        light, touched = warp(light, plate.depth, pose, touched)
        if not pose.identity:
            posed = np.empty_like(core)
            nearest_map(core, plate.depth, pose.matrix, pose.offset, pose.parallax, posed)
            core = posed
        light, glare, touched, core = (plate.crop(image) for image in (light, glare, touched, core))
        pixels = develop(light, glare, nuisance, key64(view.seed, *view.address, "sensor"))
        support = dilate(touched, reach_px(nuisance, size))
        ids, boxes, area = measure(core)
        points = {name: _posed(plate, pose, *p) for name, p in plate.keypoints_px.items()}
        drawn = {"renderer": self.name, "view": view.view} | asdict(nuisance) | describe(plate.head.face)
        return Render(pixels, core, support, ids, boxes, area, points, drawn)


def _posed(plate: Plate, pose: Pose, x: float, y: float) -> tuple[float, float]:
    """A plate point in the picture; NaN where it is hidden or falls outside."""
    if x == x:
        x, y = (v - plate.margin for v in forward(pose, plate.depth, x, y))
    inside = -0.5 <= x < plate.size - 0.5 and -0.5 <= y < plate.size - 0.5
    return (x, y) if inside else (float("nan"), float("nan"))


def _check(view: View) -> None:
    low, high = SIZES_PX
    if view.view not in YAW_DEG:
        raise RenderError(str(Fault("images.views", view.view, ", ".join(YAW_DEG))))
    if not low <= view.size_px <= high:
        raise RenderError(str(Fault("images.size_px", view.size_px, f"{low} to {high}")))


def _kept(cache: OrderedDict[Hashable, T], key: Hashable, make: Callable[[], T]) -> T:
    """Least-recently-used cache of KEPT entries."""
    if key not in cache:
        value = make()
        while len(cache) >= KEPT:
            cache.popitem(last=False)
        cache[key] = value
    cache.move_to_end(key)
    return cache[key]


def _sample_lesion() -> Lesions:
    one, flag = np.ones(1), np.ones(1, bool)
    return replace(
        no_lesions(), lesion_id=np.ones(1, np.int64), x_mm=30 * one, y_mm=-35 * one, stage=np.full(1, 4, np.int8),
        diameter_mm=3 * one, height_mm=one, erythema=one, melanin=0 * one, pus=one, plug=0 * one, crust=one,
        shape=np.ones(1, np.int64), visible=flag, counted=flag,
    )  # fmt: skip
