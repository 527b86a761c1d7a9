"""Sample sheets: the same people at rising severity, beside their base picture; drawn while a model learns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .base import Learner
from .sample_rows import Scale
from .samples import Samples
from .sampling import draw_pictures
from .torches import Pixels

PEOPLE, STEPS = 4, 5
CELL_PX, MOST_PX = 128, 512
GAP_PX, HEAD_PX, SIDE_PX = 4, 18, 64


@dataclass(frozen=True, slots=True)
class Row:
    """A person of a sheet: base (s, s, 3), its severity (0 to 1), who it is."""

    base: Pixels
    base_severity: float
    person: str


def people_of(samples: Samples, count: int = PEOPLE) -> list[Row]:
    """The people that every sheet of a training shows: those aside first, then others; the same each time."""
    order = [(part, person) for part in ("val", "train") for person in samples.people(part)]
    found = []
    for part, person in order[:count]:
        row = int(samples.base[samples.persons.index(person)])
        found.append(
            Row(samples.pixels[row], float(samples.severity[row]), person if part == "train" else f"{person} *")
        )
    return found


def draw_sheet(learner: Learner, people: Sequence[Row], scale: Scale, seed: int, shares: Sequence[float]) -> bytes:
    """A PNG: one row a person; the base picture, then one picture a severity (shares of the scale, 0 to 1)."""
    n = len(shares)
    made = draw_pictures(
        learner,
        np.repeat(np.stack([one.base for one in people]), n, 0),
        np.repeat([one.base_severity for one in people], n),
        np.tile(np.asarray(shares, float), len(people)),
        seed,
        [("sheet", one.person) for one in people for _ in shares],
        [("sheet", one.person, step) for one in people for step in range(n)],
    ).pixels
    cells = [[one.base, *made[row * n : (row + 1) * n]] for row, one in enumerate(people)]
    heads = ["base", *(f"{scale.low + share * (scale.high - scale.low):.3g}" for share in shares)]
    return grid(cells, heads, [one.person for one in people])


def grid(cells: Sequence[Sequence[Pixels]], heads: Sequence[str], sides: Sequence[str]) -> bytes:
    """A PNG of pictures (s, s, 3) in rows, with texts above and at the left; small ones enlarged without smoothing."""
    size = cells[0][0].shape[0]
    cell = min(MOST_PX, size * max(1, CELL_PX // size))
    how = Image.Resampling.LANCZOS if size > cell else Image.Resampling.NEAREST
    wide = SIDE_PX + len(heads) * (cell + GAP_PX)
    sheet = Image.new("RGB", (wide, HEAD_PX + len(cells) * (cell + GAP_PX)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for column, text in enumerate(heads):
        draw.text((SIDE_PX + column * (cell + GAP_PX) + 2, 2), text, "black", font)
    for row, (pictures, text) in enumerate(zip(cells, sides, strict=True)):
        top = HEAD_PX + row * (cell + GAP_PX)
        draw.text((2, top + cell // 2), text[:10], "black", font)
        for column, one in enumerate(pictures):
            shown = Image.fromarray(one).resize((cell, cell), how)
            sheet.paste(shown, (SIDE_PX + column * (cell + GAP_PX), top))
    return png(np.asarray(sheet))


def png(pixels: Pixels) -> bytes:
    """The bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def even_shares(count: int = STEPS) -> list[float]:
    """Shares from 0 to 1 in even steps."""
    return np.linspace(0, 1, count).tolist()
