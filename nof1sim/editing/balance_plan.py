"""Which photograph becomes which class: counted and dealt, without looking at a picture.

A class below its target is filled with edited photographs of *other* classes of the same split. Photographs, and then
persons, take turns: none is used again before all were used. Everything hangs on the seed and on addresses (the
photograph's path, the class, the how-manieth), so another photograph in the folder changes no other edit's lesions.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from nof1sim.dataset.labelled import Labelled
from nof1sim.dataset.labelled_rows import SPLITS
from nof1sim.errors import InputError
from nof1sim.randomness import key64, stream

from .bands import Band, added_range, position

PER_SOURCE = 3
"""Edited pictures made of one photograph at most: the published balance of ACNE04 needs one; more look alike."""
WHOLE = "all"
"""Name of the split of labels that tell none."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted.

    to : images a class should have.  splits : those to balance; None: train, or everything where there are no splits.
    fill : classes to bring up; None: all.  reduce : may lesions be taken away, to make a lower class?
    per_source : edited pictures made of one photograph at most.
    """

    bands: tuple[Band, ...]
    to: int
    splits: tuple[str, ...] | None = None
    fill: tuple[str, ...] | None = None
    reduce: bool = False
    per_source: int = PER_SOURCE
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One edit: a photograph, its new class, how many lesions to add on half a face (drawn evenly from
    `bands.added_range`), how many the class has at most, whether what is there is taken away first, and the edit's
    seed."""

    split: str
    source: Labelled
    label: str
    repeat: int
    lesions_half: int
    most_half: int
    reduce: bool
    seed: int

    @property
    def address(self) -> tuple[str | int, ...]:
        """Of the edit's random numbers, after the run's seed."""
        return ("balance", self.source.path, self.label, self.repeat)


@dataclass(frozen=True, slots=True)
class Line:
    """A class of a split: images that are there, that are made, and that should be there."""

    split: str
    label: str
    title: str
    original: int
    generated: int
    target: int

    @property
    def total(self) -> int:
        """Images after balancing."""
        return self.original + self.generated

    @property
    def short(self) -> int:
        """Images that are still missing."""
        return max(0, self.target - self.total)


@dataclass(slots=True)
class Uses:
    """How often photographs and persons were used; and (photograph, class) that cannot be edited."""

    image: Counter[str] = field(default_factory=Counter)
    person: Counter[str] = field(default_factory=Counter)
    repeats: Counter[tuple[str, str]] = field(default_factory=Counter)
    barred: set[tuple[str, str]] = field(default_factory=set)


def splits_of(rows: Iterable[Labelled], ask: Ask, splits_known: bool) -> tuple[str, ...]:
    """The splits to balance; see `Ask.splits`. InputError: one that the labels do not have."""
    if not splits_known:
        if ask.splits and ask.splits != (WHOLE,):
            allowed = "nothing, for the labels have no column 'split'"
            raise InputError(f"--splits: got {','.join(ask.splits)}; allowed: {allowed}. Add the column, or leave it.")
        return (WHOLE,)
    there = {row.split for row in rows}
    known = [name for name in SPLITS if name in there]
    wanted = ask.splits or ("train",)
    if missing := [name for name in wanted if name not in known]:
        raise InputError(f"--splits: got {missing[0]!r}; allowed: {', '.join(known)}, which the labels have.")
    return tuple(dict.fromkeys(wanted))


def split_of(row: Labelled) -> str:
    """The split of an image, `WHOLE` where labels tell none."""
    return row.split or WHOLE


def table(rows: Sequence[Labelled], ask: Ask, splits: Sequence[str], made: Iterable[Task] = ()) -> list[Line]:
    """A line a split and class; a class that is large enough, or not to be filled, has itself as its target."""
    have = Counter((split_of(row), row.label) for row in rows)
    new = Counter((task.split, task.label) for task in made)
    lines = []
    for split in splits:
        for band in ask.bands:
            original = have[split, band.name]
            wanted = ask.fill is None or band.name in ask.fill
            target = max(original, ask.to) if wanted else original
            lines.append(Line(split, band.name, band.title, original, new[split, band.name], target))
    return lines


def refuse_impossible(rows: Sequence[Labelled], ask: Ask, lines: Iterable[Line]) -> None:
    """Refuse a class that lacks images and of which no photograph of its split could become one.

    Raises
    ------
    InputError
        Names each such class, and what could be done.
    """
    faults = []
    for line in lines:
        if line.short and not any(_eligible(row, line.split, line.label, ask) for row in rows):
            others = [row for row in rows if split_of(row) == line.split and row.label != line.label]
            advice = "add photographs of another class to this split"
            if others and not ask.reduce:
                advice = "it can only be made by taking lesions away: --reduce"
            elif others:
                advice = "add photographs"
            rest = ",".join(band.name for band in ask.bands if band.name != line.label)
            faults.append(
                f"  class {line.label} ({line.title}), split {line.split}: {line.original} of {line.target} images, "
                f"and no source image that could become one; {advice}, or leave it out: --fill {rest}"
            )
    if faults:
        raise InputError("These classes cannot be brought to --to:\n" + "\n".join(faults))


def deal(rows: Sequence[Labelled], ask: Ask, lines: Iterable[Line], uses: Uses) -> list[Task]:
    """Edits for all that is short in `lines`, as far as sources remain; `uses` is brought up to date.

    The class with the fewest possible sources first: upwards, what it leaves is open to all the others.
    """
    tasks = []
    jobs = []
    for line in lines:
        if line.short:
            sources = [row for row in rows if _eligible(row, line.split, line.label, ask)]
            jobs.append((len(sources), line, [row for row in sources if (row.path, line.label) not in uses.barred]))
    for _, line, sources in sorted(jobs, key=lambda job: (job[1].split, job[0], job[1].label)):
        tasks += _fill(line, sources, ask, uses)
    return tasks


def bar(task: Task, uses: Uses, whole: bool, bands: Sequence[Band]) -> None:
    """Note that an edit failed: its photograph is not tried again for this class, or (`whole`) for any."""
    labels: Set[str] = {band.name for band in bands} if whole else {task.label}
    uses.barred |= {(task.source.path, label) for label in labels}
    uses.image[task.source.path] -= 1
    uses.person[task.source.who] -= 1


def _eligible(row: Labelled, split: str, label: str, ask: Ask) -> bool:
    """Whether a photograph may become one of a class: of the same split and of a lower class; with `reduce` also of the
    next higher one. From farther above too much remains: a detector misses a quarter of the spots and more."""
    if split_of(row) != split:
        return False
    above = position(ask.bands, row.label) - position(ask.bands, label)
    return above < 0 or (above == 1 and ask.reduce)


def _fill(line: Line, sources: Sequence[Labelled], ask: Ask, uses: Uses) -> list[Task]:
    """The least used photograph of the least used person, again and again; a tie is broken by the seed."""
    ties = {row.path: key64(ask.seed, "balance order", line.label, row.path) for row in sources}

    def rank(row: Labelled) -> tuple[int, int, int, str]:
        return uses.image[row.path], uses.person[row.who], ties[row.path], row.path

    heap = [(rank(row), number) for number, row in enumerate(sources)]
    heapq.heapify(heap)
    tasks: list[Task] = []
    while heap and len(tasks) < line.short:
        old, number = heapq.heappop(heap)
        row = sources[number]
        if (new := rank(row)) != old:  # the person was used meanwhile: ranks only rise
            heapq.heappush(heap, (new, number))
        elif uses.image[row.path] < ask.per_source:
            tasks.append(_task(line, row, ask, uses))
            heapq.heappush(heap, (rank(row), number))
    return tasks


def _task(line: Line, row: Labelled, ask: Ask, uses: Uses) -> Task:
    uses.image[row.path] += 1
    uses.person[row.who] += 1
    uses.repeats[row.path, line.label] += 1
    repeat = uses.repeats[row.path, line.label]
    old, new = (ask.bands[position(ask.bands, name)] for name in (row.label, line.label))
    low, high = added_range(old, new)
    address = ("balance", row.path, line.label, repeat)
    lesions = int(stream(ask.seed, *address, "lesions").integers(low, high + 1))
    return Task(line.split, row, line.label, repeat, lesions, new.high, new.low < old.low, key64(ask.seed, *address))
