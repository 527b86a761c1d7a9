"""Draws the sheets of the documentation that show faces, into this folder: two to three minutes.

python docs/images/sheets.py              all
python docs/images/sheets.py strip ages   some
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from nof1sim import load_protocol
from nof1sim.model import Unit
from nof1sim.protocol import with_changes
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.simulation.gallery import SHEETS, write_gallery
from nof1sim.simulation.plan import Plan

HERE = Path(__file__).parent
WIDTHS_PX = {"people": 1600, "tones": 1024, "ages": 1024, "views": 1024, "lesions": 1100, "time": 1024}
COMMENT = "Synthetic images of people who do not exist. Not for diagnosis."
STRIP_RANKS, STRIP_DAYS, STRIP_PX = (7, 2), (5, 25, 45, 65, 85, 110, 138), 220


def save(picture: Image.Image, name: str, width: int) -> None:
    """A JPEG of a width, which says that it is synthetic."""
    size = width, round(picture.height * width / picture.width)
    small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.save(HERE / f"{name}.jpg", quality=84, optimize=True, comment=COMMENT)


def strip(plan: Plan) -> None:
    """Two patients over the trial, a row each."""
    renderer = ProceduralRenderer()
    rows = [
        np.concatenate([renderer.render([plan.view(Unit(rank, day))])[0].pixels for day in STRIP_DAYS], 1)
        for rank in STRIP_RANKS
    ]
    save(Image.fromarray(np.concatenate(rows)), "strip", STRIP_PX * len(STRIP_DAYS))


if __name__ == "__main__":
    asked = sys.argv[1:] or ["strip", *SHEETS]
    if "strip" in asked:
        strip(Plan(load_protocol("default")))
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(with_changes(load_protocol("default"), cohort={"patients": 40}))
        for path in write_gallery(plan, folder, only=[name for name in SHEETS if name in asked]):
            save(Image.open(path), path.stem, WIDTHS_PX[path.stem])
