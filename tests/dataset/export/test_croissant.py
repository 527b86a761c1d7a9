from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nof1sim
from nof1sim.dataset.export.base import Options, export
from nof1sim.dataset.export.croissant import RELEASED
from nof1sim.dataset.manifest import start
from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import DatasetError, InputError
from nof1sim.simulation.driver import simulate

from .conftest import SPOTS, study

CHANGELOG = Path(__file__).parents[3] / "CHANGELOG.md"


@pytest.fixture
def mlc(caplog: pytest.LogCaptureFixture) -> Any:
    """mlcroissant; what its own dependencies say of each other is not for us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    caplog.set_level(logging.WARNING)
    return found


def described(folder: Path, mlc: Any, caplog: pytest.LogCaptureFixture) -> Any:
    """The dataset as mlcroissant sees it: no error, no warning, nothing logged."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="ConjunctiveGraph is deprecated")
        found = mlc.Dataset(jsonld=str(folder / "croissant.json"))
    issues = found.metadata.ctx.issues
    assert (issues.errors, issues.warnings, caplog.records) == (set(), set(), [])
    return found


def records(found: Any, name: str) -> list[dict[str, Any]]:
    """The records of a record set; bytes as text, names without the record set's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The inplace keyword in DataFrame.reset_index")
        rows = list(found.records(name))
    return [
        {key.partition("/")[2]: value.decode() if isinstance(value, bytes) else value for key, value in row.items()}
        for row in rows
    ]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_mlcroissant_reads_every_record_set(spoilt: Path, mlc: Any, caplog: pytest.LogCaptureFixture) -> None:
    dataset = open_dataset(spoilt)
    assert export(dataset, "croissant") == spoilt / "croissant.json"
    found = described(spoilt, mlc, caplog)
    sets = {record_set.uuid for record_set in found.metadata.record_sets}
    tables = {"patients", "days", "lesions", "lesion_days", "boxes", "keypoints", "images"}
    assert sets == {"observations", *tables, "photographs_front", "photographs_left", "masks"}
    for name in sorted(tables):
        rows, table = records(found, name), dataset.truth(name)
        assert len(rows) == table.height
        assert set(rows[0]) == set(table.columns)
        for column in ("severity_true", "x", "lesion_id", "peak_diameter_mm", "responder"):
            if column in table.columns:
                assert [row[column] for row in rows] == table[column].to_list()
    for view in ("front", "left"):
        paths = dataset.observations()[f"image_{view}"]
        rows = {row["path"]: row for row in records(found, f"photographs_{view}")}
        assert sorted(rows) == sorted(paths.drop_nulls())
        for row in dataset.observations().filter(paths.is_not_null()).iter_rows(named=True):
            read = rows[row[f"image_{view}"]]
            assert (read["patient_id"], read["day"]) == (row["patient_id"], row["day"])
            assert read["AcneSeverity"] == row["AcneSeverity"]
            assert np.asarray(read["image"]).shape == (64, 64, 3)
    assert len(records(found, "masks")) == 2 * len(dataset.units())
    assert not caplog.records


def test_every_file_has_its_hash_and_every_column_its_meaning(spoilt: Path) -> None:
    document = json.loads(export(open_dataset(spoilt), "croissant").read_text())
    single = [one for one in document["distribution"] if one["@type"] == "cr:FileObject"]
    for one in single:
        assert hashlib.sha256((spoilt / one["contentUrl"]).read_bytes()).hexdigest() == one["sha256"]
    listed = {one["contentUrl"] for one in single}
    patterns = [p for one in document["distribution"] if one["@type"] == "cr:FileSet" for p in one["includes"]]
    for path in (path for path in spoilt.rglob("*") if path.is_file()):
        name = path.relative_to(spoilt).as_posix()
        if name not in ("croissant.json", "manifest.sha256"):
            assert name in listed or sum(Path(name).match(pattern) for pattern in patterns) == 1, name
    fields = [field for one in document["recordSet"] for field in one["field"]]
    assert len(fields) > 100
    assert all(field["description"] and field["dataType"] for field in fields)
    assert document["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    for name in ("dataCollection", "dataLimitations", "dataBiases", "dataUseCases", "personalSensitiveInformation"):
        assert document[f"rai:{name}"]
    made = document["prov:wasGeneratedBy"]
    manifest = json.loads((spoilt / "manifest.json").read_text())
    assert made["prov:used"]["sc:identifier"] == f"sha256:{manifest['digest']}"
    assert {a["prov:label"]: a["sc:softwareVersion"] for a in made["prov:wasAssociatedWith"]} == manifest["versions"]


def test_a_blinded_copy_is_described_without_truth(spoilt: Path, mlc: Any, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(spoilt / "truth")
    text = export(open_dataset(spoilt), "croissant").read_text()
    assert "truth/" not in text.replace("Files under truth/ hold", "").replace("scores under truth/ are", "")
    found = described(spoilt, mlc, caplog)
    assert {one.uuid for one in found.metadata.record_sets} == {
        "observations",
        "photographs_front",
        "photographs_left",
    }


@pytest.mark.parametrize("images", [{"layout": "hettich"}, {"format": "webp"}, {"format": "png"}])
def test_other_names_and_kinds_of_images(
    images: dict[str, str], tmp_path: Path, mlc: Any, caplog: pytest.LogCaptureFixture
) -> None:
    simulate(study(cohort={"patients": 2}, images=images | {"renderer": SPOTS}), tmp_path / "trial", workers=1)
    dataset = open_dataset(tmp_path / "trial")
    export(dataset, "croissant")
    found = described(tmp_path / "trial", mlc, caplog)
    names = {one.uuid for one in found.metadata.record_sets}
    if images.get("format") == "webp":  # mlcroissant reads none
        assert not any(name.startswith("photographs") for name in names)
        return
    for view in ("front", "left"):
        rows = records(found, f"photographs_{view}")
        assert sorted(row["path"] for row in rows) == sorted(dataset.observations()[f"image_{view}"].drop_nulls())
        assert all(row["patient_id"] in ("1", "2") for row in rows)


def test_options_and_the_date(spoilt: Path) -> None:
    dataset = open_dataset(spoilt)
    plain = json.loads(export(dataset, "croissant").read_text())
    assert plain["datePublished"] == RELEASED
    with pytest.raises(DatasetError, match="--overwrite"):
        export(dataset, "croissant")
    more = {"date": "2031-02-03", "license": "https://spdx.org/licenses/CC-BY-4.0.html", "creator": "A. Nurse"}
    other = json.loads(export(dataset, "croissant", options=Options(more=more), overwrite=True).read_text())
    assert (other["datePublished"], other["license"]) == (more["date"], more["license"])
    assert other["creator"]["name"] == "A. Nurse"
    with pytest.raises(InputError, match="2026-11-21"):
        export(dataset, "croissant", options=Options(more={"date": "yesterday"}), overwrite=True)
    with pytest.raises(DatasetError, match="Leave --out away"):
        export(dataset, "croissant", spoilt.parent / "elsewhere.json")


def test_the_date_is_that_of_the_released_version() -> None:
    heading = re.search(rf"^## {re.escape(nof1sim.__version__)} - (\S+)", CHANGELOG.read_text(), re.MULTILINE)
    assert heading is not None
    assert heading[1] in ("unreleased", RELEASED)


def test_it_is_part_of_the_dataset_and_goes_with_it(spoilt: Path, tmp_path: Path) -> None:
    export(open_dataset(spoilt), "croissant")
    dataset = open_dataset(spoilt)  # the manifests still fit
    digest = dataset.manifest["digest"]
    protocol = study()
    assert protocol.digest == digest
    outcome = simulate(protocol, spoilt, workers=1)
    assert outcome.complete
    assert (spoilt / "croissant.json").exists()
    start(dataset.target, "{}", "0" * 64, overwrite=True)
    assert not (spoilt / "croissant.json").exists()
    assert not list(tmp_path.glob("**/*.jpg"))


def test_a_file_of_somebody_elses_is_never_replaced(spoilt: Path) -> None:
    (spoilt / "croissant.json").write_text('{"breakfast": true}')
    with pytest.raises(DatasetError, match="no export of this kind"):
        export(open_dataset(spoilt), "croissant", overwrite=True)
    assert json.loads((spoilt / "croissant.json").read_text()) == {"breakfast": True}
