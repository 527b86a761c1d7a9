"""Everything of a dataset that grows with the study, in the making: the tables, the lists of pictures, the faces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent

from .layout import FACES, IMAGE_SUMS, TRUTH, TRUTH_SUMS
from .spool import Spool
from .sums import Sums
from .tables import TABLES
from .target import Stored, Target, letters


class Faces:
    """truth/faces.json: what the renderer chose for each person, once. Memory holds one face."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target, self._file, self._count = target, folder / "faces.json", 0

    def add(self, key: str, face: str) -> None:
        """One person more; `face`: JSON. An empty one is left out."""
        if found := json.loads(face):
            text = indent(json.dumps({key: found}, indent=1)[2:-2], " ")
            self._append(",\n" + text if self._count else self._head() + "\n" + text)
            self._count += 1

    def store(self) -> Stored:
        """Put it into the dataset."""
        self._append("\n }\n}\n" if self._count else self._head() + "}\n}\n")
        return self._target.take_in(FACES, self._file)

    def _head(self) -> str:
        return '{\n "synthetic": true,\n "faces": {'

    def _append(self, text: str) -> None:
        with letters(self._target, FACES), self._file.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)


class Spools:
    """All of them. Of none more than a portion is held.

    Parameters
    ----------
    folder : an empty place on this machine, on the disk of the dataset: `Target.scratch`.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self.tables = {name: Spool(name, target, folder) for name in TABLES}
        self.faces = Faces(target, folder)
        self._shown, self._hidden = Sums(IMAGE_SUMS, target, folder), Sums(TRUTH_SUMS, target, folder)

    def add_sums(self, pictures: Iterable[tuple[str, str]]) -> None:
        """Path and SHA-256 of some images, masks and layers."""
        pictures = list(pictures)
        hidden = [one for one in pictures if one[0].startswith(f"{TRUTH}/")]
        self._hidden.add(hidden)
        self._shown.add(one for one in pictures if not one[0].startswith(f"{TRUTH}/"))

    def stored(self) -> Iterator[Stored]:
        """Put each into the dataset."""
        for spool in (*self.tables.values(), self.faces):
            yield spool.store()
        for sums in (self._shown, self._hidden):
            if stored := sums.store():
                yield stored
