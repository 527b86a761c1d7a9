"""Stub editors for the tests of balancing: in a module of their own, so that a spawned process can import them."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nof1sim.editing.balance_plan import Task
from nof1sim.editing.balance_work import Made
from nof1sim.errors import InputError, RenderError
from nof1sim.randomness import stream


@dataclass(frozen=True)
class MakeDots:
    """Builds `Dots`. log: a folder in which each edit leaves a file; die_at: edits before the process is killed."""

    log: str = ""
    die_at: int = 0

    def __call__(self) -> Dots:
        return Dots(self)


class Dots:
    """Red dots in place of lesions: as many as the task asks for. A picture with a black first pixel has no face; one
    with a blue one has no room for class 3."""

    def __init__(self, make: MakeDots) -> None:
        self.make, self.edits = make, 0

    def read(self, path: Path) -> NDArray[np.uint8]:
        try:
            with Image.open(path) as image:
                return np.asarray(image.convert("RGB"))
        except OSError as error:
            raise InputError(f"{path.name}: is no picture") from error

    def open(self, path: Path) -> NDArray[np.uint8]:
        pixels = self.read(path)
        if not pixels[0, 0].any():
            raise RenderError(f"{path.name}: no face")
        return pixels

    def edit(self, opened: NDArray[np.uint8], task: Task) -> Made:
        if opened[0, 0, 2] > 240 and task.label == "3":
            raise RenderError("no room for so many lesions")
        self.edits += 1
        if self.make.die_at and self.edits > self.make.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.make.log:
            (Path(self.make.log) / f"{task.source.path.replace('/', '_')}-{task.label}-{task.repeat}").touch()
        pixels = opened.copy()
        at = stream(task.seed, "dots").integers(0, pixels.shape[0], (task.lesions_half, 2))
        pixels[at[:, 0], at[:, 1]] = (200, 30, 30)
        half = task.lesions_half
        return Made(pixels, half, int(np.searchsorted((5, 20, 50), half)), "stub")
