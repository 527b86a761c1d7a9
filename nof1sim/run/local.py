"""Engines of this machine: one after another, or in several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection

from ..errors import DatasetError
from .deal import Deal
from .engine import MakeWorker, Report, Worker
from .units import Shard

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""Set to 1 in worker processes: the processes share the cores already."""

IN_FLIGHT = 2
"""Shards handed out per process: the next one waits there when one is done."""


class SerialEngine:
    """One shard after another in this process: for debuggers, and for one GPU. `workers` is not used."""

    def __init__(self, workers: int | None = None) -> None:
        del workers

    def map(self, make_worker: MakeWorker, shards: Collection[Shard]) -> Generator[Report, None, None]:
        """One report a shard, in order."""
        if shards:
            worker = make_worker()
            for shard in shards:
                yield worker(shard)


class ProcessEngine:
    """Several processes of this machine, started afresh (spawn), each of which builds its worker once."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or cores()
        if self.workers < 1:
            raise DatasetError(f"--workers: got {workers}; allowed: 1 or more. Leave it out for one per core.")

    def map(self, make_worker: MakeWorker, shards: Collection[Shard]) -> Generator[Report, None, None]:
        """One report a shard, as they come.

        Ctrl-C stops the running shards at once; they leave no part and are drawn again by the next run.

        Raises
        ------
        DatasetError
            A process died (killed, or out of memory). The same command goes on where it ended.
        """
        if not shards:
            return
        workers = min(self.workers, len(shards))
        context = multiprocessing.get_context("spawn")
        # One pool a process: so a shard can be given to the process that has its patient's face.
        pools = [ProcessPoolExecutor(1, context, _set_up, (make_worker,)) for _ in range(workers)]
        try:
            yield from _flow(pools, Deal(shards, workers))
        except BrokenProcessPool as error:
            raise DatasetError(
                "A worker process died; it was killed, perhaps because memory ran out. Finished pictures are kept: "
                "run the same command again, and it goes on from there (with fewer --workers, it needs less memory)."
            ) from error
        finally:
            _stop(pools)


@contextmanager
def beside(function: Callable[..., object], *arguments: object) -> Iterator[None]:
    """Meanwhile call a function in a process of its own, and wait for it at the end; nobody learns what came of it."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), follow_parent)
    try:
        with _calm_start():
            done = pool.submit(function, *arguments)
        yield
        with suppress(Exception):
            done.result()
    finally:
        _stop([pool])


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _flow(pools: Sequence[ProcessPoolExecutor], deal: Deal) -> Iterator[Report]:
    """Keep every process supplied, and give the reports as they come."""
    running: dict[Future[Report], int] = {}
    while True:
        for lane, pool in enumerate(pools):
            for _ in range(IN_FLIGHT - list(running.values()).count(lane)):
                shard = deal.take(lane)
                if shard is not None:
                    with _calm_start():
                        running[pool.submit(_work, shard)] = lane
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            del running[future]
            yield future.result()


def _stop(pools: Sequence[ProcessPoolExecutor]) -> None:
    """End the processes, at once; nothing is lost, since files appear whole or not at all.

    A process that may tidy up takes a second for it: Python looks through all that the kernels' compiler has made.
    """
    processes = [process for pool in pools for process in (getattr(pool, "_processes", None) or {}).values()]
    for process in processes:
        process.terminate()
    for pool in pools:  # whose threads end with the processes; one that is left would complain as Python ends
        pool.shutdown(wait=True, cancel_futures=True)
    for process in processes:
        process.join()


@contextmanager
def _calm_start() -> Iterator[None]:
    """What a process that starts meanwhile inherits: single-threaded libraries, and no ear for Ctrl-C."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with _deaf(), _without_main():
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextmanager
def _without_main() -> Iterator[None]:
    """A process that starts meanwhile does not run the user's script again.

    A started process imports the main module anew, to find what was defined there. Workers are defined in packages, so
    a plain script needs no `if __name__ == "__main__"`.
    """
    main = sys.modules["__main__"]
    kept = {name: getattr(main, name) for name in ("__spec__", "__file__") if hasattr(main, name)}
    main.__spec__ = None
    if "__file__" in kept:
        del main.__file__
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(main, name, value)


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl-C waits until the end of the block, where the system can do that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


_worker: Worker | Exception | None = None  # the worker of this process, or why there is none


def _set_up(make_worker: MakeWorker) -> None:
    """In a new process: `follow_parent`, build the worker."""
    global _worker
    follow_parent()
    try:
        _worker = make_worker()
    except Exception as error:  # a pool would only say that it is broken
        _worker = error


def follow_parent() -> None:
    """In a new process: leave Ctrl-C to the parent, and end with it."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _work(shard: Shard) -> Report:
    if isinstance(_worker, Exception):
        raise _worker
    if _worker is None:
        raise RuntimeError("the worker was not built")
    return _worker(shard)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
