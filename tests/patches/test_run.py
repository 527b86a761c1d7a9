from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nof1sim.dataset.images import decode_mask, read_note
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError, InputError, UnknownNameError
from nof1sim.model import Drive, Patient
from nof1sim.patches import run
from nof1sim.patches.plan import Course, Style, condition_of, series, single
from nof1sim.patches.run import take_series, take_singles
from nof1sim.patches.sheet import sheet
from nof1sim.patches.work import Photographer

SIZE = 64


def _style(dots: str, **more) -> Style:
    return Style(dots, **({"size_px": SIZE} | more))


def _digests(folder: Path) -> dict[str, str]:
    """Path -> hash of all files but the traces of the run."""
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and ".nof1sim" not in path.parts}  # fmt: skip


def _course(days: int = 4) -> Course:
    severity = np.linspace(0.5, 2.5, days)
    patient = Patient("P001", "anna", 0, 30.0, "F", 35.0, 3)
    labels = ["Baseline"] * (days // 2) + ["Cream"] * (days - days // 2)
    return Course(patient, Drive(severity, None, None, 0.0, 1.0, days), severity, [1] * days, labels)


@pytest.fixture(scope="module")
def folder(dots, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("patches") / "out"
    take_singles(out, 24, _style(dots), workers=1)
    return out


def test_a_condition_of_somebody_else_is_enough(folder, dots):
    table = pl.read_csv(folder / "metadata.csv")
    assert table.height == 24
    assert set(table["condition"]) == {"dots"}
    assert set(table["site"]) <= {"forearm", "back"}
    assert condition_of(dots).name == "dots"


def test_the_package_names_no_condition():
    for path in Path(run.__file__).parent.glob("*.py"):
        text = path.read_text()
        assert not [name for name in ("acne", "exanthem") if name in text.lower()], path.name


def test_masks_table_and_lesions_agree(folder):
    table, lesions = pl.read_csv(folder / "metadata.csv"), pl.read_parquet(folder / "lesions.parquet")
    for row in table.iter_rows(named=True):
        mask = np.asarray(Image.open(folder / row["mask_file_name"]))
        ids = decode_mask((folder / row["instance_file_name"]).read_bytes())
        own = lesions.filter(pl.col("file_name") == row["file_name"])
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {0, 255}
        assert ((mask > 0) == (ids > 0)).all()
        assert set(np.unique(ids)) - {0} == set(own["lesion_id"])
        assert int((ids > 0).sum()) == own["area_px"].sum()
        assert row["n_lesions"] == own.height
        assert row["n_groups"] == own["group"].n_unique()
        assert own.height == 0 if row["severity"] == 0 else own.height > 0 or row["severity"] < 0.4
        with Image.open(folder / row["file_name"]) as image:
            assert image.size == (SIZE, SIZE)


def test_skin_types_come_in_equal_shares(folder):
    counts = pl.read_csv(folder / "metadata.csv")["skin_type"].value_counts()
    assert counts.sort("skin_type").rows() == [(kind, 4) for kind in range(1, 7)]


def test_the_manifest_lists_every_file_with_its_hash(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {path: entry["sha256"] for path, entry in manifest["files"].items()}
    found = _digests(folder)
    assert found.pop("manifest.json")
    assert listed == found
    assert manifest["synthetic"] is True
    assert "synthetic" in (folder / "README.md").read_text()


def test_every_image_says_that_it_is_synthetic(folder):
    data = (folder / "images" / "00001.jpg").read_bytes()
    assert read_note(data)["address"] == "patch 1"
    assert b"algorithmicMedia" in data


def test_a_patch_does_not_depend_on_how_many_there_are(folder, dots, tmp_path):
    take_singles(tmp_path / "few", 3, _style(dots), workers=1)
    few, many = _digests(tmp_path / "few"), _digests(folder)
    pictures = [path for path in few if path.startswith(("images/", "masks/", "instances/"))]
    assert len(pictures) == 9
    assert all(few[path] == many[path] for path in pictures)


@pytest.mark.slow
def test_workers_change_no_byte(folder, dots, tmp_path):
    take_singles(tmp_path / "two", 24, _style(dots), workers=2)
    assert _digests(tmp_path / "two") == _digests(folder)


def test_an_interrupted_run_goes_on_to_the_same_bytes(folder, dots, tmp_path, monkeypatch):
    out, store, done = tmp_path / "out", Target.store, []

    def failing(self, path, data):
        done.append(path)
        if len(done) > 67:  # in the second shard
            raise KeyboardInterrupt
        return store(self, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Target, "store", failing)
        with pytest.raises(KeyboardInterrupt):
            take_singles(out, 24, _style(dots), workers=1)
    assert not (out / "manifest.json").exists()
    assert (out / "images" / "00001.jpg").exists()
    outcome = take_singles(out, 24, _style(dots), workers=1)
    assert outcome.taken == 4
    assert _digests(out) == _digests(folder)


def test_a_finished_folder_is_left_alone_and_a_damaged_one_mended(folder, dots, tmp_path):
    out = tmp_path / "out"
    take_singles(out, 2, _style(dots), workers=1)
    before = _digests(out)
    assert take_singles(out, 2, _style(dots), workers=1).taken == 0
    (out / "masks" / "00002.png").write_bytes(b"half")
    assert take_singles(out, 2, _style(dots), workers=1).taken == 2
    assert _digests(out) == before


def test_another_run_in_the_folder_is_refused(folder, dots, tmp_path):
    with pytest.raises(DatasetError, match="other seed"):
        take_singles(folder, 24, _style(dots, seed=1), workers=1)
    with pytest.raises(DatasetError, match=r"other n.*It is finished, or give another --out"):
        take_singles(folder, 25, _style(dots), workers=1)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        take_singles(tmp_path, 2, _style(dots), workers=1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_a_letter(dots, tmp_path, monkeypatch):
    def full(self, path, data):
        raise DatasetError(f"{path}: {os.strerror(28)}. Free some space.")

    monkeypatch.setattr(Target, "store", full)
    with pytest.raises(DatasetError, match="No space"):
        take_singles(tmp_path / "out", 2, _style(dots), workers=1)
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("style", "n", "says"),
    [({"size_px": 63}, 2, "--size"), ({"size_px": 2049}, 2, "--size"), ({"dial": 1.5}, 2, "--quality"),
     ({"seed": -1}, 2, "--seed"), ({}, 0, "--n")],
)  # fmt: skip
def test_what_cannot_be_is_a_letter(dots, tmp_path, style, n, says):
    with pytest.raises(InputError, match=says):
        take_singles(tmp_path / "out", n, _style(dots, **style), workers=1)
    assert not (tmp_path / "out").exists()


def test_an_unknown_condition_and_one_without_patches(dots, tmp_path):
    with pytest.raises(UnknownNameError, match="--condition"):
        take_singles(tmp_path / "out", 2, _style("exantem"))
    with pytest.raises(InputError, match="knows patches"):
        take_singles(tmp_path / "out", 2, _style("nof1sim_test_rashes:Mute"))


def test_a_series_shows_one_piece_of_skin_on_all_days(dots, tmp_path):
    out = tmp_path / "out"
    take_series(out, [_course()], _style(dots, dial=0.0), {"patients": 1, "days": 4}, workers=1)
    table = pl.read_csv(out / "metadata.csv")
    assert table["day"].to_list() == [1, 2, 3, 4]
    assert table["treatment"].to_list() == ["Baseline"] * 2 + ["Cream"] * 2
    assert table["severity"].to_list() == pytest.approx(np.linspace(0.5, 2.5, 4))
    assert set(table["patient_id"]) == {"anna"}
    assert table["site"].n_unique() == 1
    first, last = (decode_mask((out / "instances" / "P001" / f"P001_d00{day}.png").read_bytes()) for day in (1, 4))
    both = (first > 0) & (last > 0)
    assert set(np.unique(first)) <= set(np.unique(last))  # dots only come; they keep their numbers and their places
    assert both.sum() > 0.9 * (first > 0).sum()


def test_a_longer_series_keeps_its_first_days(dots):
    photographer = Photographer(_style(dots))
    course = _course()
    short = Course(course.patient, Drive(course.severity[:2], None, None, 0.0, 1.0, 2), course.severity[:2], [1, 1],
                   course.treatment[:2])  # fmt: skip
    long = photographer.take(series(course, 2))
    assert (long.patch.pixels == Photographer(_style(dots)).take(series(short, 2)).patch.pixels).all()


def test_single_patches_cover_the_scale():
    severity = np.array([single(k + 1, 0).severity for k in range(60)])
    assert (severity == 0).sum() == 6
    assert severity.max() > 2.6
    assert np.histogram(severity[severity > 0], 3, (0, 3))[0].tolist() == [18, 18, 18]


def test_the_sheet_has_six_rows_of_five_pairs(dots):
    pixels = sheet(_style(dots))
    assert pixels.shape == (6 * 128 + 5 * 4, 10 * 128 + 9 * 4, 3)


def test_imagefolder_opens_it(folder):
    datasets = pytest.importorskip("datasets")
    found = datasets.load_dataset("imagefolder", data_dir=str(folder), split="train")
    assert len(found) == 24
    assert found[0]["image"].size == (SIZE, SIZE)
    assert "severity" in found.column_names
