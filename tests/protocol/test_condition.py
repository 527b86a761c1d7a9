"""The protocol's `condition` part: each condition has its own options, and acne's documents stay what they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nof1sim.errors import ProtocolError
from nof1sim.protocol import Protocol, load_protocol, with_changes

DIGESTS = {
    "default": "c412a7e799bbbeb599789e464fedef5a80d0165b0c9310c5fb7405ea89f1ca2d",
    "clinical_adapalene_bpo": "1b1bbd0e8b4fb9fae47e87a51161ff831cea1947e7b1010176f0e3ffe1a19bad",
    "latin_square": "ae9f62efd58ccf337c343d439cb1c5c83215dc9660ddcd6f615bf79525376661",
}
"""Of protocols as they were before there was a second condition."""


def small(condition: Any, **more: Any) -> dict[str, Any]:
    return {"condition": condition, "design": {"arms": ["a", "b"]}, "treatments": {"a": {}, "b": {}}} | more


@pytest.mark.parametrize("name", DIGESTS)
def test_acnes_digests_are_what_they_were(name: str) -> None:
    assert load_protocol(name).digest == DIGESTS[name]


@pytest.mark.parametrize("key", ["comedones", "scars", "count_map", "iga_rule"])
def test_foreign_options_are_refused_whatever_they_say(key: str) -> None:
    default = Protocol.model_fields["condition"].get_default().model_dump()[key]
    with pytest.raises(ProtocolError) as caught:
        load_protocol(small({"name": "exanthem", key: default}))
    (fault,) = caught.value.faults
    assert fault.where == f"condition.{key}"
    assert "'exanthem'; it has: marks, fidelity" in fault.allowed
    assert load_protocol(small({"name": "acne", key: default})).condition.name == "acne"


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ProtocolError, match=r"condition\.rash: got 1; allowed: no such key"):
        load_protocol(small({"name": "exanthem", "rash": 1}))


def test_a_condition_writes_its_own_options_only() -> None:
    protocol = load_protocol(small({"name": "exanthem", "marks": "off"}))
    written = json.loads(protocol.canonical_json())["condition"]
    assert written == {"name": "exanthem", "marks": "off"}
    assert Protocol.model_validate_json(protocol.canonical_json()).digest == protocol.digest
    changed = with_changes(protocol, cohort={"patients": 3})
    assert json.loads(changed.canonical_json())["condition"] == written
    assert with_changes(protocol, condition={"marks": "fast"}).condition.marks == "fast"


@pytest.mark.parametrize("severity", ["hettich2024", "clinical"])
def test_a_set_of_acne_says_nothing_about_another_condition(severity: str) -> None:
    protocol = load_protocol(small("exanthem", severity=severity))
    assert json.loads(protocol.canonical_json())["condition"] == {"name": "exanthem"}
    own = load_protocol(small({"name": "my.module:Thing"}, severity=severity)).condition
    assert (own.marks, own.scars) == (("fast", False) if severity == "hettich2024" else ("realistic", True))


def test_the_set_exanthem_brings_its_condition() -> None:
    protocol = load_protocol({k: v for k, v in small(None, severity="exanthem").items() if k != "condition"})
    assert (protocol.condition.name, protocol.condition.marks) == ("exanthem", "realistic")
    assert protocol.severity.model == "birth_rate"
    assert load_protocol(small("acne", severity="exanthem")).condition.name == "acne"
