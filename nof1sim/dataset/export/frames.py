"""Frames of a time-lapse: a picture over a strip that says the day, the treatment and the recorded severity."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
"""Of the treatments, in their order: the palette of Okabe and Ito, told apart by the colour-blind. The first two are
the report's, lighter on this dark ground."""
UNTREATED: Colour = (142, 148, 156)
GROUND: Colour = (20, 23, 27)
INK: Colour = (245, 246, 247)
FAINT: Colour = (168, 174, 181)
DIM = 0.3
"""How bright a missed day's frame is, and the part of the band that is still to come."""

LEAST_TEXT_PX = 11
TEXT_SHARE = 0.05
"""Height of the text as a share of the picture's side."""
ELLIPSIS = "..."
WHO_SHARE = 0.34
"""Of the line, for the patient's name at most."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a frame says. `message`: why there is no picture; empty where there is one. `score`: None if missing."""

    day: int
    occasion: int
    treatment: str
    score: float | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """What all frames of one patient share.

    who : the patient's name.  treatments : the treatment of each day, from day 1 on.
    colours : of every treatment's label.  occasions : photographs a day, at most.
    """

    who: str
    treatments: Sequence[str]
    colours: dict[str, Colour]
    occasions: int


def colours_of(labels: Collection[str], treatments: Sequence[str]) -> dict[str, Colour]:
    """A colour for each label, by its place among the treatments; grey for what is none."""
    found = {label: COLOURS[place % len(COLOURS)] for place, label in enumerate(treatments)}
    return {label: found.get(label, UNTREATED) for label in labels}


def text_px(side: int) -> int:
    """Height of the text for pictures of a width."""
    return max(LEAST_TEXT_PX, round(TEXT_SHARE * side))


def strip_height(side: int) -> int:
    """Height of the strip below pictures of a width, in pixels; even, as some encoders want it."""
    return 2 * round(2.05 * text_px(side))


def frame(picture: Image.Image, moment: Moment, strip: Strip) -> Image.Image:
    """A picture (RGB, of even width and height) with its strip below; dimmed, with the message, where there is one."""
    width, height = picture.size
    whole = Image.new("RGB", (width, height + strip_height(width)), GROUND)
    whole.paste(picture.point(lambda value: value * DIM) if moment.message else picture, (0, 0))
    draw = ImageDraw.Draw(whole)
    px = text_px(width)
    if moment.message:
        font = _font(round(1.6 * px))
        text = _fitting(moment.message, font, width - 2 * px)
        draw.text((width / 2, height / 2), text, INK, font, anchor="mm", stroke_width=px // 8, stroke_fill=GROUND)
    _words(draw, width, height, moment, strip)
    _band(draw, width, height, moment, strip)
    return whole


def _words(draw: ImageDraw.ImageDraw, width: int, top: int, moment: Moment, strip: Strip) -> None:
    """Two lines: day and severity, treatment and patient."""
    px, edge = text_px(width), text_px(width) // 2
    font, first, second = _font(px), top + 0.95 * px, top + 2.2 * px
    day = f"Day {moment.day} of {len(strip.treatments)}"
    if strip.occasions > 1:
        day += f", photo {moment.occasion}"
    room = width - 3 * edge
    draw.text((edge, first), day, INK, font, anchor="lm")
    shown = next((text for text in _severity(moment) if font.getlength(text) <= room - font.getlength(day)), "")
    draw.text((width - edge, first), shown, FAINT if moment.score is None else INK, font, anchor="rm")
    colour, chip = strip.colours[moment.treatment], round(0.7 * px)
    draw.rectangle((edge, second - chip / 2, edge + chip, second + chip / 2), colour)
    left = edge + chip + edge
    who = _fitting(strip.who, font, WHO_SHARE * room)
    draw.text((width - edge, second), who, FAINT, font, anchor="rm")
    label = _fitting(moment.treatment, font, room - chip - edge - font.getlength(who))
    draw.text((left, second), label, colour, font, anchor="lm")


def _severity(moment: Moment) -> tuple[str, ...]:
    """Ways to say the severity, the longest first."""
    if moment.score is None:
        return "severity not recorded", "not recorded", "-"
    return f"severity {moment.score:.2f}", f"{moment.score:.2f}"


def _band(draw: ImageDraw.ImageDraw, width: int, top: int, moment: Moment, strip: Strip) -> None:
    """The whole study as a band of the treatments' colours, dim where it is still to come; a mark for the day."""
    px, edge = text_px(width), text_px(width) // 2
    days, inner = len(strip.treatments), width - 2 * edge
    upper, lower = top + round(3.15 * px), top + round(3.6 * px)
    now = edge + inner * moment.day / days
    start = 0
    for label, run in groupby(strip.treatments):
        end = start + sum(1 for _ in run)
        left, right = edge + inner * start / days, edge + inner * end / days - 1
        colour = strip.colours[label]
        draw.rectangle((left, upper, max(left, right), lower), _dimmed(colour))
        if left < now:
            draw.rectangle((left, upper, max(left, min(right, now)), lower), colour)
        start = end
    reach = max(2, px // 5)
    draw.line((now, upper - reach, now, lower + reach), INK, max(1, px // 7))


def _dimmed(colour: Colour) -> Colour:
    red, green, blue = (round(DIM * one + (1 - DIM) * ground) for one, ground in zip(colour, GROUND, strict=True))
    return red, green, blue


@cache
def _font(px: int) -> Any:
    return ImageFont.load_default(px)


def _fitting(text: str, font: Any, room: float) -> str:
    """A text in the letters that the font has, cut with dots to the room (pixels)."""
    text = _drawable(text, font)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + ELLIPSIS) > room:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS if text else ""


def _drawable(text: str, font: Any) -> str:
    """Letters that Pillow's built-in font lacks lose their accents ("Crème": "Creme"), or become a question mark."""
    plain = unicodedata.normalize("NFKD", text)
    kept = (letter for letter in plain if not unicodedata.combining(letter))
    return "".join(letter if _has(font.size, letter) else "?" for letter in kept)


@cache
def _has(px: int, letter: str) -> bool:
    if letter.isascii():
        return letter.isprintable()
    font = _font(px)
    return bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))
