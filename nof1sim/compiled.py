"""numba kernels whose cache on disk notices a change in any file that they are made from.

numba's own cache looks at the file of a function alone, so a kernel would keep an old copy of a function (or a
constant) that it takes from another file. A digest of all sources goes into the cached function's name instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

Decorator = Callable[[Callable[..., Any]], Any]


def digest_of(*sources: str | Path) -> str:
    """Twelve hexadecimal digits of Python files, this one among them; of a folder, all those in and below it."""
    files = [Path(__file__)]  # how it has kernels compiled is part of them
    for source in map(Path, sources):
        files += sorted(source.rglob("*.py")) if source.is_dir() else [source]
    return hashlib.blake2b(b"".join(path.read_bytes() for path in files), digest_size=6).hexdigest()


def is_cached(kernel: Any) -> bool:
    """Whether a kernel was compiled on this machine before, as its cache tells; True where it has no cache."""
    folder = getattr(getattr(kernel, "stats", None), "cache_path", None)
    return folder is None or any(Path(folder).glob(f"*.{kernel.py_func.__qualname__}-*.nbi"))


def njit_named(digest: str, **defaults: Any) -> Callable[..., Decorator]:
    """A decorator like `numba.njit(cache=True, **defaults)` for functions made from the sources of a digest.

    Where no folder can be written, a function is compiled anew in each process. Functions that kernels call become part
    of them (`forceinline`): a call would go to another copy of the function, whose last digits may be others, in the
    process that compiles than in those that load from the cache.
    """

    def njit(**options: Any) -> Decorator:
        def compiled(function: Callable[..., Any]) -> Any:
            function.__qualname__ = f"{function.__qualname__}_{digest}"
            compile_with: Callable[..., Any] = numba.njit
            wanted = {"forceinline": True} | defaults | options
            try:
                return compile_with(cache=True, **wanted)(function)
            except RuntimeError:  # numba: "no locator available"
                return compile_with(**wanted)(function)

        return compiled

    return njit
