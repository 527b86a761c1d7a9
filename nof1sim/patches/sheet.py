"""A contact sheet to look at: six skin types down, severities across, each picture beside its outlined mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nof1sim.dataset.images import encode
from nof1sim.dataset.local_files import write_atomically
from nof1sim.errors import Fault, InputError
from nof1sim.model import Drive, Patient
from nof1sim.severity.cohort import FITZPATRICK, ITA_LIMITS_DEG, SEXES

from .plan import DAYS, SEEN_DAY, Job, Style, check_style
from .work import Photographer

SEVERITIES = (0.0, 0.75, 1.5, 2.25, 3.0)
CELL_PX, GAP_PX = 128, 4
OUTLINE = (60, 220, 255)


def write_sheet(path: Path, style: Style) -> None:
    """Draw the sheet into a PNG file.

    Raises
    ------
    InputError
        No PNG file, or one that cannot be written.
    UnknownNameError
        Nothing answers to the condition's name.
    """
    check_style(style)
    if path.suffix.lower() != ".png":
        raise InputError(str(Fault("--sheet", path.name, "a file that ends in .png")))
    note = {"kind": "contact sheet of patches of skin", "condition": style.condition, "seed": style.seed}
    data = encode(sheet(style), "png", note=note)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise InputError(
            f"--sheet: {path} cannot be written ({error.strerror}). Give a file in a folder of yours."
        ) from None


def sheet(style: Style) -> NDArray[np.uint8]:
    """The sheet's pixels (h, w, 3)."""
    photographer = Photographer(style)
    rows = []
    for kind, name in enumerate(FITZPATRICK):
        cells = []
        for place, severity in enumerate(SEVERITIES):
            taken = photographer.take(_job(style, kind, name, place, severity))
            cells += [_small(taken.patch.pixels), outlined(taken.patch.pixels, taken.patch.core)]
        rows.append(_joined(cells, 1))
    return _joined(rows, 0)


def outlined(pixels: NDArray[np.uint8], core: NDArray[np.int32]) -> NDArray[np.uint8]:
    """A small copy of a picture with a line round each group of lesions that touch in it."""
    ill = core > 0
    near = np.pad(ill, 1, mode="edge")  # a lesion that goes on beyond the picture has no line along its edge
    inner = ill & near[:-2, 1:-1] & near[2:, 1:-1] & near[1:-1, :-2] & near[1:-1, 2:]
    line = _small(np.repeat((ill & ~inner)[..., None] * np.uint8(255), 3, -1))[..., :1] / np.float32(255)
    line = np.minimum(1.6 * line, 1)
    return np.rint(_small(pixels) * (1 - line) + np.array(OUTLINE) * line).astype(np.uint8)


def _job(style: Style, kind: int, name: str, place: int, severity: float) -> Job:
    number = kind * len(SEVERITIES) + place
    low, high = ITA_LIMITS_DEG[name]
    patient = Patient(
        f"sheet {number}", str(number), number, 18.0 + (number * 17) % 53, SEXES[number % 2], (low + high) / 2, kind + 1
    )
    drive = Drive(np.full(DAYS, severity), None, None, 0.0, 1.0, DAYS)
    address = ("sheet", name, place)
    return Job(f"{number:05d}", patient, drive, SEEN_DAY, severity, address, address)


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize((CELL_PX, CELL_PX), Image.Resampling.BOX))


def _joined(parts: list[NDArray[np.uint8]], axis: int) -> NDArray[np.uint8]:
    shape = (GAP_PX, parts[0].shape[1], 3) if axis == 0 else (parts[0].shape[0], GAP_PX, 3)
    gap = np.full(shape, 255, np.uint8)
    return np.concatenate([piece for part in parts for piece in (part, gap)][:-1], axis=axis)
