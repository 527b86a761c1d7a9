from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1sim.dataset.labelled import Labelled
from nof1sim.editing.balance_plan import Ask, Line, Task, Uses, bar, deal, refuse_impossible, split_of, splits_of, table
from nof1sim.editing.bands import HAYASHI
from nof1sim.errors import InputError

LABELS = "0123"


def folder(counts: tuple[int, ...], persons: int | None = None, split: str | None = None) -> list[Labelled]:
    rows = []
    for label, count in zip(LABELS, counts, strict=True):
        for number in range(count):
            person = None if persons is None else f"p{len(rows) % persons}"
            rows.append(Labelled(f"levle{label}_{number}.jpg", label, person, split))
    return rows


def dealt(rows: list[Labelled], ask: Ask, splits: tuple[str, ...] = ("all",)) -> list[Task]:
    return deal(rows, ask, table(rows, ask, splits), Uses())


def test_the_published_table() -> None:
    """ACNEDIT's balance of ACNE04: 513/633/182/129 to 400 per rare class."""
    rows, ask = folder((513, 633, 182, 129)), Ask(HAYASHI, 400)
    tasks = dealt(rows, ask)
    lines = table(rows, ask, ("all",), tasks)
    assert [(line.title, line.original, line.generated, line.total) for line in lines] == [
        ("Mild", 513, 0, 513),
        ("Moderate", 633, 0, 633),
        ("Severe", 182, 218, 400),
        ("Very severe", 129, 271, 400),
    ]
    assert max(Counter(task.source.path for task in tasks).values()) == 1  # 489 edits, 1,328 possible sources
    assert all(task.source.label < task.label and not task.reduce for task in tasks)
    assert not any(line.short for line in lines)


def test_images_take_turns_and_then_persons() -> None:
    rows = [Labelled(f"a{n}.jpg", "0", "many", None) for n in range(6)] + [Labelled("b.jpg", "0", "few", None)]
    ask = Ask(HAYASHI, 4, fill=("3",), per_source=2)
    first = dealt(rows, ask)
    assert Counter(task.source.person for task in first) == {"many": 3, "few": 1}
    assert len({task.source.path for task in first}) == 4
    all_once = dealt(rows, Ask(HAYASHI, 7, fill=("3",)))
    assert len({task.source.path for task in all_once}) == 7  # nobody twice before everybody once


def test_persons_with_as_many_images_are_used_as_often() -> None:
    rows = folder((40, 0, 0, 0), persons=8)
    tasks = dealt(rows, Ask(HAYASHI, 20, fill=("1", "2")))
    assert set(Counter(task.source.person for task in tasks).values()) == {5}
    assert set(Counter(task.source.path for task in tasks).values()) == {1}


def test_per_source_is_the_limit_and_what_is_short_is_told() -> None:
    rows, ask = folder((3, 0, 0, 0)), Ask(HAYASHI, 10, fill=("3",), per_source=2)
    tasks = dealt(rows, ask)
    assert Counter(task.source.path for task in tasks) == {row.path: 2 for row in rows}
    assert sorted({(task.repeat, task.seed) for task in tasks if task.source == rows[0]})[0][0] == 1
    assert len({task.seed for task in tasks}) == 6
    assert [line.short for line in table(rows, ask, ("all",), tasks)] == [0, 0, 0, 4]


def test_a_scarce_class_takes_first() -> None:
    """Class 1 can come of class 0 alone; class 3 leaves it that."""
    rows, ask = folder((4, 0, 20, 0)), Ask(HAYASHI, 4, fill=("1", "3"), per_source=1)
    tasks = dealt(rows, ask)
    assert Counter(task.label for task in tasks) == {"1": 4, "3": 4}


def test_lower_classes_need_reduce() -> None:
    rows = folder((0, 5, 5, 5))
    ask = Ask(HAYASHI, 5)
    with pytest.raises(InputError, match=r"class 0 \(Mild\), split all: 0 of 5 images(?s:.*)--reduce"):
        refuse_impossible(rows, ask, table(rows, ask, ("all",)))
    ask = Ask(HAYASHI, 5, reduce=True)
    refuse_impossible(rows, ask, table(rows, ask, ("all",)))
    tasks = dealt(rows, ask)
    assert [task.label for task in tasks] == ["0"] * 5
    assert all(task.reduce and 0 <= task.lesions_half <= 5 for task in tasks)
    assert {task.source.label for task in tasks} == {"1"}


def test_a_class_without_source_says_what_to_do() -> None:
    rows, ask = folder((0, 0, 0, 4)), Ask(HAYASHI, 5, reduce=True)
    with pytest.raises(InputError, match=r"class 3 \(Very severe\)(?s:.*)add photographs(?s:.*)--fill 0,1,2"):
        refuse_impossible(rows[:0] + rows, ask, [Line("all", "3", "Very severe", 4, 0, 5)])


def test_splits() -> None:
    rows = folder((2, 0, 0, 0), split="train") + folder((2, 0, 0, 0), split="test")
    assert splits_of(rows, Ask(HAYASHI, 1), splits_known=True) == ("train",)
    assert splits_of(rows, Ask(HAYASHI, 1, ("test", "train")), splits_known=True) == ("test", "train")
    assert splits_of(rows, Ask(HAYASHI, 1), splits_known=False) == ("all",)
    with pytest.raises(InputError, match="got 'val'; allowed: train, test"):
        splits_of(rows, Ask(HAYASHI, 1, ("val",)), splits_known=True)
    with pytest.raises(InputError, match="no column 'split'"):
        splits_of(rows, Ask(HAYASHI, 1, ("test",)), splits_known=False)


def test_a_new_photograph_changes_no_lesions() -> None:
    rows, ask = folder((6, 0, 0, 0)), Ask(HAYASHI, 6, fill=("2",))
    before = {(task.source.path, task.repeat): task for task in dealt(rows, ask)}
    more = [*rows, Labelled("new.jpg", "0", None, None)]
    after = dealt(more, Ask(HAYASHI, 7, fill=("2",)))
    assert all(before.get((task.source.path, task.repeat), task) == task for task in after)
    assert len(before.keys() & {(task.source.path, task.repeat) for task in after}) == 6


def test_a_failed_edit_is_replaced_by_another_source() -> None:
    rows, ask, uses = folder((6, 0, 0, 0)), Ask(HAYASHI, 3, fill=("3",), per_source=1), Uses()
    first = deal(rows, ask, table(rows, ask, ("all",)), uses)
    bar(first[0], uses, whole=True, bands=HAYASHI)
    second = deal(rows, ask, table(rows, ask, ("all",), first[1:]), uses)
    assert len(second) == 1
    assert second[0].source.path not in {task.source.path for task in first}


@st.composite
def folders(draw: st.DrawFn) -> tuple[list[Labelled], Ask]:
    persons = draw(st.lists(st.sampled_from(["train", "val", "test"]), min_size=1, max_size=8))
    images = draw(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(LABELS)), min_size=1, max_size=30))
    rows = [Labelled(f"{n}.jpg", label, f"p{p % len(persons)}", persons[p % len(persons)])
            for n, (p, label) in enumerate(images)]  # fmt: skip
    there = sorted({split_of(row) for row in rows})
    splits = tuple(draw(st.lists(st.sampled_from(there), min_size=1, unique=True)))
    ask = Ask(HAYASHI, draw(st.integers(1, 12)), splits, None, draw(st.booleans()), draw(st.integers(1, 3)),
              draw(st.integers(0, 3)))  # fmt: skip
    return rows, ask


@settings(max_examples=150, deadline=None)
@given(folders())
def test_splits_are_never_crossed_and_the_limits_hold(case: tuple[list[Labelled], Ask]) -> None:
    rows, ask = case
    assert ask.splits is not None
    tasks = dealt(rows, ask, ask.splits)
    lines = table(rows, ask, ask.splits, tasks)
    for task in tasks:
        assert task.split == task.source.split in ask.splits
        assert task.source.label != task.label
        assert int(task.source.label) - int(task.label) <= int(ask.reduce)
        band = HAYASHI[int(task.label)]
        assert band.low <= task.lesions_half <= band.high
    assert all(count <= ask.per_source for count in Counter(task.source.path for task in tasks).values())
    assert all(line.total <= max(line.target, line.original) for line in lines)
    assert len({(task.source.path, task.label, task.repeat) for task in tasks}) == len(tasks)
    assert dealt(list(reversed(rows)), ask, ask.splits) == tasks  # the order of rows does not matter
