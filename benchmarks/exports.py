"""Speed and memory of the exports, as a table: seconds, and ratios to a plain copy of the same pictures.

    python benchmarks/exports.py                       1,400 pictures of 512 px are simulated first, about a minute
    python benchmarks/exports.py --dataset DIR         the pictures of a dataset that is there
    python benchmarks/exports.py --only parquet,coco   some formats

Each export runs in a process of its own, which starts, reads, verifies and writes; its peak is the largest resident set
of that process. The copy reads and writes the images (with the truth: the masks, too) file by file in one process that
loads nothing else. Both are the shortest of `--repeat`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nof1sim.dataset.export.base import FORMATS

OVER_A_COPY = {"imagefolder": 5.0, "parquet": 5.0, "webdataset": 5.0}
"""Seconds that an export of 1,400 pictures may take longer than the copy."""
LIMITS = {"coco": 15.0, "timelapse": 60.0}
"""Seconds that it may take in all."""
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
COPY = """
import sys
from pathlib import Path
out = Path(sys.argv[2])
for top in sys.argv[3:]:
    for path in sorted(Path(sys.argv[1], top).rglob("*")):
        if path.is_file() and "_support" not in path.stem:
            to = out / path.relative_to(sys.argv[1])
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(path.read_bytes())
"""


@dataclass(frozen=True)
class Spent:
    """Wall-clock and processor seconds of a process, and its peak resident set."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def child(*words: str) -> Spent:
    """Runs this Python; its own peak, by a process between that has no other child."""
    code = (
        "import json, resource, subprocess, sys, time\n"
        "start = time.perf_counter()\n"
        "done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "seconds = time.perf_counter() - start\n"
        "spent = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([seconds, spent.ru_utime + spent.ru_stime, spent.ru_maxrss]))\n"
        "sys.exit(done.stderr.decode() if done.returncode else 0)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=subprocess.PIPE).stdout
    seconds, cpu, peak = json.loads(said)
    return Spent(seconds, cpu, peak * MAXRSS_BYTES / 2**20)


def best(repeat: int, out: Path, *words: str) -> Spent:
    """The shortest of several runs, each into an empty place; the highest peak."""
    runs: list[Spent] = []
    for _ in range(repeat):
        shutil.rmtree(out, ignore_errors=True)
        runs.append(child(*words))
    fastest = min(runs, key=lambda run: run.seconds)
    return Spent(fastest.seconds, fastest.cpu_seconds, max(run.peak_mib for run in runs))


def measured(dataset: Path, out: Path, names: Sequence[str], repeat: int) -> Table:
    """A row for each format, without and with the truth."""
    count = sum(path.is_file() for path in (dataset / "images").rglob("*"))
    table = Table("format", "seconds", "CPU seconds", "times the copy", "over it", "at most", "peak MiB",
                  title=f"{count:,} pictures")  # fmt: skip
    copies = {
        truth: best(repeat, out / "copy", "-c", COPY, str(dataset), str(out / "copy"), *folders)
        for truth, folders in {False: ["images"], True: ["images", "truth/masks"]}.items()
    }
    for truth, copy in copies.items():
        what = "a plain copy" + (", masks too" if truth else "")
        table.add_row(what, f"{copy.seconds:.2f}", f"{copy.cpu_seconds:.2f}", "1", "", "",
                      f"{copy.peak_mib:.0f}")  # fmt: skip
    for name in names:
        found = FORMATS[name]
        for truth in {"never": [False], "optional": [False, True], "always": [True]}[found.truth]:
            place = [] if found.inside else ["--out", str(out / f"{name}{found.ending}")]
            asked = ["--truth"] if truth and found.truth == "optional" else []
            words = ["-m", "nof1sim", "export", str(dataset), "--to", name, "--overwrite", *place, *asked]
            spent, copy = best(repeat, out / name, *words), copies[truth]
            limit = copy.seconds + OVER_A_COPY[name] if name in OVER_A_COPY else LIMITS.get(name)
            table.add_row(name + (", truth" if asked else ""), f"{spent.seconds:.2f}", f"{spent.cpu_seconds:.2f}",
                          f"{spent.seconds / copy.seconds:.1f}", f"{spent.seconds - copy.seconds:+.2f}",
                          "" if limit is None else f"{limit:.1f}", f"{spent.peak_mib:.0f}")  # fmt: skip
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, help="a dataset with its images; default: the default trial, simulated")
    parser.add_argument("--only", default=",".join(FORMATS), help="formats, separated by commas")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the shortest counts")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dataset = asked.dataset
        if dataset is None:
            dataset = Path(folder) / "trial"
            child("-m", "nof1sim", "simulate", "--patients", "10", "--days", "140", "--out", str(dataset))
        Console(width=120).print(measured(dataset, Path(folder), asked.only.split(","), asked.repeat))


if __name__ == "__main__":
    main()
