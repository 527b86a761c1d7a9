"""From a protocol to a dataset with tiny models on disk: complete, valid, locked, the same again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("torch", reason="torch is not installed (extra: diffusion)")
pytest.importorskip("diffusers", reason="diffusers is not installed (extra: diffusion)")
pytest.importorskip("insightface", reason="insightface is not installed (extra: face)")
pytest.importorskip("onnx", reason="onnx is not installed")

from nof1sim.cli import app
from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import ModelNotAvailable, ProtocolError
from nof1sim.model import Unit
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.render.diffusion.places import MODELS_VARIABLE
from nof1sim.simulation.driver import simulate
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.renderers import make_renderer
from nof1sim.simulation.validation import validate

from .models_folder import SHORT_PROMPTS, write_models_folder
from .tiny import Tiny, picture

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

RENDERERS: dict[str, dict[str, Any]] = {
    "instantid": {"preset": "lightning4"},
    "ip-adapter-faceid": {"preset": "lightning4", "mode": "edit-daily", "severity_lora": True},
    "inpaint": {"preset": "dpm20", "edit": {"strength": 0.1}, "passes": 5},
}


def protocol(renderer: str, nuisance: str = "none", patients: int = 2, **options: Any) -> Protocol:
    """2 patients x 6 days at 64 px."""
    chosen = {"portrait_px": 64, "dtype": "fp32", "passes": 6, "prompts": SHORT_PROMPTS}
    images = {"renderer": renderer, "size_px": 64, "format": "png", "nuisance": {"preset": nuisance},
              "renderer_options": chosen | RENDERERS[renderer] | options}  # fmt: skip
    design = {"baseline_days": 2, "period_days": 2, "cycles": 1}
    more = {"cohort": {"patients": patients}, "design": design, "condition": {"marks": "off"}}
    return with_changes(load_protocol("default"), images=images, **more)


@pytest.fixture(scope="module")
def weights(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models_folder(tmp_path_factory.mktemp("weights") / "models", tiny)


@pytest.fixture(scope="module", autouse=True)
def here(weights: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MODELS_VARIABLE, str(weights))
        yield


@pytest.fixture(scope="module")
def trials(here: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A dataset of each renderer; nobody may change them."""
    root = tmp_path_factory.mktemp("trials")
    for renderer in RENDERERS:
        outcome = simulate(protocol(renderer), root / renderer, workers=1)
        assert outcome.complete, outcome.failures
    return {renderer: root / renderer for renderer in RENDERERS}


def sums(folder: Path) -> dict[str, str]:
    """Hash of every picture and mask."""
    files = [*folder.glob("images/*/*"), *folder.glob("truth/masks/*/*")]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_trial_is_complete_and_valid_and_says_how_it_was_made(trials: dict[str, Path], renderer: str) -> None:
    found = validate(trials[renderer])
    assert not found.findings, found.findings
    faces = json.loads((trials[renderer] / "truth" / "faces.json").read_text())["faces"]
    assert set(faces) == {"P001", "P002"}
    for face in faces.values():
        assert face["preset"] == RENDERERS[renderer]["preset"]
        assert ("sdxl-inpaint@local" if renderer == "inpaint" else "sdxl-base@local") in face["models"]
        assert (face["passes"] > 0) == (renderer != "ip-adapter-faceid")
    drawn = [json.loads(text) for text in pl.read_parquet(trials[renderer] / "truth" / "images.parquet")["drawn"]]
    assert len(drawn) == 12
    assert all(("identity_cosine" in one) == (renderer != "inpaint") for one in drawn)
    assert all(one["lesions_drawn"] > 0 for one in drawn)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_outside_the_support_every_day_is_the_portrait(trials: dict[str, Path], renderer: str) -> None:
    chosen = protocol(renderer)
    plan, drawer = Plan(chosen), make_renderer(chosen.images)
    dataset = open_dataset(trials[renderer])
    people = []
    for rank in (0, 1):
        view = plan.view(Unit(rank, 1))
        nobody = view.scene.lesions.take(np.zeros(0, np.int64))
        bare = replace(view, scene=replace(view.scene, lesions=nobody))
        portrait = drawer.render([bare])[0]
        assert not portrait.support.any()
        people.append(portrait.pixels)
        union = np.zeros((64, 64), bool)
        for day in range(1, 7):
            unit = Unit(rank, day)
            support = dataset.mask(unit, support=True)
            changed = (dataset.image(unit) != portrait.pixels).any(-1)
            assert changed.any()
            assert not (changed & (support == 0)).any()
            union |= support > 0
        assert not union.all()
    assert (people[0] != people[1]).any()


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_spot_stays_where_it_is(trials: dict[str, Path], renderer: str) -> None:
    boxes = pl.read_parquet(trials[renderer] / "truth" / "boxes.parquet")
    middle = boxes.with_columns(cx=pl.col("x") + pl.col("w") / 2, cy=pl.col("y") + pl.col("h") / 2)
    moves = middle.group_by("patient_id", "lesion_id").agg(
        days=pl.len(), dx=pl.col("cx").max() - pl.col("cx").min(), dy=pl.col("cy").max() - pl.col("cy").min()
    )
    followed = moves.filter(pl.col("days") == 6)
    assert followed.height > 10
    assert followed["dx"].median() < 1
    assert followed["dy"].median() < 1


def test_the_same_bytes_again_and_after_a_stop(trials: dict[str, Path], tmp_path: Path) -> None:
    def stop(done: int, total: int, what: str) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    again, chosen = tmp_path / "again", protocol("instantid")
    with pytest.raises(KeyboardInterrupt):
        simulate(chosen, again, workers=1, progress=stop)
    assert not (again / "manifest.json").exists()
    (again / "images" / "P001" / "P001_d003_front.png").unlink()
    outcome = simulate(chosen, again, workers=1)
    assert (outcome.complete, outcome.drawn) == (True, 7)
    assert sums(again) == sums(trials["instantid"])


def test_what_the_camera_cannot_draw_is_recorded_as_neutral(tmp_path: Path) -> None:
    simulate(protocol("inpaint", "home", patients=1), tmp_path / "home", workers=1)
    table = pl.read_parquet(tmp_path / "home" / "truth" / "images.parquet")
    assert set(table["yaw_deg"]) == {0.0}
    assert set(table["smile"]) == {0.0}
    assert len(set(table["exposure_ev"])) > 1
    assert not validate(tmp_path / "home").findings


def test_a_missing_model_is_a_letter_and_finishes_nothing(weights: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    shutil.copytree(weights, few)
    shutil.rmtree(few / "identitynet")
    path = tmp_path / "p.yaml"
    path.write_text(protocol("instantid").canonical_json())
    words = ["simulate", "--protocol", str(path), "--workers", "1", "--models", str(few), "--out"]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "a")])
    assert isinstance(done.exception, ModelNotAvailable)
    assert "identitynet (InstantX/InstantID): missing ControlNetModel/config.json" in str(done.exception)
    assert "nof1sim models pull instantid lightning4 --accept-license" in str(done.exception)
    assert not (tmp_path / "a" / "manifest.json").exists()
    assert validate(tmp_path / "a").state != "finished"


def test_a_portrait_without_one_face_fails_that_patient_alone(weights: Path, tmp_path: Path) -> None:
    folder = weights / "photographs"
    folder.mkdir()
    bright = picture(2)
    bright[:24, :24] = 255
    shots = {"P001": picture(1), "P002": np.full((64, 64, 3), (8, 3, 0), np.uint8), "P003": bright}
    named = {}
    for key, pixels in shots.items():
        Image.fromarray(pixels).save(folder / f"{key}.png")
        sha256 = hashlib.sha256((folder / f"{key}.png").read_bytes()).hexdigest()
        named[key] = {"sha256": sha256, "consent": "made up for a test, nobody's face"}
    chosen = protocol("instantid", patients=3, portrait_source="photograph", photographs=named)
    outcome = simulate(chosen, tmp_path / "out", workers=1)
    assert (outcome.drawn, outcome.complete, len(outcome.failures)) == (6, False, 12)
    assert "patient 2, portrait (photograph): got 'no face found'" in outcome.failures[0]
    assert 'patient 3, portrait (photograph): got "2 faces' in outcome.failures[-1]
    assert len(list((tmp_path / "out" / "images").glob("*/*.png"))) == 6
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("renderer", "options", "letter"),
    [
        ("instantid", {"severity_lora": True}, "mode 'edit-daily' with severity_lora"),
        ("inpaint", {"preset": "lightning4"}, "`inpaint` loads no LoRA"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything(
    renderer: str, options: dict, letter: str, tmp_path: Path
) -> None:
    with pytest.raises(ProtocolError, match=letter):
        simulate(protocol(renderer, **options), tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()
