"""What a run tells whoever watches. The command line draws it; the run only calls."""

from __future__ import annotations

from typing import Protocol

from .engine import Report


class Progress(Protocol):
    """Somebody who watches a run."""

    def begin(self, total: int, done: int) -> None:
        """The run has `total` pictures, `done` of which an earlier run drew."""
        ...

    def step(self, report: Report) -> None:
        """A shard is finished."""
        ...

    def end(self) -> None:
        """The run is over, or was stopped."""
        ...


class Silent:
    """Watches nothing."""

    def begin(self, total: int, done: int) -> None:
        """Nothing."""

    def step(self, report: Report) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
