"""`compiled`: numba's njit with a cache that notices a change in any file of this package.

numba's own cache looks at the file of a function alone, so a kernel would keep an old copy of a function (or a
constant) that it takes from another file. The digest of all sources goes into the cached function's name instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from nof1sim import model


def _digest() -> str:
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(model.__file__)]
    return hashlib.blake2b(b"".join(path.read_bytes() for path in files), digest_size=6).hexdigest()


DIGEST = _digest()


def compiled(function: Callable[..., Any]) -> Any:
    """njit, cached on disk; no fastmath, not parallel, so results repeat bit by bit on one kind of processor.

    Where no folder can be written, the function is compiled anew in each process.
    """
    function.__qualname__ = f"{function.__qualname__}_{DIGEST}"
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # numba: "no locator available"
        return njit(function)
