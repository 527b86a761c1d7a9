"""Cost of the diffusion renderers: with a GPU in seconds, without one in multiply-adds of the same networks.

    python benchmarks/diffusion.py                       the best device that torch finds, a minute or two
    python benchmarks/diffusion.py --device meta         floating-point operations: nothing is computed, no memory
    python benchmarks/diffusion.py --every 1             windows of every day of the trial, not of each fifth

No weights are needed: the networks are SDXL's, IdentityNet's and their VAE at full size with random weights (their
configurations are public; speed does not depend on the values). What the face adapter adds, 16 tokens in each
cross-attention (0.2 % of the UNet), is left out. How often each network runs is planned by the renderer's own code for
the default trial: ten patients, 140 days, at most 20 passes.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from nof1sim.model import Unit, View
from nof1sim.protocol import load_protocol
from nof1sim.render.diffusion.days import compose
from nof1sim.render.diffusion.episodes import episodes_of, pass_mask, plan_passes
from nof1sim.render.diffusion.regions import plan_windows
from nof1sim.render.diffusion.renderer import Sitter, masks_of
from nof1sim.render.diffusion.residuals import stamps_of
from nof1sim.render.diffusion.sampler import PaintOptions
from nof1sim.render.diffusion.studio import Portrait, clear_face
from nof1sim.render.skin.warp import fit_warp
from nof1sim.simulation.plan import Plan

UNET = {
    "sample_size": 128, "block_out_channels": (320, 640, 1280), "layers_per_block": 2,
    "attention_head_dim": (5, 10, 20),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10), "cross_attention_dim": 2048, "use_linear_projection": True,
    "addition_embed_type": "text_time", "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
VAE = {
    "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4, "latent_channels": 4, "sample_size": 1024,
}  # fmt: skip
"""Of SDXL base 1.0, as published; an IdentityNet is a ControlNet of the same UNet."""
SMALL = {"block_out_channels": (32, 64, 64), "attention_head_dim": (1, 2, 2), "transformer_layers_per_block": (1, 1, 1)}
WHOLE, WINDOW, DAYS, PORTRAIT_STEPS, MOST_PASSES = 1024, 512, 140, 30, 20
SPEEDS = {"T4": 15.0, "A100": 130.0, "H200": 300.0}
"""Assumed sustained TFLOP/s in half precision: guesses, 23 to 42 % of the peaks."""
PUBLISHED = (("SDXL image to image, published", "T4", 5.0), ("GLIDE, published", "A100", 8.0))
"""Seconds a picture."""
KPS = ("pupil_right", "pupil_left", "pronasale", "cheilion_right", "cheilion_left")
Cost = Mapping[tuple[str, int, int], float]
"""Network, pixels a side, batch -> cost of one run on the batch: seconds, or TFLOP."""


@dataclass(frozen=True)
class Networks:
    """SDXL with random weights, on a device. shrink : how many times smaller the pictures are than they are said to be
    (1 but where the script is only tried)."""

    unet: Any
    net: Any
    vae: Any
    device: str
    dtype: Any
    shrink: int

    def runs(self, size: int, batch: int) -> dict[str, Callable[[], Any]]:
        """Each network once, on a batch of pictures of a size."""
        import torch

        def empty(*shape: int) -> Any:
            return torch.zeros(*shape, device=self.device, dtype=self.dtype)

        size //= self.shrink
        latents, pixels = empty(batch, 4, size // 8, size // 8), empty(batch, 3, size, size)
        text, faces, when = empty(batch, 77, 2048), empty(batch, 16, 2048), torch.ones((), device=self.device)
        added = {"text_embeds": empty(batch, 1280), "time_ids": empty(batch, 6)}
        return {
            "unet": lambda: self.unet(latents, when, text, added_cond_kwargs=added),
            "net": lambda: self.net(latents, when, faces, pixels, added_cond_kwargs=added),
            "encode": lambda: self.vae.encode(pixels),
            "decode": lambda: self.vae.decode(latents),
        }


def networks(device: str, small: bool) -> Networks:
    """The networks; on "meta" they take no memory."""
    import diffusers
    import torch

    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    with torch.device("meta"):
        unet = diffusers.UNet2DConditionModel(**(UNET | (SMALL if small else {})))
        net = diffusers.ControlNetModel.from_unet(unet, load_weights_from_unet=False)
        vae = diffusers.AutoencoderKL(**(VAE | ({"block_out_channels": (32, 32, 32, 32)} if small else {})))
    for model in (unet, net, vae):
        torch.nn.Module.to(model, dtype).eval().requires_grad_(False)
        if device != "meta":
            model.to_empty(device=device)
            for weight in model.parameters():
                weight.uniform_(-0.02, 0.02)
            model.to(memory_format=torch.channels_last)
    return Networks(unet, net, vae, device, dtype, 16 if small else 1)


def costs(models: Networks, sizes: tuple[int, int], batches: tuple[int, ...]) -> dict[tuple[str, int, int], float]:
    """Seconds, or on the meta device TFLOP, of every network at every size and batch."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    out = {}
    with torch.inference_mode(models.device != "meta"), torch.no_grad():
        for size in sizes:
            for batch in batches:
                for name, run in models.runs(size, batch).items():
                    if models.device == "meta":
                        with FlopCounterMode(display=False) as counter:
                            run()
                        out[name, size, batch] = counter.get_total_flops() / 1e12
                    else:
                        out[name, size, batch] = seconds(run, models.device)
    return out


def seconds(run: Callable[[], Any], device: str, times: int = 5) -> float:
    """Median of some runs, after one that is not counted."""
    import torch

    taken = []
    for _ in range(times + 1):
        start = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken[1:]))


def portrait_cost(cost: Cost, size: int) -> float:
    """A portrait from words: a face of the text, and the portrait that keeps to it; 30 guided steps each."""
    steps = PORTRAIT_STEPS * (2 * cost["unet", size, 2] + cost["net", size, 2])
    return steps + 2 * cost["decode", size, 1]


def edit_cost(cost: Cost, size: int, steps: int, batch: int, net: bool = True) -> float:
    """One region painted without guidance, its share of a batch; the VAE's latents are taken as new each time."""
    step = cost["unet", size, batch] + (cost["net", size, batch] if net else 0.0)
    return (steps * step + cost["decode", size, batch]) / batch + cost["encode", size, 1]


@dataclass(frozen=True)
class Work:
    """What one patient needs: number of painted windows by (pixels a side, whether a key point is in it)."""

    lesions: int
    passes: int
    once: dict[tuple[int, bool], int]
    daily: dict[tuple[int, bool], int]
    day_ms: list[float]


def add_windows(to: dict[tuple[int, bool], int], mask: np.ndarray, kps: np.ndarray, times: int = 1) -> None:
    """Count the windows in which the sampler would paint a mask."""
    options = PaintOptions()
    for window in plan_windows(mask, options.window_px, options.margin_px):
        key = (window.height, window.shows(kps))
        to[key] = to.get(key, 0) + times


def work_of(plan: Plan, rank: int, every: int) -> Work:
    """The passes and the days of a patient, planned by the renderer's own code on the procedural face's key points."""
    first = plan.view(Unit(rank, 1))
    pixels, points = clear_face(first, WHOLE)
    course, warp = first.scene.course, fit_warp(points)
    assert course is not None
    episodes = episodes_of(course, warp, WHOLE)
    passes = plan_passes(episodes, MOST_PASSES)
    sitter = Sitter((), Portrait(pixels, points, None), warp, episodes, passes, [])
    kps = np.array([points[name] for name in KPS if name in points] or list(points.values()))
    once: dict[tuple[int, bool], int] = {}
    painted = []
    for one in passes.each:
        mask = pass_mask(episodes, one.rows, WHOLE)
        add_windows(once, mask, kps)
        painted.append(np.where(mask[..., None] > 0, pixels // 2, pixels))
    stamps = stamps_of(episodes, passes, pixels, painted)
    daily: dict[tuple[int, bool], int] = {}
    taken = []
    for day in range(1, DAYS + 1, every):
        view: View = plan.view(Unit(rank, day))
        start = time.perf_counter()
        compose(pixels, episodes, stamps, view.scene.lesions)
        taken.append(1e3 * (time.perf_counter() - start))
        for mask in masks_of(view, sitter).strength.values():
            add_windows(daily, mask, kps, every)
    return Work(len(episodes), len(passes.each), once, daily, taken)


def total(cost: Cost, windows: Mapping[tuple[int, bool], int], steps: int, batch: int) -> float:
    return sum(n * edit_cost(cost, size, steps, batch, net) for (size, net), n in windows.items())


def stage_table(cost: Cost, unit: str, batches: tuple[int, ...]) -> Table:
    """Cost of each stage, and on the meta device the projected seconds."""
    projected = unit == "TFLOP"
    table = Table("stage", unit, *(SPEEDS if projected else ()), title="Stages" + ", seconds projected" * projected)
    rows = [("portrait from words: 2 x 30 guided steps, 1024 px", portrait_cost(cost, WHOLE))]
    for size in (WHOLE, WINDOW):
        for steps in (4, 8):
            for batch in batches:
                name = f"region painted in {size} px, {steps} steps" + f", batch {batch}" * (len(batches) > 1)
                rows.append((name, edit_cost(cost, size, steps, batch)))
    for name in ("unet", "net", "encode", "decode"):
        rows.append((f"{name} once, 1024 px", cost[name, WHOLE, 1]))
    for name, value in rows:
        said = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        table.add_row(name, said, *(f"{value / speed:.2g}" for speed in SPEEDS.values() if projected))
    if projected:
        for name, card, known in PUBLISHED:
            table.add_row(name, "", *(f"{known:.2g}" if card == each else "" for each in SPEEDS))
    return table


def trial_table(cost: Cost, unit: str, works: list[Work], batch: int) -> Table:
    """Painting once beside painting daily, over the default trial, per patient."""
    lesions, passes = (np.median([getattr(work, name) for work in works]) for name in ("lesions", "passes"))
    title = f"{DAYS} days, mean of {len(works)} patients; median {lesions:.0f} lesions in {passes:.0f} passes"
    table = Table("a patient's", "windows 512", "whole 1024", f"{unit}, 4 steps", f"{unit}, 8 steps", title=title)
    sums = {}
    for name in ("once", "daily"):
        per = [getattr(work, name) for work in works]
        count = {size: sum(n for one in per for (s, _), n in one.items() if s == size) / len(per)
                 for size in (WINDOW, WHOLE)}  # fmt: skip
        sums[name] = [sum(total(cost, one, steps, batch) for one in per) / len(per) for steps in (4, 8)]
        mode = {"once": "paint-once", "daily": "edit-daily"}[name]
        table.add_row(mode, *(f"{count[s]:.1f}" for s in count), *(f"{value:,.0f}" for value in sums[name]))
    baseline = [DAYS * edit_cost(cost, WHOLE, steps // 2, batch, net=False) for steps in (4, 8)]
    table.add_row("img2img-daily, strength 0.5", "0.0", f"{DAYS}.0", *(f"{value:,.0f}" for value in baseline))
    portrait = portrait_cost(cost, WHOLE)
    ratios = [a / b for a, b in zip(sums["once"], sums["daily"], strict=True)]
    whole = [(portrait + a) / (portrait + b) for a, b in zip(sums["once"], sums["daily"], strict=True)]
    table.add_row("portrait", "", "", *[f"{portrait:,.0f}"] * 2)
    table.add_row("once / daily, painting (goal 0.2)", "", "", *(f"{ratio:.3f}" for ratio in ratios))
    table.add_row("once / daily, portrait included", "", "", *(f"{ratio:.3f}" for ratio in whole))
    return table


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "meta", "cpu"))
    parser.add_argument("--every", type=int, default=5, help="plan the windows of every n-th day, and multiply")
    parser.add_argument("--patients", type=int, default=10)
    parser.add_argument("--small", action="store_true", help="small networks and pictures: only tries the script")
    asked = parser.parse_args()
    device = asked.device or ("cuda" if torch.cuda.is_available() else "meta")
    batches = (1, 2) if device == "meta" else (1, 2, 4)
    cost = costs(networks(device, asked.small), (WHOLE, WINDOW), batches)
    unit, console = "TFLOP" if device == "meta" else "seconds", Console(width=120)
    console.print(stage_table(cost, unit, (1,) if device == "meta" else (1, 4)))
    if device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
        console.print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, peak {peak:.1f} GiB (bf16)")
    plan = Plan(load_protocol("default"))
    works = [work_of(plan, rank, asked.every) for rank in range(asked.patients)]
    console.print(trial_table(cost, unit, works, 1 if device == "meta" else 4))
    taken = [value for work in works for value in work.day_ms]
    low, high = np.median(taken), np.percentile(taken, 95)
    console.print(f"A day composed at 1024 px (numpy, one core): median {low:.0f} ms, 95th {high:.0f} ms")
    console.print(f"Main memory at the peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
