"""The JSON schema of protocols, written from the types; `schemas/protocol.v1.json` is a checked-in copy.

It describes a document with its parameter sets written out (`nof1sim protocol show NAME --resolved`); the short forms
that `load_protocol` understands (`extends`, `condition: acne`, `cream: some/preset`) are resolved before.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .types import SCHEMA_VERSION, Protocol


def schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a resolved protocol."""
    made = Protocol.model_json_schema(mode="validation")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"nof1sim:protocol.v{SCHEMA_VERSION}",
    }
    return head | made


def schema_text() -> str:
    """The schema as the text of `schemas/protocol.v1.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write_schema(path: str | Path) -> None:
    """Write the schema to a file: `schemas/protocol.v1.json` of the checkout, after a change of the types."""
    Path(path).write_text(schema_text(), encoding="utf-8")
