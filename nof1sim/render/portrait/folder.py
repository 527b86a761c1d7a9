"""Which files of a folder are photographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nof1sim.errors import Fault, InputError

ENDINGS = (
    ".jpg", ".jpeg", ".jfif", ".mpo", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".avif",
    ".jp2",
)  # fmt: skip
"""Names that mean a picture; whether one can be used is `read_photograph`'s to say."""


def photographs_of(given: Sequence[Path], where: str = "PHOTOGRAPHS") -> list[Path]:
    """The files that were named, and those of the folders that were, each once.

    Raises
    ------
    InputError
        Nothing was named, or something that is not there; or as `photographs_in`.
    """
    if not given:
        raise InputError(str(Fault(where, None, "photographs, or folders of them", "Write the folder's name.")))
    lost = [str(path) for path in given if not path.exists()]
    if lost:
        raise InputError(str(Fault(where, ", ".join(lost), "files and folders that exist", "Check the path.")))
    every = [photographs_in(path, where) if path.is_dir() else [path] for path in given]
    return list(dict.fromkeys(path for some in every for path in some))


def photographs_in(folder: Path, where: str = "the folder") -> list[Path]:
    """The picture files of a folder itself, in order of name; hidden ones are left out.

    Raises
    ------
    InputError
        There is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise InputError(str(Fault(where, str(folder), "a folder of photographs that exists", "Check the path.")))
    found = [
        path
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()
    ]
    if not found:
        inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
        advice = f"Give the folder that holds them itself, such as {inside[0]}." if inside else "Copy them there."
        raise InputError(str(Fault(f"{where} {folder}", "no picture", f"files ending in {', '.join(ENDINGS)}", advice)))
    return found
