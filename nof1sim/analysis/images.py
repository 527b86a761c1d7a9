"""The photographs of a study as one array, and who and when each was taken of."""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..errors import AnalysisError, Fault

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Loaded = Callable[[int, int], None]
"""Called with (pictures done, pictures in all)."""

IN_MEMORY_BYTES = 400_000_000
"""Above this the pixels lie in a temporary file (deleted with the array), so that memory stays bounded."""
THREADS = 2
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Shots:
    """n photographs with what an analysis may know of them; sorted as the caller likes, everything in one order.

    who : (n,) index of the patient, 0-based.  day : (n,) of the study.  occasion : (n,) within the day, from 1.
    period : (n,) of the design.  baseline : (n,) whether the day lies before any active treatment.
    pixels : (n, h, w, 3) uint8, sRGB, at the working size; may be a memory map.
    """

    who: Ints
    day: Ints
    occasion: Ints
    period: Ints
    baseline: Bools
    pixels: Pixels

    def __len__(self) -> int:
        return self.who.size

    @property
    def patients(self) -> int:
        """How many patients there are, counting those without a picture below the last one."""
        return int(self.who.max(initial=-1)) + 1

    @property
    def size_px(self) -> int:
        return self.pixels.shape[1]


def batches(n: int, size: int = 128) -> Iterator[slice]:
    """0..n in slices of at most `size`."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


@dataclass(frozen=True, slots=True)
class _Decoded:
    pixels: Pixels | None
    shape: tuple[int, ...] = ()
    grey: bool = False
    fault: str = ""


def load(
    read: Callable[[str], bytes], names: Sequence[str], size_px: int, progress: Loaded | None = None
) -> NDArray[np.uint8]:
    """Decode and shrink pictures; equal bytes give equal pixels, whatever the number of threads.

    Each is turned as its EXIF orientation says and squeezed to a square. A JPEG is decoded at the smallest of 1, 1/2,
    1/4 or 1/8 that is still large enough (libjpeg's scaled inverse DCT: at 1/8 the mean of each 8 x 8 block). The rest
    is an area mean (Pillow's BOX) where the ratio is whole, Lanczos elsewhere.

    Parameters
    ----------
    read : name -> bytes of an image file.
    size_px : side of the result.

    Returns
    -------
    (n, size_px, size_px, 3) uint8, sRGB; a memory map beyond `IN_MEMORY_BYTES`.

    Raises
    ------
    AnalysisError
        No picture at all; pictures that cannot be read; of several sizes; grey among colour. All that is wrong at once.
    """
    if not names:
        raise AnalysisError(
            str(Fault("images", "none", "at least one picture", "Check the image column of the table."))
        )
    pixels = _room((len(names), size_px, size_px, 3))
    found: list[_Decoded] = []
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = iter(names)
        # A few at a time: `map` over all names would read ahead of the reader and hold every picture in memory.
        while part := list(islice(waiting, 64)):
            for name, one in zip(part, pool.map(lambda name: _decoded(read, name, size_px), part), strict=True):
                if one.pixels is not None:
                    pixels[len(found)] = one.pixels
                found.append(_Decoded(None, one.shape, one.grey, f"{name} ({one.fault})" if one.fault else ""))
            if progress:
                progress(len(found), len(names))
    _refuse_mixture(names, found)
    return pixels


def _room(shape: Any) -> Pixels:
    if int(np.prod(shape)) <= IN_MEMORY_BYTES:
        return np.zeros(shape, np.uint8)
    return np.memmap(tempfile.TemporaryFile(), np.uint8, "w+", shape=shape)


def _decoded(read: Callable[[str], bytes], name: str, size_px: int) -> _Decoded:
    try:
        image = Image.open(io.BytesIO(read(name)))
        full = image.size
        image.draft(image.mode, (size_px, size_px))
        turned = ImageOps.exif_transpose(image)
        if image.getexif().get(_ORIENTATION, 1) >= _ON_ITS_SIDE:
            full = full[::-1]
        small = _shrunk(turned.convert("RGB"), size_px)
    except Exception as error:  # whatever a broken file or a user's reader throws: the letter lists them all
        return _Decoded(None, fault=f"{type(error).__name__}: {error}")
    array = np.asarray(small)
    grey = bool((array[..., 0] == array[..., 1]).all() and (array[..., 1] == array[..., 2]).all())
    return _Decoded(array, full, grey)


_ORIENTATION, _ON_ITS_SIDE = 0x0112, 5  # EXIF tag; from this value on width and height are swapped


def _shrunk(image: Image.Image, size_px: int) -> Image.Image:
    width, height = image.size
    whole = width % size_px == 0 and height % size_px == 0
    return image.resize((size_px, size_px), Image.Resampling.BOX if whole else Image.Resampling.LANCZOS)


def _refuse_mixture(names: Sequence[str], found: Sequence[_Decoded]) -> None:
    faults = []
    if bad := [one.fault for one in found if one.fault]:
        advice = f"Copy them again or remove their names: {_some(bad)}."
        faults.append(Fault("images", f"{len(bad)} that cannot be read", "readable picture files", advice))
    good = [(name, one) for name, one in zip(names, found, strict=True) if not one.fault]
    shapes = Counter(one.shape for _, one in good)
    if len(shapes) > 1:
        usual = max(shapes, key=lambda shape: shapes[shape])
        odd = [f"{name} ({one.shape[0]} x {one.shape[1]})" for name, one in good if one.shape != usual]
        advice = f"{shapes[usual]} have {usual[0]} x {usual[1]} px. Bring all to one size and crop: {_some(odd)}."
        faults.append(Fault("images", f"{len(shapes)} sizes", "pictures of one width and height", advice))
    grey = [name for name, one in good if one.grey]
    if grey and len(grey) < len(good):
        advice = f"Analyse one kind at a time. Grey: {_some(grey)}."
        faults.append(Fault("images", f"{len(grey)} of {len(good)} grey", "all in colour, or all grey", advice))
    if faults:
        raise AnalysisError("\n".join(str(fault) for fault in faults))


def _some(items: Sequence[str]) -> str:
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more} more" if more > 0 else "")
