"""People into training, validation and test: nobody in two parts, grades distributed alike.

Bernhard et al. 2024 drew splits of *visits* until the grades were distributed alike ("successive random samplings").
Here the same is done with people, for two visits of one person are nearly one picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..dataset.splits import split_patients
from ..errors import Fault, InputError
from ..model import Ints
from .examples import Examples

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
"""Of the people; Bernhard et al. 2024 have these shares of the visits."""
PARTS = tuple(SHARES)
DRAWS = 500
"""Splits that are drawn; the one whose parts have the grades closest to those of all is taken."""


@dataclass(frozen=True, slots=True)
class Split:
    """People of each part, sorted by name, and how the split came about."""

    people: Mapping[str, tuple[str, ...]]
    how: str

    def rows(self, examples: Examples, part: str) -> Ints:
        """Rows of the examples of a part. An InputError for a part that does not exist."""
        if part not in self.people:
            raise InputError(str(Fault("--part", part, ", ".join(self.people))))
        chosen = set(self.people[part])
        return np.array([i for i, item in enumerate(examples.items) if item.person in chosen], np.int64)

    def check(self, examples: Examples) -> None:
        """An InputError where a person is in two parts, or where two persons in two parts share a photograph."""
        of: dict[str, str] = {}
        for part, people in self.people.items():
            for person in people:
                if of.setdefault(person, part) != part:
                    raise InputError(str(Fault("split", f"{person} in {of[person]} and {part}", "each person once")))
        seen: dict[str, str] = {}
        for item in examples.items:
            part = of.get(item.person)
            for key in (item.key,) if item.key else item.paths:
                if part is not None and seen.setdefault(key, part) != part:
                    raise InputError(str(Fault("split", f"{item.paths[0]} in {seen[key]} and {part}", "one part")))


def split_examples(examples: Examples, seed: int = 0, shares: Mapping[str, float] = SHARES) -> Split:
    """The user's split where the table has one, else people dealt so that the parts' grades are distributed alike.

    With fewer people than parts would need (3) an InputError says so.
    """
    given = {item.split for item in examples.items}
    if given != {None}:
        return _given(examples)
    people, table = _tally(examples)
    if len(people) < len(shares):
        advice = "Nobody may be in two parts. Simulate more patients, or add a column 'person' to the labels."
        raise InputError(str(Fault("split", f"{len(people)} persons", f"{len(shares)} or more", advice)))
    target = table.sum(0) / table.sum()
    best, least = None, np.inf
    for draw in range(DRAWS):
        parts = split_patients(len(people), shares, seed + draw)
        miss = sum(_miss(table[list(rows)].sum(0), target, table.sum() * shares[part]) for part, rows in parts.items())
        if miss < least:
            best, least = parts, miss
    assert best is not None
    named = {part: tuple(sorted(people[row] for row in rows)) for part, rows in best.items()}
    return Split(named, f"by person, grades as in the whole, best of {DRAWS} draws (seed {seed})")


def _miss(counts: np.ndarray, target: np.ndarray, size: float) -> float:
    """How far a part is from the grades' distribution (total variation) and from its share of the examples."""
    total = counts.sum()
    if not total:
        return 2.0
    return float(np.abs(counts / total - target).sum() / 2 + 0.5 * abs(total / size - 1))


def _tally(examples: Examples) -> tuple[list[str], np.ndarray]:
    """People, and (people, grades) how many examples of each grade they have."""
    people, grades = examples.persons, examples.grades()
    place = {person: i for i, person in enumerate(people)}
    table = np.zeros((len(people), len(examples.asked.scale)))
    np.add.at(table, (np.array([place[item.person] for item in examples.items]), grades), 1)
    return people, table


def _given(examples: Examples) -> Split:
    """The split of the user's own table."""
    parts: dict[str, set[str]] = defaultdict(set)
    for item in examples.items:
        if item.split is None:
            raise InputError(str(Fault(f"split of {item.name}", "nothing", ", ".join(PARTS), "Fill in the column.")))
        parts[item.split].add(item.person)
    if unknown := sorted(set(parts) - set(PARTS)):
        raise InputError(str(Fault("split", unknown[0], ", ".join(PARTS))))
    if "train" not in parts:
        raise InputError(str(Fault("split", ", ".join(sorted(parts)), "a split with a part 'train'")))
    split = Split({part: tuple(sorted(parts[part])) for part in PARTS if part in parts}, "by the user's table")
    split.check(examples)
    return split
