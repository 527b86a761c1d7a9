"""The JSON schema of compare.json. `python -m nof1sim.evaluation.learned.schema schemas` writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .result import KIND, VERSION

NAME = f"learned_comparison.v{VERSION}.json"


def schema() -> dict[str, Any]:
    """The JSON schema of `learned_result.document`."""
    number, text = {"type": ["number", "null"]}, {"type": "string"}
    texts, count = {"type": "array", "items": text}, {"type": "integer", "minimum": 0}
    value = {"$ref": "#/$defs/value"}
    values = {"type": "object", "additionalProperties": value}
    measure = _object(dict.fromkeys(("title", "unit", "n", "what"), text)
                      | {"best": {"enum": ["high", "low", "one", "none"]}, "digits": count})  # fmt: skip
    pair = {"type": "array", "prefixItems": [count, count, {"type": "number"}], "minItems": 3, "maxItems": 3}
    row = _object({
        "renderer": text, "title": text, "values": values, "model": {"type": "object"},
        "nearest_pairs": {"type": "array", "items": pair}, "warnings": texts,
    })  # fmt: skip
    about = {"type": "object", "required": ["identity", "notes"], "properties": {"notes": texts},
             "additionalProperties": text}  # fmt: skip
    whole = _object({
        "kind": {"const": KIND}, "schema_version": {"const": VERSION}, "nof1sim": text,
        "settings": {"type": "object", "required": ["renderers", "patients", "days", "people", "size_px", "seed",
                                                    "nuisance"]},
        "about": about, "measures": {"type": "object", "additionalProperties": measure},
        "rows": {"type": "array", "minItems": 1, "items": row}, "references": values,
    })  # fmt: skip
    figure = _object(dict.fromkeys(("value", "error", "low", "high"), number) | {"n": count, "note": text})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A comparison of renderers by nof1sim",
        **whole,
        "$defs": {"value": figure},
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def text() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":  # python -m nof1sim.evaluation.learned.schema schemas
    (Path(sys.argv[1]) / NAME).write_text(text(), encoding="utf-8")
