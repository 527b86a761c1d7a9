"""The page about the parameter sets says the numbers that the sets have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nof1sim.protocol.presets import ADHERENCE_CORRECTION, PARAMETER_SETS, TREATMENTS

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
CLINICAL = sorted(name.removeprefix("clinical/") for name in TREATMENTS if name.startswith("clinical/"))


def row(start: str) -> list[float]:
    """The numbers of the table row whose first cell is `start`."""
    cells = next(line for line in PAGE.splitlines() if line.startswith(f"| {start} |")).split("|")[2:6]
    return [float(cell) for cell in cells]


@pytest.mark.parametrize("arm", CLINICAL)
def test_clinical_arms(arm: str) -> None:
    preset = TREATMENTS[f"clinical/{arm}"]
    effect, comedone, tau, gamma = row(f"`{arm}`")
    assert preset["effect"] == pytest.approx(effect / ADHERENCE_CORRECTION, abs=1e-3)
    assert preset["comedone_effect"] == pytest.approx(comedone / ADHERENCE_CORRECTION, abs=1e-3)
    assert (preset["wash_in_days"], preset["wash_out_days"]) == (tau, gamma)


def test_the_clinical_set() -> None:
    severity = PARAMETER_SETS["clinical"]["severity"]
    common, baseline = severity["nonspecific"], severity["baseline"]
    assert row("non-specific, all arms") == [
        common[key] for key in ("effect", "comedone_effect", "wash_in_days", "wash_out_days")
    ]
    limits = f"within {baseline['low']:g} to {baseline['high']:g}"
    assert f"median {baseline['mean']:g}, log-SD {baseline['sd']:.2f}, {limits}" in PAGE
    assert f"non-specific response | log-SD {common['patient_sd']} |" in PAGE


@pytest.mark.parametrize("arm", ["antibiotic", "cream"])
def test_the_hettich_arms(arm: str) -> None:
    preset = TREATMENTS[f"hettich2024/{arm}"]
    said = f"| {preset['effect']}, {preset['wash_in_days']} d, {preset['wash_out_days']} d | fitted |"
    assert re.search(rf"^\| {arm}: effect, tau, gamma .*{re.escape(said)}$", PAGE, re.MULTILINE)
