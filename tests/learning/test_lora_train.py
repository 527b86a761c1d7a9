"""The loop: it learns, it changes nothing but the LoRA, and stopping it changes nothing at all."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nof1sim_test_lora import copied, digests, need_packages, places, short, write_folder, write_models

from nof1sim.errors import AnalysisError, InputError, ModelNotAvailable
from nof1sim.learning import lora, lora_train
from nof1sim.learning.lora import make_bench, tasks_of, train_lora
from nof1sim.learning.lora_base import find_base
from nof1sim.learning.lora_data import LoraData, read_lora_data
from nof1sim.learning.lora_files import MANIFEST, STATE, open_lora
from nof1sim.learning.lora_latents import compute_latents
from nof1sim.learning.lora_network import draw_weights, taken
from nof1sim.learning.lora_options import LoraOptions
from nof1sim.learning.lora_train import Bench, State, Task, picked, train
from nof1sim.render.diffusion.prompt_book import Embedding

need_packages()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> LoraData:
    return read_lora_data(write_folder(tmp_path_factory.mktemp("data") / "photos"))


def bench_of(models: Path, data: LoraData, o: LoraOptions) -> tuple[Bench, Task]:
    """What a training stands on, and its one task."""
    model = find_base(o.base, places(models))
    latents, faults = compute_latents(data, model, o, "cpu", 0)
    assert not faults
    [task] = tasks_of(data, latents, o)
    return make_bench(model, o, latents, data, 0), task


def mean_loss(bench: Bench, task: Task) -> float:
    """Over noise and times that no step has seen, the same at every call."""
    import torch

    with torch.no_grad():
        return float(np.mean([float(lora_train._loss(torch, bench, task, 10**6 + i, 0)) for i in range(24)]))


@pytest.mark.parametrize("base", ["sd15", "sdxl"])
def test_the_loss_falls_and_nothing_but_the_lora_changes(models: Path, data: LoraData, base: Any) -> None:
    import torch

    bench, task = bench_of(models, data, short(base=base, steps=30, rank=4, rate=2e-2, checkpoint_every=30))
    frozen = {k: v.clone() for k, v in bench.unet.state_dict().items() if "lora" not in k}
    assert {name for name, p in bench.unet.named_parameters() if p.requires_grad} == {
        name for name, _ in bench.unet.named_parameters() if ".lora_A." in name or ".lora_B." in name
    }
    draw_weights(bench.models, 0, "learn", "lora", task.name)
    start, before = taken(bench.models), mean_loss(bench, task)
    state = train(bench, task, State(), lambda _: None, None)
    assert mean_loss(bench, task) < before - 0.01
    after = bench.unet.state_dict()
    assert all(torch.equal(after[key], value) for key, value in frozen.items())
    assert all(not torch.equal(state.weights[key], value) for key, value in start.items())
    assert all(not value.any() for key, value in start.items() if key.endswith("lora_B.weight"))


def test_the_base_s_files_are_not_touched(models: Path, data: LoraData, tmp_path: Path) -> None:
    before = digests(models)
    out = train_lora(data, short(steps=2), tmp_path / "out", places=places(models))
    assert digests(models) == before
    about = json.loads((out / MANIFEST).read_text())
    assert about["base"]["model"] == "sd15-base"
    assert len(about["losses"]["all"]) == 2
    assert about["data"]["grades"] == {"0": 3, "1": 3, "2": 0, "3": 0}
    assert sorted(path.name for path in out.iterdir()) == [MANIFEST, "pytorch_lora_weights.safetensors"]


class StoppedError(Exception):
    """What stops a training in these tests."""


def stop_at(step: int, done: int, total: int, what: str) -> None:
    if "step" in what and done == step:
        raise StoppedError


@pytest.mark.parametrize(
    ("step", "changes"),  # of 4 a LoRA, between two checkpoints; with one a grade in the second
    [
        (3, {"base": "sdxl", "accumulate": 2, "flip": True, "prior_images": 2, "balanced": True}),
        (7, {"base": "sd15", "per_grade": True, "checkpointing": True, "alpha": 1.0}),
        (3, {"base": "sd15", "text_encoder": True, "batch": 2}),
        (3, {"base": "sd15", "precision": "fp16"}),  # with its loss scale
    ],
)
def test_a_resumed_training_gives_the_same_bytes(
    models: Path, data: LoraData, tmp_path: Path, step: int, changes: dict[str, Any]
) -> None:
    o, at = short(**changes), places(models)
    train_lora(data, o, tmp_path / "whole", places=at, seed=5)
    with pytest.raises(StoppedError):
        train_lora(data, o, tmp_path / "cut", places=at, seed=5, progress=partial(stop_at, step))
    assert not (tmp_path / "cut" / MANIFEST).exists()
    with pytest.raises(InputError, match=r"a training that was stopped.*--resume"):
        train_lora(data, o, tmp_path / "cut", places=at, seed=5)
    with pytest.raises(InputError, match="this very training"):
        train_lora(data, o, tmp_path / "cut", places=at, seed=6, resume=True)
    with pytest.raises(InputError, match=r"no manifest\.json.*stopped.*--resume"):
        open_lora(tmp_path / "cut")
    train_lora(data, o, tmp_path / "cut", places=at, seed=5, resume=True)
    whole, cut = (json.loads((tmp_path / name / MANIFEST).read_text()) for name in ("whole", "cut"))
    assert digests(tmp_path / "whole") == digests(tmp_path / "cut")
    assert whole["losses"] == cut["losses"]
    assert whole["weights"] == cut["weights"]


def test_another_seed_gives_other_weights(models: Path, data: LoraData, tmp_path: Path) -> None:
    for seed in (0, 1):
        train_lora(data, short(steps=1), tmp_path / str(seed), places=places(models), seed=seed)
    assert digests(tmp_path / "0") != digests(tmp_path / "1")


def test_a_loss_that_is_no_number_stops_and_keeps_the_checkpoint(
    models: Path, data: LoraData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lora_train._loss

    def spoilt(torch: Any, bench: Bench, task: Task, number: int, micro: int) -> Any:
        return real(torch, bench, task, number, micro) * (float("nan") if number == 3 else 1.0)

    monkeypatch.setattr(lora_train, "_loss", spoilt)
    with pytest.raises(AnalysisError, match=r"step 4.*a loss of nan.*checkpoint is kept"):
        train_lora(data, short(), tmp_path / "out", places=places(models))
    assert (tmp_path / "out" / STATE).is_file()
    assert not (tmp_path / "out" / MANIFEST).exists()
    monkeypatch.undo()
    out = train_lora(data, short(), tmp_path / "out", places=places(models), resume=True)
    train_lora(data, short(), tmp_path / "whole", places=places(models))
    assert digests(out) == digests(tmp_path / "whole")


def test_a_gradient_that_is_no_number_changes_no_weight(
    models: Path, data: LoraData, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    bench, task = bench_of(models, data, short())
    real = lora_train._loss

    def spoilt(*given: Any) -> Any:  # finite, with the slope of a root at 0
        return real(*given) + sum((p.sum() * 0).abs().sqrt() for p in bench.unet.parameters() if p.requires_grad)

    monkeypatch.setattr(lora_train, "_loss", spoilt)
    draw_weights(bench.models, 0, "learn", "lora", task.name)
    before = taken(bench.models)
    with pytest.raises(AnalysisError, match="a gradient of norm nan"):
        train(bench, task, State(), lambda _: None, None)
    assert all(torch.equal(value, before[key]) for key, value in taken(bench.models).items())


def test_memory_that_is_gone_is_a_letter(
    models: Path, data: LoraData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    for error in (torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: not enough memory")):

        def gone(*given: Any, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(lora, "train", gone)
        with pytest.raises(AnalysisError, match=r"64 px, batch 1: out of memory.*checkpointing"):
            train_lora(data, short(), tmp_path / "out", places=places(models), overwrite=True)
    monkeypatch.setattr(lora, "train", lambda *_: (_ for _ in ()).throw(RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        train_lora(data, short(), tmp_path / "out", places=places(models), overwrite=True)


def test_each_picture_is_learnt_under_the_prompt_of_its_grade(models: Path, data: LoraData) -> None:
    import torch

    bench, task = bench_of(models, data, short())
    assert isinstance(bench.texts, dict)
    before = {grade: _loss_of(torch, bench, task, grade) for grade in (0, 1)}
    prompt = bench.options.prompt_of(1)
    bench.texts[prompt] = Embedding(10 * torch.ones_like(bench.texts[prompt].text).cumsum(-1) % 3, None)
    assert _loss_of(torch, bench, task, 0) == before[0]
    assert _loss_of(torch, bench, task, 1) != before[1]


def _loss_of(torch: Any, bench: Bench, task: Task, grade: int) -> float:
    rows = np.flatnonzero(task.grades == grade)
    return float(lora_train._loss(torch, bench, Task("one", task.rows[rows], task.grades[rows]), 0, 0).detach())


def test_prior_preservation_adds_the_weighted_error_of_the_base_s_own_pictures(models: Path, data: LoraData) -> None:
    from dataclasses import replace

    import torch

    bench, task = bench_of(models, data, short(prior_images=2, prior_weight=0.5))
    assert bench.latents.prior.shape == (2, 4, 8, 8)
    assert not torch.equal(bench.latents.prior[0], bench.latents.prior[1])
    none, one = (
        float(
            lora_train._loss(torch, replace(bench, options=replace(bench.options, prior_weight=w)), task, 0, 0).detach()
        )
        for w in (0.0, 1.0)
    )
    half = float(lora_train._loss(torch, bench, task, 0, 0).detach())
    assert one > none
    assert half == pytest.approx((none + one) / 2, rel=1e-5)


def test_every_picture_once_before_any_comes_again() -> None:
    task = Task("all", np.arange(7), np.array([0, 0, 0, 0, 0, 1, 1]))
    o = short(batch=1, accumulate=7)
    for step in range(3):
        places_of = [int(picked(task, o, 0, step, micro)[0]) for micro in range(7)]
        assert sorted(places_of) == list(range(7))
    balanced = short(batch=2, accumulate=7, balanced=True)
    rows = np.concatenate([picked(task, balanced, 0, 0, micro) for micro in range(7)])
    assert Counter(task.grades[rows].tolist()) == {0: 7, 1: 7}


def test_velocity_is_learnt_where_the_base_says_so(models: Path, data: LoraData, tmp_path: Path) -> None:
    spoilt = copied(models, tmp_path / "models", "sd15-base")
    path = spoilt / "sd15-base" / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "prediction_type": "v_prediction"}))
    out = train_lora(data, short(steps=1), tmp_path / "out", places=places(spoilt))
    assert json.loads((out / MANIFEST).read_text())["prediction"] == "v_prediction"


def test_what_is_missing_is_told(models: Path, data: LoraData, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotAvailable, match=r"sd15-base.*not on this machine(?s:.*)nof1sim models pull sd15-base"):
        train_lora(data, short(), tmp_path / "out", places=places(tmp_path / "empty"))
    with pytest.raises(ModelNotAvailable, match=r"lora\.optimiser.*bitsandbytes.*optimiser=adamw"):
        train_lora(data, short(optimiser="adamw8bit"), tmp_path / "out", places=places(models))
    with pytest.raises(InputError, match=r"lora\.targets.*to_nothing"):
        train_lora(data, short(targets=("to_nothing",)), tmp_path / "two", places=places(models))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(InputError, match="other files"):
        train_lora(data, short(), tmp_path / "full", places=places(models))


def test_half_precision_trains_the_lora_in_single(models: Path, data: LoraData) -> None:
    import torch

    bench, task = bench_of(models, data, short(steps=2, precision="bf16"))
    assert bench.unet.conv_in.weight.dtype is torch.bfloat16
    state = train(bench, task, State(), lambda _: None, None)
    assert all(value.dtype is torch.float32 for value in state.weights.values())
    assert np.isfinite(state.losses).all()
