"""Opening a studio on models on disk: what is loaded, what is refused; grades; the self-test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nof1sim.errors import RenderError
from nof1sim.model import STAGE_CODE, Lesions
from nof1sim.render.diffusion.config import DiffusionOptions, needed_models, parse_options
from nof1sim.render.diffusion.daily import GRADE_MIDDLES, grade_mix, severity_of
from nof1sim.render.diffusion.jobs import PaintJob
from nof1sim.render.diffusion.places import Places
from nof1sim.render.diffusion.studio import open_studio

from .tiny import Tiny, face, picture

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")


def lesions(counted: int, marks: int = 0) -> Lesions:
    """So many papules, and marks that count for nothing."""
    n = counted + marks
    flat, number = np.zeros(n), np.arange(n)
    stage = np.where(number < counted, STAGE_CODE["papule"], STAGE_CODE["erythema"]).astype(np.int8)
    yes = np.ones(n, bool)
    return Lesions(number, flat, flat, stage, flat, flat, flat, flat, flat, flat, flat, number, yes, number < counted)


def test_the_grade_of_a_day_follows_half_of_its_lesions() -> None:
    assert [severity_of(lesions(round(2 * half), marks=30)) for half in GRADE_MIDDLES] == [0, 1, 2, 3]
    assert severity_of(lesions(0)) == 0
    assert severity_of(lesions(500)) == 3
    assert grade_mix(lesions(2 * 8)) == ((0, 0.5), (1, 0.5))  # half way from 2.5 to 13, to a quarter
    grades = [severity_of(lesions(n)) for n in range(200)]
    assert grades == sorted(grades)


def test_a_bundle_of_another_renderer_is_refused_before_anything_loads(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"bundle: got 'inpaint'; allowed: a bundle made for instantid"):
        open_studio("instantid", DiffusionOptions(bundle="inpaint"), Places(tmp_path, tmp_path))


@pytest.fixture(scope="module")
def places(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Places:
    pytest.importorskip("insightface", reason="insightface is not installed (extra: face)")
    pytest.importorskip("onnx", reason="onnx is not installed")
    from .models_folder import write_models_folder

    root = tmp_path_factory.mktemp("weights")
    return Places(write_models_folder(root / "models", tiny), root / "cache")


def options(**more: Any) -> DiffusionOptions:
    from .models_folder import SHORT_PROMPTS

    chosen = {"portrait_px": 64, "dtype": "fp32", "preset": "lightning4", "passes": 5, "prompts": SHORT_PROMPTS}
    return parse_options(chosen | more)


def test_days_of_other_grades_share_a_call_and_not_a_mix(places: Places) -> None:
    studio = open_studio("instantid", options(severity_lora=True, mode="edit-daily"), places)
    mask = np.zeros((64, 64))
    mask[20:40, 20:40] = 1
    plain = PaintJob(picture(1), mask, "red", "blurry", face(1), ("P1", 1), 3)
    jobs = [replace(plain, grades=grades) for grades in ((), ((0, 1.0),), ((0, 0.5), (1, 0.5)), ((3, 1.0),))]
    together = studio.painter.paint(jobs)
    for n, one in enumerate(together):
        assert (np.abs(one.astype(int) - studio.painter.paint([jobs[n]])[0]) <= 1).all()
        assert all((np.abs(one.astype(int) - other) > 3).any() for other in together[:n])


@pytest.mark.parametrize("renderer", ["instantid", "ip-adapter"])
def test_the_self_test_draws_three_days(places: Places, renderer: str) -> None:
    from nof1sim.render.diffusion.registry import resolve
    from nof1sim.render.diffusion.selftest import selftest

    chosen = options()
    said = selftest(renderer, resolve(needed_models(renderer, chosen), places), chosen)
    assert said["difference outside masks, grey levels"] == 0
    assert float(said["difference inside masks, mean"]) > 1
    assert -1 <= float(said["identity cosine, least of 3 days"]) < 1
    assert (said["steps"], said["scheduler"], said["device"]) == (4, "EulerDiscreteScheduler", "cpu")
    assert float(said["seconds, each further day"]) < float(said["seconds, portrait and first day"])


def test_the_protocol_says_how_models_are_loaded() -> None:
    from nof1sim.render.diffusion.studio import _loading

    found = _loading(DiffusionOptions(preset="lightning4", dtype="fp16", offload=True, compile=True))
    assert (found.preset, found.precision, found.offload, found.compile) == ("lightning4", "fp16", True, True)
