"""Which lesions a photograph gets for a wanted severity or Hayashi class.

The count is the project's map G; where it lands is the acne engine's choice; only lesions on skin that this photograph
shows are taken, and those that it hides are replaced by others, so that the count is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from nof1sim import chart
from nof1sim.conditions.acne.counts import count_map
from nof1sim.conditions.acne.scores import HAYASHI_CUTS
from nof1sim.conditions.acne.scores import hayashi as hayashi_of
from nof1sim.conditions.acne.sites import SHARES
from nof1sim.errors import Fault, InputError
from nof1sim.model import Bools, Lesions
from nof1sim.randomness import stream

from .stock import KINDS, NODULE, Person, apart, joined, kind_of, nothing, paced, renumbered, scattered, stock

GRADES = tuple(range(len(HAYASHI_CUTS) + 1))
MOST_HALF = int(count_map().most) // 2
"""Lesions on half a face at the top of the severity scale: the end of Hayashi's open class."""
MOST_STOCKS = 24
"""Stocks looked through before the skin is said to be full."""


def count_for_severity(severity: float) -> int:
    """N, whole-face inflammatory lesions of a severity 0 to 3: G rounded, a half down. InputError: off the scale."""
    counts = count_map()
    if not 0.0 <= severity <= counts.top:
        raise InputError(str(Fault("--severity", severity, f"0 to {counts.top:g}", "See the severity scale.")))
    return int(counts.targets(np.array(severity)))


def count_for_grade(grade: int, rng: Generator | None = None) -> int:
    """N, whole-face inflammatory lesions in the middle of a Hayashi class; class of ceil(N / 2) is `grade`.

    Half-face ranges (Hayashi 2008): 0 to 5, 6 to 20, 21 to 50, and 51 up to 70, where the severity scale ends. The
    middle of the range is 2, 13, 35 and 60 on half a face. With `rng` the count is drawn evenly from the middle half
    of the range, so that edited pictures differ. InputError: no such class.
    """
    if grade not in GRADES:
        raise InputError(str(Fault("--grade", grade, "0 mild, 1 moderate, 2 severe, 3 very severe (Hayashi)")))
    low = 0 if grade == 0 else HAYASHI_CUTS[grade - 1] + 1
    high = HAYASHI_CUTS[grade] if grade < len(HAYASHI_CUTS) else MOST_HALF
    quarter = (high - low) // 4
    half = (low + high) // 2 if rng is None else int(rng.integers(low + quarter, high - quarter + 1))
    return 2 * half


def hayashi_class(count: int, scope: str = "face") -> int:
    """Hayashi class of so many inflammatory lesions: of ceil(N / 2), or of N where half a face is shown."""
    return int(hayashi_of(np.array(count if scope == "half" else -(-count // 2))))


def shown_count(whole_face: int, scope: str, skin_mm2: float = 0.0) -> int:
    """Lesions to draw for so many on a whole face: on half a face half of them, rounded up; on a patch of
    `skin_mm2`, the density of a cheek (`cheek_density`), a half rounded down."""
    if scope == "half":
        return -(-whole_face // 2)
    if scope == "patch":
        return int(np.ceil(whole_face * cheek_density() * skin_mm2 - 0.5))
    return whole_face


def cheek_density() -> float:
    """Share of a face's lesions on one mm2 of cheek: the engine's shares over the chart's area of the cheeks."""
    x, y = np.meshgrid(np.arange(-chart.X_LIMIT_MM, chart.X_LIMIT_MM), np.arange(*chart.Y_LIMITS_MM))
    cheeks = [chart.REGIONS.index(name) for name in ("left_cheek", "right_cheek")]
    return (SHARES["left_cheek"] + SHARES["right_cheek"]) / np.isin(chart.region_of(x, y), cheeks).sum()


@dataclass(frozen=True, slots=True)
class Area:
    """Where lesions may lie. fits: which of a table's lesions lie on skin that shows. size_mm: width and height of a
    patch, over which they are strewn; None on a face, where they keep the engine's places. whole_per_one: whole-face
    lesions that one lesion stands for, which sets the share of nodules (2 on half a face)."""

    fits: Callable[[Lesions], Bools]
    size_mm: tuple[float, float] | None = None
    whole_per_one: float = 1.0


def choose(person: Person, seed: int, count: int, area: Area) -> Lesions:
    """`count` inflammatory lesions that fit, with the comedones and fresh marks that go with them; ids 1 .. n.

    At one person, seed and area the doses are nested: each lesion of a smaller count is in every larger one, with the
    same place, stage, size and colour (its id may differ, and its halo widens in a crowd). Fewer come back where the
    skin has no room. Comedones and marks: as many per inflammatory lesion as in the engine's stock.
    """
    kept: list[Lesions] = [nothing()]
    parts: tuple[list[Lesions], ...] = tuple([nothing()] for _ in KINDS)
    have = nodules = number = 0
    while have < count and number < MOST_STOCKS:
        lesions = _fitting(person, seed, number, area, joined(kept))
        kept.append(lesions)
        kinds = kind_of(lesions.stage)
        red = lesions.take(kinds == 0)
        red = red.take(paced(red.stage, have, nodules, area.whole_per_one))
        have, nodules, number = have + len(red), nodules + int((red.stage == NODULE).sum()), number + 1
        for kind, part in enumerate(parts):
            part.append(lesions.take(kinds == kind) if kind else red)
    first = stock(person, seed, 0)
    share = np.bincount(kind_of(first.stage), minlength=len(KINDS)) / (kind_of(first.stage) == 0).sum()
    wanted = np.floor(share * min(have, count) + 0.5).astype(int)
    tables = [joined(part) for part in parts]
    return renumbered(
        joined([table.take(np.arange(min(n, len(table)))) for n, table in zip(wanted, tables, strict=True)])
    )


def _fitting(person: Person, seed: int, number: int, area: Area, others: Lesions) -> Lesions:
    """What of a stock lies on skin that shows and keeps apart from the lesions of earlier stocks."""
    lesions = stock(person, seed, number)
    if area.size_mm is not None:
        lesions = scattered(lesions, area.size_mm, stream(seed, person.key, number, "patch"))
    lesions = lesions.take(area.fits(lesions))
    return lesions.take(apart(lesions, others))
