"""Contact sheet of one patient over some days: python examples/contact_sheet.py trial --patient 1"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image, ImageDraw

import nof1sim
from nof1sim.model import Unit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--patient", type=int, default=1, help="from 1")
    parser.add_argument("--days", type=int, nargs="*", help="default: 12 evenly spaced")
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--out", default="sheet.png")
    args = parser.parse_args()

    trial = nof1sim.open_dataset(args.dataset)
    last = max(unit.day for unit in trial.units() if unit.rank == args.patient - 1)
    days = args.days or [int(day) for day in np.linspace(1, last, 12)]
    rows = -(-len(days) // args.columns)
    sheet = Image.new("RGB", (args.columns * args.size, rows * args.size))
    for i, day in enumerate(days):
        picture = Image.fromarray(trial.image(Unit(args.patient - 1, day))).resize((args.size, args.size))
        ImageDraw.Draw(picture).text((6, 4), f"day {day}", fill="white")
        sheet.paste(picture, (i % args.columns * args.size, i // args.columns * args.size))
    sheet.save(args.out)
    print(f"Wrote {args.out}")


if __name__ == "__main__":
    main()
