"""The procedural renderer: an invented person's clinical photograph, computed from numbers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from nof1sim.errors import Fault, RenderError
from nof1sim.model import Lesions, Nuisance, Patient, Render, Scene, View
from nof1sim.randomness import key64
from nof1sim.render.masks import dilate, measure
from nof1sim.render.procedural.expose import compiled, expose, reach_px
from nof1sim.render.procedural.frames import ALLOWED, VIEWS, frame_of
from nof1sim.render.procedural.head import Head, build_head
from nof1sim.render.procedural.identity import Face, describe, draw_face
from nof1sim.render.procedural.lesions import add_lesions
from nof1sim.render.procedural.memory import return_memory
from nof1sim.render.procedural.plate import Known, Plate, build_plate
from nof1sim.render.procedural.pose import look_at, pose_of
from nof1sim.render.procedural.relight import day_image, even_skin, make_up, tan_factor
from nof1sim.render.procedural.truth import keypoints, layers

SIZES_PX = (64, 2048)
KEPT_BYTES = 200_000_000
"""Plates of a person that a renderer keeps, in bytes but at least one: memory against speed, never a change of
result. The clinical triplet at 512 px takes 140 MB."""
LONG_RUN = 8
"""Pictures of one view in a row after which a caller is taken to go view by view: the plates of other views go before a
new one is built, which takes more memory than anything else."""


def mesh_and_supersample(size_px: int) -> tuple[int, int]:
    """Vertices a side and canvas pixels per picture pixel."""
    if size_px <= 128:
        return 256, 2
    if size_px <= 320:
        return 448, 2
    if size_px <= 640:
        return 640, 2
    return 896, 2 if size_px <= 1024 else 1


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
    views: tuple[str, ...] = tuple(VIEWS)
    repeatable: Literal["bitwise", "seeded"] = "bitwise"
    batch_size = 1
    layers = ("parts", "depth", "normals", "chart", "binary")

    def __init__(self) -> None:
        self._person: _Person | None = None

    @staticmethod
    def accepts(view: str) -> bool:
        """Whether a view of this name can be drawn."""
        return frame_of(view) is not None

    @staticmethod
    def compiled() -> bool:
        """Whether `prepare` was through on this machine before."""
        return compiled()

    def prepare(self) -> None:
        """Compile all kernels by drawing one small face."""
        patient = Patient("P001", "1", 0, 25.0, "F", 40.0, 2)
        for nuisance in (Nuisance(), Nuisance(yaw_deg=1.0, noise=1.0, blur_px=3.0, motion_px=8.0)):
            view = View(Scene(patient, 1, _sample_lesion()), "front", nuisance, 64, 0, ("P001",))
            ProceduralRenderer().render([view])
        return_memory()

    def render(self, views: Sequence[View]) -> list[Render]:
        """Draw each view, in order."""
        return [self._draw(view) for view in views]

    def plate(self, view: View) -> Plate:
        """The clear face of a view; cached."""
        return self._of(view).plate(view.view, view.size_px, view.nuisance.eyes_closed >= 0.5)

    def _of(self, view: View) -> _Person:
        _check(view)
        patient = view.scene.patient
        who = (view.seed, patient.key, patient.age_years, patient.sex, patient.ita_deg)
        if self._person is None or self._person.who != who:
            # One person at a time: building a plate takes memory, too.
            self._person = None
            self._person = _Person(who, draw_face(view.seed, patient))
        return self._person

    def _draw(self, view: View) -> Render:
        plate, nuisance, size = self.plate(view), view.nuisance, view.size_px
        image = self._of(view).blank(plate)
        veil = tan_factor(plate, nuisance.tan)
        day_image(plate, nuisance, veil, image)
        even = even_skin(plate, image) if nuisance.makeup > 0 else None
        touched, core = add_lesions(plate, view.scene.lesions, nuisance, veil, image)
        if even is not None:
            make_up(plate, image, even, nuisance.makeup)
        pose = pose_of(plate, nuisance)
        seen = look_at(plate, pose)
        key = key64(view.seed, *view.address, "sensor")
        pixels, near, core = expose(plate, image, seen, nuisance, touched, core, key)
        support = dilate(near, reach_px(nuisance, size))
        ids, boxes, area = measure(core)
        return Render(
            pixels, core, support, ids, boxes, area, keypoints(plate, pose, seen),
            drawn={"renderer": self.name, "view": view.view},
            layers=layers(plate, pose, seen, core, view.layers) if view.layers else {},
            face=describe(plate.head.face),
        )  # fmt: skip


def _check(view: View) -> None:
    low, high = SIZES_PX
    if frame_of(view.view) is None:
        raise RenderError(str(Fault("images.views", view.view, ALLOWED)))
    if not low <= view.size_px <= high:
        raise RenderError(str(Fault("images.size_px", view.size_px, f"{low} to {high}")))


class _Person:
    """What is kept of one person: heads and what goes with them, plates."""

    def __init__(self, who: tuple[object, ...], face: Face) -> None:
        self.who, self._face = who, face
        self._heads: dict[tuple[int, bool], Head] = {}
        self._known: dict[tuple[int, bool], Known] = {}
        self._plates: OrderedDict[tuple[str, int, bool], Plate] = OrderedDict()
        self._canvas: tuple[Plate, np.ndarray] | None = None
        self._last, self._run = "", 0

    def head(self, mesh: int, closed: bool) -> Head:
        key = (mesh, closed)
        if key not in self._heads:
            self._heads[key] = build_head(self._face, mesh, closed)
            return_memory()
        return self._heads[key]

    def known(self, mesh: int, closed: bool) -> Known:
        key = (mesh, closed)
        if key not in self._known:
            # The melanin of the open eyes, so that a blink changes nothing but the eyes.
            melanin = self.known(mesh, False).melanin if closed else None
            self._known[key] = Known.of(self.head(mesh, closed), melanin)
        return self._known[key]

    def plate(self, view: str, size_px: int, closed: bool) -> Plate:
        key = (view, size_px, closed)
        long_run = self._run >= LONG_RUN
        self._last, self._run = view, self._run + 1 if view == self._last else 1
        if key not in self._plates:
            frame = frame_of(view)
            assert frame is not None
            self._canvas = None
            if long_run:
                self._plates = OrderedDict((k, plate) for k, plate in self._plates.items() if k[0] == view)
            mesh, supersample = mesh_and_supersample(size_px)
            return_memory()  # of whatever was computed before: a plate needs more than anything else
            plate = build_plate(self.head(mesh, closed), frame, size_px, supersample, self.known(mesh, closed))
            while self._plates and sum(p.bytes for p in self._plates.values()) + plate.bytes > KEPT_BYTES:
                self._plates.popitem(last=False)
            self._plates[key] = plate
            return_memory()
        self._plates.move_to_end(key)
        return self._plates[key]

    def blank(self, plate: Plate) -> np.ndarray:
        """Scratch image (s, s, 4) of a plate: cover last; the person's colours are overwritten each day, others 0."""
        if self._canvas is None or self._canvas[0] is not plate:
            canvas = np.zeros((*plate.alpha.shape, 4), np.float32)
            canvas[..., 3] = plate.alpha
            self._canvas = (plate, canvas)
        return self._canvas[1]


def _sample_lesion() -> Lesions:
    one, flag = np.ones(1), np.ones(1, bool)
    return replace(
        no_lesions(), lesion_id=np.ones(1, np.int64), x_mm=30 * one, y_mm=-35 * one, stage=np.full(1, 4, np.int8),
        diameter_mm=3 * one, height_mm=one, erythema=one, melanin=0 * one, pus=one, plug=0 * one, crust=one,
        shape=np.ones(1, np.int64), visible=flag, counted=flag,
    )  # fmt: skip
