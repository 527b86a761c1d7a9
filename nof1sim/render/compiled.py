"""`njit`: numba's, with a cache on disk that notices a change in any file of this package.

numba's own cache looks at the file of a function alone, so a kernel would keep an old copy of a function (or a
constant) that it takes from another file. The digest of all sources goes into the cached function's name instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def digest_of(folder: Path) -> str:
    """Twelve hexadecimal digits of all Python sources under a folder."""
    files = sorted(folder.rglob("*.py"))
    return hashlib.blake2b(b"".join(path.read_bytes() for path in files), digest_size=6).hexdigest()


DIGEST = digest_of(Path(__file__).parent)


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator like numba.njit with options. Where no folder can be written, nothing is cached."""

    def compiled(function: Callable[..., Any]) -> Any:
        function.__qualname__ = f"{function.__qualname__}_{DIGEST}"
        compile_with: Callable[..., Any] = numba.njit
        try:
            return compile_with(**options)(function)
        except RuntimeError:  # numba: "no locator available"
            return compile_with(**{**options, "cache": False})(function)

    return compiled
