"""imagefolder and Parquet, opened with the library `datasets`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nof1sim.dataset.export.base import Options, export
from nof1sim.dataset.export.imagefolder import csv_keeps
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError, InputError
from nof1sim.simulation.driver import simulate

from .conftest import SPOTS, study

SPLIT = {"train": 0.5, "test": 0.5}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The library `datasets`, offline, with a cache of its own, and without its progress bars."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets = pytest.importorskip("datasets", reason="the library `datasets` is not installed")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    yield datasets
    datasets.enable_progress_bars()


def same_rows(rows: Any, dataset: Dataset, patients: set[str] | None = None) -> None:
    """Every photograph is there once, with the pixels and the row of its own."""
    wanted = dataset.observations().unpivot(
        ["image_front", "image_left"],
        index=["patient_id", "day", "treatment", "AcneSeverity"],
        variable_name="view",
        value_name="path",
    )
    expected = {
        (row["patient_id"], row["day"], row["view"].removeprefix("image_")): row
        for row in wanted.drop_nulls("path").iter_rows(named=True)
        if patients is None or row["patient_id"] in patients
    }
    assert len(rows) == len(expected) > 10
    for row in rows:
        key = (str(row["patient_id"]), row["day"], row["view"])
        meant = expected.pop(key)
        assert (row["treatment"], row["AcneSeverity"]) == (meant["treatment"], meant["AcneSeverity"])
        with Image.open(Path(dataset.url) / meant["path"]) as image:
            assert np.array_equal(np.asarray(row["image"].convert("RGB")), np.asarray(image.convert("RGB")))


def same_truth(rows: Any, dataset: Dataset) -> None:
    """Masks keep their 16 bits, lesions their order, numbers their last digit."""
    days = {(row["patient_id"], row["day"]): row for row in dataset.truth("days").iter_rows(named=True)}
    boxes = dataset.truth("boxes")
    for row in rows:
        day = days[row["patient_id"], row["day"]]
        for name in ("severity_true", "hayashi", "iga", "n_inflammatory"):
            assert row[name] == day[name]
        mask, lesions = np.asarray(row["mask"]), row["objects"]
        assert mask.dtype == np.uint16
        assert sorted(lesions["lesion_id"]) == np.unique(mask[mask > 0]).tolist()
        mine = boxes.filter(patient_id=row["patient_id"], day=row["day"], view=row["view"]).sort("lesion_id")
        assert lesions["bbox"] == [list(box) for box in mine.select("x", "y", "w", "h").iter_rows()]
        assert lesions["area_px"] == mine["area_px"].to_list()
        for lesion, area in zip(lesions["lesion_id"], lesions["area_px"], strict=True):
            assert np.count_nonzero(mask == lesion) == area


def test_imagefolder_opens_as_the_page_says(exported: Dataset, hub: Any, tmp_path: Path) -> None:
    out = export(exported, "imagefolder", tmp_path / "out")
    assert (out / "train" / "metadata.csv").read_text().startswith("file_name,patient_id,date,block,day,treatment,")
    opened = hub.load_dataset("imagefolder", data_dir=str(out))
    assert list(opened) == ["train"]
    same_rows(opened["train"], exported)
    assert {path.suffix for path in (out / "train").rglob("*") if path.is_file()} == {".csv", ".jpg"}


def test_imagefolder_with_truth_has_masks_and_lesions(exported: Dataset, hub: Any, tmp_path: Path) -> None:
    out = export(exported, "imagefolder", tmp_path / "out", Options(truth=True, split=SPLIT))
    opened = hub.load_dataset("imagefolder", data_dir=str(out))
    assert set(opened) == {"train", "test"}
    people = [set(opened[name]["patient_id"]) for name in SPLIT]
    assert [len(some) for some in people] == [2, 2]
    assert not people[0] & people[1]
    for name, some in zip(SPLIT, people, strict=True):
        same_rows(opened[name], exported, some)
        same_truth(opened[name], exported)


def test_the_card_names_splits_that_the_hub_does_not_know(exported: Dataset, hub: Any, tmp_path: Path) -> None:
    for to in ("imagefolder", "parquet"):
        out = export(exported, to, tmp_path / to, Options(split={"fit": 0.5, "probe": 0.25}))
        opened = hub.load_dataset(str(out))
        assert {name: len(set(rows["patient_id"])) for name, rows in opened.items()} == {"fit": 2, "probe": 1}


def test_parquet_opens_with_an_image_column(exported: Dataset, hub: Any, tmp_path: Path) -> None:
    out = export(exported, "parquet", tmp_path / "out", Options(truth=True, split=SPLIT, more={"size_mb": "0.05"}))
    names = sorted(path.name for path in (out / "data").iterdir())
    count = sum(name.startswith("train") for name in names)
    assert count > 1
    assert names[-1] == f"train-{count - 1:05d}-of-{count:05d}.parquet"
    files = {name: str(out / "data" / f"{name}-*") for name in SPLIT}
    opened = hub.load_dataset("parquet", data_files=files)
    assert opened["train"].features["image"] == hub.Image()
    assert opened["train"].features["mask"] == hub.Image()
    for name in SPLIT:
        same_rows(opened[name], exported, set(opened[name]["patient_id"]))
        same_truth(opened[name], exported)


def test_parquet_row_groups_are_small_and_name_their_types(exported: Dataset, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    out = export(exported, "parquet", tmp_path / "out")
    file = parquet.ParquetFile(next((out / "data").iterdir()))
    groups = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
    assert sum(groups) == len(exported.units())
    assert max(groups) <= 100
    assert str(file.schema_arrow.field("date").type) == "date32[day]"
    assert str(file.schema_arrow.field("patient_id").type) == "string"
    assert b"huggingface" in file.schema_arrow.metadata


def test_parquet_without_pyarrow_says_what_to_install(
    exported: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DatasetError, match=re.escape('pip install "nof1sim[export]"')):
        export(exported, "parquet", tmp_path / "out")
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="size_mb"):
        export(exported, "parquet", tmp_path / "out", Options(more={"size_mb": "9000"}))


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        (["1", "2", "10"], True),
        (["anna", "ben"], True),
        (["007", "008"], False),
        (["1", "anna"], False),
        (["NA", "anna"], False),
        (["1e3", "x"], False),
        (["True", "x"], False),
        ([" a", "b"], False),
    ],
)
def test_a_csv_is_written_only_if_pandas_reads_the_same_texts(ids: list[str], kept: bool, tmp_path: Path) -> None:
    import pandas as pd

    table = pl.DataFrame({"patient_id": ids, "treatment": ["Baseline"] * len(ids)})
    assert csv_keeps(table, table.columns) is kept
    table.write_csv(tmp_path / "table.csv")
    if kept:
        assert [str(value) for value in pd.read_csv(tmp_path / "table.csv")["patient_id"]] == ids
    assert not csv_keeps(pl.DataFrame({"patient_id": ["1"], "treatment": ["None"]}), ["patient_id", "treatment"])


def test_names_that_look_like_numbers_stay_names(hub: Any, tmp_path: Path) -> None:
    ids = ["001", "002", "003", "004"]
    simulate(study(cohort={"patients": 4, "ids": ids}, images={"renderer": SPOTS}), tmp_path / "trial", workers=1)
    dataset = open_dataset(tmp_path / "trial")
    assert dataset.patient_ids() == ids
    out = export(dataset, "imagefolder")
    assert out == tmp_path / "trial-exports" / "imagefolder"
    opened = hub.load_dataset("imagefolder", data_dir=str(out))
    assert sorted(set(opened["train"]["patient_id"])) == ids
