"""A design report as plain text and as Markdown."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from .design_facts import DesignReport

WIDTH = 110
MOST_SEQUENCES = 12
"""More sequences than this are summed up in a last line."""

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def to_text(report: DesignReport) -> str:
    """Plain text, at most about 110 columns wide, without markup."""
    lines = [f"Design of {report.name}", *_wrapped(_summary(report)), ""]
    for title, (head, rows) in _tables(report):
        lines += [title, *_aligned(head, rows), ""]
    lines += ["Treatment and time", *_wrapped(_confounding(report)), ""]
    lines += ["Randomisation", *_wrapped(_randomisation(report)), ""]
    lines += ["Warnings", *(_bullets(report.warnings) or ["  none"]), ""]
    lines += ["CENT items", *(line for item, text in report.statement for line in _wrapped(f"[{item}] {text}"))]
    return "\n".join(lines) + "\n"


def to_markdown(report: DesignReport) -> str:
    """Markdown with tables; the same content as `to_text`."""
    parts = [f"## Design of {report.name}", _summary(report)]
    for title, (head, rows) in _tables(report):
        table = [head, tuple("---" for _ in head), *rows]
        parts += [f"### {title}", "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in table)]
    parts += ["### Treatment and time", _confounding(report), "### Randomisation", _randomisation(report)]
    parts += ["### Warnings", "\n".join(f"- {text}" for text in report.warnings) or "None."]
    parts += ["### CENT items", "\n".join(f"- [{item}] {text}" for item, text in report.statement)]
    return "\n\n".join(parts) + "\n"


def _summary(report: DesignReport) -> str:
    title = f"{report.title.rstrip('.')}. " if report.title else ""
    twin = "" if report.counterfactual == "factual" else f" Counterfactual: {report.counterfactual}."
    return (
        f"{title}{report.patients} patient{'s' if report.patients > 1 else ''}, {report.days} days, arms "
        f"{', '.join(report.arms)}; sequence '{report.design}', seed {report.seed}, "
        f"protocol {report.digest[:12]}.{twin}"
    )


def _tables(report: DesignReport) -> list[tuple[str, Table]]:
    calendar = [(str(b.number), b.kind, f"{b.first_day}-{b.last_day}", str(b.days)) for b in report.blocks]
    shown = report.sequences[:MOST_SEQUENCES]
    sequences = [(str(row.patients), _keys(row.keys, row.patients), ", ".join(row.labels)) for row in shown]
    if rest := report.sequences[MOST_SEQUENCES:]:
        sequences.append((str(sum(row.patients for row in rest)), "", f"... and {len(rest)} others"))
    wash_in = [
        (r.label, f"{r.tau_days:g}", _ranges(r.periods), str(r.period_days), f"{r.on_last_day:.0%}", f"{r.mean:.0%}")
        for r in report.wash_in
    ]
    carry_over = [
        (r.label, f"{r.gamma_days:g}", _ranges(r.periods), str(r.gap_days), f"{r.on_first_day:.0%}", f"{r.mean:.0%}")
        for r in report.carry_over
    ]
    tables: list[tuple[str, Table]] = [
        ("Calendar", (("block", "what", "study days", "length"), calendar)),
        ("Sequences", (("patients", "who", "sequence"), sequences)),
        (
            "Wash-in (share of the steady-state effect reached)",
            (("arm", "tau, days", "periods", "length", "last day", "mean"), wash_in),
        ),
        (
            "Carry-over (share of the previous arm's effect still present)",
            (("previous arm", "gamma, days", "in periods", "washout", "first day", "mean"), carry_over),
        ),
    ]
    return [(title, table) for title, table in tables if table[1]]


def _keys(keys: tuple[str, ...], patients: int) -> str:
    return ", ".join(keys) + (", ..." if patients > len(keys) else "")


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 5 as "1-3, 5"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def _confounding(report: DesignReport) -> str:
    c = report.confounding
    if math.isnan(c.mean):
        return "No patient has two arms to compare."
    v = "" if math.isnan(c.period_arm) else f" Period number and arm over the cohort: Cramer's V {c.period_arm:.2f}."
    return (
        f"Correlation of arm and study day within a patient: mean {c.mean:+.3f}, mean size {c.mean_abs:.3f}; "
        f"adjusting for a linear trend inflates the variance of the contrast by {c.vif:.2f} on average.{v}"
    )


def _randomisation(report: DesignReport) -> str:
    a = report.admissible
    bound = "" if a.exact else "at least "
    pairs = "" if report.pair_p is None else f" Exchanging the pairs of periods: {report.pair_p:.3g}."
    return (
        f"Admissible schedules: {_count(a.per_patient)} per patient, {_count(a.trial)} for the trial. Smallest "
        f"two-sided p of a randomisation test: {bound}{a.smallest_p:.3g} for one patient, {a.trial_smallest_p:.3g} "
        f"for the trial.{pairs}"
    )


def _count(n: int) -> str:
    if n < 10**6:
        return str(n)
    return (
        f"about 10^{math.log10(n):.1f}" if n.bit_length() < 1000 else f"about 10^{n.bit_length() * math.log10(2):.0f}"
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _bullets(texts: Sequence[str]) -> list[str]:
    return [
        line for text in texts for line in textwrap.wrap(text, WIDTH, initial_indent="  ! ", subsequent_indent="    ")
    ]


def _aligned(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Columns; the last one may be long and is wrapped."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head) - 1)]
    lines = []
    for row in [head, *rows]:
        lead = "  " + "".join(cell.ljust(width) + "  " for cell, width in zip(row[:-1], widths, strict=True))
        lines += textwrap.wrap(row[-1], WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
