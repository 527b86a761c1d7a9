"""A user's photograph as pixels: upright sRGB, without metadata; every file that is no such thing is refused."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, JpegImagePlugin, UnidentifiedImageError

from nof1sim.errors import Fault, InputError

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

LEAST_PX = 64
"""Of a side: in a smaller picture a lesion is no pixel."""
MOST_PX = 50_000_000
"""Of a picture."""
MOST_BYTES = 400_000_000
GREY_SPREAD, GREY_SHARE = 6, 0.001
"""Channels no farther apart than this in all but this share of the pixels: a grey picture stored as colour."""
ORIENTATION = 0x0112
JPEG_FORMATS = ("JPEG", "MPO")
"""MPO: what phones write, a JPEG followed by a depth or gain map that is of no use here."""
BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow raises for files that are none of its formats, cut off or damaged."""

MODES = {
    "1": "black and white", "L": "grey", "LA": "grey", "La": "grey", "I": "grey of more than 8 bits",
    "F": "grey of more than 8 bits", "P": "a palette", "PA": "a palette", "CMYK": "CMYK, made for print",
    "LAB": "CIELAB", "HSV": "HSV",
}  # fmt: skip
"""What the modes that are refused are called."""


@dataclass(frozen=True, slots=True)
class JpegGrid:
    """How a JPEG file was compressed: quantisation tables and chroma subsampling, as Pillow reports and takes them."""

    tables: Mapping[int, Sequence[int]]
    subsampling: int


@dataclass(frozen=True, slots=True)
class Photograph:
    """name: of the file; sha256: of its bytes; pixels (h, w, 3) uint8: sRGB, upright, read-only; jpeg: the grid that
    the pixels still lie on, None for a lossless file and for one that was turned or resized."""

    name: str
    sha256: str
    pixels: Pixels
    jpeg: JpegGrid | None


def read_photograph(path: Path | str) -> Photograph:
    """Read a colour photograph of 8 bits a channel: JPEG, PNG, WebP, TIFF, whatever Pillow reads.

    The EXIF orientation is applied; all metadata is dropped. Without a colour profile sRGB is assumed; another
    profile (Display P3, Adobe RGB) is converted to it, perceptual intent. An alpha channel may be there, but opaque.

    Raises
    ------
    InputError
        No such file, a folder, no picture, damaged or cut off, fewer than 64 px a side, more than 50 million px,
        grey, CMYK, a palette, 16 bits a channel, transparent, several frames, an unreadable colour profile.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and odd metadata: both are judged here
            with Image.open(io.BytesIO(data)) as image:
                _check_header(path, image)
                image.load()
                jpeg, pixels = _grid(image), _upright(path, image)
    except BROKEN as error:
        raise _refused(
            path, _damage(error), "a whole picture file of a common format",
            "Open it in a viewer: if it shows, export it as JPEG or PNG (a phone's HEIC, too); else copy it anew.",
        ) from error  # fmt: skip
    return Photograph(path.name, hashlib.sha256(data).hexdigest(), _checked(pixels, str(path)), jpeg)


def from_pixels(pixels: NDArray, name: str = "picture") -> Photograph:
    """A photograph of sRGB pixels (h, w, 3) uint8 that are already there. Raises InputError as `read_photograph`."""
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        given = f"{pixels.dtype} of shape {pixels.shape}"
        raise InputError(str(Fault(name, given, "uint8 of shape (height, width, 3)", "Convert it to 8-bit sRGB.")))
    _check_size(name, pixels.shape[1], pixels.shape[0])
    own = np.array(pixels, order="C")
    digest = hashlib.sha256(repr(own.shape).encode() + own.tobytes()).hexdigest()
    return Photograph(name, digest, _checked(own, name), None)


def cropped(photograph: Photograph, box: Box, size_px: int) -> Photograph:
    """A square of a photograph, size_px x size_px, by Lanczos.

    box : left, top, right, bottom in px counted from the outer edge of the first pixel; fractions are allowed.
    The identity keeps the JPEG grid. Raises InputError for a box that is not square or leaves the picture.
    """
    height, width = photograph.pixels.shape[:2]
    left, top, right, low = (float(edge) for edge in box)
    inside = 0 <= left < right <= width and 0 <= top < low <= height
    if not inside or abs((right - left) - (low - top)) > 0.5 or size_px < LEAST_PX:
        allowed = f"a square inside the picture of {width} x {height} px, shown with {LEAST_PX} px or more"
        raise InputError(str(Fault(f"{photograph.name}: crop", f"{box}, {size_px} px", allowed)))
    if (left, top, right, low) == (0, 0, width, height) and size_px == width == height:
        return photograph
    image = Image.fromarray(photograph.pixels)
    small = image.resize((size_px, size_px), Image.Resampling.LANCZOS, box=(left, top, right, low))
    return Photograph(photograph.name, photograph.sha256, _frozen(np.asarray(small)), None)


def crop_points(points_px: Mapping[str, tuple[float, float]], box: Box, size_px: int) -> dict[str, tuple[float, float]]:
    """Where key points of a photograph (px, pixel centres at whole numbers) lie in its `cropped` square."""
    left, top, right, low = box
    across, down = size_px / (right - left), size_px / (low - top)
    return {name: ((x + 0.5 - left) * across - 0.5, (y + 0.5 - top) * down - 0.5) for name, (x, y) in points_px.items()}


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise _refused(path, "a folder", "a picture file", "Name the file in it.")
    if not path.is_file():
        raise _refused(path, "no such file", "a picture file", "Check the path.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _refused(path, "a file of more than 400 MB", "a photograph", "Export it as JPEG or PNG.")
        return path.read_bytes()
    except OSError as error:
        raise _refused(path, str(error), "a file that may be read", "Check its permissions.") from error


def _check_header(path: Path, image: Image.Image) -> None:
    """Refuse, before a pixel is read, what cannot be a colour photograph of 8 bits."""
    _check_size(str(path), image.width, image.height)
    if getattr(image, "n_frames", 1) > 1 and image.format not in JPEG_FORMATS:
        raise _refused(path, f"{image.n_frames} frames", "one picture", "Save the frame you mean as a file of its own.")  # pyright: ignore[reportAttributeAccessIssue] (of animated formats)
    mode = image.mode
    # Pillow reads 16-bit colour as 8-bit without a word: only the decoder's raw mode tells.
    tiles = getattr(image, "tile", ())
    deep = mode.startswith("I;16") or any(";16" in str(tile[3]) for tile in tiles)
    if deep:
        raise _refused(path, "16 bits a channel", "8 bits a channel", "Export it as an 8-bit JPEG or PNG in sRGB.")
    if mode not in ("RGB", "RGBA", "RGBX", "YCbCr"):
        advice = "Export it as an 8-bit sRGB picture; a grey one has no skin colour to work with."
        raise _refused(path, f"mode {mode} ({MODES.get(mode, 'not RGB')})", "RGB colour", advice)


def _check_size(where: str, width: int, height: int) -> None:
    if min(width, height) < LEAST_PX or width * height > MOST_PX:
        allowed = f"at least {LEAST_PX} px a side and at most {MOST_PX // 1_000_000} million px"
        advice = (
            "Give the original file." if min(width, height) < LEAST_PX else "Scale it down, or crop it to the face."
        )
        raise InputError(str(Fault(where, f"{width} x {height} px", allowed, advice)))


def _checked(pixels: Pixels, where: str) -> Pixels:
    """The pixels, frozen; InputError if they hold no colour."""
    some = pixels[::4, ::4].astype(np.int16)
    if (some.max(-1) - some.min(-1) > GREY_SPREAD).mean() <= GREY_SHARE:
        fault = Fault(
            where, "a grey picture", "a colour photograph", "Redness cannot be read from or put on grey skin."
        )
        raise InputError(str(fault))
    return _frozen(pixels)


def _frozen(pixels: Pixels) -> Pixels:
    own = np.ascontiguousarray(pixels)
    own.flags.writeable = False
    return own


def _grid(image: Image.Image) -> JpegGrid | None:
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.getexif().get(ORIENTATION, 1) != 1:
        return None
    tables = {int(k): tuple(int(q) for q in table) for k, table in image.quantization.items()}
    return JpegGrid(tables, JpegImagePlugin.get_sampling(image))


def _upright(path: Path, image: Image.Image) -> Pixels:
    """sRGB pixels (h, w, 3), the orientation applied."""
    if image.mode == "RGBA" and np.asarray(image.getchannel("A")).min() < 255:
        raise _refused(path, "transparent pixels", "an opaque picture", "Save it without an alpha channel.")
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image).convert("RGB")
    return np.array(_to_srgb(path, upright, profile) if profile else upright)


def _to_srgb(path: Path, image: Image.Image, profile: bytes) -> Image.Image:
    """From the embedded profile's colours to sRGB; untouched where that moves no colour by more than a grey level."""
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        colours = str(getattr(source.profile, "xcolor_space", "")).strip()
        if colours != "RGB":
            raise ValueError(f"it is of {colours} colours")
        intent = ImageCms.Intent.PERCEPTUAL
        change = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB", intent)
        steps = np.arange(0, 256, 17, dtype=np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(64, -1, 3)
        moved = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), change))
        if np.abs(moved.astype(int) - cube).max() <= 1:
            return image
        return ImageCms.applyTransform(image, change) or image
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        advice = "Export the picture with the sRGB profile, or without one if it is sRGB."
        raise _refused(
            path, f"a colour profile that cannot be used ({error})", "sRGB or an RGB profile", advice
        ) from error


def _damage(error: BaseException) -> str:
    """What is wrong with a file; Pillow names the address in memory of one that it does not know."""
    return "not an image that can be read" if isinstance(error, UnidentifiedImageError) else str(error) or "damage"


def _refused(path: Path, given: str, allowed: str, advice: str) -> InputError:
    return InputError(str(Fault(str(path), given, allowed, advice)))
