"""The loop: noise and times by address, accumulation, one step of the optimiser. Knows no files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import AnalysisError, Fault, ModelNotAvailable
from ..plugins import installed
from ..randomness import stream
from ..render.diffusion.extras import optional
from .lora_latents import Latents
from .lora_loss import Noising
from .lora_network import all_parameters, draw_weights, put, taken
from .lora_options import Base, LoraOptions
from .lora_text import TextEncoders, Texts, text_batch

MOVED_ON = 100
"""Steps in a row that half precision may skip for gradients that overflow, before it is a fault."""


@dataclass(frozen=True, slots=True)
class Task:
    """One LoRA: its name, the rows of the latents that it learns from, and their grades (n,)."""

    name: str
    rows: np.ndarray
    grades: np.ndarray


@dataclass(slots=True)
class State:
    """A LoRA after some steps. moments: of the optimiser; plain: its numbers that are no tensors, and the loss scale;
    losses: a number a step; skipped: steps in a row that were left out."""

    weights: dict[str, Any] = field(default_factory=dict)
    moments: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    skipped: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What every LoRA of a training shares. texts: embeddings, or encoders that learn. dtype: of the frozen weights."""

    base: Base
    options: LoraOptions
    unet: Any
    texts: Texts | TextEncoders
    noising: Noising
    latents: Latents
    device: str
    dtype: Any
    seed: int

    @property
    def models(self) -> dict[str, Any]:
        """The networks that a LoRA changes, by the name that diffusers knows them by."""
        more = self.texts.models if isinstance(self.texts, TextEncoders) else {}
        return {"unet": self.unet, **more}


def train(
    bench: Bench, task: Task, state: State, keep: Callable[[State], None], told: Callable[[int, float], None] | None
) -> State:
    """Train one LoRA from a state to the end; `keep` is called at checkpoints and at the end, `told` after each step.

    Equal for an equal seed on one kind of CPU in single precision, interrupted or not.

    Raises
    ------
    AnalysisError
        A loss or a gradient is not finite, or memory ran out; the last checkpoint stands.
    """
    torch, o = optional("torch"), bench.options
    if state.weights:
        put(bench.models, state.weights)
    else:
        draw_weights(bench.models, bench.seed, "learn", "lora", task.name)
    parameters = list(all_parameters(bench.models).values())
    optimiser = _optimiser(torch, o, parameters, bench.device)
    scaler = torch.amp.GradScaler(bench.device.partition(":")[0], enabled=bench.dtype is torch.float16)
    _put_moments(torch, optimiser, scaler, state)
    for model in bench.models.values():
        model.train()
    while len(state.losses) < o.steps:
        began = time.perf_counter()
        loss = _step(torch, bench, task, optimiser, scaler, parameters, state)
        state.losses.append(loss)
        state.seconds += time.perf_counter() - began
        if len(state.losses) % o.checkpoint_every == 0 or len(state.losses) == o.steps:
            state.weights = taken(bench.models)
            _take_moments(torch, optimiser, scaler, state)
            keep(state)
        if told:
            told(len(state.losses), loss)
    return state


def _step(
    torch: Any, bench: Bench, task: Task, optimiser: Any, scaler: Any, parameters: list[Any], state: State
) -> float:
    """One step of the optimiser; the mean loss of its passes."""
    o, number, total = bench.options, len(state.losses), 0.0
    for micro in range(o.accumulate):
        loss = _loss(torch, bench, task, number, micro)
        value = float(loss.detach())
        if not np.isfinite(value):
            raise _not_finite(number, f"a loss of {value}")
        scaler.scale(loss / o.accumulate).backward()
        total += value / o.accumulate
    scaler.unscale_(optimiser)
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, o.clip))
    finite = bool(np.isfinite(norm))
    state.skipped = 0 if finite else state.skipped + 1
    if not finite and (not scaler.is_enabled() or state.skipped > MOVED_ON):
        raise _not_finite(number, f"a gradient of norm {norm}")
    scaler.step(optimiser)
    scaler.update()
    optimiser.zero_grad(set_to_none=True)
    return total


def _loss(torch: Any, bench: Bench, task: Task, number: int, micro: int) -> Any:
    """The loss of one pass. All that is random in it belongs to the address of the pass."""
    o, latents = bench.options, bench.latents
    rng = stream(bench.seed, "learn", "lora", task.name, "step", number, micro)
    places = picked(task, o, bench.seed, number, micro)
    rows = task.rows[places]
    x = latents.drawn(rows, rng, o.flip)
    prompts = [o.prompt_of(int(grade)) for grade in task.grades[places]]
    sizes = latents.sizes[rows]
    if len(latents.prior):
        own = Task(f"{task.name} prior", np.arange(len(latents.prior)), np.zeros(len(latents.prior), np.int64))
        x = torch.cat([x, latents.prior[picked(own, o, bench.seed, number, micro)]])
        prompts += [o.prior_prompt] * o.batch
        sizes = torch.cat([sizes, torch.tensor([[o.size_px, o.size_px, 0, 0, o.size_px, o.size_px]] * o.batch)])
    noise = torch.from_numpy(rng.standard_normal(tuple(x.shape), np.float32))
    when = torch.from_numpy(rng.integers(0, bench.noising.steps, len(x)))
    noisy, target = bench.noising.noisy(x, noise, when)
    with torch.autocast(bench.device.partition(":")[0], bench.dtype, enabled=bench.dtype is not torch.float32):
        predicted = _predicted(torch, bench, noisy, when, prompts, sizes)
    target = target.to(bench.device)
    loss = bench.noising.loss(predicted[: o.batch], target[: o.batch], when[: o.batch])
    if len(x) > o.batch:
        rest = bench.noising.loss(predicted[o.batch :], target[o.batch :], when[o.batch :], weighted=False)
        loss = loss + o.prior_weight * rest
    return loss


def _predicted(torch: Any, bench: Bench, noisy: Any, when: Any, prompts: list[str], sizes: Any) -> Any:
    """What the UNet says of noisy latents."""
    text, pooled = text_batch(bench.texts, prompts, bench.device, bench.dtype)
    added = {}
    if bench.base == "sdxl":
        added = {"text_embeds": pooled, "time_ids": sizes.to(bench.device, bench.dtype)}
    noisy = noisy.to(bench.device, bench.dtype).requires_grad_(bench.options.checkpointing)
    return bench.unet(noisy, when.to(bench.device), text, added_cond_kwargs=added, return_dict=False)[0]


def picked(task: Task, options: LoraOptions, seed: int, number: int, micro: int) -> np.ndarray:
    """Places in the task (batch,) that a pass learns from: every picture once before any comes again.

    With `balanced` the grades take turns, and within each grade the same holds.
    """
    first = (number * options.accumulate + micro) * options.batch
    groups = [np.flatnonzero(task.grades == grade) for grade in np.unique(task.grades)]
    if not options.balanced:
        groups = [np.arange(len(task.rows))]
    found = []
    for k in range(first, first + options.batch):
        turn, group = k // len(groups), groups[k % len(groups)]
        order = stream(seed, "learn", "lora", task.name, "order", k % len(groups), turn // len(group))
        found.append(group[order.permutation(len(group))[turn % len(group)]])
    return np.array(found)


def _optimiser(torch: Any, o: LoraOptions, parameters: list[Any], device: str) -> Any:
    if o.optimiser == "adamw":
        return torch.optim.AdamW(parameters, lr=o.rate, weight_decay=o.decay)
    if not installed("bitsandbytes") or not device.startswith("cuda"):
        given = "no GPU" if installed("bitsandbytes") else "no bitsandbytes"
        advice = "pip install bitsandbytes; or optimiser=adamw: the same method, with moments of 32 bits."
        raise ModelNotAvailable(str(Fault("lora.optimiser", given, "bitsandbytes and a GPU for adamw8bit", advice)))
    return optional("bitsandbytes").optim.AdamW8bit(parameters, lr=o.rate, weight_decay=o.decay)


def _take_moments(torch: Any, optimiser: Any, scaler: Any, state: State) -> None:
    state.moments, plain = {}, {}
    for i, some in optimiser.state_dict()["state"].items():
        for key, value in some.items():
            if isinstance(value, torch.Tensor):
                state.moments[f"{i}:{key}"] = value.detach().to("cpu", copy=True)
            else:
                plain[f"{i}:{key}"] = value
    state.plain = {"moments": plain, "scaler": scaler.state_dict()}


def _put_moments(torch: Any, optimiser: Any, scaler: Any, state: State) -> None:
    if not state.losses:
        return
    known: Mapping[str, Any] = {**state.moments, **state.plain["moments"]}
    some: dict[int, dict[str, Any]] = {}
    for name, value in known.items():
        i, _, key = name.partition(":")
        some.setdefault(int(i), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": some})
    if state.plain["scaler"]:
        scaler.load_state_dict(state.plain["scaler"])


def _not_finite(number: int, given: str) -> AnalysisError:
    advice = "The last checkpoint is kept. Lower rate, or give precision=bf16 or fp32, and start anew."
    return AnalysisError(str(Fault(f"lora, step {number + 1}", given, "a finite one", advice)))
