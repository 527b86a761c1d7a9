"""The diffusion renderers: a portrait a patient, lesions painted into it and replayed, a camera for each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nof1sim.errors import Fault, RenderError
from nof1sim.model import STAGES, Render, View
from nof1sim.render.camera import IGNORED, shoot
from nof1sim.render.masks import measure
from nof1sim.render.skin.warp import ChartWarp, fit_warp

from .config import DiffusionOptions
from .days import Day, amplitude, compose
from .episodes import LOOKS, Episodes, Passes, box_of, ellipse, episodes_of, pass_mask, plan_passes, reach_mm
from .faces import cosine
from .jobs import PaintJob
from .residuals import Stamp, stamps_of
from .studio import Portrait, Studio, open_studio

STAGE_OF_LOOK = {"comedone": "closed_comedone", "blackhead": "open_comedone", "papule": "papule",
                 "pustule": "pustule", "nodule": "nodule"}  # fmt: skip
"""What a look is called in a prompt."""


@dataclass(frozen=True, slots=True)
class Sitter:
    """What is prepared once for a patient. `stamps` is empty unless lesions are painted once."""

    who: tuple[object, ...]
    portrait: Portrait
    warp: ChartWarp
    episodes: Episodes
    passes: Passes
    stamps: list[Stamp]


class DiffusionRenderer:
    """Draws front views of people that a diffusion model invented. One patient is kept prepared.

    Parameters
    ----------
    options : what the protocol says.
    studio : models and portraits; None finds the weights on this machine (`nof1sim models path`).

    Raises
    ------
    ModelNotAvailable
        Weights or a package are missing; the message lists all of them and the command that gets them.
    """

    name = "diffusion"
    modality = "face photograph"
    views: tuple[str, ...] = ("front",)
    repeatable: Literal["bitwise", "seeded"] = "seeded"
    batch_size = 8
    ignores = IGNORED
    Options = DiffusionOptions

    def __init__(self, options: DiffusionOptions | None = None, studio: Studio | None = None) -> None:
        self.options = options or DiffusionOptions()
        self.studio = studio or open_studio(self.name, self.options)
        self._sitter: Sitter | None = None

    def prepare(self) -> None:
        """The weights were loaded when the renderer was built."""

    def render(self, views: Sequence[View]) -> list[Render]:
        """Draw each view, in order; the masks of a patient's days are painted together."""
        days = self._days(views)
        return [self._finished(view, day) for view, day in zip(views, days, strict=True)]

    def _days(self, views: Sequence[View]) -> list[Day]:
        if self.options.mode == "edit-daily":
            return self._painted_daily(views)
        sitters = [self._sit(view) for view in views]
        return [
            compose(sitter.portrait.pixels, sitter.episodes, sitter.stamps, view.scene.lesions)
            for view, sitter in zip(views, sitters, strict=True)
        ]

    def _sit(self, view: View) -> Sitter:
        """The patient's portrait, and their lesions painted; cached for one patient."""
        patient, course = view.scene.patient, view.scene.course
        if course is None:
            raise RenderError(str(Fault("scene.course", None, "the patient's lesions of the whole study")))
        who = (view.seed, patient.key, patient.age_years, patient.sex, patient.ita_deg, course.days)
        if self._sitter is None or self._sitter.who != who:
            portrait = self.studio.portrait(view)
            warp = fit_warp(portrait.points_px)
            episodes = episodes_of(course, warp, portrait.pixels.shape[0])
            passes = plan_passes(episodes, self.options.passes)
            sitter = Sitter(who, portrait, warp, episodes, passes, [])
            if self.options.mode == "paint-once":
                sitter = replace(sitter, stamps=self._stamps(sitter, view))
            self._sitter = sitter
        return self._sitter

    def _stamps(self, sitter: Sitter, view: View) -> list[Stamp]:
        """All passes over the clear portrait, and what they painted of each lesion."""
        pixels = sitter.portrait.pixels
        jobs = [
            self._job(sitter, view, pass_mask(sitter.episodes, one.rows, len(pixels)), one.look, ("pass", number))
            for number, one in enumerate(sitter.passes.each)
        ]
        return stamps_of(sitter.episodes, sitter.passes, pixels, self.studio.painter.paint(jobs))

    def _job(
        self, sitter: Sitter, view: View, mask: NDArray[np.float64], look: str, address: tuple[str | int, ...]
    ) -> PaintJob:
        words = self.options.prompts
        return PaintJob(
            sitter.portrait.pixels, mask, words.lesion_of(STAGE_OF_LOOK[look]), words.lesion_negative,
            sitter.portrait.identity, (view.scene.patient.key, *address), view.seed, self.options.edit.strength,
        )  # fmt: skip

    def _painted_daily(self, views: Sequence[View]) -> list[Day]:
        """The lesions of each day painted anew: look by look, each over what was painted before."""
        sitters = [self._sit(view) for view in views]
        shots = [sitter.portrait.pixels for sitter in sitters]
        masks = [masks_of(view, sitter) for view, sitter in zip(views, sitters, strict=True)]
        for look in LOOKS:
            todo = [i for i in range(len(views)) if look in masks[i].strength]
            jobs = [
                replace(
                    self._job(sitters[i], views[i], masks[i].strength[look], look, (views[i].scene.day, look)),
                    portrait=shots[i],
                )
                for i in todo
            ]
            for i, painted in zip(todo, self.studio.painter.paint(jobs) if jobs else [], strict=True):
                shots[i] = painted
        return [
            locked(sitter.portrait.pixels, shot, mask) for sitter, shot, mask in zip(sitters, shots, masks, strict=True)
        ]

    def _finished(self, view: View, day: Day) -> Render:
        """The day's picture at its size, through the camera, its identity gated."""
        sitter = self._sit(view)
        likeness = self._likeness(view, day, sitter)
        scale = view.size_px / day.pixels.shape[0]
        points = {
            name: ((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5)
            for name, (x, y) in sitter.portrait.points_px.items()
        }
        lesion, support = (resized_labels(labels, view.size_px) for labels in (day.lesion, day.support))
        pixels = resized(sitter.portrait.pixels, view.size_px)
        pixels = np.where(support[..., None] > 0, resized(day.pixels, view.size_px), pixels)
        shot = shoot(pixels, lesion, support, points, view.nuisance, (view.seed, *view.address))
        ids, boxes, area = measure(shot.lesion)
        drawn = {
            "renderer": self.name, "view": view.view, "mode": self.options.mode, "lesions_drawn": day.drawn,
            "lesions_lacking": day.lacking, **likeness,
        }  # fmt: skip
        face = {
            **sitter.portrait.said, **self.studio.said, "passes": len(sitter.passes.each),
            "borrowed": len(sitter.passes.lent), "raised": sum(stamp.raised > 1 for stamp in sitter.stamps),
            "faint": sum(stamp.faint for stamp in sitter.stamps),
        }  # fmt: skip
        return Render(shot.pixels, shot.lesion, shot.support, ids, boxes, area, shot.points_px, drawn, face=face)

    def _likeness(self, view: View, day: Day, sitter: Sitter) -> dict[str, float | str]:
        """Cosine of the day's face to the portrait's, where there is a face model; RenderError if the gate fails it."""
        if self.studio.reader is None or sitter.portrait.identity is None:
            return {}
        where, gate = f"patient {view.scene.patient.patient_id}, day {view.scene.day}", self.options.gate
        likeness = cosine(self.studio.reader.analyse(day.pixels, where), sitter.portrait.identity)
        if likeness < gate.min_cosine and gate.below == "fail":
            advice = "Lower images.renderer_options.edit.strength, or set gate.below to warn."
            raise RenderError(
                str(Fault(where, f"cosine {likeness:.3f} to the portrait", f"{gate.min_cosine} or more", advice))
            )
        return {"identity_cosine": round(likeness, 4), "identity_kept": float(likeness >= gate.min_cosine)}


@dataclass(frozen=True, slots=True)
class DayMasks:
    """What is to be painted on a day: look -> strength (s, s); core and support as in `Day`."""

    strength: dict[str, NDArray[np.float64]]
    lesion: NDArray[np.int32]
    support: NDArray[np.int32]
    drawn: int
    lacking: int


def masks_of(view: View, sitter: Sitter) -> DayMasks:
    """Masks of a day's lesions as they are that day, strong where they are strong."""
    lesions, episodes, size = view.scene.lesions, sitter.episodes, sitter.portrait.pixels.shape[0]
    rows = {int(lesion): row for row, lesion in enumerate(episodes.lesion_id)}
    strength: dict[str, NDArray[np.float64]] = {}
    core, support = np.zeros((size, size), np.int32), np.zeros((size, size), np.int32)
    drawn = lacking = 0
    for i in np.flatnonzero(lesions.visible):
        row = rows.get(int(lesions.lesion_id[i]))
        if row is None:
            lacking += 1
            continue
        drawn += 1
        look = LOOKS[int(episodes.kind[row])]
        mask = strength.setdefault(look, np.zeros((size, size)))
        stage, red = int(lesions.stage[i]), float(lesions.erythema[i])
        how = max(amplitude(stage, red, float(episodes.erythema[row])), red, float(lesions.melanin[i]))
        box = box_of(episodes.centre_px[row], episodes.reach_px[row], size)
        place = (slice(box[0], box[1]), slice(box[2], box[3]))
        share = float(lesions.diameter_mm[i] / episodes.diameter_mm[row])
        away = ellipse(episodes.shape[row], episodes.centre_px[row], reach_mm(episodes, row) * min(share, 1.0), box)
        mask[place] = np.maximum(mask[place], np.where(away <= 1, min(how, 1.0), 0))
        support[place][(away <= 1) & (how > 0)] = lesions.lesion_id[i]
        inner = ellipse(episodes.shape[row], episodes.centre_px[row], 0.5 * float(lesions.diameter_mm[i]), box)
        core[place][(inner <= 1) & (away <= 1) & (how > 0)] = lesions.lesion_id[i]
    return DayMasks({look: mask for look, mask in strength.items() if mask.any()}, core, support, drawn, lacking)


def locked(portrait: NDArray[np.uint8], painted: NDArray[np.uint8], masks: DayMasks) -> Day:
    """A painted day, after the check that nothing outside its masks has changed."""
    outside = masks.support == 0
    if not np.array_equal(painted[outside], portrait[outside]):
        raise AssertionError("a pixel outside every lesion differs from the portrait")
    return Day(painted, masks.lesion, masks.support, masks.drawn, masks.lacking)


def resized(pixels: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """A square picture at another size; at its own size the same bytes."""
    if pixels.shape[0] == size_px:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.LANCZOS))


def resized_labels(labels: NDArray[np.int32], size_px: int) -> NDArray[np.int32]:
    """Labels at another size, each from the nearest pixel."""
    size = labels.shape[0]
    if size == size_px:
        return labels
    at = np.minimum(((np.arange(size_px) + 0.5) * size / size_px).astype(int), size - 1)
    return labels[at][:, at]


class InstantIdRenderer(DiffusionRenderer):
    """InstantID: face tokens and IdentityNet on SDXL."""

    name = "instantid"


class IpAdapterRenderer(DiffusionRenderer):
    """IP-Adapter Plus Face."""

    name = "ip-adapter"


class IpAdapterFaceIdRenderer(DiffusionRenderer):
    """IP-Adapter FaceID-PlusV2."""

    name = "ip-adapter-faceid"


class InpaintRenderer(DiffusionRenderer):
    """Plain masked inpainting over the procedural renderer's face; no face model."""

    name = "inpaint"


assert set(STAGE_OF_LOOK) == set(LOOKS)
assert set(STAGE_OF_LOOK.values()) <= set(STAGES)
