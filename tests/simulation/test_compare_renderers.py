"""The gain of persistence as a number: the same trial drawn by two renderers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1sim.errors import DatasetError
from nof1sim.protocol import Protocol, with_changes
from nof1sim.simulation.compare_renderers import change, compare, filled, persistence_of, red_excess

from .conftest import run, small_protocol

RENDERERS = ("PaintOnce", "PaintDaily")


def protocol_of(name: str, **images: object) -> Protocol:
    look = {"renderer": f"nof1sim_test_baseline:{name}", "format": "png", "nuisance": {"preset": "none"}}
    return with_changes(small_protocol(), cohort={"patients": 2}, images=look | images)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folders = [tmp_path_factory.mktemp("compare") / name for name in RENDERERS]
    for name, folder in zip(RENDERERS, folders, strict=True):
        run(protocol_of(name), folder)
    return folders


def test_what_is_painted_once_stays_and_what_is_drawn_daily_does_not(trials: list[Path]) -> None:
    once, daily = compare([str(folder) for folder in trials]).iter_rows(named=True)
    assert (once["patients"], once["pairs"]) == (daily["patients"], daily["pairs"]) == (2, 18)
    assert (once["outside"], once["share_outside"]) == (0.0, 0.0)
    assert once["face"] > 0
    assert daily["share_outside"] == 1.0
    # Two independent numbers of -4 .. 4 differ by 80 / 27 in the mean; days of another grade by more.
    assert 80 / 27 - 0.1 < daily["outside"] < 80 / 27 + 8
    assert once["redness_rho"] > 0.5
    assert (once["lost"], once["cosine_min"], once["nuisance"]) == (0, None, False)
    assert [row["renderer"] for row in (once, daily)] == [f"nof1sim_test_baseline:{name}" for name in RENDERERS]


def test_the_baseline_makes_a_valid_dataset_without_boxes(trials: list[Path]) -> None:
    from nof1sim.dataset.reader import open_dataset
    from nof1sim.simulation.verify import verify

    dataset = open_dataset(trials[1])
    assert dataset.truth("boxes").height == 0
    assert not any(dataset.mask(unit, True).any() for unit in dataset.units())
    drawn = [json.loads(text) for text in dataset.truth("images")["drawn"]]
    assert {one["persistence"] for one in drawn} == {"none"}
    hayashi = dataset.truth("days")["hayashi"].to_list()
    assert [one["grade"] for one in drawn] == hayashi
    assert verify(trials[1], sample=3).same


def test_nuisance_is_told(tmp_path: Path) -> None:
    run(protocol_of("PaintOnce", nuisance={"preset": "clinic"}), tmp_path / "a")
    found = persistence_of(tmp_path / "a")
    assert found.nuisance
    assert found.outside is not None
    assert found.outside > 0


def test_recorded_likeness_and_lost_faces_are_counted(trials: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from nof1sim.dataset.reader import Dataset

    told = iter([{"identity_cosine": 0.5}, {"identity": "no single face found"}, {"identity_cosine": 0.9}])
    plain = Dataset.truth

    def truth(self: Dataset, name: str) -> pl.DataFrame:
        table = plain(self, name)
        if name != "images":
            return table
        texts = [json.dumps(next(told, {})) for _ in range(table.height)]
        return table.with_columns(pl.Series("drawn", texts))

    monkeypatch.setattr(Dataset, "truth", truth)
    found = persistence_of(trials[0])
    assert found.lost == 1
    assert (found.cosine_min, found.cosine_median) == (0.5, pytest.approx(0.7))


def test_a_dataset_without_masks_or_view_is_refused(tmp_path: Path, trials: list[Path]) -> None:
    run(protocol_of("PaintOnce", masks=False), tmp_path / "a")
    with pytest.raises(DatasetError, match=r"no lesion masks.*images\.masks: true"):
        persistence_of(tmp_path / "a")
    with pytest.raises(DatasetError, match="view: got 'left'; allowed: front"):
        persistence_of(trials[0], view="left")


def test_change_and_redness_of_hand_made_pictures() -> None:
    first = np.zeros((2, 2, 3), np.uint8)
    second = first.copy()
    second[0, 0], second[1, 1] = (30, 0, 0), (3, 3, 3)
    free = np.array([[False, True], [True, True]])
    face = np.array([[True, True], [False, False]])
    assert change(first, second, free, face) == (3.0, 3.0, 10.0, 2.0, 13.0)
    assert red_excess(second, face) == 15.0
    assert filled(np.array([[0, 0], [3, 0], [3, 3], [0, 3]]), 8).sum() == 16
