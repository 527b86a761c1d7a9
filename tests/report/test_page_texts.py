"""The stories, and what the page takes from an analysis and the card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nof1sim.dataset.reader import open_dataset
from nof1sim.report.page_story import story_of, words_of
from nof1sim.report.page_study import Study
from nof1sim.report.page_texts import analysis_of, card_sections

DOWN = np.r_[np.full(28, 2.9), np.full(28, 0.9), np.full(28, 2.0)]


def test_the_day_of_a_fall_is_found() -> None:
    story = story_of(DOWN, (0, 3))
    assert story
    assert story.better == 29
    assert (story.before, story.after) == pytest.approx((2.9, 0.9))
    assert story.worst <= 28 < story.best <= 56
    days = ["Baseline"] * 28 + ["Cream"] * 56
    assert words_of(story, days) == "Got better around day 29, as Cream began: from about 2.9 to about 0.9."
    assert "9 days into Cream" in words_of(story, days[9:])


def test_of_several_falls_the_first_large_one_counts() -> None:
    score = np.r_[np.full(14, 3.0), np.full(14, 1.8), np.full(14, 0.5)]
    story = story_of(score, (0, 3))
    assert story
    assert story.better == 15


def test_gaps_and_noise_do_not_hide_it() -> None:
    noise = 0.2 * np.sin(np.arange(DOWN.size) * 2.4)
    score = np.where(np.arange(DOWN.size) % 4 == 1, np.nan, DOWN + noise)
    story = story_of(score, (0, 3))
    assert story
    assert story.better in (28, 29, 30)


@pytest.mark.parametrize("score", [np.full(40, 2.0), np.linspace(0, 3, 60)])
def test_no_fall_no_story(score: np.ndarray) -> None:
    story = story_of(score, (0, 3))
    assert story
    assert story.better is None
    assert words_of(story, ["a"] * score.size) == "No clear and lasting improvement."


def test_hardly_any_scores() -> None:
    assert story_of(np.r_[np.full(30, np.nan), 1.0, 2.0], (0, 3)) is None


def test_the_card_s_sections_on_use_and_limits() -> None:
    text = "---\ntitle: x\n---\n# T\n\n## Columns\n\n| a |\n\n## Limits\n\n- **One** and\n  more.\n- Two.\n"
    found = card_sections(text + "\n## Licence\n\nMIT.\n\n## Making it again\n\n```bash\nnof1sim x\n```\n")
    assert [one["title"] for one in found] == ["Limits", "Licence", "Making it again"]
    assert found[0]["blocks"] == [["li", "**One** and more."], ["li", "Two."]]
    assert found[2]["blocks"] == [["pre", "nof1sim x"]]


EFFECT = {"estimate": 0.5, "low": 0.1, "high": 0.9, "p": 0.01, "method": "mixed", "estimand": "realised", "se": 0.2}


def result(**changes: object) -> str:
    document = {
        "schema_version": 1,
        "contrast": {"treatment": "B", "reference": "A"},
        "carryover": {"kind": "dropped", "drop_days": 7},
        "answers": [{"score": "S", "pooled": [EFFECT], "people": [{"patient_id": "1", "effects": [EFFECT]}]}],
        "warnings": [],
    }
    return json.dumps(document | changes)


def test_an_analysis_in_short(blinded: Path) -> None:
    study = Study(open_dataset(blinded))
    assert analysis_of(study) is None
    path = blinded / "analysis" / "result.json"
    path.parent.mkdir()
    path.write_text(result())
    found = analysis_of(study)
    assert found
    assert found["answers"][0]["pooled"]["estimate"] == 0.5
    assert found["answers"][0]["people"]["1"]["p"] == 0.01
    assert "se" not in found["answers"][0]["pooled"]


BROKEN = [
    (result(schema_version=9), "schema version 9"),
    (result(answers=None), "again"),
    ("[]", "again"),
    ("{", "again"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_an_analysis_that_cannot_be_read_is_said(blinded: Path, text: str, said: str) -> None:
    path = blinded / "analysis" / "result.json"
    path.parent.mkdir()
    path.write_text(text)
    found = analysis_of(Study(open_dataset(blinded)))
    assert found
    assert said in found["broken"]
