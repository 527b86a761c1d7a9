"""The photographs of examples as one array, each decoded and cropped once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..dataset.images import decode
from ..errors import DatasetError, InputError, Nof1simError
from ..render.portrait.landmarks import LandmarkReader
from .crop import Crop, framed, photographed
from .examples import Examples

Pixels = NDArray[np.uint8]
Told = Callable[[int, int, str], None]
"""Called with (done, in all, what is being done)."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """examples: those whose photographs could be read; pixels (n, views, size, size, 3) uint8; crops: how many faces
    were found in which way; faults: of the photographs that could not be read; digest: of the pixels."""

    examples: Examples
    pixels: Pixels
    crops: dict[str, int]
    faults: tuple[str, ...] = ()

    def keys(self) -> list[str]:
        """A digest of each example's pixels, by which it is known again."""
        return [hashlib.blake2b(np.ascontiguousarray(one).tobytes(), digest_size=12).hexdigest() for one in self.pixels]

    def digest(self) -> str:
        """SHA-256 of all pixels."""
        return hashlib.sha256("".join(self.keys()).encode()).hexdigest()


def load_pictures(
    examples: Examples, size_px: int, reader: LandmarkReader | None = None, told: Told | None = None
) -> Pictures:
    """Every example's photographs at (size_px, size_px). Memory: 3 size^2 bytes a photograph.

    Photographs of the user's that cannot be read are left out and listed; a dataset's damaged file is a DatasetError.

    Raises
    ------
    InputError
        No photograph could be read.
    """
    kept: list[int] = []
    found: list[list[Pixels]] = []
    how: Counter[str] = Counter()
    faults: list[str] = []
    for row, item in enumerate(examples.items):
        try:
            crops = [_crop(examples, path, size_px, reader) for path in item.paths]
        except DatasetError:
            raise
        except Nof1simError as error:
            faults.append(_letter(item.name, str(error)))
            continue
        kept.append(row)
        found.append([crop.pixels for crop in crops])
        how.update(crop.how for crop in crops)
        if told and (row % 16 == 15 or row + 1 == len(examples)):
            told(row + 1, len(examples), f"Reading photographs at {size_px} px")
    if not kept:
        listed = "\n".join(f"  {fault}" for fault in faults[:10])
        raise InputError(f"{examples.source}: none of {len(examples)} photographs can be read.\n{listed}")
    return Pictures(examples.take(kept), np.array(found, np.uint8), dict(how), tuple(faults))


def _letter(name: str, text: str) -> str:
    """What is wrong with a photograph, told once, with its path in the folder in front."""
    where, colon, rest = text.partition(": ")
    return f"{name}: {rest}" if colon and Path(where).name == Path(name).name else f"{name}: {text}"


def _crop(examples: Examples, path: str, size_px: int, reader: LandmarkReader | None) -> Crop:
    if examples.folder is None:
        return framed(decode(examples.read(path)), size_px)
    return photographed(examples.folder / path, size_px, reader)
