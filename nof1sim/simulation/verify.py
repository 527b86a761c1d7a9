"""verify(): draw a sample of a dataset again and compare hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..dataset.reader import open_dataset
from ..protocol import Protocol
from ..randomness import stream
from .given_file import given_of
from .names import image_name
from .plan import Plan
from .worker import picture_bytes


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found: pictures drawn again, those that differ, files whose bytes are not the manifest's."""

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
            yield f"{path}: the file is not the one the manifest lists. Copy it again, or simulate anew."
        for path in self.differ:
            yield f"{path}: drawn again, it has other bytes."
        yield f"{len(self.drawn)} pictures drawn again: " + ("all the same." if self.same else "NOT the same.")


def verify(folder: str | Path, sample: int = 10) -> Verification:
    """Draw `sample` pictures of a dataset again (spread over it, always the same ones) and compare SHA-256.

    Raises
    ------
    DatasetError
        The folder is no finished dataset.
    """
    from .. import __version__

    dataset = open_dataset(str(folder))
    protocol = Protocol.model_validate(dataset.truth_manifest["protocol"])
    plan = Plan(protocol, given_of(dataset, protocol))
    units = list(dataset.units())
    chosen = stream(0, "verify", protocol.digest).permutation(len(units))[:sample]
    renderer = plugins.resolve("renderers", protocol.images.renderer, "images.renderer")()
    drawn, differ, damaged = [], [], []
    for unit in sorted(units[i] for i in chosen):
        path, view = image_name(plan, unit), plan.view(unit)
        listed = dataset.manifest["files"][path]["sha256"]
        again = hashlib.sha256(picture_bytes(protocol, view, renderer.render([view])[0])).hexdigest()
        drawn.append(path)
        if hashlib.sha256(dataset.read(path)).hexdigest() != listed:
            damaged.append(path)
        if again != listed:
            differ.append(path)
    version = dataset.manifest["versions"]["nof1sim"]
    other = None if version == __version__ else f"nof1sim {version}"
    return Verification(tuple(drawn), tuple(differ), tuple(damaged), other)
