"""Which pictures a LoRA learns from, at which grade, and as which square."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from nof1sim_test_lora import picture, write_folder
from PIL import Image

from nof1sim.dataset.reader import Dataset
from nof1sim.errors import InputError, UnknownNameError
from nof1sim.learning.lora_data import check_data, grades_of, read_lora_data, square


def table(folder: Path, **columns: list[object]) -> Path:
    """labels.csv beside a folder, of the pictures in it."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    path = folder.parent / "labels.csv"
    pl.DataFrame({"file": files, **columns}).write_csv(path)
    return path


def test_folders_named_by_grade(tmp_path: Path) -> None:
    data = read_lora_data(write_folder(tmp_path / "photos", 4))
    assert data.shares() == {"0": 3, "1": 3, "2": 3, "3": 3}
    assert data.present == (0, 1, 2, 3)
    check_data(data)
    [first, *_] = data.squares(64)
    assert first[0] == 0
    assert not isinstance(first[1], str)
    assert first[1].pixels.shape == (64, 64, 3)
    assert len(first[1].sha256) == 64


def test_a_dataset_s_grades_are_those_of_its_truth(simulated: Path) -> None:
    data = read_lora_data(simulated)
    truth = Dataset(simulated).truth("days")
    assert len(data) == truth.height
    assert Counter(data.grades.tolist()) == Counter(truth["hayashi"].cast(pl.Int64).to_list())
    by_severity = read_lora_data(simulated, "severity")
    wanted = grades_of(truth["severity_true"].to_numpy())
    assert Counter(by_severity.grades.tolist()) == Counter(wanted.tolist())
    assert data.digest() != by_severity.digest()


def test_severities_of_a_table_become_the_nearest_grade_at_a_tie_the_lower(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "photos", 2)
    data = read_lora_data(folder, "severity", table=table(folder, label=[0.0, 0.5, 0.51, 1.5, 2.5, 3.0]))
    assert data.grades.tolist() == [0, 0, 1, 1, 2, 3]


def test_only_the_training_part_and_only_these_people(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "photos", 2)
    labels = table(
        folder, label=[0, 0, 0, 1, 1, 1], person=list("abcabd"), split=["train", "train", "test"] + ["train"] * 3
    )
    data = read_lora_data(folder, table=labels)
    assert data.examples.persons == ["a", "b", "d"]
    some = read_lora_data(folder, table=labels, people=["a", "d"])
    assert sorted(item.person for item in some.examples.items) == ["a", "a", "d"]
    with pytest.raises(InputError, match=r"people.*'e'"):
        read_lora_data(folder, table=labels, people=["e"])


def test_a_person_in_two_splits_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "photos", 2)
    labels = table(folder, label=[0, 0, 0, 1, 1, 1], person=list("abcabd"), split=["train"] * 5 + ["test"])
    read_lora_data(folder, table=labels)
    labels = table(folder, label=[0, 0, 0, 1, 1, 1], person=list("abcaba"), split=["train"] * 5 + ["test"])
    with pytest.raises(InputError, match="a"):
        read_lora_data(folder, table=labels)


def test_the_middle_square_of_a_picture() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 250
    found = square(wide, 64)
    assert found.pixels.shape == (64, 64, 3)
    assert (found.original, found.corner) == ((100, 300), (0, 64))
    assert found.pixels[:, 2:-2].min() > 240
    high = square(np.zeros((300, 100, 3), np.uint8), 64)
    assert high.corner == (64, 0)
    same = picture(1, 0, (64, 64))
    assert np.array_equal(square(same, 64).pixels, same)


def test_too_few_pictures_and_one_grade(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"6 pictures, all of grade 0.*two grades"):
        check_data(read_lora_data(write_folder(tmp_path / "one", 1, 6)))
    folder = write_folder(tmp_path / "few", 2)
    (folder / "1" / "2.png").unlink()
    with pytest.raises(InputError, match=r"2 pictures of grade 1.*3 or more"):
        check_data(read_lora_data(folder))


def test_what_is_no_photograph_is_told_and_left_out(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "photos", 2, 4)
    Image.fromarray(picture(0, 9)).convert("L").save(folder / "0" / "3.png")
    (folder / "1" / "3.png").write_bytes(b"no picture")
    found = dict(read_lora_data(folder).squares(64))
    assert [row for row, one in found.items() if isinstance(one, str)] == [3, 7]
    assert "grey" in str(found[3])
    assert "1/3.png" in str(found[7])


def test_labels_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'severity'"):
        read_lora_data(tmp_path, "severities")
    folder = write_folder(tmp_path / "photos", 2)
    with pytest.raises(InputError, match=r"0/0\.png.*allowed: the classes 0, 1, 2, 3"):
        read_lora_data(folder, table=table(folder, label=[7] * 6))
