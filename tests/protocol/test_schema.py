"""The checked-in JSON schema: current, and true of every shipped protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nof1sim.protocol import load_protocol, read_document, shipped_protocols
from nof1sim.protocol.load import _Loader, expand  # pyright: ignore[reportPrivateUsage]
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


VALIDATOR = jsonschema.Draft202012Validator(schema())


def as_written(name: str) -> Any:
    """A shipped file's document as an editor sees it: dates are text."""
    text = shipped_protocols()[name].read_text(encoding="utf-8")
    return json.loads(json.dumps(yaml.load(text, _Loader), default=str))


@pytest.mark.parametrize("name", sorted(shipped_protocols()))
def test_shipped_files_are_valid_as_written(name: str) -> None:
    VALIDATOR.validate(as_written(name))


@pytest.mark.parametrize("name", ["default", "default_null"])
@pytest.mark.parametrize("path", ["", "design", "cohort", "severity", "severity.fluctuation", "treatments.cream"])
def test_misspelt_keys_are_refused_in_written_files(name: str, path: str) -> None:
    document = as_written(name)
    node = document
    for key in path.split(".") if path else []:
        if not isinstance(node.get(key), dict):
            node[key] = {}
        node = node[key]
    assert VALIDATOR.is_valid(document | ({} if "extends" in document else {"design": {"arms": ["a"]}}))
    node["effekt"] = 1
    assert not VALIDATOR.is_valid(document)


ARMS = {"design": {"arms": ["a", "b"]}, "treatments": {"a": {}, "b": "hettich2024/cream"}}
PERIOD = {"arm": "a", "first_day": 1, "last_day": 9}


@pytest.mark.parametrize(
    ("document", "is_valid"),
    [
        (ARMS, True),
        (ARMS | {"severity": "clinical", "condition": "mine:Rash"}, True),
        (ARMS | {"design": {"arms": ["a"], "timetable": [PERIOD]}}, True),
        ({"extends": "default"}, True),
        ({"extends": "default", "cohort": {"age_years": {"low": 20}}, "design": {"cycles": 3}}, True),
        ({}, False),
        ({"extends": ""}, False),
        ({"extends": 3}, False),
        ({"extend": "default"}, False),
        ({"design": {"arms": ["a"]}}, False),
        (ARMS | {"design": {"cycles": 3}}, False),
        (ARMS | {"cohort": {"age_years": {"low": 20}}}, False),
        (ARMS | {"severity": "clinicall"}, False),
        (ARMS | {"treatments": {"a": "hettich2024/craem", "b": {}}}, False),
        (ARMS | {"design": {"arms": ["a"], "timetable": [PERIOD], "cycles": 2}}, False),
        (ARMS | {"design": {"arms": ["a"], "timetable": [PERIOD | {"start": 1}]}}, False),
        ({"extends": "default", "observation": {"raters": [{"scores": "count"}]}}, False),
    ],
)
def test_short_forms(document: dict[str, object], is_valid: bool) -> None:
    assert VALIDATOR.is_valid(document) == is_valid
    if is_valid and "extends" not in document:
        load_protocol(document)
