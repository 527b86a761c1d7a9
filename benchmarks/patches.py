"""What a patch of skin costs on one core, beside Pillow's JPEG of the same picture: python benchmarks/patches.py

Processor time, the least of several rounds for each patch, then the mean over patches: so that other
programs on the machine disturb little. Ratios travel between machines; milliseconds do not.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable

from PIL import Image

from nof1sim.patches.draw import photograph
from nof1sim.patches.plan import Job, Style, single
from nof1sim.patches.shot import Shot, draw_shot
from nof1sim.patches.work import Photographer, encoded, moved


def _cost(run: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return 1e3 * best


def _new_skin(photographer: Photographer, job: Job, shot: Shot) -> None:
    """Its numbers and hairs, and the condition's lesions up to the day."""
    photographer._prepared = None
    photographer._skin(job, shot)


def _all(photographer: Photographer, job: Job) -> None:
    """From the address to the bytes of three files and the rows of both tables."""
    photographer._prepared = None
    encoded(photographer.take(job), job, photographer.style)


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--condition", default="exanthem")
    ask.add_argument("--size", type=int, default=256)
    ask.add_argument("--patches", type=int, default=24)
    ask.add_argument("--rounds", type=int, default=7)
    given = ask.parse_args()
    style, steps = Style(given.condition, given.size), {}
    photographer = Photographer(style)
    for number in range(1, given.patches + 1):
        job = single(number, style.seed)
        taken = photographer.take(job)
        shot = draw_shot(style.seed, job.address, style.dial, job.patient.ita_deg)
        studio, field = photographer._skin(job, shot)
        lesions = moved(photographer.condition.on(field, job.day), studio.square.x, studio.square.y)
        image = Image.fromarray(taken.patch.pixels)
        quality = int(taken.row["jpeg_quality"])
        costs = {
            "Pillow's JPEG": lambda i=image, q=quality: i.save(io.BytesIO(), "JPEG", quality=q),
            "picture, clear": lambda s=studio, x=lesions, h=shot, j=job: photograph(
                s, x.take(slice(0, 0)), h, style.size_px, 0, j.address
            ),
            "picture and truth": lambda s=studio, x=lesions, h=shot, j=job: photograph(
                s, x, h, style.size_px, 0, j.address
            ),
            "all three encoded": lambda t=taken, j=job: encoded(t, j, style),
            "a new piece of skin": lambda j=job, h=shot: _new_skin(photographer, j, h),
            "all of a patch": lambda j=job: _all(photographer, j),
        }
        for name, run in costs.items():
            steps.setdefault(name, []).append(_cost(run, given.rounds))
    jpeg = sum(steps["Pillow's JPEG"])
    print(f"{given.patches} patches of {given.condition}, {given.size} px")
    for name, each in steps.items():
        print(f"{name:20} {sum(each) / len(each):7.2f} ms {sum(each) / jpeg:7.1f} x Pillow's JPEG")


if __name__ == "__main__":
    main()
