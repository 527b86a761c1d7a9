"""The picture that everything else keeps to: from text, from a given picture, or of a given identity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .components import Components
from .conditioning import conditions
from .denoise import Batch, denoise
from .extras import missing, optional, wrong
from .jobs import PortraitJob
from .keypoints import draw_keypoints
from .latents import decode, encode, resized
from .memory import in_batches
from .regions import LATENT_CHANNELS, anchored_noise
from .sampler import generator


def make_portrait(
    components: Components, job: PortraitJob, adapter_scale: float = 0.8, control_scale: float = 0.8
) -> NDArray[np.uint8]:
    """One portrait, (h, w, 3).

    Without an identity the adapter is switched off: a face from the text, or from `source` changed by `strength`.
    InstantID also needs its IdentityNet, which puts the face where the key points are.
    """
    h, w = job.size_px
    if h % components.factor or w % components.factor:
        raise wrong("size_px", job.size_px, f"height and width that {components.factor} divides")
    if job.source is None and job.strength < 1:
        raise wrong("strength", job.strength, "1 without a source picture")
    if job.identity is not None and components.family is None:
        raise missing("adapter", None, "an InstantID or IP-Adapter file, to keep an identity", "nof1sim models pull.")
    if _is_instantid(components, job) and components.identity_net is None:
        raise missing("identity_net", None, "InstantID's folder ControlNetModel", "nof1sim models pull instantid.")
    if job.identity is not None and components.image_encoder is not None and job.face_picture is None:
        raise wrong("face_picture", None, "the picture that the identity was found in: this adapter looks at it")
    components.set_scale(adapter_scale if job.identity is not None else 0.0)
    components.set_grades({})  # a portrait is a clear face
    return in_batches([job], 1, lambda jobs: _draw(components, jobs[0], control_scale))[0]


def _is_instantid(components: Components, job: PortraitJob) -> bool:
    return job.identity is not None and components.family is not None and components.family.name == "instantid"


def _draw(components: Components, job: PortraitJob, control_scale: float) -> list[NDArray[np.uint8]]:
    torch, (h, w) = optional("torch"), job.size_px
    grid = (h // components.factor, w // components.factor)
    source = None if job.source is None else resized(job.source, job.size_px)
    start = torch.zeros(1, LATENT_CHANNELS, *grid) if source is None else encode(components, [source])
    noise = anchored_noise(job.seed, (*job.seed_address, "portrait"), grid, novelty=1)
    seen = np.zeros((h, w, 3), np.uint8) if job.face_picture is None else job.face_picture
    batch = Batch(
        start=start,
        noise=torch.from_numpy(noise)[None],
        mask=torch.ones(1, 1, *grid),
        prompts=components.prompts.encode([job.prompt]),
        negatives=components.prompts.encode([job.negative]),
        faces=conditions(components, [job.identity], [seen], components.preset.guidance > 1),
        sizes=[(h, w, 0, 0, h, w)],
        control=_drawing(components, job),
        generators=[generator(job.seed, (*job.seed_address, "portrait"))],
    )
    return decode(components, denoise(components, batch, job.strength, control_scale))


def _drawing(components: Components, job: PortraitJob) -> Any:
    """The key points' drawing (1, 3, h, w) 0..1, or None where nothing looks at it."""
    if job.identity is None or not _is_instantid(components, job):
        return None
    kps = np.asarray(job.identity.kps_px if job.kps_px is None else job.kps_px)
    h, w = job.size_px
    drawing = draw_keypoints(kps, (w, h)).transpose(2, 0, 1) / 255
    return optional("torch").from_numpy(drawing.astype(np.float32))[None]
