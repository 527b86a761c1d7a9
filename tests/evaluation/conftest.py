"""One small trial, in memory and written, that the tests of this folder share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nof1sim.analysis.course import Contrast
from nof1sim.evaluation.replicate import Trial, simulate_trial
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.simulation.driver import simulate

HERE = str(Path(__file__).parent)
CREAM = Contrast("Cream", "Antibiotics")
"""Second arm minus first of the default protocol: the direction of its truth's contrasts."""


@pytest.fixture(scope="session", autouse=True)
def test_pipelines() -> Iterator[None]:
    """Makes `nof1sim_test_pipelines` importable here and in spawned processes."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(HERE)
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH", "")])))
    yield
    patch.undo()


def small_protocol(**changes: Any) -> Protocol:
    """Three patients, 7 + 4 x 7 days, pictures of 64 px without masks."""
    design = {"baseline_days": 7, "period_days": 7, "cycles": 2}
    images = {"size_px": 64, "masks": False}
    protocol = with_changes(load_protocol("default"), cohort={"patients": 3}, design=design, images=images)
    return with_changes(protocol, **changes) if changes else protocol


def noiseless_protocol() -> Protocol:
    """The small one with six patients, recorded without noise."""
    return small_protocol(cohort={"patients": 6}, observation={"recording_sd": 0.0, "digits": 12})


@pytest.fixture(scope="session")
def renderer() -> ProceduralRenderer:
    one = ProceduralRenderer()
    one.prepare()
    return one


@pytest.fixture(scope="session")
def pictured(renderer: ProceduralRenderer) -> Trial:
    """The small trial in memory, with its pictures."""
    return simulate_trial(small_protocol(), renderer)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small trial as a dataset, its null twin where --twins would put it."""
    folder = tmp_path_factory.mktemp("written") / "trial"
    twin = folder.with_name("trial-twins") / "zero-effect"
    assert simulate(small_protocol(), folder, workers=1).complete
    assert simulate(small_protocol(design={"counterfactual": "zero_effect"}), twin, workers=1).complete
    return folder
