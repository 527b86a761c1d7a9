"""The baseline: whole faces, a grade a day, new noise, and no claim about any lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nof1sim.conditions.acne.scores import HAYASHI_CUTS
from nof1sim.errors import ModelNotAvailable, RenderError
from nof1sim.model import STAGE_CODE, Lesions, Render, View
from nof1sim.plugins import resolve
from nof1sim.protocol import load_protocol
from nof1sim.render.base import Renderer
from nof1sim.render.diffusion.baseline import HALF_FACE_CUTS, DailyOptions, DailyRenderer, grade_of
from nof1sim.render.diffusion.config import needed_models
from nof1sim.render.diffusion.faces import FaceIdentity
from nof1sim.render.diffusion.jobs import PaintJob
from nof1sim.render.diffusion.studio import Portrait, Studio
from nof1sim.simulation.plan import Plan

from .conftest import load_tiny
from .test_renderer import Reader, portrait, view
from .tiny import Tiny, kohya_lora


class Painter:
    """Paints a picture that tells its grade and its address, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, PaintJob]] = []

    def paint(self, jobs: Sequence[PaintJob]) -> list[np.ndarray]:
        grades = [job.grades[0][0] for job in jobs]
        assert all(job.grades == ((grade, 1.0),) for job, grade in zip(jobs, grades, strict=True))
        self.asked += zip(grades, jobs, strict=True)
        tone = [40 * grade + sum(map(ord, str(job.seed_address))) % 40 for grade, job in self.asked[-len(jobs) :]]
        return [(job.portrait // 2 + t).astype(np.uint8) for job, t in zip(jobs, tone, strict=True)]


def with_lesions(one: View, inflammatory: int, counted: bool = True) -> View:
    """The view with so many papules, and a comedone that no grade counts."""
    lesions = one.scene.lesions
    rows = np.zeros(inflammatory + 1, np.int64)
    many: Lesions = replace(
        lesions.take(rows), counted=np.full(rows.size, counted), stage=np.full(rows.size, STAGE_CODE["papule"], np.int8)
    )
    many.stage[-1] = STAGE_CODE["open_comedone"]
    return replace(one, scene=replace(one.scene, lesions=many))


def make(reader: Any = None, own: FaceIdentity | None = None, **options: Any) -> tuple[DailyRenderer, Painter]:
    painter = Painter()
    studio = Studio(painter, lambda v: replace(portrait(v), identity=own), reader, {"models": "none"})
    return DailyRenderer(DailyOptions(**options), studio), painter


def test_it_is_a_renderer_that_a_protocol_can_name() -> None:
    assert resolve("renderers", "img2img-daily", "") is DailyRenderer
    assert isinstance(make()[0], Renderer)


@pytest.mark.parametrize(
    ("n", "grade"), [(0, 0), (10, 0), (11, 1), (40, 1), (41, 2), (100, 2), (101, 3)]
)  # half of 11, rounded up, is 6: more than 5
def test_the_grade_is_that_of_half_the_counted_inflammatory_lesions(n: int, grade: int) -> None:
    assert grade_of(with_lesions(view(), n).scene.lesions) == grade
    assert grade_of(with_lesions(view(), n, counted=False).scene.lesions) == 0


def test_the_grade_is_the_column_of_the_truth() -> None:
    assert HALF_FACE_CUTS == HAYASHI_CUTS
    plan = Plan(load_protocol("default"))
    ours, wanted = [], []
    for rank in range(2):
        scenes = [plan.scene(rank, day) for day in range(1, 141, 12)]
        course: Any = scenes[0].course
        column = plan.condition.scores(course)["hayashi"]
        ours += [grade_of(scene.lesions) for scene in scenes]
        wanted += [int(column[scene.day - 1]) for scene in scenes]
    assert ours == wanted
    assert len(set(ours)) > 1


def test_every_day_is_the_whole_portrait_again_with_new_noise() -> None:
    renderer, painter = make(strength=0.4)
    views = [with_lesions(view(day), n) for day, n in ((1, 0), (2, 30), (3, 0))]
    renders = renderer.render(views)
    assert [grade for grade, _ in painter.asked] == [0, 1, 0]
    jobs = [job for _, job in painter.asked]
    assert all((job.mask == 1).all() and job.identity is None and job.strength == 0.4 for job in jobs)
    assert len({job.seed_address for job in jobs}) == 3
    assert {job.seed_address[0] for job in jobs} == {"P001"}
    assert all(np.array_equal(job.portrait, portrait(views[0]).pixels) for job in jobs)
    assert "teenage" not in jobs[0].prompt
    assert "20-year-old woman" in jobs[0].prompt
    assert not np.array_equal(renders[0].pixels, renders[2].pixels)
    assert [render.drawn["grade"] for render in renders] == [0, 1, 0]


def test_it_claims_no_lesion() -> None:
    [render] = make()[0].render([with_lesions(view(size=64), 30)])
    assert isinstance(render, Render)
    assert render.pixels.shape == (64, 64, 3)
    assert not render.lesion.any()
    assert not render.support.any()
    assert (render.lesion_ids.size, render.area_px.size, render.boxes_px.shape) == (0, 0, (0, 4))
    assert (render.drawn["persistence"], render.drawn["lesions_drawn"]) == ("none", 0)
    assert render.face == {"portrait": "drawn for a test", "models": "none"}


def test_a_result_depends_on_its_view_alone() -> None:
    views = [with_lesions(view(day, rank), 20 * day) for rank in (0, 1) for day in (0, 2)]
    together = make()[0].render(views)
    for one, render in zip(reversed(views), reversed(together), strict=True):
        assert np.array_equal(make()[0].render([one])[0].pixels, render.pixels)


def test_likeness_is_recorded_and_a_lost_face_is_no_failure() -> None:
    own: Any = Reader(1.0).analyse(np.zeros((1, 1, 3)))
    [kept] = make(Reader(0.6), own)[0].render([view()])
    assert kept.drawn["identity_cosine"] == pytest.approx(0.6, abs=1e-4)
    assert kept.keypoints_px["pronasale"] == (0.0, 0.0)  # of the day's own face

    class Blind(Reader):
        def analyse(self, image: np.ndarray, where: str = "") -> object:
            raise RenderError("no face found")

    [lost] = make(Blind(0.0), own)[0].render([view()])
    assert lost.drawn["identity"] == "no single face found"
    assert lost.keypoints_px["pronasale"] == pytest.approx(portrait(view()).points_px["pronasale"])


def test_the_studio_is_opened_for_the_same_portraits_with_the_grade_loras() -> None:
    options = DailyOptions(preset="lightning8", strength=0.5, portrait_px=512).of_studio()
    assert needed_models("img2img-daily", options) == ("instantid", "lightning8", "acne-lora")
    assert (options.portrait_px, options.edit.novelty, options.severity_lora) == (512, 1.0, True)


def test_without_weights_every_missing_model_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOF1SIM_MODELS", "HF_HUB_CACHE", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(ModelNotAvailable, match=r"(?s)acne0.*acne3.*nof1sim models pull") as caught:
        DailyRenderer()
    assert "identitynet" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "lightning4", "strength": 0.2}, "at least 0.25"),
        ({"portrait_source": "photograph"}, "photographs with portrait_source"),
        ({"mode": "edit-daily"}, "mode"),
        ({"prompt": "a {face}"}, "only names in braces"),
    ],
)
def test_wrong_options_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DailyOptions.model_validate(given)


def test_tiny_models_draw_every_grade_otherwise(tiny: Tiny, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="peft is not installed")
    from safetensors.torch import save_file

    from nof1sim.render.diffusion.sampler import MaskedSampler, PaintOptions

    plain = load_tiny(tiny, steps=2)
    paths = tuple(tmp_path / f"acne{grade}.safetensors" for grade in range(4))
    for grade, path in enumerate(paths):
        save_file(kohya_lora(plain.unet, seed=grade), path)
    sampler = MaskedSampler(load_tiny(tiny, steps=2, grade_loras=paths), PaintOptions(novelty=1.0))
    studio = Studio(sampler, small_portrait)
    renderer = DailyRenderer(DailyOptions(strength=0.5, prompt="a face", negative=""), studio)
    days = [with_lesions(view(day, size=64), n) for day, n in ((1, 0), (1, 30), (2, 30))]
    clear, papules, next_day = (render.pixels for render in renderer.render(days))
    face = small_portrait(days[0]).pixels
    assert (clear != face).mean() > 0.5
    assert not np.array_equal(clear, papules)  # the same noise, another grade
    assert not np.array_equal(papules, next_day)  # the same grade, another noise
    again = renderer.render([days[1]])[0].pixels
    assert np.abs(again.astype(int) - papules).max() <= 1
    job = replace(renderer.job(days[1], small_portrait(days[1]), 1), grades=())
    ungraded = MaskedSampler(plain, PaintOptions(novelty=1.0)).paint([job])
    after = sampler.paint([job])  # a job without grades is painted without
    assert np.abs(ungraded[0].astype(int) - after[0]).max() <= 1


def small_portrait(one: View) -> Portrait:
    whole = portrait(one)
    points = {name: (x / 2, y / 2) for name, (x, y) in whole.points_px.items()}
    return replace(whole, pixels=np.ascontiguousarray(whole.pixels[::2, ::2]), points_px=points)
