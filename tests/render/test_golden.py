"""Small pictures kept in the repository: a change of look must be meant.

After a wanted change: `python tests/render/test_golden.py` draws them again. Say so in the CHANGELOG: a changed picture
is a breaking change.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nof1sim.model import Unit, View
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.simulation.plan import Plan

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "default_p1_d28_front": ("clinic", 0, 28, "front"),
    "default_p2_d60_left": ("clinic", 1, 60, "left"),
    "home_p3_d90_front": ("home", 2, 90, "front"),
    "none_p4_d10_chin": ("none", 3, 10, "chin"),
}


def asked(name: str) -> View:
    preset, rank, day, view = CASES[name]
    images = {"size_px": 64, "views": [view], "nuisance": {"preset": preset}}
    return Plan(with_changes(load_protocol("default"), images=images)).view(Unit(rank, day, 1, view))


@pytest.mark.parametrize("name", CASES)
def test_picture_is_the_kept_one(renderer: ProceduralRenderer, name: str) -> None:
    """Bit for bit on one type of processor; within a grey level, here and there two, on others."""
    kept = np.asarray(Image.open(GOLDEN / f"{name}.png")).astype(int)
    difference = np.abs(renderer.render([asked(name)])[0].pixels.astype(int) - kept)
    assert difference.max() <= 2
    assert (difference > 1).mean() < 0.001


def main() -> Iterator[Path]:
    for name in CASES:
        path = GOLDEN / f"{name}.png"
        Image.fromarray(ProceduralRenderer().render([asked(name)])[0].pixels).save(path)
        yield path


if __name__ == "__main__":
    for written in main():
        print(f"Wrote {written}")
