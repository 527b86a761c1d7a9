"""A face -> what the adapter and the IdentityNet are fed, for a batch of different people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .align import aligned_crop
from .extras import optional, wrong
from .faces import FaceIdentity

if TYPE_CHECKING:
    from .components import Components

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_SD = (0.26862954, 0.26130258, 0.27577711)
"""Of the channels 0..1 in CLIP's training pictures (Radford et al. 2021)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What says who is in the pictures; first axis [uncond, cond] under guidance, else cond alone.

    embeds : (n, 1, ...) for the adapter, None without one.  clip : (n, 1, patches, width) for FaceID-Plus, else None.
    """

    embeds: Any = None
    clip: Any = None


def projection(components: Components) -> Any:
    """The adapter's projection of an embedding to tokens: the one attribute of diffusers that is undocumented."""
    layers = getattr(components.unet.encoder_hid_proj, "image_projection_layers", None)
    if not layers:
        raise wrong("diffusers", "a UNet whose adapter cannot be reached", "diffusers 0.42 or 0.43, an adapter loaded")
    return layers[0]


def conditions(
    components: Components,
    identities: Sequence[FaceIdentity | None],
    portraits: Sequence[NDArray[np.uint8]],
    guided: bool,
) -> Conditions:
    """Conditions of a batch: for each item its own face (None: nobody) and the portrait that shows it."""
    family, torch = components.family, optional("torch")
    if family is None:
        return Conditions()
    for identity in identities:
        if identity is not None and family.pack and identity.pack != family.pack:
            advice = "Embeddings of two packs are different spaces; analyse the portrait with that pack."
            raise wrong("identity.pack", identity.pack, f"{family.pack}, which {family.title} was trained with", advice)
    zero, clip = None, None
    if family.clip:
        clip, zero = _clip(components, identities, portraits)
    if family.embedding in ("raw", "normed"):
        name = {"raw": "embedding", "normed": "normed_embedding"}[family.embedding]
        rows = [np.zeros(512) if i is None else np.asarray(getattr(i, name)) for i in identities]
        odd = next((row.shape for row in rows if row.shape != (512,)), None)
        if odd:
            raise wrong(f"identity.{name}", odd, "(512,)")
        embeds = torch.tensor(np.stack(rows), dtype=components.dtype)[:, None, None]
        both = _guided(embeds, torch.zeros_like(embeds), guided)
        if family.embedding == "normed":
            both = both[:, 0]
        return Conditions(both, None if clip is None else _guided(clip, torch.zeros_like(clip), guided))
    return Conditions(_guided(clip, zero, guided))


def _guided(cond: Any, uncond: Any, guided: bool) -> Any:
    return optional("torch").cat([uncond, cond]) if guided else cond


def _clip(
    components: Components, identities: Sequence[FaceIdentity | None], portraits: Sequence[NDArray[np.uint8]]
) -> tuple[Any, Any]:
    """CLIP's view of each face, (b, 1, ...), and of nothing."""
    torch, encoder, family = optional("torch"), components.image_encoder, components.family
    side = encoder.config.image_size
    crops = np.zeros((len(portraits), side, side, 3), np.uint8)
    for i, (identity, portrait) in enumerate(zip(identities, portraits, strict=True)):
        if identity is not None:
            crops[i] = aligned_crop(portrait, np.asarray(identity.kps_px), side)
    pixels = (crops / 255 - np.array(CLIP_MEAN)) / np.array(CLIP_SD)
    pixels = torch.tensor(pixels.transpose(0, 3, 1, 2), dtype=components.dtype, device=components.device)
    with torch.inference_mode(), components.resident(encoder):
        if family is not None and family.embedding == "clip":
            cond = encoder(pixels).image_embeds
            uncond = torch.zeros_like(cond)
        else:
            cond = encoder(pixels, output_hidden_states=True).hidden_states[-2]
            uncond = encoder(torch.zeros_like(pixels), output_hidden_states=True).hidden_states[-2]
    return cond[:, None].cpu(), uncond[:, None].cpu()


@contextmanager
def shown(components: Components, given: Conditions) -> Iterator[None]:
    """Puts FaceID-Plus's picture of the faces where diffusers looks for it, and takes it away afterwards."""
    if given.clip is None:
        yield
        return
    layer = projection(components)
    layer.clip_embeds = given.clip.to(components.device)
    layer.shortcut = components.family is not None and components.family.shortcut
    try:
        yield
    finally:
        layer.clip_embeds = None


def face_tokens(components: Components, given: Conditions) -> Any:
    """The tokens (n, tokens, cross) that the adapter makes of the embeddings: what IdentityNet attends to.

    Under guidance the first half are the tokens of a zero embedding, not zeros: so InstantID was published.
    """
    torch = optional("torch")
    with torch.inference_mode():
        embeds = given.embeds.to(components.device)
        return projection(components)(embeds.reshape(len(embeds), *embeds.shape[2:]))
