"""A run that is killed, or whose disk is full, leaves nothing that looks finished; resumed, it gives the same bytes."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from nof1sim.dataset import layout, local_files
from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import DatasetError
from nof1sim.protocol import Protocol
from nof1sim.simulation.driver import simulate
from nof1sim.simulation.validation import validate

from .conftest import contents, run, small_protocol

PROTOCOL = {"cohort": {"patients": 2}, "design": {"baseline_days": 4, "period_days": 4, "cycles": 1}}

KILLED = """
import os, signal, sys
from nof1sim.protocol import load_protocol
from nof1sim.simulation.driver import simulate

file, out, workers, left = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

def counted(function):
    def call(*args, **options):
        global left
        left -= 1
        if left == 0:
            os.killpg(0, signal.SIGKILL)
        return function(*args, **options)
    return call

for name in ("replace", "fsync", "unlink", "rmdir", "mkdir"):
    setattr(os, name, counted(getattr(os, name)))
simulate(load_protocol(file), out, workers=workers)
print(-left)
"""
"""Simulates, and kills its whole process group just before a step of the file system: the n-th of the main process."""


class Trial:
    """A protocol, what an uninterrupted run makes of it, and how to kill one."""

    def __init__(self, home: Path) -> None:
        self.protocol: Protocol = small_protocol(**PROTOCOL)
        self.file, self.script = home / "p.yaml", home / "killed.py"
        self.file.write_text(yaml.safe_dump(self.protocol.model_dump(mode="json")))
        self.script.write_text(KILLED)
        run(self.protocol, home / "whole")
        self.whole = contents(home / "whole")
        self.home = home

    @cache  # noqa: B019  (one trial a module)
    def steps(self, workers: int) -> int:
        """Steps that an uninterrupted run takes."""
        return int(self.killed(self.home / f"w{workers}", workers, 0))

    def killed(self, out: Path, workers: int, step: int, seconds: float | None = None) -> str:
        """Run until it is killed, before a step (0: never) or after some seconds; what it said."""
        command = [sys.executable, str(self.script), str(self.file), str(out), str(workers), str(step)]
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True)
        try:
            return process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.communicate()[0]

    def check(self, out: Path) -> str:
        """After a kill: nothing half-done looks finished, and the same command finishes it. What state it was in."""
        found = validate(out) if out.exists() else None
        state = "none" if found is None else found.state
        if found is not None and found.valid:
            there = {path: sha for path, sha in contents(out).items() if not path.startswith(layout.WORK)}
            assert there == self.whole
        elif found is not None and (out / layout.START).exists():
            assert state == "unfinished"
            assert "same --out" in found.findings[0].advice
        else:
            assert not any(path.startswith((layout.IMAGES, layout.TRUTH)) for path in (contents(out) if found else ()))
        assert run(self.protocol, out).complete
        assert contents(out) == self.whole
        assert validate(out).valid
        return state


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, test_renderers: None) -> Trial:
    if not hasattr(os, "killpg"):
        pytest.skip("no process groups here")
    return Trial(tmp_path_factory.mktemp("crashes"))


@pytest.mark.parametrize("place", [0.03, 0.5, 0.97])
def test_killed_at_three_steps_it_never_looks_finished(place: float, trial: Trial, tmp_path: Path) -> None:
    trial.killed(tmp_path / "d", 1, round(trial.steps(1) * place))
    assert trial.check(tmp_path / "d") != "finished" or place > 0.9


@pytest.mark.slow
def test_killed_at_twenty_random_points_it_never_looks_finished(trial: Trial, tmp_path: Path) -> None:
    chance = random.Random(20)
    begun = time.monotonic()
    trial.killed(tmp_path / "timed", 2, 0)
    whole = time.monotonic() - begun
    states = []
    for number in range(20):
        out = tmp_path / str(number)
        if number % 2:  # somewhere in time: mostly while two processes start and draw
            trial.killed(out, 2, 0, whole * chance.random())
        else:  # at a step of the main process: claiming the folder, writing tables, finishing, tidying up
            trial.killed(out, 2, chance.randrange(1, trial.steps(2) + 1))
        states.append(trial.check(out))
    assert {"unfinished"} <= set(states)


@pytest.mark.slow
def test_killed_at_steps_of_its_end_it_never_looks_finished(trial: Trial, tmp_path: Path) -> None:
    states = []
    for share in (1.0, 0.99, 0.98, 0.96, 0.94, 0.9, 0.85, 0.8, 0.01):
        out = tmp_path / str(share)
        trial.killed(out, 2, round(trial.steps(2) * share))
        states.append(trial.check(out))
    assert set(states) == {"finished", "unfinished", "none"}


@pytest.mark.slow
def test_killed_again_and_again_one_folder_is_finished_at_last(trial: Trial, tmp_path: Path) -> None:
    for number in range(1, 9):
        trial.killed(tmp_path / "d", 1, 17 * number)
        assert not validate(tmp_path / "d").valid or contents(tmp_path / "d") == trial.whole
    trial.check(tmp_path / "d")


class FullDisk:
    """A file of which only half is written before the disk is full."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def full_at(step: int) -> Iterator[list[int]]:
    """The disk is full from the n-th file on."""
    real, count = local_files._opened, [0]

    def opened(path: Path) -> Any:
        count[0] += 1
        return FullDisk(real(path)) if step and count[0] >= step else real(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_files, "_opened", opened)
        yield count


def test_a_disk_that_is_full_at_any_file_is_a_letter(trial: Trial, tmp_path: Path) -> None:
    with full_at(0) as count:
        run(trial.protocol, tmp_path / "counted")
    for step in range(1, count[0] + 1, 11):
        out = tmp_path / str(step)
        with full_at(step), pytest.raises(DatasetError, match=r"disk is full|No space|no space"):
            run(trial.protocol, out)
        trial.check(out)


@contextmanager
def tiny_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("file systems cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True, capture_output=True)


def test_a_disk_that_is_really_full_is_a_letter(trial: Trial, tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", 16_000) as disk:
        for kilobytes in (0, 8, 40, 100, 200, 250, 300, 330, 360, 400):
            ballast, out = disk / "ballast", disk / "d"
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            ballast.write_bytes(bytes(max(0, free - (kilobytes << 10))))
            with suppress(DatasetError):  # and nothing else
                run(trial.protocol, out)
            ballast.unlink()
            trial.check(out)
            shutil.rmtree(out)


def test_a_target_that_cannot_be_written_is_a_letter(trial: Trial, tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", 16_000) as disk:
        run(trial.protocol, disk / "d", shard="0/2")
        before = contents(disk / "d")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, capture_output=True)
        for folder in ("d", "new"):
            with pytest.raises(DatasetError, match="cannot be written"):
                run(trial.protocol, disk / folder)
        assert validate(disk / "d").state == "unfinished"
        assert contents(disk / "d") == before
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True, capture_output=True)
        trial.check(disk / "d")


def test_a_finished_dataset_on_a_disk_that_cannot_be_written_is_sound(trial: Trial, tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", 16_000) as disk:
        run(trial.protocol, disk / "d")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, capture_output=True)
        assert validate(disk / "d", redraw=2).valid


def test_of_two_runs_on_one_folder_one_is_refused(trial: Trial, tmp_path: Path) -> None:
    command = [sys.executable, str(trial.script), str(trial.file), str(tmp_path / "d"), "2", "0"]
    first = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True)
    try:
        while not list((tmp_path / "d").glob("images/*/*.jpg")) and first.poll() is None:
            time.sleep(0.01)
        if first.poll() is None:
            with pytest.raises(DatasetError, match="another run"):
                simulate(trial.protocol, tmp_path / "d", workers=1)
            assert not validate(tmp_path / "d").valid or first.poll() is not None
        first.communicate(timeout=120)
    finally:
        first.kill()
    assert first.returncode == 0
    assert contents(tmp_path / "d") == trial.whole


EXPORTED = """
import os, signal, sys, types
from nof1sim.dataset.export import base

from nof1sim.dataset.reader import open_dataset

def write(dataset, out, options, tell):
    out.mkdir()
    (out / base.NOTE).write_text("{}")
    for number in range(5):
        if number == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        (out / str(number)).write_bytes(bytes(100))

sys.modules["writer"] = types.SimpleNamespace(write=write)
base.FORMATS["test"] = base.Format("writer:write", "A test")
base.export(open_dataset(sys.argv[1]), "test", overwrite=True)
"""


def test_an_export_that_is_killed_leaves_nothing_that_looks_finished(trial: Trial, tmp_path: Path) -> None:
    run(trial.protocol, tmp_path / "d")
    place = tmp_path / "d-exports" / "test"

    def export(kill_at: int) -> int:
        command = [sys.executable, "-c", EXPORTED, str(tmp_path / "d"), str(kill_at)]
        return subprocess.run(command, check=False).returncode

    assert export(3) == -signal.SIGKILL
    assert not place.exists()
    assert export(9) == 0
    whole = contents(place)
    assert len(whole) == 6
    assert export(2) == -signal.SIGKILL  # while it replaces the one that is there
    assert contents(place) == whole
    assert contents(tmp_path / "d") == trial.whole
    assert open_dataset(tmp_path / "d").manifest["digest"] == trial.protocol.digest
