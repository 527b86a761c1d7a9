"""Speed, as a table: seconds, and ratios against a reference measured in the same run.

    python benchmarks/run.py            about 3 minutes
    python benchmarks/run.py --full     with 100,000 patients and the full default command

References: a trajectory in plain Python, one row after the other (sinot's way: its equations, a loop over patients and
days); an interpreter that starts and does nothing. Pictures: pictures.py.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.randomness import stream
from nof1sim.severity.cohort import make_cohort
from nof1sim.severity.schedule import make_schedule
from nof1sim.severity.trajectory import drive_of, simulate_trajectories
from nof1sim.simulation.plan import Plan


@dataclass(frozen=True)
class Row:
    what: str
    seconds: float
    reference: str
    ratio: float
    note: str = ""


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of some runs, in seconds."""
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spans.append(time.perf_counter() - start)
    return min(spans)


def plain_rows(patients: int, days: int) -> list[float]:
    """sinot's equations for two arms and a random-walk drift, row by row in plain Python."""
    rows = []
    for patient in range(patients):
        draw = stream(0, patient, "plain").normal
        a = c = drift = 0.0
        for day in range(days):
            given = (day // 28) % 3
            a += (-2.25 - a) / 5.0 if given == 1 else -a / 8.1
            c += (-0.99 - c) / 3.1 if given == 2 else -c / 5.4
            drift += draw(0.0, 0.05)
            state = min(3.0, max(0.0, 3.0 + drift + a + c))
            rows.append(round(min(3.0, max(0.0, state + draw(0.0, 0.15))), 3))
    return rows


def trajectories(protocol: Protocol) -> None:
    """Cohort, schedule and trajectories of a whole protocol."""
    cohort, schedule = make_cohort(protocol), make_schedule(protocol)
    simulate_trajectories(protocol, cohort, schedule)


def of(patients: int) -> Protocol:
    """The default protocol with so many patients."""
    return with_changes(load_protocol("default"), cohort={"patients": patients})


def severity_rows(full: bool) -> Iterator[Row]:
    per_row = best(lambda: plain_rows(20, 140), 2) / (20 * 140)
    for patients in (1_000, 100_000) if full else (1_000,):
        protocol = of(patients)
        trajectories(of(10))
        seconds = best(lambda protocol=protocol: trajectories(protocol), 3 if patients == 1_000 else 1)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        reference = per_row * patients * 140
        yield Row(f"trajectories {patients:,} x 140", seconds, "plain Python", reference / seconds, f"{memory:.1f} GB")


def lesion_courses(protocol: Protocol, count: int) -> float:
    """Seconds for the lesions and scores of the first `count` patients."""
    plan = Plan(protocol)
    cohort, schedule = make_cohort(protocol), make_schedule(protocol)
    course = simulate_trajectories(protocol, cohort, schedule)
    start = time.perf_counter()
    for i in range(count):
        plan.condition.scores(plan.condition.field(cohort.patients[i], drive_of(course, cohort, i), protocol.seed))
    return time.perf_counter() - start


def lesion_rows() -> Iterator[Row]:
    for name in ("default", "clinical_vehicle"):
        protocol = with_changes(load_protocol(name), cohort={"patients": 200}, design={"end_day": 140})
        first = lesion_courses(protocol, 1)
        seconds = min(lesion_courses(protocol, 200) for _ in range(2)) * 5
        plain = best(lambda: plain_rows(20, 140), 2) * 50
        note = f"200 measured; first call {first:.1f} s"
        yield Row(f"lesions and scores, 1,000 x 140, {name}", seconds, "plain Python severities", plain / seconds, note)


def start_rows() -> Iterator[Row]:
    def run(*words: str) -> float:
        return best(lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True), 5)

    nothing = run("-c", "pass")
    for what, words in (("import nof1sim", ("-c", "import nof1sim")), ("nof1sim --help", ("-m", "nof1sim", "--help"))):
        seconds = run(*words)
        yield Row(what, seconds, "python -c pass", nothing / seconds)


def command_rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        words = ["simulate", "--patients", "10", "--days", "140", "--out", str(Path(folder) / "trial")]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "nof1sim", *words], check=True, capture_output=True)
        seconds = time.perf_counter() - start
    yield Row("the default command, 1,400 pictures", seconds, "pictures per second", 1400 / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    table = Table("what", "seconds", "reference", "times as fast", "note", title="nof1sim")
    rows = [*start_rows(), *severity_rows(full), *lesion_rows(), *(command_rows() if full else ())]
    for row in rows:
        table.add_row(row.what, f"{row.seconds:.3f}", row.reference, f"{row.ratio:.3g}", row.note)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
