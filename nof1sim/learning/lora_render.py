"""A LoRA checkpoint as a renderer: the baseline img2img-daily, with these LoRAs and the prompts they were trained with.

As the published pictures were made (M. Hettich 2024): each day the clear face is drawn again, image to image, at the
grade of the day. Nothing persists from day to day, and no lesion is controlled.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ..errors import Fault, InputError, RenderError
from ..model import View
from ..protocol.part import Part
from ..render.diffusion.baseline import DailyOptions, DailyRenderer, grade_of
from ..render.diffusion.components import Components, ModelPaths, load_components
from ..render.diffusion.config import Pixels, needed_models
from ..render.diffusion.jobs import PaintJob
from ..render.diffusion.loading import LoadOptions
from ..render.diffusion.places import Places
from ..render.diffusion.presets import PRESETS
from ..render.diffusion.registry import Resolved, resolve, spec_of
from ..render.diffusion.sampler import MaskedSampler, PaintOptions
from ..render.diffusion.studio import BASELINE, Portrait, Portraits, Studio, clear_face, open_studio
from .lora_base import find_base
from .lora_files import ALL, LoraCheckpoint, open_lora

HAYASHI = "hayashi4"
"""Labels whose grades are those that the baseline reads from a day's lesions."""
GradeOf = Callable[[View], float]


class LoraRenderOptions(Part):
    """Options of a LoRA checkpoint as a renderer."""

    faces: Literal["procedural", "instantid", "ip-adapter", "ip-adapter-faceid"] = Field(
        default="procedural", description="Where the clear faces come from: the procedural renderer, or the portraits "
        "of a bundle of models (SDXL only), as of img2img-daily."
    )  # fmt: skip
    preset: Literal["base", "dpm20"] = "base"
    strength: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="Share of the schedule that each day runs: how far the clear face is left behind."
    )
    guidance: Annotated[float, Field(ge=1, le=30)] | None = Field(
        default=None, description="Of classifier-free guidance, with procedural faces; nothing (null): the preset's."
    )
    negative: str = ""
    portrait_px: Pixels = 512
    dtype: Literal["auto", "fp32", "fp16", "bf16"] = "auto"
    offload: bool = False
    batch_size: Annotated[int, Field(ge=1, le=64)] = 4


def lora_render_options(checkpoint: LoraCheckpoint, asked: LoraRenderOptions | None = None) -> LoraRenderOptions:
    """What a checkpoint is drawn with: what is asked for, at its own size unless another one is."""
    given = {} if asked is None else asked.model_dump(exclude_unset=True)
    return LoraRenderOptions.model_validate({"portrait_px": checkpoint.options.size_px, **given})


class LoraRenderer(DailyRenderer):
    """Draws each day's whole face from the clear face again, at the grade of the day, with the LoRAs of a checkpoint.

    Parameters
    ----------
    checkpoint : its folder, or as `open_lora` gives it.
    options : default `lora_render_options`.
    places : where the base network may lie; None: as the environment says.
    severity : a view's severity on the scale of the checkpoint's labels; the nearest grade that was learnt is drawn,
        of two the lower. None: the Hayashi grade of the view's lesions, for checkpoints that learnt it.

    Raises
    ------
    InputError
        No checkpoint; labels that need `severity`; text encoders that have learnt, too.
    ModelNotAvailable
        The base network, or a model of the portraits, is not here.
    """

    name = "learned"

    def __init__(
        self, checkpoint: LoraCheckpoint | str | os.PathLike[str], options: LoraRenderOptions | None = None,
        places: Places | None = None, severity: GradeOf | None = None,
    ) -> None:  # fmt: skip
        found = checkpoint if isinstance(checkpoint, LoraCheckpoint) else open_lora(checkpoint)
        _check(found, severity)
        chosen = options or lora_render_options(found)
        daily = _daily(chosen)
        super().__init__(daily, _studio(found, chosen, daily, places or Places.of()))
        self.checkpoint, self.severity = found, severity

    def grade(self, view: View) -> int:
        """The learnt grade that is nearest to the view's, of two the lower."""
        wanted = grade_of(view.scene.lesions) if self.severity is None else self.severity(view)
        return min(self.checkpoint.grades, key=lambda grade: (abs(grade - wanted), grade))

    def job(self, view: View, portrait: Portrait, grade: int) -> PaintJob:
        """The baseline's, with the training's prompt and the grade's LoRA."""
        o = self.checkpoint.options
        which = self.checkpoint.grades.index(grade) if o.per_grade else 0
        job = super().job(view, portrait, grade)
        return replace(job, prompt=o.prompt_of(grade), grades=((which, 1.0),))


def _check(checkpoint: LoraCheckpoint, severity: GradeOf | None) -> None:
    label = checkpoint.about["severity"]["column"]
    if severity is None and label != HAYASHI:
        advice = "A dataset's lesions tell Hayashi's grade alone."
        raise InputError(str(Fault(str(checkpoint.folder), f"labels {label}", f"labels {HAYASHI}", advice)))
    if checkpoint.options.text_encoder:
        advice = "Its pictures are drawn by nof1sim learn sample, and by diffusers' own pipelines."
        raise InputError(str(Fault(str(checkpoint.folder), "text_encoder=true", "a LoRA of the UNet alone", advice)))


def _daily(o: LoraRenderOptions) -> DailyOptions:
    """The same as options of the baseline."""
    if int(PRESETS[o.preset].steps * o.strength) < 1:
        allowed = f"at least {1 / PRESETS[o.preset].steps:.3g} with preset {o.preset!r}"
        raise RenderError(str(Fault("strength", o.strength, allowed)))
    bundle = "instantid" if o.faces == "procedural" else o.faces  # which is not opened for procedural faces
    dtype = "bf16" if o.dtype == "auto" else o.dtype
    return DailyOptions(
        bundle=bundle, preset=o.preset, strength=o.strength, negative=o.negative, portrait_px=o.portrait_px,
        dtype=dtype, offload=o.offload, batch_size=o.batch_size,
    )  # fmt: skip


def _studio(checkpoint: LoraCheckpoint, o: LoraRenderOptions, daily: DailyOptions, places: Places) -> Studio:
    """Models and faces."""
    said = {"learned": checkpoint.model, "learned_sha256": checkpoint.sha256}
    if o.faces == "procedural":
        models = _models(checkpoint, o, places)
        painter = MaskedSampler(models, PaintOptions(novelty=1.0, batch_size=o.batch_size))
        shown = {key: str(value) for key, value in models.describe().items() if key in SHOWN}
        return Studio(painter, _procedural(o.portrait_px), None, {**said, **shown})
    if checkpoint.options.base != "sdxl":
        raise InputError(str(Fault("faces", o.faces, "procedural", "The bundles' portraits are drawn by SDXL.")))
    asked = daily.of_studio()
    needed = [name for name in needed_models(BASELINE, asked) if name != "acne-lora"]
    found = {**resolve(needed, places), **_as_resolved(checkpoint)}
    studio = open_studio(BASELINE, asked, places, found)
    return Studio(studio.painter, studio.portrait, studio.reader, {**studio.said, **said})


SHOWN = ("base", "scheduler", "steps", "guidance", "dtype", "device")
"""What the truth says of the models, beside the checkpoint."""


def _models(checkpoint: LoraCheckpoint, o: LoraRenderOptions, places: Places) -> Components:
    """The base with the checkpoint's LoRAs, in the order of its grades."""
    model = find_base(checkpoint.options.base, places)
    paths = ModelPaths(model.folder, vae=model.vae, grade_loras=tuple(_loras(checkpoint)))
    models = load_components(paths, LoadOptions(o.preset, precision=o.dtype, offload=o.offload))
    guidance = models.preset.guidance if o.guidance is None else o.guidance
    return replace(models, preset=replace(models.preset, guidance=guidance))


def _loras(checkpoint: LoraCheckpoint) -> list[Path]:
    """One file a grade that was learnt, ascending; or the one of all."""
    if not checkpoint.options.per_grade:
        return [checkpoint.files[ALL]]
    return [checkpoint.file_of(grade) for grade in checkpoint.grades]


def _as_resolved(checkpoint: LoraCheckpoint) -> dict[str, Resolved]:
    """The same as the models that the studio takes for the published LoRAs."""
    found = {}
    for place, path in enumerate(_loras(checkpoint)):
        spec = spec_of(f"acne{place}-lora")
        found[spec.artifact] = Resolved(spec, {spec.files[0].path: path}, "models directory")
    return found


def _procedural(size_px: int) -> Portraits:
    """Clear faces of the procedural renderer: no face model is needed."""

    def portrait(view: View) -> Portrait:
        pixels, points = clear_face(view, size_px)
        return Portrait(pixels, points, None, {"portrait": "procedural"})

    return portrait
