"""Photographs with grades, as a LoRA learns from them: a simulated dataset, or a labelled folder of the user's."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..dataset.images import decode
from ..errors import Fault, InputError, did_you_mean, unknown_name
from ..grading.examples import Asked, Example, Examples
from ..grading.scales import SCALES
from ..grading.sources import read_examples
from ..render.portrait.photograph import read_photograph

Pixels = NDArray[np.uint8]
LABELS = ("hayashi4", "iga3", "severity")
"""What the labels are: grades of Hayashi 2008, of the IGA as merged for graders, or a severity from 0 to 3."""
SEVERITY_COLUMN = "severity_true"
TOP = 3
LEAST = 3
"""Pictures of a grade at least; DreamBooth was published for three to five (Ruiz et al. 2023)."""


@dataclass(frozen=True, slots=True)
class Square:
    """A picture for the VAE. pixels (s, s, 3); original, corner: height and width before, and the top and left of the
    square in the resized picture, which SDXL is told; sha256: of the file."""

    pixels: Pixels
    original: tuple[int, int]
    corner: tuple[int, int]
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class LoraData:
    """Pictures with a grade each, in a fixed order. grades: (n,); count: grades of the scale; label: its name."""

    examples: Examples
    grades: NDArray[np.int64]
    count: int
    label: str

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def present(self) -> tuple[int, ...]:
        """The grades that there are pictures of."""
        return tuple(int(grade) for grade in np.unique(self.grades))

    def shares(self) -> dict[str, int]:
        """Grade -> pictures."""
        found = Counter(self.grades.tolist())
        return {str(grade): found.get(grade, 0) for grade in range(self.count)}

    def digest(self) -> str:
        """SHA-256 of what is learnt from: the data's identity, names, labels and grades."""
        text = f"{self.examples.identity}\n{self.examples.digest()}\n{self.label}\n{self.grades.tolist()}"
        return hashlib.sha256(text.encode()).hexdigest()

    def squares(self, size_px: int) -> Iterator[tuple[int, Square | str]]:
        """Row and square of every picture, one at a time; in place of a photograph that cannot be read, why."""
        for row, item in enumerate(self.examples.items):
            try:
                pixels, sha256 = _pixels(self.examples, item)
                yield row, replace(square(pixels, size_px), sha256=sha256)
            except InputError as error:
                yield row, f"{item.name}: {error}"


def read_lora_data(
    source: str | os.PathLike[str], labels: str = "hayashi4", *, view: str = "front",
    table: str | os.PathLike[str] | None = None, columns: Mapping[str, str] | None = None, column: str | None = None,
    every: int = 1, people: Collection[str] | None = None,
) -> LoraData:  # fmt: skip
    """Read which pictures there are and their grades; no picture is opened.

    Parameters
    ----------
    source : a dataset's folder, or a labelled folder (`dataset.labelled.read_labelled`).
    labels : one of `LABELS`. A severity's grade is the nearest whole number, of two the lower, 3 at most.
    view, column, every : of a dataset: the view, the column of the labels where it is not the truth's, every so many
        days.
    table, columns : the label file of a folder, and its columns where they have other names. Where it has splits, only
        the training part is read.
    people : whom to learn from; None: everybody.

    Raises
    ------
    InputError
        Nothing to learn from, an unknown column or person, a label that is none.
    """
    if labels not in LABELS:
        raise unknown_name("kind of label", "--labels", labels, LABELS)
    of_severity = labels == "severity"
    asked = Asked(
        labels="count" if of_severity else labels, views=(view,), every=every,
        column=column or (SEVERITY_COLUMN if of_severity else None),
    )  # fmt: skip
    examples = _learnt(read_examples(source, asked, labels=table, columns=columns), people)
    if not of_severity:
        return LoraData(examples, examples.grades(), len(SCALES[labels]), labels)
    return LoraData(examples, grades_of(examples.targets()), TOP + 1, labels)


def _learnt(examples: Examples, people: Collection[str] | None) -> Examples:
    """The training part of a split, of these people."""
    if unknown := sorted(set(people or ()) - set(examples.persons)):
        raise InputError(
            str(Fault("people", unknown[0], "people of the data", did_you_mean(unknown[0], examples.persons)))
        )
    rows = [
        row
        for row, item in enumerate(examples.items)
        if item.split in (None, "train") and (people is None or item.person in people)
    ]
    if not rows:
        raise InputError(str(Fault(examples.source, "no picture to learn from", "a part 'train', and people in it")))
    return examples.take(rows)


def grades_of(severities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Grades 0 to 3 of severities (n,): the nearest whole number, at a tie the lower.

    >>> grades_of(np.array([0.5, 0.51, 2.5, 7.0])).tolist()
    [0, 1, 2, 3]
    """
    return np.clip(np.ceil(np.asarray(severities) - 0.5), 0, TOP).astype(np.int64)


def check_data(data: LoraData) -> None:
    """InputError unless there are enough pictures of at least two grades."""
    where = data.examples.source
    if len(data.present) < 2:
        given = f"{len(data)} pictures, all of grade {int(data.grades[0])}"
        raise InputError(str(Fault(where, given, "at least two grades", "There is nothing to tell apart.")))
    few = {grade: n for grade, n in data.shares().items() if 0 < n < LEAST}
    if few:
        grade, n = next(iter(few.items()))
        advice = "Add some, or leave the grade out."
        raise InputError(str(Fault(where, f"{n} pictures of grade {grade}", f"{LEAST} or more of a grade", advice)))


def square(pixels: Pixels, size_px: int) -> Square:
    """The middle square of a picture, its shorter side resized to (size_px)."""
    height, width = pixels.shape[:2]
    scale = size_px / min(height, width)
    high, wide = max(size_px, math.floor(height * scale)), max(size_px, math.floor(width * scale))
    whole = np.asarray(Image.fromarray(pixels).resize((wide, high), Image.Resampling.LANCZOS))
    top, left = (high - size_px) // 2, (wide - size_px) // 2
    cut = np.ascontiguousarray(whole[top : top + size_px, left : left + size_px])
    return Square(cut, (height, width), (top, left))


def _pixels(examples: Examples, item: Example) -> tuple[Pixels, str]:
    """A dataset's picture as it is, a photograph of the user's upright, in colour; and the SHA-256 of the file."""
    if examples.folder is None:
        data = examples.read(item.paths[0])
        return decode(data), hashlib.sha256(data).hexdigest()
    photograph = read_photograph(Path(examples.folder) / item.paths[0])
    return photograph.pixels, photograph.sha256
