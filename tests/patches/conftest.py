from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOTS = "nof1sim_test_rashes:Dots"


@pytest.fixture(scope="session")
def dots() -> Iterator[str]:
    """A condition that nof1sim does not know, importable here and in worker processes."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(HERE))
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")])))
    yield DOTS
    patch.undo()
