"""What the engine `ray` runs on the nodes of a cluster: an actor, a process that builds the worker once."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..errors import DatasetError, Nof1simError
from ..versions import differences, versions
from .engine import MakeWorker, Report, Worker
from .local import ONE_THREAD
from .units import Shard

PASSED_ON = "NOF1SIM_"
"""Variables of the environment whose names begin so go with the actors."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an actor says of a shard.

    outcome : its report, or the letter that ends the run.  restarted : the actor's process has died before.
    """

    outcome: Report | Nof1simError
    restarted: bool


class Actor:
    """A worker in a process of its own, somewhere in the cluster. Ray starts it anew when the process or node dies."""

    def __init__(self, pinned: Mapping[str, str], order: bytes) -> None:
        """pinned : the driver's versions.  order : the pickled MakeWorker; read only where the versions agree."""
        context = import_module("ray").get_runtime_context()
        self._restarted = bool(context.was_current_actor_reconstructed)
        self._worker = _built(pinned, order)

    def ready(self) -> Nof1simError | None:
        """Why there is no worker, or None: there is one."""
        return self._worker if isinstance(self._worker, Nof1simError) else None

    def work(self, shard: Shard) -> Answer:
        """Draw a shard. Any error but a letter is a bug, and is raised."""
        if isinstance(self._worker, Nof1simError):
            return Answer(self._worker, self._restarted)
        try:
            return Answer(self._worker(shard), self._restarted)
        except Nof1simError as letter:
            return Answer(letter, self._restarted)


def environment() -> dict[str, str]:
    """What an actor's environment gets from the driver: single-threaded libraries, and this package's own variables."""
    own = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    return own | dict.fromkeys(ONE_THREAD, "1")


def _built(pinned: Mapping[str, str], order: bytes) -> Worker | Nof1simError:
    """The worker, or a letter."""
    if mixed := differences(versions(), pinned):
        return DatasetError(
            f"Mixed versions: the worker on {_node()} has {mixed}. The bytes of a dataset depend on them: "
            "install the same on every machine of the cluster (one container image does that)."
        )
    try:
        make_worker: MakeWorker = pickle.loads(order)
    except (ImportError, AttributeError) as error:
        return DatasetError(
            f"The worker on {_node()} cannot be loaded: {error}. "
            "Install on every machine of the cluster what this one has, your own plug-ins included."
        )
    try:
        return make_worker()
    except Nof1simError as letter:
        return letter


def _node() -> Any:
    return import_module("ray").util.get_node_ip_address()
