"""What the tables say: columns, sums, and the wall between what a study records and what only a simulator knows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import polars as pl
import polars.selectors as cs
import pytest
from PIL import Image

from nof1sim.conditions.acne import Acne
from nof1sim.dataset.images import read_note
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.simulation.plan import Plan

from .conftest import run, small_protocol

SEED_COLUMNS = ["patient_id", "date", "block", "day", "treatment", "AcneSeverity"]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    protocol = small_protocol(
        observation={
            "raters": [{"name": "ann"}, {"name": "bob", "scores": "iga"}],
            "self_report": {},
            "missing": {"mcar": 0.2, "dropout_per_day": 0.2, "image_only": 0.1},
        },
        severity={"covariates": [{"name": "sun", "effect": 0.1}, {"name": "secret", "recorded": False}]},
        images={"occasions_per_day": 2, "views": ["front", "left"]},
    )
    out = tmp_path_factory.mktemp("trial")
    run(protocol, out)
    return open_dataset(out)


def test_observations_begin_with_the_seed_columns_in_their_order(trial: Dataset) -> None:
    table = trial.observations()
    assert table.columns[:6] == SEED_COLUMNS
    assert table.columns[6:9] == ["occasion", "image_front", "image_left"]
    assert table.height == 3 * 10 * 2
    assert table["date"].dtype == pl.Date


def test_observations_hold_nothing_that_only_a_simulator_knows(trial: Dataset) -> None:
    table = trial.observations()
    allowed = {*SEED_COLUMNS, "occasion", "image_front", "image_left", "self_report", "rater_ann", "rater_bob"}
    assert set(table.columns) == allowed | {"covariate_sun", "dropped_out"}
    text = (Path(trial.url) / "manifest.json").read_text() + (Path(trial.url) / "README.md").read_text()
    assert "effect" not in text
    assert "seed" not in json.loads((Path(trial.url) / "manifest.json").read_text())
    assert not any("truth" in name for name in trial.manifest["files"])


def test_missing_days_keep_their_row_and_the_complete_data_stand_in_truth(trial: Dataset) -> None:
    seen, true = trial.observations(), trial.truth("days")
    assert 0 < seen["AcneSeverity"].null_count() < seen.height
    assert seen["treatment"].null_count() == 0
    assert true["complete_score"].null_count() == 0
    first = seen.filter(pl.col("occasion") == 1)
    assert (first["AcneSeverity"].is_null() == true["score_missing"]).all()
    assert (first["image_front"].is_null() == true["image_missing"]).all()
    kept = ~true["score_missing"]
    assert (first["AcneSeverity"].filter(kept) == true["complete_score"].filter(kept)).all()


def test_images_exist_exactly_where_the_table_says(trial: Dataset) -> None:
    named = [path for view in ("front", "left") for path in trial.observations()[f"image_{view}"].drop_nulls()]
    there = {path.relative_to(trial.url).as_posix() for path in Path(trial.url).glob("images/*/*")}
    assert set(named) == there


def test_no_label_is_in_a_file_name_and_every_image_says_synthetic(trial: Dataset) -> None:
    unit = trial.units()[0]
    assert all(
        re.fullmatch(r"images/P\d{3}/P\d{3}_d\d{3}(_2)?_(front|left)\.jpg", trial.path(u)) for u in trial.units()
    )
    data = trial.read(trial.path(unit))
    note = read_note(data)
    assert note["generator"].startswith("nof1sim")
    with Image.open(Path(trial.url) / trial.path(unit)) as image:
        assert "synthetic" in str(image.getexif()).lower() + str(image.info).lower()


def test_the_parts_add_up_to_the_latent(trial: Dataset) -> None:
    days = trial.truth("days")
    parts = days.select(pl.sum_horizontal(pl.col("^part_.*$")))
    assert np.allclose(parts.to_series(), days["latent"], atol=1e-12)
    assert np.allclose(days["latent"].clip(0, 3), days["severity_true"])


def test_every_score_can_be_recomputed_from_the_saved_lesions(trial: Dataset) -> None:
    lesions, looks, days = trial.truth("lesions"), trial.truth("lesion_days"), trial.truth("days")
    acne = Acne(small_protocol().condition)
    for patient in trial.patient_ids():
        mine = pl.col("patient_id") == patient
        again = acne.scores_of_tables(
            {name: lesions.filter(mine)[name].to_numpy() for name in ("lesion_id", "x_mm", "y_mm", "region")},
            {n: looks.filter(mine)[n].to_numpy() for n in ("day", "lesion_id", "stage", "counted", "visible")},
            10,
        )
        saved = days.filter(mine)
        for name, values in again.items():
            assert np.array_equal(saved[name].to_numpy(), values), name


def test_boxes_masks_and_lesions_name_the_same_lesions(trial: Dataset) -> None:
    boxes, looks = trial.truth("boxes"), trial.truth("lesion_days")
    unit = trial.units()[0]
    ids = set(np.unique(trial.mask(unit))) - {0}
    here = boxes.filter(pl.col("image") == trial.path(unit))
    assert set(here["lesion_id"]) == ids
    visible = looks.filter((pl.col("patient_id") == "1") & (pl.col("day") == unit.day) & pl.col("visible"))
    assert ids <= set(visible["lesion_id"])


def test_truth_has_effects_contrasts_and_the_nuisance_of_each_image(trial: Dataset) -> None:
    people = trial.truth("patients")
    for name in ("effect_antibiotic", "steady_contrast", "realised_contrast", "responder", "sequence"):
        assert people[name].null_count() == 0, name
    manifest = trial.truth_manifest
    assert manifest["protocol"]["treatments"]["cream"]["wash_in_days"] == 3.1
    taken = trial.truth("images")
    assert set(taken["image"]) == {trial.path(unit) for unit in trial.units()}
    assert manifest["quality"]["nuisance"]["exposure_ev"]["mean"] == pytest.approx(
        taken["exposure_ev"].mean(), rel=1e-5
    )


def test_the_persistence_map_has_place_birth_and_end_of_every_lesion(trial: Dataset) -> None:
    persistence, lesions = trial.persistence(0), trial.truth("lesions").filter(pl.col("patient_id") == "1")
    for name in ("site", "x_mm", "y_mm", "birth_day", "peak_day", "end_day", "kind"):
        assert len(persistence[name]) == lesions.height


def test_the_dataset_can_be_made_again_from_its_own_truth(trial: Dataset) -> None:
    again = load_protocol(Path(trial.url) / "truth" / "manifest.json")
    assert again.digest == trial.manifest["digest"]
    assert Plan(again).units() == trial.units()


@pytest.mark.parametrize(
    "name", ["observations", "patients", "days", "lesions", "lesion_days", "boxes", "keypoints", "images"]
)
def test_rows_are_what_the_schemas_say(trial: Dataset, name: str) -> None:
    folder = Path(__file__).parents[2] / "schemas"
    check = jsonschema.Draft202012Validator(json.loads((folder / f"{name}.v1.json").read_text()))
    table = trial.observations() if name == "observations" else trial.truth(name)
    for row in json.loads(
        table.sample(min(60, table.height), seed=0).with_columns(cs.date().cast(pl.String)).write_json()
    ):
        check.validate(row)


def test_manifests_are_what_the_schemas_say(trial: Dataset) -> None:
    folder = Path(__file__).parents[2] / "schemas"
    for name, document in (("manifest", trial.manifest), ("truth_manifest", trial.truth_manifest)):
        jsonschema.validate(document, json.loads((folder / f"{name}.v1.json").read_text()))


def test_nothing_is_recorded_of_who_has_left(trial: Dataset) -> None:
    gone = trial.observations().filter(pl.col("dropped_out"))
    assert gone.height > 0
    for name in ("covariate_sun", "AcneSeverity", "rater_ann", "self_report", "image_front"):
        assert gone[name].null_count() == gone.height, name


def test_the_card_of_a_null_twin_gives_nothing_away(tmp_path: Path) -> None:
    run(with_changes(load_protocol("default_null"), cohort={"patients": 1}, images={"enabled": False}), tmp_path)
    text = (tmp_path / "README.md").read_text().lower() + (tmp_path / "manifest.json").read_text().lower()
    assert "null" not in text
    assert "no effect" not in text
