"""A checkpoint draws: a sheet of grades, each day through the baseline renderer, and as a models directory."""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nof1sim_test_lora import SIDE, need_packages, places, short, write_folder, write_models
from PIL import Image

from nof1sim.errors import InputError, ModelNotAvailable
from nof1sim.learning.lora import train_lora
from nof1sim.learning.lora_data import read_lora_data
from nof1sim.learning.lora_files import MANIFEST, open_lora
from nof1sim.learning.lora_render import LoraRenderer, LoraRenderOptions, lora_render_options
from nof1sim.learning.lora_sample import draw_samples, sample_lora
from nof1sim.model import STAGE_CODE, Nuisance, View
from nof1sim.render.base import Renderer
from nof1sim.render.diffusion.components import ModelPaths, load_components
from nof1sim.render.diffusion.loading import LoadOptions
from nof1sim.render.diffusion.registry import resolve

need_packages()
STRONG = {"rate": 0.3, "steps": 4, "checkpoint_every": 4}
"""So that a few steps are seen in a picture."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def per_grade(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SDXL, one LoRA for each of four grades. Nobody may change it."""
    root = tmp_path_factory.mktemp("per_grade")
    data = read_lora_data(write_folder(root / "photos", 4))
    o = short(base="sdxl", per_grade=True, sample_every=4, **STRONG)
    return train_lora(data, o, root / "out", places=places(models))


@pytest.fixture(scope="module")
def single(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SD1.5, one LoRA for two grades. Nobody may change it."""
    root = tmp_path_factory.mktemp("single")
    return train_lora(
        read_lora_data(write_folder(root / "photos")), short(**STRONG), root / "out", places=places(models)
    )


def day_of(day: int, inflammatory: int) -> View:
    """A view with so many papules at the tests' size."""
    from nof1sim.render.diffusion.selftest import view_of_day

    view = view_of_day(day, SIDE)
    lesions = view.scene.lesions
    rows = np.zeros(inflammatory, np.int64)
    papules = replace(
        lesions.take(rows), counted=np.ones(rows.size, bool), stage=np.full(rows.size, STAGE_CODE["papule"], np.int8)
    )
    return replace(view, scene=replace(view.scene, lesions=papules), nuisance=Nuisance())


def test_a_sheet_has_a_column_for_each_grade_and_rows_of_one_noise(
    models: Path, per_grade: Path, tmp_path: Path
) -> None:
    at, found = places(models), open_lora(per_grade)
    told: list[tuple[int, int]] = []
    samples = draw_samples(found, places=at, rows=2, progress=lambda done, total, _: told.append((done, total)))
    assert samples.grades == (0, 1, 2, 3)
    assert told == [(n, 8) for n in range(1, 9)]
    row = samples.pictures[0]
    assert all(not np.array_equal(row[a], row[b]) for a in range(4) for b in range(a))
    again = draw_samples(found, places=at, rows=1, grades=[2])
    assert np.array_equal(again.pictures[0][0], row[2])  # whatever else is drawn
    path = sample_lora(per_grade, tmp_path / "sheet.png", places=at, rows=1, grades=[0, 3])
    assert Image.open(io.BytesIO(path.read_bytes())).width > 2 * SIDE
    with pytest.raises(InputError, match="grade: got 4"):
        draw_samples(found, places=at, grades=[4])


def test_sheets_are_drawn_while_it_learns(per_grade: Path) -> None:
    names = sorted(path.name for path in (per_grade / "sheets").iterdir())
    assert names == [f"{grade}-step-00004.png" for grade in range(4)]


def test_each_day_is_drawn_with_the_lora_and_the_prompt_of_its_grade(models: Path, per_grade: Path) -> None:
    options = LoraRenderOptions(portrait_px=SIDE, strength=0.2, dtype="fp32")
    renderer = LoraRenderer(per_grade, options, places(models))
    assert isinstance(renderer, Renderer)
    days = [day_of(1, 0), day_of(1, 30), day_of(1, 120)]
    portrait = renderer.studio.portrait(days[0])
    jobs = [renderer.job(day, portrait, renderer.grade(day)) for day in days]
    assert [job.prompt for job in jobs] == [f"photo of a person with acne{grade}" for grade in (0, 1, 3)]
    assert [job.grades for job in jobs] == [((0, 1.0),), ((1, 1.0),), ((3, 1.0),)]
    clear, some, many = (render.pixels for render in renderer.render(days))
    assert not np.array_equal(clear, some)  # the same noise, another LoRA
    assert not np.array_equal(some, many)
    assert renderer.studio.said["learned_sha256"] == open_lora(per_grade).sha256
    again = LoraRenderer(per_grade, options, places(models)).render([days[1]])[0]
    assert np.abs(again.pixels.astype(int) - some).max() <= 1
    assert (again.drawn["persistence"], again.drawn["grade"]) == ("none", 1)


def test_one_lora_of_all_grades_is_told_the_grade_by_the_prompt(models: Path, single: Path) -> None:
    found = open_lora(single)
    options = lora_render_options(found).model_copy(update={"strength": 0.1, "dtype": "fp32"})
    assert options.portrait_px == SIDE
    renderer = LoraRenderer(found, options, places(models))
    day = day_of(1, 120)
    assert renderer.grade(day) == 1  # of those that it has learnt the nearest to 3
    job = renderer.job(day, renderer.studio.portrait(day), 1)
    assert (job.prompt, job.grades) == ("photo of a person with acne1", ((0, 1.0),))
    assert renderer.render([day])[0].pixels.shape == (SIDE, SIDE, 3)


def test_severities_need_somebody_who_tells_them(models: Path, single: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(single, tmp_path / "copy"))
    about = json.loads((copy / MANIFEST).read_text())
    about["severity"]["column"] = "severity"
    (copy / MANIFEST).write_text(json.dumps(about))
    options = LoraRenderOptions(portrait_px=SIDE, dtype="fp32")
    with pytest.raises(InputError, match="labels severity"):
        LoraRenderer(copy, options, places(models))
    renderer = LoraRenderer(copy, options, places(models), severity=lambda view: 0.5 * view.scene.day)
    assert [renderer.grade(day_of(day, 0)) for day in (1, 2, 9)] == [0, 1, 1]  # at a tie the lower


def test_the_folder_is_a_models_directory_of_the_baseline(models: Path, per_grade: Path, tmp_path: Path) -> None:
    """Copied beside the base, the LoRAs are found where `models pull acne-lora` would have put them."""
    for name in ("sdxl-base", "sd15-base"):
        os.symlink(models / name, tmp_path / name)
    for path in per_grade.glob("acne*-lora"):
        shutil.copytree(path, tmp_path / path.name)
    found = resolve(["sdxl-base", "acne-lora"], places(tmp_path))
    loras = tuple(found[f"acne{grade}-lora"].file for grade in range(4))
    paths = ModelPaths(found["sdxl-base"].folder, grade_loras=loras)
    loaded = load_components(paths, LoadOptions(device="cpu"))
    assert loaded.grades == 4
    loaded.set_grades({1: 0.75, 2: 0.25})


def test_what_cannot_be_drawn_is_told(models: Path, single: Path, per_grade: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"portrait_px": SIDE, "dtype": "fp32"}
    with pytest.raises(InputError, match=r"faces.*SDXL"):
        LoraRenderer(single, LoraRenderOptions(faces="instantid", **options), places(models))
    with pytest.raises(ModelNotAvailable, match="identitynet") as caught:
        LoraRenderer(per_grade, LoraRenderOptions(faces="instantid", **options), places(models))
    assert "acne0" not in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotAvailable, match="sd15-base"):
        LoraRenderer(single, None, places(tmp_path / "empty"))


def test_text_encoders_that_have_learnt_are_drawn_by_the_sheet_alone(models: Path, tmp_path: Path) -> None:
    data = read_lora_data(write_folder(tmp_path / "photos"))
    o = short(base="sdxl", text_encoder=True, **STRONG)
    out = train_lora(data, o, tmp_path / "out", places=places(models))
    samples = draw_samples(open_lora(out), places=places(models), rows=1)
    assert len(samples.pictures[0]) == 2
    with pytest.raises(InputError, match=r"text_encoder=true.*UNet alone"):
        LoraRenderer(out, LoraRenderOptions(portrait_px=SIDE), places(models))
