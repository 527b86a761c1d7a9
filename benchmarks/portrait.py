"""Speed of an edit of a photograph, stage by stage, in milliseconds and in Pillow's JPEG encodings of the picture.

    python benchmarks/portrait.py                  1024 px, about a minute
    python benchmarks/portrait.py --size 512       another size

One core, processor time. The photograph is a procedural face with its key points given, as from a sidecar file. Each
stage is the median of `REPEATS`; kernels are compiled before. "edit" is what one picture costs after its landmarks.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from nof1sim.editing.edit import Want, edit
from nof1sim.model import Nuisance, Patient, Scene, View
from nof1sim.render.portrait.compose import compose
from nof1sim.render.portrait.geometry import fit_face
from nof1sim.render.portrait.photograph import from_pixels
from nof1sim.render.portrait.prepare import prepare
from nof1sim.render.portrait.reduce import reduced
from nof1sim.render.portrait.spots import find_spots
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.procedural.renderer import no_lesions

REPEATS = 7
SEVERITY = 2.0


def median_ms(function: Callable[[], Any]) -> float:
    """Processor time of a few calls, the first not counted."""
    function()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        function()
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024)
    size = parser.parse_args().size
    patient = Patient("P001", "1", 0, 24.0, "F", 45.0, 2)
    look = View(Scene(patient, 1, no_lesions()), "front", Nuisance(noise=1.0), size, 0, ("P001",))
    render = ProceduralRenderer().render([look])[0]
    photograph = from_pixels(render.pixels)
    face = fit_face(render.keypoints_px, (size, size))
    canvas = prepare(photograph, face)
    acne = prepare(from_pixels(edit(canvas, Want(severity=SEVERITY), 0).pixels), face)
    lesions, spots = edit(canvas, Want(severity=SEVERITY), 0).lesions, find_spots(acne)

    unit = median_ms(lambda: Image.fromarray(render.pixels).save(io.BytesIO(), "JPEG", quality=95))
    stages: dict[str, Callable[[], Any]] = {
        "geometry (fit_face)": lambda: fit_face(render.keypoints_px, (size, size)),
        "skin, light, tone (prepare)": lambda: prepare(photograph, face),
        "existing spots (find_spots)": lambda: find_spots(canvas),
        f"lesions of severity {SEVERITY:g} (compose)": lambda: compose(canvas, lesions),
        "edit: prepare, spots, choice, compose": lambda: edit(prepare(photograph, face), Want(severity=SEVERITY), 0),
        f"fading {spots.count} spots (reduced)": lambda: reduced(acne, spots, 1.0),
    }
    table = Table("stage", "ms", "JPEGs", title=f"{size} px; a JPEG takes {unit:.1f} ms")
    for name, function in stages.items():
        took = median_ms(function)
        table.add_row(name, f"{took:.0f}", f"{took / unit:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
