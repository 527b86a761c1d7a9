"""Samples of a checkpoint: invented patients of the default cohort, each at some severities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import __version__
from ..dataset.images import encode
from ..dataset.local_files import write_atomically
from ..errors import Fault, InputError
from ..model import Nuisance, Scene, View
from ..protocol import load_protocol, with_changes
from ..render.procedural import ProceduralRenderer
from ..render.procedural.renderer import no_lesions
from ..severity.cohort import make_cohort
from .checkpoint import Checkpoint
from .renderer import LEAST_PX
from .sample_pictures import Pixels, resized
from .sampling import draw_pictures
from .sheet import grid

MOST_PATIENTS = 100


@dataclass(frozen=True, slots=True)
class People:
    """base (people, s, s, 3): clear faces; pictures (people, severities, s, s, 3); shares of the scale; names."""

    checkpoint: Checkpoint
    base: Pixels
    pictures: Pixels
    shares: tuple[float, ...]
    names: tuple[str, ...]

    @property
    def severities(self) -> list[str]:
        """In units of the training's scale, as text."""
        scale = self.checkpoint.scale
        return [f"{scale.low + share * (scale.high - scale.low):.3g}" for share in self.shares]


def draw_people(checkpoint: Checkpoint, patients: int, shares: list[float], seed: int) -> People:
    """The first patients of the default protocol's cohort with a seed, from the model. An InputError for 0, or many."""
    if not 1 <= patients <= MOST_PATIENTS:
        raise InputError(str(Fault("--patients", patients, f"1 to {MOST_PATIENTS}")))
    learner = checkpoint.learner()
    protocol = with_changes(load_protocol("default"), cohort={"patients": patients}, seed=seed)
    people = make_cohort(protocol, 0, patients).patients
    renderer, side = ProceduralRenderer(), max(LEAST_PX, checkpoint.size_px)
    views = [View(Scene(who, 1, no_lesions()), "front", Nuisance(), side, seed, (who.key, "base")) for who in people]
    base = np.stack([resized(renderer.render([view])[0].pixels, checkpoint.size_px) for view in views])
    n = len(shares)
    drawn = draw_pictures(
        learner, np.repeat(base, n, 0), np.zeros(patients * n), np.tile(shares, patients), seed,
        [(who.key,) for who in people for _ in shares],
        [(who.key, "sample", step) for who in people for step in range(n)],
    )  # fmt: skip
    pictures = drawn.pixels.reshape(patients, n, *drawn.pixels.shape[1:])
    return People(checkpoint, base, pictures, tuple(shares), tuple(who.key for who in people))


def write_sheet(people: People, out: Path) -> None:
    """A PNG: a row a patient, the clear face first. InputError where it cannot be written."""
    cells = [[base, *pictures] for base, pictures in zip(people.base, people.pictures, strict=True)]
    _write(out, grid(cells, ["clear", *people.severities], list(people.names)))


def write_pictures(people: People, out: Path) -> list[Path]:
    """`P001_severity1.5.png` ...: a file each, which says that it is synthetic and which weights drew it."""
    note = {"generator": f"nof1sim {__version__}", "checkpoint": people.checkpoint.sha256}
    paths = []
    for name, pictures in zip(people.names, people.pictures, strict=True):
        for severity, pixels in zip(people.severities, pictures, strict=True):
            paths.append(out / f"{name}_severity{severity}.png")
            _write(paths[-1], encode(pixels, "png", note=note))
    return paths


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise InputError(str(Fault(f"--out {path}", error.strerror, "a place that you may write to"))) from None
