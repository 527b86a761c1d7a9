"""`nof1sim balance` on the command line; the edits themselves are tested in tests/editing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from nof1sim import cli
from nof1sim.errors import Nof1simError
from nof1sim.randomness import stream

COUNTS = (5, 4, 2, 1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Twelve small pictures without any face."""
    folder = tmp_path / "photos"
    folder.mkdir()
    lines = ["image;grade"]
    for label, count in enumerate(COUNTS):
        for number in range(count):
            name = f"levle{label}_{number}.png"
            pixels = stream(0, name).integers(0, 255, (80, 80, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name)
            lines.append(f"{name};{label}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return folder


def run(home: Path, *words: str) -> tuple[int, str]:
    arguments = ["balance", str(home), "--labels", str(home.parent / "labels.csv"), *words]
    done = CliRunner().invoke(cli.app, [*arguments, "--columns", "file=image,label=grade"])
    if isinstance(done.exception, Nof1simError):
        return 2, str(done.exception)
    return done.exit_code, done.output


def test_a_dry_run_shows_the_table_and_writes_nothing(home: Path) -> None:
    code, said = run(home, "--to", "5", "--dry-run")
    assert code == 0
    rows = [line.replace("│", " ").split() for line in said.splitlines() if "│" in line]
    wanted = ("0 5 +0 5", "1 4 +1 5", "2 2 +3 5", "3 1 +4 5")
    assert [row[-4:] for row in rows] == [row.split() for row in wanted]
    assert "cannot be promised" in said
    assert sorted(path.name for path in home.parent.iterdir()) == ["labels.csv", "photos"]


def test_photographs_without_landmarks_are_listed_and_the_target_is_missed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOF1SIM_MODELS", str(home.parent / "models"))
    (home.parent / "models").mkdir()
    out = home.parent / "out"
    code, said = run(home, "--to", "5", "--out", str(out), "--consent", "form v2", "--workers", "1")
    assert code == 1, said
    assert "Could not be used: levle0_" in said
    assert "no landmarks" in said
    assert "Missed: class 3 (Very severe), split all: 1 of 5" in said
    assert len(list((out / "originals").iterdir())) == 12
    assert (out / "manifest.json").is_file()


@pytest.mark.parametrize(
    ("words", "letter"),
    [
        (["--to", "5", "--out", "x"], "--consent"),
        (["--to", "5", "--consent", "v2"], "--out is missing"),
        (["--to", "9", "--dry-run"], "class 0 (Mild)"),
        (["--to", "5", "--classes", "a,b", "--dry-run"], "--classes"),
        (["--to", "5", "--splits", "test", "--dry-run"], "no column 'split'"),
        (["--to", "5", "--image-format", "bmp", "--out", "x", "--consent", "v2"], "--image-format"),
    ],
)
def test_wrong_requests_end_with_a_letter(home: Path, words: list[str], letter: str) -> None:
    code, said = run(home, *words)
    assert code == 2
    assert letter in said
