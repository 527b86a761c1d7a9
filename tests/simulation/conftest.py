from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.simulation.driver import Outcome, simulate

HERE = str(Path(__file__).parent)
REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference"


@pytest.fixture(scope="session", autouse=True)
def test_renderers() -> Iterator[None]:
    """Makes `nof1sim_test_renderers` importable here and in spawned processes."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(HERE)
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH", "")])))
    yield
    patch.undo()


@pytest.fixture
def small() -> Protocol:
    """Three patients, 10 days, dots instead of faces."""
    return small_protocol()


def small_protocol(**changes: object) -> Protocol:
    design = {"baseline_days": 2, "period_days": 2, "cycles": 2}
    images = {"renderer": "nof1sim_test_renderers:Dots", "size_px": 64}
    protocol = with_changes(load_protocol("default"), cohort={"patients": 3}, design=design, images=images)
    return with_changes(protocol, **changes) if changes else protocol


Run = Callable[..., Outcome]


def run(protocol: Protocol, out: Path, **options: object) -> Outcome:
    return simulate(protocol, out, workers=1, **options)  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, str]:
    """Path -> SHA-256 of every file of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
