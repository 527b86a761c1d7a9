"""An analysis as tables that people read, and as files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..errors import AnalysisError
from .course import Effect
from .result import AnalysisResult, Answer

RESULT = "result.json"
DIGITS = 3
BESIDE = ("gls", "gls_nugget", "block_t", "randomisation", "welch_t")
"""Tests whose p stands in a patient's row of the table; all are in patients.csv."""


def show(result: AnalysisResult, console: Console) -> None:
    """Print the whole result."""
    console.print(f"[bold]{escape(result.study)}[/]: {result.patients} patients, {result.days} days, "
                  f"{result.missing} values missing")  # fmt: skip
    console.print(f"Effect asked for: [bold]{escape(str(result.contrast))}[/]")
    console.print(f"Wash-in and carry-over: {escape(str(result.carryover))}.")
    for warning in result.warnings:
        console.print(f"[yellow]Note:[/] {escape(warning)}")
    for answer in result.answers:
        show_answer(answer, result, console)


def show_answer(answer: Answer, result: AnalysisResult, console: Console) -> None:
    """One score: how it was made, pooled effects, patients, warnings."""
    console.print()
    console.rule(f"[bold]{escape(answer.name)}", align="left")
    console.print(escape(made(answer)))
    console.print(pooled_table(answer))
    console.print(people_table(answer))
    for warning in answer.warnings:
        console.print(f"[yellow]Warning:[/] {escape(warning)}")
    for text, who in _by_text(answer).items():
        names = escape(", ".join(who[:6])) + (" ..." if len(who) > 6 else "")
        console.print(f"[yellow]Warning[/] ({names}): {escape(text)}")


def _by_text(answer: Answer) -> dict[str, list[str]]:
    """Patients' cautions, those that say the same but for their numbers together."""
    grouped: dict[str, tuple[str, list[str]]] = {}
    for person in answer.people:
        for text in person.warnings:
            kind = "".join(letter for letter in text if not letter.isdigit())[:24]
            grouped.setdefault(kind, (text, []))[1].append(person.patient_id)
    return dict(grouped.values())


def made(answer: Answer) -> str:
    """How a score came to be, in one line."""
    score = answer.scored.score
    if score is None:
        return "The score that the study recorded; days averaged over raters and occasions."
    share = f"PC1 explains {score.explained[0]:.0%}" if score.explained.size else ""
    between = "" if math.isnan(score.between_share) else f", {score.between_share:.0%} of it between patients"
    return f"{'; '.join(answer.scored.steps)}. {score.method}: {share}{between}; sign: {score.anchor}."


def pooled_table(answer: Answer) -> Table:
    """The pooled estimators; the first is the one to read."""
    table = Table("pooled", "estimate", "SE", "95 % interval", "df", "p", "estimand", title_justify="left")
    for i, effect in enumerate(answer.pooled):
        style = "bold" if i == 0 else ""
        table.add_row(effect.method, *numbers(effect), effect.estimand + _noted(effect), style=style)
    return table


def people_table(answer: Answer) -> Table:
    """A row a patient: the estimate to read, its interval, p by some tests, the shrunken estimate."""
    names = [name for name in BESIDE if any(e.method == name for p in answer.people for e in p.effects)]
    first = answer.people[0].effects[0].method if answer.people and answer.people[0].effects else "estimate"
    table = Table("patient", "days", first, "95 % interval", "p", *(f"p {name}" for name in names), "shrunken", "note")
    for person in answer.people:
        if not person.effects:
            blank = [""] * (len(names) + 4)
            table.add_row(escape(person.patient_id), str(person.days), *blank, "no tests asked for")
            continue
        head, beside = person.effects[0], {effect.method: effect for effect in person.effects}
        estimate, _, interval, _, p = numbers(head)
        table.add_row(
            escape(person.patient_id), str(person.days),
            estimate, interval, p, *(probability(beside[n].p) for n in names),
            value(person.shrunken.estimate) if person.shrunken else "-",
            escape(head.note) if math.isnan(head.estimate) else "",
        )  # fmt: skip
    return table


def _noted(effect: Effect) -> str:
    return f"\n[dim]{escape(effect.note)}[/]" if effect.note else ""


def numbers(effect: Effect) -> tuple[str, str, str, str, str]:
    """Estimate, SE, interval, df and p as text."""
    interval = "-" if math.isnan(effect.low) else f"{value(effect.low)} to {value(effect.high)}"
    df = "-" if math.isnan(effect.df) else "inf" if math.isinf(effect.df) else f"{effect.df:.1f}"
    return value(effect.estimate), value(effect.se), interval, df, probability(effect.p)


def value(number: float) -> str:
    """Three significant digits; '-' where there is none."""
    return "-" if not math.isfinite(number) else f"{number:.{DIGITS}g}"


def probability(p: float) -> str:
    """A p value as people write it."""
    return "-" if math.isnan(p) else "<.0001" if p < 0.0001 else f"{p:.4f}".removeprefix("0")


def files(result: AnalysisResult) -> Iterator[tuple[str, bytes]]:
    """Every table of `analysis/`, result.json last: where it is, the rest is, too."""
    yield "scores.csv", score_frame(result).write_csv(line_terminator="\n").encode()
    yield "pooled.csv", _effects((answer.name, "", effect) for answer in result.answers for effect in answer.pooled)
    yield (
        "patients.csv",
        _effects(
            (answer.name, person.patient_id, effect)
            for answer in result.answers
            for person in answer.people
            for effect in (*person.effects, *([person.shrunken] if person.shrunken else []))
        ),
    )
    text = io.StringIO()
    show(result, Console(file=text, width=150, color_system=None))
    yield "report.txt", text.getvalue().encode()
    yield RESULT, (json.dumps(result.document(), indent=1, ensure_ascii=False) + "\n").encode()


def score_frame(result: AnalysisResult) -> pl.DataFrame:
    """All scores side by side: patient_id, day, occasion, period, treatment, a column a score (the mean where several
    raters scored one occasion)."""
    both = ["patient_id", "day", "occasion", "period", "treatment"]
    whole: pl.DataFrame | None = None
    for answer in result.answers:
        rows, values = answer.scored.rows, pl.Series(answer.name, answer.scored.values, dtype=pl.Float64)
        one = rows.select(both).with_columns(values.fill_nan(None)).group_by(both, maintain_order=True).mean()
        if whole is None:
            whole = one
            continue
        whole = whole.join(one, on=both, how="full", coalesce=True, nulls_equal=True)
    assert whole is not None
    return whole.sort("patient_id", "day", "occasion")


def _effects(rows: Iterator[tuple[str, str, Effect]]) -> bytes:
    names = ("method", "estimand", "estimate", "se", "df", "statistic", "p", "low", "high", "n", "note")
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["score", "patient_id", *names, "extra"])
    for score, patient, effect in rows:
        cells = [getattr(effect, name) for name in names]
        shown = ["" if isinstance(cell, float) and math.isnan(cell) else cell for cell in cells]
        extra = {key: number for key, number in effect.extra.items() if math.isfinite(number)}
        writer.writerow([score, patient, *shown, json.dumps(extra)])
    return file.getvalue().encode()


def write(folder: Path, content: Iterator[tuple[str, bytes]]) -> Path:
    """Write the files. An earlier result.json and plots go first, so that nothing half-written looks finished."""
    try:
        for old in (folder / RESULT, *folder.glob("plots/*.png")):
            old.unlink(missing_ok=True)
        for name, data in content:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise AnalysisError(
            f"{folder}: cannot be written ({error.strerror}). Give a folder of yours: --out FOLDER."
        ) from error
    return folder
