"""Randomness by address: the only file that makes a generator.

A stream belongs to *who, when, what for*, never to its place in a queue. So drawing one patient more,
one day more or one picture alone moves no other number.
"""

from __future__ import annotations

import hashlib
import operator
from functools import lru_cache

from numpy.random import Generator, Philox, SeedSequence


@lru_cache(maxsize=4096)
def _words(label: str | int) -> tuple[int, int]:
    # The kind is hashed along with the text: 1 and "1" are different labels, 1 and numpy's 1 are the same.
    text = f"str:{label}".encode() if isinstance(label, str) else f"int:{operator.index(label)}".encode()
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def stream(seed: int, *address: str | int) -> Generator:
    """The generator that belongs to an address.

    Parameters
    ----------
    seed : int
        The protocol's seed, any integer >= 0 (0 is a valid seed).
    address : str or int
        Who, when, what for: ``stream(0, "P007", 12, "front", "camera")``. Labels are hashed (blake2b, 64 bits),
        never enumerated.

    Returns
    -------
    numpy.random.Generator
        A Philox counter-based generator (Salmon et al. 2011) seeded through `numpy.random.SeedSequence`.

    >>> bool(stream(0, "P001", "severity").random() == stream(0, "P001", "severity").random())
    True
    """
    key = tuple(word for label in address for word in _words(label))
    return Generator(Philox(SeedSequence(seed, spawn_key=key)))


def key64(seed: int, *address: str | int) -> int:
    """A 64-bit key of an address, for counter-based hashes inside compiled kernels."""
    return int(stream(seed, *address).integers(0, 2**63))
