"""What the command line shows of analyses, comparisons and calibrations."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .analysis.stats.table import TESTS
from .analysis.text import BESIDE, probability, show, value
from .evaluation.calibrate import Calibration
from .evaluation.compare import Row
from .evaluation.folder import Analysed
from .evaluation.recovery import Recovery


def show_analysis(done: Analysed) -> None:
    """The whole result, the recovery beside it, and where the files are."""
    console = _console()
    show(done.result, console)
    for one in done.recovery:
        show_recovery(one, console)
    show_summary(done, console)
    if done.folder is not None:
        console.print(f"\nWrote {escape(str(done.folder))}")


def show_summary(done: Analysed, console: Console) -> None:
    """A row a score: what to take home."""
    recovered = {one.score: one for one in done.recovery}
    columns = ("r with true severity", "responders found") if recovered else ()
    table = Table("score", escape(str(done.result.contrast)), "95 % interval", "p", *columns, title="In short",
                  title_justify="left")  # fmt: skip
    for answer in done.result.answers:
        first, one = answer.pooled[0], recovered.get(answer.name)
        if math.isnan(first.estimate) and len(answer.people) == 1 and answer.people[0].effects:
            first = answer.people[0].effects[0]
        own = (f"{one.within_r:.3f}", f"{one.detected} of {one.responders}") if one else ()
        interval = f"{value(first.low)} to {value(first.high)}"
        table.add_row(escape(answer.name), value(first.estimate), interval, probability(first.p), *own)
    console.print()
    console.print(table)
    console.print("Image scores in SDs within patients; a recorded score in its own unit.")
    for answer in done.result.answers:
        if math.isnan(answer.pooled[0].estimate):
            console.print(f"{escape(answer.name)}: no pooled estimate: {escape(answer.pooled[0].note)}")


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=150)


def show_recovery(one: Recovery, console: Console) -> None:
    """One score beside the truth, in grades."""
    console.print()
    console.rule(f"[bold]{escape(one.score)}[/] beside the truth", align="left")
    console.print(
        f"Correlation with true severity within patients: {one.within_r:.3f} (mean over patients), {one.pooled_r:.3f} "
        f"(all days). One slope maps it to severity: {value(one.slope)} per grade."
    )
    console.print(f"Responders: {one.responders}; the estimate has the true sign in {one.signs}, "
                  f"and p < .05 as well in {one.detected}.")  # fmt: skip
    table = Table("level", "method", "estimand", "truth", "estimate", "RMSE", "covered", "p < .05", "no estimate")
    for f in one.found:
        if f.level == "patient" and f.method in TESTS and f.method not in BESIDE:
            continue  # recovery.csv has them all
        table.add_row(f.level, f.method, f.estimand, value(f.truth), value(f.estimate), value(f.rmse),
                      _share(f.covered), _share(f.rejected), str(f.failed) if f.failed else "")  # fmt: skip
    console.print(table)


def show_comparison(rows: Sequence[Row]) -> None:
    """Pipelines side by side."""
    console = _console()
    table = Table("pipeline", "r", "effect (grades)", "95 % interval", "truth", "p", "signs", "detected", "null p",
                  "null patients p < .05", "seconds")  # fmt: skip
    for row in rows:
        if row.failure:
            table.add_row(row.pipeline, *[""] * 10)
            continue
        table.add_row(
            row.pipeline, f"{row.r:.3f}", value(row.estimate), f"{value(row.low)} to {value(row.high)}",
            value(row.truth), probability(row.p), f"{row.signs}/{row.responders}", f"{row.detected}/{row.responders}",
            probability(row.false_p), _share(row.false_patients), f"{row.seconds:.1f}",
        )  # fmt: skip
    console.print(table)
    console.print("r: with true severity, within patients. signs, detected: responders whose own estimate has the true "
                  "sign, and p < .05 as well. score and oracle (true lesion count) are the ceiling.")  # fmt: skip
    for row in rows:
        for text in (*row.warnings, *([row.failure] if row.failure else [])):
            console.print(f"[yellow]{escape(row.pipeline)}:[/] {escape(text)}")


def show_calibration(done: Calibration) -> None:
    """Rates with their Monte Carlo intervals."""
    console = _console()
    console.print(f"{done.replicates} replicates, {done.failed} failed.")
    for text in done.failures[:5]:
        console.print(f"[yellow]{escape(text)}[/]")
    for pipeline in done.follows.iter_rows(named=True):
        table = Table(
            "level", "method", "estimand", "p < .05, %", "truth", "estimate", "bias", "RMSE", "covered, %", "none",
            title=f"{pipeline['pipeline']}: r with true severity {value(pipeline['r'])} "
            f"({value(pipeline['r_low'])} to {value(pipeline['r_high'])})", title_justify="left",
        )  # fmt: skip
        for row in done.table.iter_rows(named=True):
            if row["pipeline"] == pipeline["pipeline"]:
                table.add_row(
                    row["level"], row["method"], row["estimand"], _rate(row, "rejected"), value(row["truth"]),
                    value(row["estimate"]), value(row["bias"]), value(row["rmse"]), _rate(row, "covered"),
                    str(row["failed"] or ""),
                )  # fmt: skip
        console.print(table)
    console.print("Rates with 95 % Monte Carlo intervals (Wilson). Effects in grades; the truth of a pooled estimate "
                  "is the population's mean, for mixed_intercept that of the trial's own patients.")  # fmt: skip


def _rate(row: dict[str, float], name: str) -> str:
    if math.isnan(row[name]):
        return "-"
    return f"{100 * row[name]:.1f} ({100 * row[f'{name}_low']:.1f} to {100 * row[f'{name}_high']:.1f})"


def _share(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.0%}"
