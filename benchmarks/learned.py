"""The whole comparison of renderers at 64 px: simulate, train four models and a grader, compare on other people.

    python benchmarks/learned.py OUT [--threads 2] [--only simulate,cvae,compare] [--again compare] [--quick] [--docs]

Goal: at most 30 minutes on 2 cores. Each stage is one nof1sim command; a stage that has finished is not done again, and
a training that was stopped goes on from its last epoch, so the same command resumes. Stages are timed one by one; the
table is printed after each run and kept in OUT/stages.json (a resumed stage adds its sessions). The comparison's own
table is OUT/compared/compare.md; --docs puts it, the stages and the sheet into docs/compare_learned.md.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from nof1sim.dataset.local_files import write_atomically

SIZE_PX = 64
TRAINING_SEED, GRADING_SEED, COMPARED_SEED = 11, 100, 1
MODELS = ("cvae", "dcgan", "translator", "diffusion")
GOAL_MINUTES = 30
PAGE = Path(__file__).resolve().parents[1] / "docs" / "compare_learned.md"
PICTURE = "![Patients over days of rising severity, a row a renderer](images/compare_learned.jpg)\n"


@dataclass(frozen=True, slots=True)
class Stage:
    """A command, and how to tell that it has finished. options : those that resume or replace what it left."""

    name: str
    command: tuple[str, ...]
    finished: str
    resume: tuple[str, ...] = ()
    started: str = ""


def stages(threads: int, quick: bool) -> list[Stage]:
    """In order; `quick` is a rehearsal of a few minutes whose figures mean nothing."""
    days, people, panel = ("20", "12", ("2", "10")) if quick else ("50", "64", ("8", "28"))
    shared = ("--size", str(SIZE_PX), "--nuisance", "none")
    found = [
        Stage("simulate", ("simulate", "--patients", "28", "--days", days, *shared, "--image-format", "png", "--seed",
                           str(TRAINING_SEED), "--out", "training", "--workers", str(threads)),
              "training/manifest.json"),
        Stage("graded people", ("simulate", "--patients", "12" if quick else "40", "--days", "28" if quick else "84",
                                *shared, "--seed", str(GRADING_SEED), "--out", "graded", "--workers", str(threads)),
              "graded/manifest.json"),
    ]  # fmt: skip
    for model in MODELS:
        more = ("--epochs", "2") if quick else ()
        command = ("learn", "train", "training", "--model", model, "--size", str(SIZE_PX), *more, "--sheet-every", "0",
                   "--threads", str(threads), "--out", model)  # fmt: skip
        found.append(Stage(model, command, f"{model}/finished", ("--resume",), f"{model}/manifest.json"))
    grade = ("grade", "train", "graded", "--views", "front", "--labels", "count", "--size", str(SIZE_PX), "--every",
             "7" if quick else "6", "--epochs", "2" if quick else "15", "--threads", str(threads), "--no-plots",
             "--out", "grader")  # fmt: skip
    found.append(Stage("grader", grade, "grader/model.json", ("--resume",), "grader/state.npz"))
    names = ",".join(("procedural", *(f"learned:{model}" for model in MODELS)))
    compare = ("learn", "compare", "--renderers", names, "--patients", panel[0], "--days", panel[1], "--people", people,
               *shared, "--seed", str(COMPARED_SEED), "--training", "training", "--grader", "grader", "--out",
               "compared")  # fmt: skip
    found.append(Stage("compare", compare, "compared/sheet.png"))
    return found


def finished(out: Path, stage: Stage) -> bool:
    """Whether a stage has left its last file; of a training, whether all its epochs are done."""
    path = out / stage.finished
    if path.name != "finished":
        return path.is_file()
    manifest = path.parent / "manifest.json"
    if not manifest.is_file():
        return False
    about = json.loads(manifest.read_text(encoding="utf-8"))
    return about["epochs_done"] >= about["epochs"]


def work(out: Path, stage: Stage) -> tuple[int, list[float]]:
    """Run a stage's command in the folder; its exit status, and seconds by the clock and of processors."""
    begun = bool(stage.started) and (out / stage.started).is_file()
    command = [sys.executable, "-m", "nof1sim", *stage.command, *(stage.resume if begun else ())]
    print(f"\n{stage.name}: nof1sim {shlex.join(command[3:])}", flush=True)
    began, before = time.perf_counter(), _processor()
    status = subprocess.run(command, cwd=out, check=False).returncode
    return status, [time.perf_counter() - began, _processor() - before]


def _processor() -> float:
    """Seconds that processors spent on all finished commands."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(spent: dict[str, list[float]]) -> str:
    """Minutes of each stage and of all, by the clock and of processors."""
    rows = [*spent.items(), ("all", [sum(pair[k] for pair in spent.values()) for k in (0, 1)])]
    lines = [f"{name:14} {clock / 60:6.1f} {processor / 60:10.1f}" for name, (clock, processor) in rows]
    return "\n".join((f"{'stage':14} minutes  processor", *lines, f"goal: {GOAL_MINUTES} minutes on 2 idle cores"))


def document(out: Path, stages_table: str) -> None:
    """Put compare.md, the stages and the sheet into the page; what stands around them stays."""
    if not (out / "compared" / "sheet.png").is_file():
        sys.exit("--docs: the comparison has not finished.")
    text = PAGE.read_text(encoding="utf-8")
    compared = (out / "compared" / "compare.md").read_text(encoding="utf-8") + "\n" + PICTURE
    for name, content in (("compare.md", compared), ("stages", f"```\n{stages_table}\n```\n")):
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{content}\n{end}{rest.partition(end)[2]}"
    write_atomically(PAGE, text.encode())
    file = io.BytesIO()
    Image.open(out / "compared" / "sheet.png").convert("RGB").save(file, "JPEG", quality=68, optimize=True)
    write_atomically(PAGE.parent / "images" / "compare_learned.jpg", file.getvalue())
    print(f"Wrote {PAGE}")


def main() -> None:
    """Do what is left to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="these stages, separated by commas")
    parser.add_argument("--again", default="", help="also these, though they have finished: compare")
    parser.add_argument("--quick", action="store_true", help="a rehearsal: the figures mean nothing")
    parser.add_argument("--docs", action="store_true", help="put the outcome into docs/compare_learned.md")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    kept = given.out / "stages.json"
    spent: dict[str, list[float]] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    only, again = ({name for name in text.split(",") if name} for text in (given.only, given.again))
    for stage in stages(given.threads, given.quick):
        if (only and stage.name not in only) or (finished(given.out, stage) and stage.name not in again):
            continue
        before = [0.0, 0.0] if stage.name in again else spent.get(stage.name, [0.0, 0.0])
        status, now = work(given.out, stage)
        spent[stage.name] = [a + b for a, b in zip(before, now, strict=True)]
        write_atomically(kept, (json.dumps(spent, indent=1) + "\n").encode())
        if status:
            sys.exit(f"{stage.name}: ended with status {status}. The same command goes on from here.")
    print("\n" + table(spent))
    if given.docs:
        document(given.out, table(spent))


if __name__ == "__main__":
    main()
