"""result.json fits its schema, has no NaN, and says which effect, by which estimand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import polars as pl
import pytest
from nof1sim_test_studies import diary, study
from rich.console import Console

from nof1sim.analysis import text
from nof1sim.analysis.analyze import Settings, analyze
from nof1sim.analysis.result import AnalysisResult, CarryOver
from nof1sim.analysis.schema import NAME, schema
from nof1sim.analysis.schema import text as schema_text
from nof1sim.analysis.stats.table import TESTS
from nof1sim.analysis.study import read_study
from nof1sim.errors import AnalysisError


@pytest.fixture(scope="module")
def result() -> AnalysisResult:
    """Scores alone; p1 has no estimate."""
    frame = diary().drop("image")
    hidden = pl.when(pl.col("patient_id") == "p1").then(None).otherwise(pl.col("score")).alias("score")
    return analyze(study(frame.with_columns(hidden)), Settings(drop_days=3))


@pytest.fixture(scope="module")
def seen(simulated: Path) -> AnalysisResult:
    """Pictures and scores of a dataset."""
    return analyze(read_study(simulated), Settings(embedders=("texture",), tests=("gls",)))


def fits(document: dict) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)


def test_documents_fit_the_schema(result: AnalysisResult, seen: AnalysisResult) -> None:
    for one in (result, seen):
        written = dict(text.files(one))["result.json"]
        document = json.loads(written, parse_constant=pytest.fail)  # NaN is no JSON
        assert document == one.document()
        fits(document)


def test_the_schema_refuses_what_is_wrong(result: AnalysisResult) -> None:
    for wrong in ({"schema_version": 2}, {"patients": "3"}, {"truth": {}}, {"contrast": "B - A"}):
        with pytest.raises(jsonschema.ValidationError):
            fits(result.document() | wrong)
    for name in result.document():
        with pytest.raises(jsonschema.ValidationError):
            fits({key: value for key, value in result.document().items() if key != name})


def test_numbers_are_written_to_the_last_digit(result: AnalysisResult) -> None:
    document = result.document()
    for effect, written in zip(result.answers[0].pooled, document["answers"][0]["pooled"], strict=True):
        for name in ("estimate", "se", "df", "p", "low", "high"):
            number = getattr(effect, name)
            assert written[name] == (number if math.isfinite(number) else None)
        assert written["estimand"]


def test_a_missing_estimate_is_null_with_a_note(result: AnalysisResult) -> None:
    people = {person["patient_id"]: person for person in result.document()["answers"][0]["people"]}
    assert list(people) == ["p1", "p2", "p3"]
    assert people["p1"]["days"] == 0
    assert people["p1"]["shrunken"] is None
    assert all(effect["estimate"] is None and effect["note"] for effect in people["p1"]["effects"])
    assert isinstance(people["p2"]["shrunken"]["estimate"], float)


def test_the_head_says_what_was_asked(result: AnalysisResult, seen: AnalysisResult) -> None:
    document = result.document()
    assert document["contrast"] == {"treatment": "B", "reference": "A"}
    assert (document["baseline"], document["patients"], document["days"]) == ("Baseline", 3, 35)
    assert document["missing"] == 35
    assert document["carryover"] == {"kind": "dropped", "drop_days": 3, "tau_days": {}, "gamma_days": {}}
    assert {"numpy", "polars"} <= set(document["versions"])
    made = seen.document()["answers"][0]["made"]
    assert (made["reduction"], made["rows"]) == ("within_pc1", 105)
    assert made["steps"]
    assert made["sign"]


@pytest.mark.parametrize(
    ("carry", "words"),
    [
        (CarryOver("ignored"), "realised contrast over all days"),
        (CarryOver("dropped", 7), "first 7 days of each period dropped: a lower bound"),
        (CarryOver("exposure", 0, {"Cream": 3}, {"Cream": 4.5}), "Cream 3/4.5 days: estimates the steady state"),
    ],
)
def test_every_way_with_carry_over_names_its_estimand(carry: CarryOver, words: str) -> None:
    assert words in str(carry)


def test_the_report_names_contrast_and_estimands(result: AnalysisResult) -> None:
    report = dict(text.files(result))["report.txt"].decode()
    assert "B - A" in report
    assert "first 3 days of each period dropped" in report
    for method in ("mixed_dropped", "two_stage", "mixed_nugget"):
        assert method in report
    flat = " ".join(report.replace("│", " ").split())
    assert "realised contrast" in flat
    assert "steady state" in flat
    assert "no day under 'B'" in flat  # why p1 has no estimate
    assert "\x1b" not in report


def test_labels_are_no_markup() -> None:
    frame = diary().drop("image").with_columns(pl.col("treatment").replace({"A": "[red]A", "B": "B[/]"}))
    frame = frame.with_columns(pl.col("patient_id").replace({"p1": "[/b]"}))
    report = dict(text.files(analyze(study(frame), Settings(tests=("gls",)))))["report.txt"].decode()
    assert "[red]A - B[/]" in report
    assert "[/b]" in report


def test_tables(result: AnalysisResult, seen: AnalysisResult) -> None:
    written = dict(text.files(result))
    people, pooled = (pl.read_csv(written[name]) for name in ("patients.csv", "pooled.csv"))
    assert set(people["patient_id"]) == {"p1", "p2", "p3"}
    assert (
        people.filter(pl.col("patient_id") == "p1")["estimate"].null_count() == len(TESTS) + 1
    )  # the one to read first, and all tests
    assert pooled["method"].to_list() == [effect.method for effect in result.answers[0].pooled]
    assert pooled["estimate"].to_list() == pytest.approx([effect.estimate for effect in result.answers[0].pooled])
    scores = text.score_frame(seen)
    assert scores.columns == ["patient_id", "day", "occasion", "period", "treatment", "texture", "AcneSeverity"]
    assert scores.height == 105
    at = scores.filter((pl.col("patient_id") == "2") & (pl.col("day") == 17))["texture"].item()
    answer = seen.answers[0].scored
    rows = answer.rows.with_row_index().filter((pl.col("patient_id") == "2") & (pl.col("day") == 17))
    assert at == answer.values[rows["index"].item()]


def test_raters_of_an_occasion_are_averaged_in_scores_csv() -> None:
    frame = diary().drop("image")
    found = analyze(study(pl.concat([frame, frame.with_columns(pl.col("score") + 1)])), Settings(tests=("gls",)))
    shown = text.score_frame(found)
    first = shown.filter((pl.col("patient_id") == "p1") & (pl.col("day") == 1))["score"]
    want = frame["score"][0]
    assert first.to_list() == pytest.approx([want + 0.5])


def test_result_json_comes_last_and_an_old_one_goes_first(result: AnalysisResult, tmp_path: Path) -> None:
    assert [name for name, _ in text.files(result)][-1] == "result.json"
    text.write(tmp_path, text.files(result))
    assert (tmp_path / "result.json").is_file()

    def killed():
        yield from list(text.files(result))[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        text.write(tmp_path, killed())
    assert not (tmp_path / "result.json").exists()


def test_a_folder_that_cannot_be_written(result: AnalysisResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AnalysisError, match=r"cannot be written.*--out FOLDER"):
        text.write(tmp_path / "file", text.files(result))


@pytest.mark.parametrize(
    ("number", "shown"), [(0.00001, "<.0001"), (0.0499, ".0499"), (1.0, "1.0000"), (0.05, ".0500"), (np.nan, "-")]
)
def test_p_values(number: float, shown: str) -> None:
    assert text.probability(number) == shown


def test_show_prints_to_any_console(seen: AnalysisResult) -> None:
    console = Console(record=True, width=80, file=None, force_terminal=False, quiet=False, stderr=True)
    text.show(seen, console)
    assert "texture" in console.export_text()


def test_the_schema_file_is_current() -> None:
    file = Path(__file__).parents[2] / "schemas" / NAME
    assert file.read_text(encoding="utf-8") == schema_text(), "run: python -m nof1sim.analysis.schema schemas"
