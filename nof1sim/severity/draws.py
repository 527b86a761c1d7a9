"""How a patient's random numbers are asked for.

A stream costs about 15 microseconds, much more than the numbers it gives, so there are two kinds of it:

- `by_rank`: a few numbers per person. Patients whose ranks fall into the same group share a stream, which always gives
  the whole group's table: a patient's numbers depend on the seed, the address and the rank alone.
- `by_day`: many numbers per person. One stream per patient and purpose, day by day (a longer trial keeps its first
  days) in columns that are always all drawn, used or not (switching an option on moves nothing).

Distributions are made from them afterwards, for all patients at once, by inversion, which uses up one number each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from ..model import Floats
from ..protocol.severity import Baseline
from ..randomness import stream

GROUP = 32
"""Ranks that share a stream in `by_rank`."""

CHUNK = 2048
"""Patients whose daily numbers are held at once: bounds the memory of large cohorts."""

Address = Sequence[str | int]


def chunks(patients: int) -> Iterator[slice]:
    """Slices of at most CHUNK patients that cover all."""
    return (slice(first, min(first + CHUNK, patients)) for first in range(0, patients, CHUNK))


def groups(first: int, count: int, size: int) -> tuple[range, int]:
    """Numbers of the groups of `size` ranks that hold first .. first + count - 1, and how many ranks come before.

    >>> groups(30, 5, 32)
    (range(0, 2), 30)
    """
    numbers = range(first // size, -(-(first + count) // size) if count else first // size)
    return numbers, first - numbers.start * size


def by_rank(seed: int, address: Address, first: int, count: int, columns: int) -> Floats:
    """Uniform numbers of the patients of rank first .. first + count - 1, (columns, count).

    The table of group g stands at (*address, g), column by column: further columns leave the earlier ones alone.
    """
    numbers, skip = groups(first, count, GROUP)
    tables = [stream(seed, *address, number).random((columns, GROUP)) for number in numbers]
    return np.concatenate([*tables, np.empty((columns, 0))], axis=1)[:, skip : skip + count]


def by_day(seed: int, keys: Sequence[str], address: Address, shape: tuple[int, ...], normal: bool = True) -> Floats:
    """Standard normal (or uniform) numbers at (key, *address), (patients, *shape); `shape` begins with the days."""
    numbers = np.empty((len(keys), *shape))
    for row, key in zip(numbers, keys, strict=True):
        generator = stream(seed, key, *address)
        _ = generator.standard_normal(out=row) if normal else generator.random(out=row)
    return numbers


def from_baseline(part: Baseline, uniform: Floats) -> Floats:
    """A (log)normal number truncated to [low, high], by inversion: the shape of `uniform`."""
    log = part.distribution == "lognormal"
    centre = float(np.log(part.mean)) if log else part.mean
    if part.sd == 0.0:
        return np.full(uniform.shape, np.clip(part.mean, part.low, part.high))
    below = 0.0 if part.low is None else _share_below(part.low, log, centre, part.sd)
    above = 1.0 if part.high is None else _share_below(part.high, log, centre, part.sd)
    number = centre + part.sd * ndtri(below + uniform * (above - below))
    # Rounding in the tails may step over a limit by a hair.
    return np.clip(np.exp(number) if log else number, part.low, part.high)


def _share_below(limit: float, log: bool, centre: float, sd: float) -> float:
    if log:
        return float(ndtr((np.log(limit) - centre) / sd)) if limit > 0 else 0.0
    return float(ndtr((limit - centre) / sd))
