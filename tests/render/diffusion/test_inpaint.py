"""Plain inpainting: any pipeline, one lock."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nof1sim.errors import RenderError
from nof1sim.render.diffusion.inpaint import DIALECTS, InpaintOptions, PlainInpaint, load_inpaint
from nof1sim.render.diffusion.jobs import Painter, PaintJob
from nof1sim.render.diffusion.loading import LoadOptions

from .tiny import Tiny, picture

torch = pytest.importorskip("torch", reason="torch is not installed")
diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

SIDE = 128
OPTIONS = InpaintOptions(steps=2, window_px=64, margin_px=8)


def job(seed: int = 1, day: int = 1) -> PaintJob:
    """A lesion of 10 px and one of a single pixel."""
    mask = np.zeros((SIDE, SIDE))
    mask[20:30, 20:30] = 1
    mask[101, 102] = 0.4
    return PaintJob(picture(seed, SIDE), mask, "red spot", "blurry", None, (f"P{seed}", day), 3, 1.0)


@pytest.mark.parametrize("base", ["sdxl", "sd15"])
def test_stable_diffusion_paints_inside_and_nothing_outside(tiny: Tiny, base: str) -> None:
    painter = load_inpaint(tiny.root / base, OPTIONS, LoadOptions(device="cpu"))
    assert isinstance(painter, Painter)
    jobs = [job(1), job(2), job(1, 2)]
    first = painter.paint(jobs)
    for one, out in zip(jobs, first, strict=True):
        np.testing.assert_array_equal(out[one.mask == 0], one.portrait[one.mask == 0])
        changed = (out != one.portrait).any(-1)
        assert changed[20:30, 20:30].mean() > 0.8
        assert changed[101, 102]  # sampled by nearest neighbour the pipeline would have lost it
    assert (first[0] != first[2]).any()
    for a, b in zip(first, painter.paint(jobs), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", sorted({d.pipeline for d in DIALECTS.values()}))
def test_every_dialect_is_what_its_pipeline_takes(name: str) -> None:
    """The arguments bind to the real class's signature; a stand-in answers with white."""
    dialect = next(d for d in DIALECTS.values() if d.pipeline == name)
    signature = inspect.signature(getattr(diffusers, name).__call__)
    calls: list[dict[str, Any]] = []

    def pipeline(**asked: Any) -> Any:
        signature.bind(None, **asked)
        calls.append(asked)
        count = len(asked["image"]) if isinstance(asked["image"], list) else 1
        return SimpleNamespace(images=np.ones((count, asked["height"], asked["width"], 3), np.float32))

    out = PlainInpaint(pipeline, dialect, OPTIONS).paint([job(1), job(2)])
    assert calls
    for one, made in zip((job(1), job(2)), out, strict=True):
        np.testing.assert_array_equal(made[one.mask == 0], one.portrait[one.mask == 0])
        assert made[101, 102].tolist() == [255, 255, 255]
        assert made[25, 25].mean() > 150
    for asked in calls:
        assert asked["height"] % 16 == 0
        masks = asked["mask_image"] if isinstance(asked["mask_image"], list) else [asked["mask_image"]]
        for mask in masks:
            assert np.asarray(mask)[::8, ::8].any()


def test_an_unknown_or_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"model_index\.json"):
        load_inpaint(tmp_path)
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "KandinskyPipeline"}))
    with pytest.raises(RenderError, match=r"KandinskyPipeline.*Flux2Klein"):
        load_inpaint(tmp_path)
