"""The sheet of a comparison: one patient after the other, a row a renderer; then the nearest training pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from ... import __version__
from ...analysis.images import Pixels
from ...simulation.gallery import INK, PAPER
from .measures import rising
from .people import PAIRS

if TYPE_CHECKING:
    from .driver import Comparison

PATIENTS, STEPS = 3, 5
TILE, GAP, STRIP, LABEL = 128, 6, 18, 150
"""Side of a picture on the sheet, space between two, height of a caption, width of a renderer's name; px."""
LETTERS = 12
GAIN = 4
"""Differences are shown this many times as strong, around mid grey."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet: a name at the left, then pictures with captions."""

    name: str
    tiles: tuple[tuple[str, Pixels | None], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Some rows under a heading."""

    title: str
    lines: tuple[Line, ...]


def sheet_png(found: Comparison) -> bytes:
    """sheet.png: patients over days of rising severity with difference pictures, and the nearest training pairs."""
    sections = [_patient(found, i) for i in range(min(PATIENTS, len(found.cases.clear)))]
    if found.training is not None:
        sections.append(_nearest(found))
    file, note = io.BytesIO(), PngImagePlugin.PngInfo()
    note.add_text("Software", f"nof1sim {__version__}")
    _laid_out(sections).save(file, "PNG", pnginfo=note)
    return file.getvalue()


def _patient(found: Comparison, i: int) -> Section:
    """Clear, then rising severity; the worst day minus the clear face; the day after the worst day minus it."""
    severity = found.cases.severity[i]
    days = rising(severity, STEPS)
    worst = min(days[-1], severity.size - 2)
    lines = []
    for row, one in zip(found.rows, found.drawn, strict=True):
        tiles: list[tuple[str, Pixels | None]] = [("no lesions", one.clear[i])]
        tiles += [(f"day {day + 1}, {severity[day]:.1f}", one.panel[i, day]) for day in days]
        tiles.append((f"day {days[-1] + 1} - clear, x{GAIN}", difference(one.panel[i, days[-1]], one.clear[i])))
        after = difference(one.panel[i, worst + 1], one.panel[i, worst])
        tiles.append((f"day {worst + 2} - {worst + 1}, x{GAIN}", after))
        lines.append(Line(row.title, tuple(tiles)))
    who = found.cases.clear[i].scene.patient
    asked = f"requested severity {severity.min():.1f} to {severity.max():.1f}"
    return Section(f"{who.key}: {asked}; at the right, differences around grey", tuple(lines))


def _nearest(found: Comparison) -> Section:
    assert found.training is not None
    lines = []
    for row, one in zip(found.rows, found.drawn, strict=True):
        tiles: list[tuple[str, Pixels | None]] = []
        for mine, theirs, far in row.pairs[:PAIRS]:
            tiles += [("drawn", one.crowd[mine]), (f"training, {far:.2f}", found.training.pixels[theirs])]
        lines.append(Line(row.title, tuple(tiles)))
    title = "Nearest to a training picture: the picture drawn, beside it the training's, and their distance"
    return Section(title, tuple(lines))


def difference(first: Pixels, second: Pixels) -> Pixels:
    """first - second, times `GAIN`, around mid grey; (h, w, 3) uint8."""
    return np.clip(128 + GAIN * (first.astype(np.int16) - second), 0, 255).astype(np.uint8)


def _laid_out(sections: Sequence[Section]) -> Image.Image:
    columns = max(len(line.tiles) for section in sections for line in section.lines)
    step, tall = TILE + GAP, TILE + STRIP + GAP
    heading = 2 * LETTERS + 2 * GAP
    height = sum(heading + tall * len(section.lines) for section in sections)
    paper = Image.new("RGB", (LABEL + columns * step + GAP, height + GAP), PAPER)
    pen, y = ImageDraw.Draw(paper), 0
    for section in sections:
        pen.text((GAP, y + 2 * GAP), section.title, fill=INK, font=ImageFont.load_default(LETTERS + 3))
        y += heading
        for line in section.lines:
            pen.text((GAP, y + TILE // 2), _short(line.name), fill=INK, font=ImageFont.load_default(LETTERS))
            for place, (caption, pixels) in enumerate(line.tiles):
                x = LABEL + place * step
                if pixels is not None:
                    paper.paste(_enlarged(pixels), (x, y))
                pen.text((x + 1, y + TILE + 2), caption, fill=INK, font=ImageFont.load_default(LETTERS - 1))
            y += tall
    return paper


def _enlarged(pixels: Pixels) -> Image.Image:
    """A tile: small pictures pixel by pixel, so that nobody takes an enlargement's smoothness for the renderer's."""
    image = Image.fromarray(pixels)
    how = Image.Resampling.NEAREST if TILE % image.width == 0 else Image.Resampling.LANCZOS
    return image.resize((TILE, TILE), how)


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:10]}...{name[-9:]}"
