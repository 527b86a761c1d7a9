"""The baseline renderer: the whole face is drawn anew every day, acne by grade, and nothing is kept of yesterday.

So pictures are made where the severity is all that is known of a day: image to image of a portrait, with one LoRA for
each grade of acne (the published ones of M. Hettich, `nof1sim models pull acne-lora`). What lesions that stay where
they are add is measured against it: `nof1sim.simulation.compare_renderers`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from nof1sim.errors import ModelNotAvailable, RenderError
from nof1sim.model import Lesions, Render, View
from nof1sim.protocol.part import Name, Part
from nof1sim.render.camera import IGNORED, Points, shoot
from nof1sim.render.skin.warp import from_5

from .config import DiffusionOptions, EditStage, Photograph, Pixels, PortraitStage, Preset
from .daily import counted_inflammatory
from .faces import cosine
from .jobs import PaintJob
from .presets import PRESETS
from .prompts import PortraitText, Prompts, filled
from .renderer import resized
from .studio import Portrait, Studio, open_studio

HALF_FACE_CUTS = (5, 20, 50)
"""Most inflammatory lesions on half a face that is mild, moderate, severe; more: very severe (Hayashi et al.,
J Dermatol 2008;35:255-260)."""


class DailyOptions(Part):
    """Options of the renderer img2img-daily. Always SDXL with the four grade LoRAs (bundle acne-lora)."""

    bundle: Literal["instantid", "ip-adapter", "ip-adapter-faceid"] = Field(
        default="instantid", description="Models of the portrait; the days are drawn without a face adapter."
    )
    preset: Preset = "base"
    strength: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="Share of the schedule that each day runs: how far the portrait is left behind."
    )
    prompt: PortraitText = Field(
        default="clinical portrait photograph of a {age}-year-old {person} with {skin} skin and acne, facing the "
        "camera, neutral expression, head and shoulders, plain background, even soft light, sharp focus",
        description="Of every day and grade: {age}, {person}, {skin} as in prompts.portrait.",
    )
    negative: str = "make-up, jewellery, glasses, hair over the face, drawing, deformed, blurry, nudity"
    portrait_source: Literal["text", "procedural", "photograph"] = "text"
    photographs: dict[Name, Photograph] = Field(default={}, description="As in the other diffusion renderers.")
    portrait_px: Pixels = 1024
    portrait: PortraitStage = PortraitStage()
    prompts: Prompts = Field(default=Prompts(), description="Of the portrait; what it says of lesions is not used.")
    dtype: Literal["fp32", "fp16", "bf16"] = "bf16"
    offload: bool = False
    compile: bool = False
    batch_size: Annotated[int, Field(ge=1, le=64)] = Field(default=4, description="Pictures of one grade at once.")

    @model_validator(mode="after")
    def _fits_together(self) -> DailyOptions:
        if int(PRESETS[self.preset].steps * self.strength) < 1:
            raise ValueError(f"a strength of at least {1 / PRESETS[self.preset].steps:.3g} with preset {self.preset!r}")
        if (self.portrait_source == "photograph") != bool(self.photographs):
            raise ValueError("photographs with portrait_source 'photograph', and only with it")
        return self

    def of_studio(self) -> DiffusionOptions:
        """What the studio is opened with: the same portraits as the other renderers draw, new noise every day."""
        same = {name: getattr(self, name) for name in type(self).model_fields if name in DiffusionOptions.model_fields}
        return DiffusionOptions(**same, severity_lora=True, edit=EditStage(strength=self.strength, novelty=1.0))


class DailyRenderer:
    """Draws each day's whole face from the portrait again, at the grade of the day. Nothing persists.

    It controls no lesion, so both masks are 0 everywhere, there are no boxes, and the truth says
    `persistence: none`. What is outside the support, that is everything, does change from day to day.

    Parameters
    ----------
    options : what the protocol says.
    studio : models and portraits, as of `renderer.DiffusionRenderer`.

    Raises
    ------
    ModelNotAvailable
        Weights or a package are missing; the message lists all of them and the command that gets them.
    """

    name = "img2img-daily"
    modality = "face photograph"
    views: tuple[str, ...] = ("front",)
    repeatable: Literal["bitwise", "seeded"] = "seeded"
    batch_size = 8
    ignores = IGNORED
    Options = DailyOptions

    def __init__(self, options: DailyOptions | None = None, studio: Studio | None = None) -> None:
        self.options = options or DailyOptions()
        self.studio = studio or open_studio(self.name, self.options.of_studio())
        self._kept: tuple[tuple[object, ...], Portrait] | None = None

    def prepare(self) -> None:
        """The weights were loaded when the renderer was built."""

    def render(self, views: Sequence[View]) -> list[Render]:
        """Draw each view, in order; the days of one grade are painted together."""
        portraits = [self._portrait(view) for view in views]
        grades = [self.grade(view) for view in views]
        jobs = [self.job(*one) for one in zip(views, portraits, grades, strict=True)]
        done = zip(views, portraits, grades, self.studio.painter.paint(jobs), strict=True)
        return [self._finished(*one) for one in done]

    def grade(self, view: View) -> int:
        """The grade that a view is drawn at."""
        return grade_of(view.scene.lesions)

    def _portrait(self, view: View) -> Portrait:
        """The patient's portrait; cached for one patient."""
        patient = view.scene.patient
        who = (view.seed, patient.key, patient.age_years, patient.sex, patient.ita_deg)
        if self._kept is None or self._kept[0] != who:
            self._kept = who, self.studio.portrait(view)
        return self._kept[1]

    def job(self, view: View, portrait: Portrait, grade: int) -> PaintJob:
        """The whole picture, and a noise that is the occasion's own. No identity: nothing but the portrait keeps it."""
        options, mask = self.options, np.ones(portrait.pixels.shape[:2])
        return PaintJob(
            portrait.pixels, mask, filled(options.prompt, view.scene.patient), options.negative, None,
            (*view.address, self.name), view.seed, options.strength, ((grade, 1.0),),
        )  # fmt: skip

    def _finished(self, view: View, portrait: Portrait, grade: int, painted: NDArray[np.uint8]) -> Render:
        """A day's picture at its size, through the camera."""
        said, found = self._likeness(view, portrait, painted)
        scale = view.size_px / painted.shape[0]
        points = {name: ((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5) for name, (x, y) in found.items()}
        nothing = np.zeros((view.size_px, view.size_px), np.int32)
        address = (view.seed, *view.address)
        shot = shoot(resized(painted, view.size_px), nothing, nothing, points, view.nuisance, address)
        drawn = {
            "renderer": self.name, "view": view.view, "mode": self.name, "persistence": "none", "grade": grade,
            "strength": self.options.strength, "lesions_drawn": 0, **said,
        }  # fmt: skip
        face = {**portrait.said, **self.studio.said}
        ids, boxes, area = np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0, np.int64)
        return Render(shot.pixels, shot.lesion, shot.support, ids, boxes, area, shot.points_px, drawn, face=face)

    def _likeness(
        self, view: View, portrait: Portrait, painted: NDArray[np.uint8]
    ) -> tuple[dict[str, float | str], Points]:
        """Cosine of the day's face to the portrait's, and its key points; without a face model the portrait's.

        A face that is lost is recorded, not refused: how often that happens is what a baseline is to show.
        """
        if self.studio.reader is None or portrait.identity is None:
            return {}, portrait.points_px
        try:
            found = self.studio.reader.analyse(painted, f"patient {view.scene.patient.patient_id}")
        except ModelNotAvailable:
            raise
        except RenderError:
            return {"identity": "no single face found"}, portrait.points_px
        said: dict[str, float | str] = {"identity_cosine": round(cosine(found, portrait.identity), 4)}
        return said, from_5(np.asarray(found.kps_px, float))


def grade_of(lesions: Lesions) -> int:
    """Grade 0 (mild, or clear) to 3 (very severe) of a day: that of half its counted inflammatory lesions, rounded up.

    At a cut the lower grade, as everywhere (the column `hayashi` of truth/days.csv).
    """
    return bisect_left(HALF_FACE_CUTS, -(-counted_inflammatory(lesions) // 2))
