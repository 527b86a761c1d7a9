"""The JSON schema of a result's document. `python -m nof1sim.analysis.schema schemas` writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .result import SCHEMA_VERSION

NAME = f"analysis.v{SCHEMA_VERSION}.json"


def schema() -> dict[str, Any]:
    """The JSON schema of `AnalysisResult.document()`."""
    number, text = {"type": ["number", "null"]}, {"type": "string"}
    texts = {"type": "array", "items": text}
    numbers = {"type": "object", "additionalProperties": number}
    effect = _object(
        dict.fromkeys(("estimate", "se", "df", "statistic", "p", "low", "high"), number)
        | {"method": text, "estimand": text, "n": {"type": "integer"}, "note": text, "extra": numbers}
    )
    reference = {"$ref": "#/$defs/effect"}
    person = _object({"patient_id": text, "days": {"type": "integer"}, "warnings": texts,
                      "effects": {"type": "array", "items": reference},
                      "shrunken": {"anyOf": [reference, {"type": "null"}]}})  # fmt: skip
    made = {"type": "object", "required": ["steps", "notes", "rows"]}
    answer = _object({"score": text, "made": made, "pooled": {"type": "array", "items": reference},
                      "people": {"type": "array", "items": person}, "warnings": texts})  # fmt: skip
    carry = _object({"kind": {"enum": ["exposure", "dropped", "ignored"]}, "drop_days": {"type": "integer"},
                     "tau_days": numbers, "gamma_days": numbers})  # fmt: skip
    whole = _object({
        "schema_version": {"const": SCHEMA_VERSION}, "study": text,
        "contrast": _object({"treatment": text, "reference": text}), "baseline": text,
        "patients": {"type": "integer"}, "days": {"type": "integer"}, "missing": {"type": "integer"},
        "carryover": carry, "answers": {"type": "array", "items": answer}, "warnings": texts,
        "settings": {"type": "object"}, "versions": {"type": "object", "additionalProperties": text},
    })  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Result of an nof1sim analysis",
        **whole,
        "$defs": {"effect": effect},
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def text() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":  # python -m nof1sim.analysis.schema schemas
    (Path(sys.argv[1]) / NAME).write_text(text(), encoding="utf-8")
