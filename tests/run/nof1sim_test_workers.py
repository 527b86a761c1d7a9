"""Workers for the tests of the engines: in a module of their own, so that a spawned process can import them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nof1sim.errors import DatasetError
from nof1sim.model import Unit
from nof1sim.run.engine import Report, Worker
from nof1sim.run.units import Shard


@dataclass(frozen=True)
class Make:
    """Builds a worker of a kind and notes each building in `folder`."""

    kind: str
    folder: str

    def __call__(self) -> Worker:
        (Path(self.folder) / f"built-{os.getpid()}").write_text("x")
        if self.kind == "unbuildable":
            raise DatasetError("the weights are missing")
        work: Callable[[Shard, Path], None] = globals()[self.kind]

        def worker(shard: Shard) -> Report:
            work(shard, Path(self.folder))
            return Report(len(shard.units) - 1, ("dark",))

        return worker


def plain(shard: Shard, folder: Path) -> None:
    """Write a file."""
    (folder / f"done-{shard.id}").write_text("x")


def threads(shard: Shard, folder: Path) -> None:
    """Write what the libraries were told."""
    (folder / f"done-{shard.id}").write_text(os.environ.get("OMP_NUM_THREADS", "") + os.environ["NUMBA_NUM_THREADS"])


def fail(shard: Shard, folder: Path) -> None:
    """Raise a letter."""
    raise DatasetError("the disk is full")


def die(shard: Shard, folder: Path) -> None:
    """End the process without a word, at the third patient."""
    if shard.units[0].rank == 2:
        os._exit(137)
    plain(shard, folder)


def slow(shard: Shard, folder: Path) -> None:
    """Be at work for longer than any test waits."""
    (folder / f"begun-{shard.id}").write_text(str(os.getpid()))
    time.sleep(60)
    plain(shard, folder)


def die_once(shard: Shard, folder: Path) -> None:
    """End the process without a word at the third patient, the first time."""
    died = folder / "died"
    if shard.units[0].rank == 2 and not died.exists():
        died.write_text("x")
        os._exit(137)
    plain(shard, folder)


def poison(shard: Shard, folder: Path) -> None:
    """End the process without a word at one picture, each time."""
    if Unit(2, 3) in shard.units:
        os._exit(137)
    plain(shard, folder)


def told(shard: Shard, folder: Path) -> None:
    """Write what the package was told by the environment."""
    (folder / f"done-{shard.id}").write_text(os.environ.get("NOF1SIM_MODELS", ""))
