"""Quotas in permuted blocks: a patient's class depends on the patient's rank alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ..model import Ints
from ..randomness import stream
from .draws import groups

LARGEST_BLOCK = 100

BLOCKS = 16
"""Blocks that share a stream."""


def block_counts(weights: Mapping[str, float]) -> list[int]:
    """How often each class stands in a block: the smallest block of at most 100 that holds the weights exactly.

    Where none does, a block of 100 by largest remainders.

    >>> block_counts({"F": 2.0, "M": 1.0}), block_counts({"F": 0.55, "M": 0.45})
    ([2, 1], [11, 9])
    """
    shares = np.array(list(weights.values()), dtype=float)
    shares /= shares.sum()
    for size in range(1, LARGEST_BLOCK + 1):
        counts = np.rint(shares * size)
        if np.allclose(counts, shares * size, rtol=0.0, atol=1e-9):
            return [int(count) for count in counts]
    counts = np.floor(shares * LARGEST_BLOCK)
    most_left = np.argsort(counts - shares * LARGEST_BLOCK, kind="stable")
    counts[most_left[: LARGEST_BLOCK - int(counts.sum())]] += 1
    return [int(count) for count in counts]


def quota_classes(seed: int, what: str, weights: Mapping[str, float], first: int, count: int) -> Ints:
    """Class (index into `weights`) of the patients of rank first .. first + count - 1, (count,).

    Every block of ranks holds the quotas exactly, in an order drawn at ("cohort", what, number of the block // BLOCKS):
    one more patient changes nobody, and any range of ranks can be asked for alone.
    """
    named = tuple(weights.items())
    numbers, skip = groups(first, count, _block(named).size * BLOCKS)
    drawn = [_drawn(seed, what, named, number) for number in numbers]
    return np.concatenate([*drawn, np.empty(0, dtype=np.int64)])[skip : skip + count].astype(np.int64)


@lru_cache(maxsize=64)
def _block(named: tuple[tuple[str, float], ...]) -> Ints:
    """The classes of a block, in order."""
    return np.repeat(np.arange(len(named)), block_counts(dict(named)))


@lru_cache(maxsize=64)
def _drawn(seed: int, what: str, named: tuple[tuple[str, float], ...], number: int) -> Ints:
    """The classes of the BLOCKS blocks that share a stream: who asks for a few ranks mostly asks for the next ones."""
    table = np.tile(_block(named), (BLOCKS, 1))
    return stream(seed, "cohort", what, number).permuted(table, axis=1).ravel()
