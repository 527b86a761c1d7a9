"""The painter that keeps an identity: windows, batches across days and patients, the loop, the composite."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...randomness import key64
from .components import Components
from .conditioning import conditions
from .denoise import Batch, denoise, steps_run
from .extras import optional, wrong
from .jobs import PaintJob
from .keypoints import draw_keypoints
from .latents import decode, encode, resized
from .memory import in_batches
from .regions import Window, anchored_noise, check_job, composite, feather, plan_windows, pool_mask

KEPT_LATENTS = 256


@dataclass(frozen=True, slots=True)
class PaintOptions:
    """How regions are painted.

    window_px : side of a window.  crop_scale : 1 to 4, windows are drawn that much larger than they are.
    margin_px, feather_px : see `regions`.  novelty : 0..1, how much of the noise is a picture's own.
    adapter_scale, control_scale : pull of the adapter and of the IdentityNet while a region is painted.
    """

    window_px: int = 512
    crop_scale: float = 1.0
    batch_size: int = 4
    margin_px: int = 32
    feather_px: float = 6.0
    novelty: float = 0.2
    adapter_scale: float = 0.8
    control_scale: float = 0.8


@dataclass(frozen=True, slots=True)
class _Task:
    """One window of one job. scale : pixels drawn for one of the portrait.  factor : for one of the latents."""

    job: PaintJob
    window: Window
    scale: float
    factor: int

    @property
    def cells(self) -> tuple[int, int]:
        """The window on the latents' grid."""
        per = self.scale / self.factor
        return round(self.window.height * per), round(self.window.width * per)

    @property
    def size_px(self) -> tuple[int, int]:
        return self.cells[0] * self.factor, self.cells[1] * self.factor

    def group(self, has_net: bool) -> tuple:
        """Tasks of one group may share a batch: one size, schedule, set of networks and mix of LoRAs."""
        face = self.job.identity
        control = has_net and face is not None and self.window.shows(face.kps_px)
        return (*self.size_px, self.job.strength, face is not None, self.job.grades, control)


@dataclass(frozen=True, slots=True)
class MaskedSampler:
    """Paints with InstantID or an IP-Adapter (a `Painter`). Latents of unchanged windows are kept between calls."""

    components: Components
    options: PaintOptions = PaintOptions()
    latents: OrderedDict[bytes, Any] = field(default_factory=OrderedDict, repr=False)

    def paint(self, jobs: Sequence[PaintJob]) -> list[NDArray[np.uint8]]:
        """The full pictures (h, w, 3), in order; wherever a job's mask is 0 the bytes are the portrait's."""
        groups: dict[tuple, list[tuple[int, _Task]]] = {}
        for n, job in enumerate(jobs):
            check_job(job.portrait, job.mask, f"jobs[{n}]")
            steps_run(self.components.preset.steps, job.strength)
            for window in plan_windows(job.mask, self.options.window_px, self.options.margin_px):
                task = _Task(job, window, self._scale(window, job), self.components.factor)
                groups.setdefault(task.group(self.components.identity_net is not None), []).append((n, task))
        self.components.prompts.encode(text for job in jobs for text in (job.prompt, job.negative))
        out = [job.portrait.copy() for job in jobs]
        alphas = [feather(job.mask, self.options.feather_px) for job in jobs]
        for group, tasks in groups.items():
            self.components.set_scale(self.options.adapter_scale if group[3] else 0.0)
            self.components.set_grades(dict(group[4]))
            painted = in_batches([task for _, task in tasks], self.options.batch_size, self._batch)
            for (n, task), above in zip(tasks, painted, strict=True):
                part = task.window.cut(out[n])
                alpha = np.where(task.window.mask > 0, task.window.cut(alphas[n]), 0.0)
                part[...] = composite(part, above, alpha)
        return out

    def _scale(self, window: Window, job: PaintJob) -> float:
        whole = (window.height, window.width) == job.portrait.shape[:2]
        if not 1 <= self.options.crop_scale <= 4:
            raise wrong("crop_scale", self.options.crop_scale, "1 to 4")
        return 1.0 if whole else self.options.crop_scale

    def _batch(self, tasks: list[_Task]) -> list[NDArray[np.uint8]]:
        """The windows of a batch, painted, at their own size."""
        torch, models = optional("torch"), self.components
        jobs = [task.job for task in tasks]
        masks = [pool_mask(task.window.mask, task.cells) for task in tasks]
        with_control = tasks[0].group(models.identity_net is not None)[-1]
        batch = Batch(
            start=self._latents(tasks),
            noise=torch.from_numpy(np.stack([self._noise(task) for task in tasks])),
            mask=torch.from_numpy(np.stack(masks)[:, None]).float(),
            prompts=models.prompts.encode(job.prompt for job in jobs),
            negatives=models.prompts.encode(job.negative for job in jobs),
            faces=conditions(
                models, [job.identity for job in jobs], [job.portrait for job in jobs], models.preset.guidance > 1
            ),
            sizes=[_sizes(task) for task in tasks],
            control=torch.from_numpy(np.stack([_drawing(task) for task in tasks])) if with_control else None,
            generators=[generator(t.job.seed, (*t.job.seed_address, t.window.y, t.window.x)) for t in tasks],
        )
        painted = decode(models, denoise(models, batch, jobs[0].strength, self.options.control_scale))
        sizes = [(task.window.height, task.window.width) for task in tasks]
        return [resized(picture, size) for picture, size in zip(painted, sizes, strict=True)]

    def _noise(self, task: _Task) -> NDArray[np.float32]:
        """The window's part of the portrait's noise."""
        per, (rows, columns) = task.scale / task.factor, task.cells
        y, x = round(task.window.y * per), round(task.window.x * per)
        shape = [math.ceil(side * per) + 1 for side in task.job.portrait.shape[:2]]  # 1: a window may be rounded up
        whole = anchored_noise(task.job.seed, task.job.seed_address, (shape[0], shape[1]), self.options.novelty)
        return whole[:, y : y + rows, x : x + columns]

    def _latents(self, tasks: Sequence[_Task]) -> Any:
        """Latents of the windows' present content; each content is encoded once."""
        crops = [resized(np.ascontiguousarray(task.window.cut(task.job.portrait)), task.size_px) for task in tasks]
        keys = [hashlib.blake2b(crop.tobytes(), digest_size=16).digest() for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in self.latents}
        for key, crop in new.items():  # one at a time: a crop's latents do not depend on its neighbours
            self.latents[key] = encode(self.components, [crop])[0]
        out = optional("torch").stack([self.latents[key] for key in keys])
        while len(self.latents) > KEPT_LATENTS:
            self.latents.popitem(last=False)
        return out


def generator(seed: int, address: Sequence[str | int]) -> Any:
    """The torch generator of an address, on the CPU: the same numbers on every device."""
    return optional("torch").Generator("cpu").manual_seed(key64(seed, *address, "steps"))


def _sizes(task: _Task) -> tuple[int, ...]:
    """Height and width of the portrait, the window's corner and its size, all as large as they are drawn."""
    places = (*task.job.portrait.shape[:2], task.window.y, task.window.x)
    return (*(round(place * task.scale) for place in places), *task.size_px)


def _drawing(task: _Task) -> NDArray[np.float32]:
    """The key points in the window, (3, h, w) 0..1, drawn as large as they are in the whole portrait."""
    assert task.job.identity is not None
    kps = (np.asarray(task.job.identity.kps_px) - [task.window.x, task.window.y]) * task.scale
    h, w = task.size_px
    drawn = draw_keypoints(kps, (w, h), max(task.job.portrait.shape[:2]) * task.scale)
    return (drawn.transpose(2, 0, 1) / 255).astype(np.float32)
