"""Small studies that several parts' tests analyse."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the helpers' own modules: nof1sim_test_faces, nof1sim_test_studies
SEED_CSVS = [up / "shared" / "reference" / "sim_acne.csv" for up in HERE.parents]
Photos = Callable[..., Path]


@pytest.fixture(scope="session")
def seed_csv() -> Path:
    """The published simulated acne trial: 10 patients, 140 days, scores alone."""
    for path in SEED_CSVS:
        if path.is_file():
            return path
    pytest.skip("the seed trial (shared/reference/sim_acne.csv) is not here")


@pytest.fixture(scope="session")
def test_faces() -> Iterator[None]:
    """Makes `nof1sim_test_faces` importable here and in spawned processes."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(HERE))
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")])))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def simulated(test_faces: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that nobody may change: 3 patients, baseline and four periods of 7 days, spots at 64 px."""
    from nof1sim.protocol import load_protocol, with_changes
    from nof1sim.simulation.driver import simulate

    design = {"baseline_days": 7, "period_days": 7, "cycles": 2}
    images = {"renderer": "nof1sim_test_faces:Spots", "size_px": 64}
    protocol = with_changes(load_protocol("default"), cohort={"patients": 3}, design=design, images=images)
    out = tmp_path_factory.mktemp("simulated") / "trial"
    simulate(protocol, out, workers=1)
    return out


@pytest.fixture
def trial(simulated: Path, tmp_path: Path) -> Path:
    """A copy of `simulated` to spoil."""
    return Path(shutil.copytree(simulated, tmp_path / "trial"))


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    """Writes a folder of photographs and its table metadata.csv; `change(frame)` spoils the table first."""

    def write(change: Callable[[pl.DataFrame], pl.DataFrame] | None = None, folder: str = "photos") -> Path:
        home = tmp_path / folder
        home.mkdir()
        from nof1sim_test_studies import diary, picture

        frame = diary()
        for row, name in enumerate(frame["image"]):
            Image.fromarray(picture(frame["score"][row], row)).save(home / name)
        (frame if change is None else change(frame)).write_csv(home / "metadata.csv")
        return home

    return write


@pytest.fixture(scope="session")
def s3_server() -> Iterator[object]:
    """An S3 server for all tests of a process."""
    from nof1sim_test_s3 import serving

    with serving() as store:
        yield store


@pytest.fixture
def s3(s3_server: object) -> Iterator[object]:
    """The S3 server, well and without a memory (see `nof1sim_test_s3.Store`)."""
    s3_server.heal()  # type: ignore[attr-defined]
    yield s3_server
    s3_server.heal()  # type: ignore[attr-defined]
