"""A LoRA from the command line: trained, sampled, opened by the same calls as other models, drawing a trial."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nof1sim_test_lora import SIDE, need_packages, write_folder, write_models
from PIL import Image
from typer.testing import CliRunner

from nof1sim.cli import app
from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import InputError, ModelNotAvailable
from nof1sim.learning.checkpoint import open_checkpoint
from nof1sim.learning.lora_files import LoraCheckpoint, open_lora
from nof1sim.learning.places import LearnedOptions, missing, processes, settle
from nof1sim.learning.renderer import LearnedRenderer
from nof1sim.protocol import load_protocol
from nof1sim.simulation.plan import Plan

need_packages()
SHORT = ("steps=2", "rank=2", "rate=0.3", "sample_steps=2", "precision=fp32", "checkpointing=false")


def run(*words: Any) -> str:
    """What a command prints; an error comes through."""
    found = CliRunner().invoke(app, [*map(str, words)])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def train(photos: Path, out: Path, models: Path, *more: Any) -> str:
    settings = [word for text in SHORT for word in ("--set", text)]
    asked = ("--model", "lora-sd15", "--size", SIDE, "--models", models, "--out", out)
    return run("learn", "train", photos, *asked, *settings, *more)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def trained(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two grades, labels of severities. Nobody may change it."""
    root = tmp_path_factory.mktemp("trained")
    said = train(write_folder(root / "photos"), root / "secret", models, "--set", "labels=severity", "--batch", 2)
    assert "2 steps" in said
    assert "3 of grade 0, 3 of grade 1" in said
    return root / "secret"


def test_the_flags_and_settings_arrive(trained: Path) -> None:
    found = open_checkpoint(trained)
    assert isinstance(found, LoraCheckpoint)
    assert (found.model, found.size_px, found.options.batch, found.options.rank) == ("lora-sd15", SIDE, 2, 2)
    assert found.about["severity"]["column"] == "severity"
    assert found.sha256 == open_lora(trained).sha256
    assert found.persons == "photographs"


def test_a_sheet_is_sampled(models: Path, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    run("learn", "sample", trained, "--patients", 1, "--severity", "1", "--models", models, "--out", out)
    assert Image.open(out).size[1] < 2 * 128  # one row
    for words, match in (
        (("--severity", "0,2"), "grades it has learnt: 0, 1"),
        (("--out", tmp_path / "pictures"), r"\.png"),
    ):
        with pytest.raises(InputError, match=match):
            run("learn", "sample", trained, "--models", models, *words)


def test_what_a_lora_does_not_take_is_told(models: Path, trained: Path, tmp_path: Path) -> None:
    photos = write_folder(tmp_path / "photos")
    for words, match in (
        (("--epochs", 3, "--sheet-every", 1), r"--epochs.*steps=N(?s:.*)--sheet-every"),
        (("--val", 0.9), "--val"),
        (("--resume", "--overwrite"), "one of the two"),
    ):
        with pytest.raises(InputError, match=match):
            train(photos, tmp_path / "out", models, *words)
    with pytest.raises(InputError, match="--overwrite"):
        train(photos, trained, models)
    assert not (tmp_path / "out").exists()


def test_persons_who_are_set_aside_are_not_learnt(models: Path, tmp_path: Path) -> None:
    train(write_folder(tmp_path / "photos", each=5), tmp_path / "out", models, "--val", 0.2)
    about = open_checkpoint(tmp_path / "out").about
    assert len(about["data"]["persons"]["train"]) == 8  # a photograph each


def test_a_trial_is_drawn(models: Path, trained: Path, tmp_path: Path) -> None:
    protocol = tmp_path / "trial.yaml"
    protocol.write_text(
        "extends: default\n"
        "images: {renderer_options: {lora: {strength: 0.1, dtype: fp32}, consent: 'signed form v2, item 4'}}\n"
        "design: {baseline_days: 1, period_days: 1, cycles: 1}\n"
    )
    out = tmp_path / "out"
    run("simulate", "--protocol", protocol, "--patients", 1, "--size", SIDE, "--image-format", "png",
        "--renderer", f"learned:{trained}", "--models", models, "--workers", 1, "--out", out)  # fmt: skip
    found = open_dataset(out)
    options = found.truth_manifest["protocol"]["images"]["renderer_options"]
    assert options["checkpoint"] == open_lora(trained).sha256
    assert options["persons"] == found.manifest["persons"] == "photographs"
    assert found.manifest["consent"] == "signed form v2, item 4"
    pictures = sorted((out / "images").rglob("*.png"))
    assert len(pictures) == 3
    assert Image.open(io.BytesIO(pictures[0].read_bytes())).size == (SIDE, SIDE)
    assert not any(b"secret" in file.read_bytes() for file in out.rglob("*") if file.is_file())


def test_the_renderer_asks_for_the_same_share_of_the_labels(
    models: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOF1SIM_MODELS", str(models))
    plan = Plan(load_protocol("default"))
    options, _ = settle({"path": str(trained)}, plan.condition)
    assert processes(options) == 1
    given = LearnedOptions(path=str(trained), counts=options["counts"])
    renderer = LearnedRenderer(given)
    assert renderer.lora is not None
    assert renderer.lora.severity is not None
    scene = plan.scene(0, 1)
    for rows in (0, 40):
        lesions = scene.lesions.take(np.arange(rows))
        view = replace(plan.view(plan.units()[0]), scene=replace(scene, lesions=lesions))
        top = renderer.checkpoint.about["severity"]["high"]
        assert renderer.lora.severity(view) == pytest.approx(top * renderer.severity(view.scene.lesions))


def test_a_base_that_is_not_here_is_told_first(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOF1SIM_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    [line] = missing({"path": str(trained)})
    assert "sd15-base" in line
    with pytest.raises(ModelNotAvailable, match="sd15-base"):
        LearnedRenderer(LearnedOptions(path=str(trained)))


def test_the_models_are_listed_with_their_settings() -> None:
    said = run("learn", "models")
    for word in ("lora-sdxl", "lora-sd15", "preset=sdxl", "labels="):
        assert word in said
