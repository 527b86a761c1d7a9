"""Patients into parts, for training and testing. By patient and never by image: two days of one face are nearly one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..errors import InputError
from ..randomness import stream

TOLERANCE = 1e-9
"""By how much shares may miss 1: .7 + .2 + .1 is not quite 1 in binary."""


def split_patients(ids_count: int, shares: Mapping[str, float], seed: int = 0) -> dict[str, tuple[int, ...]]:
    """Deal patients into parts.

    Parameters
    ----------
    ids_count : how many patients there are.
    shares : name of a part -> its share of the patients ("train": .8, "test": .2), above 0. They add up to at most 1;
        with less, the rest of the patients is in no part.
    seed : which patients fall into which part.

    Returns
    -------
    Name of the part -> ranks (0-based) of its patients, ascending; at least one each, none in two parts.

    Raises
    ------
    InputError
        No part, a share that is none, shares that add up to more than 1, or more parts than patients.

    Examples
    --------
    >>> split_patients(5, {"train": 0.8, "test": 0.2}, seed=0)
    {'train': (0, 2, 3, 4), 'test': (1,)}
    """
    _check(ids_count, shares, seed)
    order = stream(seed, "split").permutation(ids_count).tolist()
    parts: dict[str, tuple[int, ...]] = {}
    start = 0
    for name, size in _sizes(ids_count, shares).items():
        parts[name] = tuple(sorted(order[start : start + size]))
        start += size
    return parts


def _check(ids_count: int, shares: Mapping[str, float], seed: int) -> None:
    allowed = "shares above 0 that add up to at most 1, such as train=.8,test=.2"
    given = ", ".join(f"{name}={share}" for name, share in shares.items())
    if not shares:
        raise InputError(f"split: got no part; allowed: {allowed}.")
    for name, share in shares.items():
        if not name or not 0 < share <= 1:
            raise InputError(f"split.{name}: got {share!r}; allowed: {allowed}.")
    if math.fsum(shares.values()) > 1 + TOLERANCE:
        raise InputError(f"split: got {given}, which add up to more than 1; allowed: {allowed}.")
    if len(shares) > ids_count:
        raise InputError(
            f"split: got {len(shares)} parts ({given}) of {ids_count} patient{'s' if ids_count != 1 else ''}; allowed: "
            "at most as many parts as patients, for nobody is divided. Ask for fewer parts, or simulate more patients."
        )
    if seed < 0:
        raise InputError(f"split seed: got {seed!r}; allowed: an integer of 0 or more.")


def _sizes(ids_count: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Patients of each part: rounded down, one more for the largest remainders; an empty one takes from the largest."""
    exact = {name: share * ids_count for name, share in shares.items()}
    sizes = {name: math.floor(size + TOLERANCE) for name, size in exact.items()}
    total = min(ids_count, math.floor(math.fsum(exact.values()) + 0.5))
    for name in sorted(exact, key=lambda name: sizes[name] - exact[name])[: total - sum(sizes.values())]:
        sizes[name] += 1
    left = ids_count - sum(sizes.values())
    for name in [name for name, size in sizes.items() if size == 0]:
        sizes[name] = 1
        if left:
            left -= 1
        else:
            sizes[max(sizes, key=lambda name: sizes[name])] -= 1
    return sizes
