"""The command: what is written, what is refused, and what several photographs come to."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import polars as pl
import pytest
from nof1sim_test_edits import canvas, photographed, save
from PIL import Image
from typer.testing import CliRunner

from nof1sim.cli import app
from nof1sim.dataset.images import read_note
from nof1sim.dataset.statements import ABOUT
from nof1sim.errors import InputError, Nof1simError
from nof1sim.render.portrait.photograph import read_photograph

DESCRIPTION = ABOUT["photographs"].label
CONSENT = ("--consent", "signed form v2")
SIZE = 256


def run(*words):
    result = CliRunner().invoke(app, ["edit", *map(str, words)])
    if isinstance(result.exception, Nof1simError):  # main() makes it a letter and status 2
        raise result.exception
    return result


@pytest.fixture
def photo(tmp_path):
    return save(tmp_path, "anna.png", photographed(size=SIZE))


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_one_photograph_becomes_a_folder_that_says_all(photo, tmp_path):
    result = run(photo, "--severity", 2, *CONSENT, "--seed", 3)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "anna_edited"
    record = json.loads((folder / "edit.json").read_text())
    assert record["consent"] == "signed form v2"
    assert record["photograph"] == {
        "name": "anna.png", "sha256": hashlib.sha256(photo.read_bytes()).hexdigest(),
        "width_px": SIZE, "height_px": SIZE,
    }  # fmt: skip
    assert str(tmp_path) not in (folder / "edit.json").read_text()
    assert record["added"]["inflammatory"] == record["added"]["inflammatory_whole_face"] == 67
    assert record["added"]["hayashi"] == 2
    assert sorted(record["files"]) == sorted(p.name for p in folder.iterdir() if p.name != "edit.json")
    for name, digest in record["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    before, after = pixels(folder / "before.png"), pixels(folder / "edited.png")
    assert np.array_equal(before, read_photograph(photo).pixels)
    support, core = pixels(folder / "support.png"), pixels(folder / "mask.png")
    assert np.array_equal((before != after).any(-1) | (core > 0), support > 0)
    table = pl.read_csv(folder / "lesions.csv")
    shown = table.filter("drawn")
    assert set(np.unique(core)) - {0} == set(shown["lesion_id"])
    inflammatory = ["papule", "pustule", "nodule", "crust", "excoriation"]
    assert shown.filter(pl.col("stage").is_in(inflammatory)).height == 67
    assert not list(tmp_path.glob(".nof1sim-tmp-*"))


def test_the_written_table_gives_the_same_picture_again(photo, tmp_path):
    run(photo, "--severity", 1, *CONSENT, "--out", tmp_path / "first")
    run(photo, "--lesions", tmp_path / "first" / "lesions.csv", *CONSENT, "--out", tmp_path / "second")
    assert np.array_equal(*(pixels(tmp_path / name / "edited.png") for name in ("first", "second")))


def test_metadata_go_and_the_edit_says_what_it_is(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "Anna at home"
    exif.get_ifd(0x8825)[1] = "N"
    photo = save(tmp_path, "anna.jpg", photographed(size=SIZE), exif=exif.tobytes(), quality=92)
    run(photo, "--severity", 1, *CONSENT, "--format", "jpeg")
    folder = tmp_path / "anna_edited"
    for path in folder.iterdir():
        assert b"Anna at home" not in path.read_bytes()
    with Image.open(folder / "before.png") as before:
        assert not before.info
        assert not before.getexif()
    for name in ("edited.png", "edited.jpg", "before_after.png"):
        data = (folder / name).read_bytes()
        assert DESCRIPTION.encode() in data
        assert read_note(data)["seed"] == 0
    with Image.open(folder / "edited.jpg") as edited, Image.open(photo) as given:
        assert edited.quantization == given.quantization
        assert edited.getexif()[0x010E] == DESCRIPTION


def test_good_photographs_are_done_and_bad_ones_listed(tmp_path):
    faces = tmp_path / "faces"
    faces.mkdir()
    save(faces, "a.png", photographed(size=SIZE))
    save(faces, "b.png", photographed(size=SIZE), landmarks=False)
    (faces / "c.jpg").write_bytes(b"no picture")
    result = run(faces, "--grade", 1, *CONSENT, "--out", tmp_path / "edits")
    assert result.exit_code == 1
    assert sorted(p.name for p in (tmp_path / "edits").iterdir()) == ["a"]
    assert json.loads((tmp_path / "edits" / "a" / "edit.json").read_text())["added"]["hayashi"] == 1
    for name in ("b.png", "c.jpg"):
        assert f"Failed: {faces / name}: got" in result.output
    assert "1 of 3" in result.output


def test_a_link_that_leads_out_of_a_folder_is_refused_and_listed(tmp_path):
    faces = tmp_path / "faces"
    faces.mkdir()
    save(faces, "a.png", photographed(size=SIZE))
    private = save(tmp_path, "private.png", photographed(size=SIZE))
    (faces / "link.png").symlink_to(private)
    (faces / "own.png").symlink_to("a.png")
    result = run(faces, "--grade", 1, *CONSENT, "--out", tmp_path / "edits")
    assert result.exit_code == 1
    assert f"Failed: {faces / 'link.png'}: got a link" in result.output
    assert "own.png: got" in result.output  # no key points of its own, but inside
    assert [p.name for p in (tmp_path / "edits").iterdir()] == ["a"]


def test_a_face_given_as_a_patch_is_noted(photo):
    result = run(photo, "--patch", "--patch-width-mm", 48, "--severity", 1, *CONSENT)
    assert "Note: anna.png has key points of a face beside it" in result.output


def test_an_edit_is_never_replaced_unasked(photo, tmp_path):
    out = tmp_path / "mine"
    run(photo, "--grade", 0, *CONSENT, "--out", out)
    first = (out / "edit.json").read_bytes()
    with pytest.raises(InputError, match="--overwrite"):
        run(photo, "--grade", 1, *CONSENT, "--out", out)
    assert (out / "edit.json").read_bytes() == first
    run(photo, "--grade", 1, *CONSENT, "--out", out, "--overwrite")
    assert (out / "edit.json").read_bytes() != first
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="never emptied"):
        run(photo, "--grade", 1, *CONSENT, "--out", other, "--overwrite")
    assert (other / "thesis.txt").read_text() == "years of work"


def test_reduction_alone(tmp_path):
    photo = save(tmp_path, "acne.png", photographed(severity=2.5, size=384))
    result = run(photo, "--severity", 0, "--reduce", 1, *CONSENT)
    folder = tmp_path / "acne_edited"
    faded = pixels(folder / "faded.png") > 0
    before, after = pixels(folder / "before.png"), pixels(folder / "edited.png")
    assert np.array_equal((before != after).any(-1), faded)
    record = json.loads((folder / "edit.json").read_text())
    assert record["added"]["inflammatory"] == 0
    found = record["red_spots"]
    assert found["before"] == record["found_before"]["lesion_like_spots"] > 20
    assert found["after"] < 0.5 * found["before"]
    assert f"reduced: {found['before']} -> {found['after']} red spots" in result.output
    clear = canvas(size=384).photograph.pixels.astype(int)
    assert np.abs(after.astype(int) - clear)[faded].mean() < 0.6 * np.abs(before.astype(int) - clear)[faded].mean()


def test_a_patch(tmp_path):
    photo = save(tmp_path, "cheek.png", photographed(size=SIZE, view="patch"), landmarks=False)
    result = run(photo, "--patch", "--patch-width-mm", 48, "--severity", 3, *CONSENT)
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "cheek_edited" / "edit.json").read_text())
    assert record["added"]["inflammatory"] > 5
    assert record["added"]["hayashi"] is None
    assert record["estimates"]["mm_per_px"] == pytest.approx(48 / SIZE, abs=1e-4)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--severity", 1), "--consent"),
        ((*CONSENT,), "nothing to do"),
        (("--severity", 1, "--grade", 1, *CONSENT), "one of --severity, --grade"),
        (("--severity", 9, *CONSENT), "0 to 3"),
        (("--severity", 1, "--patch", *CONSENT), "--mm-per-px"),
        (("--severity", 1, "--mm-per-px", 0.2, *CONSENT), "only with --patch"),
        (("--severity", 1, "--half", "--patch", *CONSENT), "one of them"),
        (("--severity", 1, "--sex", "X", *CONSENT), "F or M"),
        (("--severity", 1, "--format", "gif", *CONSENT), "png"),
        (("--severity", 1, "--seed", -1, *CONSENT), ">= 0"),
    ],
)
def test_wrong_requests_write_nothing(photo, tmp_path, words, says):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=says):
        run(photo, *words)
    assert sorted(tmp_path.iterdir()) == before


def test_photographs_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match="that exist"):
        run(tmp_path / "nobody.jpg", "--severity", 1, *CONSENT)
    with pytest.raises(InputError, match="no picture"):
        run(tmp_path, "--severity", 1, *CONSENT)
    a, b = (save(tmp_path, name, photographed(size=SIZE)) for name in ("a.png", "b.png"))
    with pytest.raises(InputError, match="--out"):
        run(a, b, "--severity", 1, *CONSENT)
