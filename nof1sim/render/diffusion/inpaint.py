"""One adapter for every inpainting pipeline of diffusers; what comes back is composited like everything else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .extras import optional, without_bars, wrong
from .files import safetensors_shapes
from .jobs import PaintJob
from .latents import resized
from .loading import LoadOptions, choose_device, need_file, variant
from .memory import in_batches
from .regions import Window, check_job, composite, feather, plan_windows, pool_mask
from .sampler import generator


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family of models is asked: the pipeline's class, the argument that holds guidance, what it lacks.

    batches : several pictures in one call.  negative : it reads a negative prompt.
    """

    pipeline: str
    guidance: str = "guidance_scale"
    batches: bool = True
    negative: bool = True


_SD = Dialect("StableDiffusionInpaintPipeline")
_SDXL = Dialect("StableDiffusionXLInpaintPipeline")
_KLEIN = Dialect("Flux2KleinInpaintPipeline", batches=False, negative=False)
_QWEN = Dialect("QwenImageEditInpaintPipeline", "true_cfg_scale", batches=False)

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "StableDiffusionPipeline": _SD,
        "StableDiffusionInpaintPipeline": _SD,
        "StableDiffusionXLPipeline": _SDXL,
        "StableDiffusionXLInpaintPipeline": _SDXL,
        "Flux2KleinPipeline": _KLEIN,
        "Flux2KleinInpaintPipeline": _KLEIN,
        "QwenImageEditPipeline": _QWEN,
        "QwenImageEditInpaintPipeline": _QWEN,
    }
)
"""`_class_name` in a model's model_index.json -> its dialect."""


@dataclass(frozen=True, slots=True)
class InpaintOptions:
    """steps, guidance : of the pipeline.  The rest as in `sampler.PaintOptions`."""

    steps: int = 20
    guidance: float = 5.0
    window_px: int = 512
    margin_px: int = 32
    feather_px: float = 6.0
    batch_size: int = 4
    grid_px: int = 16


@dataclass(frozen=True, slots=True)
class PlainInpaint:
    """Paints with a plain inpainting pipeline (a `Painter`): text alone, no identity; masks count as 0 or 1.

    The lock on identity is the composite: such a model never sees whom it paints, but it cannot change the rest.
    """

    pipeline: Any
    dialect: Dialect
    options: InpaintOptions = InpaintOptions()

    def paint(self, jobs: Sequence[PaintJob]) -> list[NDArray[np.uint8]]:
        """The full pictures (h, w, 3), in order; wherever a job's mask is 0 the bytes are the portrait's."""
        groups: dict[tuple, list[tuple[int, PaintJob, Window]]] = {}
        for n, job in enumerate(jobs):
            check_job(job.portrait, job.mask, f"jobs[{n}]")
            if int(self.options.steps * job.strength) < 1:
                raise wrong(f"jobs[{n}].strength", job.strength, f"{1 / self.options.steps:.3g} to 1")
            for window in plan_windows(job.mask, self.options.window_px, self.options.margin_px, self.options.grid_px):
                groups.setdefault((window.height, window.width, job.strength), []).append((n, job, window))
        out = [job.portrait.copy() for job in jobs]
        alphas = [feather(job.mask, self.options.feather_px) for job in jobs]
        size = self.options.batch_size if self.dialect.batches else 1
        for tasks in groups.values():
            for (n, _, window), above in zip(tasks, in_batches(tasks, size, self._batch), strict=True):
                part = window.cut(out[n])
                part[...] = composite(part, above, np.where(window.mask > 0, window.cut(alphas[n]), 0.0))
        return out

    def _batch(self, tasks: list[tuple[int, PaintJob, Window]]) -> list[NDArray[np.uint8]]:
        jobs, windows = [job for _, job, _ in tasks], [window for _, _, window in tasks]
        asked: dict[str, Any] = {
            "prompt": [job.prompt for job in jobs],
            "image": [Image.fromarray(window.cut(job.portrait)) for job, window in zip(jobs, windows, strict=True)],
            "mask_image": [Image.fromarray(_coarse(window.mask)) for window in windows],
            "generator": [generator(j.seed, (*j.seed_address, w.y, w.x)) for j, w in zip(jobs, windows, strict=True)],
            "height": windows[0].height,
            "width": windows[0].width,
            "strength": jobs[0].strength,
            "num_inference_steps": self.options.steps,
            self.dialect.guidance: self.options.guidance,
            "output_type": "np",
        }
        if self.dialect.negative:
            asked["negative_prompt"] = [job.negative for job in jobs]
        if not self.dialect.batches:
            asked = {key: value[0] if isinstance(value, list) else value for key, value in asked.items()}
        with optional("torch").inference_mode():
            pictures = self.pipeline(**asked).images
        bytes_ = [np.rint(np.asarray(picture) * 255).clip(0, 255).astype(np.uint8) for picture in pictures]
        return [resized(picture, window.mask.shape) for picture, window in zip(bytes_, windows, strict=True)]


def _coarse(mask: NDArray, block: int = 8) -> NDArray[np.uint8]:
    """The mask 0 or 255, widened to whole latent pixels: pipelines sample it by nearest neighbour and lose spots."""
    cells = (mask.shape[0] // block, mask.shape[1] // block)
    return np.kron(pool_mask(np.where(mask > 0, 1.0, 0.0), cells), np.full((block, block), 255)).astype(np.uint8)


def load_inpaint(
    folder: str | os.PathLike[str], options: InpaintOptions | None = None, load: LoadOptions | None = None
) -> PlainInpaint:
    """Read an inpainting model from a local folder in the layout of diffusers (with model_index.json)."""
    folder, load = Path(folder), load or LoadOptions()
    need_file(folder / "model_index.json")
    name = json.loads((folder / "model_index.json").read_text(encoding="utf-8")).get("_class_name")
    if name not in DIALECTS:
        raise wrong(folder / "model_index.json", name, ", ".join(DIALECTS), "Other pipelines are not known here.")
    for file in sorted(folder.rglob("*.safetensors")):
        safetensors_shapes(file)
    device, dtype = choose_device(load)
    cls = getattr(optional("diffusers"), DIALECTS[name].pipeline)
    extra = {"safety_checker": None, "requires_safety_checker": False} if DIALECTS[name] is _SD else {}
    with without_bars("diffusers"), without_bars("transformers"):
        pipeline = cls.from_pretrained(
            folder, local_files_only=True, dtype=dtype, variant=variant(folder / "unet"), **extra
        )
    pipeline.set_progress_bar_config(disable=True)
    if load.offload and device != "cpu":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.to(device)
    return PlainInpaint(pipeline, DIALECTS[name], options or InpaintOptions())
