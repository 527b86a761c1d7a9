"""Every exception this package raises on purpose.

A message is a small letter to the user: where, what was given, what is allowed, what to do.
The command line prints it and ends with status 2; any other exception is a bug and shows its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Nof1simError(Exception):
    """Base of every error that a user can cause and mend."""


class ProtocolError(Nof1simError):
    """A protocol that cannot be run. Carries all its faults, not only the first."""

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class UnknownNameError(ProtocolError):
    """A name (renderer, condition, preset, arm ...) that nothing answers to."""


class InputError(Nof1simError):
    """A table or file of the user's that cannot be read as what it should be."""


class RenderError(Nof1simError):
    """A picture that cannot be drawn as asked."""


class ModelNotAvailable(RenderError):  # noqa: N818 - it names a state, as the hub's own errors do
    """Weights, or the package that reads them, that are not on this machine, are damaged, or may not be used yet."""


class AnalysisError(Nof1simError):
    """Data that cannot be analysed as asked."""


class DatasetError(Nof1simError):
    """A dataset folder that cannot be read, written or continued."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what was given, what is allowed, what to do."""

    where: str
    given: object
    allowed: str
    advice: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: got {shorten(self.given)}; allowed: {self.allowed}."
        return f"{text} {self.advice}" if self.advice else text


def shorten(value: object, limit: int = 80) -> str:
    """`repr` of a value, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be, or None."""
    hits = difflib.get_close_matches(str(name).lower(), list(known), n=1, cutoff=0.6)
    return hits[0] if hits else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known name, or an empty string."""
    hit = nearest(name, known)
    return f"Did you mean {hit!r}?" if hit else ""


def unknown_name(kind: str, where: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that nothing answers to, with the known ones and the nearest."""
    known = sorted(known)
    fault = Fault(where, name, ", ".join(known) or "nothing yet", did_you_mean(name, known))
    return UnknownNameError(f"Unknown {kind}. {fault}", [fault])


def refuse(faults: Sequence[Fault], what: str) -> None:
    """Raise one ProtocolError that lists all `faults`, if there are any."""
    if faults:
        n = len(faults)
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise ProtocolError(f"{what} has {n} fault{'s' if n > 1 else ''}:\n{lines}", faults)
