"""Dataset card and datasheet: for the hub, and telling nothing of the truth."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nof1sim.dataset.card import TASKS
from nof1sim.dataset.datasheet import datasheet
from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import DatasetError
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.simulation.card_facts import facts

GEBRU = ("Motivation", "Composition", "Collection process", "Preprocessing", "Uses", "Distribution", "Maintenance")


def test_the_hub_s_own_library_reads_the_header(simulated: Path) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="needs huggingface_hub")
    card = hub.DatasetCard.load(simulated / "README.md")
    data = card.data.to_dict()
    assert data["license"] == "other"
    assert data["task_categories"] == list(TASKS)
    assert data["size_categories"] == ["n<1K"]
    assert data["configs"][0]["data_files"] == "observations.csv"
    assert {"synthetic", "n-of-1", "not-for-diagnosis"} <= set(data["tags"])


@pytest.mark.parametrize("words", ["Intended use", "Out of scope", "Biases", "Licence", "Citation", "Fitzpatrick"])
def test_the_card_has_what_a_card_must_have(simulated: Path, words: str) -> None:
    assert words in (simulated / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["zero_effect", "no_treatment", "other_sequence"])
def test_the_facts_do_not_unblind(kind: str) -> None:
    protocol = load_protocol("default")
    assert facts(protocol) == facts(with_changes(protocol, design={"counterfactual": kind}))
    assert facts(load_protocol("washout")) == facts(load_protocol("washout_null"))


def test_facts_of_other_designs() -> None:
    said = {name: dict(facts(load_protocol(name))) for name in ("fu2023", "washout", "latin_square")}
    assert "3 times a day" in said["fu2023"]["photographs"]
    assert "7 days of washout" in said["washout"]["design"]
    assert "Latin squares" in said["latin_square"]["design"]


def test_a_users_words_cannot_break_the_table() -> None:
    evil = {"antibiotic": {"label": "a | b\n<script>"}}
    told = dict(facts(with_changes(load_protocol("default"), treatments=evil)))
    assert told["treatments"].startswith("a / b (script), ")


def test_the_datasheet_has_the_questions_and_tells_no_truth(simulated: Path) -> None:
    text = datasheet(open_dataset(simulated))
    for title in GEBRU:
        assert f"## {title}" in text
    assert "| Baseline | 21 |" in text
    for hidden in ("-2.25", "wash_in_days", "seed 0", "severity_true"):
        assert hidden not in text


def test_with_truth_the_datasheet_has_the_parameters(simulated: Path) -> None:
    text = datasheet(open_dataset(simulated), truth=True)
    assert "| antibiotic | -2.25 | 5 | 8.1 |" in text
    assert "`digits`: 3" in text
    assert "seed 0" in text


def test_a_blinded_dataset_has_a_datasheet(simulated: Path, tmp_path: Path) -> None:
    blinded = tmp_path / "trial"
    shutil.copytree(simulated, blinded, ignore=shutil.ignore_patterns("truth"))
    assert datasheet(open_dataset(blinded)) == datasheet(open_dataset(simulated))
    with pytest.raises(DatasetError, match="without its truth"):
        datasheet(open_dataset(blinded), truth=True)


def test_the_command_prints_it(simulated: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nof1sim", "datasheet", str(simulated)], capture_output=True, text=True, check=True
    )
    assert done.stdout == datasheet(open_dataset(simulated))
