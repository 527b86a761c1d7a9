"""The diffusion renderers: a portrait a patient, lesions painted into it and replayed, a camera for each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import model_validator

from nof1sim.errors import Fault, RenderError
from nof1sim.model import STAGES, Render, View
from nof1sim.render.camera import IGNORED, shoot
from nof1sim.render.masks import measure
from nof1sim.render.skin.warp import fit_warp

from .config import PRESET_ARTIFACT, DiffusionOptions
from .daily import grade_mix, locked, masks_of
from .days import Day, compose
from .episodes import LOOKS, Episodes, Passes, episodes_of, pass_mask, plan_passes
from .faces import cosine
from .jobs import PaintJob
from .residuals import Stamp, stamps_of
from .studio import Portrait, Studio, open_studio

STAGE_OF_LOOK = {"comedone": "closed_comedone", "blackhead": "open_comedone", "papule": "papule",
                 "pustule": "pustule", "nodule": "nodule"}  # fmt: skip
"""What a look is called in a prompt."""


Who = tuple[object, ...]


class LesionOptions(DiffusionOptions):
    """Options of the renderers that paint lesions."""

    @model_validator(mode="after")
    def _has_a_day(self) -> LesionOptions:
        if self.severity_lora and self.mode != "edit-daily":
            raise ValueError("mode 'edit-daily' with severity_lora: a lesion painted once knows no day's severity")
        return self


class PlainOptions(DiffusionOptions):
    """Options of plain inpainting."""

    @model_validator(mode="after")
    def _is_plain(self) -> PlainOptions:
        if PRESET_ARTIFACT[self.preset] is not None or self.severity_lora:
            raise ValueError("preset 'base' or 'dpm20', severity_lora false: `inpaint` loads no LoRA")
        if self.portrait_source == "photograph":
            raise ValueError("portrait_source 'text' or 'procedural': `inpaint` paints over the procedural face")
        return self


def who_is(view: View) -> Who:
    """What a patient's portrait and painted lesions depend on; a RenderError where the view lacks the course."""
    patient, course = view.scene.patient, view.scene.course
    if course is None:
        raise RenderError(str(Fault("scene.course", None, "the patient's lesions of the whole study")))
    born = course.columns["birth_day"]
    return (view.seed, patient.key, patient.age_years, patient.sex, patient.ita_deg, course.days, born.tobytes())


@dataclass(frozen=True, slots=True)
class Sitter:
    """What is prepared once for a patient. `stamps` is empty unless lesions are painted once."""

    who: Who
    portrait: Portrait
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
    batch_size = 10
    processes = 1
    ignores = IGNORED
    Options: type[DiffusionOptions] = LesionOptions

    @staticmethod
    def persons(options: Mapping[str, Any]) -> Literal["invented", "photographs"]:
        """Who is in the pictures: real persons where portraits start from their photographs."""
        return "photographs" if options.get("portrait_source") == "photograph" else "invented"

    def __init__(self, options: DiffusionOptions | None = None, studio: Studio | None = None) -> None:
        self.options = options or DiffusionOptions()
        self.studio = studio or open_studio(self.name, self.options)
        self._sitter: Sitter | None = None
        self._failure: tuple[Who, RenderError] | None = None

    def prepare(self) -> None:
        """The weights were loaded when the renderer was built."""

    def render(self, views: Sequence[View]) -> list[Render]:
        """Draw each view, in order; the masks of a patient's days are painted together."""
        sitters = self._sitters(views)
        days = self._days(views, sitters)
        return [self._finished(*one) for one in zip(views, days, sitters, strict=True)]

    def _days(self, views: Sequence[View], sitters: Sequence[Sitter]) -> list[Day]:
        if self.options.mode == "edit-daily":
            return self._painted_daily(views, sitters)
        return [
            compose(sitter.portrait.pixels, sitter.episodes, sitter.stamps, view.scene.lesions)
            for view, sitter in zip(views, sitters, strict=True)
        ]

    def _sitters(self, views: Sequence[View]) -> list[Sitter]:
        """The patient of each view, prepared once; the last one stays for the next call."""
        known: dict[Who, Sitter] = {} if self._sitter is None else {self._sitter.who: self._sitter}
        found = []
        for view in views:
            who = who_is(view)
            if who not in known:
                known[who] = self._prepared(who, view)
            found.append(known[who])
            self._sitter = known[who]
        return found

    def _prepared(self, who: Who, view: View) -> Sitter:
        """The patient's portrait, and their lesions painted. A patient of whom that fails is not tried each day."""
        if self._failure is not None and self._failure[0] == who:
            raise type(self._failure[1])(*self._failure[1].args)
        try:
            return self._sit(who, view)
        except RenderError as error:
            self._failure = (who, error)
            raise

    def _sit(self, who: Who, view: View) -> Sitter:
        course = view.scene.course
        assert course is not None  # who_is has looked
        portrait = self.studio.portrait(view)
        warp = fit_warp(portrait.points_px)
        episodes = episodes_of(course, warp, portrait.pixels.shape[0])
        if self.options.mode == "edit-daily":
            return Sitter(who, portrait, episodes, Passes((), {}), [])
        sitter = Sitter(who, portrait, episodes, plan_passes(episodes, self.options.passes), [])
        return replace(sitter, stamps=self._stamps(sitter, view))

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

    def _painted_daily(self, views: Sequence[View], sitters: Sequence[Sitter]) -> list[Day]:
        """The lesions of each day painted anew: look by look, each over what was painted before."""
        shots = [sitter.portrait.pixels for sitter in sitters]
        masks = [
            masks_of(view.scene.lesions, sitter.episodes, len(sitter.portrait.pixels))
            for view, sitter in zip(views, sitters, strict=True)
        ]
        for look in LOOKS:
            todo = [i for i in range(len(views)) if look in masks[i].strength]
            jobs = [
                replace(
                    self._job(sitters[i], views[i], masks[i].strength[look], look, (views[i].scene.day, look)),
                    portrait=shots[i],
                    grades=grade_mix(views[i].scene.lesions) if self.options.severity_lora else (),
                )
                for i in todo
            ]
            for i, painted in zip(todo, self.studio.painter.paint(jobs) if jobs else [], strict=True):
                shots[i] = painted
        return [
            locked(sitter.portrait.pixels, shot, mask) for sitter, shot, mask in zip(sitters, shots, masks, strict=True)
        ]

    def _finished(self, view: View, day: Day, sitter: Sitter) -> Render:
        """The day's picture at its size, through the camera, its identity gated."""
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
    Options = PlainOptions


assert set(STAGE_OF_LOOK) == set(LOOKS)
assert set(STAGE_OF_LOOK.values()) <= set(STAGES)
