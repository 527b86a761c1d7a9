"""Everything of a dataset that grows with the study, in the making: the tables, the lists of pictures, the faces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent

import polars as pl

from .layout import FACES, IMAGE_SUMS, PIECE_PATIENTS, PIECES, TRUTH, TRUTH_SUMS, index_path, piece_path
from .packing import index_of
from .parts import PACKS, none
from .spool import Spool
from .sums import Sums
from .tables import TABLES, write_parquet
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
    packed : whether pictures lie in packs: then there is an index of these, and the tables of the truth that are as
        long as the study are cut in pieces.
    """

    def __init__(self, target: Target, folder: Path, packed: bool = False) -> None:
        self._target, self._folder, self._rank = target, folder, 0
        self._packed = packed
        self.tables = {name: self._spool(name) for name in TABLES}
        self.faces = Faces(target, folder)
        self._shown, self._hidden = Sums(IMAGE_SUMS, target, folder), Sums(TRUTH_SUMS, target, folder)
        self._index: dict[str, list[pl.DataFrame]] = {pack: [] for pack in PACKS}

    def turn(self, rank: int) -> Iterator[Stored]:
        """From here on the rows are those of this patient and of later ones: finished pieces go into the dataset."""
        if not self._packed or rank // PIECE_PATIENTS == self._rank // PIECE_PATIENTS:
            return
        yield from self._pieces()
        self._rank = rank
        self.tables |= {name: self._spool(name) for name in PIECES}

    def add_index(self, rows: pl.DataFrame) -> None:
        """Where the files of some pictures lie: rows of parts."""
        if self._packed:
            for pack, held in self._index.items():
                held.append(index_of(rows, pack))

    def add_sums(self, pictures: Iterable[tuple[str, str]]) -> None:
        """Path and SHA-256 of some images, masks and layers."""
        pictures = list(pictures)
        hidden = [one for one in pictures if one[0].startswith(f"{TRUTH}/")]
        self._hidden.add(hidden)
        self._shown.add(one for one in pictures if not one[0].startswith(f"{TRUTH}/"))

    def stored(self) -> Iterator[Stored]:
        """Put each into the dataset."""
        yield from self._pieces()
        for spool in (*(spool for name, spool in self.tables.items() if not self._cut(name)), self.faces):
            yield spool.store()
        for sums in (self._shown, self._hidden):
            if stored := sums.store():
                yield stored

    def _cut(self, name: str) -> bool:
        """Whether a table is written in pieces."""
        return self._packed and name in PIECES

    def _spool(self, name: str) -> Spool:
        path = piece_path(TABLES[name].path, self._rank) if self._cut(name) else None
        return Spool(name, self._target, self._folder, path)

    def _pieces(self) -> Iterator[Stored]:
        """Put the pieces of some patients into the dataset."""
        if not self._packed:
            return
        for name in PIECES:
            yield self.tables[name].store()
        for pack, held in self._index.items():
            index = pl.concat([frame for frame in held if frame.height] or [index_of(none(), pack)]).sort("path")
            truth = pack != PACKS[0]
            held.clear()
            if index.height or not truth:  # that of the photographs is always there: it says that there are packs
                yield self._target.store(index_path(self._rank, truth), write_parquet(index))
