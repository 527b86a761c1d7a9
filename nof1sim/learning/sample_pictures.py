"""The pictures of rows, decoded once to a square of one size; whatever would spoil a training is refused, counted."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..errors import Fault, InputError, Nof1simError
from ..render.portrait.photograph import BROKEN, MODES
from .sample_rows import Listed

Pixels = NDArray[np.uint8]
Told = Callable[[int, int, str], None]
"""Called with (done, in all, what is being done)."""
SIZES_PX = (8, 1024)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Pictures:
    """pixels (n, s, s, 3) uint8; sha256: of each file's bytes; notes: how they were cut."""

    pixels: Pixels
    sha256: tuple[str, ...]
    notes: tuple[str, ...]


def load_pictures(listed: Listed, size_px: int, *, resize: bool = False, told: Told | None = None) -> Pictures:
    """Every picture's central square at (size_px, size_px): box-filtered down, or bicubic up with `resize`.

    Raises
    ------
    InputError
        Files that cannot be read, modes other than RGB, and, without `resize`, more than one size or pictures smaller
        than asked; each letter counts and names some.
    """
    if not SIZES_PX[0] <= size_px <= SIZES_PX[1]:
        raise InputError(str(Fault("--size", size_px, f"{SIZES_PX[0]} to {SIZES_PX[1]} px")))
    total = len(listed.rows)
    pixels = np.empty((total, size_px, size_px, 3), np.uint8)
    digests, modes, sizes, broken = [], list[str](), list[tuple[int, int]](), list[str]()
    for row, one in enumerate(listed.rows):
        try:
            data = listed.read(one.name)
            mode, size, square = _opened(data, size_px)
        except (*BROKEN, Nof1simError) as error:
            broken.append(f"{one.name} ({_first(error)})")
            continue
        digests.append(hashlib.sha256(data).hexdigest())
        modes.append(mode)
        sizes.append(size)
        pixels[row] = square
        if told and (row % 32 == 31 or row + 1 == total):
            told(row + 1, total, f"Reading pictures at {size_px} px")
    if broken:
        advice = "Copy them again, or take them out of the table: " + "; ".join(broken[:SHOWN])
        raise InputError(str(Fault(listed.source, f"{len(broken)} of {total} files", "pictures that open", advice)))
    _check_modes(listed, modes)
    return Pictures(pixels, tuple(digests), _check_sizes(listed, sizes, size_px, resize))


def _opened(data: bytes, size_px: int) -> tuple[str, tuple[int, int], Pixels]:
    """Mode, (width, height) upright, and the central square (size_px, size_px, 3) of a picture file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata
        with Image.open(io.BytesIO(data)) as image:
            mode = image.mode
            upright = ImageOps.exif_transpose(image)
            upright.load()
    return mode, upright.size, squared(upright.convert("RGB"), size_px)


def squared(image: Image.Image, size_px: int) -> Pixels:
    """The central square of an RGB image, box-filtered down or bicubic up; at its own size the same bytes."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return resized(np.asarray(square), size_px)


def resized(pixels: Pixels, size_px: int) -> Pixels:
    """A square picture (h, h, 3) at another size: means of pixels where it shrinks, bicubic where it grows."""
    if pixels.shape[0] == size_px:
        return np.array(pixels)
    how = Image.Resampling.BOX if size_px < pixels.shape[0] else Image.Resampling.BICUBIC
    return np.array(Image.fromarray(pixels).resize((size_px, size_px), how))


def _check_modes(listed: Listed, modes: Sequence[str]) -> None:
    others = Counter(mode for mode in modes if mode != "RGB")
    if not others:
        return
    named = ", ".join(f"{n} {_called(mode)}" for mode, n in others.most_common())
    first = next(row.name for row, mode in zip(listed.rows, modes, strict=True) if mode != "RGB")
    given = f"{named}; {len(modes) - others.total()} RGB (first: {first})"
    advice = "Convert them, or take them out: a model would learn the difference of files, not of skin."
    raise InputError(str(Fault(listed.source, given, "pictures in RGB, 8 bits a channel", advice)))


def _called(mode: str) -> str:
    return {"RGBA": "with transparency (RGBA)", "P": "with a palette (P)"}.get(mode, f"{MODES.get(mode, '')} ({mode})")


def _check_sizes(listed: Listed, sizes: Sequence[tuple[int, int]], size_px: int, resize: bool) -> tuple[str, ...]:
    """Notes on how the pictures were cut; an InputError for what needs `resize`."""
    found = Counter(sizes)
    named = ", ".join(f"{n} of {w} x {h} px" for (w, h), n in found.most_common(SHOWN))
    named += f" and {len(found) - SHOWN} more sizes" if len(found) > SHOWN else ""
    advice = "With --resize each one's central square is brought to --size; or bring them to one size yourself."
    if len(found) > 1 and not resize:
        raise InputError(str(Fault(listed.source, named, "pictures of one size", advice)))
    small = min(min(size) for size in found)
    if small < size_px and not resize:
        allowed = f"pictures of at least {size_px} px (--size)"
        raise InputError(str(Fault(listed.source, named, allowed, f"Ask for --size {small} or less. {advice}")))
    oblong = sum(n for (width, height), n in found.items() if width != height)
    return (f"Of {oblong} pictures that are not square the central square is used.",) if oblong else ()


def _first(error: BaseException) -> str:
    said = str(error).partition(" <_io.")[0]  # Pillow names the object in memory
    return (said.strip().splitlines() or [type(error).__name__])[0][:80]
