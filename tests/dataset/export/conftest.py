"""Datasets to export: real faces at 64 px, two views, gaps in scores and photographs, masks. Nobody may change them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.simulation.driver import simulate

SPOTS = "nof1sim_test_faces:Spots"
"""A renderer for tests to whom faces do not matter: much quicker."""


def study(**changes: object) -> Protocol:
    """4 patients, 6 days, front and left; some scores and photographs are missing."""
    design = {"baseline_days": 2, "period_days": 2, "cycles": 1}
    images = {"size_px": 64, "views": ["front", "left"]}
    observation = {"missing": {"image_only": 0.15, "score_only": 0.15}}
    protocol = with_changes(
        load_protocol("default"), cohort={"patients": 4}, design=design, images=images, observation=observation
    )
    return with_changes(protocol, **changes) if changes else protocol


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The dataset of `study`, with front and left views."""
    out = tmp_path_factory.mktemp("exported") / "trial"
    simulate(study(), out, workers=1)
    return open_dataset(out)


@pytest.fixture
def spoilt(exported: Dataset, tmp_path: Path) -> Path:
    """A copy of `exported` to spoil."""
    return Path(shutil.copytree(exported.url, tmp_path / "trial"))
