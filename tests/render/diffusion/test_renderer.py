"""The renderer over a studio without any model: what it asks to be painted, and what it keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from nof1sim.chart import KEY_POINTS
from nof1sim.errors import RenderError
from nof1sim.model import STAGES, LesionField, Lesions, Nuisance, Patient, Scene, View
from nof1sim.render.diffusion.config import DiffusionOptions, EditStage, Gate
from nof1sim.render.diffusion.jobs import PaintJob
from nof1sim.render.diffusion.renderer import DiffusionRenderer
from nof1sim.render.diffusion.studio import Portrait, Studio

SIZE, DAYS, LESIONS = 128, 12, 30
PAPULE = STAGES.index("papule")


class Painter:
    """Reddens what it is given, by the mask."""

    def __init__(self) -> None:
        self.jobs: list[PaintJob] = []

    def paint(self, jobs: Sequence[PaintJob]) -> list[np.ndarray]:
        self.jobs += jobs
        return [_reddened(job) for job in jobs]


def _reddened(job: PaintJob) -> np.ndarray:
    painted = job.portrait * (1 - job.mask[..., None] * np.array([0.0, 0.5, 0.5]))
    return np.where(job.mask[..., None] > 0, np.rint(painted), job.portrait).astype(np.uint8)


def portrait(view: View) -> Portrait:
    y, x = np.mgrid[:SIZE, :SIZE]
    tone = 10 * view.scene.patient.rank
    pixels = np.stack([200 - tone + x // 16, 160 - tone + y // 16, 140 - tone + 0 * x], -1).astype(np.uint8)
    points = {name: (64 + 0.55 * x, 56 - 0.55 * y) for name, (x, y) in KEY_POINTS.items()}
    return Portrait(pixels, points, None, {"portrait": "drawn for a test"})


def view(day: int = 1, rank: int = 0, size: int = SIZE, nuisance: Nuisance | None = None) -> View:
    rng = np.random.Generator(np.random.Philox(rank))
    n = LESIONS
    columns = {
        "lesion_id": np.arange(1, n + 1), "x_mm": rng.uniform(-55, 55, n), "y_mm": rng.uniform(-90, 50, n),
        "kind": np.full(n, PAPULE, np.int32), "birth_day": rng.integers(-3, DAYS, n),
        "peak_diameter_mm": rng.uniform(3, 7, n), "peak_erythema": np.full(n, 0.9),
    }  # fmt: skip
    patient = Patient(f"P{rank + 1:03d}", str(rank + 1), rank, 20.0, "F", 40.0, 2)
    course = LesionField(patient, DAYS, columns, np.zeros(DAYS, np.int64))
    there = np.flatnonzero(columns["birth_day"] <= day)
    k, flat = there.size, np.zeros(there.size)
    lesions = Lesions(
        columns["lesion_id"][there], columns["x_mm"][there], columns["y_mm"][there], np.full(k, PAPULE, np.int8),
        columns["peak_diameter_mm"][there], flat, np.full(k, 0.9), flat, flat, flat, flat, np.arange(k),
        np.ones(k, bool), np.ones(k, bool),
    )  # fmt: skip
    scene = Scene(patient, day, lesions, course)
    return View(scene, "front", nuisance or Nuisance(), size, 3, (patient.key, day, 1, "front"))


def make(**options: object) -> tuple[DiffusionRenderer, Painter]:
    painter = Painter()
    return DiffusionRenderer(DiffusionOptions(**options), Studio(painter, portrait)), painter  # type: ignore[arg-type]


def test_lesions_are_painted_once_however_many_days_there_are() -> None:
    renderer, painter = make()
    days = [view(day) for day in range(1, DAYS + 1)]
    renders = renderer.render(days)
    passes = len(painter.jobs)
    assert 0 < passes <= 20
    assert {job.prompt for job in painter.jobs} == {renderer.options.prompts.lesion_of("papule")}
    renderer.render(days)
    assert len(painter.jobs) == passes
    areas = [(render.lesion > 0).sum() for render in renders]
    assert areas[0] < areas[-1]
    assert renders[-1].face["passes"] == passes
    assert renders[-1].drawn["lesions_drawn"] == len(days[-1].scene.lesions)


@pytest.mark.parametrize("mode", ["paint-once", "edit-daily"])
def test_outside_the_support_every_day_has_the_portrait_s_bytes(mode: str) -> None:
    renderer, _ = make(mode=mode)
    clear = portrait(view()).pixels
    for render in renderer.render([view(day) for day in (1, 6, 12)]):
        changed = (render.pixels != clear).any(-1)
        assert changed.any()
        assert not (changed & (render.support == 0)).any()
        assert ((render.lesion == 0) | (render.support > 0)).all()


@pytest.mark.parametrize("mode", ["paint-once", "edit-daily"])
def test_a_result_depends_on_its_view_alone(mode: str) -> None:
    views = [view(day, rank) for rank in (0, 1) for day in (2, 9)]
    together = make(mode=mode)[0].render(views)
    for one, render in zip(reversed(views), reversed(together), strict=True):
        assert np.array_equal(make(mode=mode)[0].render([one])[0].pixels, render.pixels)


def test_daily_painting_asks_for_each_day_and_keeps_the_face_s_noise() -> None:
    renderer, painter = make(mode="edit-daily", edit=EditStage(strength=0.7))
    renderer.render([view(day) for day in (3, 4)])
    assert [job.seed_address for job in painter.jobs] == [("P001", 3, "papule"), ("P001", 4, "papule")]
    assert {job.strength for job in painter.jobs} == {0.7}


def test_size_and_camera_move_picture_masks_and_points_together() -> None:
    renderer, _ = make()
    plain = renderer.render([view(12)])[0]
    small = renderer.render([view(12, size=64)])[0]
    assert small.pixels.shape == (64, 64, 3)
    assert np.allclose(np.array(small.keypoints_px["pronasale"]) * 2 + 0.5, plain.keypoints_px["pronasale"])
    shifted = renderer.render([view(12, nuisance=Nuisance(shift_x=0.125))])[0]
    assert np.array_equal(shifted.lesion[:, 16:], plain.lesion[:, :-16])
    assert "yaw_deg" in renderer.ignores


class Reader:
    """A face model for which every picture is the same amount alike."""

    pack = "test"

    def __init__(self, likeness: float) -> None:
        self.likeness = likeness

    def analyse(self, image: np.ndarray, where: str = "") -> object:
        from nof1sim.render.diffusion.faces import FaceIdentity

        first = np.array([self.likeness, np.sqrt(1 - self.likeness**2)], np.float32)
        return FaceIdentity(first, first, self.pack, np.zeros((5, 2), np.float32), np.zeros(4, np.float32), 0.9)


def test_the_gate_warns_or_fails_as_the_protocol_says() -> None:
    own = Reader(1.0).analyse(np.zeros((1, 1, 3)))
    for likeness, below, kept in ((0.99, "fail", 1.0), (0.5, "warn", 0.0), (0.5, "fail", None)):
        options = DiffusionOptions(gate=Gate(min_cosine=0.85, below=below))  # type: ignore[arg-type]
        studio = Studio(Painter(), lambda v: replace(portrait(v), identity=own), Reader(likeness))  # type: ignore[arg-type]
        renderer = DiffusionRenderer(options, studio)
        if kept is None:
            with pytest.raises(RenderError, match=r"day 5: got 'cosine 0.500 to the portrait'; allowed: 0.85 or more"):
                renderer.render([view(5)])
        else:
            drawn = renderer.render([view(5)])[0].drawn
            assert drawn["identity_kept"] == kept
            assert drawn["identity_cosine"] == pytest.approx(likeness, abs=1e-4)


def test_a_view_without_the_patient_s_course_is_refused() -> None:
    one = view(2)
    with pytest.raises(RenderError, match=r"scene\.course"):
        make()[0].render([replace(one, scene=replace(one.scene, course=None))])
