"""A stub model and small folders of pictures: what the tests of learning share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Writes faces of `people` at `grades` (0 to 3) and labels.csv; `change(frame)` spoils the table first."""

    def write(
        people: int = 6, grades: int = 4, size: int = 24, change: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    ) -> Path:
        from nof1sim_test_stub import face

        home = tmp_path / "photos"
        home.mkdir()
        rows = []
        for person in range(people):
            for grade in range(grades):
                name = f"p{person}_{grade}.png"
                Image.fromarray(face(person, grade / max(grades - 1, 1), size)).save(home / name)
                rows.append({"file": name, "severity": float(grade), "person": f"p{person}"})
        frame = pl.DataFrame(rows)
        (frame if change is None else change(frame)).write_csv(tmp_path / "labels.csv")
        return home

    return write


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models stub-base, stub-edit, stub-noise of `nof1sim_test_stub`, here and in spawned processes."""
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from nof1sim.learning.base import MODELS

    for name in ("base", "edit", "noise"):
        monkeypatch.setitem(MODELS, f"stub-{name}", f"nof1sim_test_stub:{name.title()}")
