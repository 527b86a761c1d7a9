"""A schedule as a small picture: one row per sequence, days to the right, as SVG text."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import numpy as np

from ..model import Schedule
from ..protocol import Protocol
from ..severity.schedule import make_schedule

# Okabe & Ito (2008): told apart with every common colour blindness. Days without an arm are grey.
ARM_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999933", "#882255",
               "#44AA99", "#332288", "#117733")  # fmt: skip
FREE_COLOUR = "#D9D9D9"
LEFT, WIDTH, ROW, GAP, TOP = 110, 640, 22, 6, 26
MOST_ROWS = 24

Run = tuple[int, int, int, int]  # first day, last day (1-based), arm, label


def diagram_svg(source: Protocol | Schedule) -> str:
    """The diagram of a protocol's or a finished schedule: SVG text, readable without colours (labels in the bars).

    Patients with the same days share a row; beyond 24 different rows the rest is counted below.
    """
    schedule = make_schedule(source) if isinstance(source, Protocol) else source
    days, rows = max(1, schedule.days), _rows(schedule)
    shown = rows[:MOST_ROWS]
    title = f"Schedule over {days} days: {', '.join(schedule.labels)}"
    height = TOP + len(shown) * (ROW + GAP) + 34 + 16 * (len(rows) > MOST_ROWS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 12} {height}" '
        'font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
    ]
    for i, (patients, runs) in enumerate(shown):
        y = TOP + i * (ROW + GAP)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(_who(patients))}</text>')
        parts += [_bar(run, y, days, schedule.labels) for run in runs]
    y = TOP + len(shown) * (ROW + GAP)
    parts += _axis(y, days)
    if len(rows) > MOST_ROWS:
        others = sum(len(patients) for patients, _ in rows[MOST_ROWS:])
        parts.append(
            f'<text x="{LEFT}" y="{y + 42}">and {others} patients in {len(rows) - MOST_ROWS} other rows</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _rows(schedule: Schedule) -> list[tuple[list[int], list[Run]]]:
    """Ranks and runs of each different row, in the order of their first patient."""
    if not schedule.arm.size:
        return []
    both = np.hstack([schedule.label, schedule.block])
    _, first, which = np.unique(both, axis=0, return_index=True, return_inverse=True)
    members: dict[int, list[int]] = {}
    for rank, row in enumerate(which.reshape(-1).tolist()):
        members.setdefault(row, []).append(rank)
    return [(ranks, _runs(schedule, int(first[row]))) for row, ranks in members.items()]


def _runs(schedule: Schedule, rank: int) -> list[Run]:
    block = schedule.block[rank]
    starts = np.flatnonzero(np.diff(block, prepend=block[0] - 1))
    ends = np.append(starts[1:], block.size)
    arm, label = schedule.arm[rank], schedule.label[rank]
    return [(int(a) + 1, int(b), int(arm[a]), int(label[a])) for a, b in zip(starts, ends, strict=True)]


def _bar(run: Run, y: int, days: int, labels: tuple[str, ...]) -> str:
    first, last, arm, label = run
    x, width = LEFT + WIDTH * (first - 1) / days, WIDTH * (last - first + 1) / days
    colour = ARM_COLOURS[arm % len(ARM_COLOURS)] if arm >= 0 else FREE_COLOUR
    text = labels[label]
    tip = f"{text}: day {first} to {last}"
    room = int(width // 7)
    short = text if len(text) <= room else text[: room - 1] + "." if room >= 3 else ""
    ink = "#FFFFFF" if colour in ("#0072B2", "#882255", "#332288", "#117733", "#D55E00") else "#000000"
    return (
        f'<g><title>{escape(tip)}</title><rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW}" '
        f'fill={quoteattr(colour)} stroke="#FFFFFF"/>'
        f'<text x="{x + width / 2:.2f}" y="{y + 15}" text-anchor="middle" fill="{ink}">{escape(short)}</text></g>'
    )


def _axis(y: int, days: int) -> list[str]:
    step = max(1, round(days / 10 / 7) * 7) if days > 35 else max(1, days // 7)
    ticks = range(1, days + 1, step)
    return [
        f'<line x1="{LEFT}" y1="{y}" x2="{LEFT + WIDTH}" y2="{y}" stroke="#000000"/>',
        *(f'<text x="{LEFT + WIDTH * (day - 1) / days:.2f}" y="{y + 14}" font-size="10">{day}</text>' for day in ticks),
        f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end" font-size="10">study day</text>',
    ]


def _who(ranks: list[int]) -> str:
    names = f"P{ranks[0] + 1:03d}"
    return names if len(ranks) == 1 else f"{names} + {len(ranks) - 1}"
