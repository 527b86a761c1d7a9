"""A small dataset whose names try to break the page, its twin, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

EVIL = "</script><b>Cream</b>&amp;"


@pytest.fixture(scope="package")
def folder(test_faces: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 patients, baseline and four periods of 7 days, two views, gaps, one twin; a hostile label. Do not change it."""
    from nof1sim.protocol import load_protocol, with_changes
    from nof1sim.simulation.driver import simulate

    changes: dict[str, Any] = {
        "cohort": {"patients": 3},
        "design": {"baseline_days": 7, "period_days": 7, "cycles": 2},
        "images": {"renderer": "nof1sim_test_faces:Spots", "size_px": 64, "views": ["front", "left"]},
        "treatments": {"cream": {"label": EVIL}},
    }
    out = tmp_path_factory.mktemp("report") / "trial"
    protocol = with_changes(load_protocol("default"), **changes)
    simulate(protocol, out, workers=1)
    edit_observations(out, with_gaps)
    twin = with_changes(protocol, design={"counterfactual": "no_treatment"}, images={"views": ["front"]})
    simulate(twin, out.with_name("trial-twins") / "no-treatment", workers=1)
    return out


@pytest.fixture
def blinded(folder: Path, tmp_path: Path) -> Path:
    """A copy without its truth and without twins."""
    return Path(shutil.copytree(folder, tmp_path / "blinded", ignore=shutil.ignore_patterns("truth")))


def with_gaps(rows: pl.DataFrame) -> pl.DataFrame:
    """Patient 1 has no score on day 5 and no photograph on day 6."""
    first, no = pl.col("patient_id") == "1", pl.lit(None)
    day = [first & (pl.col("day") == n) for n in (5, 6)]
    images = [pl.when(day[1]).then(no).otherwise(pl.col(name)).alias(name) for name in ("image_front", "image_left")]
    return rows.with_columns(pl.when(day[0]).then(no).otherwise(pl.col("AcneSeverity")).alias("AcneSeverity"), *images)


def edit_observations(folder: Path, change: Any) -> None:
    """Change observations.csv; reading does not check its hash."""
    path = folder / "observations.csv"
    change(pl.read_csv(path, schema_overrides={"patient_id": pl.String})).write_csv(path)


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A headless Chromium of the system."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright (extra: test) is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()
