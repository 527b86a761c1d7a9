from __future__ import annotations

import json
from pathlib import Path

import pytest

from nof1sim.dataset.export.base import NOTE, Options, export
from nof1sim.dataset.export.common import WHOLE, number, parts_of
from nof1sim.dataset.export.source import Source
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError, InputError


class Cohort:
    """As much of a dataset as `parts_of` looks at."""

    def __init__(self, patients: int) -> None:
        self._ids = [str(n) for n in range(patients)]

    def patient_ids(self) -> list[str]:
        return self._ids


def sizes(patients: int, **split: float) -> list[int]:
    return [len(ranks) for ranks in parts_of(Cohort(patients), split, 0).values()]  # type: ignore[arg-type]


def test_parts_are_shares_of_the_patients_and_never_empty() -> None:
    assert sizes(10, train=0.8, test=0.2) == [8, 2]
    assert sizes(10, a=0.34, b=0.33, c=0.33) == [4, 3, 3]
    assert sizes(10, train=0.97, test=0.03) == [9, 1]
    assert sizes(10, a=0.5, b=0.3) == [5, 3]
    assert sizes(3, a=0.98, b=0.01, c=0.01) == [1, 1, 1]
    assert sizes(1000, train=0.7, validation=0.15, test=0.15) == [700, 150, 150]
    assert sizes(1, train=1.0) == [1]


def test_parts_are_disjoint_and_depend_on_the_seed_alone() -> None:
    cohort: Dataset = Cohort(20)  # type: ignore[assignment]
    first, again, other = (parts_of(cohort, {"train": 0.5, "test": 0.5}, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first["train"] + first["test"]) == list(range(20))
    assert parts_of(cohort, {}, 3) == {WHOLE: list(range(20))}


@pytest.mark.parametrize(
    ("split", "patients", "letter"),
    [
        ({"train": 0.8, "test": 0.3}, 10, "add up to at most 1"),
        ({"../x": 0.5}, 10, "letters, digits"),
        ({"a": 0.4, "b": 0.3, "c": 0.3}, 2, "at most as many parts as patients"),
    ],
)
def test_splits_that_cannot_be_say_why(split: dict[str, float], patients: int, letter: str) -> None:
    with pytest.raises(InputError, match=letter):
        parts_of(Cohort(patients), split, 0)  # type: ignore[arg-type]


def test_numbers_among_the_options_are_checked() -> None:
    assert number(Options(), "size_mb", 500, 1, 1000) == 500
    assert number(Options(more={"size_mb": "7.5"}), "size_mb", 500, 1, 1000) == 7.5
    for text in ("many", "nan", "0", "1e9"):
        with pytest.raises(InputError, match="a number from 1 to 1000"):
            number(Options(more={"size_mb": text}), "size_mb", 500, 1, 1000)


def test_pictures_carry_the_row_of_their_day_and_the_lesions_that_are_in_their_mask(exported: Dataset) -> None:
    pictures = list(Source(exported).pictures(truth=True))
    assert [picture.unit for picture in pictures] == exported.units()
    days = {(row["patient_id"], row["day"]): row for row in exported.truth("days").iter_rows(named=True)}
    ids = exported.patient_ids()
    for picture in pictures:
        row = days[ids[picture.unit.rank], picture.unit.day]
        assert picture.row["patient_id"] == row["patient_id"]
        assert picture.row["view"] == picture.unit.view
        assert picture.truth["severity_true"] == row["severity_true"]
        assert not any(name.startswith("image_") for name in picture.row)
        mask = exported.mask(picture.unit)
        assert {box.lesion_id for box in picture.boxes} == set(mask[mask > 0].tolist())
    assert sum(len(picture.boxes) for picture in pictures) > 100
    assert all(box.stage and box.kind for picture in pictures for box in picture.boxes)


def test_without_truth_the_truth_is_not_opened(spoilt: Path) -> None:
    import shutil

    shutil.rmtree(spoilt / "truth")
    pictures = list(Source(open_dataset(spoilt)).pictures([1]))
    assert {picture.unit.rank for picture in pictures} == {1}
    assert all(not picture.truth and not picture.boxes for picture in pictures)


@pytest.mark.parametrize("file", ["image", "images.sha256", "observations.csv"])
@pytest.mark.parametrize("to", ["imagefolder", "webdataset"])
def test_a_damaged_file_does_not_travel_on(spoilt: Path, to: str, file: str, tmp_path: Path) -> None:
    dataset = open_dataset(spoilt)
    path = dataset.path(dataset.units()[-1]) if file == "image" else file
    data = bytearray((spoilt / path).read_bytes())
    data[len(data) // 2] ^= 1
    (spoilt / path).write_bytes(data)
    with pytest.raises(DatasetError, match="is damaged"):
        export(open_dataset(spoilt), to, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial"]


def test_a_manifest_that_points_outside_is_refused(spoilt: Path) -> None:
    source = Source(open_dataset(spoilt))
    source._sums["../secret"] = b""  # as a forged manifest would have it
    with pytest.raises(DatasetError, match="outside the dataset"):
        source.read("../secret")


@pytest.mark.parametrize("to", ["imagefolder", "parquet", "webdataset"])
def test_the_same_dataset_gives_the_same_bytes(exported: Dataset, to: str, tmp_path: Path) -> None:
    options = Options(truth=True, split={"train": 0.5, "test": 0.5}, seed=4)
    one, two = (export(exported, to, tmp_path / name, options) for name in ("one", "two"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert all((one / file).read_bytes() == (two / file).read_bytes() for file in files)
    note = json.loads((one / NOTE).read_text())
    assert (note["format"], note["digest"]) == (to, exported.manifest["digest"])
    assert note["options"] == {"truth": True, "split": {"train": 0.5, "test": 0.5}, "seed": 4, "more": {}}
    assert str(tmp_path) not in "".join((one / file).read_text("latin-1") for file in files)
