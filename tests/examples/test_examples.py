"""The five example scripts run, and print what they are for."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
SCRIPTS = {
    "01_first_trial.py": ((), r"patient 3: Baseline [\d.]+, Antibiotics.*texture: .*The truth"),
    "02_own_protocol.py": ((), r"Warnings.*Strong .*Days lost: [1-9]"),
    "03_own_severities.py": ((), r"day  1: +43\.0  1\.79 +55.*day  9: forgotten"),
    "04_own_embedder.py": ((), r"my_pipelines:red_spots +0\.[6-9].*oracle"),
    "05_power_study.py": (("2",), r"6  as planned .*6  none"),
}


def test_they_are_short() -> None:
    found = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in FOLDER.glob("*.py")}
    assert set(found) == set(SCRIPTS)
    assert max(found.values()) < 60


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_runs_and_says_what_it_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, shown = SCRIPTS[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, "out", *arguments])
    monkeypatch.setitem(sys.modules, "my_pipelines", None)  # 04 puts itself there; gone again afterwards
    runpy.run_path(str(FOLDER / name), run_name="__main__")
    printed = capsys.readouterr().out
    assert re.search(shown, printed, re.DOTALL), printed
    assert [item.name for item in tmp_path.iterdir()] == ["out"], "it writes only where it was told to"
