"""A trial in an object store: a real S3 server on loopback, which fails, throttles and refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from nof1sim_test_s3 import BUCKET, WRITES, Store

from nof1sim.analysis.study import read_study
from nof1sim.dataset import layout, remote
from nof1sim.dataset.export.base import export
from nof1sim.dataset.reader import Dataset
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError
from nof1sim.protocol import Protocol
from nof1sim.simulation import driver
from nof1sim.simulation.driver import simulate
from nof1sim.simulation.validation import validate
from nof1sim.simulation.verify import verify

from .conftest import contents, run, small_protocol

LAYOUTS = ["standard", "packed"]


@pytest.fixture
def home(s3: Store, request: pytest.FixtureRequest) -> str:
    return f"s3://{BUCKET}/{request.node.name}".replace("[", "-").replace("]", "")


def protocol_of(name: str) -> Protocol:
    return small_protocol(images={"layout": name})


def stored(url: str) -> dict[str, str]:
    import hashlib

    target = Target(url)
    return {path: hashlib.sha256(target.read(path)).hexdigest() for path in target.list()}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, test_renderers: None) -> dict[str, dict[str, str]]:
    """Path -> SHA-256 of the local dataset, by layout."""
    folder = tmp_path_factory.mktemp("local")
    for name in LAYOUTS:
        run(protocol_of(name), folder / name)
    return {name: contents(folder / name) for name in LAYOUTS}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_trial_has_the_bytes_that_it_has_in_a_folder(name: str, home: str, local: dict[str, dict[str, str]]) -> None:
    outcome = simulate(protocol_of(name), home, workers=2)
    assert (outcome.complete, outcome.drawn) == (True, 30)
    assert stored(home) == local[name]
    assert simulate(protocol_of(name), home, workers=1).drawn == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_shares_side_by_side(name: str, home: str, local: dict[str, dict[str, str]]) -> None:
    outcomes: list[driver.Outcome] = []

    def share(i: int) -> None:
        outcomes.append(simulate(protocol_of(name), home, workers=1, shard=f"{i}/2"))

    threads = [threading.Thread(target=share, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    while not Target(home).exists(f"{layout.LOCKS}/share-0-of-2.lock"):
        assert threads[0].is_alive()
    with pytest.raises(DatasetError, match=r"another run .*share 0 of 2"):
        simulate(protocol_of(name), home, workers=1, shard="0/2")
    for thread in threads:
        thread.join()
    assert any(outcome.complete for outcome in outcomes)
    assert stored(home) == local[name]


SIMULATE = """
import sys
from nof1sim.protocol import Protocol
from nof1sim.simulation.driver import simulate
simulate(Protocol.model_validate_json(sys.stdin.read()), sys.argv[1], workers=2)
"""


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_killed_run_resumes_to_the_same_digest(
    name: str, home: str, s3: Store, local: dict[str, dict[str, str]]
) -> None:
    pieces = home.partition("://")[2]
    seen = threading.Event()

    def after_a_part(method: str, path: str) -> None:
        if method == "PUT" and f"{pieces}/{layout.PARTS}" in path:
            seen.set()
            time.sleep(0.2)

    s3.meddle = after_a_part
    command = [sys.executable, "-c", SIMULATE, home]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdin
    process.stdin.write(protocol_of(name).canonical_json())
    process.stdin.close()
    assert seen.wait(120)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    s3.heal()
    assert Target(home).list(layout.LOCKS)  # the lease of the dead
    with pytest.raises(DatasetError, match="unfinished"):
        Dataset(home)
    started = time.monotonic()
    assert simulate(protocol_of(name), home, workers=1).complete
    assert time.monotonic() - started < 30  # it was not waited out: its holder is known to be dead
    assert stored(home) == local[name]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_throttled_store_slows_a_run_and_no_more(
    name: str, home: str, s3: Store, local: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "sleep", lambda seconds: None)
    count = [0]

    def every_fifth(method: str, path: str) -> tuple[str, str] | None:
        count[0] += 1
        return ("503 Slow Down", "SlowDown") if count[0] % 5 == 0 else None

    s3.meddle = every_fifth
    assert simulate(protocol_of(name), home, workers=1).complete
    s3.heal()
    assert stored(home) == local[name]


def test_a_store_that_goes_away_ends_the_run_which_resumes(
    home: str, s3: Store, local: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "sleep", lambda seconds: None)
    pictures = [0]

    def away(method: str, path: str) -> tuple[str, str] | None:
        pictures[0] += method == "PUT" and "/images/" in path
        return ("503 Slow Down", "SlowDown") if pictures[0] > 15 else None

    s3.meddle = away
    with pytest.raises(DatasetError, match=r"however often it was asked.*run the same command again"):
        simulate(protocol_of("standard"), home, workers=1)
    s3.heal()
    outcome = simulate(protocol_of("standard"), home, workers=1)
    assert (outcome.complete, outcome.drawn) == (True, 20)
    assert stored(home) == local["standard"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_bucket_that_may_only_be_read(name: str, home: str, s3: Store) -> None:
    s3.meddle = lambda method, path: ("403 Forbidden", "AccessDenied") if method in WRITES else None
    with pytest.raises(DatasetError, match="access was refused"):
        simulate(protocol_of(name), home, workers=1)
    s3.heal()
    assert Target(home).list() == []


def test_a_full_scratch_disk(
    home: str, s3: Store, local: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import tarfile

    add, left = tarfile.TarFile.addfile, [25]

    def full(self: tarfile.TarFile, *args: object, **options: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        add(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(DatasetError, match=r"the scratch disk of this machine is full.*Everything finished is kept"):
        simulate(protocol_of("packed"), home, workers=1)
    monkeypatch.undo()
    assert Target(home).list("packs") == []
    assert simulate(protocol_of("packed"), home, workers=1).complete
    assert stored(home) == local["packed"]


def test_a_remote_packed_dataset_is_validated_read_and_exported(home: str, s3: Store, tmp_path: Path) -> None:
    simulate(protocol_of("packed"), home, workers=1)
    run(protocol_of("standard"), tmp_path / "here")
    assert validate(home, redraw=1).findings == ()
    assert verify(home, sample=1).same
    here, there = Dataset(tmp_path / "here"), Dataset(home)
    s3.requests.clear()
    for unit, pixels in there.images():
        assert (pixels == here.image(unit)).all()
    assert s3.counts["GET"] < 20  # 30 pictures, three packs: read ahead
    study = read_study(home)
    assert study.rows.equals(read_study(str(tmp_path / "here")).rows)
    folders = [export(one, "imagefolder", tmp_path / name) for one, name in ((here, "a"), (there, "b"))]
    jpegs = [{p: s for p, s in contents(folder).items() if p.endswith(".jpg")} for folder in folders]
    assert jpegs[0] == jpegs[1]


def test_memory_is_that_of_one_process() -> None:
    with pytest.raises(DatasetError, match="memory:// is that of one process"):
        simulate(protocol_of("standard"), "memory://trial-of-two", workers=2)


@pytest.mark.parametrize("name", LAYOUTS)
def test_memory_takes_a_trial(name: str, local: dict[str, dict[str, str]]) -> None:
    assert simulate(protocol_of(name), f"memory://trial-{name}", workers=1).complete
    assert stored(f"memory://trial-{name}") == local[name]
