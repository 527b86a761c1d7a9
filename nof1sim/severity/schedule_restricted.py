"""Balanced sequences without long runs: how many there are, all of them, and exact uniform draws.

A state is (periods still owed to each arm, arm of the last period, length of its run). Counting the sequences that
complete a state needs only how much the last arm and the others are owed, so it is a small dynamic program in exact
integers. Drawing the next arm with probability proportional to the completions makes every sequence equally likely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..model import Floats


@lru_cache(maxsize=1 << 20)
def _completions(last: int, run: int, others: tuple[int, ...], max_run: int) -> int:
    # `last`: periods still owed to the arm given last; `others`: those owed to the other arms, sorted.
    if not last and not any(others):
        return 1
    total = _completions(last - 1, run + 1, others, max_run) if last and run < max_run else 0
    for owed, arms in Counter(others).items():
        if owed:
            rest = list(others)
            rest.remove(owed)
            total += arms * _completions(owed - 1, 1, tuple(sorted([*rest, last])), max_run)
    return total


def count_restricted(arms: int, cycles: int, max_run: int) -> int:
    """Number of sequences that give each of `arms` arms `cycles` times, at most `max_run` times in a row.

    >>> count_restricted(2, 2, 2), count_restricted(2, 2, 1), count_restricted(2, 4, 8)
    (6, 2, 70)
    """
    return sum(_weights((cycles,) * arms, -1, 0, max_run))


def _weights(owed: tuple[int, ...], last: int, run: int, max_run: int) -> list[int]:
    """Per arm, the number of admissible sequences that go on with it."""
    weights = []
    for arm, left in enumerate(owed):
        here = run + 1 if arm == last else 1
        if left and here <= max_run:
            others = tuple(sorted(owed[:arm] + owed[arm + 1 :]))
            weights.append(_completions(left - 1, here, others, max_run))
        else:
            weights.append(0)
    return weights


def all_restricted(arms: int, cycles: int, max_run: int) -> Iterator[tuple[int, ...]]:
    """Every admissible sequence, as arm numbers, in lexicographic order."""

    def grow(word: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(word) == arms * cycles:
            yield word
            return
        owed = tuple(cycles - word.count(arm) for arm in range(arms))
        last = word[-1] if word else -1
        run = next((i for i, arm in enumerate(reversed(word)) if arm != last), len(word))
        for arm, weight in enumerate(_weights(owed, last, run, max_run)):
            if weight:
                yield from grow((*word, arm))

    return grow(())


def draw_restricted(uniforms: Floats, arms: int, cycles: int, max_run: int) -> NDArray[np.int16]:
    """One sequence per row of `uniforms` (patients, arms * cycles), each admissible one equally likely.

    Returns (patients, arms * cycles) arm numbers. Patients in the same state share the calculation.
    """
    patients = uniforms.shape[0]
    letters = np.empty(uniforms.shape, np.int16)
    state = np.full((patients, arms + 2), cycles, np.int64)  # owed to each arm; last arm; its run
    state[:, arms], state[:, arms + 1] = -1, 0
    for period in range(uniforms.shape[1]):
        states, group = np.unique(state, axis=0, return_inverse=True)
        group = group.reshape(patients)
        bounds = np.empty((len(states), arms))
        for i, (*owed, last, run) in enumerate(states.tolist()):
            weights = _weights(tuple(owed), last, run, max_run)
            whole, reached = sum(weights), 0
            for arm, weight in enumerate(weights):
                reached += weight
                bounds[i, arm] = reached / whole
        arm = (uniforms[:, period, None] >= bounds[group]).sum(axis=1)
        letters[:, period] = arm
        state[np.arange(patients), arm] -= 1
        state[:, arms + 1] = np.where(arm == state[:, arms], state[:, arms + 1] + 1, 1)
        state[:, arms] = arm
    return letters
