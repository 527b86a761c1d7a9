"""`nof1sim models` as a user meets it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nof1sim.cli import app
from nof1sim.console_models import SELFTEST
from nof1sim.errors import InputError, ModelNotAvailable, RenderError
from nof1sim.render.diffusion.artifacts import BUNDLES, SPECS
from nof1sim.render.diffusion.specs import ModelFile, ModelSpec
from nof1sim.render.diffusion.verify import sha256_of


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models directory with one toy model, and an empty cache."""
    for name in ("NOF1SIM_MODELS", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "400")
    weights = tmp_path / "models" / "toy.bin"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    file = ModelFile("toy.bin", 7, 7, sha256_of(weights))
    monkeypatch.setitem(SPECS, "toy", ModelSpec("toy", "a toy", "a/b", None, "mit", (file,)))
    return weights.parent


def run(*words: str | Path) -> str:
    found = CliRunner().invoke(app, ["models", *map(str, words)], catch_exceptions=True)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.output


def test_list(here: Path) -> None:
    text = run("list", "--models", here)
    assert all(name in text for name in (*BUNDLES, *SPECS))
    assert "non-commercial research only (--accept-license)" in text


def test_path_and_verify(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("path", "toy", "--models", here) == f"toy\t{here}\n"
    monkeypatch.setenv("NOF1SIM_MODELS", str(here))
    assert "toy: toy.bin: same as the table says" in run("verify", "toy")
    (here / "toy.bin").write_bytes(b"spoilt!")
    found = CliRunner().invoke(app, ["models", "verify", "toy"])
    assert found.exit_code == 1
    assert "toy.bin: differs (sha256 " in found.output


def test_what_is_not_here(here: Path) -> None:
    with pytest.raises(ModelNotAvailable, match="nof1sim models pull lightning`"):
        run("path", "lightning", "--models", here)


def test_one_model_from_a_folder(here: Path, tmp_path: Path) -> None:
    (here / "toy.bin").rename(tmp_path / "toy.bin")
    text = run("pull", "toy", "--from", tmp_path, "--models", here)
    assert "toy: fetched\n  toy.bin: 7 B, sha256 " in text
    assert (here / "toy" / "toy.bin").read_bytes() == b"weights"
    with pytest.raises(InputError, match="one model"):
        run("pull", "lightning", "--from", tmp_path, "--models", here)


def test_selftest_says_what_it_lacks(here: Path) -> None:
    if find_spec(SELFTEST) is None:
        with pytest.raises(RenderError, match="not in this version"):
            run("selftest", "instantid", "--models", here)
    else:
        with pytest.raises(ModelNotAvailable, match="nof1sim models pull instantid"):
            run("selftest", "instantid", "--models", here)
