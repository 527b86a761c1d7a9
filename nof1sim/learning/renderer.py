"""The learned renderer: a checkpoint of `nof1sim learn train` draws a trial's faces at each day's severity.

A model controls no lesion: masks are empty, the truth says so. What it is asked for is the severity that the day's
counted inflammatory lesions show, by the inverse of the condition's count map, as a share of the condition's most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..analysis.embed.networks import threads
from ..errors import Fault, InputError, ModelNotAvailable, RenderError
from ..model import Lesions, Nuisance, Render, View
from ..protocol.types import Condition as ConditionSettings
from ..render.camera import IGNORED, Points, shoot
from ..render.diffusion.daily import counted_inflammatory
from ..render.procedural import ProceduralRenderer
from . import places
from .lora_files import LoraCheckpoint
from .lora_render import HAYASHI, LoraRenderer, lora_render_options
from .sample_pictures import Pixels, resized
from .sampling import draw_pictures
from .torches import import_safetensors

LEAST_PX = 64
"""Of a face that the procedural renderer draws."""
CHANGED = 65535
"""In the support, of pixels that the model changed: no lesion has this number."""


@dataclass(frozen=True, slots=True)
class Clear:
    """A person's clear face (side, side, 3), its key points, and what is said of the person."""

    pixels: Pixels
    points_px: Points
    face: Mapping[str, float | str]


class LearnedRenderer:
    """Draws front views with a model of `nof1sim.learning`.

    What a model is given is the procedural renderer's clear face of the patient, brought to the checkpoint's size by
    means of pixels: with identity "base" and "noise" the neutral one, the same on every day; with "edit" that of the
    day's photograph. The outcome comes to the trial's size by bicubic interpolation (means of pixels where that is
    smaller). Of an edit only the change is brought to it, and laid over the clear face drawn at that size, so
    unchanged skin keeps its bytes; `support` is CHANGED where a byte differs. Of the others the camera of
    `render.camera` takes the day's photograph.

    The truth says `persistence`: "soft" where nothing is drawn by chance for a day (equal severity, equal marks),
    "none" where each day's marks are new.

    A LoRA checkpoint draws as `lora_render.LoraRenderer`.

    Raises
    ------
    ModelNotAvailable
        torch is missing, no checkpoint known here is the one that the protocol names, or its base network is not here.
    """

    name = "learned"
    modality = "face photograph"
    views: tuple[str, ...] = ("front",)
    repeatable: Literal["bitwise", "seeded"] = "seeded"
    batch_size = 8
    Options = places.LearnedOptions
    persons = staticmethod(places.persons)
    processes = staticmethod(places.processes)
    settle = staticmethod(places.settle)
    missing = staticmethod(places.missing)

    def __init__(self, options: places.LearnedOptions) -> None:
        import_safetensors()
        self.checkpoint = places.find(options)
        self._counts = np.asarray(options.counts or places.count_nodes(_acne()), float)
        self._procedural = ProceduralRenderer()
        self._kept: tuple[tuple[object, ...], Clear] | None = None
        self.ignores: tuple[str, ...] = IGNORED
        try:
            if isinstance(self.checkpoint, LoraCheckpoint):
                self.lora = self._as_lora(self.checkpoint, options)
            else:
                self.lora, self.learner = None, self.checkpoint.learner()
                self.ignores = () if self.learner.identity == "edit" else IGNORED
        except InputError as error:
            raise ModelNotAvailable(str(error)) from error

    def _as_lora(self, checkpoint: LoraCheckpoint, options: places.LearnedOptions) -> LoraRenderer:
        """Hayashi's grade is read from the lesions; any other label is asked for the same share of its scale."""
        scale = checkpoint.about["severity"]
        own = None if scale["column"] == HAYASHI else lambda view: scale["high"] * self.severity(view.scene.lesions)
        return LoraRenderer(checkpoint, lora_render_options(checkpoint, options.lora), severity=own)

    def prepare(self) -> None:
        """Compile the kernels of the face that the model is given."""
        self._procedural.prepare()

    def severity(self, lesions: Lesions) -> float:
        """What the model is asked for, 0 to 1."""
        share = np.linspace(0.0, 1.0, self._counts.size)
        return float(np.interp(counted_inflammatory(lesions), self._counts, share))

    def render(self, views: Sequence[View]) -> list[Render]:
        """Draw each view, in order. torch runs on one thread, so that the cores of a machine change no byte.

        Raises
        ------
        RenderError
            A view that is not the front, or a size that the procedural renderer cannot draw.
        """
        for view in views:
            if view.view not in self.views:
                raise RenderError(str(Fault("images.views", view.view, "front with the renderer learned")))
        asked = np.array([self.severity(view.scene.lesions) for view in views])
        said = {"renderer": self.name, "model": self.checkpoint.model, "checkpoint": self.checkpoint.sha256[:12]}
        if self.lora is not None:
            return [
                replace(found, drawn={**found.drawn, **said, "severity_asked": round(float(share), 4)})
                for found, share in zip(self.lora.render(views), asked, strict=True)
            ]
        clear = [self._clear(view) for view in views]
        size = self.checkpoint.size_px
        base = np.stack([resized(one.pixels, size) for one in clear])
        keys = [(view.scene.patient.key,) for view in views]
        with threads(1):
            drawn = draw_pictures(
                self.learner, base, np.zeros(len(views)), asked, views[0].seed, keys, [view.address for view in views]
            )
        said |= {"persistence": "none" if drawn.by_chance else "soft", "lesions_drawn": 0}
        out = []
        for i, view in enumerate(views):
            told = {**said, "view": view.view, "severity_asked": round(float(asked[i]), 4)}
            if self.learner.identity == "edit":
                out.append(_edited(view, clear[i], base[i], drawn.pixels[i], drawn.changed is not None, told))
            else:
                out.append(_photographed(view, clear[i], drawn.pixels[i], self.learner.identity == "base", told))
        return out

    def _clear(self, view: View) -> Clear:
        """The clear face that a view starts from; the neutral one is kept for one patient."""
        patient = view.scene.patient
        nobody = view.scene.lesions.take(np.zeros(0, np.int64))
        side = max(LEAST_PX, self.checkpoint.size_px)
        if self.learner.identity == "edit":
            side = max(side, view.size_px)
            bare = replace(view, scene=replace(view.scene, lesions=nobody, course=None), size_px=side, layers=())
            return self._drawn(bare)
        who = (view.seed, patient.key, patient.age_years, patient.sex, patient.ita_deg)
        if self._kept is None or self._kept[0] != who:
            scene = replace(view.scene, day=1, lesions=nobody, course=None)
            bare = View(scene, "front", Nuisance(), side, view.seed, (patient.key, "base"))
            self._kept = who, self._drawn(bare)
        return self._kept[1]

    def _drawn(self, view: View) -> Clear:
        found = self._procedural.render([view])[0]
        return Clear(found.pixels, found.keypoints_px, found.face)


def _photographed(view: View, clear: Clear, made: Pixels, theirs: bool, said: Mapping[str, float | str]) -> Render:
    """A model's picture through the day's camera. theirs : whether it shows the patient's own face."""
    size = view.size_px
    nothing = np.zeros((size, size), np.int32)
    points = scaled(clear.points_px, size / clear.pixels.shape[0]) if theirs else {}
    shot = shoot(resized(made, size), nothing, nothing, points, view.nuisance, (view.seed, *view.address))
    return _render(shot.pixels, shot.support, shot.points_px, said, clear.face if theirs else {})


def _edited(
    view: View, clear: Clear, base: Pixels, made: Pixels, tells: bool, said: Mapping[str, float | str]
) -> Render:
    """The change that a model made, laid over the day's clear face. tells : whether the model says where it changed."""
    side, size = clear.pixels.shape[0], view.size_px
    change = enlarged(made.astype(np.float32) - base, side)
    pixels = np.clip(np.rint(clear.pixels + change), 0, 255).astype(np.uint8)
    small, before = resized(pixels, size), resized(clear.pixels, size)
    support = np.where((small != before).any(-1), CHANGED, 0).astype(np.int32)
    points = scaled(clear.points_px, size / side)
    return _render(small, support if tells else np.zeros_like(support), points, said, clear.face)


def _render(
    pixels: Pixels, support: NDArray[np.int32], points: Points, said: Mapping[str, float | str],
    face: Mapping[str, float | str],
) -> Render:  # fmt: skip
    nothing, no_ids = np.zeros(support.shape, np.int32), np.zeros(0, np.int64)
    return Render(pixels, nothing, support, no_ids, np.zeros((0, 4)), no_ids, points, said, face=face)


def enlarged(change: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """Differences (s, s, 3) at a size that is not smaller, bicubic; at their own size the same."""
    if change.shape[0] == size_px:
        return change
    planes = [Image.fromarray(np.ascontiguousarray(change[..., k])) for k in range(3)]
    return np.stack([np.asarray(p.resize((size_px, size_px), Image.Resampling.BICUBIC)) for p in planes], -1)


def scaled(points_px: Points, scale: float) -> dict[str, tuple[float, float]]:
    """Key points in the same picture at another size."""
    return {name: ((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5) for name, (x, y) in points_px.items()}


def _acne() -> Any:
    from ..conditions.acne import Acne

    return Acne(ConditionSettings())
