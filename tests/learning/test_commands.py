"""`nof1sim learn`: from a table to a checkpoint to pictures; mistakes are letters."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from nof1sim.cli import app
from nof1sim.errors import InputError

pytest.importorskip("torch")
pytest.importorskip("safetensors")

pytestmark = pytest.mark.usefixtures("stub")


def run(*words):
    """What a command prints; an error comes through."""
    found = CliRunner().invoke(app, ["learn", *map(str, words)])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def train(home, out, *more):
    table = home.parent / "labels.csv"
    return run(
        "train", home, "--table", table, "--model", "stub-base", "--size", 16, "--epochs", 2, "--out", out, *more
    )


def test_train_and_sample(folder, tmp_path):
    home, out = folder(), tmp_path / "model"
    said = train(home, out, "--set", "rate=0.02")
    assert "2 epochs" in said
    assert "stub-base of 16 px" in said
    assert "5 persons" in said
    with pytest.raises(InputError, match="--resume"):
        train(home, out)
    train(home, out, "--set", "rate=0.02", "--resume")
    run("sample", out, "--patients", 2, "--severity", "0,1.5,3", "--out", tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").size[0] > 4 * 128
    run("sample", out, "--patients", 1, "--severity", "0,3", "--out", tmp_path / "pictures")
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["P001_severity0.png", "P001_severity3.png"]
    first, second = (np.asarray(Image.open(tmp_path / "pictures" / name)) for name in names)
    assert first.shape == (16, 16, 3)
    assert not np.array_equal(first, second)


def test_mistakes_are_letters(folder, tmp_path):
    home, out = folder(), tmp_path / "model"
    for words, match in (
        (("--set", "rates=1"), "Did you mean 'rate'"),
        (("--set", "rate"), "key=value"),
        (("--resume", "--overwrite"), "one of the two"),
        (("--batch", 0), "--batch"),
        (("--val", 0.9), "--val"),
    ):
        with pytest.raises(InputError, match=match):
            train(home, out, *words)
    assert not out.exists()
    train(home, out)
    for words, match in (
        (("--severity", "0,4"), "0 to 3"),
        (("--severity", "mild"), "0 to 3"),
        (("--patients", 0), "1 to 100"),
        (("--out", tmp_path / "sheet.jpg"), r"\.png"),
    ):
        with pytest.raises(InputError, match=match):
            run("sample", out, *words)


def test_the_models_are_listed():
    said = run("models")
    for name in ("cvae", "stub-base", "sigma"):
        assert name in said
