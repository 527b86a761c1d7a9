"""Autoencoders and the users' own models. Skipped without torch."""

from __future__ import annotations

import builtins
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nof1sim.analysis.embed import choose, networks, vectors
from nof1sim.analysis.embed.autoencoder import AUTOENCODER, RESIDUAL, SCHNEIDER2023, Autoencoder
from nof1sim.analysis.embed.crops import cropped, draw_crops, resized
from nof1sim.analysis.embed.train import held_out
from nof1sim.analysis.images import Shots
from nof1sim.analysis.reduce import reduce, within_r
from nof1sim.errors import AnalysisError

torch = pytest.importorskip("torch", reason="torch is not installed")
Study = tuple[Shots, np.ndarray]
MODELS = "nof1sim_test_models"


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_an_autoencoder_finds_red_dots(faces: Study, name: str) -> None:
    shots, severity = faces
    told: list[tuple[int, int, float, float]] = []
    fitted = choose(name).fit(shots, 0, lambda *step: told.append(step))
    score = reduce(vectors(fitted, shots), shots)
    assert abs(within_r(score.values, severity, shots.who)) > 0.8
    assert told[-1][2] < told[0][2]


def test_equal_seeds_give_equal_vectors_and_the_users_torch_seed_stays(faces: Study, tmp_path: Path) -> None:
    shots, _ = faces
    quick = Autoencoder(replace(AUTOENCODER.recipe, epochs=2))
    state = torch.random.get_rng_state()
    one, two, other = quick.fit(shots, 0), quick.fit(shots, 0), quick.fit(shots, 1)
    assert (torch.random.get_rng_state() == state).all()
    assert (one.embed(shots) == two.embed(shots)).all()
    assert (one.embed(shots) != other.embed(shots)).any()
    one.save(tmp_path / "net")
    back = Autoencoder.load(tmp_path / "net")
    assert (back.embed(shots) == one.embed(shots)).all()
    assert (back.recipe, back.notes, back.losses) == (one.recipe, one.notes, one.losses)
    with pytest.raises(AnalysisError, match=r"NAME\.npz"):
        Autoencoder.load(tmp_path / "nothing")


def test_early_stopping_keeps_the_best_epoch(faces: Study) -> None:
    shots, _ = faces
    wild = Autoencoder(replace(AUTOENCODER.recipe, rate=0.3, epochs=30, patience=2))
    losses = np.array(wild.fit(shots, 0).losses)
    assert len(losses) < 30
    assert len(losses) - 1 - losses[:, 1].argmin() == 2


def test_the_held_out_are_patients_or_days() -> None:
    who, day = np.repeat(np.arange(10), 20), np.tile(np.arange(20), 10)
    out, note = held_out(who, day, 0)
    assert [int(out[who == p].sum()) for p in range(10)].count(20) == 2
    assert "2 of 10 patients" in note
    out, note = held_out(who[:60], day[:60], 0)
    assert np.unique(day[:60][out]).size == 4
    assert out.sum() == 12
    assert "4 of 20 days" in note


def test_the_residual_recipe_fits_at_64_px(faces: Study) -> None:
    shots, _ = faces
    fitted = Autoencoder(replace(RESIDUAL.recipe, epochs=1)).fit(shots, 0)
    assert vectors(fitted, shots).shape == (len(shots), 32)


def test_schneider2023_has_the_published_shapes() -> None:
    net = networks.build(SCHNEIDER2023.recipe, 3)
    with torch.no_grad():
        code = net["encoder"](torch.zeros(1, 3, 256, 256))
        back = net["decoder"](code)
    assert code.shape == (1, 64)
    assert back.shape == (1, 3, 256, 256)
    assert 0 <= float(code.min()) <= float(code.max()) <= 1
    assert sum(type(layer).__name__ == "ConvTranspose2d" for layer in net["decoder"]) == 6


def test_schneider2023_validates_on_the_last_quarter_and_notes_it() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (12, 64, 64, 3), np.uint8)
    who = np.arange(12)
    shots = Shots(who, who, who, who, who < 2, pixels)
    fitted = SCHNEIDER2023.fit(shots, 0)
    assert len(fitted.losses) == 1
    assert "last quarter" in fitted.notes[0]
    assert "at most 10 participants" in fitted.notes[1]
    assert vectors(fitted, shots).shape == (12, 64)


def test_crops_stay_inside_and_flip_half_of_the_time() -> None:
    maps = draw_crops(4000, np.random.default_rng(0))
    size, shift = np.abs(np.stack([maps[:, 0, 0], maps[:, 1, 1]], 1)), maps[:, :, 2]
    assert (size + np.abs(shift) <= 1 + 1e-6).all()
    assert (size.prod(1) > 0.79).all()
    assert abs((maps[:, 0, 0] < 0).mean() - 0.5) < 0.03
    pixels = np.random.default_rng(0).integers(0, 256, (2, 30, 30, 3), np.uint8)
    assert cropped(pixels, 16, np.random.default_rng(0)).shape == (2, 3, 16, 16)
    assert np.allclose(resized(pixels, 30), pixels.transpose(0, 3, 1, 2) / 255)


@pytest.mark.parametrize("thing", ["brightness", "Pool"])
def test_a_users_function_or_module_embeds(faces: Study, thing: str) -> None:
    shots, _ = faces
    got = vectors(choose(f"{MODELS}:{thing}").fit(shots, 0), shots)
    assert got.shape == (len(shots), 3)
    want = shots.pixels.mean((1, 2))
    assert np.allclose(got / got[0], want / want[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("thing", "words"),
    [("flat", r"\(200,\)"), ("Wide", r"\(32, 3, 64, 64\)"), ("infinite", "infinity"), ("Crash", "boom")],
)
def test_a_bad_model_is_named(faces: Study, thing: str, words: str) -> None:
    with pytest.raises(AnalysisError, match=f"{MODELS}:{thing}.*{words}"):
        vectors(choose(f"{MODELS}:{thing}"), faces[0])


def test_what_is_no_model_is_a_letter(tmp_path: Path) -> None:
    with pytest.raises(AnalysisError, match="an Embedder, a torch module or a function"):
        choose(f"{MODELS}:NUMBER")
    with pytest.raises(AnalysisError, match="that exists"):
        choose(str(tmp_path / "none.onnx"))
    (tmp_path / "bad.pt").write_bytes(b"nothing")
    with pytest.raises(AnalysisError, match="TorchScript"):
        choose(str(tmp_path / "bad.pt"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_torchscript_file_embeds(faces: Study, tmp_path: Path) -> None:
    shots, _ = faces
    net = torch.nn.Sequential(torch.nn.AvgPool2d(64), torch.nn.Flatten())
    torch.jit.trace(net, torch.zeros(1, 3, 64, 64)).save(str(tmp_path / "pool.pt"))
    got = vectors(choose(str(tmp_path / "pool.pt"), size_px=64), shots)
    assert np.allclose(got, shots.pixels.mean((1, 2)) / 255, atol=1e-5)


def test_without_torch_the_letter_names_the_extra(faces: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AnalysisError, match=r"nof1sim\[analysis\].*--embedder patch"):
        AUTOENCODER.fit(faces[0], 0)
