"""Ray, started here or joined, and left as it was found."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from ..errors import DatasetError
from .local import cores

PATIENCE_SECONDS = 5.0
"""How long a port may take to open."""
JOIN_SECONDS = 15.0
"""How long what answers there may take to let a process join."""
TRY = """
import sys, ray
try:
    ray.init(sys.argv[1], log_to_driver=False, logging_level="error")
except Exception as error:
    sys.exit(" ".join(str(error).split()))
"""
"""A process that joins a cluster, and leaves."""
STORE_BYTES = 100_000_000
"""Shared memory of a Ray started here: only words travel, no pictures."""
CLIENT = "ray://"
LOCAL = "local"
CHANGED = ("RAY_USAGE_STATS_ENABLED", "RAY_AUTH_MODE")
"""Variables that we, or Ray itself, set while connected."""
QUIET = {"log_to_driver": False, "logging_level": "error"}


@contextmanager
def joined(address: str | None, workers: int | None, gpus: float) -> Iterator[Any]:
    """The package `ray`, connected; whoever was connected already stays so, and a Ray that we started is stopped.

    Parameters
    ----------
    address : of a cluster; None: what RAY_ADDRESS says, or else a Ray of this machine alone, started for this run.
    workers : CPUs that a Ray started here offers; None: one per core.
    gpus : of each worker; whether a Ray started here is asked for any.

    Raises
    ------
    DatasetError
        No Ray here, or no cluster there.
    """
    ray = package()
    if ray.is_initialized():
        if address is not None and not _same(ray, address):
            raise DatasetError(
                f"--address: got {address!r}, but this process is connected to another Ray cluster; "
                "allowed: that one. Leave the address out, or call ray.shutdown() first."
            )
        yield ray
        return
    before = {name: os.environ.get(name) for name in CHANGED}
    place = address or os.environ.get("RAY_ADDRESS") or LOCAL
    try:
        if place == LOCAL:
            _start(ray, workers or cores(), gpus)
        else:
            _join(ray, place)
        yield ray
    finally:
        ray.shutdown()
        _restore(before)


def package() -> Any:
    """Ray itself.

    Raises
    ------
    DatasetError
        It is not installed.
    """
    try:
        return import_module("ray")
    except ImportError as error:
        raise DatasetError(
            f"--engine: got 'ray', but Ray is not here ({error}); allowed: serial, processes. "
            'Install it: pip install "nof1sim[ray]".'
        ) from error


def slots(nodes: Iterable[Mapping[str, Any]], gpus: float) -> int:
    """How many workers the nodes (as `ray.nodes()` lists them) can hold: a CPU each, and `gpus` GPUs."""
    held = 0
    for node in nodes:
        offered: Mapping[str, float] = node["Resources"] if node["Alive"] else {}
        fits = int(offered.get("CPU", 0))
        if gpus:
            fits = min(fits, int(offered.get("GPU", 0) / gpus + 1e-9))
        held += fits
    return held


def _start(ray: Any, cpus: int, gpus: float) -> None:
    """A Ray of this machine alone, on loopback: no dashboard, nothing told to anybody."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    counted = {} if gpus else {"num_gpus": 0}
    sizes = {"num_cpus": cpus, "object_store_memory": STORE_BYTES, **counted}
    try:
        ray.init(LOCAL, include_dashboard=False, _node_ip_address="127.0.0.1", **sizes, **QUIET)
    except Exception as error:
        raise DatasetError(
            f"Ray cannot be started here: {_brief(error)}. Join a running cluster (--address), or --engine processes."
        ) from error


def _join(ray: Any, address: str) -> None:
    """Connect to a cluster. Ray itself would try for minutes where nobody answers; we ask first."""
    if address != "auto":
        _knock(address, address.removeprefix(CLIENT).partition("/")[0].partition("?")[0])
    _rehearse(address)
    try:
        ray.init(address, **QUIET)
    except Exception as error:
        raise _unreachable(address, _brief(error)) from error


def _knock(address: str, place: str) -> None:
    """Whether anybody listens at `host:port`."""
    host, _, port = place.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise DatasetError(f"--address: got {address!r}; allowed: auto, host:port or ray://host:port.")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), PATIENCE_SECONDS):
            pass
    except OSError as error:
        raise _unreachable(address, str(error.strerror or error)) from error


def _rehearse(address: str) -> None:
    """Join in a process that can be stopped: what listens there may be another server, and never answer."""
    command = [sys.executable, "-c", TRY, address]
    try:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=JOIN_SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        said = _last_line(error.stderr)
        raise _unreachable(address, f"no answer (Ray says: {said})" if said else "no answer") from error
    except subprocess.CalledProcessError as error:
        raise _unreachable(address, _last_line(error.stderr) or "Ray gives no reason") from error


def _last_line(said: bytes | None) -> str:
    """The last thing that a process said, without Ray's `[time place] file:line: `."""
    lines = [line for line in (said or b"").decode("utf-8", "replace").splitlines() if line.strip()]
    return re.sub(r"^\[.*?\] \S+:\d+: ", "", lines[-1]).strip().rstrip(".") if lines else ""


def _unreachable(address: str, why: str) -> DatasetError:
    return DatasetError(
        f"--address: got {address!r}, and no Ray cluster can be joined there: {why[:600].rstrip('.')}. Allowed: "
        "auto or host:port on a machine of the cluster (ray start --head shows it), ray://host:10001 from elsewhere."
    )


def _restore(before: Mapping[str, str | None]) -> None:
    """Variables of the environment as they were."""
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _same(ray: Any, address: str) -> bool:
    """Whether an address is the one that this process is connected to already."""
    with suppress(Exception):
        return address == "auto" or address == ray.get_runtime_context().gcs_address
    return False


def _brief(error: Exception) -> str:
    """An error's text in one line."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
