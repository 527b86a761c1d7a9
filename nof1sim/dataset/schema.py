"""JSON schemas of the tables' rows and of the manifests, written from the registries; checked in under schemas/."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, get_args

import polars as pl

from ..protocol.load import TRUTH_FORMAT
from .columns import TABLES, Column, Table
from .manifest import FORMAT, SCHEMA_VERSION
from .validation import findings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SHA256 = "^[0-9a-f]{64}$"


def schemas() -> dict[str, dict[str, Any]]:
    """File name (without folder) -> JSON schema. A table's schema describes one row."""
    rows = {f"{name}.v{SCHEMA_VERSION}.json": _table(name, table) for name, table in TABLES.items()}
    manifests = {
        f"manifest.v{SCHEMA_VERSION}.json": _manifest("manifest.json", FORMAT, {"versions": _versions()}, truth=False),
        f"truth_manifest.v{SCHEMA_VERSION}.json": _manifest(
            "truth/manifest.json", TRUTH_FORMAT, {"protocol": {"type": "object"}}, truth=True
        ),
    }
    return rows | manifests | {f"validation.v{findings.SCHEMA_VERSION}.json": _validation()}


def text(schema: dict[str, Any]) -> str:
    """A schema as it is checked in."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write every schema into a folder."""
    for name, schema in schemas().items():
        (folder / name).write_text(text(schema), encoding="utf-8", newline="\n")


def _table(name: str, table: Table) -> dict[str, Any]:
    patterns = {f"^{re.escape(c.name)}.+": _value(c) for c in table.columns if c.prefix}
    return {
        "$schema": DIALECT,
        "title": f"A row of {table.path}",
        "description": f"A row is {table.row}. Columns in this order; an empty cell is null.",
        "type": "object",
        "properties": {c.name: _value(c) for c in table.columns if not c.prefix},
        **({"patternProperties": patterns} if patterns else {}),
        "required": [c.name for c in table.columns if c.required],
        "additionalProperties": False,
    }


def _value(column: Column) -> dict[str, Any]:
    kind, extra = _json_type(column.dtype)
    value: dict[str, Any] = {"type": [kind, "null"] if column.nullable else kind, **extra}
    value["description"] = column.description + (f" Unit: {column.unit}." if column.unit else "")
    return value


def _json_type(dtype: pl.DataType) -> tuple[str, dict[str, str]]:
    if dtype == pl.Date:
        return "string", {"format": "date"}
    if dtype == pl.Boolean:
        return "boolean", {}
    if dtype.is_integer():
        return "integer", {}
    return ("number", {}) if dtype.is_float() else ("string", {})


def _manifest(path: str, format: str, own: dict[str, Any], truth: bool) -> dict[str, Any]:
    entry = {
        "type": "object",
        "properties": {"sha256": {"type": "string", "pattern": SHA256}, "bytes": {"type": "integer", "minimum": 0}},
        "required": ["sha256", "bytes"],
        "additionalProperties": False,
    }
    files = {
        "type": "object",
        "description": "Every file below truth/." if truth else "Every file outside truth/, the manifests excepted.",
        "patternProperties": {"^truth/" if truth else "^(?!truth/)": entry},
        "additionalProperties": False,
    }
    properties = {
        "format": {"const": format},
        "schema_version": {"const": SCHEMA_VERSION},
        "synthetic": {"const": True},
        "digest": {"type": "string", "pattern": SHA256, "description": "SHA-256 of the resolved protocol."},
        **own,
        "files": files,
    }
    schema = {"$schema": DIALECT, "title": path, "type": "object", "properties": properties}
    return schema | {"required": list(properties), "additionalProperties": True}


def _validation() -> dict[str, Any]:
    """What `nof1sim validate --json` prints."""
    said, count, array = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "array"}
    finding: dict[str, Any] = dict.fromkeys(("check", "path", "what", "advice"), said) | {
        "severity": {"enum": list(get_args(findings.Severity))}
    }
    checked: dict[str, Any] = dict.fromkeys(("name", "title", "of", "skipped"), said)
    checked |= dict.fromkeys(("looked_at", "errors", "warnings"), count)
    properties = {
        "format": {"const": findings.FORMAT},
        "schema_version": {"const": findings.SCHEMA_VERSION},
        "valid": {"type": "boolean", "description": "Finished (or blinded), and no check found an error."},
        "state": {
            "enum": list(get_args(findings.State)),
            "description": "blinded: without its truth/. unfinished: a run has to go on. none: no dataset.",
        },
        "digest": said | {"description": "Of the resolved protocol; empty where it could not be read."},
        "notes": array | {"items": said},
        "checks": array | {"items": _closed(checked)},
        "findings": array
        | {
            "description": f"Of each check the first {findings.KEPT}; the checks count all of them.",
            "items": _closed(finding),
        },
    }
    return {"$schema": DIALECT, "title": "What nof1sim validate found"} | _closed(properties)


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    """A mapping that has these entries and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _versions() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "The versions for which the same protocol gives the same bytes.",
        "additionalProperties": {"type": "string"},
        "required": ["nof1sim", "python"],
    }


if __name__ == "__main__":  # python -m nof1sim.dataset.schema schemas
    write(Path(sys.argv[1]))
