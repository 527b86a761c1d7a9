"""What an image says of itself: that it is synthetic, and where it comes from. Nothing that only truth/ knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image

from ...errors import DatasetError
from ...model import patient_key
from ..images import SOFTWARE, exif_bytes, note_of, xmp_text
from ..statements import about
from .subject import Subject

SAYS = {"generator", "protocol", "address"}
"""What the note of an image holds: which program, the protocol's digest, and who, when, from where."""
PLAIN = {
    "JPEG": {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "exif", "xmp", "comment"},
    "PNG": {"Description", "Software", "XML:com.adobe.xmp", "exif", "xmp"},
    "WEBP": {"exif", "xmp", "loop", "background", "timestamp", "duration"},
}
"""What Pillow finds in an image of ours, by format."""
ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_SOURCE = re.compile(r'DigitalSourceType="[^"]*/([A-Za-z]+)"')


def metadata_faults(image: Image.Image, data: bytes, subject: Subject, row: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with an image's metadata, as sentences. `row`: of `references.pictures`."""
    format, info = str(image.format), image.info
    if others := sorted(map(str, info.keys() - PLAIN.get(format, set()))) or _strange(image, format, data):
        yield f"carries metadata that no image of ours has: {', '.join(others)}."
    said = about(subject.manifest)
    exif = exif_bytes(said.persons)
    if info.get("exif") not in (exif, exif[6:]):
        yield f"its EXIF does not say just {said.label!r} and {SOFTWARE!r}."
    if not _ends(format, data):
        yield "more bytes follow the end of the image."
    try:
        text, note = note_of(image)
    except (DatasetError, ValueError):
        yield "the note of its origin cannot be read."
        return
    source = _SOURCE.search(text)
    if not source or not source[1].lower().endswith(("media", "synthetic")):
        yield "does not say that it is synthetic (IPTC digital source type)."
        return
    if text != xmp_text(note, source[1]):
        yield "its XMP says more than where the image comes from."
    if note.keys() != SAYS:
        yield f"its note holds {', '.join(sorted(note)) or 'nothing'}; allowed: {', '.join(sorted(SAYS))}."
        return
    if note["protocol"] != subject.manifest["digest"]:
        yield "its note names another protocol than the manifest."
    address = [patient_key(row["rank"]), str(row["day"]), str(row["occasion"]), row["view"]]
    if note["address"] != address:
        yield f"its note says that it is {_said(note['address'])}; by its name it is {_said(address)}."
    version = subject.manifest["versions"].get("nof1sim")
    if note["generator"] != f"{SOFTWARE} {version}":
        yield f"its note says that {str(note['generator'])!r} made it; the manifest says {SOFTWARE} {version}."


def _said(address: Any) -> str:
    return " ".join(map(str, address)) if isinstance(address, list) else repr(address)


def _ends(format: str, data: bytes) -> bool:
    if format == "WEBP":
        return len(data) == 8 + int.from_bytes(data[4:8], "little")
    return data.endswith(ENDS.get(format, b""))


def _strange(image: Image.Image, format: str, data: bytes) -> list[str]:
    """Parts of the file that no image of ours has, and that most readers pass over in silence."""
    if format == "JPEG":
        found = [name for name, _ in getattr(image, "applist", ())]
        return sorted(set(found) - {"APP0", "APP1", "COM"}) or ["APP1"] * (found.count("APP1") > 2)
    if format == "PNG":
        return sorted(set(_chunks(data)) - {"IHDR", "tEXt", "iTXt", "eXIf", "IDAT", "IEND"})
    return []


def _chunks(data: bytes) -> Iterator[str]:
    """Names of a PNG's chunks (ISO/IEC 15948, 5.3)."""
    place = 8
    while place + 8 <= len(data):
        yield data[place + 4 : place + 8].decode("latin-1")
        place += 12 + int.from_bytes(data[place : place + 4], "big")
