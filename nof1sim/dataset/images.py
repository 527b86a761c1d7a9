"""Pixels to the bytes of an image file and back. Every image says that it is synthetic, and how it came to be."""

from __future__ import annotations

import html
import io
import json
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from ..errors import DatasetError
from .statements import ABOUT, Persons

Format = Literal["jpeg", "png", "webp"]
Tables = tuple[Mapping[int, Sequence[int]], int]
"""Quantisation tables and chroma subsampling of a JPEG file, as Pillow reports and takes them."""

DESCRIPTION = ABOUT["invented"].label
SOFTWARE = "nof1sim"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
FULL_CHROMA_QUALITY = 95
"""From this JPEG quality on colour keeps its full resolution (4:4:4): redness is what the images are about."""
MASK_LIMIT = 65535

_IMAGE_DESCRIPTION, _SOFTWARE = 270, 305  # EXIF tags
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:nof1sim="urn:nof1sim:note:1" Iptc4xmpExt:DigitalSourceType="{source}" nof1sim:note="{note}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
_NOTE = re.compile(r'nof1sim:note="([^"]*)"')


def encode(
    pixels: NDArray[np.uint8],
    format: Format = "jpeg",
    quality: int = 95,
    note: Mapping[str, Any] | None = None,
    persons: Persons = "invented",
    source: str | None = None,
    tables: Tables | None = None,
) -> bytes:
    """The bytes of an image file; equal input gives equal bytes.

    Parameters
    ----------
    pixels : (h, w, 3) sRGB.
    quality : 1 to 100, for JPEG and WebP; a WebP of 100 is lossless. PNG always is.
    note : what the image says about its origin (JSON values), read back by `read_note`.
    persons : who is in it; decides the label.
    source : IPTC's digital source type; default by `persons`: "algorithmicMedia", or "compositeSynthetic" for an
        edited photograph.
    tables : of a JPEG file, in place of a quality.
    """
    said = ABOUT[persons]
    exif, xmp = exif_bytes(persons), xmp_text(note or {}, source or said.source)
    more: dict[str, Any] = {"exif": exif, "xmp": xmp.encode()}
    if format == "jpeg":
        more["comment"] = said.label.encode()
    elif format == "png":
        more = {"exif": exif, "pnginfo": _png_info(xmp, said.label)}
    return _file(pixels, format, quality, tables, more)


def encode_bare(
    pixels: NDArray[np.uint8], format: Format = "jpeg", quality: int = 95, tables: Tables | None = None
) -> bytes:
    """The same without a word about its origin: a copy of a photograph that nobody edited.

    The coder is that of `encode` on purpose: a network must not learn to tell edited pictures by their compression.
    """
    return _file(pixels, format, quality, tables, {})


def _file(
    pixels: NDArray[np.uint8], format: Format, quality: int, tables: Tables | None, more: Mapping[str, Any]
) -> bytes:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be uint8 (h, w, 3), got {pixels.dtype} {pixels.shape}")
    image, file = Image.fromarray(pixels), io.BytesIO()
    if format == "jpeg" and tables is not None:
        quantisation = {number: list(table) for number, table in tables[0].items()}
        image.save(file, "JPEG", qtables=quantisation, subsampling=tables[1], **more)
    elif format == "jpeg":
        image.save(file, "JPEG", quality=quality, subsampling=0 if quality >= FULL_CHROMA_QUALITY else 2, **more)
    elif format == "webp":
        image.save(file, "WEBP", quality=quality, lossless=quality == 100, method=2, **more)
    elif format == "png":
        image.save(file, "PNG", **more)
    else:
        raise ValueError(f"unknown image format {format!r}")
    return file.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    """The pixels (h, w, 3) of an image file. A damaged file is a DatasetError."""
    return np.asarray(opened(data).convert("RGB"))


def read_note(data: bytes) -> dict[str, Any]:
    """What an image says about its origin; empty for an image that nof1sim did not write."""
    return note_of(opened(data))[1]


def note_of(image: Image.Image) -> tuple[str, dict[str, Any]]:
    """An image's XMP as text, and the note in it; empty for an image that nof1sim did not write.

    Raises
    ------
    ValueError
        The note is no JSON.
    """
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else xmp
    found = _NOTE.search(text)
    return text, json.loads(html.unescape(found[1])) if found else {}


def xmp_text(note: Mapping[str, Any], source: str = "algorithmicMedia") -> str:
    """The XMP of an image or film: its digital source type and its note, and nothing else."""
    return _XMP.format(source=SOURCE_TYPE + source, note=html.escape(_json(note)))


MASK_LABEL = "Instance mask of a synthetic image"


def encode_mask(ids: NDArray[np.integer[Any]]) -> bytes:
    """An instance mask (h, w) as 16-bit greyscale PNG: the value of a pixel is its lesion_id, 0 is skin.

    Raises
    ------
    DatasetError
        An id that 16 bits cannot hold.
    """
    if ids.size and (int(ids.min()) < 0 or int(ids.max()) > MASK_LIMIT):
        raise DatasetError(
            f"A mask holds lesion_id {int(ids.min())} to {int(ids.max())}; a 16-bit PNG holds 0 to {MASK_LIMIT}. "
            "Simulate fewer lesions a patient (a shorter trial or a lower severity), or set images.masks to false."
        )
    from .deflate import deflated  # and with it numba, which a reader of datasets does not need

    return grey_png(ids.shape, 16, MASK_LABEL, deflated(np.ascontiguousarray(ids, dtype=np.int32)))


def grey_png(shape: tuple[int, ...], bits: int, label: str, data: bytes) -> bytes:
    """A greyscale PNG file (h, w) with a label, from the zlib stream of its rows."""
    head = struct.pack(">IIBBBBB", shape[1], shape[0], bits, 0, 0, 0, 0)
    text = b"Description\0" + label.encode("latin-1")
    chunks = ((b"IHDR", head), (b"tEXt", text), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file (ISO/IEC 15948, 5.3)."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def decode_mask(data: bytes) -> NDArray[np.int32]:
    """The lesion_id of each pixel (h, w) of a mask."""
    return np.asarray(opened(data)).astype(np.int32)


@cache
def exif_bytes(persons: Persons = "invented") -> bytes:
    """The EXIF of every image and film: that it is synthetic, and which program made it."""
    exif = Image.Exif()
    exif[_IMAGE_DESCRIPTION] = ABOUT[persons].label
    exif[_SOFTWARE] = SOFTWARE
    return exif.tobytes()


def _png_info(xmp: str, label: str) -> PngInfo:
    info = PngInfo()
    info.add_text("Description", label)
    info.add_text("Software", SOFTWARE)
    info.add_itxt("XML:com.adobe.xmp", xmp)
    return info


def _json(note: Mapping[str, Any]) -> str:
    return json.dumps(note, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def opened(data: bytes) -> Image.Image:
    """An image file, read whole. A damaged one is a DatasetError."""
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DatasetError(f"An image file is damaged ({error}). Draw it again, or copy it again.") from error
    return image
