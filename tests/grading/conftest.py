"""Folders of graders' examples."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the helpers' own module: nof1sim_test_graders


@pytest.fixture(scope="session")
def visits(test_faces: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that nobody may change: 12 patients, 6 days, front and left, spots at 64 px, grades of all kinds."""
    from nof1sim.protocol import load_protocol, with_changes
    from nof1sim.simulation.driver import simulate

    protocol = with_changes(
        load_protocol("default"),
        cohort={"patients": 12},
        design={"baseline_days": 2, "period_days": 2, "cycles": 1},
        severity={"baseline": {"mean": 1.0, "sd": 0.6}},
        images={"renderer": "nof1sim_test_faces:Spots", "size_px": 64, "views": ["front", "left"]},
    )
    out = tmp_path_factory.mktemp("visits") / "visits"
    simulate(protocol, out, workers=1)
    return out


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A folder of the user's: 12 photographs of 6 persons, labels.csv with their IGA."""
    from nof1sim_test_graders import part

    folder, rows = tmp_path / "photographs", ["file,label,person"]
    folder.mkdir()
    drawn = part(12, size=64, views=1)
    for i, pixels in enumerate(drawn.pixels):
        Image.fromarray(pixels[0]).save(folder / f"x{i:02}.png")
        rows.append(f"x{i:02}.png,{(1, 2, 3)[drawn.grades[i]]},p{i // 2}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder
