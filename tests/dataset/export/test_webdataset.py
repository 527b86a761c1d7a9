from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nof1sim.dataset.export.base import Options, export
from nof1sim.dataset.export.source import Source
from nof1sim.dataset.export.webdataset import sample
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.simulation.driver import simulate

from .conftest import SPOTS, study


def opened(pattern: list[Path], wds: Any) -> list[dict[str, Any]]:
    """The samples, decoded as docs/exports.md says."""

    def mask(data: bytes) -> Any:
        return np.asarray(Image.open(io.BytesIO(data)))

    samples = wds.WebDataset([str(path) for path in pattern], shardshuffle=False)
    return list(samples.decode(wds.handle_extension("mask.png", mask), "pil"))


@pytest.fixture
def wds() -> Any:
    return pytest.importorskip("webdataset", reason="webdataset is not installed")


def test_shards_open_with_webdataset(exported: Dataset, wds: Any, tmp_path: Path) -> None:
    out = export(exported, "webdataset", tmp_path / "out", Options(truth=True))
    shards = sorted(out.glob("*.tar"))
    assert [path.name for path in shards] == ["train-000000.tar"]
    found = opened(shards, wds)
    pictures = list(Source(exported).pictures(truth=True))
    assert len(found) == len(pictures)
    for one, picture in zip(found, pictures, strict=True):
        assert one["__key__"] == Path(picture.path).stem
        assert np.array_equal(np.asarray(one["jpg"]), exported.image(picture.unit))
        assert np.array_equal(one["mask.png"], exported.mask(picture.unit))
        assert one["json"]["severity_true"] == picture.truth["severity_true"]
        assert one["json"]["date"] == picture.row["date"].isoformat()
        assert one["json"]["AcneSeverity"] == picture.row["AcneSeverity"]
        assert one["json"]["objects"]["lesion_id"] == [box.lesion_id for box in picture.boxes]


def test_shards_keep_to_their_size_and_their_patients(exported: Dataset, wds: Any, tmp_path: Path) -> None:
    options = Options(split={"train": 0.5, "test": 0.5}, more={"size_mb": "0.1"})
    out = export(exported, "webdataset", tmp_path / "out", options)
    shards = sorted(out.glob("*.tar"))
    assert len(shards) == len(list(out.glob("test-*"))) + len(list(out.glob("train-*"))) > 2
    assert all(path.stat().st_size <= 100_000 for path in shards)
    people = {
        part: {one["json"]["patient_id"] for one in opened(sorted(out.glob(f"{part}-*.tar")), wds)}
        for part in options.split
    }
    assert people["train"] | people["test"] == set(exported.patient_ids())
    assert not people["train"] & people["test"]
    assert all(set(one) == {"__key__", "__url__", "__local_path__", "jpg", "json"} for one in opened(shards[:1], wds))


def test_headers_hold_no_clock_and_no_owner(exported: Dataset, tmp_path: Path) -> None:
    out = export(exported, "webdataset", tmp_path / "out", Options(truth=True))
    with tarfile.open(out / "train-000000.tar") as tar:
        members = tar.getmembers()
        rows = [json.load(tar.extractfile(m)) for m in members if m.name.endswith(".json")]  # type: ignore[arg-type]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
    first = Path(exported.path(exported.units()[0])).stem
    assert [m.name for m in members[:3]] == [f"{first}.jpg", f"{first}.json", f"{first}.mask.png"]
    assert len(rows) == len(exported.units())


def test_a_dot_in_a_patients_name_does_not_cut_the_key(wds: Any, tmp_path: Path) -> None:
    images = {"layout": "hettich", "renderer": SPOTS}
    protocol = study(cohort={"patients": 4, "ids": ["a", "a.b", "a.c", "a%2Eb"]}, images=images)
    simulate(protocol, tmp_path / "trial", workers=1)
    dataset = open_dataset(tmp_path / "trial")
    assert any("a.b" in dataset.path(unit) for unit in dataset.units())
    found = opened([export(dataset, "webdataset") / "train-000000.tar"], wds)
    assert len(found) == len(dataset.units())
    assert len({one["__key__"] for one in found}) == len(found)
    assert {one["json"]["patient_id"] for one in found} == {"a", "a.b", "a.c", "a%2Eb"}


def test_a_sample_without_truth_has_no_mask(exported: Dataset) -> None:
    source = Source(exported)
    picture = next(source.pictures())
    assert [Path(name).suffixes for name in sample(source, picture, truth=False)] == [[".jpg"], [".json"]]
