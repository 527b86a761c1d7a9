from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from nof1sim.errors import DatasetError
from nof1sim.run import lock
from nof1sim.run.lock import hold, holder, locked

HOLD = """
import sys, time
from nof1sim.run.lock import locked
with locked(sys.argv[1], sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trial" / ".nof1sim" / "locks"


@contextmanager
def another_run(folder: Path, share: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a share until its input ends."""
    command = [sys.executable, "-c", HOLD, str(folder), share]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stdout
    assert run.stdout.readline() == "held\n"
    try:
        yield run
    finally:
        run.kill()
        run.communicate()


def test_a_live_run_is_not_disturbed(folder: Path) -> None:
    with another_run(folder, "all") as run:
        with pytest.raises(DatasetError, match=rf"trial: another run \(process {run.pid}\)"), locked(folder):
            pass
        run.communicate("")
        with locked(folder):
            pass


def test_a_dead_run_blocks_nobody(folder: Path) -> None:
    with another_run(folder, "0/1") as run:
        run.kill()
        run.wait()
        assert [path.name for path in folder.iterdir()] == ["share-0-of-1.lock"]
        with locked(folder):
            assert holder(folder / "share-0-of-1.lock")["pid"] == os.getpid()
        with locked(folder, "1/2"):
            pass


def test_shares_of_one_n_work_side_by_side(folder: Path) -> None:
    with ExitStack() as stack:
        for context in (another_run(folder, "0/3"), locked(folder, "1/3"), locked(folder, "2/3")):
            stack.enter_context(context)
        with pytest.raises(DatasetError, match="share 0 of 3"), locked(folder, "0/3"):
            pass


@pytest.mark.parametrize("share", ["0/1", "0/4"])
def test_shares_of_another_n_overlap_and_are_refused(share: str, folder: Path) -> None:
    with another_run(folder, "0/3"), pytest.raises(DatasetError, match="share 0 of 3"), locked(folder, share):
        pass
    with locked(folder, share):
        pass


def test_a_dead_share_of_another_n_is_cleared_away(folder: Path) -> None:
    with another_run(folder, "0/3") as run:
        run.kill()
        run.wait()
        with locked(folder, "0/1"):
            assert [path.name for path in folder.iterdir()] == ["share-0-of-1.lock"]


def test_a_released_lock_leaves_no_trace(folder: Path) -> None:
    with hold(folder, "finish"):
        assert (folder / "finish.lock").exists()
    assert list(folder.parents[1].iterdir()) == []


def test_a_lock_in_an_ordinary_folder_removes_no_more_than_its_folder(tmp_path: Path) -> None:
    with hold(tmp_path / "a" / "b", "x"):
        pass
    assert (tmp_path / "a").is_dir()


def test_a_lock_that_was_removed_meanwhile_is_no_error(folder: Path) -> None:
    with hold(folder, "start"):
        (folder / "start.lock").unlink()
        with hold(folder, "start"):
            pass


def test_releasing_does_not_remove_another_run_s_lock(folder: Path) -> None:
    path = folder / "share-0-of-1.lock"
    with ExitStack() as others:
        with locked(folder):
            path.unlink()  # as the end of a run does
            run = others.enter_context(another_run(folder, "0/1"))
        assert holder(path)["pid"] == run.pid


def test_a_lock_that_is_removed_while_it_is_taken_is_taken_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, system_lock = folder / "x.lock", lock._system_lock
    removed = []

    def late(handle: int) -> None:
        if not removed:
            path.unlink()
            removed.append(path)
        system_lock(handle)

    monkeypatch.setattr(lock, "_system_lock", late)
    with hold(folder, "x"):
        assert holder(path)["pid"] == os.getpid()


def test_one_process_cannot_hold_a_lock_twice(folder: Path) -> None:
    with hold(folder, "x"), pytest.raises(DatasetError, match="another run"), hold(folder, "x"):
        pass


def test_a_lock_that_cannot_be_made_is_a_letter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match="cannot be locked"), hold(tmp_path / "file" / "locks", "x"):
        pass


def test_a_remote_target_has_no_locks() -> None:
    with hold(None, "x"), locked(None, "1/2"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_without_locks_of_the_file_system_the_process_number_decides(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", unsupported)
    with another_run(folder, "0/1") as run:
        with pytest.raises(DatasetError, match=f"process {run.pid}"), locked(folder):
            pass
        run.kill()
        run.wait()
        with locked(folder):
            pass


def test_short_work_waits_for_the_others(folder: Path) -> None:
    order = []

    def first() -> None:
        with hold(folder, "finish"):
            begun.set()
            time.sleep(0.6)
            order.append("first")

    begun = threading.Event()
    thread = threading.Thread(target=first)
    thread.start()
    begun.wait()
    with hold(folder, "finish", wait_seconds=10):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
