"""The checked-in JSON schema: current, and true of every shipped protocol."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nof1sim.protocol import load_protocol, read_document, shipped_protocols
from nof1sim.protocol.load import expand
from nof1sim.protocol.schema import schema, schema_text, write_schema

CHECKED_IN = Path(__file__).parents[2] / "schemas" / "protocol.v1.json"


def test_the_checked_in_schema_is_current(tmp_path: Path) -> None:
    advice = (
        "write it anew: python -c \"from nof1sim.protocol.schema import *; write_schema('schemas/protocol.v1.json')\""
    )
    assert CHECKED_IN.read_text(encoding="utf-8") == schema_text(), advice
    write_schema(tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8")) == schema()


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", sorted(shipped_protocols()))
def test_shipped_protocols_are_valid(name: str) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    document, faults = expand(read_document(name))
    assert not faults
    validator.validate(json.loads(json.dumps(document, default=str)))
    validator.validate(load_protocol(name).model_dump(mode="json"))


@pytest.mark.parametrize(
    "change", [{"seed": -1}, {"seed": 1.5}, {"sneed": 1}, {"design": {"arms": []}}, {"condition": {"marks": "slow"}}]
)
def test_wrong_documents_are_not_valid(change: dict[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    assert not validator.is_valid(load_protocol("default").model_dump(mode="json") | change)
