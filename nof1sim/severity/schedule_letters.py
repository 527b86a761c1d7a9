"""Which arm each patient gets in each treatment period: one function per design, in the table `DESIGNS`.

Letters are (patients, periods) arm numbers (0 = A, 1 = B ...), NO_ARM for a period without treatment. A design that
is drawn per patient asks `stream(seed, key, "schedule")`, one that is drawn per block of patients
`stream(seed, "design", block)`; so any range of patients can be asked for alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..model import NO_ARM, Floats, patient_key
from ..protocol import NO_TREATMENT, Protocol
from ..randomness import stream
from .schedule_restricted import draw_restricted

Letters = NDArray[np.int16]


def letters_of(protocol: Protocol, first: int, count: int) -> Letters:
    """The drawn (factual) letters of patients of rank `first` .. `first + count - 1`; (count, periods)."""
    return DESIGNS[protocol.design.sequence](protocol, first, count)


def williams(arms: int) -> Letters:
    """Rows of a Williams design: every arm once in each row, and each arm follows each other one equally often.

    `arms` rows for an even number, twice as many for an odd one (Williams 1949, Aust J Sci Res A 2:149-168).

    >>> williams(4).tolist()
    [[0, 1, 3, 2], [1, 2, 0, 3], [2, 3, 1, 0], [3, 0, 2, 1]]
    """
    start = [(i + 1) // 2 if i % 2 else (arms - i // 2) % arms for i in range(arms)]
    rows = (np.array(start)[None, :] + np.arange(arms)[:, None]) % arms
    return (rows if arms % 2 == 0 or arms == 1 else np.vstack([rows, rows[:, ::-1]])).astype(np.int16)


def thue_morse(periods: int) -> Letters:
    """A B B A B A A B ...: a linear trend cancels over every four periods. (periods,)"""
    return np.array([period.bit_count() % 2 for period in range(periods)], np.int16)


def _same_for_all(word: Letters, count: int) -> Letters:
    return np.tile(word, (count, 1))


def _abab(protocol: Protocol, first: int, count: int) -> Letters:
    return _same_for_all(np.tile(np.array([0, 1], np.int16), protocol.design.cycles), count)


def _baba(protocol: Protocol, first: int, count: int) -> Letters:
    return 1 - _abab(protocol, first, count)


def _thue_morse(protocol: Protocol, first: int, count: int) -> Letters:
    return _same_for_all(thue_morse(protocol.design.periods), count)


def _uniforms(protocol: Protocol, first: int, count: int, numbers: int) -> Floats:
    """`numbers` uniforms of each patient, in an order that a longer trial extends; (count, numbers)."""
    drawn = np.empty((count, numbers))
    for i in range(count):
        stream(protocol.seed, patient_key(first + i), "schedule").random(out=drawn[i])
    return drawn


def _randomized_pairs(protocol: Protocol, first: int, count: int) -> Letters:
    lead = (_uniforms(protocol, first, count, protocol.design.cycles) >= 0.5).astype(np.int16)
    return np.stack([lead, 1 - lead], axis=2).reshape(count, lead.shape[1] * 2)


def _restricted(protocol: Protocol, first: int, count: int) -> Letters:
    design = protocol.design
    uniforms = _uniforms(protocol, first, count, design.periods)
    return draw_restricted(uniforms, len(design.arms), design.cycles, design.max_run)


def _by_block(protocol: Protocol, first: int, count: int, size: int, rows: Callable[[int], Letters]) -> Letters:
    """Rows for patients in blocks of `size` by rank, repeated over the cycles; `rows(block)` is (size, arms)."""
    blocks = range(first // size, (first + count - 1) // size + 1) if count else range(0)
    made = [rows(block) for block in blocks] or [np.empty((0, len(protocol.design.arms)), np.int16)]
    skip = first % size
    return np.tile(np.concatenate(made)[skip : skip + count], (1, protocol.design.cycles))


def _counterbalanced(protocol: Protocol, first: int, count: int) -> Letters:
    square = williams(len(protocol.design.arms))
    return _by_block(
        protocol, first, count, len(square), lambda b: stream(protocol.seed, "design", b).permutation(square)
    )


def _latin_square(protocol: Protocol, first: int, count: int) -> Letters:
    arms = len(protocol.design.arms)
    cyclic = (np.arange(arms)[:, None] + np.arange(arms)) % arms

    def rows(block: int) -> Letters:
        rng = stream(protocol.seed, "design", block)
        symbols, columns = rng.permutation(arms), rng.permutation(arms)
        return symbols[cyclic[rng.permutation(arms)][:, columns]].astype(np.int16)

    return _by_block(protocol, first, count, arms, rows)


def _custom(protocol: Protocol, first: int, count: int) -> Letters:
    words = np.array([[_code(letter) for letter in word] for word in protocol.design.words], np.int16)
    return words[np.arange(first, first + count) % len(words)]


def _code(letter: str) -> int:
    return NO_ARM if letter == NO_TREATMENT else ord(letter) - ord("A")


DESIGNS: dict[str, Callable[[Protocol, int, int], Letters]] = {
    "abab": _abab,
    "baba": _baba,
    "thue_morse": _thue_morse,
    "randomized_pairs": _randomized_pairs,
    "counterbalanced": _counterbalanced,
    "restricted": _restricted,
    "latin_square": _latin_square,
    "custom": _custom,
}
