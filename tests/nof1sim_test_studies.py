"""Made-up diaries and photographs for the analysis to read."""

from __future__ import annotations

import numpy as np
import polars as pl

from nof1sim.analysis.study import Study, study_of


def nothing(name: str) -> bytes:
    """The reader of a study without photographs."""
    raise AssertionError(f"{name} was read")


def study(frame: pl.DataFrame, **options) -> Study:
    """A table as a study whose photographs nobody may open."""
    return study_of("test", frame, nothing, **options)


def diary(patients: int = 3, period_days: int = 7) -> pl.DataFrame:
    """A table of scores, a row a day: Baseline, A, B, A, B; A lowers the score by 1, B by 2."""
    rng = np.random.default_rng(3)
    rows = []
    for patient in range(1, patients + 1):
        for day in range(1, 5 * period_days + 1):
            label = ("Baseline", "A", "B", "A", "B")[(day - 1) // period_days]
            score = {"Baseline": 3.0, "A": 2.0, "B": 1.0 - 0.1 * patient}[label] + 0.2 * rng.standard_normal()
            rows.append((f"p{patient}", day, label, round(score, 3), f"p{patient}_{day:03d}.png"))
    return pl.DataFrame(rows, schema=["patient_id", "day", "treatment", "score", "image"], orient="row")


def picture(score: float, seed: int, size: int = 64) -> np.ndarray:
    """A face of one colour with red spots, as many as the score says."""
    rng = np.random.default_rng(seed)
    pixels = np.array([190, 140, 120]) + rng.integers(0, 4, (size, size, 3))
    for _ in range(int(10 * score)):
        y, x = rng.integers(4, size - 8, 2)
        pixels[y : y + 3, x : x + 3] -= np.array([10, 45, 40])
    return pixels.clip(0, 255).astype(np.uint8)
