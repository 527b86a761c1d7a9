"""What a grader learns from: visits with their photographs, whom they show, and their grade."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import Fault, InputError
from ..model import Ints
from .scales import IGA3, LABELS, Scale, scale_of

VIEWS = ("front", "left", "right")
SIDES = ("left", "right")
"""Views that show one half of the face: alone, they are graded by that half's own count."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be graded, and from which photographs.

    labels : one of `LABELS`.  grades : the scale that counts are cut into.  views : a visit's photographs, together one
    example; with `each_view` every photograph is an example of its own.  every : only every so many days, from day 1.
    column : the table's column with the label; None: the truth's iga, hayashi or n_inflammatory.
    """

    labels: str = "iga3"
    grades: str = ""
    views: tuple[str, ...] = VIEWS
    each_view: bool = False
    every: int = 1
    column: str | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.labels not in LABELS:
            faults.append(Fault("--labels", self.labels, ", ".join(LABELS)))
        if not self.views or len(set(self.views)) != len(self.views):
            faults.append(Fault("--views", ",".join(self.views), "one or more views, each once, such as front,left"))
        if self.every < 1:
            faults.append(Fault("--every", self.every, "1 or more days"))
        if self.grades and self.labels != "count" and self.grades != self.labels:
            faults.append(Fault("--grades", self.grades, "nothing, unless --labels is count"))
        if faults:
            raise InputError("\n".join(map(str, faults)))
        if self.grades:
            scale_of(self.grades, "--grades")

    @property
    def scale(self) -> Scale:
        """The scale that predictions are told in."""
        return scale_of(self.grades or self.labels) if self.labels != "count" or self.grades else IGA3

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The views of each example of a visit."""
        return tuple((view,) for view in self.views) if self.each_view else (self.views,)


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to grade.

    name : unique.  person : whom it shows.  paths : a photograph a view.  target : grade or count, None: unknown.
    half : shows half of a face, and its count is that half's.  patient, day, occasion : in a dataset, else "", 0, 0.
    split : the part that the user's table puts it in, or None.  key : of its photographs' bytes, where they are known.
    made_of : path and SHA-256 of the photograph that it was edited from, where tables tell (`seen.origins`).
    """

    name: str
    person: str
    paths: tuple[str, ...]
    target: float | None = None
    half: bool = False
    patient: str = ""
    day: int = 0
    occasion: int = 0
    split: str | None = None
    key: str = ""
    made_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples in a fixed order. kind: "dataset", "labelled" or "images"; read: path -> a photograph's bytes; folder:
    where photographs of the user's lie (sidecars beside them), None for a dataset; identity: of the data, equal where
    persons of one name are one person; faults: a letter of each row or file that was left out."""

    source: str
    kind: str
    items: tuple[Example, ...]
    asked: Asked
    read: Callable[[str], bytes]
    folder: Path | None = None
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    identity: str = ""

    def __len__(self) -> int:
        return len(self.items)

    @property
    def persons(self) -> list[str]:
        """Names of the people, in order."""
        return list(dict.fromkeys(item.person for item in self.items))

    @property
    def halves(self) -> np.ndarray:
        """(n,) whether each shows half of a face."""
        return np.array([item.half for item in self.items], bool)

    def targets(self) -> np.ndarray:
        """(n,) float: what is to be learnt. An InputError where one is unknown."""
        if unknown := [item.name for item in self.items if item.target is None]:
            advice = f"{len(unknown)} examples without a label. Give labels, or use predict."
            raise InputError(str(Fault(self.source, unknown[0], "a label for every example", advice)))
        return np.array([item.target for item in self.items], float)

    def grades(self) -> Ints:
        """(n,) the grade of each; counts are cut. An InputError where one is unknown."""
        targets = self.targets()
        if self.asked.labels == "count":
            return self.asked.scale.of_counts(targets, self.halves)
        return targets.astype(np.int64)

    def take(self, rows: Sequence[int] | Ints) -> Examples:
        """Some of them."""
        return replace(self, items=tuple(self.items[int(row)] for row in rows))

    def digest(self) -> str:
        """SHA-256 of what is learnt: names, persons, paths, targets and, where they are known, keys."""
        text = "\n".join(f"{e.name}\t{e.person}\t{','.join(e.paths)}\t{e.target}\t{e.key}" for e in self.items)
        return hashlib.sha256(text.encode()).hexdigest()

    def shares(self) -> dict[str, int]:
        """Examples of each grade."""
        found = Counter(self.grades().tolist())
        return {title: found.get(i, 0) for i, title in enumerate(self.asked.scale.titles)}
