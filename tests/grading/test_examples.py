"""Which examples there are, how they are labelled, and that nobody is in two parts."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nof1sim.dataset.reader import Dataset
from nof1sim.errors import InputError, UnknownNameError
from nof1sim.grading.examples import Asked, Example, Examples
from nof1sim.grading.sources import read_examples
from nof1sim.grading.split import PARTS, SHARES, Split, split_examples

BOTH = ("front", "left")
MERGED = [0, 0, 1, 2, 2]


def test_a_dataset_s_visits_and_their_merged_iga(visits: Path) -> None:
    examples = read_examples(visits, Asked(views=BOTH))
    days = Dataset(visits).truth("days")
    iga = {(p, d): MERGED[grade] for p, d, grade in days.select("patient_id", "day", "iga").iter_rows()}
    assert len(examples) == 12 * 6
    assert [int(item.target or 0) for item in examples.items] == [
        iga[item.patient, item.day] for item in examples.items
    ]
    assert all(len(item.paths) == 2 and not item.half for item in examples.items)
    assert len(set(examples.grades().tolist())) > 1


def test_every_few_days_and_single_views(visits: Path) -> None:
    few = read_examples(visits, Asked(views=BOTH, every=3))
    assert {item.day for item in few.items} == {1, 4}
    each = read_examples(visits, Asked(views=BOTH, each_view=True, labels="count"))
    days = {(r["patient_id"], r["day"]): r for r in Dataset(visits).truth("days").iter_rows(named=True)}
    assert len(each) == 2 * 12 * 6
    for item in each.items:
        row = days[item.patient, item.day]
        left = "left" in item.paths[0]
        assert item.half == left
        assert item.target == row["n_left" if left else "n_inflammatory"]


def test_a_single_side_view_has_its_own_half_s_class_but_the_whole_face_s_iga(visits: Path) -> None:
    days = {(r["patient_id"], r["day"]): r for r in Dataset(visits).truth("days").iter_rows(named=True)}
    for item in read_examples(visits, Asked("hayashi4", views=("left",))).items:
        assert item.target == days[item.patient, item.day]["hayashi_left"]
    for item in read_examples(visits, Asked("iga3", views=("left",))).items:
        assert (item.target, item.half) == (MERGED[days[item.patient, item.day]["iga"]], False)


def test_without_labels_the_truth_stays_closed(visits: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(visits, tmp_path / "copy"))
    shutil.rmtree(copy / "truth")
    assert len(read_examples(copy, Asked(views=BOTH), labelled=False)) == 72
    with pytest.raises(InputError, match="no truth"):
        read_examples(copy, Asked(views=BOTH))


def test_a_recorded_column_can_be_the_label(visits: Path) -> None:
    with pytest.raises(InputError, match="a whole number, 0 to 4"):
        read_examples(visits, Asked(views=BOTH, column="AcneSeverity"))
    found = read_examples(visits, Asked("hayashi4", views=BOTH, column="hayashi_worse"))
    assert len(found) == 72
    with pytest.raises(InputError, match="Did you mean 'hayashi_worse'"):
        read_examples(visits, Asked("hayashi4", views=BOTH, column="hayashi_worst"))


def test_what_cannot_be_asked(visits: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--views: got 'right'; allowed: front, left"):
        read_examples(visits, Asked())
    for wrong in ({"labels": "gags"}, {"views": ()}, {"views": ("front", "front")}, {"every": 0}, {"grades": "iga3"}):
        with pytest.raises(InputError):
            Asked(**({"labels": "hayashi4"} | wrong))
    with pytest.raises(UnknownNameError):
        Asked("count", grades="iga4")
    with pytest.raises(InputError, match="no such folder"):
        read_examples(tmp_path / "nowhere", Asked())


def test_a_labelled_folder(labelled: Path) -> None:
    examples = read_examples(labelled, Asked(views=("front",)), labels=labelled.parent / "labels.csv")
    assert len(examples) == 12
    assert examples.grades().tolist() == [0, 1, 2] * 4
    assert examples.persons == [f"p{i}" for i in range(6)]
    table = (labelled.parent / "labels.csv").read_text().replace("x00.png,1", "x00.png,mild").replace(",3,", ",3-4,")
    (labelled.parent / "labels.csv").write_text(table)
    again = read_examples(labelled, Asked(views=("front",)), labels=labelled.parent / "labels.csv")
    assert len(again) == 11, "'mild' is 2 of an IGA and 0 of Hayashi: it is left out, not guessed"
    assert again.grades().tolist() == ([0, 1, 2] * 4)[1:]
    assert "mild" in str(again.faults[0])


def made(people: int, visits_each: int, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    items = [
        Example(f"{p} {v}", f"p{p}", (f"{p}_{v}.jpg",), float(rng.choice(3, p=(0.12, 0.36, 0.52))))
        for p in range(people)
        for v in range(visits_each)
    ]
    return Examples("made", "labelled", tuple(items), Asked(), lambda path: b"")


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_in_two_parts_and_grades_are_distributed_alike(seed: int) -> None:
    examples = made(60, 4)
    split = split_examples(examples, seed)
    people = [set(split.people[part]) for part in PARTS]
    assert sum(map(len, people)) == len(set().union(*people)) == 60
    assert set().union(*people) == set(examples.persons)
    rows = np.concatenate([split.rows(examples, part) for part in PARTS])
    assert sorted(rows.tolist()) == list(range(len(examples)))
    whole = np.bincount(examples.grades(), minlength=3) / len(examples)
    for part, share in SHARES.items():
        grades = examples.take(split.rows(examples, part)).grades()
        assert len(grades) / len(examples) == pytest.approx(share, abs=0.02)
        assert np.abs(np.bincount(grades, minlength=3) / len(grades) - whole).max() < 0.06
    assert split_examples(examples, seed) == split


def test_too_few_people_are_refused() -> None:
    with pytest.raises(InputError, match="2 persons"):
        split_examples(made(2, 10))


def test_the_user_s_split_is_kept_and_must_not_cross() -> None:
    examples = made(6, 2)
    parts = ("train", "train", "train", "train", "val", "test")
    items = [replace(item, split=parts[int(item.person[1:])]) for item in examples.items]
    split = split_examples(replace(examples, items=tuple(items)))
    assert split.people == {"train": ("p0", "p1", "p2", "p3"), "val": ("p4",), "test": ("p5",)}
    items[1] = replace(items[1], split="test")
    with pytest.raises(InputError, match="p0 in train and test"):
        split_examples(replace(examples, items=tuple(items)))
    with pytest.raises(InputError, match="got 'nothing'"):
        split_examples(replace(examples, items=(replace(items[0], split=None), *items[1:])))


def test_one_photograph_of_two_persons_must_not_cross_either() -> None:
    examples = made(6, 1)
    items = tuple(replace(item, key="same") if item.person in ("p0", "p5") else item for item in examples.items)
    with pytest.raises(InputError, match="in train and test"):
        Split({"train": ("p0",), "test": ("p5",)}, "").check(replace(examples, items=items))
