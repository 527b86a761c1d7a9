"""What a grader has seen in training, and how its crops differ from those of other photographs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nof1sim.grading.examples import Asked, Examples
from nof1sim.grading.pictures import Pictures, load_pictures
from nof1sim.grading.recipe import recipe_of
from nof1sim.grading.saved import Grader
from nof1sim.grading.seen import crop_notes, origins, seen, seen_note, traces
from nof1sim.grading.sources import default_views, read_examples
from nof1sim.grading.split import Split

ASKED = Asked(views=("front",))


def grader(known: list[str], crops: dict[str, int] | None = None, **data: Any) -> Grader:
    about = {"data": {"keys": [], "identity": "", "seen": known} | data, "preprocessing": {"crops": crops or {}}}
    return Grader(recipe_of("small"), ASKED, {}, Split({"train": ("p0",)}, ""), about, Path())


def read(labelled: Path, table: Path) -> Examples:
    return read_examples(labelled, ASKED, labels=table)


def pictures(examples: Examples) -> Pictures:
    """Without pixels of the training's: known by other traces alone."""
    return Pictures(examples, np.zeros((len(examples), 1, 4, 4, 3), np.uint8), {})


def test_a_person_is_known_by_name_and_a_file_by_its_bytes(labelled: Path) -> None:
    examples = read(labelled, labelled.parent / "labels.csv")
    elsewhere = pictures(replace(examples, identity="another folder"))
    known = traces(examples, examples.items[:2])
    assert known == sorted({"p0", examples.items[0].key, examples.items[1].key})
    assert seen(grader(["p0"]), elsewhere) == ["x00.png", "x01.png"]
    assert seen(grader([examples.items[5].key]), elsewhere) == ["x05.png"]
    assert seen(grader([]), elsewhere) == []
    unlabelled = replace(read_examples(labelled, ASKED, labelled=False), identity="")
    assert seen(grader([examples.items[5].key]), pictures(unlabelled)) == ["x05.png"]
    assert "2 of 12 examples" in seen_note(grader(["p0"]), elsewhere)[0]
    assert seen_note(grader([]), elsewhere) == ()


def test_numbers_of_simulated_patients_are_no_names(visits: Path, labelled: Path) -> None:
    examples = read_examples(visits, ASKED)
    assert traces(examples, examples.items) == []
    assert seen(grader([item.person for item in examples.items]), pictures(examples)) == []
    assert len(seen(grader([], identity=examples.identity), pictures(examples))) == 0, "p0 is none of its patients"


def test_sources_of_edited_photographs_count_as_seen(labelled: Path) -> None:
    examples = read(labelled, labelled.parent / "labels.csv")
    table = labelled.parent / "balanced.csv"
    table.write_text("file,label,person,source\nx00.png,1,a,old/y.png\nx01.png,2,a,clinic\nx02.png,3,b,old/z.png\n")
    (labelled.parent / "manifest.csv").write_text(f"file,sha256_source\nx00.png,{examples.items[11].key}\n")
    made = read(labelled, table)
    known = traces(made, made.items)
    assert {"old/y.png", "old/z.png", "a", "b", examples.items[11].key} < set(known)
    assert "clinic" not in known, "a source that is no photograph"
    others = pictures(replace(examples.take(range(3, 12)), identity="another folder"))
    assert seen(grader(known), others) == ["x11.png"]


def test_tables_without_sources_tell_none(labelled: Path) -> None:
    assert origins(labelled, labelled.parent / "labels.csv", {}) == {}
    assert origins(labelled, None, {}) == {}


@pytest.mark.parametrize(("learnt", "here", "warned"), [
    ({"detector": 9, "whole": 1}, {"whole": 3}, "put key points beside them"),
    ({"whole": 9}, {"key points": 2, "whole": 1}, "train it again"),
    ({"frame": 9}, {"detector": 3}, ""),
    ({"whole": 9}, {"whole": 3}, ""),
])  # fmt: skip
def test_crops_of_another_kind_are_warned_of(learnt: dict[str, int], here: dict[str, int], warned: str) -> None:
    warnings = [note for note in crop_notes(grader([], learnt), here) if note.startswith("Warning")]
    assert len(warnings) == bool(warned)
    assert all(warned in warning for warning in warnings)


def test_default_views_are_those_of_the_dataset(visits: Path, labelled: Path) -> None:
    assert default_views(visits) == ("front", "left")
    assert default_views(labelled) == ("front", "left", "right")


def test_what_is_left_out_is_told_once(labelled: Path) -> None:
    (labelled / "x03.png").write_bytes(b"no picture")
    (fault,) = load_pictures(read(labelled, labelled.parent / "labels.csv"), 32).faults
    assert fault.startswith("x03.png: got ")
    assert fault.count("got ") == fault.count("x03.png") == 1


def test_odd_rows_are_notes_and_not_left_out(labelled: Path) -> None:
    (labelled / "x00.png").rename(labelled / "levle0_1.png")
    table = labelled.parent / "labels.csv"
    table.write_text(table.read_text().replace("x00.png", "levle0_1.png"))
    examples = read(labelled, table)
    assert (len(examples), examples.faults) == (12, ())
    assert "levle0_1.png" in examples.notes[-1]
