"""The editor of a balance: lesions drawn onto the photographs. One in each process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nof1sim.conditions.acne.counts import count_map
from nof1sim.errors import Fault, RenderError
from nof1sim.render.portrait.landmarks import LandmarkReader, Landmarks, landmarks_for
from nof1sim.render.portrait.photograph import read_photograph

from .balance_plan import Task
from .balance_work import Made

if TYPE_CHECKING:
    from nof1sim.render.portrait.prepare import Canvas


@dataclass(frozen=True, slots=True)
class Opened:
    """A photograph, ready to be edited, and its key points."""

    canvas: Canvas
    found: Landmarks


@dataclass(frozen=True, slots=True)
class MakePortraitEditor:
    """Builds the editor of a process. half: the photographs show half a face each, and their own count is classed."""

    half: bool = False

    def __call__(self) -> PortraitEditor:
        from nof1sim.render.portrait.detect import open_landmarks

        return PortraitEditor(self.half, open_landmarks())


@dataclass(frozen=True, slots=True)
class PortraitEditor:
    """Key points (a file beside the photograph, else a network), face map, canvas, edit: see `balance_work.Editor`."""

    half: bool
    reader: LandmarkReader | None

    def read(self, path: Path) -> NDArray[np.uint8]:
        """The pixels of a photograph, upright; InputError if it is none."""
        return read_photograph(path).pixels

    def open(self, path: Path) -> Opened:
        """A canvas of the one face in a photograph; InputError or RenderError where there is none."""
        from nof1sim.render.portrait.geometry import fit_face
        from nof1sim.render.portrait.prepare import prepare

        photograph = read_photograph(path)
        found = landmarks_for(path, photograph, self.reader)
        height, width = photograph.pixels.shape[:2]
        return Opened(prepare(photograph, fit_face(found.points_px, (height, width))), found)

    def edit(self, opened: Opened, task: Task) -> Made:
        """As many lesions as the task asks for, on what a reduction left.

        RenderError where the skin has no room; or where, after a reduction, more spots are found than the new class
        has lesions: what could not be taken away would make the label a lie.
        """
        from .edit import Want, edit

        severity = severity_of(task.lesions_half)
        want = Want(severity=severity, reduce=float(task.reduce), scope="half" if self.half else "face")
        done = edit(opened.canvas, want, task.seed)
        if task.reduce:
            _check_reduced(opened, done.pixels, task.most_half * (1 if self.half else 2))
        return Made(done.pixels, done.added, int(done.grade or 0), opened.found.source, opened.found.points_px)


def _check_reduced(opened: Opened, pixels: NDArray[np.uint8], most: int) -> None:
    from nof1sim.render.portrait.photograph import from_pixels
    from nof1sim.render.portrait.prepare import prepare
    from nof1sim.render.portrait.spots import find_spots

    left = find_spots(prepare(from_pixels(pixels), opened.canvas.face)).count
    if left > most:
        where = f"{opened.canvas.photograph.name}, reduced"
        raise RenderError(str(Fault(where, f"{left} red spots", f"at most {most} in the new class", "Too severe.")))


def severity_of(lesions_half: int) -> float:
    """The severity at which half a face has so many lesions: a whole one twice as many."""
    return float(count_map().severities(np.array(2.0 * lesions_half)))
