"""The portrait renderer: each patient is a photograph of the user's, the days' lesions are composited on it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nof1sim.errors import Fault, InputError, RenderError
from nof1sim.model import Render, View
from nof1sim.render.camera import IGNORED, shoot
from nof1sim.render.masks import measure

from .compose import compose
from .finder import Finder
from .options import WHERE, PortraitOptions
from .photograph import read_photograph
from .sitting import Sitting, sit


@dataclass(frozen=True, slots=True)
class Sitter:
    """What is kept of one patient at one size. said: what the truth says of them, once."""

    who: tuple[int, int]
    sitting: Sitting
    said: Mapping[str, float | str]


class PortraitRenderer:
    """Draws front views: a square of the patient's photograph, the day's lesions on it, and a camera for the day.

    Outside the lesions' support the pixels are those of the square, to the bit, before the camera and the encoding.
    One patient is kept prepared.

    Parameters
    ----------
    options : which photograph is whose, and the consent.
    folder : where the photographs lie; None: as the environment says (NOF1SIM_FACES).
    """

    name = "portrait"
    modality = "face photograph"
    views: tuple[str, ...] = ("front",)
    repeatable: Literal["bitwise", "seeded"] = "bitwise"
    batch_size = 1
    ignores = IGNORED
    layers = ("binary",)
    persons = "photographs"
    Options = PortraitOptions

    def __init__(self, options: PortraitOptions, folder: str | os.PathLike[str] | None = None) -> None:
        self.options = options
        self._finder = Finder(folder)
        self._sitter: Sitter | None = None
        self._failure: tuple[tuple[int, int], RenderError] | None = None

    @staticmethod
    def missing(options: Mapping[str, Any]) -> list[str]:
        """The photographs of `images.renderer_options` that are not on this machine, a sentence each."""
        return Finder().missing([one["sha256"] for one in options["photographs"]])

    @staticmethod
    def ita_deg(options: Mapping[str, Any]) -> list[float]:
        """The tone of each patient's skin, as estimated from the photographs of `images.renderer_options`."""
        return [float(one["ita_deg"]) for one in options.get("photographs", ())]

    def prepare(self) -> None:
        """Compile the kernels on a patch of invented skin."""
        from .warm import warm_up

        warm_up()

    def render(self, views: Sequence[View]) -> list[Render]:
        """Draw each view, in order.

        Raises
        ------
        RenderError
            No photograph for a patient, not the one that the protocol names, or one that cannot be used.
        """
        return [self._draw(view) for view in views]

    def _sit(self, view: View) -> Sitter:
        """The patient of a view, prepared once. One of whom that fails is not tried each day."""
        who = (view.scene.patient.rank, view.size_px)
        if self._failure is not None and self._failure[0] == who:
            raise RenderError(*self._failure[1].args)
        if self._sitter is None or self._sitter.who != who:
            self._sitter = None  # one at a time: a prepared photograph takes memory
            try:
                self._sitter = self._prepared(who)
            except (RenderError, InputError) as error:
                self._failure = (who, RenderError(str(error)))
                raise self._failure[1] from error
        return self._sitter

    def _prepared(self, who: tuple[int, int]) -> Sitter:
        rank, size_px = who
        named, where = self.options.photographs, f"{WHERE}.photographs"
        if rank >= len(named):
            raise RenderError(str(Fault(where, f"{len(named)} of them", f"one for each patient, {rank + 1} or more")))
        one = named[rank]
        photograph = read_photograph(self._finder.find(one.sha256, f"{where}.{rank}"))
        sitting = sit(photograph, one.points_px, size_px)
        canvas, face = sitting.canvas, sitting.canvas.face
        left, top, right, _ = sitting.box
        said = {
            "persons": self.persons, "photograph_sha256": one.sha256, "consent": self.options.consent,
            "landmarks": one.landmarks, "photograph_width_px": photograph.pixels.shape[1],
            "photograph_height_px": photograph.pixels.shape[0], "crop_left_px": left, "crop_top_px": top,
            "crop_side_px": right - left, "mm_per_px": round(face.mm_per_px, 5), "yaw_deg": round(face.yaw_deg, 2),
            "pitch_deg": round(face.pitch_deg, 2), "roll_deg": round(face.roll_deg, 2),
            "ita_deg": round(canvas.ita_deg, 2),
        }  # fmt: skip
        return Sitter(who, sitting, said)

    def _draw(self, view: View) -> Render:
        sitter = self._sit(view)
        made = compose(sitter.sitting.canvas, view.scene.lesions)
        shot = shoot(made.pixels, made.lesion, made.support, sitter.sitting.points_px, view.nuisance,
                     (view.seed, *view.address))  # fmt: skip
        ids, boxes, area = measure(shot.lesion)
        shown = int(view.scene.lesions.visible.sum())
        drawn = {
            "renderer": self.name, "view": view.view, "lesions_drawn": len(made.drawn),
            "lesions_hidden": shown - len(made.drawn),
        }  # fmt: skip
        layers = {"binary": np.where(shot.lesion > 0, 255, 0).astype(np.uint8)} if "binary" in view.layers else {}
        return Render(
            shot.pixels, shot.lesion, shot.support, ids, boxes, area, shot.points_px, drawn, layers, sitter.said
        )
