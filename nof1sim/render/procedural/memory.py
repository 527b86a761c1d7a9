"""Memory that was freed, back to the system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], int] | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def return_memory() -> None:
    """Give the memory that building a plate took back to the system: glibc keeps it otherwise, in pieces."""
    trim = _trim()
    if trim is not None:
        trim(0)
