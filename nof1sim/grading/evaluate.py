"""A grader beside the truth: held-out people of its own data, or photographs of real people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import Fault, InputError
from ..model import Floats, Ints
from . import metrics
from .examples import Examples
from .metrics import Interval
from .predict import Predictions
from .saved import Grader, json_bytes
from .seen import crop_notes, seen

Bin = tuple[float, float, int]
"""Mean probability of the predicted grade, share that is right, examples."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a grader grades some examples.

    what : which examples.  titles : of the grades.  table (k, k): a row a true grade, a column a predicted one.
    wilson : of the accuracy, examples taken as independent.  by_person : from a bootstrap of persons.  majority : the
    grade that is most frequent in training; majority_accuracy : of always saying it, here.  left_out : a letter each.
    """

    what: str
    titles: tuple[str, ...]
    table: Ints
    persons: int
    wilson: Interval
    by_person: dict[str, Interval]
    majority: str
    majority_accuracy: float
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    confidence: tuple[Bin, ...] = ()

    @property
    def n(self) -> int:
        """Examples."""
        return int(self.table.sum())

    @property
    def summary(self) -> dict[str, float]:
        """`metrics.MEASURES` of the table."""
        return {name: measure(self.table) for name, measure in metrics.MEASURES.items()}

    @property
    def majority_balanced(self) -> float:
        """Balanced accuracy of always saying the majority's grade: 0 where that grade does not occur here."""
        said = np.zeros_like(self.table)
        said[:, self.titles.index(self.majority)] = self.table.sum(1)
        return metrics.balanced_accuracy(said)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        grades = [
            {"grade": title, "examples": int(self.table[i].sum()), "precision": metrics.precision(self.table)[i],
             "recall": metrics.recall(self.table)[i], "f1": metrics.f1(self.table)[i]}
            for i, title in enumerate(self.titles)
        ]  # fmt: skip
        return {
            "what": self.what, "examples": self.n, "persons": self.persons, "left_out": len(self.left_out),
            "left_out_files": self.left_out,
            "confusion": {"rows": "true", "columns": "predicted", "grades": self.titles, "counts": self.table},
            "grades": grades, **self.summary, "accuracy_wilson": asdict(self.wilson),
            "bootstrap_by_person": {name: asdict(interval) for name, interval in self.by_person.items()},
            "majority": {"grade": self.majority, "accuracy": self.majority_accuracy,
                         "balanced_accuracy": self.majority_balanced},
            "reliability": [{"confidence": c, "accuracy": a, "examples": n} for c, a, n in self.confidence],
            "notes": self.notes,
        }  # fmt: skip


def evaluate(grader: Grader, found: Predictions, what: str, seed: int = 0) -> Evaluation:
    """Compare predictions with the examples' labels."""
    examples, scale = found.examples, grader.scale
    true, k = examples.grades(), len(scale)
    table = metrics.confusion(true, found.grades, k)
    persons = np.array([item.person for item in examples.items])
    trained = list(grader.about["data"]["grades"]["train"].values())
    majority = int(np.argmax(trained))
    right = int(np.trace(table))
    missing = [title for i, title in enumerate(scale.titles) if not table[i].sum()]
    notes = [f"No example of grade {', '.join(missing)}."] if missing else []
    notes += crop_notes(grader, found.pictures.crops)
    left = (*examples.faults, *found.pictures.faults)
    return Evaluation(
        what, scale.titles, table, int(np.unique(persons).size), Interval(*metrics.wilson(right, len(examples))),
        metrics.by_person(true, found.grades, persons, k, seed), scale.titles[majority],
        float((true == majority).mean()), left, (*examples.notes, *notes),
        reliability(found.probabilities, found.grades, true),
    )  # fmt: skip


def reliability(probabilities: Floats, grades: Ints, true: Ints, bins: int = 5) -> tuple[Bin, ...]:
    """Mean probability of the predicted grade, share that is right, how many; in equal bins of that probability."""
    sure = probabilities[np.arange(len(grades)), grades]
    place = np.minimum((sure * bins).astype(int), bins - 1)
    rows = [np.flatnonzero(place == b) for b in range(bins)]
    return tuple((float(sure[r].mean()), float((grades[r] == true[r]).mean()), int(r.size)) for r in rows if r.size)


def held_out(grader: Grader, examples: Examples, part: str = "test") -> Examples:
    """The examples of a part of the grader's own split.

    Raises
    ------
    InputError
        Nobody of that part is there: these are other data, whose people all count as unseen; say --part all.
    """
    rows = grader.split.rows(examples, part)
    if not rows.size:
        advice = "Other data than it was trained on: --part all, if none of its people is among them."
        raise InputError(
            str(Fault(f"--part {part}", f"no example in {examples.source}", "people of that part", advice))
        )
    return examples.take(rows)


def unseen(grader: Grader, found: Predictions) -> Predictions:
    """Predictions, after making sure that nobody of the training is among them.

    Refused are photographs that were in the training or validation part, the sources of edited ones, and persons of
    these parts: in data of the same identity (a folder; a protocol, which makes the same people), and by name wherever
    both are photographs of the user's.

    Raises
    ------
    InputError
        Somebody was seen in training.
    """
    if same := seen(grader, found.pictures):
        advice = (
            f"{len(same)} such examples, by photograph or by person. Leave them out (or rename persons who only share "
            "a name); for held-out people of the training data: --part test."
        )
        raise InputError(str(Fault("evaluate", f"{same[0]}, seen in training", "people it has never seen", advice)))
    return found


def test_rows(examples: Examples) -> Examples:
    """Photographs of the user's to test on: those of split "test" where the table has splits, else all.

    Raises
    ------
    InputError
        The table has splits, but none is "test".
    """
    splits = {item.split for item in examples.items}
    if splits == {None}:
        return examples
    rows = [i for i, item in enumerate(examples.items) if item.split == "test"]
    if not rows:
        raise InputError(str(Fault("split", ", ".join(sorted(map(str, splits))), "rows of split 'test'")))
    return examples.take(rows)


def evaluation_json(one: Evaluation) -> bytes:
    """The file evaluation.json."""
    return json_bytes(one.document())
