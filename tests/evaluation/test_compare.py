"""Pipelines side by side: the ceiling beside them, failures as rows, the null twin found."""

from __future__ import annotations

import io
import math
import shutil
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from nof1sim.analysis.analyze import Settings, analyze
from nof1sim.analysis.study import read_study
from nof1sim.dataset.reader import Dataset
from nof1sim.errors import AnalysisError, DatasetError
from nof1sim.evaluation.compare import Row, compare, files, null_twin
from nof1sim.evaluation.recovery import recover
from nof1sim.evaluation.truth import Truth

from .conftest import CREAM

BROKEN, BLOCKS = "nof1sim_test_pipelines:broken", "nof1sim_test_pipelines:blocks"
NAMES = ["redness", BROKEN, BLOCKS, "no.such.module:thing", "score", "oracle"]


@pytest.fixture(scope="module")
def rows(written: Path) -> dict[str, Row]:
    """Two pipelines that work and two that fail, with the null twin."""
    found = compare(str(written), NAMES[:4], null=null_twin(str(written), None))
    assert [row.pipeline for row in found] == NAMES
    return {row.pipeline: row for row in found}


def test_the_twin_beside_a_dataset_is_found(written: Path, tmp_path: Path) -> None:
    beside = str(written.with_name("trial-twins") / "zero-effect")
    assert null_twin(str(written), None) == beside
    assert null_twin(f"{written}/", None) == beside
    assert null_twin(str(written), "elsewhere") == "elsewhere"
    assert null_twin(str(tmp_path), None) is None


def test_a_pipeline_that_fails_has_a_row_and_the_rest_goes_on(rows: dict[str, Row]) -> None:
    for name, words in ((BROKEN, "finite numbers"), ("no.such.module:thing", "no.such.module")):
        assert words in rows[name].failure
        assert math.isnan(rows[name].r)
        assert math.isnan(rows[name].estimate)
        assert math.isnan(rows[name].false_p)
    for name in ("redness", BLOCKS, "score", "oracle"):
        assert not rows[name].failure
        assert math.isfinite(rows[name].r)
        assert rows[name].low <= rows[name].estimate <= rows[name].high
        assert 0 <= rows[name].false_p <= 1
        assert 0 <= rows[name].false_patients <= 1
        assert rows[name].seconds > 0


def test_the_oracle_is_the_ceiling(rows: dict[str, Row]) -> None:
    assert rows["oracle"].r > 0.95
    assert rows["score"].r > 0.9
    assert rows["oracle"].r > max(rows[name].r for name in ("redness", BLOCKS))


def test_every_row_has_the_truth_of_the_effect_read_first(rows: dict[str, Row], written: Path) -> None:
    truth = Truth.of_dataset(Dataset(str(written))).effects(CREAM, 3)
    for name in ("redness", BLOCKS, "score", "oracle"):
        assert rows[name].truth == pytest.approx(truth["dropped"].mean())
        assert rows[name].responders == (abs(truth["steady state"]) >= 0.5).sum()
        assert rows[name].detected <= rows[name].signs <= rows[name].responders


def test_the_score_s_row_is_what_analyze_finds(rows: dict[str, Row], written: Path) -> None:
    result = analyze(read_study(written), Settings(images=False, tests=()))
    (one,) = recover(result, Truth.of_dataset(Dataset(str(written))))
    first, row = result.answers[0].pooled[0], rows["score"]
    assert row.r == one.within_r
    assert (row.estimate, row.p) == (first.estimate / one.slope, first.p)
    assert (row.responders, row.signs, row.detected) == (one.responders, one.signs, one.detected)


def test_the_null_columns_come_from_the_twin(rows: dict[str, Row], written: Path) -> None:
    twin = written.with_name("trial-twins") / "zero-effect"
    result = analyze(read_study(twin), Settings(images=False, tests=()))
    answer = result.answers[0]
    assert rows["score"].false_p == answer.pooled[0].p
    assert rows["score"].false_patients == sum(one.effects[0].p < 0.05 for one in answer.people) / 3
    alone = compare(str(written), [])
    assert [row.pipeline for row in alone] == ["score", "oracle"]
    assert all(math.isnan(row.false_p) and math.isnan(row.false_patients) for row in alone)


def test_names_given_twice_have_one_row(written: Path) -> None:
    told: list[tuple[int, int]] = []
    found = compare(str(written), ["oracle", "oracle"], progress=lambda done, of, what: told.append((done, of)))
    assert [row.pipeline for row in found] == ["oracle", "score"]
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_nothing_to_compare_with(written: Path, tmp_path: Path) -> None:
    blind = tmp_path / "blind"
    shutil.copytree(written, blind, ignore=shutil.ignore_patterns("truth", "images"))
    with pytest.raises(AnalysisError, match=r"no truth/.*nof1sim analyze"):
        compare(str(blind), ["redness"])
    with pytest.raises(DatasetError):
        compare(str(tmp_path / "nowhere"), ["redness"])


def test_a_contrast_that_cannot_be_is_told_at_once(written: Path) -> None:
    with pytest.raises(AnalysisError, match="--contrast"):
        compare(str(written), ["redness"], settings=Settings(contrast="Cream - Creme"))
    with pytest.raises(Exception, match="--reduction"):
        compare(str(written), ["redness"], settings=Settings(reduction="pc2"))  # type: ignore[arg-type]


def test_the_other_direction_turns_the_signs(rows: dict[str, Row], written: Path) -> None:
    back = {row.pipeline: row for row in compare(str(written), [], settings=Settings(contrast="Antibiotics - Cream"))}
    for name in ("score", "oracle"):
        assert back[name].truth == pytest.approx(-rows[name].truth)
        # Not to the last digit: independent slopes are another model where the reference is the other level.
        assert back[name].estimate == pytest.approx(-rows[name].estimate, rel=0.02)
        assert back[name].r == rows[name].r
        assert back[name].signs == rows[name].signs


def test_files_of_a_comparison(rows: dict[str, Row]) -> None:
    pytest.importorskip("matplotlib")
    written_files = dict(files(list(rows.values())))
    table = pl.read_csv(io.BytesIO(written_files["benchmark.csv"]))
    assert table["pipeline"].to_list() == NAMES
    assert table["r"].to_list() == pytest.approx([None if row.failure else row.r for row in rows.values()])
    picture = Image.open(io.BytesIO(written_files["benchmark.png"]))
    assert picture.format == "PNG"
    assert picture.width > 500
