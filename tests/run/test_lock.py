from __future__ import annotations

import errno
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
from nof1sim.run.lock import at_work, hold, holder, locked, refuse_others

HOLD = """
import sys, time
from nof1sim.run.lock import at_work, locked
with locked(sys.argv[1], sys.argv[2]):
    if sys.argv[3]:
        at_work(sys.argv[1], sys.argv[2])
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trial" / ".nof1sim" / "locks"


@contextmanager
def another_run(folder: Path, share: str, working: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a share until its input ends; `working`: and has claimed the folder."""
    command = [sys.executable, "-c", HOLD, str(folder), share, "x" * working]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stdout
    assert run.stdout.readline() == "held\n"
    try:
        yield run
    finally:
        run.kill()
        run.communicate()


def test_a_live_run_is_not_disturbed(folder: Path) -> None:
    with another_run(folder, "0/1") as run:
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


def test_a_folder_is_not_cleared_under_a_share_that_is_at_work(folder: Path) -> None:
    with locked(folder, "1/2"):
        at_work(folder, "1/2")
        refuse_others(folder, "1/2")  # its own lock is no obstacle
        with another_run(folder, "0/2", working=True) as run:
            with pytest.raises(DatasetError, match=rf"process {run.pid}.*share 0 of 2"):
                refuse_others(folder, "1/2")
            run.kill()
            run.wait()
            refuse_others(folder, "1/2")


def test_shares_that_start_anew_together_do_not_refuse_each_other(folder: Path) -> None:
    with locked(folder, "1/2"), another_run(folder, "0/2"):
        refuse_others(folder, "1/2")


def test_a_lock_that_was_removed_is_not_made_again_by_a_note(folder: Path) -> None:
    with locked(folder):
        (folder / "share-0-of-1.lock").unlink()
        at_work(folder)
        assert list(folder.iterdir()) == []


def test_a_folder_that_is_removed_while_it_is_made_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, failures = Path.mkdir, [FileExistsError(17, "File exists")]

    def racing(self: Path, *args: object, **options: object) -> None:
        if failures:
            raise failures.pop()
        made(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", racing)
    with hold(folder, "x"):
        assert (folder / "x.lock").exists()


def test_a_remote_target_has_no_locks() -> None:
    with hold(None, "x"), locked(None, "1/2"):
        at_work(None, "1/2")
        refuse_others(None, "1/2")


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
@pytest.mark.parametrize("working", [False, True])
def test_without_locks_of_the_file_system_the_process_number_decides(
    working: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", unsupported)
    with another_run(folder, "0/1", working) as run:
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


def test_a_lock_that_cannot_be_written_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DatasetError, match="No space left"), locked(tmp_path / "locks"):
        pass
    monkeypatch.undo()
    with locked(tmp_path / "locks"):
        pass
