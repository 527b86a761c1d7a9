from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nof1sim.dataset.export.base import Options, export
from nof1sim.dataset.images import encode_mask
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError, InputError
from nof1sim.model import STAGE_CODE
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.simulation.driver import simulate


@pytest.fixture(scope="module")
def written(exported: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(exported, "coco", tmp_path_factory.mktemp("coco") / "out")


def opened(path: Path) -> Any:
    module = pytest.importorskip("pycocotools.coco", reason="needs pycocotools")
    with redirect_stdout(io.StringIO()):
        return module.COCO(str(path))


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_pycocotools_gives_back_every_mask(exported: Dataset, written: Path) -> None:
    coco = opened(written / "annotations" / "instances.json")
    mask = pytest.importorskip("pycocotools.mask", reason="needs pycocotools")
    units = exported.units()
    assert sorted(coco.imgs) == list(range(1, len(units) + 1))
    for number, unit in enumerate(units, start=1):
        painted = np.zeros_like(exported.mask(unit))
        for one in coco.loadAnns(coco.getAnnIds(number)):
            lesion = coco.annToMask(one).astype(bool)
            assert lesion.sum() == one["area"]
            assert mask.toBbox(one["segmentation"]).tolist() == one["bbox"]
            painted[lesion] = one["lesion_id"]
        assert (painted == exported.mask(unit)).all()


def test_categories_are_the_stages_of_the_day(exported: Dataset, written: Path) -> None:
    document = json.loads((written / "annotations" / "instances.json").read_text())
    names = {one["id"]: one["name"] for one in document["categories"]}
    assert 0 not in names
    assert names[STAGE_CODE["papule"]] == "papule"
    units = exported.units()
    days = exported.truth("lesion_days").select("patient_id", "day", "lesion_id", "stage").rows()
    stages = {row[:3]: row[3] for row in days}
    images = {one["id"]: one for one in document["images"]}
    for one in document["annotations"]:
        image = images[one["image_id"]]
        assert names[one["category_id"]] == stages[image["patient_id"], image["day"], one["lesion_id"]]
    assert [one["file_name"] for one in document["images"]] == [
        exported.path(unit).removeprefix("images/") for unit in units
    ]


def test_a_track_is_one_lesion_of_one_patient(exported: Dataset, written: Path) -> None:
    document = json.loads((written / "annotations" / "instances.json").read_text())
    patient_of = {one["id"]: one["patient_id"] for one in document["images"]}
    tracks = {(patient_of[one["image_id"]], one["lesion_id"]): one["track_id"] for one in document["annotations"]}
    assert len(set(tracks.values())) == len(tracks) > 0


def test_images_are_copied_byte_for_byte_or_left(exported: Dataset, written: Path, tmp_path: Path) -> None:
    for path in map(exported.path, exported.units()):
        assert (written / path).read_bytes() == exported.read(path)
    bare = export(exported, "coco", tmp_path / "bare", Options(more={"images": "no"}))
    assert not (bare / "images").exists()
    text = "annotations/instances.json"
    assert (bare / text).read_bytes() == (written / text).read_bytes()


def test_ids_are_unique_over_the_parts_of_a_split(exported: Dataset, tmp_path: Path) -> None:
    parts = Options(split={"train": 0.5, "val": 0.25, "test": 0.25}, more={"images": "no"})
    out = export(exported, "coco", tmp_path / "out", parts)
    documents = [json.loads((out / "annotations" / f"instances_{name}.json").read_text()) for name in parts.split]
    for kind in ("images", "annotations"):
        ids = [one["id"] for document in documents for one in document[kind]]
        assert len(set(ids)) == len(ids) > 0
    people = [{one["patient_id"] for one in document["images"]} for document in documents]
    assert sum(map(len, people)) == len(set.union(*people)) == 4
    assert sorted(path.name for path in (out / "annotations").iterdir()) == [
        "instances_test.json",
        "instances_train.json",
        "instances_val.json",
    ]


def test_the_same_again_is_the_same_to_the_byte(exported: Dataset, written: Path, tmp_path: Path) -> None:
    again = export(exported, "coco", tmp_path / "again")
    name = "annotations/instances.json"
    assert (again / name).read_bytes() == (written / name).read_bytes()


def test_an_image_without_lesions_stays(tmp_path: Path) -> None:
    clear = with_changes(
        load_protocol("default"),
        cohort={"patients": 1},
        design={"baseline_days": 1, "period_days": 1, "cycles": 1},
        condition={"comedones": False, "marks": "off"},
        severity={"baseline": {"mean": 0.0, "sd": 0.0}, "fluctuation": {"sd": 0.0}},
        images={"size_px": 64},
    )
    simulate(clear, tmp_path / "trial", workers=1)
    out = export(open_dataset(tmp_path / "trial"), "coco", tmp_path / "out")
    coco = opened(out / "annotations" / "instances.json")
    assert (len(coco.imgs), len(coco.anns)) == (3, 0)


def test_a_dataset_without_masks_is_refused(tmp_path: Path) -> None:
    design = {"baseline_days": 1, "period_days": 1, "cycles": 1}
    protocol = with_changes(load_protocol("default"), cohort={"patients": 1}, design=design)
    simulate(with_changes(protocol, images={"size_px": 64, "masks": False}), tmp_path / "m", workers=1)
    with pytest.raises(DatasetError, match=r"images\.masks: true"):
        export(open_dataset(tmp_path / "m"), "coco", tmp_path / "out")
    simulate(with_changes(protocol, images={"enabled": False}), tmp_path / "n", workers=1)
    with pytest.raises(DatasetError, match="holds no pictures"):
        export(open_dataset(tmp_path / "n"), "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_mask_that_disagrees_with_the_boxes_is_refused(
    exported: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Dataset.read

    def smaller(self: Dataset, path: str) -> bytes:
        return encode_mask(np.zeros((64, 64), np.int32)) if path.startswith("truth/masks") else real(self, path)

    monkeypatch.setattr(Dataset, "read", smaller)
    with pytest.raises(DatasetError, match="damaged"):  # the manifests know the mask
        export(exported, "coco", tmp_path / "out")
    monkeypatch.setattr("nof1sim.dataset.export.source.Source._compare", lambda *_: None)
    with pytest.raises(DatasetError, match="do not agree"):
        export(exported, "coco", tmp_path / "out")


def test_wrong_options_are_refused(exported: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="images: got 'maybe'; allowed: yes, no"):
        export(exported, "coco", tmp_path / "out", Options(more={"images": "maybe"}))
    with pytest.raises(DatasetError, match="no such option"):
        export(exported, "coco", tmp_path / "out", Options(more={"size": "1"}))
