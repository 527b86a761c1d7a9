"""What Python gets of a dataset: lazy images, pandas, torch."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError, InputError

SPLIT = {"train": 0.6, "test": 0.4}


@pytest.fixture(scope="module")
def dataset(simulated: Path) -> Dataset:
    return open_dataset(simulated)


def test_images_come_in_order_and_one_by_one(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(type(dataset.target), "read", _counted(read, type(dataset.target).read))
    images = dataset.images("front", patient="2")
    read.clear()  # the table, to know the images
    unit, pixels = next(images)
    assert (unit, read) == (dataset.units()[35], [dataset.path(unit)])
    assert np.array_equal(pixels, dataset.image(unit))
    assert sum(1 for _ in images) == 34


def _counted(read: list[str], plain):
    return lambda self, path: (read.append(path), plain(self, path))[1]


def test_all_images_are_all_units(dataset: Dataset) -> None:
    assert [unit for unit, _ in dataset.images()] == dataset.units()


@pytest.mark.parametrize("what", [{"view": "fron"}, {"patient": "01"}])
def test_an_unknown_view_or_patient_is_a_letter(dataset: Dataset, what: dict[str, str]) -> None:
    with pytest.raises(DatasetError, match="allowed: "):
        dataset.images(**what)


def test_pandas_has_the_same_values(dataset: Dataset) -> None:
    plain, frame = dataset.observations(), dataset.to_pandas()
    assert list(frame.columns) == plain.columns
    assert frame["AcneSeverity"].tolist() == plain["AcneSeverity"].to_list()
    assert [str(day) for day in frame["date"].dt.date] == [str(day) for day in plain["date"]]
    assert frame["day"].dtype == "Int64"
    assert frame["patient_id"].tolist() == plain["patient_id"].to_list()


def test_pandas_with_truth_has_each_day_s_own_truth(dataset: Dataset) -> None:
    frame, days = dataset.to_pandas(truth=True), dataset.truth("days")
    assert len(frame) == days.height
    assert frame["severity_true"].tolist() == days["severity_true"].to_list()
    assert frame["treatment"].tolist() == days["treatment"].to_list()


def test_gaps_are_gaps_in_pandas() -> None:
    import polars as pl

    from nof1sim.dataset.pandas_data import to_pandas

    gaps = {"n": pl.Int64, "x": pl.Float64, "flag": pl.Boolean, "text": pl.String, "date": pl.Date}
    frame = to_pandas(pl.DataFrame({name: [None] for name in gaps}, schema=gaps))
    assert frame.isna().all(axis=None)


def test_without_torch_a_letter_names_the_extra(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'nof1sim\[analysis\]'"):
        dataset.to_torch()


def test_torch_items(dataset: Dataset) -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    data = dataset.to_torch(mask=True)
    item, unit = data[40], dataset.units()[40]
    assert len(data) == len(dataset.units())
    assert item["image"].shape == (3, 64, 64)
    assert item["image"].dtype == torch.float32
    assert np.array_equal((item["image"] * 255).round().numpy().transpose(1, 2, 0), dataset.image(unit))
    assert np.array_equal(item["mask"].numpy(), dataset.mask(unit))
    row = dataset.observations().row(40, named=True)
    assert (item["patient"], item["day"], item["view"]) == (1, row["day"], "front")
    assert item["target"].item() == pytest.approx(row["AcneSeverity"])


def test_torch_parts_share_no_patient(dataset: Dataset) -> None:
    pytest.importorskip("torch", reason="needs torch")
    parts = {name: dataset.to_torch(name, split=SPLIT, seed=3) for name in SPLIT}
    people = {name: {item.unit.rank for item in part.items} for name, part in parts.items()}
    assert not people["train"] & people["test"]
    assert people["train"] | people["test"] == {0, 1, 2}
    assert sum(map(len, parts.values())) == len(dataset.units())


def test_torch_targets(dataset: Dataset) -> None:
    pytest.importorskip("torch", reason="needs torch")
    assert "target" not in dataset.to_torch(target=None)[0]
    true = dataset.to_torch(target="severity_true", truth=True)[50]["target"].item()
    assert true == pytest.approx(dataset.truth("days")["severity_true"][50])
    with pytest.raises(InputError, match="With truth=True"):
        dataset.to_torch(target="severity_true")
    with pytest.raises(InputError, match="Did you mean 'train'"):
        dataset.to_torch("trian")


def test_pictures_without_a_target_are_left_out(simulated: Path) -> None:
    pytest.importorskip("torch", reason="needs torch")
    import polars as pl

    dataset = open_dataset(simulated)
    gap = pl.when(pl.col("day") == 5).then(None).otherwise(pl.col("AcneSeverity")).alias("AcneSeverity")
    dataset.__dict__["_observations"] = dataset.observations().with_columns(gap)
    days = {item.unit.day for item in dataset.to_torch().items}
    assert days == set(range(1, 36)) - {5}
    assert len(dataset.to_torch(target=None)) == 105


def halved(sample: dict) -> tuple:
    return sample["image"][:, ::2, ::2], sample["target"]


def test_torch_pictures_travel_to_workers(dataset: Dataset) -> None:
    pytest.importorskip("torch", reason="needs torch")
    data = dataset.to_torch("test", split=SPLIT, transform=halved)
    sent = pickle.dumps(data)
    assert len(sent) < 20_000, "it must hold paths, no pixels"
    image, target = pickle.loads(sent)[1]
    assert image.shape == (3, 32, 32)
    assert target == data[1][1]


@pytest.mark.slow
def test_a_loader_with_spawned_workers(dataset: Dataset) -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    loader = torch.utils.data.DataLoader(
        dataset.to_torch(), batch_size=16, num_workers=2, multiprocessing_context="spawn"
    )
    assert sum(len(batch["target"]) for batch in loader) == len(dataset.units())
