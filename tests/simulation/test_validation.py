"""validate: whatever the simulator writes is found to be sound, whole, blinded, or unfinished, as it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nof1sim.dataset.schema import schemas
from nof1sim.dataset.validation.findings import Validation, lines
from nof1sim.errors import DatasetError, InputError
from nof1sim.simulation.request import Table, prepare
from nof1sim.simulation.validation import validate

from .conftest import contents, run, small_protocol

EVERYTHING = {"occasions_per_day": 2, "views": ["front", "left"], "layers": ["parts", "depth", "normals", "chart"]}
GAPS = {"mcar": 0.2, "dropout_per_day": 0.1, "image_only": 0.1, "score_only": 0.1}
RATERS = {"raters": [{"name": "ann"}, {"name": "bob", "scores": "iga"}], "self_report": {}}
KINDS: dict[str, dict[str, Any]] = {
    "default": {},
    "no images": {"images": {"enabled": False}},
    "no masks": {"images": {"masks": False}},
    "hettich": {"images": {"layout": "hettich", "views": ["front", "left"], "occasions_per_day": 2}},
    "hettich with gaps": {"images": {"layout": "hettich"}, "observation": {"missing": GAPS}},
    "views, occasions, layers": {"images": EVERYTHING, "design": {"end_day": 3}},
    "missing, raters": {"observation": {"missing": GAPS, **RATERS}, "images": {"occasions_per_day": 2}},
    "png": {"images": {"format": "png", "nuisance": {"preset": "home"}}},
    "webp": {"images": {"format": "webp", "quality": 100}},
    "confounded": {"images": {"confounding": {"strength": 0.5, "of": ["exposure"]}}},
    "twin": {"design": {"counterfactual": "zero_effect"}},
    "own names": {"cohort": {"patients": 2, "ids": ["Müller, Ä.", '=b"c']}},
}


def sound(found: Validation) -> bool:
    """Whether nothing at all is reported; says what, if something is."""
    assert not found.findings, "\n".join(lines(found))
    return found.valid


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_simulated_is_sound(kind: str, tmp_path: Path) -> None:
    run(small_protocol(**KINDS[kind]), tmp_path)
    found = validate(tmp_path, redraw=2)
    assert sound(found)
    assert found.state == "finished"
    done = {check.name: check.looked_at for check in found.checks if not check.skipped}
    assert {"files", "ids", "scores", "again", "calendar"} <= done.keys()
    assert ("masks" in done) is (kind not in ("no images", "no masks"))
    assert ("redraw" in done) is (kind != "no images")
    assert all(done.values()) or kind in ("no images", "no masks")


@pytest.mark.parametrize("name", ["clinical_adapalene_bpo", "fu2023", "latin_square", "exanthem_episode"])
def test_other_models_and_designs_are_sound(name: str, tmp_path: Path) -> None:
    images = {"renderer": "nof1sim_test_renderers:Dots", "size_px": 64}
    run(prepare(name, patients=2, days=16, images=images).protocol, tmp_path)
    assert sound(validate(tmp_path, redraw=1))


def test_given_severities_are_sound(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    rows = ["anna,1,none,2.5", "anna,2,none,", "anna,4,gel,1.0", "bea,1,gel,3.0", "bea,2,gel,2.0"]
    table.write_text("Subject,Day,Treatment,EASI\n" + "\n".join(rows) + "\n")
    columns = {"patient_id": "Subject", "severity": "EASI"}
    for missing in ("skip", "interpolate"):
        job = prepare(
            table=Table(table, columns=columns, missing=missing),
            images={"renderer": "nof1sim_test_renderers:Dots", "size_px": 64},
        )
        run(job.protocol, tmp_path / missing, given=job.given)
        assert sound(validate(tmp_path / missing, redraw=2))


def test_real_faces_are_sound(tmp_path: Path) -> None:
    images = {"renderer": "procedural", "layers": ["parts", "depth", "normals", "chart", "binary"]}
    protocol = small_protocol(cohort={"patients": 1}, design={"end_day": 2}, images=images)
    run(protocol, tmp_path)
    assert sound(validate(tmp_path, redraw=1))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("validated") / "trial"
    run(small_protocol(), out)
    return out


def test_without_its_truth_it_is_blinded_and_sound(trial: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(trial, tmp_path / "blinded"))
    shutil.rmtree(out / "truth")
    found = validate(out, redraw=3)
    assert sound(found)
    assert found.state == "blinded"
    assert "without its truth/" in found.notes[0]


def test_a_truth_that_is_not_whole_is_not_blinded(trial: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(trial, tmp_path / "d"))
    (out / "truth" / "manifest.json").unlink()
    assert not validate(out).valid


def test_an_unfinished_dataset_says_how_to_finish_it(tmp_path: Path) -> None:
    run(small_protocol(), tmp_path, shard="0/2")
    found = validate(tmp_path)
    assert (found.valid, found.state) == (False, "unfinished")
    assert "nof1sim simulate with the same protocol and the same --out" in found.findings[0].advice


def test_a_folder_of_something_else_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    found = validate(tmp_path)
    assert (found.valid, found.state) == (False, "none")
    with pytest.raises(DatasetError, match="looked through"):
        validate(tmp_path / "nowhere")
    with pytest.raises(InputError, match="--redraw"):
        validate(tmp_path, redraw=-1)


def test_it_changes_nothing(trial: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in trial.rglob("*")}, contents(trial)
    validate(trial, redraw=2)
    assert ({path: path.stat().st_mtime_ns for path in trial.rglob("*")}, contents(trial)) == before


def test_foreign_files_are_odd_and_known_extras_are_not(trial: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(trial, tmp_path / "d"))
    for name in ("analysis/result.json", "croissant.json", "trial-report.html", "notes.txt"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("{}")
    found = validate(out)
    assert found.valid
    assert [(finding.path, finding.severity) for finding in found.findings] == [("notes.txt", "warning")]


def test_the_document_fits_its_schema(trial: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    for folder in (trial, tmp_path):
        document = json.loads(json.dumps(validate(folder).document(), allow_nan=False))
        jsonschema.validate(document, schemas()["validation.v1.json"])
        assert str(folder) not in json.dumps(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"state": "perhaps"}, schemas()["validation.v1.json"])
