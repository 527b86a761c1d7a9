"""Each measure of the comparison separates a renderer that is good at it from one that is bad at it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import nof1sim_test_generators as stand_ins
import numpy as np
import pytest
from PIL import Image

from nof1sim.errors import AnalysisError, InputError, Nof1simError, ProtocolError, RenderError, UnknownNameError
from nof1sim.evaluation.learned import Comparison, compare_renderers, write_comparison
from nof1sim.evaluation.learned.cases import Settings
from nof1sim.evaluation.learned.result import to_json
from nof1sim.evaluation.learned.schema import NAME, schema
from nof1sim.evaluation.learned.schema import text as schema_text

HOME = "nof1sim_test_generators"
BAD = ("Frozen", "Stranger", "Clones", "Twins", "Restless", "Wanderer", "Flushed", "Blurred", "Memoriser")
SMALL = Settings(
    tuple(f"{HOME}:{name}" for name in BAD), patients=4, days=14, people=24, seed=5, analytic=f"{HOME}:Truth"
)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of other people, some with lesions: what the memoriser knows."""
    folder = tmp_path_factory.mktemp("training")
    stand_ins.LEARNT.clear()
    for i in range(30):
        face = stand_ins.pattern(("training", i), 64)
        spots = np.random.default_rng(i).random((64, 64)) < 0.01 * (i % 5)
        pixels = np.clip(face + spots[..., None] * np.array(stand_ins.REDNESS), 0, 255).astype(np.uint8)
        stand_ins.LEARNT.append(pixels)
        Image.fromarray(pixels).save(folder / f"{i:03d}.png")
    return folder


@pytest.fixture(scope="module")
def found(training: Path) -> Comparison:
    return compare_renderers(replace(SMALL, training=str(training)))


def value(found: Comparison, renderer: str, key: str) -> float:
    row = next(row for row in found.rows if row.renderer == f"{HOME}:{renderer}")
    got = row.values[key].value
    assert got is not None, row.values[key].note
    return got


def test_severity_is_followed_by_the_one_that_draws_it(found: Comparison) -> None:
    assert value(found, "Truth", "severity_redness") > 0.7
    assert value(found, "Truth", "severity_redness_all") > 0.5
    assert value(found, "Wanderer", "severity_redness") > 0.7  # the amount is right, the places are not
    assert value(found, "Frozen", "severity_redness") == 0
    assert abs(value(found, "Memoriser", "severity_redness")) < 0.4


def test_identity_tells_who_changes(found: Comparison) -> None:
    assert value(found, "Truth", "rank1") == 1
    assert value(found, "Truth", "identity_ratio") < 0.4
    assert value(found, "Stranger", "identity_ratio") > 0.8
    assert value(found, "Stranger", "rank1") < 0.3
    assert value(found, "Clones", "rank1") < 0.5


def test_the_same_person_need_not_be_the_protocols(found: Comparison) -> None:
    assert value(found, "Twins", "rank1") == 1
    assert value(found, "Twins", "rank1_analytic") < 0.3
    assert value(found, "Truth", "rank1_analytic") == 1


def test_nothing_changes_outside_the_lesions_of_the_honest_one(found: Comparison) -> None:
    assert value(found, "Truth", "outside_grey") == 0
    assert value(found, "Truth", "outside_share") == 0
    assert value(found, "Truth", "inside_grey") > 0
    assert 3 < value(found, "Restless", "outside_grey") < 6  # mean |a - b| of two uniform -6..6 is 4.3
    assert value(found, "Restless", "outside_share") > 0.9
    assert value(found, "Frozen", "outside_grey") == value(found, "Frozen", "inside_grey") == 0


def test_lesions_persist_where_they_stay(found: Comparison) -> None:
    assert value(found, "Truth", "persistence") > 0.7
    assert value(found, "Truth", "agreement") == pytest.approx(1)
    assert value(found, "Truth", "core_contrast") > 0.05
    assert abs(value(found, "Wanderer", "persistence")) < 0.4
    assert abs(value(found, "Wanderer", "agreement")) < 0.4
    assert value(found, "Frozen", "persistence") == value(found, "Frozen", "agreement") == 0
    assert value(found, "Flushed", "persistence") == 0  # the same every day, but nothing that is a lesion
    assert value(found, "Stranger", "persistence") > 0.7  # it is about lesions, not about the face


def test_masks_overlap_where_lesions_stay(found: Comparison) -> None:
    assert value(found, "Truth", "mask_iou") == 1
    assert value(found, "Wanderer", "mask_iou") == 0
    frozen = next(row for row in found.rows if row.renderer.endswith("Frozen")).values["mask_iou"]
    assert frozen.value is None
    assert "no lesion masks" in frozen.note


def test_diversity_falls_where_all_are_alike(found: Comparison) -> None:
    assert value(found, "Truth", "diversity_ratio") == pytest.approx(1)
    assert value(found, "Clones", "diversity_ratio") < 0.4
    assert found.references["diversity_training"].value is not None


def test_memorised_pictures_are_found(found: Comparison) -> None:
    rows = {row.renderer.partition(":")[2]: row for row in found.rows}
    assert value(found, "Memoriser", "nearest_ratio") < 0.05
    assert value(found, "Memoriser", "copies") == 1
    assert any("copies" in text for text in rows["Memoriser"].warnings)
    far = rows["Truth"].values["nearest_ratio"]
    assert far.low is not None
    assert far.high is not None
    assert far.low < 1 < far.high
    assert value(found, "Truth", "copies") == 0
    assert rows["Truth"].warnings == ()
    pairs = rows["Memoriser"].pairs
    assert len({training for _, training, _ in pairs}) == len(pairs) == 4


def test_kid_sees_blur_and_clones_and_not_the_honest_one(found: Comparison) -> None:
    for key in ("kid_pca", "kid_texture"):
        row = found.rows[0].values[key]
        assert row.value is not None
        assert row.error is not None
        assert abs(row.value) < 3 * row.error + 0.1
        assert "24 and 24 people" in row.note
    assert value(found, "Clones", "kid_pca") > value(found, "Truth", "kid_pca") + 0.3
    assert value(found, "Blurred", "kid_texture") > value(found, "Truth", "kid_texture") + 0.3


def test_times_are_told(found: Comparison) -> None:
    for row in found.rows:
        assert row.values["ms"].n == 28
        assert (row.values["ms"].value or 0) > 0


def test_equal_settings_give_equal_figures(training: Path) -> None:
    few = replace(SMALL, renderers=(f"{HOME}:Restless",), training=str(training), patients=2, days=6, people=8)
    one, two = (compare_renderers(few).document for _ in range(2))
    for document in (one, two):
        for row in document["rows"]:
            row["values"] = {key: v for key, v in row["values"].items() if key not in ("ms", "ms_new")}
    assert json.dumps(one) == json.dumps(two)


def test_what_is_not_given_is_left_out_and_said(tmp_path: Path) -> None:
    few = replace(SMALL, renderers=(), patients=2, days=6, people=8, nuisance="clinic")
    found = compare_renderers(few)
    values = found.rows[0].values
    assert values["nearest_ratio"].value is None
    assert "--training" in values["nearest_ratio"].note
    assert "--grader" in values["severity_grader"].note
    assert "--nuisance none" in values["outside_grey"].note
    write_comparison(found, tmp_path)
    text = (tmp_path / "compare.md").read_text()
    assert "no training folder was given (--training)" in text
    assert "change outside lesions" in text


def test_files_are_whole_and_replaced(found: Comparison, tmp_path: Path) -> None:
    (tmp_path / "compare.json").write_text("old")
    paths = write_comparison(found, tmp_path, "nof1sim learn compare")
    assert (
        sorted(p.name for p in tmp_path.iterdir())
        == ["compare.json", "compare.md", "sheet.png"]
        == sorted(p.name for p in paths)
    )
    assert json.loads((tmp_path / "compare.json").read_text())["schema_version"] == 1
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1000
        assert sheet.height > 9 * 4 * 128


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"renderers": ("procedurl",)}, UnknownNameError, ("--renderers procedurl", "procedural")),
        ({"renderers": (f"{HOME}:Small",)}, RenderError, ("Small", "(32, 32, 3)", "--size")),
        ({"patients": 1, "days": 3, "people": 4}, ProtocolError, ("--patients", "--days", "--people")),
        ({"nuisance": "hom"}, ProtocolError, ("--nuisance", "home")),
        ({"size_px": 32}, ProtocolError, ("--size", "64")),
        ({"features": ()}, ProtocolError, ("--features",)),
        ({"embedder": "autoencoder"}, AnalysisError, ("--embedder", "pca")),
        ({"features": ("patch",)}, AnalysisError, ("--features", "patch")),
        ({"embedder": "arcface"}, UnknownNameError, ("--embedder", "arcface")),
        ({"training": "nowhere"}, InputError, ("--training", "nowhere")),
        ({"grader": "nowhere"}, InputError, ("nowhere",)),
        ({"renderers": (f"{HOME}:pattern",)}, ProtocolError, ("--renderers", "pattern")),
    ],
)
def test_mistakes_are_letters(changes: dict, error: type[Nof1simError], words: tuple[str, ...]) -> None:
    few = replace(SMALL, renderers=(), patients=2, days=6, people=8)
    with pytest.raises(error) as caught:
        compare_renderers(replace(few, **changes))
    for word in words:
        assert word in str(caught.value)


def test_a_checkpoint_of_another_size_is_refused_before_its_weights_load(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"size_px": 128, "model": "cvae"}))
    with pytest.raises(InputError, match="a checkpoint of 128 px"):
        compare_renderers(replace(SMALL, renderers=(f"learned:{tmp_path}",)))


def test_the_trainings_own_seed_is_refused(simulated: Path) -> None:
    with pytest.raises(InputError, match="another seed than 0"):
        compare_renderers(replace(SMALL, renderers=(), seed=0, training=str(simulated)))


def test_the_document_fits_its_schema(found: Comparison) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(to_json(found.document)), schema(), cls=jsonschema.Draft202012Validator)
    assert set(found.document["measures"]) == set(found.rows[0].values)
    for wrong in ({"schema_version": 2}, {"rows": []}, {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**found.document, **wrong}, schema(), cls=jsonschema.Draft202012Validator)


def test_the_schemas_file_is_the_schema() -> None:
    assert (Path(__file__).parents[2] / "schemas" / NAME).read_text() == schema_text()
