"""The pixels: images, masks and layers can be read and are of the stated size; masks and boxes say the same."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import DatasetError
from ..images import MASK_LABEL, opened
from ..layers import LABEL, OFFSET, decode_layer
from ..layout import BOXES, IMAGES, LAYERS, MANIFEST, layer_of, mask_of
from .findings import Log
from .metadata import metadata_faults
from .references import FORMAT_OF, pictures
from .subject import Skip, Subject, unsafe
from .tables import MEND, portions

MODES = {"parts": ("L",), "binary": ("L",), "depth": ("I;16",), "normals": ("RGB",)}
"""How Pillow calls the pixels of a layer's file."""
PICTURE_BYTES = 1 << 28
"""No picture of 2048 px has as many bytes."""
Step = Callable[..., None]
"""Called with the pictures done, what is going on, and how many there are if not all."""


def images(subject: Subject, log: Log, step: Step) -> int:
    """Every image can be read, is RGB, of the stated size and format, says that it is synthetic, and no more."""
    size, looked = size_of(subject), 0
    for row in pictures(subject).iter_rows(named=True):
        path = row["image"]
        step(looked, "Looking at images")
        looked += 1
        if unsafe(path) or not subject.has(path):
            continue  # another check says so
        try:
            data = subject.read(path, PICTURE_BYTES)
            image = header(data)
            faults = list(_image_faults(image, path, size))
            if not faults:  # some of a PNG's texts are only found when all of it is read
                faults = list(metadata_faults(opened(data), data, subject, row))
        except DatasetError as error:
            faults = [f"{error}"]
        for what in faults:
            log.error(path, what, MEND)
    return looked


def size_of(subject: Subject) -> int:
    """Width and height of every picture."""
    images = subject.manifest.get("images")
    size = images.get("size_px") if isinstance(images, dict) else None
    if type(size) is not int or not 1 <= size <= 1 << 14:
        raise Skip(f"{MANIFEST} does not say how big the pictures are")
    return size


def header(data: bytes) -> Image.Image:
    """An image of which only the header was read: so a picture that is absurdly big is never unpacked."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(io.BytesIO(data))
    except Exception as error:  # Pillow raises many kinds on damaged headers
        raise DatasetError(f"is no image that can be read ({type(error).__name__}).") from error
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _image_faults(image: Image.Image, path: str, size: int) -> Iterator[str]:
    format = FORMAT_OF.get(path[path.rfind(".") :], "")
    if (image.format or "").lower() != format:
        yield f"is a {image.format} file; its name says {format or 'nothing known'}."
    if image.size != (size, size):
        yield f"is {image.size[0]} x {image.size[1]} px; {MANIFEST} says {size} x {size}."
    if image.mode != "RGB":
        yield f"has the colours {image.mode!r}, not RGB."
    if getattr(image, "n_frames", 1) != 1:
        yield "holds more than one picture."


def masks(subject: Subject, log: Log, step: Step) -> int:
    """Masks are 16-bit, of the image's size; their lesions, boxes and areas are exactly those of the table."""
    if not subject.truth:
        raise Skip("the masks are in truth/, which is not here")
    every, size, looked = pictures(subject), size_of(subject), 0
    if not any(path.startswith(mask_of(f"{IMAGES}/x")[:-5]) for path in subject.listed):
        raise Skip("the dataset was made without masks")
    columns = ["image", "lesion_id", "x", "y", "w", "h", "area_px"]
    for part in portions(subject):
        boxes = part.of(subject.scan("boxes").select("patient_id", "day", *columns))
        by_image = boxes.select(columns).sort("image", "lesion_id").partition_by("image", as_dict=True)
        for (path,) in part.of(every.lazy()).select("image").iter_rows():
            step(looked, "Comparing masks and boxes")
            looked += 1
            if unsafe(path):
                continue
            core = _codes(subject, log, mask_of(path), size)
            if core is None:
                continue
            told = by_image.get((path,))
            _compare(path, core, np.zeros((0, 6)) if told is None else told.drop("image").to_numpy(), log)
            support = _codes(subject, log, mask_of(path, True), size)
            inside = np.flatnonzero(core)
            if support is not None and not np.array_equal(support.ravel()[inside], core.ravel()[inside]):
                log.error(mask_of(path, True), "does not cover the lesions' cores.", MEND)
    return looked


def _codes(subject: Subject, log: Log, path: str, size: int) -> NDArray[Any] | None:
    """The pixels of a mask; None where another check, or a finding, says what is wrong with it."""
    if not subject.has(path):
        return None
    try:
        data = subject.read(path, PICTURE_BYTES)
        faults = list(_truth_faults(header(data), size, ("I;16",), MASK_LABEL))
        if not faults:
            return np.asarray(opened(data))
    except DatasetError as error:
        faults = [f"{error}"]
    for what in faults:
        log.error(path, what, MEND)
    return None


def _truth_faults(image: Image.Image, size: int, modes: tuple[str, ...], label: str) -> Iterator[str]:
    if image.format != "PNG":
        yield f"is a {image.format} file, not PNG."
    if image.size != (size, size):
        yield f"is {image.size[0]} x {image.size[1]} px; {MANIFEST} says {size} x {size}."
    if image.mode not in modes:
        yield f"has the colours {image.mode!r}; it should be {' or '.join(modes)}."
    if image.info.get("Description") != label:
        yield "does not say that it belongs to a synthetic image."


def _compare(path: str, core: NDArray[Any], told: NDArray[np.float64], log: Log) -> None:
    """The lesions of a mask with those of the table: lesion_id, x, y, w, h, area."""
    found = measured(core)
    if np.array_equal(found, told):
        return
    of_mask, of_table = ({int(row[0]): row[1:] for row in rows} for rows in (found, told))
    for lesion in sorted(of_mask.keys() | of_table.keys()):
        if lesion not in of_table:
            log.error(BOXES, f"has no box of lesion {lesion}, which is in {mask_of(path)}.", MEND)
        elif lesion not in of_mask:
            log.error(BOXES, f"has a box of lesion {lesion} in {path}, which is not in its mask.", MEND)
        elif not np.array_equal(of_mask[lesion], of_table[lesion]):
            log.error(BOXES, f"lesion {lesion} in {path} has the box and area {_short(of_table[lesion])}; "
                             f"its mask says {_short(of_mask[lesion])}.", MEND)  # fmt: skip
    if of_mask.keys() == of_table.keys() and len(told) != len(of_table):
        log.error(BOXES, f"has a lesion of {path} twice.", MEND)


def _short(values: NDArray[Any]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def measured(core: NDArray[Any]) -> NDArray[np.float64]:
    """Rows of lesion_id, x, y, w, h, area, by lesion_id, from a mask (h, w): boxes in pixels, upper left corner first.

    Written anew, not taken from the renderers: so each checks the other.
    """
    inside = np.flatnonzero(core)
    if not inside.size:
        return np.zeros((0, 6))
    values = core.ravel()[inside]
    order = np.argsort(values, kind="stable")
    values = values[order]
    y, x = np.divmod(inside[order], core.shape[1])
    first = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    left, top = np.minimum.reduceat(x, first), np.minimum.reduceat(y, first)
    right, bottom = np.maximum.reduceat(x, first) + 1, np.maximum.reduceat(y, first) + 1
    area = np.diff(np.r_[first, values.size])
    return np.stack([values[first], left, top, right - left, bottom - top, area], axis=1).astype(np.float64)


def layers(subject: Subject, log: Log, step: Step) -> int:
    """Depth, normals and the other layers can be read, and have the size and the kind of pixels of their name."""
    if not subject.truth:
        raise Skip("the layers are in truth/, which is not here")
    there = [name for name in LAYERS if any(path.startswith(f"truth/{name}/") for path in subject.listed)]
    if not there:
        raise Skip("the dataset was made without layers")
    size, looked = size_of(subject), 0
    for image in pictures(subject)["image"]:
        for name in there if not unsafe(image) else ():
            path = layer_of(image, name)
            if not subject.has(path):
                continue
            step(looked // len(there), "Looking at layers")
            looked += 1
            try:
                faults = list(_layer_faults(name, subject.read(path, PICTURE_BYTES), size))
            except (DatasetError, ValueError, OSError, zipfile.BadZipFile) as error:
                faults = [f"cannot be read ({error})."]
            for what in faults:
                log.error(path, what, MEND)
    return looked


def _layer_faults(name: str, data: bytes, size: int) -> Iterator[str]:
    if name == "chart":
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
        if [member.filename for member in members] != ["chart.npy"] or members[0].file_size > size * size * 8 + 1024:
            yield "is no array of the image's size."
            return
    else:
        image = header(data)
        faults = list(_truth_faults(image, size, MODES[name], LABEL.format(name)))
        if name == "depth" and OFFSET not in image.info:
            faults.append(f"lacks {OFFSET}, the depth of its first step.")
        yield from faults
        if faults:
            return
    layer = decode_layer(name, data)
    if layer.shape[:2] != (size, size):
        yield f"is {layer.shape[1]} x {layer.shape[0]}; {MANIFEST} says {size} x {size}."
