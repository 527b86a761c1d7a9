"""Versions of packages: above all those that the bytes of a dataset depend on, which a dataset pins."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from . import __version__

PACKAGES = ("numpy", "scipy", "numba", "pillow", "polars")
"""What the bytes of a dataset depend on, beside nof1sim and Python."""


def versions() -> dict[str, str]:
    """The versions for which the same protocol gives the same bytes."""
    own = {"nof1sim": __version__, "python": ".".join(platform.python_version_tuple()[:2])}
    return own | versions_of(PACKAGES)


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """The versions of some packages; those that are not installed are left out."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """What differs, as `numpy 2.0.0 (here 2.1.0), ...`; empty if nothing does."""
    names = sorted({*there, *here})
    return ", ".join(f"{n} {there.get(n)} (here {here.get(n)})" for n in names if there.get(n) != here.get(n))
