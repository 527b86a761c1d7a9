from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from nof1sim.errors import DatasetError
from nof1sim.model import Unit
from nof1sim.run.local import ProcessEngine, SerialEngine
from nof1sim.run.units import partition

SHARDS = partition([Unit(rank, day) for rank in range(6) for day in range(1, 5)], 4)
ENGINES = [SerialEngine(), ProcessEngine(1), ProcessEngine(3)]

Make = Callable[[str], Any]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    workers = importlib.import_module("nof1sim_test_workers")
    return lambda kind: workers.Make(kind, str(tmp_path))


def done(folder: Path) -> set[str]:
    return {path.name.removeprefix("done-") for path in folder.glob("done-*")}


@pytest.mark.parametrize("engine", ENGINES, ids=["serial", "one", "three"])
def test_every_engine_gives_the_same_reports(engine: Any, make: Make, tmp_path: Path) -> None:
    reports = list(engine.map(make("plain"), SHARDS))
    assert len(reports) == len(SHARDS)
    assert done(tmp_path) == {shard.id for shard in SHARDS}
    assert all((report.done, report.failures) == (3, ("dark",)) for report in reports)
    built = len(list(tmp_path.glob("built-*")))
    assert 1 <= built <= getattr(engine, "workers", 1)
    assert (tmp_path / f"built-{os.getpid()}").exists() is isinstance(engine, SerialEngine)


@pytest.mark.parametrize("engine", ENGINES[:2], ids=["serial", "processes"])
def test_nothing_to_do_builds_nothing(engine: Any, make: Make, tmp_path: Path) -> None:
    assert list(engine.map(make("plain"), [])) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ENGINES[:2], ids=["serial", "processes"])
@pytest.mark.parametrize(("kind", "words"), [("fail", "the disk is full"), ("unbuildable", "the weights are missing")])
def test_a_worker_s_letter_reaches_the_user(engine: Any, kind: str, words: str, make: Make) -> None:
    with pytest.raises(DatasetError, match=words):
        list(engine.map(make(kind), SHARDS))


def test_worker_processes_use_one_thread_and_the_parent_s_settings_stay(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    list(ProcessEngine(2).map(make("threads"), SHARDS[:2]))
    assert [path.read_text() for path in tmp_path.glob("done-*")] == ["11", "11"]
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "NUMBA_NUM_THREADS" not in os.environ


def test_shards_are_handed_out_as_they_are_needed(make: Make, tmp_path: Path) -> None:
    shards = partition([Unit(0, day) for day in range(1, 60)], 1)
    reports = ProcessEngine(1).map(make("plain"), shards)
    next(reports)
    reports.close()
    assert len(done(tmp_path)) <= 4


def test_a_dead_worker_is_a_letter_and_the_same_command_resumes(make: Make, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"died.*same command again"):
        list(ProcessEngine(1).map(make("die"), SHARDS))
    finished = done(tmp_path)
    assert SHARDS[0].id in finished
    assert SHARDS[2].id not in finished
    rest = [shard for shard in SHARDS if shard.id not in finished]
    assert len(list(ProcessEngine(1).map(make("plain"), rest))) == len(rest)
    assert done(tmp_path) == {shard.id for shard in SHARDS}


def test_whoever_stops_listening_stops_the_processes(make: Make, tmp_path: Path) -> None:
    reports = ProcessEngine(2).map(make("plain"), SHARDS)
    next(reports)
    reports.close()
    assert not psutil.Process().children(recursive=True) or _only_helpers()


def _only_helpers() -> bool:
    """A resource tracker belongs to Python and stays."""
    return all("resource_tracker" in " ".join(child.cmdline()) for child in psutil.Process().children(recursive=True))


MAIN = """
import sys
sys.path.insert(0, sys.argv[1])
from nof1sim_test_workers import Make
from nof1sim.model import Unit
from nof1sim.run.local import ProcessEngine
from nof1sim.run.units import partition

if __name__ == "__main__":
    shards = partition([Unit(rank, 1) for rank in range(6)], 4)
    try:
        list(ProcessEngine(2).map(Make("slow", sys.argv[2]), shards))
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopping_the_run_stops_its_workers_at_once(number: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(MAIN)
    run = subprocess.Popen(
        [sys.executable, str(script), str(Path(__file__).parent), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        begun = _wait(lambda: [p.read_text() for p in tmp_path.glob("begun-*") if p.read_text()], 2)
        children = psutil.Process(run.pid).children(recursive=True)
        if number == signal.SIGINT:
            os.killpg(run.pid, number)  # a terminal tells the whole group
        else:
            run.kill()
        output, errors = run.communicate(timeout=20)
        _, alive = psutil.wait_procs(children, timeout=10)
    finally:
        run.kill()
    assert alive == []
    assert len(begun) == 2
    assert done(tmp_path) == set()
    if number == signal.SIGINT:
        assert output == "interrupted\n"
        assert errors == ""


def _wait(look: Callable[[], list[str]], number: int) -> list[str]:
    for _ in range(300):
        if len(found := look()) >= number:
            return found
        time.sleep(0.05)
    raise AssertionError("nothing happened for 15 seconds")


def test_a_wrong_number_of_workers_is_a_letter() -> None:
    with pytest.raises(DatasetError, match=r"--workers: got -1.*Leave it out"):
        ProcessEngine(-1)
    assert ProcessEngine().workers >= 1
