"""Grades of photographs by a trained grader."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace

import numpy as np

from ..analysis.embed.networks import threads
from ..errors import Fault, InputError
from ..model import Floats, Ints
from ..render.portrait.landmarks import LandmarkReader
from .examples import Asked, Examples
from .heads import HEADS, counts_of, grades_of
from .networks import import_torch
from .pictures import Pictures, Told, load_pictures
from .saved import Grader
from .steps import Part
from .train import outputs


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a grader says of examples.

    probabilities (n, grades); grades (n,); expected (n,): sum of probability x grade, a score without steps; counts
    (n,): expected lesions, of a count head only.
    """

    pictures: Pictures
    probabilities: Floats
    grades: Ints
    expected: Floats
    counts: Floats | None = None

    @property
    def examples(self) -> Examples:
        """Those that could be read, in order."""
        return self.pictures.examples


def asked_of(grader: Grader, every: int = 1, column: str | None = None, dataset: bool = True) -> Asked:
    """What a grader was trained to be asked, of other days or another column."""
    asked = replace(grader.asked, every=every, column=column)
    return asked if dataset else replace(asked, column=None)


def predict(
    grader: Grader, examples: Examples, reader: LandmarkReader | None = None, progress: Told | None = None
) -> Predictions:
    """Grade examples; equal for equal photographs, one kind of CPU and the recipe's number of threads.

    Raises
    ------
    InputError
        No photograph can be read, or examples have different numbers of photographs.
    AnalysisError
        torch is missing.
    """
    torch = import_torch()
    if len({len(item.paths) for item in examples.items}) > 1:
        raise InputError(str(Fault(examples.source, "examples of different views", "the same views for all")))
    pictures = load_pictures(examples, grader.recipe.size_px, reader, progress)
    n, halves = len(pictures.examples), pictures.examples.halves
    part = Part(pictures.pixels, np.zeros(n), np.zeros(n, np.int64), halves)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with threads(grader.recipe.threads):
        out = outputs(torch, grader.recipe, grader.network().to(device), part, examples.asked.views, device)
    head = grader.recipe.head
    probabilities = HEADS[head].probabilities(out, grader.scale, halves)
    return Predictions(
        pictures,
        probabilities,
        grades_of(head, out, grader.scale, halves),
        probabilities @ np.arange(len(grader.scale)),
        counts_of(out) if head == "count" else None,
    )


def scores_csv(found: Predictions) -> bytes:
    """A row an example: file (of its first view), patient, day, occasion, p of each grade, grade, expected score, count
    and, where it is known, the label."""
    titles = found.examples.asked.scale.titles
    labelled = all(item.target is not None for item in found.examples.items)
    true = found.examples.grades() if labelled else None
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\n")
    head = ["file", "patient_id", "day", "occasion", *(f"p_{title.replace(' ', '_')}" for title in titles), "grade",
            "expected_score"]  # fmt: skip
    write.writerow([*head, *(["count"] if found.counts is not None else []), *(["label"] if labelled else [])])
    for i, item in enumerate(found.examples.items):
        when = [item.day, item.occasion] if item.patient else ["", ""]
        row = [item.paths[0], item.patient, *when, *(f"{p:.6f}" for p in found.probabilities[i]),
               titles[found.grades[i]], f"{found.expected[i]:.6f}"]  # fmt: skip
        count = [f"{found.counts[i]:.3f}"] if found.counts is not None else []
        write.writerow([*row, *count, *([titles[true[i]]] if true is not None else [])])
    return file.getvalue().encode()
