"""Severity classes as bands of lesion counts, and how many lesions bring a photograph from one into another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nof1sim.conditions.acne.counts import count_map
from nof1sim.conditions.acne.scores import HAYASHI_CUTS
from nof1sim.dataset.labelled import HAYASHI_CLASSES, HAYASHI_TITLES
from nof1sim.errors import InputError

MOST_HALF = int(count_map().most) // 2
"""Lesions on half a face where the severity scale ends (70): the upper end of an open class."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]*")
_BAND = re.compile(r"(\d{1,3})-(\d{1,3})?")
_ALLOWED = (
    "four names for Hayashi's classes (mild,moderate,severe,very severe), or bands of lesions on half a face, from the "
    f"lowest, without gaps, up to {MOST_HALF}: clear=0-0,mild=1-5,moderate=6-20,severe=21-"
)


@dataclass(frozen=True, slots=True)
class Band:
    """A severity class. name: as in the labels; title: as in tables; low, high: its lesions on half of the face."""

    name: str
    title: str
    low: int
    high: int


_LOWS = (0, *(cut + 1 for cut in HAYASHI_CUTS))
_HIGHS = (*HAYASHI_CUTS, MOST_HALF)
HAYASHI = tuple(map(Band, HAYASHI_CLASSES, HAYASHI_TITLES, _LOWS, _HIGHS))
"""Hayashi 2008: 0-5, 6-20, 21-50, 51 and more papules and pustules on half of the face."""


def parse_classes(text: str | None) -> tuple[Band, ...]:
    """The classes of `--classes`, lowest first; None: Hayashi's four, named 0 to 3.

    `a,b,c,d` renames Hayashi's; `a=0-5,b=6-20,c=21-` gives bands of lesions on half a face (an open end is 70).

    Raises
    ------
    InputError
        Another number of names than four, a name that is no file name, bands with gaps, overlaps or a wrong order.
    """
    if text is None:
        return HAYASHI
    parts = [part.strip() for part in text.split(",")]
    names = [part.partition("=")[0].strip() for part in parts]
    if not all(map(_NAME.fullmatch, names)) or len({name.lower() for name in names}) < len(names):
        raise InputError(f"--classes: got {text!r}; allowed: {_ALLOWED}. Names are letters, digits, space, _ and -.")
    if not any("=" in part for part in parts):
        if len(names) != len(HAYASHI):
            raise InputError(f"--classes: got {len(names)} names; allowed: {_ALLOWED}.")
        return tuple(Band(name, name, old.low, old.high) for name, old in zip(names, HAYASHI, strict=True))
    bands = []
    for name, part in zip(names, parts, strict=True):
        found = _BAND.fullmatch(part.partition("=")[2].strip())
        if not found:
            raise InputError(f"--classes {name}: got {part!r}; allowed: {_ALLOWED}.")
        bands.append(Band(name, name, int(found[1]), int(found[2] or MOST_HALF)))
    follow = all(low.high + 1 == high.low for low, high in pairwise(bands))
    if bands[0].low != 0 or not follow or len(bands) < 2 or any(not b.low <= b.high <= MOST_HALF for b in bands):
        raise InputError(f"--classes: got {text!r}; allowed: {_ALLOWED}.")
    return tuple(bands)


def added_range(old: Band, new: Band) -> tuple[int, int]:
    """Fewest and most lesions to add on half a face, so that a photograph of class `old` becomes one of class `new`.

    Upwards, what is there already stays: with at least `new.low` more the added ones alone are of the class, and with
    at most `new.high - old.high` more the sum is, however many there were. Where a band is too narrow for both, the
    first holds; so a severe photograph gets just `new.low` to be very severe, a class without upper end, or it would
    have far more lesions than real ones have. Downwards, what is there is taken away first, so the whole band of `new`
    is open.
    """
    return (new.low, new.high) if new.low < old.low else (new.low, max(new.low, new.high - old.high))


def position(bands: Sequence[Band], name: str) -> int:
    """Place of a class from below."""
    return next(place for place, band in enumerate(bands) if band.name == name)
