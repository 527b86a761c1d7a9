"""Patients, drives and fields that the tests of the conditions share."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nof1sim.conditions.acne import Acne
from nof1sim.model import Drive, LesionField, Patient, patient_key
from nof1sim.protocol.types import Condition

SEED_CSV = Path(__file__).parents[2].parent / "shared" / "reference" / "sim_acne.csv"


def someone(rank: int = 0, fitzpatrick: int = 3, sex: str = "M", age_years: float = 20.0) -> Patient:
    """A patient of a rank."""
    return Patient(patient_key(rank), str(rank + 1), rank, age_years, sex, 30.0, fitzpatrick)


def given(severity: np.ndarray, ratio: float = 1.5) -> Drive:
    """A drive with a severity, (days,)."""
    return Drive(np.asarray(severity, float), None, None, 0.0, ratio, len(severity))


def free(days: int, count: float = 27.0, log_rate: float = 0.0, ratio: float = 1.5) -> Drive:
    """A drive with a constant birth rate."""
    return Drive(None, np.full(days, log_rate), np.full(days, log_rate), count, ratio, days)


def acne(**options: object) -> Acne:
    """Acne with protocol options."""
    return Acne(Condition(**options))  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="session")
def make() -> dict[str, Callable[..., object]]:
    """The helpers above by name: importlib mode has no importable conftest."""
    return {"someone": someone, "given": given, "free": free, "acne": acne}


@pytest.fixture(scope="session")
def seed_rows() -> np.ndarray:
    """Severities of the published seed trial, (10 patients, 140 days)."""
    if not SEED_CSV.is_file():
        pytest.skip("the seed trial (shared/reference/sim_acne.csv) is not here")
    with SEED_CSV.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by_patient: dict[str, list[float]] = {}
    for row in rows:
        by_patient.setdefault(row["patient_id"], []).append(float(row["AcneSeverity"]))
    return np.array(list(by_patient.values()))


@pytest.fixture(scope="session")
def seed_fields(seed_rows: np.ndarray) -> list[LesionField]:
    """The lesions of the seed trial's patients, marks fast."""
    condition = acne(marks="fast", scars=False)
    return [condition.field(someone(i, 1 + i % 6), given(path), 0) for i, path in enumerate(seed_rows)]


@pytest.fixture(scope="session")
def path() -> np.ndarray:
    """A severity path with a fast fall, zeros, a rise and noise, (90,)."""
    day = np.arange(90)
    level = np.where(day < 20, 2.9, np.where(day < 60, 0.35, 2.0))
    wave = 0.3 * np.sin(day * 1.7) + 0.2 * np.cos(day * 0.61)
    return np.clip(level + wave, 0.0, 3.0)
