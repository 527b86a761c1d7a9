"""Speed of the procedural renderer, stage by stage, in units of Pillow's JPEG encoding of the same picture.

    python benchmarks/pictures.py                 512 and 96 pixels, about a minute
    python benchmarks/pictures.py --size 1024     another size

One core. Days are every fifth of all patients of the default trial; "median" and "95th" are over these days. The setup
of a face is the shortest of three, kernels compiled.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from nof1sim.dataset.images import encode, encode_mask
from nof1sim.model import Unit, View
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.procedural import renderer as stages
from nof1sim.simulation.plan import Plan

STAGES = {
    "light and skin of the day": ("day_image",),
    "lesions": ("add_lesions",),
    "what each pixel shows": ("pose_of", "look_at"),
    "pose, lens, tone, noise": ("expose",),
    "masks, boxes, key points": ("dilate", "measure", "keypoints"),
}
"""What a day is made of -> the functions of the renderer that do it."""


class Clock:
    """Adds up the time spent in some functions of a module, while it is installed."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent[name] += time.perf_counter() - start

        return timed

    def install(self) -> None:
        for names in STAGES.values():
            for name in names:
                setattr(stages, name, self.wrap(name, getattr(stages, name)))


def views(size: int) -> list[View]:
    """Every fifth day of each patient of the default trial."""
    protocol = with_changes(load_protocol("default"), images={"size_px": size})
    plan = Plan(protocol)
    return [plan.view(Unit(rank, day)) for rank in range(protocol.cohort.patients) for day in range(1, 141, 5)]


def setup_seconds(view: View) -> tuple[float, float]:
    """Seconds of a new face with its front view, and of a further view of it."""
    first, more = [], []
    for _ in range(3):
        renderer = ProceduralRenderer()
        start = time.perf_counter()
        renderer.plate(view)
        middle = time.perf_counter()
        renderer.plate(replace(view, view="left"))
        first.append(middle - start)
        more.append(time.perf_counter() - middle)
    return min(first), min(more)


def day_milliseconds(asked: list[View], clock: Clock) -> tuple[dict[str, list[float]], list[float]]:
    """Stage -> milliseconds of each day, and the milliseconds of Pillow's bare JPEG encoding."""
    renderer, table, unit = ProceduralRenderer(), defaultdict(list), []
    for view in asked:
        renderer.plate(view)
        clock.spent.clear()
        start = time.perf_counter()
        render = renderer.render([view])[0]
        drawn = time.perf_counter()
        encode(render.pixels)
        jpeg = time.perf_counter()
        encode_mask(render.lesion)
        end = time.perf_counter()
        for stage, names in STAGES.items():
            table[stage].append(1e3 * sum(clock.spent[name] for name in names))
        table["JPEG file, quality 95"].append(1e3 * (jpeg - drawn))
        table["one mask file"].append(1e3 * (end - jpeg))
        table["a day's picture, all of it"].append(1e3 * (end - start))
        picture = Image.fromarray(render.pixels)
        start = time.perf_counter()
        picture.save(io.BytesIO(), "JPEG", quality=95)
        unit.append(1e3 * (time.perf_counter() - start))
    return table, unit


def report(size: int, clock: Clock) -> Table:
    """The table of one picture size."""
    asked = views(size)
    renderer = ProceduralRenderer()
    renderer.prepare()
    renderer.render(asked[:1])
    first, more = setup_seconds(asked[0])
    stages_ms, unit = day_milliseconds(asked, clock)
    jpeg = float(np.median(unit))
    drawn = [int(view.scene.lesions.visible.sum()) for view in asked]
    table = Table(
        "what", "median ms", "95th ms", "times JPEG",
        title=f"{size} px, {len(asked)} days, {np.median(drawn):.0f} lesions and marks (median), "
        f"{np.percentile(drawn, 95):.0f} (95th)",
    )  # fmt: skip
    table.add_row("Pillow's JPEG encoding", f"{jpeg:.2f}", f"{np.percentile(unit, 95):.2f}", "1")
    table.add_row("a new face with its front view", f"{1e3 * first:.0f}", "", f"{1e3 * first / jpeg:.0f}")
    table.add_row("a further view of it", f"{1e3 * more:.0f}", "", f"{1e3 * more / jpeg:.0f}")
    for name, values in stages_ms.items():
        median, high = np.median(values), np.percentile(values, 95)
        table.add_row(name, f"{median:.2f}", f"{high:.2f}", f"{median / jpeg:.1f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs="+", default=[512, 96])
    clock = Clock()
    clock.install()
    for size in parser.parse_args().size:
        Console(width=110).print(report(size, clock))


if __name__ == "__main__":
    main()
