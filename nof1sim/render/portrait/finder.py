"""Photographs that a protocol names by the hash of their bytes, found in a folder of this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import Fault, RenderError
from .folder import photographs_in

FACES_VARIABLE = "NOF1SIM_FACES"
"""Environment variable with the folder of the photographs: worker processes inherit it, a dataset never learns it."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Finder:
    """Finds photographs by hash; a file is read once, and no more of them than it takes.

    Raises
    ------
    RenderError
        No folder is known; there is no such folder or no picture in it (from `find`).
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._folder = folder or environ.get(FACES_VARIABLE) or None
        self._files: Iterator[Path] | None = None
        self._known: dict[str, Path] = {}

    def find(self, sha256: str, where: str) -> Path:
        """The file with these bytes; a RenderError, in which `where` needs it, if there is none."""
        if self._folder is None:
            allowed = f"the folder of the photographs: --faces DIR, or {FACES_VARIABLE}"
            raise RenderError(str(Fault(where, "no folder of photographs", allowed)))
        folder = Path(self._folder).expanduser()
        if self._files is None:
            self._files = iter(photographs_in(folder, "--faces"))
        while sha256 not in self._known and (path := next(self._files, None)) is not None:
            self._known[sha256_of(path)] = path
        if sha256 not in self._known:
            advice = "Give the folder with the very files that the dataset was made of; a copy must keep their bytes."
            raise RenderError(str(Fault(where, f"sha256 {sha256[:16]}...", f"the hash of a file in {folder}", advice)))
        return self._known[sha256]

    def missing(self, sha256s: Sequence[str]) -> list[str]:
        """Why each photograph that is not to be found is not; one sentence where there is no folder at all."""
        lines = []
        for rank, sha256 in enumerate(sha256s):
            try:
                self.find(sha256, f"photograph of patient {rank + 1}")
            except RenderError as error:
                lines.append(str(error))
                if self._folder is None:
                    break
        return lines
