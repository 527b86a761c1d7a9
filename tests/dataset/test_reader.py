from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import nof1sim
from nof1sim.dataset import layout, manifest
from nof1sim.dataset.card import CardInfo, card
from nof1sim.dataset.images import encode, encode_mask
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.dataset.tables import conform, write_csv, write_parquet
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError
from nof1sim.model import Unit

PIXELS = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
MASK = np.eye(8, dtype=np.int32) * 300
UNITS = [Unit(0, 1), Unit(0, 1, 2), Unit(1, 1)]


def build(target: Target, truth: bool = True) -> Target:
    manifest.start(target, '{"seed":1}', "d" * 64)
    files = {}

    def put(path: str, data: bytes) -> None:
        stored = target.store(path, data)
        files[path] = (stored.sha256, stored.bytes)

    rows = []
    for unit, name in zip([*UNITS, Unit(1, 1, 2)], ["b", "b", "a", "a"], strict=True):
        here = unit in UNITS
        path = layout.image_path(unit, "png") if here else None
        rows.append((name, date(2018, 1, 1), 1, 1, "Baseline", 1.5, unit.occasion, path))
        if here:
            put(layout.image_path(unit, "png"), encode(PIXELS, "png"))
            put(layout.mask_of(layout.image_path(unit)), encode_mask(MASK))
            put(layout.mask_of(layout.image_path(unit), support=True), encode_mask(MASK + 1))
    names = ["patient_id", "date", "block", "day", "treatment", "AcneSeverity", "occasion", "image_front"]
    put(layout.OBSERVATIONS, write_csv(conform("observations", pl.DataFrame(rows, schema=names, orient="row"))))
    put(layout.PATIENTS, b"patient_id,key\n007,P001\n")
    put(layout.BOXES, write_parquet(pl.DataFrame({"x": [1.0]})))
    file = io.BytesIO()
    np.savez(file, site=np.arange(3))
    put(layout.persistence_path("P001"), file.getvalue())
    manifest.finish(target, "d" * 64, files, {"patients": 2}, {"seed": 1})
    return target


@pytest.mark.parametrize("url", ["{tmp}/trial", "memory://{tmp}/trial"])
def test_what_was_written_is_read(url: str, tmp_path: Path) -> None:
    target = build(Target(url.format(tmp=tmp_path)))
    dataset = open_dataset(target.url)
    assert dataset.manifest["patients"] == 2
    assert dataset.units() == UNITS
    assert dataset.patient_ids() == ["b", "a"]
    assert dataset.observations()["patient_id"].to_list() == ["b", "b", "a", "a"]
    assert np.array_equal(dataset.image(Unit(0, 1, 2)), PIXELS)
    assert np.array_equal(dataset.mask(Unit(1, 1)), MASK)
    assert np.array_equal(dataset.mask(Unit(1, 1), support=True), MASK + 1)
    assert dataset.truth("patients")["patient_id"].to_list() == ["007"]
    assert dataset.truth("boxes")["x"].to_list() == [1.0]
    assert dataset.truth_manifest["seed"] == 1
    assert dataset.persistence(0)["site"].tolist() == [0, 1, 2]


def test_masks_are_called_as_their_images(target: Target) -> None:
    build(target)
    plain, other = layout.image_path(UNITS[0], "png"), "images/b_20180101_severity_2.png"
    target.write(other, target.read(plain))
    target.write(layout.OBSERVATIONS, target.read(layout.OBSERVATIONS).replace(plain.encode(), other.encode()))
    dataset = Dataset(target.url)
    assert dataset.path(UNITS[0]) == other
    target.write(layout.mask_of(other), encode_mask(MASK * 2))
    assert np.array_equal(dataset.mask(UNITS[0]), MASK * 2)


def test_what_is_not_there_is_a_letter(target: Target) -> None:
    dataset = Dataset(build(target).url)
    with pytest.raises(DatasetError, match="did not record one"):
        dataset.image(Unit(1, 1, 2))
    with pytest.raises(DatasetError, match="Did you mean 'patients'"):
        dataset.truth("patient")


def test_an_unfinished_folder_says_what_finishes_it(target: Target) -> None:
    manifest.start(target, "{}", "d" * 64)
    with pytest.raises(DatasetError, match=r"unfinished.*nof1sim simulate with the same protocol and the same --out"):
        open_dataset(target.url)


def test_no_dataset_is_a_letter(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no dataset"):
        open_dataset(tmp_path)
    with pytest.raises(DatasetError, match="is no dataset"):
        open_dataset(tmp_path / "nowhere")


def test_a_blinded_dataset_reads_without_its_truth(target: Target) -> None:
    build(target)
    for path in target.list("truth"):
        target.remove(path)
    dataset = open_dataset(target.url)
    assert np.array_equal(dataset.image(UNITS[0]), PIXELS)
    with pytest.raises(DatasetError, match="without its truth"):
        _ = dataset.truth_manifest
    with pytest.raises(DatasetError, match=r"truth/patients\.csv"):
        dataset.truth("patients")


def test_a_changed_image_reads_but_a_truncated_one_is_a_letter(target: Target) -> None:
    build(target)
    path = layout.image_path(UNITS[0], "png")
    target.write(path, target.read(path)[:60])
    with pytest.raises(DatasetError, match="damaged"):
        open_dataset(target.url).image(UNITS[0])


INFO = CardInfo(
    title='A "trial": one',
    digest="d" * 64,
    command="nof1sim simulate --patients 2",
    patients=2,
    days=140,
    images=1400,
    columns=["patient_id", "AcneSeverity", "image_front", "rater_anna"],
    scale="0 to 72",
    size_px=512,
    views=["front"],
    format="jpeg",
    version="0.1.0",
)


def test_the_card_has_a_header_for_hugging_face() -> None:
    import yaml

    text = card(INFO)
    header = yaml.safe_load(text.split("---")[1])
    assert header["pretty_name"] == INFO.title
    assert "synthetic" in header["tags"]
    assert header["size_categories"] == ["1K<n<10K"]
    assert header["configs"][0]["data_files"] == layout.OBSERVATIONS
    words = (*INFO.columns, INFO.digest, INFO.command, INFO.scale, f"nof1sim {INFO.version}")
    for word in (*words, "Not for diagnosis", "Split by patient", layout.DAYS):
        assert word in text


def test_the_package_s_own_name_opens_a_dataset(target: Target) -> None:
    assert nof1sim.open_dataset(build(target).url).units() == UNITS
