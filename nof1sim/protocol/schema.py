"""The JSON schema of protocols, written from the types; `schemas/protocol.v1.json` is a checked-in copy.

It describes documents as people write them, for editors: `extends`, `condition: acne`, `cream: some/preset`,
`design.timetable`. A document written out (`nof1sim protocol show NAME --resolved`) is valid, too. A document that
extends another may leave out what is required otherwise; misspelt keys are refused everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .presets import PARAMETER_SETS, TREATMENTS
from .timetable import KEYS, REPLACED
from .types import SCHEMA_VERSION, Protocol

Schema = dict[str, Any]

OPTIONAL = ("severity",)
"""Required by the types, but filled in where a document says nothing."""


def schema() -> Schema:
    """JSON schema (draft 2020-12) of a protocol as written, and of a resolved one."""
    made = Protocol.model_json_schema(mode="validation")
    required = dict(_take_required(made, made["$defs"]))
    required[()] = [key for key in required[()] if key not in OPTIONAL]
    _add_short_forms(made)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"nof1sim:protocol.v{SCHEMA_VERSION}",
    }
    return head | made | {"if": {"required": ["extends"]}, "else": _requiring(required)}


def _take_required(node: Schema, definitions: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, list[str]]]:
    """Take `required` away from the document and every mapping in it: path -> keys. Lists are replaced whole by an
    extending document, so their elements keep theirs."""
    for name, part in node.get("properties", {}).items():
        for option in (part, *part.get("anyOf", ())):
            if "$ref" in option:
                yield from _take_required(definitions[option["$ref"].rpartition("/")[2]], definitions, (*path, name))
    if "required" in node:
        yield path, node.pop("required")


def _requiring(required: dict[tuple[str, ...], list[str]]) -> Schema:
    """The schema that only asks for these keys, where the mappings that hold them are there."""
    made: Schema = {}
    for path, keys in required.items():
        node = made
        for name in path:
            node = node.setdefault("properties", {}).setdefault(name, {})
        node["required"] = keys
    return made


def _add_short_forms(made: Schema) -> None:
    """What `load_protocol` understands beside the types."""
    parts, definitions = made["properties"], made["$defs"]
    parts["extends"] = _text("A shipped protocol's name, or a file beside this one, that this document changes.")
    parts["condition"] = _either(_text("The condition's name."), parts["condition"])
    parts["severity"] = _either({"enum": sorted(PARAMETER_SETS)}, parts["severity"])
    presets, treatments = {"enum": list(TREATMENTS)}, parts["treatments"]
    names = treatments["patternProperties"]
    treatments["patternProperties"] = {pattern: _either(presets, part) for pattern, part in names.items()}
    treatments["additionalProperties"] = False
    design = definitions["Design"]
    day = {"type": "integer", "minimum": 1, "maximum": 36500}
    period = {
        "type": "object",
        "properties": dict(zip(KEYS, ({"type": "string"}, day, day), strict=True)),
        "required": list(KEYS),
        "additionalProperties": False,
    }
    design["properties"]["timetable"] = {
        "type": "array",
        "items": period,
        "minItems": 1,
        "description": f"Which arm from which day to which; stands for {', '.join(REPLACED)}.",
    }
    design["dependentSchemas"] = {"timetable": {"properties": dict.fromkeys(REPLACED, False)}}


def _text(description: str) -> Schema:
    return {"type": "string", "minLength": 1, "description": description}


def _either(short: Schema, long: Schema) -> Schema:
    """Both forms; what is said about the long one (title, default, description) is said about both."""
    about = {key: value for key, value in long.items() if key in ("default", "description", "title")}
    return about | {"anyOf": [short, {key: value for key, value in long.items() if key not in about}]}


def schema_text() -> str:
    """The schema as the text of `schemas/protocol.v1.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write_schema(path: str | Path) -> None:
    """Write the schema to a file: `schemas/protocol.v1.json` of the checkout, after a change of the types."""
    Path(path).write_text(schema_text(), encoding="utf-8")
