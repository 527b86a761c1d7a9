"""validate finds every damage: any byte of any covered file; and, where all hashes were made to agree, any lie."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nof1sim.dataset import layout
from nof1sim.dataset.images import decode, decode_mask, encode, encode_mask, read_note
from nof1sim.dataset.validation.findings import Validation, lines
from nof1sim.simulation.validation import validate

from .conftest import run, small_protocol
from .nof1sim_test_damage import adding, doubling, edit, edit_json, setting, sign, swapping, without

IMAGE, OTHER = "images/P002/P002_d003_front.jpg", "images/P001/P001_d003_front.jpg"
MASK = "truth/masks/P002/P002_d003_front.png"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients, 4 days, with a layer and a rater who sees all."""
    out = tmp_path_factory.mktemp("sound") / "trial"
    changes: dict[str, Any] = {
        "cohort": {"patients": 2},
        "design": {"baseline_days": 1, "period_days": 2, "cycles": 1, "end_day": 4},
        "images": {"layers": ["depth", "chart"]},
        "observation": {"missing": {"mcar": 0.2}, "raters": [{"name": "ann"}]},
        "seed": 9,
    }
    run(small_protocol(**changes), out)
    assert validate(out).valid
    return out


@pytest.fixture
def trial(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "trial"))


def named(found: Validation) -> set[str]:
    """The checks that found an error."""
    return {finding.check for finding in found.findings if finding.severity == "error"}


def covered(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_any_byte_of_any_file_that_is_changed_is_found(trial: Path) -> None:
    chance = random.Random(5)
    for name in covered(trial):
        whole = (trial / name).read_bytes()
        spoilt = bytearray(whole)
        spoilt[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (trial / name).write_bytes(spoilt)
        assert not validate(trial).valid, name
        (trial / name).write_bytes(whole)
    assert validate(trial).valid


@pytest.mark.parametrize("how", ["gone", "truncated", "emptied", "grown"])
def test_any_file_that_is_gone_or_cut_is_found(how: str, trial: Path) -> None:
    for name in covered(trial)[::3]:
        whole = (trial / name).read_bytes()
        (trial / name).unlink()
        if how != "gone":
            cut = {"truncated": whole[:-1], "emptied": b"", "grown": whole + b"\n"}[how]
            (trial / name).write_bytes(cut)
        found = validate(trial)
        assert not found.valid, name
        if name not in (layout.MANIFEST, layout.MANIFEST_SHA, layout.TRUTH_MANIFEST):
            assert any(finding.path == name and finding.check == "files" for finding in found.findings)
        (trial / name).write_bytes(whole)


Damage = Callable[[Path], object]


def table(name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Damage:
    return lambda root: edit(root, name, change)


def rewriting(name: str, change: Callable[[bytes], bytes]) -> Damage:
    return lambda root: (root / name).write_bytes(change((root / name).read_bytes()))


def recoded(**options: Any) -> Callable[[bytes], bytes]:
    """An image drawn anew from its own pixels and note, with something else about it."""

    def change(data: bytes) -> bytes:
        pixels, note = decode(data), read_note(data) | options.get("note", {})
        pixels = pixels[: options.get("rows", 64)]
        return encode(pixels, options.get("format", "jpeg"), 95, note, source=options.get("source"))

    return change


def spotted(data: bytes) -> bytes:
    """A mask with one more pixel of its first lesion, elsewhere."""
    ids = decode_mask(data)
    ids[tuple(np.argwhere(ids == 0)[0])] = ids[ids > 0].min()
    return encode_mask(ids)


def plain(data: bytes) -> bytes:
    """An image without any metadata."""
    file = io.BytesIO()
    Image.fromarray(decode(data)).save(file, "JPEG", quality=95)
    return file.getvalue()


def grey(data: bytes) -> bytes:
    file = io.BytesIO()
    image = Image.open(io.BytesIO(data))
    image.convert("L").save(file, "JPEG", exif=image.info["exif"], xmp=image.info["xmp"], comment=image.info["comment"])
    return file.getvalue()


def eight_bit(data: bytes) -> bytes:
    file, info = io.BytesIO(), PngInfo()
    info.add_text("Description", "Instance mask of a synthetic image")
    Image.fromarray((decode_mask(data) % 256).astype(np.uint8)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def swap(one: str, other: str) -> Damage:
    def change(root: Path) -> None:
        kept = (root / one).read_bytes()
        (root / one).write_bytes((root / other).read_bytes())
        (root / other).write_bytes(kept)

    return change


def truth_entry(name: str, value: Any) -> Damage:
    return lambda root: edit_json(root, layout.TRUTH_MANIFEST, lambda document: document.update({name: value}))


def entry(name: str, value: Any) -> Damage:
    return lambda root: edit_json(root, layout.MANIFEST, lambda document: document.update({name: value}))


def with_column(name: str, column: str, value: Any) -> Damage:
    return table(name, lambda frame: frame.with_columns(pl.lit(value).alias(column)))


def count_of_zero(name: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(pl.lit(0).cast(frame[name].dtype).alias(name))


LIES: dict[str, tuple[str, Damage]] = {
    # what is wrong: the check that must find it, and the damage
    "a row twice": ("ids", table("observations", doubling(2))),
    "a patient twice": ("ids", table("patients", doubling(0))),
    "a day twice": ("ids", table("days", doubling(3))),
    "a lesion twice": ("ids", table("lesions", doubling(7))),
    "a lesion's day twice": ("ids", table("lesion_days", doubling(7))),
    "a box twice": ("ids", table("boxes", doubling(7))),
    "a key point twice": ("ids", table("keypoints", doubling(1))),
    "a picture's nuisance twice": ("ids", table("images", doubling(1))),
    "lesions of a stranger": ("ids", table("lesion_days", setting("patient_id", 4, pl.lit("9")))),
    "boxes of a day after the study": ("references", table("boxes", setting("day", 4, pl.lit(99)))),
    "a leak column": ("leaks", with_column("observations", "severity_true", 1.5)),
    "an unknown column": ("tables", with_column("days", "mood", 1)),
    "a wrong type": ("tables", table("boxes", lambda frame: frame.with_columns(pl.col("area_px").cast(pl.Float64)))),
    "a missing column": ("tables", table("lesion_days", lambda frame: frame.drop("stage"))),
    "an empty cell": ("tables", table("lesions", setting("kind", 3, pl.lit(None)))),
    "a NaN": ("tables", table("lesions", setting("x_mm", 3, pl.lit(float("nan"))))),
    "another order of columns": ("tables", table("boxes", lambda frame: frame.select(reversed(frame.columns)))),
    "a shuffled day": ("calendar", table("observations", swapping(1, 2))),
    "a hole in the days": ("calendar", table("observations", without(2))),
    "a wrong date": ("calendar", table("observations", setting("date", 2, pl.lit("2031-01-01").str.to_date()))),
    "a block too many": ("calendar", table("observations", setting("block", 3, pl.lit(7)))),
    "another treatment": ("truth", table("observations", setting("treatment", 3, pl.lit("Gold")))),
    "a true day less": ("truth", table("days", without(3))),
    "patients in another order": ("truth", table("patients", swapping(0, 1))),
    "a box that is too wide": ("masks", table("boxes", adding("w", 5, 1))),
    "a wrong area": ("masks", table("boxes", adding("area_px", 5, 1))),
    "a box less": ("masks", table("boxes", without(5))),
    "a spot more in a mask": ("masks", rewriting(MASK, spotted)),
    "a mask of 8 bits": ("masks", rewriting(MASK, eight_bit)),
    "two masks swapped": ("masks", swap(MASK, "truth/masks/P001/P001_d003_front.png")),
    "a support that is too small": (
        "masks",
        rewriting(MASK.replace(".png", "_support.png"), lambda data: encode_mask(decode_mask(data) * 0)),
    ),
    "a box of an unknown lesion": ("references", table("boxes", setting("lesion_id", 5, pl.lit(60000)))),
    "a box of an unknown picture": ("references", table("boxes", setting("image", 5, pl.lit(OTHER)))),
    "a box of a hidden lesion": ("references", table("lesion_days", count_of_zero("visible"))),
    "a day of an unknown lesion": ("references", table("lesion_days", setting("lesion_id", 5, pl.lit(60000)))),
    "a lesion of a stranger": ("references", table("lesions", setting("patient_id", 5, pl.lit("9")))),
    "a lesion that dies early": ("references", table("lesions", count_of_zero("end_day"))),
    "a picture without its nuisance": ("references", table("images", without(1))),
    "a key point of no picture": ("references", table("keypoints", setting("view", 1, pl.lit("left")))),
    "a count off by one": ("scores", table("days", adding("n_inflammatory", 3, 1))),
    "a class off by one": ("scores", table("days", adding("hayashi", 3, -1))),
    "an IGA off by one": ("scores", table("days", adding("iga", 3, -1))),
    "another stage": ("scores", table("lesion_days", lambda frame: frame.with_columns(stage=pl.lit("nodule")))),
    "a lesion that is not counted": ("scores", table("lesion_days", count_of_zero("counted"))),
    "a lesion on the other cheek": ("scores", table("lesions", lambda frame: frame.with_columns(-pl.col("x_mm")))),
    "another lesion map": ("maps", table("lesions", adding("x_mm", 5, 0.001))),
    "a part that does not add up": ("parts", table("days", adding("part_fluctuation", 3, 0.01))),
    "a severity of its own": ("parts", table("days", adding("severity_true", 3, -0.01))),
    "a mean that is none": ("contrasts", table("patients", adding("realised_cream", 1, 0.01))),
    "a contrast that is none": ("contrasts", table("patients", adding("realised_contrast", 1, 0.01))),
    "a steady contrast that is none": ("contrasts", table("patients", adding("steady_contrast", 1, 0.01))),
    "a responder who is none": ("contrasts", table("patients", setting("responder", 1, ~pl.col("responder")))),
    "another nuisance": ("quality", table("images", adding("exposure_ev", 1, 0.5))),
    "a score that nobody recorded": ("records", table("observations", adding("AcneSeverity", 0, 0.1))),
    "the truth in a rater's column": (
        "records", table("observations", lambda frame: frame.with_columns(rater_ann=pl.col("block").cast(pl.Float64))),
    ),
    "a score of a lost day": (
        "records", table("observations", lambda frame: frame.with_columns(pl.col("AcneSeverity").fill_null(1.0))),
    ),
    "a picture that is not named": ("names", table("observations", setting("image_front", 0, pl.lit(None)))),
    "a picture named twice": ("names", table("observations", setting("image_front", 1, pl.lit(OTHER)))),
    "a picture of another day": ("images", swap(IMAGE, OTHER)),
    "a wrong size": ("images", rewriting(IMAGE, recoded(rows=32))),
    "another format": ("images", rewriting(IMAGE, recoded(format="png"))),
    "a grey image": ("images", rewriting(IMAGE, grey)),
    "no metadata": ("images", rewriting(IMAGE, plain)),
    "a label in the note": ("images", rewriting(IMAGE, recoded(note={"n_inflammatory": 12}))),
    "another protocol in the note": ("images", rewriting(IMAGE, recoded(note={"protocol": "0" * 64}))),
    "a real photograph, it says": ("images", rewriting(IMAGE, recoded(source="digitalCapture"))),
    "a label after the end": ("images", rewriting(IMAGE, lambda data: data + b"n_inflammatory=12")),
    "a label in another segment": (
        "images", rewriting(IMAGE, lambda data: data[:2] + b"\xff\xeb\x00\x0513\x00" + data[2:]),
    ),
    "half an image": ("images", rewriting(IMAGE, lambda data: data[: len(data) // 2])),
    "text for an image": ("images", rewriting(IMAGE, lambda data: b"hello")),
    "a layer of another size": ("layers", rewriting("truth/depth/P002/P002_d003_front.png", recoded(format="png"))),
    "half a layer": ("layers", rewriting("truth/chart/P002/P002_d003_front.npz", lambda data: data[:-100])),
    "half a lesion map": ("maps", rewriting("truth/persistence/P002.npz", lambda data: data[:-100])),
    "no lesion map": ("truth files", lambda root: (root / "truth/persistence/P002.npz").unlink()),
    "no mask": ("truth files", lambda root: (root / MASK).unlink()),
    "no image": ("names", lambda root: (root / IMAGE).unlink()),
    "no table": ("tables", lambda root: (root / layout.BOXES).unlink()),
    "no observations": ("files", lambda root: (root / layout.OBSERVATIONS).unlink()),
    "half a table": ("tables", rewriting(layout.BOXES, lambda data: data[: len(data) // 2])),
    "a table that is none": ("tables", rewriting(layout.DAYS, lambda data: b"\xff\xfe\x00" + data)),
    "a face of a stranger": (
        "maps", rewriting(layout.FACES, lambda data: data.replace(b'"P002"', b'"P777"')),
    ),
    "a card that names the truth": ("leaks", rewriting(layout.CARD, lambda data: data + b"severity_true is 1.5")),
    "a card that does not say synthetic": ("card", rewriting(layout.CARD, lambda data: b"# A trial")),
    "the seed in the manifest": ("leaks", entry("seed", 3)),
    "more patients than there are": ("counts", entry("patients", 3)),
    "another size in the manifest": ("protocol", entry("images", {"count": 7, "size_px": 65, "views": ["front"]})),
    "another digest": ("manifests", entry("digest", "0" * 64)),
    "not synthetic": ("manifests", entry("synthetic", False)),
    "a newer version": ("manifests", entry("schema_version", 2)),
    "another protocol": (
        "protocol",
        lambda root: edit_json(root, layout.TRUTH_MANIFEST, lambda document: document["protocol"].update(seed=4)),
    ),
    "no protocol": ("protocol", truth_entry("protocol", {"design": "none"})),
    "a renderer that misses its masks": ("quality", truth_entry("quality", {"outside_support_max": 3})),
}  # fmt: skip


@pytest.mark.parametrize("what", LIES)
def test_every_lie_is_found_though_the_hashes_agree(what: str, trial: Path) -> None:
    check, damage = LIES[what]
    damage(trial)
    if what != "no observations":
        sign(trial)
    found = validate(trial)
    assert not found.valid
    assert check in named(found), "\n".join(lines(found))
    assert not any("Traceback" in line for line in lines(found))


def test_the_number_of_a_person_may_not_stand_in_the_card(trial: Path) -> None:
    effect = (trial / layout.PATIENTS).read_text().splitlines()[1].split(",")[7]
    with (trial / layout.CARD).open("a") as card:
        card.write(f"\nThe first patient's effect is {effect}.\n")
    sign(trial)
    assert "leaks" in named(validate(trial))


@pytest.mark.parametrize("name", ["part_wobble", "latent", "taken_cream"])
def test_computed_again_any_value_of_the_truth_must_come_out(name: str, trial: Path) -> None:
    edit(trial, "days", adding(name, 2, 0.001))
    sign(trial)
    assert "again" in named(validate(trial, redraw=1))


def test_drawn_again_another_picture_is_found(trial: Path) -> None:
    data = (trial / IMAGE).read_bytes()
    (trial / IMAGE).write_bytes(encode(255 - decode(data), "jpeg", 95, read_note(data)))
    sign(trial)
    assert validate(trial).valid  # nothing but a redraw can know
    found = validate(trial, redraw=30)
    assert [finding.path for finding in found.findings] == [IMAGE]


def test_with_other_versions_a_redraw_only_warns(trial: Path) -> None:
    data = (trial / IMAGE).read_bytes()
    (trial / IMAGE).write_bytes(encode(255 - decode(data), "jpeg", 95, read_note(data)))
    sign(trial)
    edit_json(trial, layout.MANIFEST, lambda document: document["versions"].update(numpy="1.0"))
    found = validate(trial, redraw=30)
    assert found.valid
    assert [finding.severity for finding in found.findings] == ["warning"]
    assert any("Other versions" in note for note in found.notes)


def test_a_newer_dataset_says_so(trial: Path) -> None:
    edit_json(trial, layout.MANIFEST, lambda document: document.update(schema_version=7))
    text = "\n".join(lines(validate(trial)))
    assert "schema version 7" in text
    assert "Update nof1sim" in text
    assert json.dumps(validate(trial).document())
