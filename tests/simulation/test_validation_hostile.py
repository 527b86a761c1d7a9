"""What somebody else's folder may hold: validate reports it, opens nothing outside, and does not fall over."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1sim.dataset import layout
from nof1sim.dataset.tables import write_parquet
from nof1sim.dataset.validation.findings import Validation, lines
from nof1sim.dataset.validation.subject import strict_json, unsafe
from nof1sim.errors import DatasetError
from nof1sim.simulation.validation import validate

from .conftest import run, small_protocol
from .nof1sim_test_damage import edit, edit_json, setting, sign, sign_manifests

IMAGE, MASK = "images/P001/P001_d001_front.jpg", "truth/masks/P001/P001_d001_front.png"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sound") / "trial"
    run(small_protocol(cohort={"patients": 1}, design={"end_day": 3}, images={"layers": ["chart"]}), out)
    return out


@pytest.fixture
def trial(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "trial"))


def text(found: Validation) -> str:
    assert not found.valid
    told = "\n".join(lines(found))
    assert json.dumps(found.document(), allow_nan=False)
    return told


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "/etc/passwd",
        "images/../../secret",
        "C:/x",
        "a\\b",
        "a//b",
        "./a",
        "~/x",
        "a\nb",
        "a\0b",
        "",
        "a/",
        3,
    ],
)
def test_no_path_leads_out(path: object) -> None:
    assert unsafe(path)


@pytest.mark.parametrize("path", ["README.md", "images/Müller, Ä._20180101_severity_3.jpg", "a/..b/c"])
def test_ordinary_paths_do(path: str) -> None:
    assert not unsafe(path)


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname"])
def test_a_listed_path_outside_is_a_finding_and_not_opened(
    path: str, trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (trial.parent / "secret").write_text("mine")
    edit_json(trial, layout.MANIFEST, lambda m: m["files"].update({path: {"sha256": "0" * 64, "bytes": 4}}))
    with (trial / layout.IMAGE_SUMS).open("a") as sums:
        sums.write(f"{'0' * 64}  {path}\n")
    sign_manifests(trial)
    opened: list[str] = []
    real = io.open

    def spy(file: object, *args: object, **options: object) -> object:
        opened.append(str(file))
        return real(file, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(io, "open", spy)
    found = validate(trial)
    monkeypatch.undo()
    assert "Do not trust" in text(found)
    assert not any("secret" in name or "hostname" in name for name in opened)


@pytest.mark.parametrize("path", ["../secret.jpg", "/etc/hostname"])
def test_a_path_outside_in_a_table_is_a_finding(path: str, trial: Path) -> None:
    edit(trial, "observations", setting("image_front", 0, pl.lit(path)))
    sign(trial)
    assert f"names the picture '{path}'" in text(validate(trial))


@pytest.mark.parametrize("name", [layout.MANIFEST, layout.OBSERVATIONS, IMAGE, MASK, layout.BOXES, layout.MANIFEST_SHA])
@pytest.mark.parametrize("how", ["link", "loop", "folder", "pipe"])
def test_a_link_a_folder_or_a_pipe_in_place_of_a_file(how: str, name: str, trial: Path, tmp_path: Path) -> None:
    kept = shutil.move(trial / name, tmp_path / "elsewhere")
    if how == "link":
        (trial / name).symlink_to(kept)
    elif how == "loop":
        (trial / name).symlink_to(trial / name)
    elif how == "folder":
        (trial / name).mkdir()
    else:
        os.mkfifo(trial / name)  # opening it would wait for ever
    assert name.rpartition("/")[2] in text(validate(trial))


def test_a_linked_folder_is_not_entered(trial: Path, tmp_path: Path) -> None:
    shutil.move(trial / "images", tmp_path / "images")
    (trial / "images").symlink_to(tmp_path / "images")
    (trial / "again").symlink_to(trial)
    told = text(validate(trial))
    assert f"{IMAGE}: is missing" in told
    assert "again: is a symbolic link" in told


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def huge_png(depth: int, colour: int) -> bytes:
    """A header of 100,000 x 100,000 pixels, and nothing behind it."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("name", "depth", "colour"), [(IMAGE, 8, 2), (MASK, 16, 0)])
def test_an_absurdly_big_picture_is_not_unpacked(name: str, depth: int, colour: int, trial: Path) -> None:
    (trial / name).write_bytes(huge_png(depth, colour))
    sign(trial)
    assert "100000 x 100000" in text(validate(trial))


def test_an_archive_that_unpacks_without_end_is_not_unpacked(trial: Path) -> None:
    big = (("truth/persistence/P001.npz", "x_mm.npy", 257), ("truth/chart/P001/P001_d001_front.npz", "chart.npy", 1))
    for name, member, megabytes in big:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(member, "w") as inner:
            for _ in range(megabytes):
                inner.write(bytes(1 << 20))
        (trial / name).write_bytes(file.getvalue())
    sign(trial)
    told = text(validate(trial))
    assert "absurdly big" in told
    assert "no array of the image's size" in told


def test_a_map_that_would_run_code_is_not_run(trial: Path, tmp_path: Path) -> None:
    np.savez(trial / "truth/persistence/P001.npz", lesion_id=np.array([Path(tmp_path)], dtype=object))
    sign(trial)
    assert "P001.npz: cannot be read" in text(validate(trial))


@pytest.mark.parametrize(
    "document",
    [
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"a": "\xff"}',
        b"[]",
        b"",
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_json_that_is_none_is_a_letter(document: bytes, trial: Path) -> None:
    with pytest.raises(DatasetError):
        strict_json(document)
    for name in (layout.MANIFEST, layout.TRUTH_MANIFEST, layout.FACES):
        kept = (trial / name).read_bytes()
        (trial / name).write_bytes(document)
        sign(trial) if name == layout.FACES else sign_manifests(trial)
        assert name in text(validate(trial))
        (trial / name).write_bytes(kept)


@pytest.mark.parametrize("value", [None, [], "x", {"README.md": 3}, {"README.md": {"sha256": "x", "bytes": -1}}])
def test_a_manifest_of_odd_things_is_a_finding(value: object, trial: Path) -> None:
    edit_json(trial, layout.MANIFEST, lambda document: document.update(files=value))
    assert "manifest.json" in text(validate(trial))


@pytest.mark.parametrize("value", [None, [], 3, {"count": "x", "size_px": 1 << 40}])
def test_odd_counts_are_findings(value: object, trial: Path) -> None:
    edit_json(trial, layout.MANIFEST, lambda document: document.update(images=value, days=value, patients=value))
    assert "manifest.json" in text(validate(trial))


def test_columns_of_the_wrong_kind_are_findings(trial: Path) -> None:
    for name in ("boxes", "lesions", "lesion_days", "images", "keypoints"):
        kept = (trial / f"truth/{name}.parquet").read_bytes()
        (trial / f"truth/{name}.parquet").write_bytes(write_parquet(pl.DataFrame({"x": [[1, 2]], "patient_id": [3]})))
        sign(trial)
        assert f"truth/{name}.parquet" in text(validate(trial))
        (trial / f"truth/{name}.parquet").write_bytes(kept)


def test_names_that_are_no_text_can_be_told(trial: Path) -> None:
    try:
        with open(os.fsencode(trial) + b"/\xff\x1b[2J", "wb"):
            pass
    except OSError:
        pytest.skip("this file system takes only text for a name")
    found = validate(trial)
    assert found.valid
    "\n".join(lines(found)).encode()
    assert "\x1b" not in found.findings[0].path


def test_the_command_ends_with_1_and_prints_a_document(trial: Path) -> None:
    command = [sys.executable, "-m", "nof1sim", "validate", str(trial)]
    fine = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert (fine.returncode, json.loads(fine.stdout)["valid"]) == (0, True)
    (trial / IMAGE).write_bytes(b"")
    wrong = subprocess.run(command, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert f"error [files] {IMAGE}: is not the file that the manifest lists" in wrong.stdout
