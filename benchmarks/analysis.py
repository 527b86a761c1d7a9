"""Speed and memory of the analysis, as tables: seconds, and ratios against a reference measured in the same run.

    python benchmarks/analysis.py                      1,400 pictures of 512 px are simulated first, several minutes
    python benchmarks/analysis.py --dataset DIR        the pictures of a dataset that is there
    python benchmarks/analysis.py --only replicates    without the reports

References: Pillow decoding every picture in full, in one thread; for replicates, simulating the same trial without
analysing it. Each report runs in a process of its own, which starts, reads the dataset and writes result, tables and
plots; its peak is the largest resident set of that process. The reports' limits are for two cores.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from nof1sim.evaluation.calibrate import Job, protocol_for, run_one, settings_for
from nof1sim.evaluation.replicate import replicate_of, simulate_trial
from nof1sim.protocol import Protocol, with_changes
from nof1sim.render.base import Renderer

REPORTS = {
    "default (texture, autoencoder, redness)": ((), 90),
    "without the autoencoder": (("--embedder", "texture,redness"), 20),
}
"""What is reported -> options of `nof1sim analyze`, and the seconds that it may take."""
LIMIT_GIB = 2.0
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
"""Unit of the resident set that the system tells."""
DECODE = """
import io, sys
from pathlib import Path
from PIL import Image
for path in sorted(Path(sys.argv[1]).glob("images/*/*")):
    Image.open(io.BytesIO(path.read_bytes())).load()
"""


@dataclass(frozen=True)
class Spent:
    """Wall-clock and processor seconds of a process, and its peak resident set."""

    seconds: float
    cpu_seconds: float
    peak_gib: float


def child(*words: str) -> Spent:
    """Runs this Python; its own peak, by a process between that has no other child."""
    code = (
        "import json, resource, subprocess, sys, time\n"
        "start = time.perf_counter()\n"
        "done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "spent = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "cpu = spent.ru_utime + spent.ru_stime\n"
        "print(json.dumps([time.perf_counter() - start, cpu, spent.ru_maxrss]))\n"
        "sys.exit(done.stderr.decode() if done.returncode else 0)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=subprocess.PIPE).stdout
    seconds, cpu, peak = json.loads(said)
    return Spent(seconds, cpu, peak * MAXRSS_BYTES / 2**30)


def made(folder: Path, patients: int, size: int) -> Path:
    """The default trial, simulated; without masks, which no analysis reads."""
    from nof1sim.simulation.driver import simulate

    protocol = with_changes(
        protocol_for("default", size_px=size), cohort={"patients": patients}, images={"masks": False}
    )
    simulate(protocol, folder / "trial")
    return folder / "trial"


def reports(dataset: Path, out: Path) -> Table:
    """A full report of a dataset, by each set of options."""
    names = sorted(dataset.glob("images/*/*"))
    if not names:
        raise SystemExit(f"--dataset: {dataset} has no images.")
    side = Image.open(io.BytesIO(names[0].read_bytes())).width
    unit = child("-c", DECODE, str(dataset))
    table = Table("report", "seconds", "at most", "CPU seconds", "times decoding", "peak GiB", "at most",
                  title=f"{len(names):,} pictures of {side} px")  # fmt: skip
    table.add_row("Pillow decodes them all", f"{unit.seconds:.1f}", "", f"{unit.cpu_seconds:.1f}", "1",
                  f"{unit.peak_gib:.2f}", "")  # fmt: skip
    for i, (what, (options, limit)) in enumerate(REPORTS.items()):
        spent = child("-m", "nof1sim", "analyze", str(dataset), "--out", str(out / f"report{i}"), *options)
        table.add_row(what, f"{spent.seconds:.1f}", f"{limit}", f"{spent.cpu_seconds:.1f}",
                      f"{spent.seconds / unit.seconds:.1f}", f"{spent.peak_gib:.2f}", f"{LIMIT_GIB:g}")  # fmt: skip
    return table


def each(work: Callable[[int], object], numbers: Sequence[int]) -> tuple[float, float]:
    """Seconds and processor seconds of one, on average; the first is not counted, for kernels are loaded in it."""
    work(numbers[0])
    start, used = time.perf_counter(), time.process_time()
    for number in numbers[1:]:
        work(number)
    count = len(numbers) - 1
    return (time.perf_counter() - start) / count, (time.process_time() - used) / count


def replicate_rows(count: int) -> Iterator[tuple[str, Protocol, str, int, float]]:
    """What is repeated, its protocol, pipeline, how often, and the minutes that 1,000 may take."""
    yield "default, score only", protocol_for("default"), "score", 3 * count, 10
    yield "fu2023, pictures of 96 px, redness", protocol_for("fu2023"), "redness", count, 30
    yield "fu2023, pictures of 96 px, texture", protocol_for("fu2023"), "texture", count, 30


def replicates(count: int) -> Table:
    """Seconds per replicate in one process, and the minutes that 1,000 would take in two."""
    table = Table("trial", "patients x days", "seconds each", "CPU seconds", "simulating alone", "ratio",
                  "1,000 on two cores, min", "at most", title="Replicates, one process")  # fmt: skip
    for what, protocol, pipeline, times, limit in replicate_rows(count):
        settings: Any = settings_for(protocol)
        job = Job(protocol.model_dump(mode="json"), (pipeline,), settings)
        renderer = None if pipeline == "score" else new_renderer()
        whole, used = each(lambda n, job=job: succeeded(run_one(job, n)), range(times + 1))
        alone, _ = each(lambda n, p=protocol, r=renderer: simulate_trial(replicate_of(p, n), r), range(times + 1))
        table.add_row(what, f"{protocol.cohort.patients} x {protocol.days}", f"{whole:.3f}", f"{used:.3f}",
                      f"{alone:.3f}", f"{whole / alone:.2f}", f"{whole * 500 / 60:.1f}", f"{limit}")  # fmt: skip
    return table


def succeeded(line: str) -> None:
    """A replicate that failed was not measured."""
    if failure := json.loads(line)["failure"]:
        raise SystemExit(f"A replicate failed: {failure}")


def new_renderer() -> Renderer:
    """The default renderer, prepared."""
    from nof1sim.render.procedural import ProceduralRenderer

    renderer = ProceduralRenderer()
    renderer.prepare()
    return renderer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, help="a dataset with its images; default: the default trial, simulated")
    parser.add_argument("--patients", type=int, default=10, help="of the trial that is simulated")
    parser.add_argument("--size", type=int, default=512, help="of its pictures, in pixels")
    parser.add_argument("--replicates", type=int, default=8, help="of each kind that are timed")
    parser.add_argument("--only", choices=["reports", "replicates"], help="one of the tables")
    asked = parser.parse_args()
    console = Console(width=130)
    if asked.only != "replicates":
        with tempfile.TemporaryDirectory() as folder:
            dataset = asked.dataset or made(Path(folder), asked.patients, asked.size)
            console.print(reports(dataset, Path(folder)))
    if asked.only != "reports":
        console.print(replicates(asked.replicates))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES / 2**30
    console.print(f"Peak of this process: {peak:.2f} GiB.")


if __name__ == "__main__":
    main()
