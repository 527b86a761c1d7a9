"""Pictures with severities, the people in them, and each person's base picture: what every model learns from."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..dataset.splits import split_patients
from ..errors import Fault, InputError
from ..model import Ints
from .sample_pictures import Pixels, Told, load_pictures
from .sample_rows import Row, Scale, list_rows

PARTS = ("train", "val")
VAL_SHARE = 0.1
"""Of the persons; they are drawn on the sheets while a model learns, and it never saw them."""
LEAST_IMAGES = 16
"""Of the training part: with fewer, nothing but the pictures themselves can be learnt."""


@dataclass(frozen=True, slots=True)
class Samples:
    """n pictures in a fixed order.

    pixels (n, s, s, 3) uint8; severity (n,) float32, 0 to 1 of `scale`; persons, names, sha256 (of the file), parts
    ("train" or "val"), n each; base (n,) row of the picture of the same person (and view) with the lowest severity,
    the first of several. how : how the split came about. faults : letters of rows that were left out.
    """

    source: str
    kind: str
    scale: Scale
    pixels: Pixels
    severity: NDArray[np.float32]
    persons: tuple[str, ...]
    names: tuple[str, ...]
    sha256: tuple[str, ...]
    base: Ints
    parts: tuple[str, ...]
    how: str
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size_px(self) -> int:
        return int(self.pixels.shape[1])

    def rows(self, part: str) -> Ints:
        """Rows of a part."""
        return np.array([row for row, name in enumerate(self.parts) if name == part], np.int64)

    def people(self, part: str) -> list[str]:
        """Persons of a part, by name."""
        return sorted({self.persons[row] for row in self.rows(part).tolist()})

    def digest(self) -> str:
        """SHA-256 of all that is learnt: pixels, severities, persons, parts, base pictures."""
        said = [list(self.persons), list(self.names), list(self.sha256), list(self.parts), self.base.tolist(),
                asdict(self.scale)]  # fmt: skip
        found = hashlib.sha256(json.dumps(said).encode())
        found.update(np.ascontiguousarray(self.severity).tobytes())
        found.update(np.ascontiguousarray(self.pixels).tobytes())
        return found.hexdigest()

    def check(self, least: int = LEAST_IMAGES) -> None:
        """An InputError where a person is in both parts, or where the training part is too small or of one severity."""
        of: dict[str, str] = {}
        for person, part in zip(self.persons, self.parts, strict=True):
            if of.setdefault(person, part) != part:
                advice = "What is learnt of a face would be judged on the same face."
                raise InputError(
                    str(Fault("split", f"{person} in {of[person]} and {part}", "each person once", advice))
                )
        train = self.rows("train")
        if len(train) < least:
            given = f"{len(train)} pictures to learn from ({len(self)} in all)"
            raise InputError(str(Fault(self.source, given, f"{least} or more", "Simulate or collect more.")))
        if np.ptp(self.severity[train]) == 0:
            given = f"{self.scale.column} {self.severity[train[0]]:g} in all {len(train)} training pictures"
            raise InputError(
                str(Fault(self.source, given, "two severities or more", "Another --seed, or more people."))
            )


def read_samples(
    source: str | Path,
    size_px: int,
    *,
    table: Path | None = None,
    columns: Mapping[str, str] | None = None,
    severity: str | None = None,
    scale: tuple[float, float] | None = None,
    views: Sequence[str] = ("front",),
    resize: bool = False,
    val: float = VAL_SHARE,
    seed: int = 0,
    least: int = LEAST_IMAGES,
    told: Told | None = None,
) -> Samples:
    """Read a folder; see `list_rows` for the table, `load_pictures` for the pictures.

    Parameters
    ----------
    val : share of the persons that are only shown on sheets, 0 to .5; ignored where the table has a split. There a
        "test" is left out altogether.
    least : pictures that the training part must have.

    Raises
    ------
    InputError
        Anything in the folder that cannot be learnt from.
    """
    listed = list_rows(source, table=table, columns=columns, severity=severity, scale=scale, views=views)
    parts, how = _parts(listed.rows, val, seed)
    kept = [row for row, part in enumerate(parts) if part in PARTS]
    rows = tuple(listed.rows[row] for row in kept)
    if len(rows) < least:
        given = f"{len(rows)} pictures"
        raise InputError(str(Fault(listed.source, given, f"{least} or more", "Simulate or collect more.")))
    listed = replace(listed, rows=rows)
    found = load_pictures(listed, size_px, resize=resize, told=told)
    share = np.array([listed.scale.share(row.value) for row in rows], np.float32)
    samples = Samples(
        listed.source, listed.kind, listed.scale, found.pixels, share, tuple(row.person for row in rows),
        tuple(row.name for row in rows), found.sha256, base_rows(rows), tuple(parts[row] for row in kept), how,
        (*listed.notes, *found.notes), listed.faults,
    )  # fmt: skip
    samples.check(least)
    return samples


def base_rows(rows: Sequence[Row]) -> Ints:
    """(n,) row of each one's base picture: same person and view, lowest severity, the first of several."""
    groups: dict[tuple[str, str], int] = {}
    for place, row in enumerate(rows):
        best = groups.setdefault((row.person, row.view), place)
        if row.value < rows[best].value:
            groups[row.person, row.view] = place
    return np.array([groups[row.person, row.view] for row in rows], np.int64)


def _parts(rows: Sequence[Row], val: float, seed: int) -> tuple[list[str], str]:
    """The part of each row, by person, and how it came about."""
    if {row.split for row in rows} != {None}:
        _refuse_shared(rows)
        return [row.split or "train" for row in rows], "by the user's table"
    people = sorted({row.person for row in rows})
    shown = set_aside(people, val, seed)
    if not shown:
        return ["train"] * len(rows), "all persons to learn from"
    return ["val" if row.person in shown else "train" for row in rows], f"by person, {val:g} aside (seed {seed})"


def set_aside(people: Sequence[str], val: float, seed: int) -> set[str]:
    """A share of the persons, 0 to .5, drawn by the seed; of one person nobody. InputError for another share."""
    if not 0 <= val <= 0.5:
        raise InputError(str(Fault("--val", val, "a share of the persons, 0 to 0.5")))
    if val == 0 or len(people) == 1:
        return set()
    return {people[rank] for rank in split_patients(len(people), {"train": 1 - val, "val": val}, seed)["val"]}


def _refuse_shared(rows: Sequence[Row]) -> None:
    of: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        of[row.person].add(row.split or "train")
    if shared := sorted(person for person, parts in of.items() if len(parts) > 1):
        given = f"{shared[0]} in {' and '.join(sorted(of[shared[0]]))} ({len(shared)} persons in all)"
        advice = "What is learnt of a face would be judged on the same face."
        raise InputError(str(Fault("split", given, "each person in one part", advice)))
