"""The loop: latents, a mask that opens with time, prompts and faces -> new latents. One batch, many people.

It draws what diffusers' SDXL ControlNet inpaint pipeline draws (tested against it), with four differences: each item
has its own face; masks are pooled so that no small lesion is lost; a mask may be graded; nothing is encoded twice.
"""

from __future__ import annotations

import inspect
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .conditioning import Conditions, face_tokens, shown
from .extras import optional, without_notes, wrong
from .identitynet import wearing
from .prompt_book import Embedding

if TYPE_CHECKING:
    from .components import Components


@dataclass(frozen=True, slots=True)
class Batch:
    """One run of the loop; b items, torch tensors on the CPU.

    start : (b, 4, h, w) latents of the pictures.  noise : the same shape, unit variance.
    mask : (b, 1, h, w) 0..1; m is opened to the model at step i of T where m > 1 - (i + 1) / T, so 1 is open
        throughout and 0 never.
    sizes : b times (original h, w, top, left, target h, w), SDXL's micro-conditioning.
    control : (b, 3, H, W) 0..1, the key points' drawing; None leaves the IdentityNet out.
    generators : a torch.Generator an item, for schedulers that draw at every step.
    """

    start: Any
    noise: Any
    mask: Any
    prompts: list[Embedding]
    negatives: list[Embedding]
    faces: Conditions
    sizes: list[tuple[int, ...]]
    control: Any = None
    generators: list[Any] | None = None


def steps_run(steps: int, strength: float) -> int:
    """How many of the schedule's steps a strength runs; raises where it is none."""
    run = min(int(steps * strength), steps)
    if not 0 < strength <= 1 or run < 1:
        raise wrong(
            "strength", strength, f"{1 / steps:.3g} to 1 for {steps} steps", "Few steps want a strength near 1."
        )
    return run


def denoise(components: Components, batch: Batch, strength: float, control_scale: float = 0.8) -> Any:
    """The batch's new latents (b, 4, h, w), on the CPU; where the mask is 0 they equal `start`."""
    torch, chosen, device = optional("torch"), components.preset, components.device
    guided = chosen.guidance > 1
    scheduler = components.scheduler()
    with without_notes():
        scheduler.set_timesteps(chosen.steps, device=device)
    first = (chosen.steps - steps_run(chosen.steps, strength)) * scheduler.order
    times = scheduler.timesteps[first:]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    start, noise = (x.to(device, components.dtype) for x in (batch.start, batch.noise))
    mask = batch.mask.to(device)
    extra = {}
    if batch.generators is not None and "generator" in inspect.signature(scheduler.step).parameters:
        extra["generator"] = batch.generators
    net = components.identity_net if batch.control is not None else None
    with torch.inference_mode(), ExitStack() as stack:
        stack.enter_context(components.resident(*(m for m in (components.unet, net) if m is not None)))
        stack.enter_context(shown(components, batch.faces))
        if net is not None:
            stack.enter_context(wearing(net, face_tokens(components, batch.faces)))
        guess = _guesser(components, batch, guided, control_scale)
        latents = noise * scheduler.init_noise_sigma
        if strength < 1:
            latents = scheduler.add_noise(start, noise, times[:1].repeat(len(start)))
        for i, time in enumerate(times):
            predicted = guess(scheduler.scale_model_input(latents, time), time)
            latents = scheduler.step(predicted, time, latents, return_dict=False, **extra)[0]
            last = i + 1 == len(times)
            kept = start if last else scheduler.add_noise(start, noise, times[i + 1 : i + 2])
            latents = torch.where(mask > 1 - (i + 1) / len(times), latents, kept)
    return latents.cpu()


def _guesser(components: Components, batch: Batch, guided: bool, control_scale: float) -> Any:
    """The function (scaled latents, time) -> predicted noise, guidance included."""
    torch, device, dtype = optional("torch"), components.device, components.dtype
    pairs = [*batch.negatives, *batch.prompts] if guided else batch.prompts
    text = torch.stack([e.text for e in pairs]).to(device, dtype)
    sizes, added = batch.sizes * (2 if guided else 1), {}
    if components.base == "sdxl":
        added = {
            "text_embeds": torch.stack([e.pooled for e in pairs]).to(device, dtype),
            "time_ids": torch.tensor(sizes, device=device, dtype=dtype),
        }
    who = {} if batch.faces.embeds is None else {"image_embeds": [batch.faces.embeds.to(device)]}
    control = None if batch.control is None else batch.control.to(device, dtype)
    if control is not None and guided:
        control = torch.cat([control, control])

    def guess(latents: Any, time: Any) -> Any:
        both = torch.cat([latents, latents]) if guided else latents
        down, middle = None, None
        if control is not None:
            down, middle = components.identity_net(
                both, time, text, control, control_scale, added_cond_kwargs=added, return_dict=False
            )
        predicted = components.unet(
            both, time, text, added_cond_kwargs={**added, **who}, down_block_additional_residuals=down,
            mid_block_additional_residual=middle, return_dict=False,
        )[0]  # fmt: skip
        if not guided:
            return predicted
        uncond, cond = predicted.chunk(2)
        return uncond + components.preset.guidance * (cond - uncond)

    return guess
