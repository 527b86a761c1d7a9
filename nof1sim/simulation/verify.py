"""verify(): compare a dataset with its manifests, and draw a sample of it again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..dataset import layout
from ..dataset.reader import Dataset, open_dataset
from ..errors import InputError
from ..model import Unit
from ..protocol import Protocol
from ..randomness import stream
from .given_file import given_of
from .plan import Plan
from .renderers import make_renderer, seen_by
from .worker import files_of


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    files : how many were compared with the manifests.  damaged : those that are missing or have other bytes.
    drawn : pictures drawn again.  differ : those that came out otherwise.
    """

    files: int
    drawn: tuple[str, ...]
    differ: tuple[str, ...]
    damaged: tuple[str, ...]
    other_version: str | None

    @property
    def same(self) -> bool:
        return not (self.differ or self.damaged)

    def lines(self) -> Iterator[str]:
        """The findings as sentences."""
        if self.other_version:
            yield f"The dataset was made by {self.other_version}; bytes are promised for one version only."
        for path in self.damaged:
            yield f"{path}: is missing, or is not the file that the manifest lists. Copy it again, or simulate anew."
        for path in self.differ:
            yield f"{path}: drawn again, it has other bytes."
        compared = "all as listed" if not self.damaged else f"{len(self.damaged)} NOT as listed"
        drawn = "all the same" if not self.differ else f"{len(self.differ)} NOT the same"
        yield f"{self.files} files compared with the manifests: {compared}."
        if self.drawn:
            yield f"{len(self.drawn)} pictures drawn again: {drawn}."


def verify(folder: str | Path, sample: int = 10) -> Verification:
    """Compare every file with the manifests, and draw `sample` pictures again (spread over it, always the same ones).

    Raises
    ------
    DatasetError
        The folder is no finished dataset.
    InputError
        `sample` is below 0.
    """
    if sample < 0:
        raise InputError(f"--sample: got {sample}; allowed: 0 or more (0 only compares the files). Give a number.")
    dataset = open_dataset(str(folder))
    protocol = Protocol.model_validate(dataset.truth_manifest["protocol"])
    listed = dict(dataset.files())
    damaged = tuple(path for path in sorted(listed) if _sha256(dataset, path) != listed[path])
    # The pictures are listed in the observations; where those are damaged there is nothing to go by.
    units = [] if layout.OBSERVATIONS in damaged else sample_of(dataset.units(), protocol, sample)
    plan = Plan(protocol, given_of(dataset, protocol)) if units else None
    found = list(redrawn(plan, units, listed)) if plan else []
    drawn = [path for path, _ in found]
    differ = [path for path, others in found if others]
    version = dataset.manifest["versions"]["nof1sim"]
    other = None if version == __version__ else f"nof1sim {version}"
    return Verification(len(listed), tuple(drawn), tuple(differ), damaged, other)


def sample_of(units: Sequence[Unit], protocol: Protocol, size: int) -> list[Unit]:
    """Some pictures, spread over the study; always the same ones of a protocol."""
    return sorted(units[i] for i in stream(0, "verify", protocol.digest).permutation(len(units))[:size])


def redrawn(plan: Plan, units: Iterable[Unit], listed: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Draw pictures again: the path of each, and which of its files (image, masks, layers) come out otherwise.

    listed : path -> SHA-256, as the manifests say.
    """
    renderer = make_renderer(plan.protocol.images)
    for unit in units:
        view = seen_by(renderer, plan.view(unit))
        again = list(files_of(plan, unit, view, renderer.render([view])[0]))
        differ = (path for _, path, data in again if hashlib.sha256(data).hexdigest() != listed.get(path))
        yield again[0][1], tuple(differ)


def _sha256(dataset: Dataset, path: str) -> str | None:
    """Of a file of the dataset; None where it is missing."""
    if not dataset.target.exists(path):
        return None
    return hashlib.sha256(dataset.read(path)).hexdigest()
