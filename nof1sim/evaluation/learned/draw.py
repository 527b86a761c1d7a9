"""Drawing for a comparison: pictures as arrays, and how long one takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...analysis.embed.networks import threads
from ...analysis.images import Pixels
from ...errors import Fault, RenderError
from ...model import Render, View
from ...simulation.renderers import seen_by
from .cases import Cases

Ids = NDArray[np.int32]
Told = Callable[[int], None]
"""Called with the number of pictures that were drawn since the last call."""

TIMED_PATIENTS = 2
"""Of these patients every picture is drawn alone and timed; the others in the batches that the renderer likes."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A renderer's pictures of the cases.

    panel : (patients, days, h, w, 3).  clear : (patients, h, w, 3).  crowd : (people, h, w, 3).  All uint8 sRGB.
    lesion, support : (patients, days, h, w) of the panel, lesion_id or 0, as the renderer says.
    seconds : median of one further picture of a known person, warm, one at a time, torch on one thread.
    seconds_new : the same of a person's first picture.  timed : pictures behind `seconds`.
    """

    name: str
    panel: Pixels
    clear: Pixels
    crowd: Pixels
    lesion: Ids
    support: Ids
    seconds: float
    seconds_new: float
    timed: int


def draw_cases(name: str, renderer: Any, cases: Cases, told: Told | None = None) -> Drawn:
    """Draw the panel, the clear faces and the crowd.

    Raises
    ------
    RenderError
        The renderer's own, or a picture that is not (size, size, 3) uint8.
    """
    say = told or (lambda _: None)
    patients, days = cases.severity.shape
    size = cases.clear[0].size_px
    panel = np.zeros((patients, days, size, size, 3), np.uint8)
    clear = np.zeros((patients, size, size, 3), np.uint8)
    lesion, support = np.zeros(panel.shape[:-1], np.int32), np.zeros(panel.shape[:-1], np.int32)
    known, new = [], []
    with one_thread():
        for i, (bare, views) in enumerate(zip(cases.clear, cases.panel, strict=True)):
            began = time.perf_counter()
            clear[i] = _rendered(name, renderer, [bare])[0].pixels
            new.append(time.perf_counter() - began)
            batch = 1 if i < TIMED_PATIENTS else _batch(renderer)
            for start in range(0, days, batch):
                began = time.perf_counter()
                for day, render in enumerate(_rendered(name, renderer, views[start : start + batch]), start):
                    panel[i, day], lesion[i, day], support[i, day] = render.pixels, render.lesion, render.support
                if i < TIMED_PATIENTS:
                    known.append(time.perf_counter() - began)
                say(min(batch, days - start))
            say(1)
        crowd = draw_crowd(name, renderer, cases.crowd, say)
    return Drawn(name, panel, clear, crowd, lesion, support, float(np.median(known)), float(np.median(new)), len(known))


def draw_crowd(name: str, renderer: Any, views: Sequence[View], told: Told | None = None) -> Pixels:
    """(n, h, w, 3), one picture a view."""
    out, batch = [], _batch(renderer)
    for start in range(0, len(views), batch):
        out += [render.pixels for render in _rendered(name, renderer, views[start : start + batch])]
        if told:
            told(min(batch, len(views) - start))
    return np.stack(out)


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread inside, where a renderer has loaded it; else nothing."""
    if "torch" not in sys.modules:
        yield
        return
    with threads(1):
        yield


def _batch(renderer: Any) -> int:
    return max(1, int(getattr(renderer, "batch_size", 1)))


def _rendered(name: str, renderer: Any, views: Sequence[View]) -> list[Render]:
    """The renders of some views, checked: what a renderer returns may be a user's own code."""
    found = renderer.render([seen_by(renderer, view) for view in views])
    for view, render in zip(views, found, strict=True):
        shape = (view.size_px, view.size_px, 3)
        if render.pixels.shape != shape or render.pixels.dtype != np.uint8:
            given = f"pixels {render.pixels.shape} {render.pixels.dtype}"
            advice = "A checkpoint draws the size that it was trained at: give it by --size."
            raise RenderError(str(Fault(f"--renderers {name}", given, f"{shape} uint8", advice)))
    return list(found)
