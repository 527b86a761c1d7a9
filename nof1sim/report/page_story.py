"""What a course shows at a glance: the worst and the best week, and the day on which it got better. No statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..model import Floats

WINDOW_DAYS = 7
"""How many days before and after a day are compared."""
LEAST_DAYS = 4
"""So many of them must have a score on either side."""
NEARLY, NEAR_DAYS = 0.75, 3
"""Of several falls of at least this share of the largest, the first counts; a fall is the top of its days around."""
LEAST_CHANGE = 0.15
"""Share of the scale by which the mean must fall to be told as getting better."""


@dataclass(frozen=True, slots=True)
class Story:
    """Days count from 1.

    worst, best : middle of the week with the highest and the lowest mean score.  better : the first day of a large
    and lasting fall, or None where nothing fell by `LEAST_CHANGE`; before, after : means of `WINDOW_DAYS` days each.
    """

    worst: int
    best: int
    better: int | None
    before: float
    after: float


def story_of(score: Floats, scale: tuple[float, float]) -> Story | None:
    """The story of a patient's recorded scores (days,), NaN where missing; None where there are hardly any.

    >>> import numpy as np
    >>> story_of(np.r_[np.full(20, 3.0), np.full(20, 1.0)], (0, 3)).better
    21
    """
    known = np.isfinite(score)
    if known.sum() < 2 * LEAST_DAYS:
        return None
    week = _means(score, known, 3)
    fall, day = _fall(score, known)
    low, high = scale
    told = fall >= LEAST_CHANGE * (high - low)
    return Story(
        worst=int(np.nanargmax(week)) + 1,
        best=int(np.nanargmin(week)) + 1,
        better=day + 1 if told else None,
        before=float(np.nanmean(score[max(0, day - WINDOW_DAYS) : day])) if told else float("nan"),
        after=float(np.nanmean(score[day : day + WINDOW_DAYS])) if told else float("nan"),
    )


def words_of(story: Story, treatments: Sequence[str], digits: int = 1) -> str:
    """The story as a sentence or two. `treatments` (days,): the label of each day."""
    if story.better is None:
        return "No clear and lasting improvement."
    label = treatments[story.better - 1]
    first = next(i for i in range(story.better - 1, -1, -1) if i == 0 or treatments[i - 1] != label) + 1
    days = story.better - first
    into = f"{days} days into {label}" if days > 1 else f"as {label} began"
    return (
        f"Got better around day {story.better}, {into}: "
        f"from about {story.before:.{digits}f} to about {story.after:.{digits}f}."
    )


def _means(score: Floats, known: np.ndarray, reach: int) -> Floats:
    """Centred means over 2 reach + 1 days; NaN where fewer than half of them (and at least one) are known."""
    ones = np.ones(2 * reach + 1)
    total = np.convolve(np.where(known, score, 0.0), ones, "same")
    count = np.convolve(known.astype(float), ones, "same")
    return np.where(known & (count > 0), total / np.maximum(count, 1), np.nan)


def _fall(score: Floats, known: np.ndarray) -> tuple[float, int]:
    """The fall of the mean from the days before to the days from a day on, and that day (0-based).

    The first day of those that fall by nearly as much as the largest and by more than the days around them: where it
    began, when it got better in several steps.
    """
    total = np.r_[0.0, np.cumsum(np.where(known, score, 0.0))]
    count = np.r_[0, np.cumsum(known)]
    day = np.arange(score.size)
    a, b = np.maximum(0, day - WINDOW_DAYS), np.minimum(score.size, day + WINDOW_DAYS)
    n, m = count[day] - count[a], count[b] - count[day]
    enough = (n >= LEAST_DAYS) & (m >= LEAST_DAYS)
    means = (total[day] - total[a]) / np.maximum(n, 1), (total[b] - total[day]) / np.maximum(m, 1)
    fall = np.where(enough, np.round(means[0] - means[1], 9), -np.inf)
    around = np.array([fall[max(0, d - NEAR_DAYS) : d + NEAR_DAYS + 1].max(initial=-np.inf) for d in day])
    tops = np.flatnonzero((fall >= around) & (fall >= NEARLY * fall.max()) & enough)
    return (float(fall[tops[0]]), int(tops[0])) if tops.size else (-np.inf, 0)
