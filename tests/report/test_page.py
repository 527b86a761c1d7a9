"""The page: what it holds, how large it gets, what it refuses. What a browser makes of it: test_browser.py."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import DatasetError, InputError
from nof1sim.model import STAGES, Unit
from nof1sim.report import page
from nof1sim.report.page import write_report
from nof1sim.report.page_patient import CENTRE_STEPS, SIZE_STEPS, boxes_of, lesions_of, pack, stage_codes
from nof1sim.report.page_pictures import safe_path, units_shown
from nof1sim.report.page_study import Study, evenly, twins_of

from .conftest import EVIL, edit_observations


@pytest.fixture(scope="module")
def text(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("page") / "page.html"
    return write_report(open_dataset(folder), out).read_text(encoding="utf-8")


def document(text: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found, name
    return json.loads(found[1])


def test_equal_datasets_give_equal_bytes(text: str, folder: Path, tmp_path: Path) -> None:
    assert write_report(open_dataset(folder), tmp_path / "other.html").read_text(encoding="utf-8") == text


def test_it_knows_the_study_and_its_twin(text: str) -> None:
    found = document(text, "page")
    assert (found["patients"], found["days"], found["pictures"]) == (3, 35, 3 * 35 * 2 - 2)
    assert found["views"] == ["front", "left"]
    assert found["twins"] == ["no-treatment"]
    assert [label["free"] for label in found["labels"] if label["name"] == "Baseline"] == [True]
    assert found["courses"][0]["gaps"][4:6] == "12"
    assert found["courses"][0]["score"][4] is None
    assert found["saturation"]["pictures_missing"] == 2
    assert {one["name"] for one in found["nuisance"]} >= {"yaw_deg", "exposure_ev", "white_balance_k"}
    assert all(sum(one["counts"]) == 210 for one in found["nuisance"])
    assert [check["ok"] for check in found["checks"] if "Hayashi" in check["what"]] == [True]
    sides = document(text, "patient-0")["sides"]
    assert [side["name"] for side in sides] == ["", "no-treatment"]
    assert (
        [len(pictures) for pictures in document(text, "pictures-0")] == [len(side["at"]) for side in sides] == [68, 35]
    )
    assert base64.b64decode(document(text, "pictures-0")[0][0])[8:12] == b"WEBP"


def test_names_cannot_break_out(text: str) -> None:
    assert EVIL not in text
    assert "<b>Cream" not in text
    assert EVIL in [label["name"] for label in document(text, "page")["labels"]]


def test_it_loads_nothing_and_runs_only_its_own_script(text: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert "default-src &#x27;none&#x27;" in policy[1]
    for kind in ("script", "style"):
        body = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        assert len(body) == 1
        assert base64.b64encode(hashlib.sha256(body[0].encode()).digest()).decode() in policy[1]
    assert not re.findall(r'(?:src|href|action)="(?!#|data:)', text)
    assert "unsafe" not in policy[1]
    assert str(Path.cwd()) not in text


def test_without_truth_it_shows_what_a_study_has(blinded: Path, tmp_path: Path) -> None:
    text = write_report(open_dataset(blinded), tmp_path / "page.html").read_text(encoding="utf-8")
    found, side = document(text, "page"), document(text, "patient-0")["sides"][0]
    assert not found["truth"]
    assert not found["nuisance"]
    assert found["design"] is None
    assert side.keys() == {"name", "score", "periods", "labels", "at"}
    assert found["courses"][0]["who"] == ""
    assert [label["name"] for label in found["labels"] if label["free"]] == ["Baseline"]
    assert len(document(text, "pictures-0")[0]) == 68


def test_without_pictures_it_shows_courses(blinded: Path, tmp_path: Path) -> None:
    edit_observations(blinded, lambda rows: rows.drop("image_front", "image_left"))
    text = write_report(open_dataset(blinded), tmp_path / "page.html").read_text(encoding="utf-8")
    assert document(text, "page")["pictures"] == 0
    assert document(text, "pictures-2") == [[]]
    assert "2" not in document(text, "page")["courses"][0]["gaps"]


def test_it_keeps_its_size_by_showing_less(folder: Path) -> None:
    studies = [Study(open_dataset(folder))]
    studies += twins_of(studies[0])
    sizes = {}
    for limit in (1_000_000, 700_000, 350_000):
        parts = page._fitting(studies, limit, lambda done, total, what: None)
        sizes[limit] = sum(len(part.encode()) for part in parts)
        assert sizes[limit] <= limit
    assert sizes[350_000] < sizes[1_000_000]
    with pytest.raises(InputError, match="Give at least"):
        page._fitting(studies, 150_000, lambda done, total, what: None)
    with pytest.raises(InputError, match="max-mb"):
        write_report(studies[0].dataset, "nowhere.html", max_mb=0.1)


def test_thinned_days_keep_the_ends_of_periods(folder: Path) -> None:
    study = Study(open_dataset(folder))
    days = {unit.day for unit in units_shown(study, 1, 5, 1)}
    assert days >= {1, 7, 8, 14, 15, 21, 22, 28, 29, 35}
    assert len(days) < 20
    assert len(units_shown(study, 1, 1, 1)) == 70


def test_evenly_keeps_the_ends() -> None:
    assert evenly(5, 9) == [0, 1, 2, 3, 4]
    assert evenly(1000, 3) == [0, 500, 999]
    assert evenly(7, 1) == [0]


def test_runs_are_the_days_of_each_lesion(folder: Path) -> None:
    dataset = open_dataset(folder)
    found = lesions_of(dataset, "2")
    told = {
        (lesion, day, STAGES[stage])
        for lesion, runs in zip(found["id"], found["runs"], strict=True)
        for first, days, stage in zip(runs[::3], runs[1::3], runs[2::3], strict=True)
        for day in range(first, first + days)
    }
    rows = dataset.truth("lesion_days").filter(pl.col("visible") & (pl.col("patient_id") == "2"))
    assert told == set(rows.select("lesion_id", "day", "stage").iter_rows())
    assert len(found["region"]) == len(found["x"]) == len(found["id"])


def unpack(data: bytes) -> list[tuple[int, float, float, float, float]]:
    """As photos.js does."""
    found, lesion = [], -1
    for i in range(0, len(data), 6):
        step, a, b, c, w, h = data[i : i + 6]
        lesion += step
        if w:
            x, y = (a << 4 | b >> 4) / CENTRE_STEPS, ((b & 15) << 8 | c) / CENTRE_STEPS
            found.append((lesion, x, y, w / SIZE_STEPS, h / SIZE_STEPS))
    return found


def test_boxes_unpack_to_where_they_are(folder: Path) -> None:
    ids = list(range(1, 4000, 2))
    rows = {
        "lesion_id": [1, 3, 2001, 3999],
        "x": [0.0, 30, 60, 12],
        "y": [1.0, 2, 60, 13],
        "w": [4.0] * 4,
        "h": [2.0] * 4,
    }
    import numpy as np

    found = unpack(pack(pl.DataFrame(rows), np.array(ids), 64))
    assert [lesion for lesion, *_ in found] == [0, 1, 1000, 1999]
    for (_, x, y, w, h), left, top in zip(found, rows["x"], rows["y"], strict=True):
        assert x * 64 == pytest.approx(min(left + 2, 64), abs=0.01)
        assert y * 64 == pytest.approx(top + 1, abs=0.01)
        assert (w * 64, h * 64) == (4, 2)
    dataset = open_dataset(folder)
    boxes = boxes_of(dataset, "1", lesions_of(dataset, "1")["id"], 64)
    n = dataset.truth("boxes").filter((pl.col("patient_id") == "1") & (pl.col("day") == 3) & (pl.col("view") == "left"))
    assert len(unpack(base64.b64decode(boxes[Unit(0, 3, 1, "left")]))) == n.height > 0


def test_masks_are_coloured_by_the_day_s_stage(folder: Path) -> None:
    dataset = open_dataset(folder)
    unit, lesions = Unit(0, 9, 1, "front"), lesions_of(dataset, "1")
    mask = dataset.mask(unit)
    codes = stage_codes(mask, zip(lesions["id"], lesions["runs"], strict=True), 9)
    assert ((codes > 0) == (mask > 0)).all()
    days = dataset.truth("lesion_days").filter((pl.col("patient_id") == "1") & (pl.col("day") == 9))
    stage = dict(days.select("lesion_id", "stage").iter_rows())
    row, column = (axis[0] for axis in mask.nonzero())
    assert STAGES[codes[row, column] - 1] == stage[int(mask[row, column])]


@pytest.mark.parametrize(
    "path", ["images/../../secret.jpg", "/etc/passwd", "truth/days.csv", "images\\..\\x.jpg", "images/P001"]
)
def test_a_table_that_names_files_elsewhere_is_refused(blinded: Path, path: str, tmp_path: Path) -> None:
    edit_observations(blinded, lambda rows: rows.with_columns(pl.lit(path).alias("image_front")))
    dataset = open_dataset(blinded)
    with pytest.raises(DatasetError, match="no file below images/"):
        safe_path(dataset, dataset.units()[0])
    with pytest.raises(DatasetError, match="no file below images/"):
        write_report(dataset, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_link_out_of_the_dataset_is_refused(blinded: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"secret")
    image = blinded / "images" / "P001" / "P001_d001_front.jpg"
    image.unlink()
    os.symlink(secret, image)
    with pytest.raises(DatasetError, match="leads out"):
        safe_path(open_dataset(blinded), Unit(0, 1, 1, "front"))


def test_only_an_earlier_report_is_replaced(blinded: Path, tmp_path: Path) -> None:
    dataset = open_dataset(blinded)
    place = write_report(dataset)
    assert place == blinded.with_name("blinded-report.html")
    with pytest.raises(DatasetError, match="--overwrite"):
        write_report(dataset)
    write_report(dataset, overwrite=True)
    foreign = tmp_path / "mine.html"
    foreign.write_text("my page")
    with pytest.raises(DatasetError, match="is no report"):
        write_report(dataset, foreign, overwrite=True)
    assert foreign.read_text() == "my page"
    link = tmp_path / "link.html"
    link.symlink_to(foreign)
    with pytest.raises(DatasetError, match="link"):
        write_report(dataset, link, overwrite=True)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_validation_is_shown_if_it_is_of_this_dataset(blinded: Path) -> None:
    dataset = open_dataset(blinded)
    path = blinded.with_name("blinded-validation.json")
    check = {"title": "Hashes", "of": "files", "looked_at": 9, "errors": 0, "warnings": 0, "skipped": ""}
    said = {"valid": True, "state": "finished", "notes": [], "checks": [check], "findings": []}
    path.write_text(json.dumps(said | {"digest": dataset.manifest["digest"]}))
    found = page._validation(Study(dataset))
    assert found
    assert found["valid"]
    assert found["checks"][0]["title"] == "Hashes"
    path.write_text(json.dumps(said | {"digest": "another"}))
    assert page._validation(Study(dataset)) is None
    path.write_text("{")
    with pytest.raises(DatasetError, match="no JSON"):
        page._validation(Study(dataset))
