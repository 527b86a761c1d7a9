"""A share of the work: `i/n`."""

from __future__ import annotations

import re

from ..errors import DatasetError

ALL = "0/1"
"""The share that is everything."""


def parse_share(share: str) -> tuple[int, int]:
    """`"3/64"` as (3, 64).

    Raises
    ------
    DatasetError
        Not `i/n` with 0 <= i < n.
    """
    found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", share)
    if not found or not int(found[1]) < int(found[2]):
        raise DatasetError(f"--shard: got {share!r}; allowed: i/n with 0 <= i < n. The first of 8 shares is 0/8.")
    return int(found[1]), int(found[2])
