"""What the page takes from other documents: the card's sections, an analysis, the design's facts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import Nof1simError
from ..protocol import load_protocol
from .design import design_report
from .page_study import Study

RESULT = "analysis/result.json"
SECTIONS = re.compile(r"intended|use|scope|limit|bias|licen|cit|making it again", re.IGNORECASE)
"""Headings of the card whose sections are shown."""
EFFECT = ("estimate", "low", "high", "p", "method", "estimand")


def card_sections(text: str) -> list[dict[str, Any]]:
    """The sections of README.md on use, limits and licences: title and blocks (kind "p", "li" or "pre", text).

    >>> card_sections("# T\\n\\n## Limits\\n\\n- One\\n  and a half.\\n\\nSo.\\n")[0]["blocks"]
    [['li', 'One and a half.'], ['p', 'So.']]
    """
    text = re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)
    parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)
    found = zip(parts[1::2], parts[2::2], strict=True)
    return [{"title": title.strip(), "blocks": _blocks(body)} for title, body in found if SECTIONS.search(title)]


def _blocks(body: str) -> list[list[str]]:
    blocks: list[list[str]] = []
    for kind, chunk in _chunks(body):
        if kind == "pre":
            blocks.append(["pre", chunk])
            continue
        for part in re.split(r"\n\s*\n", chunk.strip()):
            for item in re.split(r"^- ", part, flags=re.MULTILINE):
                if words := " ".join(item.split()):
                    blocks.append(["li" if part.startswith("- ") else "p", words])
    return blocks


def _chunks(body: str) -> list[tuple[str, str]]:
    pieces = re.split(r"^```\w*\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)
    return [("pre" if i % 2 else "text", piece.rstrip("\n")) for i, piece in enumerate(pieces) if piece.strip()]


def analysis_of(study: Study) -> dict[str, Any] | None:
    """The estimates of DIR/analysis/result.json in short: a pooled effect a score, and everybody's by that score.

    None where there is no analysis; {"broken": why} where its document cannot be read.
    """
    if not study.dataset.target.exists(RESULT):
        return None
    try:
        result = json.loads(study.dataset.read(RESULT))
        if result["schema_version"] != 1:
            return {"broken": f"{RESULT} has schema version {result['schema_version']}; this version reads 1."}
        return {
            "treatment": str(result["contrast"]["treatment"]),
            "reference": str(result["contrast"]["reference"]),
            "carryover": str(result["carryover"]["kind"]),
            "drop_days": result["carryover"]["drop_days"],
            "answers": [_answer(answer) for answer in result["answers"]],
            "warnings": [str(warning) for warning in result["warnings"]],
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return {"broken": f"{RESULT} cannot be read. Run nof1sim analyze again."}


def _answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    people = {str(p["patient_id"]): _effect(p["effects"][0]) for p in answer["people"] if p["effects"]}
    pooled = _effect(answer["pooled"][0]) if answer["pooled"] else None
    return {"score": str(answer["score"]), "pooled": pooled, "people": people}


def _effect(effect: Mapping[str, Any]) -> dict[str, Any]:
    return {name: effect[name] for name in EFFECT}


def design_of(study: Study) -> dict[str, Any] | None:
    """Title, warnings and statement of the design report; None without the truth, or where the protocol is too new."""
    if not study.has_truth:
        return None
    try:
        protocol = load_protocol(study.dataset.truth_manifest["protocol"])
        report = design_report(protocol)
    except Nof1simError:
        return None
    return {
        "title": protocol.title or protocol.name,
        "seed": protocol.seed,
        "description": " ".join((protocol.description or "").split()),
        "warnings": list(report.warnings),
        "statement": [list(item) for item in report.statement],
    }
