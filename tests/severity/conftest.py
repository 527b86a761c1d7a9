"""Small protocols and schedules of our own, so that these tests stand without the schedule module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from nof1sim.model import NO_ARM, Schedule
from nof1sim.protocol import Protocol, merge, protocol_from


def build_protocol(patients: int = 10, parameters: str = "hettich2024", **parts: Any) -> Protocol:
    document: dict[str, Any] = {
        "seed": 7,
        "cohort": {"patients": patients},
        "severity": {"parameters": parameters},
        "design": {"arms": ["antibiotic", "cream"], "sequence": "abab", "cycles": 2},
        "treatments": {"antibiotic": "hettich2024/antibiotic", "cream": "hettich2024/cream"},
    }
    return protocol_from(merge(document, parts))


def build_schedule(protocol: Protocol, periods: Sequence[tuple[int, int]], patients: int | None = None) -> Schedule:
    """Everybody has the same `periods`: (arm code or NO_ARM, days)."""
    n = protocol.cohort.patients if patients is None else patients
    arms = tuple(protocol.design.arms)
    labels = ("Baseline", *arms)
    arm = np.repeat([code for code, _ in periods], [days for _, days in periods])
    block = np.repeat(np.arange(1, len(periods) + 1), [days for _, days in periods])
    rows = [np.tile(row.astype(np.int16), (n, 1)) for row in (arm, block, arm + 1)]
    sequence = tuple(labels[code + 1] for code, _ in periods)
    return Schedule(arms, rows[0], rows[1], labels, rows[2], (sequence,) * n)


SEED_DESIGN = [(NO_ARM, 28), (0, 28), (1, 28), (0, 28), (1, 28)]

FULL = {
    "severity": {
        "baseline": {"mean": 2.0, "sd": 0.4},
        "nonspecific": {"effect": -0.4, "patient_sd": 0.2, "wash_in_days": 6.0},
        "response_wobble": {"sd": 0.1, "phi": 0.9},
        "fluctuation": {"sd": 0.2, "phi": 0.8},
        "drift": {"sd_per_day": 0.02},
        "trend": {"mean_per_day": -0.002, "sd_per_day": 0.001},
        "cycle": {"amplitude": 0.3},
        "adherence": {"mean": 0.7},
        "covariates": [{"name": "stress", "effect": 0.1, "effect_lag_days": 2, "phi": 0.5}],
    }
}
"""Every term of the model switched on."""


@pytest.fixture
def protocol_of() -> Callable[..., Protocol]:
    return build_protocol


@pytest.fixture
def schedule_of() -> Callable[..., Schedule]:
    return build_schedule


@pytest.fixture
def seed_design() -> list[tuple[int, int]]:
    return list(SEED_DESIGN)


@pytest.fixture
def full() -> dict[str, Any]:
    return FULL
