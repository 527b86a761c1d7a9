"""Draws docs/images/patient_day.svg: one day of one patient, from severity to the row of a table.

python docs/images/patient_day.py docs/images/patient_day.svg [PATIENT DAY]
"""

from __future__ import annotations

import base64
import itertools
import sys
from html import escape
from pathlib import Path

import numpy as np

from nof1sim import chart, load_protocol
from nof1sim.dataset.images import encode
from nof1sim.model import NO_ARM, STAGES, Unit
from nof1sim.protocol import with_changes
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.single import render_unit

BANDS = {"": "#eceff1", "antibiotic": "#cfe3f5", "cream": "#fbe3c8"}
STAGE = {"papule": "#c62828", "pustule": "#ef8f00", "nodule": "#7b1fa2", "erythema": "#ef9a9a"}
OTHER = "#90a4ae"
WIDTH, HEIGHT = 680, 1180


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(words)}</text>'


def severity(plan: Plan, rank: int, day: int) -> list[str]:
    """The course with its treatment bands, recorded scores as dots, the day marked. 30..650 by 60..220."""
    block = plan.block(rank, 1)
    true, recorded, arm = block.severity[0], block.recorded[0].score[0], block.schedule.arm[0]
    step, parts = 620 / len(true), []
    x, y = (lambda d: 30 + step * (d - 0.5)), (lambda s: 215 - 47 * s)
    starts = [0, *(np.flatnonzero(np.diff(arm)) + 1).tolist(), len(arm)]
    for first, last in itertools.pairwise(starts):
        name = "" if arm[first] == NO_ARM else block.schedule.arms[arm[first]]
        label = plan.protocol.label_of(name) if name else "Baseline"
        parts += [
            f'<rect x="{30 + step * first:.1f}" y="66" width="{step * (last - first):.1f}" height="156" '
            f'fill="{BANDS[name]}"/>',
            text(30 + step * first, 61, label, "small"),
        ]
    points = " ".join(f"{x(d + 1):.1f},{y(s):.1f}" for d, s in enumerate(true))
    parts += [f'<circle cx="{x(d + 1):.1f}" cy="{y(s):.1f}" r="1.6" fill="#607d8b"/>' for d, s in enumerate(recorded)]
    parts += [
        f'<polyline points="{points}" fill="none" stroke="#00695c" stroke-width="2.2"/>',
        f'<line x1="{x(day):.1f}" x2="{x(day):.1f}" y1="62" y2="236" stroke="#bf360c" stroke-width="2"/>',
        f'<circle cx="{x(day):.1f}" cy="{y(true[day - 1]):.1f}" r="5" fill="#bf360c"/>',
        text(x(day) + 9, y(true[day - 1]) - 8, f"day {day}: {true[day - 1]:.2f}", "mark"),
        *(text(8, y(grade) + 5, str(grade), "small") for grade in range(4)),
    ]
    return parts


def face(plan: Plan, rank: int, day: int) -> list[str]:
    """The lesions of the day on the face chart, about (170, 470)."""
    lesions = plan.scene(rank, day).lesions
    x, y = (lambda mm: 170 + 1.8 * mm), (lambda mm: 432 - 1.8 * mm)
    heights = np.linspace(-108.5, 65.5, 80)
    edge = chart.face_edge_mm(heights)
    outline = [*zip(edge, heights, strict=True), *zip(-edge[::-1], heights[::-1], strict=True)]
    shape = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in outline)
    parts = [f'<polygon points="{shape}" fill="#f6e7dc" stroke="#bcaaa4"/>']
    for side in (-1, 1):
        parts.append(f'<ellipse cx="{x(32 * side):g}" cy="{y(-0.5):g}" rx="29" ry="10" fill="#fff" stroke="#bcaaa4"/>')
    parts.append(f'<ellipse cx="{x(0):g}" cy="{y(-69.5):g}" rx="46" ry="13" fill="#e8c4b8" stroke="#bcaaa4"/>')
    for i in np.flatnonzero(lesions.visible):
        colour = STAGE.get(STAGES[lesions.stage[i]], OTHER)
        radius = max(1.2, 1.8 * lesions.diameter_mm[i] / 2)
        place = f'cx="{x(lesions.x_mm[i]):.1f}" cy="{y(lesions.y_mm[i]):.1f}"'
        parts.append(f'<circle {place} r="{radius:.1f}" fill="{colour}" fill-opacity=".85"/>')
    names = [*STAGE.items(), ("comedone, remains", OTHER)]
    for place, (name, colour) in enumerate(names):
        left, top = 26 + 104 * (place % 3), 652 + 20 * (place // 3)
        name = {"erythema": "red mark"}.get(name, name)
        parts += [f'<circle cx="{left}" cy="{top - 5}" r="5" fill="{colour}"/>', text(left + 10, top, name, "small")]
    return parts


def scene(plan: Plan, unit: Unit) -> list[str]:
    """What exists, and how it is looked at."""
    view, lesions = plan.view(unit), plan.scene(unit.rank, unit.day).lesions
    how, i = view.nuisance, int(np.argmax(np.where(lesions.counted, lesions.height_mm, -1)))
    kinds = np.array(STAGES)[lesions.stage[lesions.counted]]
    comedones = sum("comedone" in kind for kind in kinds.tolist())
    lines = (
        ("what exists", "head"),
        (f"{len(kinds) - comedones} inflammatory lesions,", ""),
        (f"{comedones} comedones, mostly tiny,", ""),
        (f"{int((lesions.visible & ~lesions.counted).sum())} marks and remains; one of all:", ""),
        (f"lesion {lesions.lesion_id[i]}, a {STAGES[lesions.stage[i]]}", "mono"),
        (f"x {lesions.x_mm[i]:.1f}, y {lesions.y_mm[i]:.1f} mm", "mono"),
        (f"{lesions.diameter_mm[i]:.1f} mm wide, {lesions.height_mm[i]:.1f} high", "mono"),
        ("", ""),
        ("how it is looked at", "head"),
        (f"head turned by {how.yaw_deg:.1f} degrees", ""),
        (f"exposure {how.exposure_ev:+.2f} EV", ""),
        (f"white balance {how.white_balance_k:+.0f} K", ""),
        (f"blur {how.blur_px:.1f} px, beard {how.beard:.2f}", ""),
        (f'stream(seed, "P{unit.rank + 1:03d}", {unit.day}, ...)', "mono"),
    )
    return [text(372, 326 + 24 * n, words, kind) for n, (words, kind) in enumerate(lines)]


def pictures(plan: Plan, unit: Unit) -> list[str]:
    """The photograph, and the instance mask of the same pass beside it."""
    found = render_unit(plan, unit)
    rng = np.random.Generator(np.random.Philox(5))
    colours = rng.integers(90, 255, (int(found.lesion.max()) + 1, 3)).astype(np.uint8)
    colours[0] = 24
    edge = found.pixels.shape[0] // 9  # less wall, more face
    parts = []
    for left, pixels in ((20, found.pixels), (350, colours[found.lesion])):
        data = base64.b64encode(encode(np.ascontiguousarray(pixels[edge:-edge, edge:-edge]), "webp", 82)).decode()
        parts.append(f'<image x="{left}" y="740" width="310" height="310" href="data:image/webp;base64,{data}"/>')
    return parts


def row(plan: Plan, unit: Unit) -> list[str]:
    """The row of observations.csv, beside the truth."""
    block, day = plan.block(unit.rank, 1), unit.day - 1
    arm = block.schedule.arm[0, day]
    label = "Baseline" if arm == NO_ARM else plan.protocol.label_of(block.schedule.arms[arm])
    key = f"P{unit.rank + 1:03d}"
    score, image = block.recorded[0].score[0, day], f".../{key}_d{unit.day:03d}_front.jpg"
    seen = f"{unit.rank + 1}, {unit.day}, {label}, {score:g}, {image}"
    true = f"severity_true {block.severity[0, day]:.3f}, n_inflammatory {block.scores['n_inflammatory'][0, day]}"
    hayashi = f", hayashi {block.scores['hayashi'][0, day]}"
    return [
        text(20, 1124, "observations.csv", "head"), text(190, 1124, seen, "mono"),
        text(20, 1152, "truth/days.csv", "head"), text(190, 1152, true + hayashi, "mono"),
    ]  # fmt: skip


def draw(rank: int, day: int) -> str:
    plan = Plan(with_changes(load_protocol("default"), cohort={"patients": rank + 1}, images={"size_px": 384}))
    unit = Unit(rank, day, 1, "front")
    titles = (
        (20, 36, "1  Severity: what the disease does (line: true; dots: recorded)"),
        (20, 290, "2  Lesions on the face chart"), (365, 290, "3  Scene and view"),
        (20, 722, "4  Pixels"), (350, 722, "and masks from the same pass"),
        (20, 1096, "5  Rows: what a study has, and the truth apart from it"),
    )  # fmt: skip
    arrows = ((170, 240, 170, 266), (338, 450, 358, 450), (510, 668, 510, 696), (340, 1056, 340, 1076))
    body = [
        *(text(x, y, words, "title") for x, y, words in titles),
        *(f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" class="arrow" marker-end="url(#tip)"/>' for a, b, c, d in arrows),
        *severity(plan, rank, day), *face(plan, rank, day), *scene(plan, unit), *pictures(plan, unit), *row(plan, unit),
    ]  # fmt: skip
    style = (
        "text{font:16px system-ui,sans-serif;fill:#263238}.title{font-weight:600;font-size:18px;fill:#004d40}"
        ".small{font-size:13px;fill:#546e7a}.mark{font-weight:600;fill:#bf360c;paint-order:stroke;stroke:#fff;"
        "stroke-width:4px}.head{font-weight:600}.mono{font:14px ui-monospace,monospace}"
        ".arrow{stroke:#00695c;stroke-width:3}"
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img"><title>One patient-day flows through the layers</title><style>{style}</style>'
        '<defs><marker id="tip" markerUnits="userSpaceOnUse" markerWidth="14" markerHeight="14" refX="8" refY="7" '
        'orient="auto"><path d="M0,0 L12,7 L0,14 z" fill="#00695c"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="#fff"/>'
    )
    return "\n".join([head, *body, "</svg>"]) + "\n"


if __name__ == "__main__":
    who, when = (int(sys.argv[2]) - 1, int(sys.argv[3])) if len(sys.argv) > 3 else (1, 60)
    Path(sys.argv[1]).write_text(draw(who, when), encoding="utf-8", newline="\n")
