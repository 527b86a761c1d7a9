"""How cost and memory grow with the number of pictures.

    python benchmarks/scale.py               1,000 and 10,000 pictures of 64 px, 1 and 2 workers: some minutes
    python benchmarks/scale.py --full        100,000, too: about half an hour
    python benchmarks/scale.py --size 512    at another size
    python benchmarks/scale.py --layout packed    in tar files, tables in pieces: what a store would get

Each run is a process of its own, as `nof1sim simulate` is: its peak is the driver's, that of its children the largest
worker's. Then finish() alone, on a dataset whose parts are all there: seconds and peak by number of pictures. Besides
the clock it counts seconds of processor (`core-s`, and those of the tables), which do not depend on what else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DAYS = 140
PICTURES = (1_000, 10_000, 100_000)


def main() -> None:
    """Run the stages, each in a process of its own, and print the table."""
    args = _arguments()
    if args.stage:
        print(json.dumps({"draw": draw, "close": close}[args.stage](args)))
        return
    here = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    print(f"{here}; {DAYS} days, {args.size} px, one view, {args.layout} layout\n")
    print("| pictures | workers | seconds | pictures a second | core-s | core-ms a picture | MB driver | MB worker "
          "| tables s | tables ms a picture | MB tables alone |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for pictures in (args.only,) if args.only else PICTURES if args.full else PICTURES[: args.steps]:
        for workers in (1, 2):
            print(_row(args, pictures, workers), flush=True)


def draw(args: argparse.Namespace) -> dict[str, Any]:
    """Every picture, but no tables; the parts stay."""
    from nof1sim.simulation import driver

    driver.close = lambda *_: 1  # the tables are measured alone
    start = time.perf_counter()
    engine = "processes"  # with one worker, too: the driver is measured apart
    outcome = driver.simulate(_protocol(args), args.out, workers=args.workers, engine=engine)
    return {
        "total": outcome.total,
        "seconds": time.perf_counter() - start,
        "cores": _processor(resource.RUSAGE_SELF) + _processor(resource.RUSAGE_CHILDREN),
        "driver": _peak(resource.RUSAGE_SELF),
        "worker": _peak(resource.RUSAGE_CHILDREN),
    }


def close(args: argparse.Namespace) -> dict[str, Any]:
    """The tables, lists and manifests."""
    from nof1sim.simulation.closing import finish

    finish(args.out)
    return {"seconds": _processor(resource.RUSAGE_SELF), "peak": _peak(resource.RUSAGE_SELF)}


def _row(args: argparse.Namespace, pictures: int, workers: int) -> str:
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        out = str(Path(folder) / "trial")
        own = [
            f"--size={args.size}",
            f"--layout={args.layout}",
            f"--workers={workers}",
            f"--pictures={pictures}",
            f"--out={out}",
        ]
        drawn, closed = _run("draw", own), _run("close", own)
    total = drawn["total"]
    drawing = drawn["cores"]
    cells = (
        f"{total:,}", workers, f"{drawn['seconds']:.1f}", f"{total / drawn['seconds']:.1f}", f"{drawing:.1f}",
        f"{1000 * drawing / total:.2f}", f"{drawn['driver']:.0f}", f"{drawn['worker']:.0f}",
        f"{closed['seconds']:.1f}", f"{1000 * closed['seconds'] / total:.2f}", f"{closed['peak']:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _run(stage: str, words: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, __file__, "--stage", stage, *words]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(found.stderr)
    return json.loads(found.stdout.splitlines()[-1])


def _protocol(args: argparse.Namespace) -> Any:
    from nof1sim import prepare

    patients = -(-args.pictures // DAYS)
    return prepare(patients=patients, days=DAYS, images={"size_px": args.size, "layout": args.layout}).protocol


def _processor(who: int) -> float:
    """Seconds of processor, in the program and for it in the system: waiting, for others' work too, does not count."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _peak(who: int) -> float:
    """Greatest resident memory in MB: of this process, or of the largest of its children."""
    return resource.getrusage(who).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="100,000 pictures, too")
    parser.add_argument("--steps", type=int, default=2, help="how many of 1,000, 10,000, 100,000")
    parser.add_argument("--size", type=int, default=64, help="pixels")
    parser.add_argument("--only", type=int, help="only so many pictures")
    parser.add_argument("--layout", choices=("standard", "packed"), default="standard", help="of the files")
    parser.add_argument("--folder", help="where the datasets are written and removed again")
    for name, kind in (("--stage", str), ("--out", str), ("--workers", int), ("--pictures", int)):
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
